"""Networks that watch short clips: each frame for itself, one after the other, or all at once."""

from itertools import pairwise

import keras
from keras import layers

from models._errors import ModelError
from models._free_memory import check_sizes
from models._weights import load_weights


def FrameByFrame(
    input_shape=(8, 24, 24, 1),
    classes=8,
    filters=(8, 16),
    dense_units=32,
    classifier_activation="softmax",
    weights=None,
    name="frame_by_frame",
):
    """Conv → Conv → Dense → Dense on every frame separately, and the mean of what they say.

    A feed-forward network: no frame knows of another. A mean has no order, so the frames of a
    clip can be shuffled and the answer stays.

    Args:
        input_shape: (frames, height, width, channels) of one clip, pixels in [0, 255]; with
            frames=None one model takes clips of any length.
        classes: Number of classes.
        filters: Features of each convolution, which halves height and width.
        dense_units: Neurons of the dense layer that sums up a frame.
        classifier_activation: Activation of the last dense layer, None for logits; the mean is
            taken of what comes out of it.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, frames, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Karpathy et al., Large-scale video classification with convolutional neural networks, 2014.
    """
    _check("FrameByFrame", input_shape, classes, filters, dense_units=dense_units)
    clips, x = _each_frame(input_shape, filters, frames_seen=1)
    x = layers.Reshape((-1, _pixels(x) * filters[-1]), name="flatten_each")(x)  # (batch, frames, values)
    x = layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    x = layers.GlobalAveragePooling1D(name="average")(x)
    return load_weights(keras.Model(clips, x, name=name), weights, "FrameByFrame")


def VideoLSTM(
    input_shape=(8, 24, 24, 1),
    classes=8,
    filters=(8, 16),
    dense_units=32,
    memory_units=48,
    return_sequences=False,
    classifier_activation="softmax",
    weights=None,
    name="video_lstm",
):
    """Conv → Conv → Dense on every frame, then LSTM → Dense: a network with a memory.

    The convolutions make of every frame a few numbers that mean something; the LSTM takes these
    one frame after the other, and feeds its output of each time step back in at the next.

    Args:
        input_shape: (frames, height, width, channels) of one clip, pixels in [0, 255]; with
            frames=None one model takes clips of any length.
        classes: Number of classes.
        filters: Features of each convolution, which halves height and width.
        dense_units: Neurons of the dense layer that sums up a frame.
        memory_units: Neurons of the LSTM.
        return_sequences: Whether to answer after every frame, with what was seen until then,
            instead of after the last. Both have the same weights.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, frames, height, width, channels) -> (batch, classes), or
        (batch, frames, classes) with `return_sequences`.

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Donahue et al., Long-term recurrent convolutional networks for visual recognition and
        description, 2015.
    """
    _check("VideoLSTM", input_shape, classes, filters, dense_units=dense_units, memory_units=memory_units)
    clips, x = _each_frame(input_shape, filters, frames_seen=1)
    x = layers.Reshape((-1, _pixels(x) * filters[-1]), name="flatten_each")(x)  # (batch, frames, values)
    x = layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = layers.LSTM(memory_units, return_sequences=return_sequences, name="lstm")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return load_weights(keras.Model(clips, x, name=name), weights, "VideoLSTM")


def VideoConv3D(
    input_shape=(8, 24, 24, 1),
    classes=8,
    filters=(8, 16),
    dense_units=32,
    classifier_activation="softmax",
    weights=None,
    name="video_conv3d",
):
    """Conv3D → Conv3D → Flatten → Dense → Dense: time is one more direction to convolve in.

    Its kernels reach over three frames; all else is as in `FrameByFrame`, save that the values
    of all frames are taken together, in their order, instead of a mean over them.

    Args:
        input_shape: (frames, height, width, channels) of one clip, pixels in [0, 255].
        classes: Number of classes.
        filters: Features of each convolution, which halves height and width.
        dense_units: Neurons of the first dense layer.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, frames, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If a size is not positive, frames is None, or the weights are missing or do
            not fit.

    Reference:
        Tran et al., Learning spatiotemporal features with 3D convolutional networks, 2015.
    """
    _check("VideoConv3D", input_shape, classes, filters, dense_units=dense_units)
    if input_shape[0] is None:
        raise ModelError(
            "VideoConv3D has weights for every frame, so it needs a number of frames, not None; "
            "VideoLSTM takes clips of any length."
        )
    clips, x = _each_frame(input_shape, filters, frames_seen=3)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return load_weights(keras.Model(clips, x, name=name), weights, "VideoConv3D")


def _each_frame(input_shape, filters, frames_seen):
    """(input, features (batch, frames, rows, columns, features)), by kernels of so many frames.

    A kernel of 1 x 3 x 3 computes what TimeDistributed(Conv2D) does, in half the time.
    """
    clips = keras.Input(input_shape, name="clips")
    x = layers.Rescaling(1 / 255, name="rescale")(clips)
    for number, features in enumerate(filters, start=1):
        x = layers.Conv3D(
            features,
            (frames_seen, 3, 3),
            strides=(1, 2, 2),
            padding="same",
            activation="relu",
            name=f"conv{number}",
        )(x)
    return clips, x


def _pixels(x):
    """Rows times columns of (batch, frames, rows, columns, features)."""
    return x.shape[2] * x.shape[3]


def _check(builder, input_shape, classes, filters, **units):
    """Refuse sizes that no layer could work on.

    Raises:
        ModelError: Names the builder and the value.
    """
    frames, *rest = input_shape if len(input_shape) == 4 else (0,)
    if not (frames is None or frames >= 1) or None in rest or not min(rest, default=0) >= 1:
        raise ModelError(
            f"{builder} takes input_shape=(frames, height, width, channels), not {tuple(input_shape)}."
        )
    if not filters or not min(filters) >= 1:
        raise ModelError(f"{builder} needs filters of 1 or more, not {filters}.")
    check_sizes(builder, input_shape=(frames or 1, *rest), filters=tuple(filters), classes=classes, **units)
    halved = 2 ** len(filters)
    flat = (frames or 1) * -(-rest[0] // halved) * -(-rest[1] // halved) * filters[-1]
    if builder != "VideoConv3D":  # the others look at one frame after the other
        flat //= frames or 1
    needed = {"filters": max(27 * a * b for a, b in pairwise((rest[-1], *filters)))}
    memory = units.get("memory_units", 0)
    needed["memory_units"] = 4 * memory * (memory + units["dense_units"])
    needed["classes"] = classes * max(memory, units["dense_units"])
    check_sizes(builder, {**needed, "dense_units": flat * units["dense_units"]})
