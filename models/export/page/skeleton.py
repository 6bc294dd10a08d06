"""An HDF5 file without its numbers, which JavaScript fills in: no HDF5 code is needed in the page.

HDF5 keeps the numbers of a plain data set in one stretch of bytes. A skeleton is all that lies between these
stretches, and where each of them begins. h5py writes it, for each number of classes.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

WEIGHTS = "model.weights.h5"
MOST_KEPT = 1 << 20  # bytes of numbers that the page does not have, and that stay in the skeleton


class Unfit(Exception):
    """Why there can be no file: the page would have to hold too many weights twice, and the like.

    Example:
        >>> isinstance(Unfit(), Exception)
        True
    """


class _Set(NamedTuple):
    """A data set of the file: its path, and its numbers or the place where the page has them."""

    path: str
    shape: tuple
    dtype: object
    place: tuple | None
    values: object


def digest(array):
    """What tells the numbers of a float32 array from others.

    Args:
        array: NumPy array.

    Returns:
        bytes.

    Example:
        >>> digest(np.zeros((2, 3), "float32")) == digest(np.zeros(6, "float32"))
        True
    """
    return hashlib.sha256(np.ascontiguousarray(array, "<f4").tobytes()).digest()


def skeletons(model, head, counts, places):
    """The weights' file of a model as Keras saves it, for each number of neurons of its last layer.

    Args:
        model: A functional model.
        head: Name of its last layer, a `Dense` with the largest of these numbers of neurons.
        counts: Numbers of neurons, at least 1.
        places: {digest of a weight: (id of a node, name) where the page has it}.

    Returns:
        ({"sets": [[where its bytes begin, id of a node, name], ...] of all data sets but the last layer's,
        "counts": {number of neurons: {"size" of the file, "kernel" and "bias": where they begin, "length" of
        its skeleton}}}, the bytes of all skeletons, one after the other). But for the first, each is combined
        with the first by exclusive or, so that it is nearly all zeros.

    Raises:
        Unfit: If the page does not have most of the weights.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head")])
        >>> found, bones = skeletons(model, "head", [2, 1], {})
        >>> found["sets"], len(bones) == sum(each["length"] for each in found["counts"].values())
        ([], True)
    """
    with tempfile.TemporaryDirectory(prefix="glass-zoo-weights-") as folder:  # found after a killed process
        model.save_weights(Path(folder) / WEIGHTS)  # the same file as in a `.keras` file
        with h5py.File(Path(folder) / WEIGHTS) as source:
            groups, sets, kernel = _content(source, head, places)
        (Path(folder) / WEIGHTS).unlink()
        if sum(each.values.nbytes for each in sets if each.place is None) > MOST_KEPT:
            raise Unfit("the page does not hold all weights of this model as Keras saves them")
        found, bones = {}, []
        for count in counts:
            draft = Path(folder) / f"{count}.h5"
            where, ends = _write(draft, groups, sets, kernel, count)
            own, size = _bones(draft, [*where, *ends], sets, kernel, count)
            draft.unlink()
            found[count] = {"size": size, "kernel": ends[0], "bias": ends[1], "length": len(own)}
            bones.append(_differs(own, bones[0]) if bones else own)
    holes = [each.place for each in sets if each.place]
    # The last layer comes last in the file, so that the number of its neurons moves nothing else
    return {
        "sets": [[start, *place] for start, place in zip(where, holes, strict=True)],
        "counts": found,
    }, b"".join(bones)


def _content(source, head, places):
    """Groups {path: attributes}, data sets but the last layer's, and the path and inputs of its kernel."""
    groups, sets, kernel = {"": dict(source.attrs)}, [], None

    def visit(path, item):
        nonlocal kernel
        if isinstance(item, h5py.Group):
            groups[path] = dict(item.attrs)
        elif path.count("/") == 3 and item.parent.attrs.get("name") == head:
            if path.endswith("/0"):
                kernel = path, item.shape[0]
        else:
            values = item[()]
            plain = item.dtype == np.float32 and values.size
            place = places.get(digest(values)) if plain else None
            sets.append(_Set(path, item.shape, item.dtype, place, None if place else np.asarray(values)))

    source.visititems(visit)
    return groups, sets, kernel


def _write(path, groups, sets, kernel, count):
    """Write a file whose last layer has `count` neurons; returns where numbers begin, that layer's apart."""
    name, inputs = kernel
    head = [
        _Set(name, (inputs, count), np.float32, (), None),
        _Set(name[:-1] + "1", (count,), np.float32, (), None),
    ]
    with h5py.File(path, "w") as file:
        for group, attributes in groups.items():
            file.require_group(f"/{group}").attrs.update(attributes)
        made = [_made(file, each) for each in (*sets, *head)]
        starts = [
            item.id.get_offset() for item, each in zip(made, sets, strict=False) if each.place is not None
        ]
        return starts, [item.id.get_offset() for item in made[-2:]]


def _made(file, wanted):
    """A data set that has its place in the file from the beginning."""
    if wanted.place is None:
        return file.create_dataset(wanted.path, data=wanted.values)
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    plan.set_obj_track_times(False)  # the same model gives the same bytes
    space = h5py.h5s.create_simple(wanted.shape) if wanted.shape else h5py.h5s.create(h5py.h5s.SCALAR)
    kind = h5py.h5t.IEEE_F32LE
    return h5py.Dataset(h5py.h5d.create(file.id, wanted.path.encode(), kind, space, plan))


def _bones(path, starts, sets, kernel, count):
    """All bytes of a file but the numbers, and how many bytes it has."""
    shapes = [each.shape for each in sets if each.place is not None]
    lengths = [4 * int(np.prod(shape)) for shape in (*shapes, (kernel[1], count), (count,))]
    parts, at = [], 0
    with path.open("rb") as file:
        for start, length in sorted(zip(starts, lengths, strict=True)):
            file.seek(at)
            parts.append(file.read(start - at))
            at = start + length
        file.seek(at)
        parts.append(file.read())
        return b"".join(parts), file.tell()


def _differs(bones, first):
    padded = first.ljust(len(bones), b"\0")[: len(bones)]
    return (np.frombuffer(bones, "uint8") ^ np.frombuffer(padded, "uint8")).tobytes()
