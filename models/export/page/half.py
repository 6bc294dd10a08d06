"""Weights as half precision (float16): how much smaller a page becomes, and what that changes."""

import keras
import numpy as np

from ..weight_bytes import LARGEST_HALF
from .step import numbers

TEXT_AND_SCRIPTS = 200_000  # bytes of a page without weights
COMPRESSED = {4: 0.93, 2: 0.92}  # what compression leaves of weights with so many bytes each, as measured
IN_BASE64 = 4 / 3


def page_bytes(model, float16=False, checkpoints=0):
    """About how many bytes a page of a model will have, without the examples.

    Args:
        model: A built Keras model.
        float16: Whether weights are written as half precision.
        checkpoints: How often weights of earlier moments are there, too.

    Returns:
        Whole number.

    Example:
        >>> from models import LeNet5
        >>> page_bytes(LeNet5()) > page_bytes(LeNet5(), float16=True)
        True
    """
    each = 2 if float16 else 4
    of_weights = each * COMPRESSED[each] + checkpoints * 2 * COMPRESSED[2]
    return round(TEXT_AND_SCRIPTS + model.count_params() * of_weights * IN_BASE64)


def halved(array):
    """The nearest numbers of half precision, as float32; the array itself where one is too large for these.

    Args:
        array: NumPy array.

    Returns:
        float32 array.

    Example:
        >>> float(halved(np.array([0.1]))[0])
        0.0999755859375
    """
    array = np.asarray(array, "float32")
    return array.astype("float16").astype("float32") if np.abs(array).max(initial=0) < LARGEST_HALF else array


def difference_by_half(model, inputs):
    """The greatest difference that half precision of the weights makes to a model's outputs.

    Args:
        model: A built Keras model; its weights are as before afterwards.
        inputs: An array (n, ...) for each of its inputs.

    Returns:
        A float, 0.0 if n is 0.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> difference_by_half(model, [np.ones((1, 1))])  # a weight of 1 is exact
        0.0
    """
    if not len(inputs[0]):
        return 0.0
    tensors = [keras.ops.cast(each, taken.dtype) for each, taken in zip(inputs, model.inputs, strict=True)]
    given = tensors if len(tensors) > 1 else tensors[0]
    real = [each for each in model.weights if "float" in keras.backend.standardize_dtype(each.dtype)]
    kept = [numbers(each).copy() for each in real]
    before = numbers(model(given, training=False))
    try:
        for weight, values in zip(real, kept, strict=True):
            weight.assign(halved(values))
        after = numbers(model(given, training=False))
    finally:
        for weight, values in zip(real, kept, strict=True):
            weight.assign(values)
    return float(np.abs(after.astype("float64") - before).max())
