"""The lectures' convolutions by hand, as real layers compute them: pictures in, tables out."""

import keras
from keras import ops

from models.filters import COUNTING, IDENTITY, KERNELS, ONES, SMILE, FilterBank


def layer_outputs(model, picture):
    """What each layer makes of one picture.

    Args:
        model: A functional model with one input.
        picture: One input, without the batch.

    Returns:
        {layer's name: array (features, height, width)} in the layers' order, features first so
        that each is a table.
    """
    names = [layer.name for layer in model.layers[1:]]
    every = keras.Model(model.inputs, {name: model.get_layer(name).output for name in names})
    outputs = every(ops.convert_to_tensor(picture)[None])
    return {name: ops.convert_to_numpy(ops.moveaxis(outputs[name][0], -1, 0)) for name in names}


def disc_tables(disc):
    """The open disc through three kernels; after the last, ReLU and two poolings without padding.

    Args:
        disc: Array (7, 7, 1), `datasets.drawings.open_disc()`.

    Returns:
        {caption: array (height, width)}.
    """
    tables = {"open disc": disc[..., 0]}
    for name, kernel in {"identity": IDENTITY, "ones": ONES}.items():
        (tables[name],) = layer_outputs(FilterBank([kernel], disc.shape), disc)["filters"]
    bank = FilterBank(
        [KERNELS["horizontal lines"]], disc.shape, activation="relu", pool_sizes=(2, 2), pool_padding="valid"
    )
    captions = "horizontal lines", "then ReLU", "then max pooling", "and again"
    for caption, (table,) in zip(captions, layer_outputs(bank, disc).values(), strict=True):
        tables[caption] = table
    return tables


def face_tables(face):
    """The smiling face through one kernel and a pooling that keeps the edges.

    Args:
        face: Array (7, 7, 1), `datasets.drawings.smiling_face()`.

    Returns:
        {caption: array (height, width)}.
    """
    filtered, pooled = layer_outputs(FilterBank([SMILE], face.shape, pool_sizes=(2,)), face).values()
    return {"smiling face": face[..., 0], "face, filtered": filtered[0], "face, pooled": pooled[0]}


def flip_tables(numbers, kernel=COUNTING):
    """A picture through a kernel as it stands, and through the same turned by half a turn.

    The first is what a Keras layer calls convolution, and is cross-correlation; the second is
    the convolution of the integral (f * g)(t) = ∫ f(τ) g(t - τ) dτ.

    Args:
        numbers: Array (height, width, 1).
        kernel: Rows of numbers.

    Returns:
        {caption: array (height, width)}.
    """
    flipped = [row[::-1] for row in kernel[::-1]]
    bank = FilterBank([kernel, flipped], numbers.shape)
    as_it_stands, turned = layer_outputs(bank, numbers)["filters"]
    return {
        "numbers": numbers[..., 0],
        "kernel": ops.convert_to_numpy(kernel),
        "as it stands": as_it_stands,
        "kernel flipped": ops.convert_to_numpy(flipped),
        "flipped": turned,
    }
