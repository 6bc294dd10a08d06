"""Mosaics: four images side by side as one, which so has several labels."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from .. import digits
from ..sources import DataError, Source


def mosaics(images, labels, count, most=2, seed=0):
    """Put four images together, two above two, of one to `most` classes.

    Args:
        images: uint8 (n, height, width, channels).
        labels: Class index of each image, integers (n,); each class from 0 on has an image.
        count: Number of mosaics.
        most: Classes in a mosaic at most, from 1 to 4.
        seed: The same seed gives the same mosaics.

    Returns:
        uint8 (count, 2 * height, 2 * width, channels), and uint8 (count, classes): 1 for each class that is
        in a mosaic, else 0.

    Raises:
        DataError: If there are fewer classes than `most`.

    Example:
        >>> from datasets.generated.mosaics import mosaics
        >>> pixels, found = mosaics(np.zeros((6, 8, 8, 3), "uint8"), np.arange(6) % 3, count=5)
        >>> pixels.shape, found.shape, set(found.sum(1).tolist()) <= {1, 2}
        ((5, 16, 16, 3), (5, 3), True)
    """
    images, labels = np.asarray(images), np.asarray(labels)
    classes = labels.max() + 1
    if not 1 <= most <= min(4, classes):
        raise DataError(f"most= is {most!r}; give a number of classes from 1 to {min(4, classes)}.")
    random = np.random.default_rng(seed)
    rows = [np.flatnonzero(labels == label) for label in range(classes)]
    found = np.zeros((count, classes), "uint8")
    tiles = np.empty((count, 4, *images.shape[1:]), images.dtype)
    for number in range(count):
        some = random.choice(classes, random.integers(1, most + 1), replace=False)
        found[number, some] = 1
        shown = random.permutation(np.resize(some, 4))
        tiles[number] = images[[random.choice(rows[label]) for label in shown]]
    above, below = (np.concatenate([tiles[:, n], tiles[:, n + 1]], 2) for n in (0, 2))
    return np.concatenate([above, below], 1), found


def save_mosaics(folder, count=200, images=None, labels=None, class_names=digits.CLASS_NAMES, most=2, seed=0):
    """Write mosaics as image files, with a table of their labels, as people keep such photos.

    Args:
        folder: Where to: `FOLDER/*.png` and `FOLDER/labels.csv`, labels joined by |. It is made if it is not
            there.
        count, most, seed: As for `mosaics`.
        images, labels: As for `mosaics`; None for the embedded digits.
        class_names: In index order.

    Returns:
        Their `Source`, which `MultiLabelPhotos.check` takes.

    Raises:
        DataError: If they cannot be written.

    Example:
        >>> import tempfile
        >>> from datasets import MultiLabelPhotos
        >>> from datasets.generated.mosaics import save_mosaics
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
        >>> photos.labels.shape, photos.class_names[3]
        ((40, 10), '3')
    """
    if images is None:
        scanned = digits._scanned_digits()
        images, labels = scanned["x_train"], scanned["y_train"]
    pixels, found = mosaics(images, labels, count, most, seed)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(pixels):
            Image.fromarray(each.squeeze()).save(folder / f"{number:05}.png")
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["file", "labels"])
            for number, some in enumerate(found):
                names = [class_names[label] for label in np.flatnonzero(some)]
                table.writerow([f"{number:05}.png", "|".join(names)])
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written ({(error.strerror or str(error)).lower()}); free some space there, "
            "or name another folder."
        ) from error
    return Source("mosaics", folder, "four images side by side")
