"""Classifiers of short clips: frame by frame, with an LSTM, or with 3D convolution."""

import keras
from keras import layers

from .checks.arguments import chain, check_parameters, checked, flag, shape, sizes, whole
from .dtypes import output_dtype
from .errors import ModelError
from .zoo import load_weights

_clips = checked(
    input_shape=shape("frames, height, width, channels", (8, 24, 24, 1), unknown=(0,)),
    filters=sizes(),
    memory_units=whole(),
    return_sequences=flag,
)


@_clips
def FrameByFrame(
    input_shape=(8, 24, 24, 1),
    classes=8,
    filters=(8, 16),
    dense_units=32,
    classifier_activation="softmax",
    weights=None,
    name="frame_by_frame",
):
    """Conv → Conv → Dense → Dense on every frame separately, and the mean of the frames' predictions.

    A feed-forward network without connections between frames. A mean does not depend on the order, so
    shuffling the frames of a clip does not change its prediction.

    Args:
        input_shape: (frames, height, width, channels) of one clip, pixels in [0, 255]; with
            frames=None one model takes clips of any length.
        classes: Number of classes; 1 only without a softmax.
        filters: Number of filters of each convolution, which has a stride of 2.
        dense_units: Neurons of the dense layer that follows the convolutions of a frame.
        classifier_activation: Activation of the last dense layer, None for logits. The mean is taken
            of its outputs.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, frames, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Karpathy et al., Large-scale video classification with convolutional neural networks, 2014.

    Example:
        >>> import numpy as np
        >>> from models import FrameByFrame
        >>> model = FrameByFrame((None, 12, 12, 1))
        >>> clip = np.random.default_rng(0).uniform(0, 255, (1, 5, 12, 12, 1))
        >>> bool(abs(model(clip) - model(clip[:, ::-1])).numpy().max() < 1e-6)
        True
    """
    _check_parameters("FrameByFrame", input_shape, filters, 1, (dense_units, classes))
    clips, x = _each_frame(input_shape, filters, frames=1)
    x = layers.Reshape((-1, _pixels(x) * filters[-1]), name="flatten_each")(x)  # (batch, frames, values)
    x = layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(x)
    x = layers.GlobalAveragePooling1D(name="average")(x)
    return load_weights(keras.Model(clips, x, name=name), weights, "FrameByFrame")


@_clips
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
    """Conv → Conv → Dense on every frame, then LSTM → Dense: a recurrent network.

    The convolutions and the dense layer extract features of every frame; the LSTM takes these one frame
    after the other, and its output of each time step is fed back at the next.

    Args:
        input_shape: (frames, height, width, channels) of one clip, pixels in [0, 255]; with
            frames=None one model takes clips of any length.
        classes: Number of classes; 1 only without a softmax.
        filters: Number of filters of each convolution, which has a stride of 2.
        dense_units: Neurons of the dense layer that follows the convolutions of a frame.
        memory_units: Units of the LSTM.
        return_sequences: Whether to predict after every frame, from the frames up to it, instead of
            after the last one only. Both have the same weights.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, frames, height, width, channels) -> (batch, classes), or
        (batch, frames, classes) with `return_sequences`.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Donahue et al., Long-term recurrent convolutional networks for visual recognition and
        description, 2015.

    Example:
        >>> from models import VideoLSTM
        >>> VideoLSTM((None, 24, 24, 3), classes=4, return_sequences=True).output_shape
        (None, None, 4)
    """
    recurrent = 4 * (dense_units + memory_units) * memory_units + memory_units * classes
    _check_parameters("VideoLSTM", input_shape, filters, 1, (dense_units,), recurrent)
    clips, x = _each_frame(input_shape, filters, frames=1)
    x = layers.Reshape((-1, _pixels(x) * filters[-1]), name="flatten_each")(x)  # (batch, frames, values)
    x = layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = layers.LSTM(memory_units, return_sequences=return_sequences, name="lstm")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(x)
    return load_weights(keras.Model(clips, x, name=name), weights, "VideoLSTM")


@_clips
def VideoConv3D(
    input_shape=(8, 24, 24, 1),
    classes=8,
    filters=(8, 16),
    dense_units=32,
    classifier_activation="softmax",
    weights=None,
    name="video_conv3d",
):
    """Conv3D → Conv3D → Flatten → Dense → Dense: time is the third dimension of the convolution.

    Its kernels reach over three frames. All else is as in `FrameByFrame`, but that the values of all frames
    are flattened in their order, instead of a mean over the frames.

    Args:
        input_shape: (frames, height, width, channels) of one clip, pixels in [0, 255].
        classes: Number of classes; 1 only without a softmax.
        filters: Number of filters of each convolution, which has a stride of 2 in height and width.
        dense_units: Neurons of the first dense layer.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, frames, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, frames is None, or the weights are missing or do
            not fit.

    Reference:
        Tran et al., Learning spatiotemporal features with 3D convolutional networks, 2015.

    Example:
        >>> from models import VideoConv3D
        >>> tuple(VideoConv3D().get_layer("conv2").kernel.shape)  # frames, rows, columns, channels, filters
        (3, 3, 3, 8, 16)
    """
    if input_shape[0] is None:
        raise ModelError(
            "VideoConv3D has weights for every frame, so its input_shape needs a number of frames, not None; "
            "VideoLSTM takes clips of any length."
        )
    _check_parameters("VideoConv3D", input_shape, filters, input_shape[0], (dense_units, classes), kernel=27)
    clips, x = _each_frame(input_shape, filters, frames=3)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(x)
    return load_weights(keras.Model(clips, x, name=name), weights, "VideoConv3D")


def _each_frame(input_shape, filters, frames):
    """(input, feature maps (batch, frames, rows, columns, filters)), by kernels over so many frames.

    A kernel of 1 x 3 x 3 computes what TimeDistributed(Conv2D) does, in half the time.
    """
    clips = keras.Input(input_shape, name="clips")
    x = layers.Rescaling(1 / 255, name="rescale")(clips)
    for number, features in enumerate(filters, start=1):
        x = layers.Conv3D(
            features,
            (frames, 3, 3),
            strides=(1, 2, 2),
            padding="same",
            activation="relu",
            name=f"conv{number}",
        )(x)
    return clips, x


def _pixels(x):
    """Rows times columns of (batch, frames, rows, columns, filters)."""
    return x.shape[2] * x.shape[3]


def _check_parameters(builder, input_shape, filters, frames, units, more=0, kernel=9):
    """Refuse a model that is too large, from the number of frames that one dense layer takes."""
    _, height, width, channels = input_shape
    rows, columns = (-(-side // 2 ** len(filters)) for side in (height, width))
    dense = chain(frames * rows * columns * filters[-1], *units)
    check_parameters(builder, kernel * chain(channels, *filters) + dense + more)
