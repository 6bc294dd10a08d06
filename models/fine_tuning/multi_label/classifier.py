"""A classifier that gives your own photos any number of labels: fitted, evaluated, saved."""

from pathlib import Path

import numpy as np

from ...checks.arguments import checked, choice, flag, shown, whole
from ...errors import ModelError
from ...export import formats
from ...loading.saved_classifiers import (
    About,
    classifier_file,
    load_classifier,
    save_classifier,
    settings_of,
)
from ...seeds import seeded
from ...sibling import datasets_module
from ..bundles import LARGEST_IMAGE, image_size_in
from ..multi_scale import EFFORTS, at_sizes, image_sizes, largest_size
from ..own_backbone import backbone_argument, backbone_entry, built_backbone, named
from ..photo_classifier import PARTS
from .evaluation import MultiLabelEvaluation
from .predictions import predict_labels
from .probes import MultiLabelNetwork, fit_label_probes
from .thresholds import check_thresholds

KIND = "multi-label photos"
AT_ONCE = 32  # photos in a batch


class MultiLabelClassifier:
    """A classifier that gives photos any number of labels: probes on a pretrained backbone.

    On features of the frozen backbone, at two or three image sizes that suit the photos, logistic regression
    is fitted for each label. Regularization, how much each size counts and the thresholds from which on a
    label is given come from cross-validation. Training and validation photos are used alike; test photos are
    not. It prints nothing unless `verbose`, and writes nothing unless a path is given.

    Args:
        backbone: As for `PhotoClassifier`.
        weights: "pretrained" (downloaded once, then cached), a file, or None for random weights.
        image_size: Height and width in pixels that photos are brought to; None for two or three sizes that
            suit the photos and the backbone.
        flip: Whether features of the mirror image count as well; turn this off for text or digits.
        seed: The same seed gives the same classifier.

    Attributes:
        model: The Keras model: pixels (n, any height, any width, 3) in [0, 255] -> probabilities
            (n, labels), each from 0 to 1.
        class_names: Names of the labels in index order.
        thresholds_: From which probability on a label is given: the best F1 in cross-validation, (labels,).
        image_size_: Height and width in pixels of the photos that it was trained on; the largest of several.
        cross_validation_: The `MultiLabelEvaluation` of all training and validation photos, each by
            regressions that were fitted on others; None after `load`.
        probes_: The `LabelProbes`; None after `load`.
        trained_on_: What it was trained on: source, photos with each label, fingerprint; or None.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import tempfile
        >>> from datasets import MultiLabelPhotos
        >>> from datasets.generated.mosaics import save_mosaics
        >>> folder = tempfile.TemporaryDirectory()
        >>> photos = MultiLabelPhotos.check(save_mosaics(folder.name, count=120), image_size=28)
        >>> classifier = MultiLabelClassifier(backbone="convnet", flip=False).fit(photos)
        >>> evaluation = classifier.evaluate(photos)
        >>> classifier.predict(folder.name + "/00000.png").probabilities.shape
        (1, 10)
        >>> classifier.save(folder.name + "/digits.keras")
        >>> MultiLabelClassifier.load(folder.name + "/digits.keras").class_names[:3]
        ('0', '1', '2')
        >>> folder.cleanup()
    """

    cross_validation_ = probes_ = trained_on_ = None

    @checked(backbone=backbone_argument, image_size=whole(none=True, most=LARGEST_IMAGE), flip=flag)
    def __init__(self, backbone="mobilenet", weights="pretrained", image_size=None, flip=True, seed=0):
        self.backbone, self.weights, self.image_size = backbone, weights, image_size
        self.flip, self.seed = flip, seed
        self._model = None

    def fit(self, photos, verbose=0, effort="normal"):
        """Train on checked photos.

        Args:
            photos: What `MultiLabelPhotos.check` returned, or what it takes: a table, or a folder with one.
            verbose: 0 to print nothing, 1 with progress bars.
            effort: "best" takes one image size more than "normal"; "quick" is as "normal".

        Returns:
            This classifier.

        Raises:
            ModelError: If the backbone or its weights cannot be had.
            DataError: If the photos cannot be read or are too few.
        """
        whole(0, 1)("MultiLabelClassifier.fit", "verbose", verbose)
        choice(*EFFORTS)("MultiLabelClassifier.fit", "effort", effort)
        entry = backbone_entry(self.backbone)
        with seeded(self.seed):
            base = built_backbone(entry, self.weights, self.image_size)  # it may be missing
            photos = self._checked("fit", photos, largest_size(entry, self.image_size, effort), verbose)
            sizes = image_sizes(photos.sides, entry, self.image_size, effort)
            photos, rows = photos.at(sizes[-1], verbose=verbose), np.flatnonzero(photos.parts != "test")
            base = at_sizes(base, sizes)
            probes = fit_label_probes(base, photos, rows, sizes, self.flip, self.seed, verbose)
            network = MultiLabelNetwork(base, len(photos.class_names), sizes, self.flip)
            probes.assign(network)
        self._model, self.probes_, self.thresholds_ = network, probes, probes.thresholds
        self.class_names_, self.image_size_ = tuple(photos.class_names), sizes[-1]
        self.cross_validation_ = self._scores("cross-validation", photos, rows, probes.out_of_fold)
        self.trained_on_ = {
            "source": Path(str(photos.source.path)).name,
            "photos": dict(zip(photos.class_names, photos.labels[rows].sum(0).tolist(), strict=True)),
            "fingerprint": photos.fingerprint,
            "mean_average_precision": round(self.cross_validation_.mean_average_precision, 6),
        }
        return self

    def _checked(self, method, photos, size, verbose=0):
        """Checked photos of the right size, from what was given."""
        if all(hasattr(photos, name) for name in ("pixels", "labels", "parts", "folds", "at")):
            return photos.at(size, verbose=verbose)
        if not isinstance(photos, (str, Path, datasets_module("sources").Source)):
            raise ModelError(
                f"MultiLabelClassifier.{method} takes photos as MultiLabelPhotos.check returns them, or a "
                f"table of files and labels, or a folder with one, not {shown(photos)}."
            )
        check = datasets_module("photos").MultiLabelPhotos.check
        return check(photos, size, self.seed, verbose=verbose)

    def _scores(self, part, photos, rows, probabilities):
        files = [photos.files[row] for row in rows]
        return MultiLabelEvaluation(
            part, self.class_names_, files, self._labels(photos)[rows], probabilities, self.thresholds_
        )

    def _labels(self, photos):
        """Labels of photos in this classifier's columns; a label that they do not know is 0."""
        columns = [photos.class_names.index(name) if name in photos.class_names else None
                   for name in self.class_names_]  # fmt: skip
        none = np.zeros(len(photos.labels), "uint8")
        return np.stack([none if n is None else photos.labels[:, n] for n in columns], 1)

    @property
    def model(self):
        """The Keras model; a ModelError before `fit`."""
        if self._model is None:
            raise ModelError(
                "This MultiLabelClassifier is not trained yet; call fit first, or load a saved one."
            )
        return self._model

    @property
    def class_names(self):
        """The names of the labels, in index order."""
        return self.model and self.class_names_

    def evaluate(self, photos, part="test"):
        """Predict the labels of photos whose labels are known, and compare.

        Args:
            photos: As for `fit`. Their labels may be fewer than those of the classifier.
            part: "train", "validation" or "test"; or "all" for all of them.

        Returns:
            A `MultiLabelEvaluation`: average precision and F1 of each label, their means, the share of photos
            of which all labels are correct.

        Raises:
            ModelError: If the classifier is not trained, or the part has no photos or unknown labels.
            DataError: If the photos cannot be read.
        """
        model = self.model
        choice(*PARTS, "all")("MultiLabelClassifier.evaluate", "part", part)
        photos = self._checked("evaluate", photos, self.image_size_)
        if unknown := [name for name in photos.class_names if name not in self.class_names_]:
            raise ModelError(
                f"MultiLabelClassifier.evaluate knows no label {shown(unknown[0])} of these photos; its "
                f"labels are {shown(self.class_names_)}."
            )
        rows = np.arange(len(photos.files)) if part == "all" else photos.of(part)
        if not len(rows):
            raise ModelError(f'MultiLabelClassifier.evaluate finds no photos of part="{part}".')
        probabilities = [
            model.predict(photos.pixels[rows[start : start + 4 * AT_ONCE]].astype("float32"), AT_ONCE, 0)
            for start in range(0, len(rows), 4 * AT_ONCE)
        ]
        return self._scores(part, photos, rows, np.concatenate(probabilities))

    def predict(self, files):
        """Predict the labels of photos.

        Args:
            files: A path or a list of paths, of photos or of folders of photos.

        Returns:
            `MultiLabelPredictions`, a row a file: its labels and their probabilities; files that cannot be
            read are rows with the reason. Its `probabilities` is a float array (n, labels).

        Raises:
            ModelError: If the classifier is not trained, or `files` are no paths.
        """
        return predict_labels(self.model, files, self.image_size_, self.class_names_, self.thresholds_)

    def about(self):
        """What is saved beside the model: an `About` with names, settings and thresholds."""
        names = ("image_size", "flip", "seed")
        settings = {name: getattr(self, name) for name in names} | {"backbone": named(self.backbone)}
        settings |= {"image_size": self.image_size_, "thresholds": self.thresholds_.tolist()}
        return About(KIND, self.class_names_, settings | {"trained_on": self.trained_on_})

    def save(self, path):
        """Write the classifier as one `.keras` file, names of labels and thresholds inside.

        `MultiLabelClassifier.load` reads it, and `keras.saving.load_model` its model. A file of that name is
        replaced when the new one is complete.

        Args:
            path: A file that ends in `.keras`.

        Raises:
            ModelError: If the classifier is not trained, or the file cannot be written.
        """
        save_classifier(self.model, path, self.about())

    @classmethod
    def load(cls, path):
        """Load a classifier that `save` or the lesson `fine_tune` wrote, without trusting the file.

        Args:
            path: A `.keras` file; or a folder of results that holds model.keras.

        Returns:
            A `MultiLabelClassifier`, ready to predict.

        Raises:
            ModelError: If it cannot be read, is damaged or hostile, or is no multi-label classifier.
        """
        path = classifier_file("MultiLabelClassifier", path)
        model, about = load_classifier(path)
        if about is None or about.kind != KIND:
            raise ModelError(
                f"{path} gives no photo several labels; load a classifier of photos with PhotoClassifier."
            )
        settings = about.settings
        with settings_of(path):
            known = {name: settings[name] for name in ("backbone", "flip", "seed") if name in settings}
            classifier = cls(**known)
        classifier._model, classifier.class_names_ = model, about.class_names
        classifier.thresholds_ = check_thresholds(settings.get("thresholds"), about.class_names, path)
        classifier.image_size_ = image_size_in(model, settings.get("image_size"), path)
        classifier.trained_on_ = settings.get("trained_on")
        return classifier

    def export(self, path):
        """Write the classifier for another runtime: ONNX or LiteRT.

        Args:
            path: A file that ends in `.onnx` or `.tflite`.

        Raises:
            ModelError: If the classifier is not trained, a package is missing, or the file cannot be
                written.
        """
        formats.export(self.model, path, self.image_size_)

    def __repr__(self):
        trained = f"{len(self.class_names_):,} labels" if self._model is not None else "not trained yet"
        return f"<MultiLabelClassifier on {shown(named(self.backbone))}, {trained}>"
