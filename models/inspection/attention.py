"""Attention maps of vision transformers: which patches a block looks at, and where its values came from."""

import math

import numpy as np
from keras import layers, ops

from ..checks.arguments import built_model, shown
from ..errors import ModelError
from .effective_fields import AT_ONCE
from .graphs import BEFORE, all_paths, find, is_map, layer_at, multi_output
from .predictions import classifier_images


def has_attention(model):
    """Whether a model has attention between the patches of its image, as `attention_map` needs.

    Args:
        model: A built functional or sequential model of images.

    Returns:
        True or False; False where attention is written in another way than by `MultiHeadAttention`.

    Raises:
        ModelError: If it is no such model.

    Example:
        >>> from models import ConvNet
        >>> from models.inspection import has_attention
        >>> has_attention(ConvNet())
        False
    """
    built_model("has_attention", "model", model)
    return bool(_blocks(model))


def attention_map(model, images, layer=None):
    """How much each patch of an image is attended to in one block, by the class token or in the mean.

    The weights of all heads are averaged. Where the model has a class token, before the patches, its row
    of weights is the map; else the mean of all patches' rows.

    Args:
        model: A vision transformer: a Keras model of images, with `MultiHeadAttention` layers of its own
            graph or of nested models, each called with one tensor as query and value.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of such a layer; None for the last one.

    Returns:
        Array (n, rows, columns) of patches, float32: weights that add up to 1, or with a class token to 1
        less its weight for itself.

    Raises:
        ModelError: If there is no such layer, the model is no classifier of images, or the images are not
            what it takes.

    Reference:
        Dosovitskiy et al., An image is worth 16x16 words: transformers for image recognition at scale, 2021.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> from models.inspection import attention_map
        >>> image = keras.Input((8, 8, 1))
        >>> patches = keras.layers.Reshape((4, 6))(keras.layers.Conv2D(6, 4, strides=4)(image))
        >>> x = keras.layers.MultiHeadAttention(2, 3)(patches, patches)
        >>> x = keras.layers.GlobalAveragePooling1D()(x)
        >>> model = keras.Model(image, keras.layers.Dense(3)(x))
        >>> heat = attention_map(model, np.zeros((5, 8, 8, 1)))
        >>> heat.shape, round(float(heat[0].sum()), 4)
        ((5, 2, 2), 1.0)
    """
    images = classifier_images("attention_map", model, images)
    path = _last_block(model) if layer is None else find(model, layer)
    if path not in _blocks(model):
        raise ModelError(
            f"{shown(layer)} of {model.name} is no MultiHeadAttention of the patches to each other; choose "
            f"one of {', '.join('/'.join(each) for each in _blocks(model)) or 'another model'}."
        )
    (weights,) = _weights(model, images, [path])
    return _as_map(model, weights)


def attention_rollout(model, images):
    """Attention rollout: from which patches the values of the last block came, through all blocks.

    Each block passes on its own input (the skip connection) and what it attends to, taken as half and half;
    the product of these matrices says how much of each patch is in each token at the end.

    Args:
        model, images: As for `attention_map`; all blocks have the same number of tokens.

    Returns:
        Array (n, rows, columns) of patches, float32: shares of the class token, or of the mean of patches.

    Raises:
        ModelError: As `attention_map` does, or if blocks have different numbers of tokens.

    Reference:
        Abnar and Zuidema, Quantifying attention flow in transformers, 2020.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> from models.inspection import attention_map, attention_rollout
        >>> image = keras.Input((8, 8, 1))
        >>> patches = keras.layers.Reshape((4, 6))(keras.layers.Conv2D(6, 4, strides=4)(image))
        >>> x = keras.layers.MultiHeadAttention(2, 3)(patches, patches)
        >>> x = keras.layers.GlobalAveragePooling1D()(x)
        >>> model, some = keras.Model(image, keras.layers.Dense(3)(x)), np.ones((2, 8, 8, 1))
        >>> half = attention_map(model, some) / 2 + 1 / 8  # half attention, half each patch itself
        >>> bool(np.allclose(attention_rollout(model, some), half, atol=1e-6))
        True
    """
    images = classifier_images("attention_rollout", model, images)
    _last_block(model)
    found = _weights(model, images, _blocks(model))
    if len({each.shape for each in found}) > 1:
        raise ModelError(
            f"The blocks of {model.name} attend to different numbers of tokens, so that attention_rollout "
            "cannot follow them; use attention_map with one layer."
        )
    identity = np.eye(found[0].shape[-1], dtype="float32")
    flow = identity
    for weights in found:
        flow = (weights + identity) / 2 @ flow
    return _as_map(model, flow)


def _blocks(model):
    """Paths to the attention layers whose query and value are one tensor, from input to output."""
    found = []
    for path in all_paths(model):
        layer = layer_at(model, path)
        if isinstance(layer, layers.MultiHeadAttention) and isinstance(layer.input, list):
            query, *others = layer.input
            if all(each is query for each in others):
                found.append(path)
    return found


def _last_block(model):
    blocks = _blocks(model)
    if not blocks:
        raise ModelError(
            f"{model.name} has no MultiHeadAttention of the patches to each other, so no attention maps; use "
            "grad_cam for a convolutional network."
        )
    return blocks[-1]


def _weights(model, images, paths):
    """For each path an array (n, tokens, tokens): a row of weights for each token, the mean of all heads."""
    walked = multi_output(model, [(*path, BEFORE) for path in paths])
    attending = [layer_at(model, path) for path in paths]
    found = [[] for _ in paths]
    for first in range(0, len(images), AT_ONCE):
        *inputs, _ = walked(images[first : first + AT_ONCE], training=False)
        for layer, tokens, kept in zip(attending, inputs, found, strict=True):
            scores = layer(tokens, tokens, return_attention_scores=True, training=False)[1]
            count = math.prod(tokens.shape[1:-1])
            scores = ops.reshape(scores, (-1, scores.shape[1], count, count))
            kept.append(ops.convert_to_numpy(ops.cast(ops.mean(scores, 1), "float32")))
    return [np.concatenate(each) for each in found]


def _as_map(model, flow):
    """The row of the class token, or the mean of all rows, as a map of patches."""
    tokens = flow.shape[-1]
    rows, columns, before = _grid(model, tokens)
    heat = flow[:, 0] if before else flow.mean(1)
    return heat[:, before:].reshape(-1, rows, columns).astype("float32")


def _grid(model, tokens):
    """(rows, columns, number of class tokens): the patches are the last map with as many pixels."""
    sizes = [
        tuple(layer_at(model, path).output.shape[1:3])
        for path in all_paths(model, operators=True)
        if is_map(getattr(layer_at(model, path), "output", None))
    ]
    for before in (0, 1):
        for size in reversed(sizes):
            if None not in size and math.prod(size) == tokens - before:
                return (*size, before)
    for before in (0, 1):
        side = math.isqrt(tokens - before)
        if side * side == tokens - before and side > 1:
            return side, side, before
    raise ModelError(
        f"The {tokens} tokens of {model.name} are no grid of patches, with or without a class token."
    )
