"""Whether a classifier of photos knows when not to answer: coverage, refusals, calibration.

    python benchmarks/abstention.py --data ants_bees.tar --other small_photos.tar --weights mobilenet_...h5
    python benchmarks/abstention.py --data small_photos.tar --other ants_bees.tar --weights mobilenet_...h5

1. Coverage: 20 times, photos that are not test photos are split into two thirds to fit on, by
   cross-validation, and one third to count how many prediction sets hold the true class. All features are
   computed once. Sets are to hold it in 95 % of the cases.
2. Refusals: a classifier is fitted on all photos that are not test photos, by `fit(effort="quick")`, and sees
   the test photos and others once. Others are noise, pages of text, flat colours, black, white, gradients,
   stripes, crops of two photographs of scikit-learn's, and the photos of another data set. Of the test
   photos, 5 % are to be refused; of the others, at least 95 %.
3. Classes left out: each class once, where there are three or more; its photos are the others.
4. Calibration: the expected calibration error on the test photos before and after the temperature, and how
   accurate the classifier is on the photos that it is surest of.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_images

from benchmarks.photos import folder_of
from datasets import Photos
from models import PhotoClassifier
from models.fine_tuning.abstention import features_and_answers, fit_trust
from models.fine_tuning.bundles import learn_trust
from models.fine_tuning.calibration import CoverageCurve, calibration_error, with_temperature
from models.fine_tuning.linear_probe import fit_linear_probe
from models.scores import Share

ABSTAIN = 0.05


def other_pictures(size, count=100, seed=0):
    """Pictures that are no photo of any kind, and crops of two photographs.

    Args:
        size: Height and width in pixels.
        count: Number of each kind.
        seed: Of what is drawn.

    Returns:
        {kind: uint8 (count, size, size, 3)}.
    """
    random = np.random.default_rng(seed)

    def colours(number):
        return random.integers(0, 256, (number, 3))

    def coarse():
        cells = int(random.integers(4, size // 2))
        return squared(random.integers(0, 256, (cells, cells, 3)), size)

    def gradient():
        (one, two), turn, along = colours(2), random.uniform(0, 6.28), np.linspace(0, 1, size)
        share = np.cos(turn) * along[:, None] + np.sin(turn) * along
        share = (share - share.min()) / np.ptp(share)
        return one + (two - one) * share[..., None]

    def stripes():
        (one, two), on = colours(2), (np.arange(size) // random.integers(2, size // 4)) % 2 == 1
        on = np.broadcast_to(on[:, None] if random.integers(2) else on, (size, size))
        return np.where(on[..., None], one, two)

    def crop():
        photo = photographs[random.integers(len(photographs))]
        side = int(random.integers(100, 400))
        top, left = (int(random.integers(0, most - side + 1)) for most in photo.shape[:2])
        return squared(photo[top : top + side, left : left + side], size)

    photographs = load_sample_images().images
    kinds = {
        "noise": lambda: random.integers(0, 256, (size, size, 3)),
        "grey noise": lambda: np.repeat(random.normal(128, 50, (size, size, 1)), 3, -1),
        "coarse noise": coarse,
        "pages of text": lambda: squared(page(random), size),
        "white on black": lambda: squared(255 - page(random), size),
        "flat colours": lambda: np.broadcast_to(colours(1)[0], (size, size, 3)),
        "black": lambda: np.full((size, size, 3), random.integers(0, 4)),
        "white": lambda: np.full((size, size, 3), 255 - random.integers(0, 4)),
        "gradients": gradient,
        "stripes": stripes,
        "crops of a pavilion, a dahlia": crop,
    }
    return {
        kind: np.stack([np.clip(make(), 0, 255).astype("uint8") for _ in range(count)])
        for kind, make in kinds.items()
    }


def page(random):
    """A page of words, lines and amounts, as letters and invoices have them: uint8 (height, width, 3)."""
    width, height = [(600, 800), (800, 600), (500, 500), (1240, 1754)][random.integers(4)]
    image = Image.new("L", (width, height), int(random.integers(225, 256)))
    draw, size = ImageDraw.Draw(image), int(random.integers(10, 28)) * (width // 500)
    font, top = ImageFont.load_default(size), int(random.integers(10, 80))
    while top < height - 30:
        kind = random.integers(6)
        if kind == 1:
            draw.line((30, top, width - 30, top), fill=60, width=2)
        elif kind > 1:
            letters = (
                (97 + random.integers(0, 26, random.integers(20, 80))).astype("uint8").tobytes().decode()
            )
            words = " ".join(letters[n : n + 7] for n in range(0, len(letters), 7))
            draw.text((30, top), words, fill=int(random.integers(0, 70)), font=font)
        if kind == 2:
            draw.text((width - 120, top), f"{random.uniform(1, 999):.2f}", fill=0, font=font)
        top += int(1.4 * size)
    return np.repeat(np.asarray(image)[..., None], 3, -1)


def squared(pixels, size):
    """The centred square of a picture at a size, as photos are decoded."""
    image = Image.fromarray(np.asarray(pixels, "uint8"))
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(
        image.resize((size, size), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
    )


def of_pixels(model, pixels):
    """({image size: features}, probabilities) of pictures."""
    found = features_and_answers(model).predict(pixels.astype("float32"), batch_size=16, verbose=0)
    answers = found.pop("answers")
    return {int(size): values for size, values in found.items()}, answers


def coverage(features, labels, classes, splits, at_most):
    """Shares (splits,): sets that hold the truth, sets of one class, those that are correct; refusals."""
    found = []
    for seed in range(splits):
        rows = np.random.default_rng(seed).permutation(len(labels))[:at_most]
        fitted, tried = np.split(rows, [2 * len(rows) // 3])
        probes = {
            size: fit_linear_probe(values[fitted], labels[fitted], classes, seed=seed)
            for size, values in features.items()
        }
        out_of_fold = np.mean([probe.out_of_fold for probe in probes.values()], 0)
        trust = fit_trust(out_of_fold, labels[fitted], {s: v[fitted] for s, v in features.items()}, seed)
        some = {size: values[tried] for size, values in features.items()}
        answers = np.mean([probe.probabilities(some[size]) for size, probe in probes.items()], 0)
        sets = trust.sets.of(with_temperature(answers, trust.temperature), ABSTAIN)
        inside, one = sets[np.arange(len(tried)), labels[tried]], sets.sum(-1) == 1
        refused = trust.distance.surprise(some) <= ABSTAIN
        found.append((inside.mean(), one.mean(), inside[one].mean(), refused.mean()))
    return np.array(found).T


def report_refusals(trust, model, photos, features, others):
    """Print what is refused of test photos and of others, by kind."""
    test, names = photos.parts == "test", photos.class_names
    answers = model.predict(photos.pixels[test].astype("float32"), batch_size=16, verbose=0)
    tests = {size: values[test] for size, values in features.items()}
    refused = trust.distance.surprise(tests) <= ABSTAIN
    print(f"test photos refused as something else: {share(refused)}")
    inside = trust.sets.of(answers, ABSTAIN)[np.arange(test.sum()), photos.labels[test]]
    print(f"test photos whose set holds the true class: {share(inside)}")
    unsure = trust.abstentions(answers, tests, names, ABSTAIN)
    kept = np.array([n not in unsure for n in range(len(answers))])
    print(f"test photos that get an answer: {share(kept)}")
    right = answers.argmax(-1) == photos.labels[test]
    print(f"  correct of these: {share(right[kept])}; of all, without abstaining: {share(right)}")
    for kind, pixels in others.items():
        theirs, answers = of_pixels(model, pixels)
        distance = trust.distance.surprise(theirs) <= ABSTAIN
        either = len(trust.abstentions(answers, theirs, names, ABSTAIN))
        print(f"{kind}: refused {share(distance)}; refused or unsure {100 * either / len(pixels):.1f} %")


def report_left_out(features, labels, parts, names, out_of_fold, seed):
    """Print what is refused of the photos of a class that was left out."""
    for label, name in enumerate(names):
        known = (parts != "test") & (labels != label)
        rest = out_of_fold[labels[parts != "test"] != label]
        rest = np.delete(rest, label, 1)
        kept = labels[known] - (labels[known] > label)
        trust = fit_trust(
            rest / rest.sum(-1, keepdims=True),
            kept,
            {size: each[known] for size, each in features.items()},
            seed,
        )
        theirs = {size: each[labels == label] for size, each in features.items()}
        print(f"left out, {name}: refused {share(trust.distance.surprise(theirs) <= ABSTAIN)}")


def share(values):
    """A share with its interval, as text."""
    return str(Share(int(np.sum(values)), len(values)))


def main(
    data: str,
    other: str | None = None,
    weights: str = "pretrained",
    backbone: str = "mobilenet",
    splits: int = 20,
    at_most: int = 1200,
    seed: int = 0,
) -> None:
    """Print coverage, refusals by kind, and calibration.

    Args:
        data: Folder or tar archive of photos with a test part, as python -m tutorials.fine_tune takes them.
        other: The same, of photos of other classes.
        weights: "pretrained", or the file of them.
        backbone: Pretrained network.
        splits: How often photos are split to count coverage.
        at_most: Photos that are used in a split.
        seed: Of the classifier and of what is drawn.
    """
    check_positive(splits=splits, at_most=at_most)
    with folder_of(data) as folder:
        classifier = PhotoClassifier(backbone, weights, seed=seed).fit(folder, effort="quick")
        photos = Photos.check(folder, classifier.image_size_, seed)
        uncalibrated = classifier.model
        features, answers = of_pixels(uncalibrated, photos.pixels)
    others = other_pictures(classifier.image_size_)
    if other is not None:
        with folder_of(other) as folder:
            theirs = Photos.check(folder, classifier.image_size_, seed).pixels
            drawn = np.random.default_rng(seed).permutation(len(theirs))[:300]
            others["photos of other classes"] = np.asarray(theirs[np.sort(drawn)])
    known, labels, names = photos.parts != "test", photos.labels, photos.class_names
    print(f"{len(labels):,} photos, {known.sum():,} of them no test photos; {', '.join(names)}")

    pool = {size: values[known] for size, values in features.items()}
    titles = "sets hold the true class", "sets of one class", "correct of these", "refused as something else"
    for title, found in zip(titles, coverage(pool, labels[known], len(names), splits, at_most), strict=True):
        print(
            f"{splits} splits, {title}: {100 * found.mean():.1f} ± {100 * found.std(ddof=1):.1f} %",
            flush=True,
        )

    if classifier.trust_ is None:
        learn_trust(classifier, photos, pool)
    trust = classifier.trust_
    report_refusals(trust, classifier.model, photos, features, others)
    if len(names) > 2:
        of_folds = classifier.cross_validation_.probabilities
        report_left_out(features, labels, photos.parts, names, of_folds, seed)
    print(calibration_error(answers[~known], labels[~known], trust.temperature, seed))
    print(CoverageCurve(with_temperature(answers[~known], trust.temperature), labels[~known]))
    size = len(str(trust.state())) / 1e6
    print(f"{size:.1f} MB are saved beside the model")


if __name__ == "__main__":
    run(main)
