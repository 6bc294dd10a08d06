"""Several labels a photo: mean average precision against scikit-learn's ten lines and chance, on mosaics.

    python -m benchmarks.multi_label --data small_photos.tar --weights mobilenet_2_5_224_tf_no_top.h5

Each run puts photos together, four in one; its labels are their classes. Mosaics to train on are of training
photos, mosaics to test on of test photos. scikit-learn's logistic regression stands there with its defaults
on features at 224 pixels, and tuned as an expert would, see `tuned_lines`.
"""

import csv
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.photos import SMALL as SIZES
from benchmarks.photos import both_sides
from datasets import MultiLabelPhotos, Photos
from datasets.generated.mosaics import save_mosaics
from models import Backbone, MultiLabelClassifier


def draw(folder, photos, train, test, most, seed):
    """Write mosaics of training and of test photos, and one table of all: its path."""
    rows = [("file", "labels", "split")]
    for part, count in (("train", train), ("test", test)):
        some = photos.of(part)
        images, labels = photos.pixels[some], photos.labels[some]
        save_mosaics(
            folder / part, count, images, labels, photos.class_names, most, 2 * seed + (part == "test")
        )
        with (folder / part / "labels.csv").open(newline="", encoding="utf-8") as file:
            rows += [(f"{part}/{name}", labels, part) for name, labels in list(csv.reader(file))[1:]]
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder / "labels.csv"


def ten_lines(photos, backbone, weights):
    """Mean average precision of scikit-learn's logistic regression on features at 224 pixels."""
    photos, known, test = photos.at(224), np.flatnonzero(photos.parts != "test"), photos.of("test")
    base = Backbone(backbone, weights=weights)
    features = keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])
    found = features.predict(photos.pixels.astype("float32"), batch_size=32, verbose=0)
    regression = OneVsRestClassifier(LogisticRegression(max_iter=1000)).fit(
        found[known], photos.labels[known]
    )
    return float(average_precision_score(photos.labels[test], regression.predict_proba(found[test])))


def tuned_lines(photos, backbone, weights, seed):
    """Mean average precision of scikit-learn's logistic regression, tuned by cross-validation.

    Features are those of photos and of their mirror images, averaged, at the best of three image sizes. The
    regularization is chosen, and whether features are standardized.
    """
    known, test, tried = np.flatnonzero(photos.parts != "test"), photos.of("test"), []
    model = Pipeline([("scale", StandardScaler()), ("fit", OneVsRestClassifier(LogisticRegression()))])
    model.set_params(fit__estimator__max_iter=300)
    grid = {"fit__estimator__C": np.logspace(-4, 2, 7), "scale": [StandardScaler(), "passthrough"]}
    for size in SIZES:
        features = keras.Sequential(
            [Backbone(backbone, weights, size), keras.layers.GlobalAveragePooling2D()]
        )
        sides = both_sides(features, photos.at(size).pixels)
        found = np.mean(sides, 0)
        folds = KFold(5, shuffle=True, random_state=seed)
        search = GridSearchCV(model, grid, cv=folds, scoring="average_precision")
        with threadpool_limits(1):
            search.fit(found[known], photos.labels[known])
        tried.append((search.best_score_, size, search.predict_proba(found[test])))
    return float(average_precision_score(photos.labels[test], max(tried, key=lambda each: each[:2])[2]))


def main(
    data: str,
    weights: str,
    backbone: str = "mobilenet_025",
    train: int = 300,
    test: int = 500,
    most: int = 3,
    runs: int = 4,
) -> tuple:
    """Print mean average precision of this project, of scikit-learn and of guessing, over several draws.

    Args:
        data: Photos in folders for training and testing, such as small_photos.tar.
        weights: File of the backbone's weights.
        backbone: Network whose features are taken.
        train: Mosaics to train on.
        test: Mosaics to test on.
        most: Classes in a mosaic at most.
        runs: Number of draws.
    """
    check_positive(train=train, test=test, runs=runs)
    photos = Photos.check(data, 64)
    found = []
    print(f"{'draw':>6}{'ours':>10}{'sklearn':>10}{'tuned':>10}{'chance':>10}{'F1':>10}", flush=True)
    for seed in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            table = draw(Path(folder), photos, train, test, most, seed)
            mosaics = MultiLabelPhotos.check(table, 224, seed)
            evaluation = MultiLabelClassifier(backbone, weights, seed=seed).fit(mosaics).evaluate(mosaics)
            rivals = ten_lines(mosaics, backbone, weights), tuned_lines(mosaics, backbone, weights, seed)
            found.append(
                [evaluation.mean_average_precision, *rivals, evaluation.mean_chance, evaluation.macro_f1]
            )
        print(f"{seed:>6}" + "".join(f"{value:>10.3f}" for value in found[-1]), flush=True)
    ours, theirs, tuned, chance, _ = np.array(found).T
    print(f"{'mean':>6}" + "".join(f"{value:>10.3f}" for value in np.mean(found, 0)))
    return ours, theirs, tuned, chance


if __name__ == "__main__":
    run(main)
