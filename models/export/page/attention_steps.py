"""The steps that the page takes for attention, and for other products of two layers' outputs."""

import math

import numpy as np

from .moving_steps import gathered
from .step import Step, Unknown, is_tensor, numbers, pixel, tensors_of

LINEAR = {"activation": "linear", "options": {}}
MASKS = ("mask", "query_mask", "value_mask", "key_mask", "attention_mask")


def multi_head_attention(call):
    """The steps of a MultiHeadAttention: projections, scores, weighted means, and a projection of these.

    The scores are one map for each head: a row for each query, a column for each key.

    Args:
        call: A `Call`.

    Returns:
        List of `Step`s.

    Raises:
        Unknown: If it has a mask, returns its scores, or works along some axes only.

    Example:
        >>> import keras
        >>> from models.export.page.step import Call
        >>> tokens = keras.Input((16, 8))
        >>> layer = keras.layers.MultiHeadAttention(2, 4)
        >>> attended = layer(tokens, tokens)
        >>> call = Call(layer, [(1, 16, 8)] * 2, (1, 16, 8), (tokens, tokens), {}, (2, 2))
        >>> [step.shape for step in multi_head_attention(call)]
        [(1, 16, 8), (1, 16, 8), (1, 16, 8), (16, 16, 2), (1, 16, 8), (1, 16, 8)]
    """
    layer = call.operation
    _check_plain(call)
    bound = dict(zip(("query", "value", "key"), call.args, strict=False)) | call.kwargs
    query, value = _place(call, bound["query"]), _place(call, bound["value"])
    key = value if bound.get("key") is None else _place(call, bound["key"])
    config = layer.get_config()
    if config.get("sliding_window") or config.get("use_gate"):
        raise Unknown("has a sliding window or a gate")
    if tuple(layer.attention_axes or ()) not in ((), tuple(range(1, call.ranks[query]))):
        raise Unknown(f"attends along axes, {layer.attention_axes}")
    if config.get("output_shape") and len(config["output_shape"]) > 1:
        raise Unknown(f"has an output of a shape, {config['output_shape']}")
    heads = layer.num_heads
    places = {"query": query, "key": key, "value": value}
    steps = [_projection(call, getattr(layer, f"{name}_dense"), name, at) for name, at in places.items()]
    scale = 1 / math.sqrt(layer.key_dim)
    steps += _attention(call, [step.shape for step in steps], heads, scale)
    steps[-1] = steps[-1]._replace(part="heads")
    rows, columns = call.shapes[query][:2]
    kernel = numbers(layer.output_dense.kernel)
    kernel = kernel.reshape(1, 1, -1, kernel.shape[-1])
    weights = {"kernel": kernel, "bias": layer.output_dense.bias}
    settings = pixel((rows, columns), kernel.shape[-1]) | LINEAR
    shape = (rows, columns, kernel.shape[-1])
    last = Step("conv", settings, weights, shape=shape, of=("heads",), takes=(rows, columns, kernel.shape[2]))
    return [*steps, last]


def attention(call):
    """The steps of an Attention: scores of queries and keys, and weighted means of values.

    Args:
        call: A `Call`.

    Returns:
        List of `Step`s.

    Raises:
        Unknown: If it has a mask, returns its scores, or adds queries and keys up.

    Example:
        >>> import keras
        >>> from models.export.page.step import Call
        >>> tokens = keras.Input((16, 8))
        >>> layer = keras.layers.Attention()
        >>> attended = layer([tokens, tokens])
        >>> call = Call(layer, [(1, 16, 8)] * 2, (1, 16, 8), ([tokens, tokens],), {}, (2, 2))
        >>> [step.kind for step in attention(call)]
        ['copy', 'copy', 'copy', 'scores', 'mixed']
    """
    _check_plain(call)
    layer, inputs = call.operation, call.args[0]
    if layer.score_mode != "dot" or set(call.ranks) != {2}:
        raise Unknown("adds queries and keys up in a way")
    query, value, *rest = (_place(call, each) for each in inputs)
    places = {"query": query, "key": rest[0] if rest else value, "value": value}
    steps = [Step("copy", {}, {}, name, call.shapes[place], of=(place,)) for name, place in places.items()]
    scale = 1.0 if layer.scale is None else float(numbers(layer.scale))
    return steps + _attention(call, [step.shape for step in steps], 1, scale)


def _check_plain(call):
    """Refuse what is called with a mask, or to return its scores."""
    if any(call.kwargs.get(name) is not None for name in MASKS) or len(call.args) > 3:
        raise Unknown("is called with a mask")
    if call.kwargs.get("return_attention_scores"):
        raise Unknown("returns its scores")


def _place(call, tensor):
    """Which of the call's tensors this is."""
    return [id(each) for each in tensors_of(call)].index(id(tensor))


def _projection(call, dense, name, place):
    """Each place's values times a matrix: a convolution whose window is one pixel."""
    rows, columns, channels = call.shapes[place]
    kernel = numbers(dense.kernel).reshape(1, 1, channels, -1)
    bias = None if dense.bias is None else numbers(dense.bias).ravel()
    shape = (1, rows * columns, kernel.shape[-1])
    settings = pixel(shape[:2], kernel.shape[-1]) | LINEAR
    taken = (1, rows * columns, channels)
    return Step("conv", settings, {"kernel": kernel, "bias": bias}, name, shape, taken, (place,))


def _attention(call, shapes, heads, scale):
    """Scores of steps called "query" and "key", a softmax of these, and means of "value" by them."""
    (_, queries, _), (_, keys, _), (_, _, values) = shapes
    causal = bool(call.kwargs.get("use_causal_mask"))
    config = {
        "heads": heads,
        "scale": scale,
        "causal": causal,
        "activation": "softmax",
        "options": {},
        "axis": 1,
    }
    return [
        Step("scores", config, {}, "attention", (queries, keys, heads), of=("query", "key")),
        Step("mixed", {"heads": heads}, {}, "", (1, queries, values), of=("attention", "value")),
    ]


def matmul(call):
    """The steps of `keras.ops.matmul`, also where one of both is not computed from the picture.

    Args:
        call: A `Call`.

    Returns:
        List of `Step`s.

    Raises:
        Unknown: If it multiplies more than a matrix by a matrix for each image.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> from models.export.page.step import Call
        >>> tokens = keras.Input((3, 4))
        >>> product = keras.Model(tokens, keras.ops.matmul(tokens, np.ones((4, 2)))).operations[-1]
        >>> call = Call(product, [(1, 3, 4)], (1, 3, 2), (tokens, np.ones((4, 2))), {}, (2,))
        >>> [step.kind for step in matmul(call)]
        ['copy', 'constant', 'matmul']
    """
    operands = list(call.args) + list(call.kwargs.values())
    ranks = [_rank(each) for each in operands]
    if min(ranks) < 2 or max(ranks) > 4:
        raise Unknown("multiplies in a way")
    labels = "abcdefgh"
    first = "z" * (is_tensor(operands[0])) + labels[: ranks[0] - 2 - is_tensor(operands[0])] + "xy"
    second = "z" * (is_tensor(operands[1])) + labels[: ranks[1] - 2 - is_tensor(operands[1])] + "yw"
    if len(first) != ranks[0] or len(second) != ranks[1]:
        raise Unknown("multiplies in a way")
    longer = max(first[:-2], second[:-2], key=len).replace("z", "")
    return product(call, operands, [first, second], f"z{longer}xw")


def dot(call):
    """The steps of a Dot of two vectors for each image, such as their cosine similarity.

    Args:
        call: A `Call` of a Dot.

    Returns:
        List of `Step`s.

    Raises:
        Unknown: If it multiplies anything else.

    Example:
        >>> import keras
        >>> from models.export.page.step import Call
        >>> codes = [keras.Input((4,)), keras.Input((4,))]
        >>> call = Call(keras.layers.Dot(1, normalize=True), [(4,)] * 2, (1,), (codes,), {}, (1, 1))
        >>> [step.kind for step in dot(call)]
        ['standardize', 'standardize', 'matmul', 'copy']
    """
    if set(call.ranks) != {1}:
        raise Unknown("multiplies in a way")
    (size,) = call.shapes[0]
    unit = Step("copy", {}, {})
    if call.operation.normalize:
        config = {"over": "channels", "groups": 1, "center": False, "epsilon": 1e-12, "sum": True}
        unit = Step("standardize", config, {})
    return [
        unit._replace(part="first", shape=(size,), of=(0,)),
        unit._replace(part="second", shape=(size,), of=(1,)),
        Step("matmul", {}, {}, "product", (1, 1, 1), ((1, 1, size), (1, size, 1)), ("first", "second")),
        Step("copy", {}, {}),
    ]


def einsum(call):
    """The steps of `keras.ops.einsum` of two operands.

    Args:
        call: A `Call` of an `Einsum`.

    Returns:
        List of `Step`s.

    Raises:
        Unknown: If it is of another form.

    Example:
        >>> import keras
        >>> from models.export.page.step import Call
        >>> tokens = keras.Input((3, 4))
        >>> scores = keras.ops.einsum("bqd,bkd->bqk", tokens, tokens)
        >>> call = Call(keras.Model(tokens, scores).operations[-1], [(1, 3, 4)] * 2, (1, 3, 3),
        ...     (tokens, tokens), {}, (2, 2))
        >>> [step.kind for step in einsum(call)]
        ['copy', 'gather', 'matmul']
    """
    equation = call.operation.subscripts.replace(" ", "")
    taken, arrow, made = equation.partition("->")
    operands = [each for each in call.args if not isinstance(each, str)]
    if not arrow or "." in equation or taken.count(",") != 1 or len(operands) != 2:
        raise Unknown(f"has an equation, {equation}")
    return product(call, operands, taken.split(","), made)


def product(call, operands, labels, made):
    """A product of two arrays that is summed over some axes, as one of matrices.

    Args:
        call: A `Call`.
        operands: Two tensors, or a tensor and an array.
        labels: A letter for each axis of each, that of images first where it is a tensor.
        made: Those of the result.

    Returns:
        List of `Step`s.

    Raises:
        Unknown: If it sums over an axis of only one of both, or mixes images.

    Example:
        >>> import keras
        >>> from models.export.page.step import Call
        >>> tokens = keras.Input((3, 4))
        >>> call = Call(None, [(1, 3, 4)] * 2, (1, 3, 3), (tokens, tokens), {}, (2, 2))
        >>> [step.shape for step in product(call, [tokens, tokens], ["bqd", "bkd"], "bqk")]
        [(1, 3, 4), (1, 4, 3), (1, 3, 3)]
    """
    batch, inside = made[0], []
    steps, sides = [], {}
    for operand, letters in zip(operands, labels, strict=True):
        if is_tensor(operand) != (letters[:1] == batch) or len(letters) != _rank(operand):
            raise Unknown("multiplies values of several images")
        inside.append(letters.removeprefix(batch))
        sides |= dict(zip(letters, operand.shape, strict=True))
    first, second = inside
    both = [each for each in first if each in second]
    kept = [each for each in both if each in made]
    summed = [each for each in both if each not in made]
    rows = [each for each in first if each not in both]
    columns = [each for each in second if each not in both]
    if set(made[1:]) != {*kept, *rows, *columns} or len(set(first)) < len(first):
        raise Unknown("sums in a way")
    orders = ([kept, rows, summed], [kept, summed, columns])
    size = lambda letters: math.prod(sides[each] for each in letters)  # noqa: E731
    for name, operand, letters, order in zip(("first", "second"), operands, inside, orders, strict=True):
        axes = [letters.index(each) for group in order for each in group]
        shape = tuple(size(group) for group in order)
        if is_tensor(operand):
            places = np.arange(size(letters)).reshape([sides[each] for each in letters])
            step = gathered(places.transpose(axes).reshape(shape), places.size)
            step = step._replace(part=name, shape=shape, of=(_place(call, operand),))
        else:
            values = numbers(operand).transpose(axes).reshape(shape)
            step = Step("constant", {}, {"values": values}, name, shape)
        steps.append(step)
    shape = (size(kept), size(rows), size(columns))
    steps.append(Step("matmul", {}, {}, "", shape, of=("first", "second")))
    order = [*kept, *rows, *columns]
    if order != list(made[1:]) or shape != tuple(call.shape):
        steps[-1] = steps[-1]._replace(part="product")
        places = np.arange(math.prod(shape)).reshape([sides[each] for each in order])
        places = places.transpose([order.index(each) for each in made[1:]])
        steps.append(gathered(places, places.size))
    return steps


def _rank(operand):
    return len(operand.shape) if hasattr(operand, "shape") else np.ndim(operand)
