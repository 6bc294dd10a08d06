"""Handwritten digits: MNIST from a folder or the network, or scanned digits that need neither."""

import functools
import os
from pathlib import Path

import numpy as np
from PIL import Image

from .files.arrays import read_idx, read_npz
from .files.names import sentence
from .pen_strokes import SPECKS, as_mnist, bounding_box, find_stroke, strokes_side_by_side, with_weight
from .photos import read_photo
from .sources import DataError, Source, download, user_folder

CLASS_NAMES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

# The four original files, as they are named in the field; each may end in .gz
IDX_FILES = {
    "x_train": ("train-images-idx3-ubyte", "train-images.idx3-ubyte"),
    "y_train": ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte"),
    "x_test": ("t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"),
    "y_test": ("t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"),
}
EMBEDDED = Source(
    "embedded",
    note="scikit-learn's 1,797 scanned digits, not MNIST: results are not those of MNIST",
)


def locate(data="auto"):
    """Find digits without reading them yet.

    Args:
        data: A folder that holds `mnist.npz` or the four original IDX files (also in its
            subfolder `mnist` or `MNIST/raw`), or an npz file; "embedded" for the scanned
            digits; "auto" for the folder in GLASS_ZOO_DATA, else Keras's cache or download,
            else the scanned digits; or a `Source`, which is returned as it is.

    Returns:
        A `Source` for `load_data`.

    Raises:
        DataError: If `data` is given and holds no digits.

    Example:
        >>> from datasets import digits
        >>> digits.locate("embedded").name
        'embedded'
    """
    if isinstance(data, Source):
        return data
    if str(data) == "embedded":
        return EMBEDDED
    if str(data) != "auto":
        try:
            source, there = _find(Path(data)), Path(data).exists()
        except OSError as error:  # such as a name that is too long
            raise DataError(
                f"{data} cannot be read ({error.strerror}); name another folder as data=."
            ) from error
        if source is None:
            what = "holds neither mnist.npz nor the four IDX files" if there else "does not exist"
            raise DataError(f"{Path(data)} {what}; name a folder that does as data=.")
        return source

    folder = user_folder()
    if folder and (source := _find(folder)):
        return source
    try:
        return Source("mnist", download("mnist.npz", ORIGIN, SHA256))
    except DataError as error:
        print(f"No MNIST at hand: {sentence(error)}", flush=True)
        return EMBEDDED


def holds_digits(path):
    """Whether a folder or file holds digits as `load_data` reads them, rather than photos.

    Args:
        path: The folder or file.

    Returns:
        bool.

    Example:
        >>> from datasets import digits
        >>> digits.holds_digits("photos")
        False
    """
    path = Path(path)
    # os.path takes a name that is too long for no folder
    return _find(path) is not None if os.path.isdir(path) else path.suffix == ".npz"  # noqa: PTH112


def load_data(source="auto"):
    """Load handwritten digits.

    Args:
        source: What `locate` returned, or anything that `locate` takes.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 (n, 28, 28, 1), ink 255 on paper
        0, and labels uint8 (n,) from 0 to 9. MNIST has 60,000 and 10,000 of them (LeCun,
        Cortes and Burges; CC BY-SA 3.0). The embedded set has 1,437 and 360, stratified, the
        same on every call (Alpaydin and Kaynak, UCI, 1998; CC BY 4.0): scanned at 8 x 8 pixels and
        brought to 28 x 28 the way MNIST was made.

    Raises:
        DataError: If a file is missing, damaged, or does not hold digits.

    Example:
        >>> from datasets import digits
        >>> (x_train, y_train), (x_test, y_test) = digits.load_data("embedded")
        Data: embedded, 1,437 images to train on and 360 to test on (scikit-learn's 1,797 scanned digits, \
not MNIST: results are not those of MNIST).
        >>> x_train.shape, x_train.dtype, y_test.shape
        ((1437, 28, 28, 1), dtype('uint8'), (360,))
    """
    source = locate(source)
    if source.path is None:
        arrays = _scanned_digits()
    elif source.path.is_dir():
        arrays = {
            key: read_idx(_idx_file(source.path, key) or source.path / names[0], 3 if key[0] == "x" else 1)
            for key, names in IDX_FILES.items()
        }
    else:
        arrays = read_npz(source.path, tuple(IDX_FILES))
    for part in "train", "test":
        arrays[f"x_{part}"] = _checked(arrays, part, source)
    x_train, y_train, x_test, y_test = (arrays[key] for key in IDX_FILES)
    where = f" in {source.path}" if source.path else ""
    note = f" ({source.note})" if source.note else ""
    said = (
        f"Data: {source.name}{where}, {len(x_train):,} images to train on and "
        f"{len(x_test):,} to test on{note}."
    )
    print(sentence(said), flush=True)
    return (x_train, y_train.astype("uint8")), (x_test, y_test.astype("uint8"))


def _find(path):
    """The digits in a folder or file, as a Source, or None."""
    if path.is_file():
        return Source("mnist", path)
    for folder in path, path / "mnist", path / "MNIST" / "raw", path / "raw":
        if (folder / "mnist.npz").is_file():
            return Source("mnist", folder / "mnist.npz")
        if any(_idx_file(folder, key) for key in IDX_FILES):
            return Source("mnist", folder)
    return None


def _idx_file(folder, key):
    for name in IDX_FILES[key]:
        for file in folder / name, folder / f"{name}.gz":
            if file.is_file():
                return file
    return None


def _checked(arrays, part, source):
    """The images of one part as (n, 28, 28, 1), after a check that images and labels match."""
    images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    wrong = None
    if images.dtype != "uint8" or images.shape[1:] not in [(28, 28), (28, 28, 1)]:
        wrong = f"x_{part} is {images.dtype} {images.shape} where uint8 (n, 28, 28) is needed"
    elif labels.ndim != 1 or labels.dtype.kind not in "iu":
        wrong = f"y_{part} is {labels.dtype} {labels.shape} where integers (n,) are needed"
    elif len(images) != len(labels):
        wrong = f"x_{part} has {len(images):,} images but y_{part} {len(labels):,} labels"
    elif len(images) < 20:
        wrong = f"x_{part} has only {len(images)} images where 20 or more are needed"
    elif labels.min() < 0 or labels.max() > 9:
        wrong = f"y_{part} has labels from {labels.min()} to {labels.max()} where 0 to 9 are needed"
    if wrong:
        raise DataError(f"{source.path}: {wrong}; replace the file.")
    return images.reshape(-1, 28, 28, 1)


def save_photos(folder, examples=50):
    """Write the embedded digits as image files, in folders as people keep their photos.

    Args:
        folder: Where to: `FOLDER/train/CLASS/*.png` and `FOLDER/test/CLASS/*.png`.
        examples: Training images of each class; all 360 test images are written.

    Returns:
        Their `Source`, which `Photos.check` takes.

    Raises:
        DataError: If they cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets import digits
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = digits.save_photos(folder, examples=2)
        ...     len([*pathlib.Path(folder, "train").rglob("*.png")])
        20
    """
    arrays = _scanned_digits()
    x_train, y_train, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    kept = np.sort(np.concatenate([np.flatnonzero(y_train == label)[:examples] for label in range(10)]))
    try:
        for part, images, labels in (("train", x_train[kept], y_train[kept]), ("test", x_test, y_test)):
            for label in set(labels.tolist()):
                (Path(folder) / part / CLASS_NAMES[label]).mkdir(parents=True, exist_ok=True)
            for number, (image, label) in enumerate(zip(images, labels, strict=True)):
                Image.fromarray(image).save(Path(folder) / part / CLASS_NAMES[label] / f"{number:04}.png")
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written ({(error.strerror or str(error)).lower()}); free some space there, "
            "or name another folder."
        ) from error
    return Source(EMBEDDED.name, Path(folder), EMBEDDED.note)


def _scanned_digits():
    """The embedded digits, as arrays by name that the caller may change."""
    return {name: array.copy() for name, array in _made_once().items()}


@functools.cache
def _made_once():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    scans, labels = load_digits(return_X_y=True)
    images = np.stack([_from_scan(scan.reshape(8, 8) / 16) for scan in scans])
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels.astype("uint8"), test_size=360, stratify=labels, random_state=0
    )
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _from_scan(coverage):
    """One 8 x 8 scan, in which each value is the share of its cell that ink covers, as an MNIST image.

    Interpolation blurs a stroke into neighbouring cells; the ramp around one half, where the edge of the
    stroke is, makes it sharp again. Of seven ramps tried, a network trained on MNIST classifies most of
    these scans correctly after this one.
    """
    size = 64
    image = Image.fromarray((255 * np.pad(coverage, 1)).astype("uint8"))
    fine = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)) / 255
    return as_mnist(np.clip((fine - 0.2) / 0.6, 0, 1))


def read_image(path):
    """Read an image file of one handwritten digit as an MNIST image.

    It may be a photo of a pen stroke on paper or a drawing, dark on light or light on dark, of any
    size, in uneven light, with a thin or thick pen. A 28 x 28 image, light on dark, stays as it is.

    Args:
        path: Image file in any format that Pillow reads.

    Returns:
        uint8 array (28, 28, 1), ink 255 on paper 0, ready for a digit model.

    Raises:
        DataError: If the file cannot be read, or shows no stroke or more than one digit.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image, ImageDraw
        >>> from datasets import digits
        >>> photo = Image.new("L", (200, 300), 220)
        >>> ImageDraw.Draw(photo).line([(100, 60), (95, 240)], fill=30, width=8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "one.png")
        ...     photo.save(file)
        ...     digits.read_image(file).shape
        (28, 28, 1)
    """
    grey = read_photo(path).mean(-1)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if grey.shape == (28, 28) and np.median(border) < 64 and grey.max() >= 128:
        return grey.round().astype("uint8")[..., None]

    stroke = find_stroke(grey)
    if stroke is not None:  # once more, at a higher resolution
        top, bottom, left, right = bounding_box(stroke)
        scale = max(grey.shape) / max(stroke.shape)
        margin = max(bottom - top, right - left) // 2
        rows = slice(max(0, int((top - margin) * scale)), int((bottom + margin) * scale) + 1)
        columns = slice(max(0, int((left - margin) * scale)), int((right + margin) * scale) + 1)
        stroke = find_stroke(grey[rows, columns])
    if stroke is None:
        raise DataError(f"{path} shows no pen stroke; name a picture of one dark digit on paper.")
    if (count := strokes_side_by_side(stroke)) > 1:
        what = "specks or letters" if count >= SPECKS else f"{count} figures side by side"
        raise DataError(f"{path} shows {what}; cut out one digit.")
    return as_mnist(with_weight(stroke))[..., None]
