"""A page that runs a model of sounds in the browser: one records or drops a sound, and sees every layer.

It is the page of images with another input: the waveform. Spectrograms are computed in the page.
"""

import base64
import zlib
from itertools import zip_longest

import numpy as np

from ...checks.arguments import checked, choice, whole
from ...errors import ModelError
from .. import arguments
from ..html import page_path, write_html
from ..precision import PRECISIONS, greatest_difference, rounding_note
from .ends import answer_of, checked_output, loss_of
from .portable import portable
from .shell import page_of
from .sound_steps import sound_input, spectrogram_layers

LOUDEST = 32767  # of a sound whose samples have 16 bits
MOST_SAMPLES = 4_000_000  # of one sound
MOST_COLUMNS = 16_384  # of a feature map, which browsers can draw
ANSWERS = ("classes", "numbers")


CHECKED = {
    "model": arguments.anything,  # `sound_input` checks it
    "class_names": arguments.names,
    "sampling_rate": whole(100, 1_000_000),  # as `datasets.tones` takes them
    "captions": arguments.captions,
    "precision": choice(*PRECISIONS),
}


@checked(**CHECKED)
def write_sound_page(
    model,
    sounds,
    path,
    sampling_rate,
    class_names=None,
    title=None,
    captions=(),
    output=None,
    answer=None,
    precision="float32",
):
    """Write a page on which one records or drops a sound, and sees what each layer of a model computes.

    The page shows the waveform, the spectrogram, all feature maps and the answer. `STFTSpectrogram` and
    `MelSpectrogram` are computed as Keras does it. A file is brought to the model's sampling rate and length
    as `datasets.tones.read_sound` does it; of a recording the loudest stretch is taken.

    Args:
        model: A Keras model of waveforms, (samples,) or (samples, 1), with one number for each class, or a
            number, as output. Where it takes sounds of any length, the page takes the examples' length.
        sounds: Array (n, samples) of example sounds with values in [-1, 1]; n may be 0. The page
            keeps them with 16 bits a sample.
        path: File to write, which ends in .html. An existing file is replaced once the page is complete.
        sampling_rate: Samples a second (Hz) of the sounds that the model was trained on, 100 to 1,000,000.
        class_names: Names of the classes, in index order; for a single output the names of both. None
            for "class 0", "class 1" and so on.
        title: Heading of the page, None for the model's name.
        captions: The true class of each example, as text; empty if unknown.
        output: Name of the output to show, of a model that has several; None for the first that has one
            number for each class.
        answer: What the output is: "classes" or "numbers"; None to tell by the last layer's activation, the
            loss and the class names.
        precision: As what weights are written, "float32", "float16" or "int8", as in `write_page`. What
            computes the spectrogram stays float32.

    Returns:
        A `Written`.

    Raises:
        ModelError: If the page cannot show such a model, an argument is not as described, or the file
            cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from models import SoundConvNet
        >>> from models.export.page import write_sound_page
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sounds = np.zeros((2, 8000))
        ...     written = write_sound_page(SoundConvNet(), sounds, Path(folder) / "sounds.html", 8000)
        ...     print([path.name for path in Path(folder).iterdir()])
        ['sounds.html']
    """
    path = page_path(path)
    settings = class_names, title, captions, output, answer, precision
    return write_html(path, *_render(model, sounds, sampling_rate, *settings))


@checked(**CHECKED)
def render_sounds(
    model,
    sounds,
    sampling_rate,
    class_names=None,
    title=None,
    captions=(),
    output=None,
    answer=None,
    precision="float32",
):
    """The page of `write_sound_page` as text, with the same arguments.

    Args:
        model, sounds, sampling_rate, class_names, title: As in `write_sound_page`.
        captions, output, answer, precision: As in `write_sound_page`.

    Raises:
        ModelError: If the page cannot show such a model, or an argument is not as described.

    Example:
        >>> import numpy as np
        >>> from models import SoundConvNet
        >>> from models.export.page import render_sounds
        >>> render_sounds(SoundConvNet(), np.zeros((0, 8000)), 8000)[:15]
        '<!DOCTYPE html>'
    """
    settings = class_names, title, captions, output, answer, precision
    return _render(model, sounds, sampling_rate, *settings)[0]


def _render(model, sounds, sampling_rate, class_names, title, captions, output, answer, precision):
    """The page as text, and what rounding the weights changes for the examples."""
    if answer is not None:
        choice(*ANSWERS)("write_sound_page", "answer", answer)
    examples = _examples(model, sounds)
    arguments.check_numbers(model)
    if len(captions) > len(examples):
        raise ModelError(f"There are {len(captions)} captions for {len(examples)} sounds; give one for each.")
    samples = examples.shape[1]
    network = portable(
        model, (1, samples), examples[:, None, :, None], output, None, precision, int(sampling_rate)
    )
    nodes = network["nodes"]
    _check_maps(model, nodes)
    answer = answer or answer_of(nodes, class_names, loss_of(model))
    if answer not in ANSWERS:
        raise ModelError(
            f"{model.name} has an output of shape {tuple(nodes[-1]['shape'])}, and a page of sounds shows "
            "one number for each class; give the model up to another layer."
        )
    data = {
        "pixel_range": [0, 255],  # so that nothing is scaled: the numbers of a sound go in as they are
        "digits": False,
        "answer_range": [0.0, 1.0],
        "checkpoints": [],
        "pixels": None,
        "sound": {"rate": int(sampling_rate), "examples": _packed(examples)},
    }
    names = zip_longest((f"Example {n + 1}" for n in range(len(examples))), map(str, captions), fillvalue="")
    changed = _difference(model, examples, output, precision)
    rounding = rounding_note(precision, changed, len(examples))
    rate = int(sampling_rate)
    page = page_of(model, network, answer, class_names, title, [*names], data, rounding, hertz=rate)
    return page, changed


def _difference(model, examples, output, precision):
    """What rounding the weights changes in the output for the examples."""
    given = examples.reshape(len(examples), *_taken(model, examples))
    model = checked_output(model, output)
    return greatest_difference(model, [given], precision, but=spectrogram_layers(model))


def _examples(model, sounds):
    """The examples as the page keeps them: float32 (n, samples) of 16 bits each."""
    taken = sound_input(model).shape[1]
    found = arguments.values("write_sound_page", "sounds", sounds)
    if found.ndim == 3 and found.shape[2] == 1:
        found = found[:, :, 0]
    if found.ndim != 2 and len(found):
        raise ModelError(f"write_sound_page needs sounds as (n, samples), not of shape {found.shape}.")
    if not len(found):
        found = found.reshape(0, found.shape[1] if found.ndim == 2 and found.shape[1] else taken or 0)
    if found.shape[1] != (taken or found.shape[1]):
        raise ModelError(f"{model.name} takes sounds of {taken:,} samples, not of {found.shape[1]:,}.")
    if not 0 < found.shape[1] <= MOST_SAMPLES:
        raise ModelError(
            f"A page takes sounds of up to {MOST_SAMPLES:,} samples, not {found.shape[1]:,}; where a model "
            "takes sounds of any length, give examples of the length to show."
        )
    if (most := np.abs(found).max(initial=0)) > 1:
        raise ModelError(f"write_sound_page needs sounds with values from -1 to 1, not up to {most:g}.")
    return (np.round(found * LOUDEST) / LOUDEST).astype("float32")


def _taken(model, examples):
    """The shape of one example as the model takes it."""
    picture = sound_input(model)
    return picture.taken((1, examples.shape[1], 1))


def _packed(examples):
    """The examples, compressed (zlib), in base64: 16 bits a sample, the less significant byte first."""
    samples = np.round(examples * LOUDEST).astype("<i2")
    return base64.b64encode(zlib.compress(samples.tobytes(), 9)).decode("ascii")


def _check_maps(model, nodes):
    for node in nodes[1:]:
        shape = node["shape"]
        if node["kind"] != "copy" and len(shape) == 3 and max(shape[:2]) > MOST_COLUMNS:
            raise ModelError(
                f"{node['name']} of {model.name} has maps of {max(shape[:2]):,} columns, and browsers "
                f"draw up to {MOST_COLUMNS:,}; take shorter sounds."
            )
