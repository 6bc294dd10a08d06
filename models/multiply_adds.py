"""Count the multiply-adds of every layer of a model, call by call."""

import math
import re

import keras

from .errors import ModelError


def walk(model, inputs):
    """Multiply-adds of a model with inputs of known shapes, nested models included.

    Args:
        model: A built functional or sequential model.
        inputs: A KerasTensor for each of its inputs.

    Returns:
        An int.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> walk(model, model.inputs)
        12
    """
    counts = []

    def call(operation, *args, **kwargs):
        result = operation(*args, **kwargs)
        tensors = [each for each in keras.tree.flatten((args, kwargs)) if isinstance(each, keras.KerasTensor)]
        if isinstance(operation, keras.Model) and getattr(operation, "outputs", None):
            counts.append(
                walk(operation, [keras.Input(each.shape[1:], dtype=each.dtype) for each in tensors])
            )
        else:
            counts.append(_known(operation, tensors, result))
        return result

    taken, given = (each if len(each) > 1 else each[0] for each in (model.inputs, inputs))
    graph = keras.Model(taken, model.outputs)  # a sequential model has none to walk
    keras.models.clone_model(graph, given, clone_function=lambda layer: layer, call_function=call)
    return sum(counts)


def _known(operation, tensors, result):
    """The multiply-adds of one call; an error if they depend on an unknown size."""
    outputs = [each for each in keras.tree.flatten(result) if isinstance(each, keras.KerasTensor)]
    shapes = [tuple(each.shape[1:]) for each in tensors]
    count = _count(operation, shapes, tuple(outputs[0].shape[1:]))
    if count is None:
        raise ModelError(
            f"multiply_adds cannot count {operation.name}, whose input has the shape {shapes[0]}; give the "
            "shape of the model's input as input_shape."
        )
    return count


def _count(operation, shapes, output):
    """Multiply-adds of a layer or operation, None if a size is not known.

    Args:
        operation: The layer or operation.
        shapes: Shapes of its inputs, for one example.
        output: Shape of its (first) output.
    """
    kind = type(operation).__name__
    rule = next((_RULES[each.__name__] for each in type(operation).__mro__ if each.__name__ in _RULES), None)
    if rule is not None:
        try:
            return rule(operation, shapes, output)
        except (TypeError, ValueError) as error:
            if isinstance(error, ModelError):
                raise
            if any(None in shape for shape in (*shapes, output)):  # a product with None
                return None
            raise ModelError(f"multiply_adds cannot count {operation.name} on {shapes}.") from error
    matrices = [weight for weight in getattr(operation, "weights", ()) if len(weight.shape) > 1]
    if matrices or kind in _UNKNOWN_OPERATIONS:
        raise ModelError(f"multiply_adds cannot count {operation.name}, a {kind}.")
    return 0


def _weights(*variables):
    return sum(math.prod(variable.shape) for variable in variables)


def _nothing(layer, shapes, output):
    return 0


def _dense(layer, shapes, output):
    return _weights(layer.kernel) * math.prod(output[:-1])


def _einsum_dense(layer, shapes, output):
    inputs, kernel, result = re.split(",|->", layer.equation.replace(" ", ""))
    sizes = dict(zip(kernel, layer.kernel.shape, strict=True))
    return math.prod(output) * math.prod(size for letter, size in sizes.items() if letter not in result)


def _convolution(layer, shapes, output):
    return _weights(layer.kernel) * (math.prod(output) // layer.filters)


def _transposed(layer, shapes, output):
    """Each input pixel is multiplied with the whole kernel."""
    features = layer.kernel.shape[-1]
    return _weights(layer.kernel) * (math.prod(shapes[0]) // features)


def _depthwise(layer, shapes, output):
    features = layer.kernel.shape[-1] * layer.kernel.shape[-2]
    return _weights(layer.kernel) * (math.prod(output) // features)


def _separable(layer, shapes, output):
    pixels = math.prod(output) // layer.filters
    return _weights(layer.depthwise_kernel, layer.pointwise_kernel) * pixels


def _recurrent(layer, shapes, output):
    cells = getattr(layer.cell, "cells", [layer.cell])
    if not all(hasattr(cell, "kernel") and hasattr(cell, "recurrent_kernel") for cell in cells):
        raise ModelError(
            f"multiply_adds cannot count {layer.name}, whose cell is a {type(cells[0]).__name__}."
        )
    return shapes[0][0] * sum(_weights(cell.kernel, cell.recurrent_kernel) for cell in cells)


def _recurrent_convolution(layer, shapes, output):
    """Each gate has two convolutions, applied at every pixel of the output and at every time step."""
    cell = layer.cell
    spatial = output[1:] if layer.return_sequences else output
    pixels = math.prod(spatial) // cell.filters
    return shapes[0][0] * pixels * _weights(cell.kernel, cell.recurrent_kernel)


def _both_directions(layer, shapes, output):
    first = list(output)
    if layer.merge_mode == "concat":
        first[-1] //= 2
    forward, backward = layer.forward_layer, layer.backward_layer
    return sum(1 * _count(each, shapes, tuple(first)) for each in (forward, backward))


def _each_step(layer, shapes, output):
    return shapes[0][0] * _inside(layer.layer, shapes[0][1:], output[1:])


def _wrapped(layer, shapes, output):
    return _inside(layer.layer, shapes[0], output)


def _inside(layer, shape, output):
    if isinstance(layer, keras.Model):
        return walk(layer, [keras.Input(shape)])
    return 1 * _count(layer, [shape], output)


def _multi_head_attention(layer, shapes, output):
    (targets, width), (sources, value_width) = shapes[0], shapes[1]
    key_width = shapes[2][-1] if len(shapes) > 2 else value_width
    heads, key, value = layer.num_heads, layer.key_dim, layer.value_dim or layer.key_dim
    projections = targets * width * heads * key + sources * heads * (key_width * key + value_width * value)
    return projections + heads * targets * sources * (key + value) + targets * heads * value * output[-1]


def _grouped_query_attention(layer, shapes, output):
    (targets, width), (sources, value_width) = shapes[0], shapes[1]
    key_width = shapes[2][-1] if len(shapes) > 2 else value_width
    queries = layer.num_query_heads * layer.head_dim
    shared = layer.num_key_value_heads * layer.head_dim
    projections = targets * width * queries + sources * shared * (key_width + value_width)
    return projections + 2 * targets * sources * queries + targets * queries * output[-1]


def _attention(layer, shapes, output):
    """The scores of each target for each source, and the weighted sum of the values."""
    (targets, width), (sources, value_width) = shapes[0], shapes[1]
    return targets * sources * (width + value_width)


def _dot(layer, shapes, output):
    axis = layer.axes if isinstance(layer.axes, int) else layer.axes[0]
    return math.prod(output) * shapes[0][axis - 1 if axis > 0 else axis]


def _matrix_product(operation, shapes, output):
    return math.prod(output) * shapes[0][-1]


def _einsum(operation, shapes, output):
    inputs, arrow, result = operation.subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow or "." in inputs or len(terms) != len(shapes):
        raise ModelError(f"multiply_adds cannot count {operation.name}, an einsum of {operation.subscripts}.")
    sizes = {}
    for term, shape in zip(terms, shapes, strict=True):
        sizes |= dict(zip(term[1:], shape, strict=True))  # each begins with the batch
    return math.prod(sizes.values()) * (len(terms) - 1)


def _spectrogram(layer, shapes, output):
    """Each column is a product of the frame with cosines, and one with sines, in every channel."""
    last = layer.data_format == "channels_last"
    times = output[-3 if layer.expand_dims else -2] if last else output[-1]
    channels = shapes[0][-1 if last else 0] if len(shapes[0]) > 1 else 1
    return times * channels * _weights(*layer.weights)


def _mel_spectrogram(layer, shapes, output):
    return math.prod(output) * (layer.fft_length // 2 + 1)


_RULES = {
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "Embedding": _nothing,
    "BaseConv": _convolution,
    "BaseConvTranspose": _transposed,
    "BaseDepthwiseConv": _depthwise,
    "BaseSeparableConv": _separable,
    "SimpleRNN": _recurrent,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "ConvLSTM": _recurrent_convolution,
    "RNN": _recurrent,
    "Bidirectional": _both_directions,
    "TimeDistributed": _each_step,
    "Wrapper": _wrapped,
    "MultiHeadAttention": _multi_head_attention,
    "GroupedQueryAttention": _grouped_query_attention,
    "Attention": _attention,
    "AdditiveAttention": _attention,
    "Dot": _dot,
    "Matmul": _matrix_product,
    "Einsum": _einsum,
    "STFTSpectrogram": _spectrogram,
    "MelSpectrogram": _mel_spectrogram,
    "PReLU": _nothing,
    "LayerNormalization": _nothing,
}
_UNKNOWN_OPERATIONS = {
    "Conv",
    "ConvTranspose",
    "DepthwiseConv",
    "DotProductAttention",
    "Inner",
    "Outer",
    "SeparableConv",
    "Tensordot",
    "Vdot",
}
