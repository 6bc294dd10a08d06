"""The steps that the page takes for a layer that computes a spectrogram, and which models take sounds."""

import keras
import numpy as np

from ...errors import ModelError
from .ends import Picture, check_graph
from .step import Step, Unknown, numbers

MODES = ("log", "magnitude", "psd")  # of STFTSpectrogram: those that have one number for each frequency
SAME_KERNEL = 1e-6  # what rounding in another order may change
FEWEST_SAMPLES = 64  # of an input that can be a sound


def sound_input(model):
    """The input of a model that is a sound: a waveform, (samples,) or (samples, 1).

    Args:
        model: A built functional or sequential model.

    Returns:
        A `Picture` of one row, (1, samples, 1), where None stands for any number of samples.

    Raises:
        ModelError: If it has several inputs, or its input cannot be a waveform.

    Example:
        >>> from models import SoundConvNet
        >>> sound_input(SoundConvNet((4000,))).shape
        (1, 4000, 1)
    """
    check_graph(model)
    taken = [tuple(each.shape[1:]) for each in model.inputs]
    shape = taken[0]
    is_row = len(taken) == 1 and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1))
    numbers_only = model.inputs[0].dtype != "string"
    if not is_row or not numbers_only or (shape[0] or FEWEST_SAMPLES) < FEWEST_SAMPLES:
        raise ModelError(
            f"{model.name} takes {' and '.join(map(str, taken))}, and no sound; a page of sounds needs a "
            f"model of one waveform, (samples,) or (samples, 1), of {FEWEST_SAMPLES} samples or more."
        )
    return Picture(0, (1, shape[0], 1), "samples" if len(shape) == 1 else "sound")


def spectrogram_layers(model):
    """The layers of a model, and of models inside it, that compute spectrograms.

    Args:
        model: A Keras model.

    Returns:
        List of layers.

    Example:
        >>> from models import SoundConvNet
        >>> [layer.name for layer in spectrogram_layers(SoundConvNet((4000,)))]
        ['spectrogram']
    """
    found = []
    for layer in getattr(model, "layers", ()):
        found += spectrogram_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return [each for each in found if type(each).__name__ in OF_SOUND]


def _stft(call):
    layer = call.operation
    if layer.mode not in MODES:
        raise Unknown(f"has a mode, {layer.mode},")
    if layer.data_format != "channels_last" or call.shapes[0][-1] != 1:
        raise Unknown("takes channels in a way")
    real, imaginary = (numbers(each)[:, 0, :] for each in (layer.real_kernel, layer.imag_kernel))
    length, frequencies = real.shape
    step, samples = layer._frame_step, call.shapes[0][1]
    before = 0
    if layer.padding == "same":
        before = max(0, (-(-samples // step) - 1) * step + length - samples) // 2
    config = {
        "frame_length": length,
        "frame_step": step,
        "fft_length": 2 * (frequencies - 1),
        "before": before,
        "mirrored": False,
        "mode": layer.mode,
        "least": keras.config.epsilon(),
    }
    weights = {"real": real, "imaginary": imaginary}
    if _are_waves(real, imaginary):
        weights = {"window": real[:, 0]}
    return _with_rows(Step("spectrogram", config, weights), "frames", call.shape, layer.expand_dims)


def _with_rows(step, part, shape, is_map):
    """A spectrogram as one map; where Keras holds it as a list of vectors, these follow as a copy."""
    if is_map:
        return [step]
    return [step._replace(part=part, shape=(*shape[1:], 1)), Step("copy", {}, {})]


def _are_waves(real, imaginary):
    """Whether kernels are cosines and sines times a window, rounded as Keras rounds them: the page makes
    the same from the window, which is much smaller."""
    length, frequencies = real.shape
    window, times = real[:, 0], -2 * np.arange(length, dtype="float32")
    turns = np.outer(times, np.arange(frequencies, dtype="float32") / np.float32(2 * (frequencies - 1)))
    angles = (turns * np.float32(np.pi)).astype("float64")
    waves = window[:, None] * np.stack([np.cos(angles), np.sin(angles)])
    return np.abs(waves - [real, imaginary]).max() <= SAME_KERNEL * np.abs(window).max()


def _mel(call):
    layer = call.operation
    if len(call.shapes[0]) != 1:
        raise Unknown("takes several sounds")
    length = layer.sequence_length
    window = layer.window
    if window is None:
        window = np.ones(length)
    elif isinstance(window, str):
        ends, middle = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46)}[window]  # as Keras knows them
        window = ends - middle * np.cos(2 * np.pi * np.arange(length) / length)
    frequencies = layer.fft_length // 2 + 1
    bands = layer.linear_to_mel_weight_matrix(
        num_mel_bins=layer.num_mel_bins,
        num_spectrogram_bins=frequencies,
        sampling_rate=layer.sampling_rate,
        lower_edge_hertz=layer.min_freq,
        upper_edge_hertz=layer.max_freq,
    )
    config = {
        "frame_length": length,
        "frame_step": layer.sequence_stride,
        "fft_length": layer.fft_length,
        # Frames of fft_length samples are centred; the window stands in the middle of each
        "before": layer.fft_length // 2 - (layer.fft_length - length) // 2,
        "mirrored": True,
        "mode": "decibels" if layer.power_to_db else "power",
        "exponent": float(layer.mag_exp),
        "least": float(layer.min_power),
        "reference": max(abs(float(layer.ref_power)), float(layer.min_power)),
        "range": float(layer.top_db),
    }
    step = Step("spectrogram", config, {"window": np.asarray(window), "bands": numbers(bands)})
    return _with_rows(step, "bands", call.shape, False)


OF_SOUND = {"STFTSpectrogram": _stft, "MelSpectrogram": _mel}
