"""Read weights from files without trusting them.

Neither the HDF5 library nor Keras opens the file: `Hdf5` reads its arrays, and Keras loads a copy that holds
nothing else.
"""

import contextlib
import tempfile
import warnings
from pathlib import Path

import h5py
import keras
import numpy as np

from ..errors import ModelError, Refused
from .archives import read_archive
from .files import read_file
from .hdf5 import Hdf5

SPARE_BYTES = 64 << 20  # what a file may have beside the weights: a head, an optimizer's state, names
REMEDY = "save the weights again, or fetch the file again"


def open_weights(path, needed):
    """Read a file of weights, but not yet their values.

    Args:
        path: A file that ends in `.h5`, `.weights.h5` or `.keras`.
        needed: Bytes of the weights that are wanted; far larger files are refused unread.

    Returns:
        A `models.loading.hdf5.Hdf5`.

    Raises:
        ModelError: If it cannot be read, is damaged, or has parts that no weights file needs.
    """
    path, most = Path(path), 8 * needed + SPARE_BYTES
    content = read_file(path, most, REMEDY)
    with naming(path, REMEDY):
        if path.name.endswith(".keras"):
            content = read_archive(content, with_config=False).weights
        saved = Hdf5(content)
        if (total := sum(array.nbytes for array in saved.arrays.values())) > most:
            raise Refused(f"holds {total:,} bytes of weights, where {needed:,} are needed")
    return saved


def fill(model, path, what, remedy):
    """Fill a model from a file of Keras's newer kinds.

    Args:
        model: The model.
        path: A file that ends in `.weights.h5` or `.keras`.
        what: What the model is, for the message.
        remedy: What to do about a file that does not fit it.

    Raises:
        ModelError: If the file is damaged, does not fit, or has values that are not finite.
    """
    saved = open_weights(path, bytes_of(model))
    with copied(saved, path) as copy:
        fits = load_copy(model, copy)
    if not fits:
        with naming(path, remedy):  # what the file says of itself may be damaged as well
            reason = difference(model, saved)[1]
        raise ModelError(f"{path} does not fit {what}: {reason}; {remedy}.")
    check_finite(model, path)


@contextlib.contextmanager
def naming(path, remedy):
    """Turn whatever reading a file raises into a `ModelError` that names it."""
    try:
        yield
    except ModelError:
        raise
    except Refused as error:
        raise ModelError(f"{path} {error}; {remedy}.") from error
    except MemoryError as error:
        raise ModelError(f"{path} does not fit into memory; {remedy}.") from error
    except Exception as error:
        raise ModelError(f"{path} is damaged; {remedy}.") from error


@contextlib.contextmanager
def copied(saved, path):
    """A temporary file with the arrays of `saved`, and nothing else.

    Args:
        saved: A `models.loading.hdf5.Hdf5`.
        path: Where it was read from, for messages.

    Yields:
        Path of the copy, which ends in `.weights.h5`.

    Raises:
        ModelError: If its arrays are damaged, or there is no room for the copy.
    """
    with temporary_folder(path) as folder:
        copy = folder / "copy.weights.h5"
        with naming(path, REMEDY):
            write_copy(saved, copy)
        yield copy


@contextlib.contextmanager
def temporary_folder(path):
    """A temporary folder; if it cannot be made, the error names `path`."""
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="weights-", ignore_cleanup_errors=True)
            )
        except OSError as error:
            raise no_room(path, error) from error
        yield Path(folder)


def no_room(path, error):
    """The `ModelError` where a copy cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return ModelError(
        f"{path} cannot be copied to the folder for temporary files ({reason}); "
        "make room there, or set TMPDIR to another folder."
    )


def write_copy(saved, target):
    """Write the arrays of `saved`, but for an optimizer's, to a path or to an open file."""
    try:
        with h5py.File(target, "w") as file:
            for path in saved.arrays:
                if not path.startswith("optimizer/"):
                    array = file.create_dataset(path, data=saved.read(path))
                    if array.dtype.kind == "V":
                        array.attrs["dtype"] = "bfloat16"
    except OSError as error:
        raise no_room("What was read", error) from error


def load_copy(model, copy):
    """Fill a model from a copy; False if it does not fit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras warns of weights that it did not load
            model.load_weights(copy)
    except Exception:  # Keras raises many kinds on weights that do not fit
        return False
    return True


def difference(model, saved):
    """Where the arrays of a file are not those of a model.

    Args:
        model: A built model.
        saved: A `models.loading.hdf5.Hdf5`.

    Returns:
        (number of arrays that differ, the first of them in words).
    """
    with tempfile.TemporaryDirectory(prefix="weights-") as folder:
        model.save_weights(Path(folder) / "own.weights.h5")
        own = Hdf5((Path(folder) / "own.weights.h5").read_bytes())
    theirs = {path: each.shape for path, each in saved.arrays.items() if not path.startswith("optimizer/")}
    shapes = {path: each.shape for path, each in own.arrays.items()}
    said = [
        f"{_named(own, path)} must have the shape {shape}, and has {theirs[path]} there"
        if path in theirs
        else f"{_named(own, path)} of shape {shape} is not in it"
        for path, shape in shapes.items()
        if theirs.get(path) != shape
    ]
    said += [
        f"it has {_named(saved, path)} of shape {shape}, which the model has not"
        for path, shape in theirs.items()
        if path not in shapes
    ]
    return len(said), said[0] if said else "its weights are of another type"


def _named(saved, path):
    """What an array is called, by its layer's name where the file tells it."""
    group, _, number = path.rpartition("/")
    name = (saved.names(group, "name") or [""])[0]
    return f"weight {number} of the layer {name}" if name else path


def bytes_of(model):
    """Bytes of a model's weights, at four a number."""
    return 4 * model.count_params()


def check_finite(model, path):
    """Refuse weights with NaN or infinity among them.

    Raises:
        ModelError: Names the file and the layer's weight.
    """
    for variable in model.weights:
        if "float" not in variable.dtype:
            continue
        values = keras.ops.convert_to_numpy(variable)
        # The sum is not finite if a value is not, and takes a tenth of the time
        with np.errstate(all="ignore"):
            if np.isfinite(values.sum(dtype="float64")) or np.isfinite(values).all():
                continue
        raise ModelError(
            f"{path} has weights that are no finite numbers (NaN or infinity, in {variable.path}); "
            "use a file from before training failed."
        )
