"""Pages on which one records or drops a sound and sees every layer: of a lesson, or of a saved model."""

from tutorials.lesson.command import LessonError

import numpy as np

from datasets import Source, tones
from datasets.files.names import safe, shown
from models import ModelError
from models.export.page import page_bytes, write_sound_page
from models.export.page.sound_steps import sound_input, spectrogram_layers
from tutorials.lesson.parts.inspection_steps import of_all_classes
from tutorials.lesson.parts.text_pages import file_of, say_open, say_rounding
from tutorials.lesson.saved import VALID, read_model, read_names, read_results

EXAMPLES = 12
LARGE = 8  # megabytes of a page, from which on its size is said before it is written


def page_of_sounds(wanted, report, network, sounds, labels, class_names, hertz):
    """Write page.html of the network that a lesson has trained, and say where it is.

    Args:
        wanted: Whether to write it at all.
        report: The lesson's `Report`.
        network: Takes waveforms (n, samples).
        sounds, labels: Test sounds, (n, samples), and their classes, integers (n,).
        class_names: Names in index order.
        hertz: Their sampling rate.
    """
    if wanted:
        captions = [class_names[label] for label in labels]
        _write(report, network, sounds, captions, class_names, hertz)
        say_open(report.folder)


def _write(report, model, sounds, captions, class_names, hertz, precision="float32"):
    rows = of_all_classes(np.unique(captions, return_inverse=True)[1], EXAMPLES) if len(captions) else []
    chosen = np.asarray(sounds)[rows] if len(rows) else np.zeros((0, *np.shape(sounds)[1:]))
    size = page_bytes(model, precision) / 1e6
    if size > LARGE:
        print(f"page.html will have about {size:,.0f} MB.")
    with report.writing("page.html") as path:
        written = write_sound_page(
            model,
            chosen,
            path,
            hertz,
            class_names,
            f"Look inside {model.name}",
            captions=[str(captions[row]) for row in rows],
            precision=precision,
        )
    say_rounding(precision, written.difference, len(chosen))


def takes_sounds(model):
    """Whether a model computes a spectrogram of what it takes, a waveform.

    Args:
        model: A Keras model.
    """
    try:
        sound_input(model)
    except ModelError:
        return False
    return bool(spectrogram_layers(model))


def look_at_sounds(report, load, data, page, precision="float32"):
    """Write the page of a saved model of sounds, and close the run.

    Args:
        report: The lesson's `Report`.
        load: A `.keras` file, or a folder of results.
        data: Sounds to choose from, as `datasets.tones.locate` takes them; "auto" for generated ones, where
            the model knows their classes.
        page: Whether to write it.
        precision: As what to write its weights: "float32", "float16" or "int8".

    Returns:
        The `Outcome` of the run.

    Raises:
        LessonError: If no page is asked for, or the sampling rate is not known.
        ModelError: If it is no model that a page of sounds can show.
    """
    if not page:
        raise LessonError(
            f"{load} classifies sounds, and this lesson's figures are of images: add --page for a page that "
            "shows what its layers compute of a sound."
        )
    file = file_of(load)
    model, about = read_model(file)
    names = _names(file, model, about)
    hertz, seconds = _rate_and_length(file, model)
    source, sounds, captions = _sounds_to_show(load, data, names, hertz, seconds)
    _write(report, model, sounds, captions, names, hertz, precision)
    parameters = model.count_params()
    known = f", with the classes {', '.join(shown(name) for name in names)}" if names else ""
    written = report.close(
        source,
        examples=len(sounds),
        finding=f"page.html runs a network of {parameters:,} parameters on any sound{known}.",
        parameters=parameters,
    )
    say_open(report.folder)
    return written


def _names(file, model, about):
    """The classes' names beside a model or inside its file, or None."""
    if file.with_name("labels.json").is_file():
        return read_names(file.with_name("labels.json"), model)
    return about.get("class_names") if isinstance(about, dict) else None


def _rate_and_length(file, model):
    """(samples a second, seconds) of the sounds that a model takes."""
    metrics, settings = file.with_name("metrics.json"), {}
    if metrics.is_file():
        settings = read_results(metrics, dict).get("settings")
        settings = settings if isinstance(settings, dict) else {}
    rates = [getattr(layer, "sampling_rate", None) for layer in spectrogram_layers(model)]
    found = [each for each in (settings.get("hertz"), *rates) if VALID["hertz"](each)]
    if not found:
        raise LessonError(
            f"{safe(file, 'terminal')} does not say how many samples a second its sounds have; "
            "models.export.page.write_sound_page takes that as sampling_rate and writes the page."
        )
    samples = sound_input(model).shape[1]
    known = settings.get("seconds") if VALID["seconds"](settings.get("seconds")) else 1.0
    return found[0], samples / found[0] if samples else known


def _sounds_to_show(load, data, names, hertz, seconds):
    """(`Source`, sounds (n, samples), captions)."""
    samples = max(1, round(seconds * hertz))
    knows_tones = names is not None and tuple(names) == tones.CLASS_NAMES and seconds >= 0.5 and hertz >= 4000
    if str(data) == "auto" and not knows_tones:
        return Source("sounds", file_of(load)), np.zeros((0, samples)), []
    source = tones.locate(data)
    _, (sounds, labels) = tones.load_data(source, 1, 2 * EXAMPLES, seconds, hertz, seed=1)
    given = tones.class_names(source)
    return source, sounds, [given[label] for label in labels]
