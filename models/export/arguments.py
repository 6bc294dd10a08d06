"""Rules for the arguments of pages; see `models.checks.arguments`."""

import keras
import numpy as np

from ..checks.arguments import array, shown
from ..checks.words import rows_of
from ..errors import ModelError

LARGEST = float(np.finfo("float32").max)


def anything(owner, name, value):
    """Rule: anything, as the function itself says what it takes.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> anything("write_text_page", "model", 3)
        3
    """
    return value


def names(owner, name, value):
    """Rule: None, or what classes or examples are called, a list.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> names("write_page", "class_names", ("ants", "bees"))
        ['ants', 'bees']
    """
    found = None if value is None else rows_of(value)
    if value is not None and found is None:
        raise ModelError(f"{owner} needs {name} as a list of names, not {shown(value)}.")
    return found


def captions(owner, name, value):
    """Rule: the classes of examples, a list; None counts as none.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> captions("write_page", "captions", None)
        []
    """
    return names(owner, name, value) or []


def pixel_range(owner, name, value):
    """Rule: the values of black and white, two different numbers.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> pixel_range("write_page", "pixel_range", (-1, 1))
        (-1.0, 1.0)
    """
    try:
        low, high = (float(each) for each in value)
    except (TypeError, ValueError, OverflowError):
        low = high = 0.0
    if low == high or not (abs(low) <= LARGEST and abs(high) <= LARGEST):
        raise ModelError(f"{owner} needs {name} as two different numbers, not {shown(value)}.")
    return low, high


def images(owner, name, value):
    """Rule: images of pixels from 0 to 255, or none.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> images("write_page", "images", np.zeros((2, 28, 28))).dtype.name
        'uint8'
    """
    if _is_empty(value):
        return np.zeros(np.shape(value), "uint8")
    found = array(owner, name, value, what="(n, height, width, channels)")
    if found.ndim not in (3, 4) or found.min() < 0 or found.max() > 255:
        raise ModelError(
            f"{owner} needs {name} as (n, height, width, channels) with pixels from 0 to 255, not of shape "
            f"{found.shape} from {found.min():g} to {found.max():g}."
        )
    return found.astype("uint8")


def values(owner, name, value):
    """Rule: numbers for each example, or none.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> values("write_page", "other_inputs", [[1, 2]]).dtype.name
        'float32'
    """
    if _is_empty(value):
        return np.zeros(np.shape(value), "float32")
    with np.errstate(over="ignore"):
        return array(owner, name, array(owner, name, value).astype("float32"))


def _is_empty(value):
    shape = getattr(value, "shape", None)
    return 0 in shape if shape is not None else rows_of(value) == []


def check_numbers(model):
    """Refuse a model with NaN or infinity among its weights: a page would show nothing else.

    Args:
        model: A built Keras model.

    Raises:
        ModelError: Names the weight.

    Example:
        >>> from models import LeNet5
        >>> check_numbers(LeNet5())
    """
    for variable in model.weights:
        if "float" in keras.backend.standardize_dtype(variable.dtype):
            values = keras.ops.convert_to_numpy(variable).astype("float32")
            if not np.isfinite(values).all():
                raise ModelError(
                    f"{model.name} has weights that are no finite numbers (NaN or infinity, in "
                    f"{shown(variable.path)}), which no page can show; use it as before training failed."
                )
