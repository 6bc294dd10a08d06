"""What the layers of text networks compute, as steps that a page's modules know.

Values of a step are rows, one for each word, of so many numbers; or one row, once words have been pooled.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from ..page.supported import ACTIVATIONS

# Token ids that a model inside the network is tried with. Two texts: of one that has as many words as units,
# Keras's `add` takes the mask for a bias of the units
SAMPLE = np.array([[7, 5, 5, 3, 0]] * 2)


class Step(NamedTuple):
    """One node in the making.

    Attributes:
        kind: What the page computes: a name of `KINDS` in `network/kinds.js`.
        config: Settings.
        weights: {name: array}.
        part: Name of the step, where a layer takes several.
        takes: Places, among the layer's inputs and the steps before, of what it takes; None for what the
            step before made, or for all inputs of the layer.

    Example:
        >>> from models.export.text_page.steps import Step
        >>> Step("copy")
        Step(kind='copy', config={}, weights={}, part='', takes=None)
    """

    kind: str
    config: dict = {}
    weights: dict = {}
    part: str = ""
    takes: tuple | None = None


class Unknown(Exception):
    """What about a layer the page cannot compute, such as "which is stateful".

    Example:
        >>> from models.export.text_page.steps import Unknown
        >>> Unknown("which is stateful").args[0]
        'which is stateful'
    """


def _named(function):
    """The name of an activation function that the page knows."""
    name = getattr(function, "__name__", type(function).__name__)
    if name not in ACTIVATIONS or function is not getattr(keras.activations, name, None):
        raise Unknown(f"with an activation, {name}")
    return {"activation": name, "options": dict(ACTIVATIONS[name])}


def _embedding(layer, call):
    return [Step("embedding", {"mask_zero": bool(layer.mask_zero)}, {"vectors": layer.get_weights()[0]})]


def _copy(layer, call):
    return [Step("copy", {"masking": bool(layer.supports_masking)})]


def _multiply(layer, call):
    return [Step("multiply")]


def _not_equal(operation, call):
    if call.arguments.args[1:] != (0,) or len(call.input_tensors) != 1:
        raise Unknown("a comparison with something else than 0")
    return [Step("is_word")]


def _recurrent(layer, **settings):
    kind = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn"}[type(layer).__name__]
    for name in "stateful", "return_state":
        if getattr(layer, name, False):
            raise Unknown(f"with {name}=True")
    cell = layer.cell
    config = {"cell": kind, "units": layer.units, "sequences": bool(layer.return_sequences)}
    config |= {"of": _named(cell.activation), "reset_after": bool(getattr(cell, "reset_after", False))}
    config["zero_masked"] = bool(layer.zero_output_for_mask)
    if kind != "simple_rnn":
        config["gate"] = _named(cell.recurrent_activation)
    weights = {"kernel": cell.kernel, "recurrent": cell.recurrent_kernel}
    if cell.use_bias:
        weights["bias"] = cell.bias
    weights = {name: keras.ops.convert_to_numpy(value) for name, value in weights.items()}
    return Step("recurrent", config | {"backward": False} | settings, weights)


def _one_way(layer, call):
    if layer.go_backwards:
        raise Unknown("with go_backwards=True outside of Bidirectional")
    return [_recurrent(layer)]


def _bidirectional(layer, call):
    both = layer.forward_layer, layer.backward_layer
    if not all(isinstance(each, (layers.LSTM, layers.GRU, layers.SimpleRNN)) for each in both):
        raise Unknown(f"around {type(both[0]).__name__}")
    if layer.merge_mode not in ("concat", "sum", "mul", "ave"):
        raise Unknown(f"with merge_mode={layer.merge_mode}")
    if both[0].go_backwards or not both[1].go_backwards:
        raise Unknown("with layers that read in another direction")
    count = len(call.input_tensors)
    given = tuple(range(count))
    return [
        _recurrent(both[0])._replace(part="forward", takes=given),
        _recurrent(both[1], backward=True)._replace(part="backward", takes=given),
        Step("merge", {"mode": layer.merge_mode}, takes=(count, count + 1)),
    ]


def _conv(layer, call):
    plain = layer.strides == (1,) and layer.dilation_rate == (1,) and layer.groups == 1
    if not plain or layer.padding not in ("same", "valid") or layer.data_format != "channels_last":
        raise Unknown("with strides, dilation, groups, causal padding or channels_first")
    kernel, *bias = layer.get_weights()
    config = {"size": layer.kernel_size[0], "padding": layer.padding} | _named(layer.activation)
    return [Step("conv", config, {"kernel": kernel} | ({"bias": bias[0]} if bias else {}))]


def _dense(layer, call):
    kernel, *bias = layer.get_weights()
    weights = {"kernel": kernel} | ({"bias": bias[0]} if bias else {})
    return [Step("dense", _named(layer.activation), weights)]


def _concatenate(layer, call):
    rank = len(call.input_tensors[0].shape)
    if layer.axis % rank == rank - 1:
        return [Step("concatenate")]
    if layer.axis % rank == 1:
        return [Step("join")]
    raise Unknown("along the texts")


def _activation(layer, call):
    return [Step("activation", _named(layer.activation))]


def _pooling(kind):
    def step(layer, call):
        if layer.data_format != "channels_last" or layer.keepdims:
            raise Unknown("with channels_first or keepdims")
        return [Step(kind)]

    return step


STEPS = {
    "Embedding": _embedding,
    "Dropout": _copy,
    "SpatialDropout1D": _copy,
    "GaussianDropout": _copy,
    "GaussianNoise": _copy,
    "Identity": _copy,
    "Multiply": _multiply,
    "NotEqual": _not_equal,
    "LSTM": _one_way,
    "GRU": _one_way,
    "SimpleRNN": _one_way,
    "Bidirectional": _bidirectional,
    "Conv1D": _conv,
    "Dense": _dense,
    "Concatenate": _concatenate,
    "Activation": _activation,
    "GlobalAveragePooling1D": _pooling("global_mean"),
    "GlobalMaxPooling1D": _pooling("global_maximum"),
}


# ---- Models inside the network, as the zoo's builders put them there. A name proves nothing: each is tried


def _masked_rows(channels):
    """Values (2, words, channels) that are 0 in padding, and the mask (2, words, 1)."""
    mask = (SAMPLE != 0).astype("float32")[..., None]
    values = np.linspace(-0.9, 0.9, SAMPLE.size * channels, dtype="float32").reshape(2, -1, channels)
    return values * mask, mask


def _try_is_word(model):
    return [SAMPLE.astype("int32")], [(SAMPLE != 0)[..., None]], [Step("is_word")]


def _try_mean(model, maximum=False):
    values, mask = _masked_rows(model.inputs[0].shape[-1])
    expected = values.sum(1) / 4
    if maximum:
        expected = np.concatenate([expected, (values + mask - 1).max(1)], -1)
    return [values, mask], [expected], [Step("mean_and_maximum" if maximum else "mean")]


def _try_mean_and_maximum(model):
    return _try_mean(model, maximum=True)


def _try_pairs(model):
    rows = next(_number(each) for each in model.operations if type(each).__name__ in ("Mod", "Remainder"))
    factor = next(each for each in map(_number, model.operations) if each and each != rows)
    _, mask = _masked_rows(1)
    ids = SAMPLE.astype("int32")
    expected = [(ids[:, :-1] * factor + ids[:, 1:]) % rows, mask[:, :-1] * mask[:, 1:]]
    return [ids, mask], expected, [Step("pairs", {"rows": rows, "factor": factor}), Step("are_pairs")]


def _try_different(model):
    ordered = np.sort(SAMPLE, 1)
    first = np.array([[0, 1, 1, 0, 1]] * 2)[..., None]
    return [SAMPLE.astype("int32")], [ordered, first], [Step("in_order"), Step("first")]


def _try_scores(model):
    votes, _ = _masked_rows(model.inputs[0].shape[-1])
    counts = (SAMPLE != 0)[..., None]
    weights = np.array([[1.0, 2.0, 0.5, 3.0, 0.0]] * 2)[..., None]
    norm = np.sqrt(((weights * counts) ** 2).sum(1))
    given = [votes, 2 * votes, weights.astype("float32"), counts.astype("float32")]
    return given, [votes.sum(1) + 2 * votes.sum(1) / norm], [Step("scores")]


NESTED = {
    "is_word": _try_is_word,
    "mean_of_words": _try_mean,
    "mean_and_maximum": _try_mean_and_maximum,
    "pairs": _try_pairs,
    "different": _try_different,
    "scores": _try_scores,
}


def nested_step(model):
    """The steps to each output of a model that a builder of the zoo put inside a network.

    Args:
        model: A Keras model inside a network.

    Returns:
        A list of `Step`, one for each output; None if it is no such model: the name says which it should be,
        and what it computes for a sample says whether it is.

    Example:
        >>> from models import MLP, SentimentConv1D
        >>> from models.export.text_page.steps import nested_step
        >>> nested_step(SentimentConv1D(6).get_layer("mean_and_maximum"))[0].kind
        'mean_and_maximum'
        >>> nested_step(MLP()) is None
        True
    """
    if model.name not in NESTED:
        return None
    try:
        given, expected, steps = NESTED[model.name](model)
        found = model(given if len(given) > 1 else given[0])
        found = [keras.ops.convert_to_numpy(each) for each in (found if len(expected) > 1 else [found])]
        alike = [np.allclose(one, other, atol=1e-5) for one, other in zip(found, expected, strict=True)]
    except (ValueError, TypeError, StopIteration, IndexError, RuntimeError):  # another model of that name
        return None
    return steps if all(alike) else None


def _number(operation):
    """The whole number that an operation takes beside a tensor, or None."""
    given = operation._inbound_nodes[0].arguments.args if operation._inbound_nodes else ()
    return next((each for each in given if isinstance(each, int)), None)
