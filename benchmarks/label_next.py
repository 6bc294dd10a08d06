"""Labels needed for the same accuracy: photos picked by `label_next.pick`, and by chance.

    python benchmarks/label_next.py --data small_photos.tar --weights mobilenet_2_5_224_tf_no_top.h5

Each run starts with a few labelled photos of each class, and adds some at a time from the others that are not
test photos, by either way. After each step linear probes at two or three image sizes are fitted on all that
have a label, and evaluated on the test photos. With `--held-out 100` so many photos of each class that are
not test photos are held out to evaluate on instead, and test photos are not looked at: methods were chosen by
this.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np

from benchmarks.photos import folder_of
from benchmarks.wrong_labels import features_of, fit, predict
from models.labelling.label_next import pick


def by_pick(probabilities, features, count, seed):
    """Rows that `pick` picks."""
    return pick(probabilities, np.concatenate(list(features.values()), 1), count, seed)


def by_chance(probabilities, features, count, seed):
    """Random rows."""
    return np.random.default_rng(seed).permutation(len(probabilities))[:count]


WAYS = {"pick": by_pick, "chance": by_chance}


def curve(way, photos, features, split, each, most, seed):
    """Accuracy after each step: list of as many as there are numbers of labels."""
    labelled, pool, judged = split
    classes, accuracies = len(photos.class_names), []
    while True:
        probes = fit(features, labelled, photos.labels[labelled], classes, seed)
        right = predict(probes, features, judged).argmax(-1) == photos.labels[judged]
        accuracies.append(float(np.mean(right)))
        if len(labelled) + each > most:
            return accuracies
        rest = np.setdiff1d(pool, labelled)
        of_rest = {size: found[rest] for size, found in features.items()}
        chosen = WAYS[way](predict(probes, features, rest), of_rest, each, seed + 1000 * len(labelled))
        labelled = np.concatenate([labelled, rest[chosen]])


def draw(photos, first, held_out, seed):
    """Rows that have a label at the start, rows to label, and rows to evaluate on."""
    random, known = np.random.default_rng(seed), np.flatnonzero(photos.parts != "test")
    of_class = [
        random.permutation(known[photos.labels[known] == label]) for label in range(len(photos.class_names))
    ]
    judged = np.concatenate([rows[:held_out] for rows in of_class]) if held_out else photos.of("test")
    start = np.concatenate([rows[held_out : held_out + first] for rows in of_class])
    return start, np.concatenate([rows[held_out:] for rows in of_class]), judged


def saved(numbers, picked, chance):
    """Share of the labels that are not needed: for each accuracy that chance reaches after the first step.

    Of both the best accuracy so far counts, between two steps a straight line.
    """
    picked, chance, found = np.maximum.accumulate(picked), np.maximum.accumulate(chance), {}
    for number, accuracy in zip(numbers[1:], chance[1:], strict=True):
        if accuracy <= picked[-1]:
            step = int(np.argmax(picked >= accuracy))  # the first that reaches it
            some = slice(max(0, step - 1), step + 1)
            found[int(number)] = 1 - np.interp(accuracy, picked[some], numbers[some]) / number
    return found


def main(
    data: str,
    weights: str = "pretrained",
    backbone: str = "mobilenet",
    first: int = 5,
    each: int = 20,
    most: int = 400,
    held_out: int = 0,
    runs: int = 5,
) -> dict:
    """Label photos by both ways in turns; print the accuracies, and how many labels are saved.

    Args:
        data: Folder or tar archive of photos with a test part, as python -m tutorials.fine_tune takes them.
        weights: "pretrained", or the file of them.
        backbone: Pretrained network.
        first: Photos of each class that have a label at the start.
        each: Photos that are labelled in a step.
        most: Labels at the end, at most.
        held_out: Photos of each class to evaluate on instead of the test photos; 0 for these.
        runs: Number of draws.
    """
    check_positive(first=first, each=each, most=most, runs=runs)
    with folder_of(data) as folder:
        photos, features, _ = features_of(folder, backbone, weights)
    smallest = min(np.bincount(photos.labels[photos.parts != "test"]))
    if held_out < 0 or smallest <= held_out + first:
        raise LessonError(f"held_out= and first= take {held_out + first} of {smallest} photos in a class.")
    curves = {way: [] for way in WAYS}
    for turn in range(runs):
        split = draw(photos, first, held_out, turn)
        for way in WAYS:
            limit = min(most, len(split[1]))
            curves[way].append(curve(way, photos, features, split, each, limit, turn))
            print(f"run {turn}  {way:<6}  {curves[way][-1][-1]:.2%} at the end", flush=True)
    return _print_table(first * len(photos.class_names), each, curves)


def _print_table(first, each, curves):
    """Print the mean accuracy of each way; return the shares saved."""
    mean = {way: np.mean(found, 0) for way, found in curves.items()}
    spread = np.std(np.subtract(curves["pick"], curves["chance"]), 0, ddof=min(1, len(curves["pick"]) - 1))
    numbers = first + each * np.arange(len(mean["pick"]))
    shares = saved(numbers, mean["pick"], mean["chance"])
    print("\nlabels    pick  chance  difference       fewer labels for chance's accuracy")
    for n, picked, chance, deviation in zip(numbers, mean["pick"], mean["chance"], spread, strict=True):
        share = f"{shares[n]:.0%}" if n in shares else ""
        difference = f"{100 * (picked - chance):+.1f} ± {100 * deviation:.1f}"
        print(f"{n:>6}  {picked:6.2%}  {chance:6.2%}  {difference:<15}  {share}")
    if shares:
        print(f"\n{np.mean(list(shares.values())):.0%} fewer labels on average")
    return shares


if __name__ == "__main__":
    run(main)
