"""What a saved `PhotoClassifier` holds beside its model: what it was trained on, and when not to answer."""

from pathlib import Path

import keras
import numpy as np

from ..checks.arguments import shown
from ..errors import ModelError
from .abstention import Trust, check_trust, features_and_answers, trusted
from .batches import computed, steps_per_epoch
from .features import AT_ONCE, filled_up

LARGEST_IMAGE = 4096  # pixels of a side
NO_TRUST = (
    "{} holds nothing to abstain by: it was saved by an earlier version, or trained without "
    "cross-validation; train it again, or leave abstain out."
)
LONGEST = 200  # letters of a source's name


def learn_trust(classifier, photos, features=None):
    """Calibrate a classifier that was just fitted, and learn when it should not answer: the end of `fit`.

    Sets its `trust_` and `trained_on_`, and puts a temperature at the end of its model. Its
    `cross_validation_` must hold the out-of-fold probabilities of all photos that are not test photos, in the
    order of `photos`. Where that is None, `trust_` stays None.

    Features are those of the frozen backbone, also where its top is fine-tuned as well: layers that learned
    to tell two classes apart tell other things less.

    Args:
        classifier: A `PhotoClassifier` with its model, `class_names_` and `cross_validation_`.
        photos: What `Photos.check` returned, at the classifier's image size.
        features: {image size: (n, features)} of these photos, as its model pools them; None to compute them.

    Returns:
        The classifier.

    Raises:
        ModelError: If these do not fit each other.

    Example:
        >>> from types import SimpleNamespace
        >>> classifier = SimpleNamespace(cross_validation_=None)
        >>> photos = SimpleNamespace(
        ...     source="insects", class_names=("ants",), labels=np.array([0]), parts=np.array(["train"]),
        ...     fingerprint="0a1b",
        ... )
        >>> learn_trust(classifier, photos).trust_ is None
        True
    """
    classifier.trained_on_ = trained_on(photos, classifier.cross_validation_)
    classifier.trust_ = None
    found = classifier.cross_validation_
    if found is not None and len(found) >= 4:
        rows = np.flatnonzero(photos.parts != "test")
        if features is None:
            features = pooled_features(classifier.model, photos.pixels, rows)
        classifier._model, classifier.trust_ = trusted(
            classifier.model, found.probabilities, found.labels, features, classifier.seed
        )
    return classifier


def pooled_features(model, pixels, rows):
    """Pooled features of some photos, as a classifier's own model computes them.

    Args:
        model: As for `abstention.features_and_answers`.
        pixels: (photos, size, size, 3) in [0, 255].
        rows: Which of them, integers (n,).

    Returns:
        {image size: float32 (n, features)}.

    Example:
        >>> from models.fine_tuning.multi_scale import MultiScaleClassifier
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3)])
        >>> model = MultiScaleClassifier(backbone, classes=3, sizes=(32, 64))
        >>> found = pooled_features(model, np.zeros((5, 64, 64, 3), "uint8"), [0, 2, 4])
        >>> {size: values.shape for size, values in found.items()}
        {32: (3, 8), 64: (3, 8)}
    """
    rows = np.asarray(rows)

    def make(index):
        return filled_up(np.asarray(pixels[rows[index * AT_ONCE : (index + 1) * AT_ONCE]], "float32"))

    found = computed(features_and_answers(model), make, steps_per_epoch(len(rows), AT_ONCE))
    return {int(name): values[: len(rows)] for name, values in found.items() if name != "answers"}


def trained_on(photos, evaluation=None):
    """What a classifier was trained on, in values that JSON holds. No date and no folder is among them.

    Args:
        photos: What `Photos.check` returned.
        evaluation: An `Evaluation` of photos that it was not fitted on; None if there is none.

    Returns:
        {"source": name of the folder or file, "photos": {class: number that are not test photos},
        "fingerprint": SHA-256 of the photos' contents, labels and parts,
        "accuracy": {"part", "value", "low", "high", "photos"}}; the last is missing without an evaluation.

    Example:
        >>> from types import SimpleNamespace
        >>> photos = SimpleNamespace(
        ...     source=SimpleNamespace(path="data/insects.zip"), class_names=("ants", "bees"),
        ...     labels=np.array([0, 0, 1, 1]), parts=np.array(["train", "validation", "train", "test"]),
        ...     fingerprint="0a1b",
        ... )
        >>> trained_on(photos)
        {'source': 'insects.zip', 'photos': {'ants': 2, 'bees': 1}, 'fingerprint': '0a1b'}
    """
    counts = np.bincount(photos.labels[photos.parts != "test"], minlength=len(photos.class_names))
    found = {
        "source": Path(str(getattr(photos.source, "path", photos.source))).name[:LONGEST],
        "photos": dict(zip(photos.class_names, counts.tolist(), strict=True)),
        "fingerprint": photos.fingerprint,
    }
    if evaluation is not None:
        share = evaluation.accuracy
        values = {name: round(getattr(share, name), 6) for name in ("value", "low", "high")}
        found["accuracy"] = {"part": evaluation.part, **values, "photos": share.of}
    return found


def extras(trust=None, told=None):
    """What a saved classifier's settings hold beside those of the constructor: for `About`.

    Args:
        trust: A `Trust`, or None.
        told: What `trained_on` returned, or None.

    Returns:
        {name: what JSON can hold}.

    Example:
        >>> extras(told={"source": "insects.zip"})
        {'trained_on': {'source': 'insects.zip'}}
    """
    found = {} if told is None else {"trained_on": told}
    return found | ({} if trust is None else {"trust": trust.state()})


def restore(classifier, settings, path):
    """Take what `extras` returned from a file, which may lack it, or be somebody else's.

    Args:
        classifier: A `PhotoClassifier` with its model; gets `trust_` and `trained_on_`.
        settings: {name: value}, not checked.
        path: The file.

    Raises:
        ModelError: If it is damaged.

    Example:
        >>> from types import SimpleNamespace
        >>> classifier = SimpleNamespace(model=None)
        >>> restore(classifier, {"image_size": 320}, "model.keras")
        >>> classifier.trust_ is classifier.trained_on_ is None
        True
    """
    classifier.trust_ = trust_in(settings, classifier.model, path)
    told = settings.get("trained_on")
    if told is not None and not (isinstance(told, dict) and isinstance(told.get("photos"), dict)):
        raise ModelError(
            f"{path} is damaged: it does not say what it was trained on; save the classifier again, or fetch "
            "the file again."
        )
    classifier.trained_on_ = told


def trust_in(settings, model, path):
    """What a saved classifier holds to abstain by.

    Args:
        settings: Of its `About`, not checked.
        model: The model that was saved with it.
        path: The file, for the message.

    Returns:
        A `Trust`, or None if there is none.

    Raises:
        ModelError: If it is damaged, or of another model.

    Example:
        >>> trust_in({"image_size": 320}, None, "model.keras") is None
        True
    """
    if settings.get("trust") is None:
        return None
    trust = Trust.from_state(settings["trust"], path)
    check_trust(trust, model, path)
    return trust


def image_size_in(model, told, path):
    """The side of the squares that a model was trained on; refuses what its file says if that is wrong.

    Args:
        model: The model.
        told: What its settings say; None if nothing.
        path: The file, for the message.

    Returns:
        int.

    Raises:
        ModelError: If the model takes no colour photos, or the size cannot be.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
        >>> image_size_in(model, None, "model.keras")
        8
    """
    resized = [layer.height for layer in model.layers if isinstance(layer, keras.layers.Resizing)]
    inputs = getattr(model, "inputs", None) or ()
    shape = inputs[0].shape if len(inputs) == 1 else ()
    if len(shape) != 4 or shape[-1] != 3:
        raise ModelError(f"{path} does not take colour photos; give a file that PhotoClassifier.save wrote.")
    known = resized[0] if resized else shape[1]
    size = known if told is None else told
    if type(size) is not int or not 1 <= size <= LARGEST_IMAGE or (known is not None and size != known):
        raise ModelError(
            f"{path} does not tell on which image_size it was trained ({shown(size)}); save the classifier "
            "again."
        )
    return size
