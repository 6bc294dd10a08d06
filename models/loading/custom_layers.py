"""Layers of the user's own: classes and functions that a saved model names, and a file that defines them."""

import importlib.util
import inspect
import os
import sys
from pathlib import Path

import keras

from ..checks.arguments import shown
from ..checks.words import rows_of
from ..errors import ModelError

UNKNOWN_PART = "only the code that saved it knows"  # what is said of a model that needs such layers
HINT = ": if you have that code, give its class as custom_layers"


def by_name(custom_layers):
    """Classes and functions by the names under which a saved model may ask for them.

    Args:
        custom_layers: Classes of layers or models, and functions.

    Returns:
        {name: class or function}: both the name it is registered under and its own.

    Raises:
        ModelError: If something else is among them.

    Example:
        >>> import keras
        >>> class Double(keras.layers.Layer):
        ...     def call(self, inputs):
        ...         return 2 * inputs
        >>> sorted(by_name([Double]))
        ['Double']
    """
    found, given = {}, rows_of(custom_layers)
    if given is None:
        raise ModelError(f"custom_layers takes a list of classes and functions, not {shown(custom_layers)}.")
    for each in given:
        is_layer = inspect.isclass(each) and issubclass(each, keras.Operation)
        if not is_layer and not inspect.isfunction(each):
            raise ModelError(f"custom_layers takes classes of layers, and functions, not {shown(each)}.")
        found |= {keras.saving.get_registered_name(each): each, each.__name__: each}
    return found


def read_custom_layers(path):
    """Run a Python file, and find the layers and registered functions that it defines.

    The file's code is run with all that this process may do: name only a file that you trust.

    Args:
        path: A Python file.

    Returns:
        List of classes and functions, for `custom_layers` of `models.load_model`.

    Raises:
        ModelError: If there is no such file, it fails, or it defines no layer.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "my_layers.py"
        ...     _ = file.write_text("import keras\\nclass Double(keras.layers.Layer): pass\\n")
        ...     [each.__name__ for each in read_custom_layers(file)]
        ['Double']
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ModelError(f"read_custom_layers needs path as the name of a Python file, not {shown(path)}.")
    path = Path(path)
    if path.suffix != ".py" or not path.is_file():
        raise ModelError(f"{path} is no Python file; name the file that defines the model's own layers.")
    name = f"custom_layers_of_{abs(hash(path.resolve()))}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        sys.modules.pop(name, None)
        raise
    except BaseException as error:  # whatever the user's code raises: a script may also end the process
        sys.modules.pop(name, None)
        said = " ".join(str(error).split()).rstrip(".") or "it says no more"
        raise ModelError(f"{path} cannot be run: {type(error).__name__}: {said}.") from error
    found = [each for each in vars(module).values() if getattr(each, "__module__", None) == name]
    found = [each for each in found if _is_layer(each) or _is_registered(each)]
    if not found:
        raise ModelError(f"{path} defines no layer: no class that is a keras.layers.Layer or keras.Model.")
    return found


def _is_layer(each):
    return inspect.isclass(each) and issubclass(each, keras.Operation)


def _is_registered(each):
    return inspect.isfunction(each) and ">" in keras.saving.get_registered_name(each)
