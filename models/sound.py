"""Classifiers of sounds: a convolutional network on spectrograms, computed from waveforms inside."""

import keras
from keras import layers

from .checks.arguments import check_parameters, checked, choice, shape, sizes, whole
from .dtypes import output_dtype
from .errors import ModelError
from .zoo import load_weights

SPECTROGRAMS = ("stft", "mel")


@checked(
    input_shape=shape("samples,", (8000,)),
    sampling_rate=whole(),
    spectrogram=choice(*SPECTROGRAMS),
    frame_length=whole(),
    frame_step=whole(),
    mel_bins=whole(),
    filters=sizes(3),
    kernel_size=sizes(2),
)
def SoundConvNet(
    input_shape=(8000,),
    classes=5,
    sampling_rate=8000,
    spectrogram="stft",
    frame_length=256,
    frame_step=128,
    mel_bins=64,
    filters=(8, 16, 32),
    kernel_size=(9, 7),
    dropout=0.2,
    classifier_activation="softmax",
    weights=None,
    name="sound_convnet",
):
    """Waveform → spectrogram → (Conv → Pool) × 2 → Conv → global average pooling → Dense.

    The spectrogram is computed inside the model, by a layer without trainable weights, so that a saved model
    takes waveforms. Each spectrogram is normalized to mean 0 and standard deviation 1: on its logarithmic
    scale a louder sound differs by a constant only.

    Args:
        input_shape: (samples,) of one waveform, values in [-1, 1].
        classes: Number of classes; 1 only without a softmax.
        sampling_rate: Samples per second (Hz), which the mel scale depends on.
        spectrogram: "stft" for frequencies evenly spaced from 0 to half the sampling rate, "mel"
            for bands that grow wider towards high frequencies, as human hearing does.
        frame_length: Samples that one column of the spectrogram is computed from.
        frame_step: Samples from one column to the next, at most frame_length.
        mel_bins: Number of bands of a mel spectrogram.
        filters: Number of filters of the first, second and third convolution.
        kernel_size: (rows of frequency, columns of time) of each filter of the first convolution.
        dropout: Share of the averages dropped in each training step, from 0 to less than 1.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, samples) -> (batch, classes). The output of its layer
        "spectrogram" is (batch, time, frequency, 1) for "stft" and (batch, mel_bins, time) for
        "mel", that of "normalise" is (batch, frequency, time, 1) for both, low frequencies first.

    Raises:
        ModelError: If an argument is not as described, the waveform is too short for the layers, or the
            weights are missing or do not fit.

    Reference:
        Choi et al., Automatic tagging using deep convolutional neural networks, 2016.

    Example:
        >>> from models import SoundConvNet
        >>> model = SoundConvNet((4000,), classes=3)  # half a second at 8000 Hz
        >>> model.get_layer("normalise").output.shape  # 129 frequencies, 30 times
        (None, 129, 30, 1)
    """
    if spectrogram == "mel" and sampling_rate < 100:
        raise ModelError(
            f"SoundConvNet needs a sampling_rate of 100 or more for a mel spectrogram, not {sampling_rate}."
        )
    if frame_step > frame_length:
        raise ModelError(
            f"SoundConvNet needs a frame_step of at most frame_length, {frame_length}, not {frame_step}: "
            "it would skip samples."
        )
    bins = mel_bins if spectrogram == "mel" else 2 ** (frame_length - 1).bit_length() // 2 + 1
    columns = (input_shape[0] - frame_length) // frame_step + 1
    # What the three convolutions and two poolings need: each pooling halves, each later kernel is 3
    fewest = [size + 9 for size in kernel_size]
    if input_shape[0] < frame_length or bins < fewest[0] or columns < fewest[1]:
        raise ModelError(
            f"SoundConvNet needs a spectrogram of {fewest[0]} x {fewest[1]} or more for a kernel_size of "
            f"{tuple(kernel_size)}, and {input_shape[0]} samples give {bins} x {max(0, columns)}; take a "
            "longer input_shape, a smaller frame_step, or a smaller kernel_size."
        )
    fft, (first, second, third) = 4 * frame_length, filters
    kernels = kernel_size[0] * kernel_size[1] * first + 9 * (first * second + second * third)
    check_parameters("SoundConvNet", fft * max(frame_length, mel_bins) + kernels + third * classes)

    waveforms = keras.Input(input_shape, name="waveforms")
    if spectrogram == "stft":
        x = layers.Reshape((-1, 1), name="one_channel")(waveforms)
        x = layers.STFTSpectrogram(
            mode="log",
            frame_length=frame_length,
            frame_step=frame_step,
            expand_dims=True,
            trainable=False,
            name="spectrogram",
        )(x)
        x = layers.Permute((2, 1, 3), name="picture")(x)
    else:
        x = layers.MelSpectrogram(
            # Low bands are narrow: a finer grid of frequencies leaves none of them empty
            fft_length=2 * 2 ** (frame_length - 1).bit_length(),
            sequence_length=frame_length,
            sequence_stride=frame_step,
            sampling_rate=sampling_rate,
            num_mel_bins=mel_bins,
            # Keras clips what is this many dB below the loudest sound of the batch: with 80 a prediction
            # would depend on the other sounds in the batch
            top_db=1000,
            name="spectrogram",
        )(waveforms)
        x = layers.Reshape((*x.shape[1:], 1), name="picture")(x)
    x = layers.LayerNormalization(axis=[1, 2, 3], center=False, scale=False, name="normalise")(x)
    x = layers.Conv2D(filters[0], kernel_size, activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(filters[1], 3, activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Conv2D(filters[2], 3, padding="same", activation="relu", name="conv3")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(x)
    return load_weights(keras.Model(waveforms, x, name=name), weights, "SoundConvNet")
