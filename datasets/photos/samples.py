"""A sample of photos to look at: only these are decoded, and their folders need not be classes."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from ..files import notices
from ..files.names import print_sentences, shown, shown_apart
from ..labels import in_order
from ..sources import DataError, Source
from . import layout, pool
from .locating import find, locate
from .pixels import Unusable
from .reading import decode_square


@dataclass(frozen=True)
class Sample:
    """Some photos to look at, as `sample` returns them.

    Attributes:
        source: The `Source` they come from.
        class_names: Tuple of str.
        labels: int64 (n,), -1 where the class is not known.
        pixels: uint8 (n, size, size, 3), RGB in [0, 255].
        notes: Tuple of sentences about how the files were found and read.

    Example:
        >>> import tempfile
        >>> from datasets import digits, photos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     some = photos.sample(digits.save_photos(folder, examples=1), 28, most=5)
        >>> some.labels.tolist()
        [-1, -1, -1, -1, -1]
    """

    source: Source
    class_names: tuple
    labels: np.ndarray
    pixels: np.ndarray
    notes: tuple = ()


def sample(data, size, classes=(), most=64, verbose=0):
    """Read some photos to look at: not all are decoded, and their folders need not be classes.

    Where folders are named like parts of a split, test photos are taken, or else validation photos.
    Files that are no photos are left out.

    Args:
        data: As for `locate`.
        size: Side of the squares, in pixels.
        classes: Names of the classes; or their number, so that the folders' names are taken if there are
            as many.
        most: Number of photos at most, evenly spaced in the order of their names.
        verbose: 1 to print what is read; 0 to print nothing.

    Returns:
        A `Sample`.

    Raises:
        DataError: If there is no photo that can be read.

    Example:
        >>> import tempfile
        >>> from datasets import digits, photos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     some = photos.sample(digits.save_photos(folder, examples=1), 28, classes=10, most=5)
        >>> some.pixels.shape, some.labels.tolist()
        ((5, 28, 28, 3), [0, 2, 4, 7, 9])
    """
    source = locate(data)
    notices.take()  # what others read before is not about these photos
    files = find(source.path)
    notes = files.results_note()
    print_sentences(notes, verbose)
    places = {
        file.name: (*files.places.get(file.name, ()),) if files.places is not None else file.path[:-1]
        for file in files.found
    }
    parts = {name: {layout.part_of(shown(each or "")) for each in place} for name, place in places.items()}
    part = next((one for one in ("test", "validation") if any(one in each for each in parts.values())), None)
    names = [name for name in sorted(places) if part is None or part in parts[name]]
    texts = shown_apart([each for place in places.values() for each in place if each])
    if isinstance(classes, int):
        folders = in_order({texts[place[-1]] for place in places.values() if place and place[-1]})
        classes = folders if len(folders) == classes else ()
    known = {str(name): n for n, name in enumerate(classes)}
    labels = {
        name: next((known[texts[each]] for each in reversed(places[name]) if texts.get(each) in known), -1)
        for name in names
    }
    pixels = {}
    while len(pixels) < most and names:  # other files replace those that cannot be used
        rows = np.linspace(0, len(names) - 1, min(most - len(pixels), len(names))).astype(int)
        wanted = {names[row] for row in rows}
        found = (file for file in find(source.path).found if file.name in wanted)
        for file, decoded in pool.each(found, partial(decode_square, size=size)):
            if not isinstance(decoded, Unusable):
                pixels[file.name] = decoded.pixels.copy()
        names = [name for name in names if name not in wanted]
    if not pixels:
        raise DataError(
            f"{shown(source.path)} holds no photo that can be read; name a folder of photos as data=."
        )
    order = sorted(pixels)
    late_notes = [*files.outside_note(), *notices.taken()]
    print_sentences([f"Data: {source}, {len(order):,} photos to look at.", *late_notes], verbose)
    return Sample(
        source,
        tuple(classes),
        np.array([labels[name] for name in order], "int64"),
        np.stack([pixels[name] for name in order]),
        (*notes, *late_notes),
    )
