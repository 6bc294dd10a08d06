"""Models from files, whoever made them."""

import contextlib
import io
import json
import math
import re
import threading
import warnings
import zipfile
from pathlib import Path

import keras

from ..checks.arguments import shown
from ..errors import ModelError, Refused
from .archives import read_archive
from .configs import check_config
from .custom_layers import UNKNOWN_PART, by_name
from .files import parse_json, read_file
from .hdf5 import Hdf5
from .weight_files import check_finite, naming, no_room, temporary_folder, write_copy

MOST_BYTES = 4 << 30  # of a file
MOST_VALUES = 1 << 28  # in what one layer makes of one example: a GB
SPARE_VALUES = 1 << 16  # that layers may have beside those in the file
REMEDY = "save the model again, or fetch the file again"

_one_at_a_time = threading.Lock()


def load_model(path, custom_layers=()):
    """Load a model that Keras saved, without trusting the file.

    Only layers of Keras's own, and those that are given, are built; nothing in the file is run, no other
    file is read, and nothing is allocated for weights that the file does not hold.

    Args:
        path: A `.keras` file.
        custom_layers: Classes of layers or models of your own, and functions, that the model has.

    Returns:
        The model, not compiled.

    Raises:
        ModelError: If the file cannot be read, is damaged or hostile, has parts that only the code that
            saved it knows and that are not given, weights that are not finite, or layers that need more
            than 1 GB for one example, or if another major version of Keras saved it.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from models import MLP, load_model
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     MLP().save(Path(folder) / "digits.keras")
        ...     load_model(Path(folder) / "digits.keras").count_params()
        407050
    """
    return load_with_about(path, custom_layers)[0]


def load_with_about(path, custom_layers=()):
    """The same, with what this project added to the file: see `models.loading.saved_classifiers`.

    Args:
        path: A `.keras` file.
        custom_layers: As for `load_model`.

    Returns:
        (the model, not compiled; the content of its glass_zoo.json, not checked, or None).

    Raises:
        ModelError: As `load_model` does.

    Example:
        >>> import tempfile
        >>> from models import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     MLP().save(Path(folder) / "digits.keras")
        ...     load_with_about(Path(folder) / "digits.keras")[1] is None
        True
    """
    path = Path(path)
    if not path.name.endswith(".keras"):
        raise ModelError(f"{path} must end in .keras, as Keras saves models{_other_format(path)}.")
    custom = by_name(custom_layers)
    content = read_file(path, MOST_BYTES, REMEDY)
    with naming(path, REMEDY):
        archive = read_archive(content)
        _check_version(path, archive.version)
        check_config(archive.config, custom)
        saved = Hdf5(archive.weights)
        with temporary_folder(path) as folder, keras.saving.custom_object_scope(custom):
            copy = folder / "copy.keras"
            held = _write(archive, saved, copy, path)
            model = _load(copy, held, path, archive.version, custom)
    check_finite(model, path)
    if (most := _largest(model)) > MOST_VALUES:
        raise ModelError(
            f"{path} has a layer that makes {most:,} numbers of one example, more than can be computed; "
            "build the model for smaller examples, and save it again."
        )
    return model, archive.about


def _other_format(path):
    """What else a file or folder is that Keras or TensorFlow wrote, and what to do: the end of a sentence."""
    if (path / "saved_model.pb").is_file():
        return (
            "; this folder is a SavedModel, which holds a computation and no layers of Keras: where the "
            'Keras model is at hand, save it with model.save("model.keras")'
        )
    with contextlib.suppress(OSError), path.open("rb") as file:
        if file.read(8) == b"\x89HDF\r\n\x1a\n":
            return (
                "; this is the older HDF5 format: if you trust it, open it with keras.models.load_model(file,"
                ' compile=False) and save it with model.save("model.keras")'
            )
    return ""


def read_json(path, most, remedy):
    """What a JSON file holds that lies beside a model.

    Args:
        path: The file.
        most: Bytes that it may have.
        remedy: What to do about a file that cannot be used: the end of the sentence.

    Returns:
        The value.

    Raises:
        ModelError: If it cannot be read, is larger, is no JSON, or more than 100 levels deep.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "labels.json"
        ...     _ = path.write_text('["cat", "dog"]')
        ...     read_json(path, most=1000, remedy="run the lesson again")
        ['cat', 'dog']
    """
    content = read_file(path, most, remedy)
    try:
        return parse_json(content)
    except ValueError as error:
        raise ModelError(f"{path} is damaged ({str(error).partition(': ')[0].lower()}); {remedy}.") from error


def _check_version(path, version):
    """Refuse a model of another major version of Keras."""
    major = version.partition(".")[0]
    if major != keras.version().partition(".")[0]:
        raise ModelError(
            f"{path} was saved by Keras {version}, and this is Keras {keras.version()}, which is not made to "
            f"read it; save it again with this one, or install Keras {major}."
        )


def _write(archive, saved, copy, path):
    """Write a clean copy of a model's file; the number of values of its weights."""
    weights = io.BytesIO()
    write_copy(saved, weights)
    try:
        with zipfile.ZipFile(copy, "w") as parts:
            parts.writestr("metadata.json", json.dumps({"keras_version": archive.version}))
            parts.writestr("config.json", json.dumps(archive.config))
            parts.writestr("model.weights.h5", weights.getbuffer())
            for name, content in archive.assets.items():
                parts.writestr(name, content)
    except OSError as error:
        raise no_room(path, error) from error
    return sum(
        math.prod(array.shape) for name, array in saved.arrays.items() if not name.startswith("optimizer/")
    )


def _load(copy, held, path, version, custom=()):
    """Let Keras load a clean copy, as long as it does not make more weights than there are in it."""
    try:
        with warnings.catch_warnings(), no_more_weights_than(held + SPARE_VALUES):
            warnings.simplefilter("ignore")
            return keras.saving.load_model(copy, compile=False, safe_mode=True)
    except TooMany as error:
        raise Refused(f"has layers with more weights than are in it ({error})") from error
    except (Exception, SystemExit) as error:  # whatever a layer raises that is half there, or not known here
        shapes = re.search(r"variable\.shape=(\(.*?\)).*?value\.shape=(\(.*?\))", str(error), re.DOTALL)
        if shapes:
            raise Refused(
                f"is damaged: a weight must have the shape {shapes[1]}, and has {shapes[2]} there"
            ) from error
        if custom:
            raise ModelError(
                f"{path} cannot be built with {shown(sorted(custom))} ({_cause(error)}); correct these "
                "layers, or save the model again."
            ) from error
        raise ModelError(
            f"{path}, saved by Keras {version}, cannot be loaded by Keras {keras.version()}: it is damaged, "
            f"or has parts that {UNKNOWN_PART}; {REMEDY}."
        ) from error


def _cause(error):
    """What was raised first, in a few words: Keras passes on what a layer raises, with its own beside."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return f"{type(error).__name__}: {' '.join(str(error).split()).rstrip('.')[:300]}"


class TooMany(Exception):
    """Layers ask for more weights than they may."""


@contextlib.contextmanager
def no_more_weights_than(most):
    """Stop before layers that are built in this thread allocate more than `most` values in all."""
    add_weight, thread, made = keras.Layer.add_weight, threading.get_ident(), 0

    def counted(layer, shape=None, *arguments, **settings):
        nonlocal made
        if threading.get_ident() == thread:
            made += math.prod(shape if isinstance(shape, (list, tuple)) else [shape or 1])
            if made > most:
                raise TooMany(f"{made:,} at least, by {layer.name}")
        return add_weight(layer, shape, *arguments, **settings)

    with _one_at_a_time:
        keras.Layer.add_weight = counted
        try:
            yield
        finally:
            keras.Layer.add_weight = add_weight


def _largest(model):
    """Values in the largest output of any layer for one example, of unknown sizes as 1."""
    most = 1
    for layer in getattr(model, "operations", None) or getattr(model, "layers", ()):
        if hasattr(layer, "layers"):
            most = max(most, _largest(layer))
        with contextlib.suppress(AttributeError, ValueError):  # it has no output, or several
            for tensor in keras.tree.flatten(layer.output):
                most = max(most, math.prod(size or 1 for size in tensor.shape[1:]))
    return most
