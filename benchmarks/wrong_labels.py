"""Wrong labels planted in photos: how many are found, and what they cost.

    python benchmarks/wrong_labels.py --data ants_bees.tar --weights mobilenet_2_5_224_tf_no_top.h5
    python benchmarks/wrong_labels.py --data small_photos.tar --weights ... --per-class 50

In each run one in twenty of the labels to train and validate on is flipped to another class, and a person
looks at as many photos as were flipped: those that rank first by our probes at two or three image sizes; by
a plain logistic regression of scikit-learn on features at 224 pixels, whose out-of-fold probability of the
given class is the lowest; and by chance. Test photos keep their labels. On them, probes are evaluated that
were fitted on the flipped labels, without the suspects that we would show, with those corrected that a person
looked at, and on the clean labels.
"""

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.photos import folder_of
from datasets import Photos
from models.fine_tuning.linear_probe import fit_linear_probe
from models.fine_tuning.multi_scale import any_size, multi_scale_features, suitable_sizes
from models.labelling.wrong_labels import find_suspects
from models.pretrained.backbones import Backbone

PLAIN = 224  # pixels: the image size of the plain regression


def features_of(folder, backbone, weights):
    """Features of all photos of a folder.

    Returns:
        `(photos, features, plain)`: checked photos, features at sizes that suit them, and at 224 pixels.
    """
    photos = Photos.check(folder, 32)
    sizes = suitable_sizes(np.median(photos.sides), PLAIN)
    network, rows = any_size(Backbone(backbone, weights, PLAIN)), np.arange(len(photos.labels))
    features = multi_scale_features(network, photos.at(sizes[-1]).pixels, rows, sizes)
    plain = multi_scale_features(network, photos.at(PLAIN).pixels, rows, (PLAIN,), flip=False)
    return photos, features, plain[PLAIN]


def draw(photos, per_class, seed):
    """Rows of photos that are not test photos: all, or so many of each class."""
    random, known = np.random.default_rng(seed), np.flatnonzero(photos.parts != "test")
    if per_class is None:
        return known
    of_class = (known[photos.labels[known] == label] for label in range(len(photos.class_names)))
    return np.concatenate([random.permutation(rows)[:per_class] for rows in of_class])


def flip(labels, classes, share, seed):
    """Labels, a share of which is another class than before, and the places of these."""
    random = np.random.default_rng([seed, 1])
    places = random.permutation(len(labels))[: max(1, round(share * len(labels)))]
    flipped = labels.copy()
    flipped[places] = (labels[places] + random.integers(1, classes, len(places))) % classes
    return flipped, places


def check_share(share):
    """Refuse a share of labels to flip that is none, or half of them and more."""
    if not 0 < share < 0.5:
        raise LessonError(f"share= is {share}; give a number between 0 and 0.5.")


def print_means(found):
    """Print mean and standard deviation of each value over the draws; return the means.

    Args:
        found: List of {what: value}, one of each draw.
    """
    print()
    for name in found[0]:
        values = [each[name] for each in found]
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"{name:40} {statistics.mean(values):8.4g} ± {deviation:.3g}")
    return {name: statistics.mean(each[name] for each in found) for name in found[0]}


def fit(features, rows, labels, classes, seed=0):
    """A probe at each size: {size: `LinearProbe`}."""
    return {
        size: fit_linear_probe(found[rows], labels, classes, seed=seed) for size, found in features.items()
    }


def predict(probes, features, rows):
    """Probabilities of the probes of all sizes, averaged."""
    return np.mean([probe.probabilities(features[size][rows]) for size, probe in probes.items()], 0)


def by_plain_regression(plain, labels, seed):
    """Places in the order of the out-of-fold probability of their given class."""
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    with threadpool_limits(1):
        found = cross_val_predict(model, plain, labels, cv=folds, method="predict_proba")
    return np.argsort(found[np.arange(len(labels)), labels], kind="stable")


def one_run(photos, features, plain, rows, share, seed):
    """{what: value} of one draw of flipped labels, accuracies on the test photos among them."""
    clean, classes, test = photos.labels[rows], len(photos.class_names), photos.of("test")
    labels, places = flip(clean, classes, share, seed)
    probes = fit(features, rows, labels, classes, seed)
    out_of_fold = np.mean([probe.out_of_fold for probe in probes.values()], 0)
    suspects = find_suspects(out_of_fold, labels, np.array(photos.files)[rows], photos.class_names)
    first = suspects.rows[: len(places)]
    shown = suspects.rows[: suspects.confident]
    corrected = labels.copy()
    corrected[first] = clean[first]
    kept = np.setdiff1d(np.arange(len(rows)), shown)
    without = find_suspects(
        np.mean([probe.out_of_fold for probe in fit(features, rows, clean, classes, seed).values()], 0),
        clean, np.array(photos.files)[rows], photos.class_names,
    )  # fmt: skip

    def accuracy(probes):
        return float(np.mean(predict(probes, features, test).argmax(-1) == photos.labels[test]))

    def found(some):
        return len(np.intersect1d(some, places))

    return {
        "photos": len(rows),
        "flipped": len(places),
        "found by ours": found(first) / len(places),
        "found by plain regression": found(
            by_plain_regression(plain[rows], labels, seed)[: len(places)]
        ) / len(places),
        "found by chance": len(places) / len(rows),
        "shown": len(shown),
        "of these flipped": found(shown),
        "shown where no label was flipped": without.confident,
        "accuracy on flipped labels": accuracy(probes),
        "accuracy without those shown": accuracy(fit(features, rows[kept], labels[kept], classes, seed)),
        "accuracy with those looked at corrected": accuracy(fit(features, rows, corrected, classes, seed)),
        "accuracy on clean labels": accuracy(fit(features, rows, clean, classes, seed)),
    }  # fmt: skip


def main(
    data: str,
    weights: str = "pretrained",
    backbone: str = "mobilenet",
    per_class: int | None = None,
    share: float = 0.05,
    runs: int = 5,
) -> dict:
    """Flip labels, and print how many of them are found, and the accuracy with and without them.

    Args:
        data: Folder or tar archive of photos with a test part, as python -m tutorials.fine_tune takes them.
        weights: "pretrained", or the file of them.
        backbone: Pretrained network.
        per_class: Photos of each class that are trained and validated on, drawn anew for each run; all by
            default.
        share: Share of the labels that is flipped.
        runs: Number of draws of flipped labels.
    """
    check_positive(runs=runs, per_class=per_class)
    check_share(share)
    with folder_of(data) as folder:
        photos, features, plain = features_of(folder, backbone, weights)
    found = []
    for turn in range(runs):
        rows = draw(photos, per_class, turn)
        found.append(one_run(photos, features, plain, rows, share, turn))
        print(f"run {turn}  " + ", ".join(f"{name} {value:.4g}" for name, value in found[-1].items()))
    return print_means(found)


if __name__ == "__main__":
    run(main)
