"""Check arguments: every mistake becomes a ModelError of one sentence that names the argument.

A rule is a function of (owner, name, value): the name of the builder or function that was called, the name
of the argument, and what was given. It returns the value to go on with, or raises.
"""

import functools
import inspect
import math
import operator
import os
import reprlib

import keras
import numpy as np

from ..errors import ModelError
from . import free_memory

BYTES_EACH = 12  # of a weight while a layer is built: float32, and what its initializer draws it from
MOST = 2**31 - 1  # the largest whole number that every backend takes as a size
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60
_REPR.maxtuple = _REPR.maxlist = 8


def checked(one_neuron_for=1, **rules):
    """Decorator that applies a rule to each argument before the function sees it.

    Arguments that mean the same everywhere, such as `classes`, have their rule in `_USUAL`; `rules` adds
    to these or replaces them. Defaults are taken as they are.

    Args:
        one_neuron_for: Number of classes for which the builder's last layer has one neuron.
        rules: A rule for each argument that has no usual one.

    Example:
        >>> @checked(side=whole())
        ... def Square(side=1, name=None):
        ...     return side**2
        >>> Square(3)
        9
        >>> try:
        ...     Square(-3)
        ... except ModelError as error:
        ...     print(error)
        Square needs side of 1 or more, not -3.
    """

    def decorate(function):
        signature = inspect.signature(function)
        known = {name: rule for name, rule in _USUAL.items() if name in signature.parameters} | rules
        owner = function.__qualname__.rpartition("<locals>.")[2].removesuffix(".__init__")

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return function(*args, **kwargs)  # Python's own message names the function
            for name in bound.arguments:
                if name in known:
                    bound.arguments[name] = known[name](owner, name, bound.arguments[name])
            bound.apply_defaults()
            _check_ending(owner, one_neuron_for, bound.arguments)
            return function(*bound.args, **bound.kwargs)

        return wrapper

    return decorate


def shown(value):
    """A value in a few words, for a message.

    Args:
        value: Anything.

    Example:
        >>> shown(np.zeros((2, 3))), shown("x" * 1000)[:20], len(shown("x" * 1000)) < 100
        ('an array of shape (2, 3)', "'xxxxxxxxxxxxxxxxxxx", True)
    """
    if isinstance(value, keras.layers.Layer):
        return f"the {type(value).__name__} {value.name!r}"
    shape = getattr(value, "shape", None)
    if shape is not None and not isinstance(value, np.generic):
        return f"an array of shape {tuple(shape)}"
    return " ".join(_REPR.repr(value).split())


def whole(least=1, most=MOST, none=False):
    """Rule: a whole number from `least` to `most`, or None where `none` allows it.

    Args:
        least, most: Limits.
        none: Whether None is allowed.

    Example:
        >>> whole(1)("ConvNet", "classes", np.int64(3))
        3
    """

    def rule(owner, name, value):
        if none and value is None:
            return None
        number = _index(value)
        if number is None:
            raise ModelError(
                f"{owner} needs {name} as a whole number of {least} or more, not {shown(value)}."
            )
        if number < least:
            raise ModelError(f"{owner} needs {name} of {least} or more, not {number}.")
        if number > most:
            raise ModelError(f"{owner} needs {name} of at most {most:,}, not {shown(number)}.")
        return number

    return rule


def _index(value):
    """`value` as an int, None if it is no whole number."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def sizes(count=None, least=1, most=MOST):
    """Rule: a tuple or list of whole numbers, `count` of them if that is given, otherwise one or more.

    Args:
        count: How many; 0 for any number, none included.
        least, most: Limits of each.

    Example:
        >>> sizes(2)("ConvNet", "filters", [16, 32])
        (16, 32)
    """
    wanted = f"{count} whole numbers" if count else "whole numbers"

    def rule(owner, name, value):
        numbers = [_index(each) for each in value] if isinstance(value, (tuple, list)) else [None]
        if None in numbers or (count and len(numbers) != count):
            raise ModelError(f"{owner} needs {name} as a tuple of {wanted}, not {shown(value)}.")
        if (count is None and not numbers) or min(numbers, default=least) < least:
            raise ModelError(f"{owner} needs {name} of {least} or more, not {shown(value)}.")
        if max(numbers, default=0) > most:
            raise ModelError(f"{owner} needs {name} of at most {most:,} each, not {shown(value)}.")
        return tuple(numbers)

    return rule


def shape(words, example, smallest=1, unknown=()):
    """Rule: the shape of one input.

    Args:
        words: What its sizes are, such as "height, width, channels".
        example: A shape that would be right, for the message.
        smallest: The least height and width that leave a pixel after the last pooling.
        unknown: Indices of sizes that may be None.

    Example:
        >>> shape("frames, values", (8, 3), unknown=(0,))("VideoLSTM", "input_shape", (None, 5))
        (None, 5)
    """

    def rule(owner, name, value):
        given = tuple(value) if isinstance(value, (tuple, list)) else ()
        numbers = [None if each is None else _index(each) or 0 for each in given]
        wrong = len(numbers) != len(example)
        if wrong or any(
            place not in unknown if each is None else not 1 <= each <= MOST
            for place, each in enumerate(numbers)
        ):
            raise ModelError(f"{owner} takes {name}=({words}), such as {example}, not {shown(value)}.")
        if smallest > 1:
            check_image_size(owner, numbers, smallest)
        return tuple(numbers)

    return rule


def image_shape(smallest=1):
    """Rule: (height, width, channels) of one image.

    Args:
        smallest: The least height and width.

    Example:
        >>> image_shape(smallest=7)("ConvNet", "input_shape", [32, 32, 3])
        (32, 32, 3)
    """
    return shape("height, width, channels", (28, 28, 1), smallest)


def check_image_size(owner, input_shape, smallest):
    """Refuse images of fewer than `smallest` pixels in height or width.

    Args:
        owner: Name of the builder.
        input_shape: (height, width, channels).
        smallest: The least height and width.

    Example:
        >>> check_image_size("ConvNet", (28, 28, 1), smallest=7)
    """
    height, width = input_shape[:2]
    if min(height, width) < smallest:
        raise ModelError(
            f"{owner} needs images of at least {smallest} x {smallest} pixels, not {height} x {width}."
        )


def check_parameters(owner, count):
    """Refuse a model whose weights do not fit into the memory that is free, before Keras asks for it.

    Args:
        owner: Name of the builder.
        count: Number of its parameters, about.

    Example:
        >>> try:
        ...     check_parameters("MLP", 10**12)
        ... except ModelError as error:
        ...     print(str(error)[:50])
        MLP needs about 12 TB of memory for its weights wi
    """
    free, needed = free_memory.free_memory(), BYTES_EACH * count
    if needed > free:
        raise ModelError(
            f"{owner} needs {free_memory.about(needed)} of memory for its weights with these arguments, "
            f"and {free_memory.spoken(free)} are free; make the largest of them smaller."
        )


def chain(*units):
    """Number of weights of dense layers, one after the other, without biases.

    Args:
        units: Number of input values, then of the neurons of each layer.

    Example:
        >>> chain(784, 512, 10) == 784 * 512 + 512 * 10
        True
    """
    return sum(inputs * outputs for inputs, outputs in zip(units, units[1:], strict=False))


def number(least=-math.inf, most=math.inf, below=math.inf, above=-math.inf):
    """Rule: a finite number from `least` to `most`, less than `below`, more than `above`.

    Args:
        least, most, below, above: Limits.

    Example:
        >>> number(least=0, below=1)("ConvNet", "dropout", 0.5)
        0.5
    """
    limits = [
        *([f"{least:g} or more"] if least > -math.inf else []),
        *([f"more than {above:g}"] if above > -math.inf else []),
        *([f"at most {most:g}"] if most < math.inf else []),
        *([f"less than {below:g}"] if below < math.inf else []),
    ]
    wanted = " of " + " and ".join(limits) if limits else ""
    if least > -math.inf and min(most, below) < math.inf:
        wanted = f" from {least:g} to {f'{most:g}' if most < math.inf else f'less than {below:g}'}"

    def rule(owner, name, value):
        real = _real(value)
        if real is None or not (least <= real <= most and above < real < below):
            raise ModelError(f"{owner} needs {name}{wanted or ' as a finite number'}, not {shown(value)}.")
        return float(real) if isinstance(real, int) and abs(real) > MOST else real

    return rule


def _real(value):
    """`value` as it is if it is one finite number, else None."""
    if isinstance(value, (bool, np.bool_, str, bytes)):
        return None
    try:
        return value if math.isfinite(value) and not np.ndim(value) else None
    except (TypeError, ValueError, OverflowError):
        return None


def share(owner, name, value):
    """Rule: a share from 0 to less than 1, such as a dropout rate.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> share("ConvNet", "dropout", 0)
        0
    """
    return _share(owner, name, value)


_share = number(least=0, below=1)


def choice(*options):
    """Rule: one of some words.

    Args:
        options: The words.

    Example:
        >>> choice("valid", "same")("FilterBank", "padding", "same")
        'same'
    """
    *others, last = (f'"{option}"' for option in options)
    wanted = f"{', '.join(others)} or {last}"

    def rule(owner, name, value):
        if not isinstance(value, str) or value not in options:
            raise ModelError(f"{owner} takes {name} {wanted}, not {shown(value)}.")
        return value

    return rule


def flag(owner, name, value):
    """Rule: True or False.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> flag("VideoLSTM", "return_sequences", np.bool_(True))
        True
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ModelError(f"{owner} needs {name} as True or False, not {shown(value)}.")
    return bool(value)


def activation(owner, name, value):
    """Rule: what Keras takes as an activation: a name, a function, or None for none.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> activation("ConvNet", "classifier_activation", "softmax")
        'softmax'
    """
    try:
        keras.activations.get(value)
    except Exception:  # Keras raises several kinds
        raise ModelError(
            f'{owner} needs {name} as the name of a Keras activation, such as "relu" or "softmax", or None, '
            f"not {shown(value)}."
        ) from None
    return value


def _check_ending(owner, classes, arguments):
    """Refuse a softmax over one neuron, which is 1 whatever the model computes."""
    ending = arguments.get("classifier_activation")
    if arguments.get("classes") == classes and not (isinstance(ending, str) and ending == "auto"):
        function = keras.activations.get(ending)
        if function in (keras.activations.softmax, keras.activations.log_softmax):
            raise ModelError(
                f"{owner} has one neuron for classes={classes}, and a softmax over one neuron is always 1; "
                f'use classifier_activation="sigmoid"{" or classes=2" if classes == 1 else ""}.'
            )


def text(owner, name, value):
    """Rule: a name of a model, None for one that Keras makes up.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> text("ConvNet", "name", "mine")
        'mine'
    """
    if value is not None and (not isinstance(value, str) or not value or "/" in value):
        raise ModelError(f'{owner} needs {name} as text without "/", not {shown(value)}.')
    return value


def weights(owner, name, value):
    """Rule: None, the name of a set of weights, or a file.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> weights("ConvNet", "weights", "mnist")
        'mnist'
    """
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise ModelError(f"{owner} takes {name} as None, a name or a file, not {shown(value)}.")
    if value is not None and len(os.fspath(value)) > 4000:
        raise ModelError(f"{owner} cannot look for {name} under a name of {len(os.fspath(value))} letters.")
    return value


def built_model(owner, name, value):
    """Rule: a functional or sequential model that has been built.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> from models import MLP
        >>> built_model("stages", "model", MLP()).name
        'mlp'
    """
    if not isinstance(value, keras.Model) or not getattr(value, "outputs", None):
        raise ModelError(
            f"{owner} needs {name} as a functional or sequential Keras model that has been built, "
            f"not {shown(value)}."
        )
    return value


def numbers(owner, name, value):
    """A value as a tensor of floating-point numbers, of any shape; whole numbers become float32.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> numbers("relu", "z", [1, 2]).numpy()
        array([1., 2.], dtype=float32)
    """
    try:
        tensor = keras.ops.convert_to_tensor(value)
        if "complex" in str(tensor.dtype):
            raise TypeError
        return tensor if "float" in str(tensor.dtype) else keras.ops.cast(tensor, "float32")
    except Exception:  # the backends raise several kinds
        raise ModelError(
            f"{owner} needs {name} as a tensor or array of numbers, not {shown(value)}."
        ) from None


def array(owner, name, value, rank=None, what=None):
    """A value as an array of finite numbers.

    Args:
        owner, name: Of the function and its argument.
        value: Array, tensor or nested sequences of numbers.
        rank: Number of its dimensions, None for any.
        what: What it should be, such as "(n, height, width, channels)", for the message.

    Example:
        >>> array("pixels_holding", "mass", [[1, 2]], rank=2)
        array([[1, 2]])
    """
    wanted = f"an array of numbers{f' {what}' if what else ''}"
    try:
        found = keras.ops.convert_to_numpy(value) if keras.ops.is_tensor(value) else np.asarray(value)
        if found.dtype.name == "bfloat16":
            found = found.astype("float32")
    except Exception:  # NumPy and the backends raise several kinds
        raise ModelError(f"{owner} needs {name} as {wanted}, not {shown(value)}.") from None
    if found.dtype.kind not in "biuf":
        raise ModelError(f"{owner} needs {name} as {wanted}, not {shown(value)} of type {found.dtype.name}.")
    if rank is not None and found.ndim != rank:
        raise ModelError(f"{owner} needs {name} as {wanted}, not of shape {found.shape}.")
    if not found.size:
        raise ModelError(f"{owner} needs {name} that are not empty, not of shape {found.shape}.")
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise ModelError(f"{owner} needs {name} without nan or infinite values; correct them.")
    return found


def batch_for(owner, model, images, name="images"):
    """Images, or other inputs, as an array that a model takes.

    Args:
        owner: Name of the function.
        model: A built model with one input.
        images: Array or tensor (n, ...).
        name: Name of the argument.

    Raises:
        ModelError: If the model has several inputs, or the array is not what it takes.

    Example:
        >>> from models import MLP
        >>> batch_for("saliency", MLP(), np.zeros((5, 28, 28, 1))).shape
        (5, 28, 28, 1)
    """
    if len(model.inputs) != 1:
        raise ModelError(f"{owner} needs a model with one input, and {model.name} has {len(model.inputs)}.")
    taken = tuple(model.inputs[0].shape[1:])
    what = f"({', '.join(['n', *('any' if size is None else str(size) for size in taken)])})"
    if model.inputs[0].dtype == "string":
        raise ModelError(f"{owner} needs a model of numbers, such as pixels, and {model.name} takes texts.")
    found = array(owner, name, images, what=what)
    fits = len(found.shape) == len(taken) + 1
    if not fits or any(want not in (None, have) for want, have in zip(taken, found.shape[1:], strict=True)):
        hint = f"; for one of them, write {name}[None]" if len(found.shape) == len(taken) else ""
        raise ModelError(f"{owner} needs {name} of shape {what} for {model.name}, not {found.shape}{hint}.")
    return found


_USUAL = {
    "activation": activation,
    "classes": whole(),
    "classifier_activation": activation,
    "dense_units": whole(),
    "dropout": share,
    "model": built_model,
    "name": text,
    "seed": whole(0, 2**32 - 1),
    "units": whole(),
    "weights": weights,
}
