"""Features of very many photos, computed once, by one process or by many, before a classifier is fitted."""

from functools import partial

import numpy as np

from ..checks.arguments import choice, shown
from ..errors import ModelError
from ..seeds import seeded
from ..sibling import datasets_module
from .multi_scale import CHUNK, EFFORTS, at_sizes, feature_chunks, image_sizes, largest_size
from .own_backbone import backbone_entry, built_backbone


def extract_features(classifier, photos, effort="normal", engine="threads"):
    """Compute the features that a classifier's probes need, and keep them beside the checked photos.

    They become Parquet files, a column for each image size. `classifier.fit(photos, effort="quick")` then
    reads them and needs no photo. A call that was stopped goes on where it was.

    Args:
        classifier: A `PhotoClassifier`, fitted or not: its settings are used. With Ray its backbone is a name
            or a file.
        photos: Photos that `Photos.check` was given `out` for; or that folder.
        effort: As for `PhotoClassifier.fit`.
        engine: "threads" for this process; "ray" for an actor on each processor of a machine or a cluster,
            each of which holds the backbone.

    Returns:
        Number of photos whose features are there: those of the training and validation parts.

    Raises:
        ModelError: If the photos were checked without `out`, or the backbone cannot be had.
        DataError: If the photos cannot be read or a package is missing.

    Example:
        >>> from models import PhotoClassifier
        >>> from models.fine_tuning.extraction import extract_features
        >>> try:
        ...     extract_features(PhotoClassifier(), "photos", engine="cloud")
        ... except ModelError as error:
        ...     print(error)
        extract_features takes engine "threads" or "ray", not 'cloud'.
    """
    choice("threads", "ray")("extract_features", "engine", engine)
    choice(*EFFORTS)("extract_features", "effort", effort)
    settings = {name: getattr(classifier, name) for name in ("weights", "image_size", "flip", "seed")}
    if engine == "ray" and not isinstance(classifier.backbone, str):
        raise ModelError(
            'extract_features takes a backbone\'s name or file with engine="ray", not '
            f"{shown(classifier.backbone)}; save the model, and name its file."
        )
    entry = backbone_entry(classifier.backbone)
    photos = classifier._checked(
        "extract_features", photos, largest_size(entry, classifier.image_size, effort)
    )
    if not hasattr(photos.pixels, "read_features"):
        raise ModelError(
            "extract_features keeps features beside checked photos; check them with Photos.check(data, "
            "out=FOLDER)."
        )
    sizes = image_sizes(photos.sides, entry, classifier.image_size, effort)
    pixels, rows = photos.at(sizes[-1]).pixels, np.flatnonzero(photos.parts != "test")
    prepare = partial(_worker, classifier.backbone, settings, pixels, rows, sizes)
    starts = list(range(0, len(rows), CHUNK))
    there = sum(datasets_module("photos.sharded.engines").applied(prepare, starts, engine))
    pixels.remove_drafts()
    return there


def _worker(backbone, settings, pixels, rows, sizes):
    """What each process does once: build the backbone, as `PhotoClassifier.fit` does."""
    with seeded(settings["seed"]):
        base = built_backbone(backbone_entry(backbone), settings["weights"], settings["image_size"])
    return partial(_extract, feature_chunks(at_sizes(base, sizes), pixels, rows, sizes, settings["flip"]))


def _extract(chunks, start):
    return chunks.at(start).shape[1]
