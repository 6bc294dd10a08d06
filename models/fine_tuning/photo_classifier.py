"""A classifier of your own photos: a pretrained network, fine-tuned, evaluated, saved."""

from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np

from ..checks.arguments import checked, choice, flag, number, shown, whole
from ..compiled import build_ahead
from ..distribution.joining import is_first
from ..distribution.training import data_parallel, shared, together
from ..errors import ModelError
from ..export import formats
from ..labelling.wrong_labels import find_suspects
from ..loading.saved_classifiers import (
    About,
    about_beside,
    classifier_file,
    load_classifier,
    save_classifier,
    settings_of,
)
from ..seeds import seeded
from ..sibling import datasets_module
from ..training.checkpoints import CheckpointFolder
from ..training.time_budget import deadline_of, time_argument
from .asking import ask, labelled_rows
from .augmentation import POLICIES
from .batches import AugmentedPhotos
from .bundles import LARGEST_IMAGE, NO_TRUST, extras, image_size_in, learn_trust, restore
from .evaluation import cross_validation, evaluate
from .multi_scale import EFFORTS, at_sizes, fit_probes, image_sizes, largest_size, tuned_size
from .own_backbone import backbone_argument, backbone_entry, built_backbone, named
from .predictions import predict_files
from .transfer import border_at
from .tuning import EPOCHS, LEARNING_RATE, FineTuning

PARTS = ("train", "validation", "test")


class PhotoClassifier:
    """A classifier of photos: probes on a pretrained backbone, and a fine-tuned top where that helps.

    First linear probes are fitted: logistic regression on features of the frozen backbone, at image sizes
    that suit the photos. Then the top of the backbone is fine-tuned from there; it is kept only if
    cross-validation says that it helps. Training and validation photos are used alike; test photos are not.
    It prints nothing unless `verbose`, and writes nothing unless a path is given.

    Args:
        backbone: Pretrained network, a name of the table that `python -m models` prints. Or a network of your
            own, a `.keras` file or a Keras model: it takes pixels in [0, 255] of the size that it was built
            for, and its head is left out. Or "hub:" and a preset of KerasHub; see `models.pretrained`.
        weights: "pretrained" (downloaded once, then cached), a file, or None for random weights.
        image_size: Height and width in pixels that photos are brought to; None for two or three sizes that
            suit the photos and the backbone.
        unfreeze: Share of the backbone's depth that is fine-tuned, from 0 to 1; 0 for probes alone.
        augmentation: How strongly training photos are augmented: "none", "standard" or "strong".
        mixing: Whether training photos and their labels are mixed: "none", "mixup" or "cutmix".
        flip: Whether half of the augmented photos are flipped left to right; turn this off for text or
            digits.
        views: Versions of each training photo whose features are cached: itself and augmented ones.
        cache: Whether to cache features of the frozen layers; without, photos pass through all layers in
            every epoch. More than 1 GB of features are kept in a temporary file.
        epochs: Epochs of fine-tuning in each of three folds; None for 12.
        batch_size: Photos in a batch.
        budget: Time for `fit`, such as "5m" or seconds: views and epochs are cut to fit. None for no limit.
        seed: The same seed gives the same classifier, if there is no budget.

    Attributes:
        model: The Keras model: pixels (n, any height, any width, 3) in [0, 255] -> probabilities
            (n, classes).
        class_names_: Names of the classes in index order, after `fit` or `load`; `class_names` is the same.
        image_size_: Height and width in pixels of the photos that it was trained on; the largest of several.
        history_: {"fold 1", "fold 2" and "fold 3": {metric: value after each epoch}}.
        cross_validation_: The `Evaluation` of all training and validation photos, each classified by
            probes and networks that were trained on others; None after `load`.
        seconds_: {what: seconds that it took}.
        trust_: What `predict` abstains by, a `Trust`; None if there is nothing.
        trained_on_: What it was trained on: source, photos of each class, fingerprint, accuracy; or None.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import tempfile
        >>> from datasets import Photos, digits
        >>> folder = tempfile.TemporaryDirectory()
        >>> source = digits.save_photos(folder.name, examples=8)
        >>> photos = Photos.check(folder.name + "/train", image_size=28)
        >>> classifier = PhotoClassifier(backbone="convnet", flip=False, views=1, epochs=1).fit(photos)
        >>> evaluation = classifier.evaluate(photos)
        >>> found = classifier.predict([folder.name + "/test/3/0002.png", "missing.png"])
        >>> len(found), found.probabilities.shape
        (2, (2, 10))
        >>> classifier.save(folder.name + "/digits.keras")
        >>> PhotoClassifier.load(folder.name + "/digits.keras").class_names[:3]
        ('0', '1', '2')
        >>> folder.cleanup()
    """

    trust_ = trained_on_ = None  # until `learn_trust` has set them
    _labelled = None, [()]  # `Source` and table of the photos that it was trained on
    _by_probes = None  # `Evaluation` of training and validation photos, by probes fitted on others

    @checked(
        backbone=backbone_argument,
        image_size=whole(none=True, most=LARGEST_IMAGE),
        unfreeze=number(least=0, most=1),
        augmentation=choice(*POLICIES),
        mixing=choice("none", "mixup", "cutmix"),
        flip=flag,
        views=whole(most=10_000),
        cache=flag,
        epochs=whole(none=True, most=100_000),
        batch_size=whole(),
        budget=time_argument,
    )
    def __init__(
        self,
        backbone="mobilenet",
        weights="pretrained",
        image_size=None,
        unfreeze=0.3,
        augmentation="standard",
        mixing="none",
        flip=True,
        views=3,
        cache=True,
        epochs=None,
        batch_size=32,
        budget=None,
        seed=0,
    ):
        self.backbone, self.weights, self.image_size = backbone, weights, image_size
        self.unfreeze, self.augmentation, self.mixing, self.flip = unfreeze, augmentation, mixing, flip
        self.views, self.cache, self.epochs, self.batch_size = views, cache, epochs, batch_size
        self.budget, self.seed = budget, seed
        self._model = None

    def fit(self, photos, verbose=0, checkpoint=None, effort="normal", distribution=None):
        """Train on checked photos.

        Args:
            photos: What `Photos.check` returned, or what it takes, such as a folder with a folder of photos
                for each class.
            verbose: 0 to print nothing, 1 with progress bars, 2 with one line for each epoch.
            checkpoint: A folder that keeps the state after each epoch. If the training is stopped, the same
                call goes on with it; when it is complete, the state is removed. None to keep none.
            effort: "quick" fits the probes alone, in seconds. "normal" then fine-tunes the top of the
                backbone as well, and keeps it if that helps. "best" does the same with one image size more.
            distribution: A `models.distribution.DataParallel`, on whose devices it is fine-tuned; each of its
                processes calls this alike. None for this process alone.

        Returns:
            This classifier.

        Raises:
            ModelError: If the backbone or its weights cannot be had, the checkpoint is of another training,
                `distribution` is none, or there is not enough memory.
            DataError: If the photos cannot be read or are too few.
        """
        whole(0, 2)("PhotoClassifier.fit", "verbose", verbose)
        choice(*EFFORTS)("PhotoClassifier.fit", "effort", effort)
        distribution = None if distribution is None else data_parallel(distribution)
        writes = distribution is None or is_first()
        deadline, entry = deadline_of(self.budget), backbone_entry(self.backbone)
        with seeded(self.seed):
            base = built_backbone(entry, self.weights, self.image_size)  # it may be missing
            photos = self._checked("fit", photos, largest_size(entry, self.image_size, effort), verbose)
            sizes = image_sizes(photos.sides, entry, self.image_size, effort)
            photos, size = photos.at(sizes[-1], verbose=verbose), tuned_size(sizes)
            rows, weights = np.flatnonzero(photos.parts != "test"), photos.class_weights()
            probes = fit_probes(
                at_sizes(base, sizes), photos, rows, sizes, self.flip, weights, self.seed, verbose
            )
            known = AugmentedPhotos(
                photos, rows, weights, self.augmentation, self.flip, self.mixing, self.seed, size
            )
            training = FineTuning(
                base,
                known,
                probes,
                border=None if effort == "quick" else border_at(base, self.unfreeze),
                flip=self.flip,
                views=self.views,
                epochs=self.epochs or EPOCHS,
                batch_size=self.batch_size,
                cache=self.cache,
                seed=self.seed,
                checkpoint=self._checkpoint(checkpoint, photos, sizes, effort) if writes else None,
                verbose=verbose,
            )
            try:
                self._train(training, deadline, verbose, distribution)
                self._model = training.classifier()
            finally:
                training.close()
        if training.checkpoint is not None:
            training.checkpoint.close()
        self.class_names_, self.image_size_ = tuple(photos.class_names), sizes[-1]
        self.history_, self.seconds_ = training.histories, training.seconds
        self.cross_validation_ = cross_validation(photos, rows, training.mixed())
        self._labelled = photos.source, photos.split_table()
        self._by_probes = cross_validation(photos, rows, probes.out_of_fold)
        with seeded(self.seed):
            return learn_trust(self, photos, probes.features)

    def _train(self, training, deadline, verbose, distribution):
        if training.top is None:
            return
        training.top.compile(
            optimizer=keras.optimizers.Adam(LEARNING_RATE),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )
        build_ahead(training.top, np.zeros((1, training.top.output_shape[-1])))
        if self.budget is not None or verbose:
            with together(distribution):
                training.plan(deadline)
        training.extract_features()
        with nullcontext() if distribution is None else shared(training.top, distribution):
            for part in training.parts():
                training.top.fit(
                    training.batches(part),
                    callbacks=training.callbacks(part),
                    **training.settings(part),
                    verbose=verbose,
                )

    def _checked(self, method, photos, size, verbose=0):
        """Checked photos of the right size, from what was given."""
        if all(hasattr(photos, name) for name in ("pixels", "labels", "parts", "class_names", "at")):
            if np.ndim(photos.labels) > 1:
                raise ModelError(
                    f"PhotoClassifier.{method} takes photos of one class; use MultiLabelClassifier."
                )
            return photos.at(size, verbose=verbose)
        known = datasets_module("sources").Source
        if not isinstance(photos, (str, Path, known)):
            raise ModelError(
                f"PhotoClassifier.{method} takes photos as Photos.check returns them, or a folder, an "
                f"archive or a table of them, not {shown(photos)}."
            )
        return datasets_module("photos").Photos.check(photos, size, self.seed, verbose=verbose)

    def _checkpoint(self, checkpoint, photos, sizes, effort):
        if checkpoint is None or hasattr(checkpoint, "write"):
            return checkpoint
        if not isinstance(checkpoint, (str, Path)) or not str(checkpoint):
            raise ModelError(f"PhotoClassifier.fit takes checkpoint as a folder, not {shown(checkpoint)}.")
        settings = self._settings() | {"backbone": named(self.backbone, whole=True)}
        settings |= {"sizes": sizes, "effort": effort, "photos": photos.fingerprint}
        return CheckpointFolder(checkpoint, settings | {"keras": keras.version()})

    def _settings(self):
        """{name: value} of the constructor's arguments."""
        names = ("backbone", "weights", "image_size", "unfreeze", "augmentation", "mixing", "flip", "views")
        names += ("cache", "epochs", "batch_size", "budget", "seed")
        return {name: getattr(self, name) for name in names}

    @property
    def model(self):
        """The Keras model; a ModelError before `fit`."""
        if self._model is None:
            raise ModelError("This PhotoClassifier is not trained yet; call fit first, or load a saved one.")
        return self._model

    @property
    def class_names(self):
        """The names of the classes, in index order."""
        return self.model and self.class_names_

    def evaluate(self, photos, part="test"):
        """Classify photos whose classes are known, and compare.

        Args:
            photos: As for `fit`. Their classes may be fewer than those of the classifier.
            part: "train", "validation" or "test"; or "all" for all of them, such as photos that the
                classifier has never seen.

        Returns:
            An `Evaluation`: accuracy with its 95 % interval, precision and recall of each class,
            calibration error, confusion matrix.

        Raises:
            ModelError: If the classifier is not trained, or the part has no photos or unknown classes.
            DataError: If the photos cannot be read.
        """
        model = self.model
        choice(*PARTS, "all")("PhotoClassifier.evaluate", "part", part)
        photos = self._checked("evaluate", photos, self.image_size_)
        if unknown := [name for name in photos.class_names if name not in self.class_names_]:
            raise ModelError(
                f"PhotoClassifier.evaluate knows no class {shown(unknown[0])} of these photos; its classes "
                f"are {shown(self.class_names_)}."
            )
        rows = np.arange(len(photos.labels)) if part == "all" else photos.of(part)
        if not len(rows):
            there = [name for name in PARTS if len(photos.of(name))]
            raise ModelError(
                f'PhotoClassifier.evaluate finds no photos of part="{part}"; there are {", ".join(there)}.'
            )
        return evaluate(model, photos, rows, part, self.batch_size, self.class_names_)

    def predict(self, files, verbose=0, abstain=None):
        """Classify photos.

        Args:
            files: A path or a list of paths, of photos or of folders of photos.
            verbose: 1 for a progress bar, if the output is a terminal.
            abstain: None to answer for every photo. Or a share such as 0.05: photos farther from the training
                photos than 95 % of these are from each other get no label, and so do those for which one
                class does not suffice to be correct for 95 % of all photos.

        Returns:
            `Predictions`, a row a file: file, label, probability; files that cannot be read are rows with
            the reason. Its `probabilities` is a float array (n, classes).

        Raises:
            ModelError: If the classifier is not trained, `files` are no paths, or it has nothing to abstain
                by.
        """
        model, abstaining = self.model, None
        if abstain is not None:
            number(least=0.001, most=0.5)("PhotoClassifier.predict", "abstain", abstain)
            if self.trust_ is None:
                raise ModelError(NO_TRUST.format("This PhotoClassifier"))
            abstaining = self.trust_, abstain
        return predict_files(model, files, self.image_size_, self.class_names_, verbose, abstaining)

    def suspects(self):
        """Find training and validation photos whose labels may be wrong; nothing is changed.

        Returns:
            `Suspects`, the most suspicious first, by probes that were fitted on other photos. Look at the
            first `suspects.confident` of them.

        Raises:
            ModelError: If the classifier is not trained, or was loaded.
        """
        if self.model and self._by_probes is None:
            raise ModelError(
                "PhotoClassifier.suspects needs the photos that it was trained on, which a loaded classifier "
                "does not hold; call fit first."
            )
        known = self._by_probes
        return find_suspects(known.probabilities, known.labels, known.examples, self.class_names_)

    def ask(self, files, count=20, page=None):
        """Choose unlabelled photos whose labels would help most; on an offline page you can label them.

        The page saves a table for `fit`: after `fit` of a folder or a table, with all of its photos.

        Args:
            files: As for `predict`.
            count: How many photos to ask for.
            page: Path of the page; None to write none. One of an earlier call is replaced, any other file is
                not.

        Returns:
            `Asked`: its `files`, and those `skipped` with the reason.

        Raises:
            ModelError: If the classifier is not trained, no photo can be read, or the page not be written.
        """
        model, rows = self.model, labelled_rows(*self._labelled)
        return ask(model, files, self.image_size_, self.class_names_, count, page, rows, self.seed)

    def save(self, path):
        """Write the classifier as one `.keras` file, class names and image size inside.

        `PhotoClassifier.load` reads it, and `keras.saving.load_model` its model. A file of that name is
        replaced when the new one is complete. Of processes that were joined, all may call this, and the first
        writes.

        Args:
            path: A file that ends in `.keras`.

        Raises:
            ModelError: If the classifier is not trained, or the file cannot be written.
        """
        settings = self._settings() | {"image_size": self.image_size_ if self._model else None}
        settings["backbone"] = named(self.backbone)
        settings["weights"] = None if settings["weights"] is None else str(settings["weights"])
        settings |= extras(self.trust_, self.trained_on_)
        if is_first():
            save_classifier(self.model, path, About("photos", self.class_names_, settings))

    @classmethod
    def load(cls, path):
        """Load a classifier that `save` or the lesson `fine_tune` wrote, without trusting the file.

        Args:
            path: A `.keras` file; or a folder of results that holds model.keras.

        Returns:
            A `PhotoClassifier`, ready to predict.

        Raises:
            ModelError: If it cannot be read, is damaged or hostile, or is no classifier of photos.
        """
        path = classifier_file("PhotoClassifier", path)
        model, about = load_classifier(path)
        about = about or about_beside(path, model, "photos")
        if about.kind != "photos":
            other = "; load it with MultiLabelClassifier" if about.kind == "multi-label photos" else ""
            raise ModelError(f"{path} classifies {shown(about.kind)}, not photos{other}.")
        with settings_of(path):
            classifier = cls(
                **{name: about.settings[name] for name in cls()._settings() if name in about.settings}
            )
        classifier._model, classifier.class_names_ = model, about.class_names
        classifier.image_size_ = image_size_in(model, about.settings.get("image_size"), path)
        restore(classifier, about.settings, path)
        classifier.history_, classifier.seconds_, classifier.cross_validation_ = {}, {}, None
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
        default = PhotoClassifier()
        settings = {
            name: value for name, value in self._settings().items() if value != getattr(default, name)
        }
        return f"PhotoClassifier({', '.join(f'{name}={shown(value)}' for name, value in settings.items())})"

    def __str__(self):
        if self._model is None:
            return f"{self!r}, not trained yet"
        return f"{self!r}, {len(self.class_names_):,} classes: {shown(self.class_names_)}"
