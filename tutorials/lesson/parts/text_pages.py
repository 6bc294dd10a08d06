"""Pages on which one types a text and sees how a network reads it: of a lesson, or of a saved classifier."""

import csv
import json
from pathlib import Path

from tutorials.lesson.command import LessonError

import numpy as np

from datasets import Source, reviews
from datasets.files.names import safe, shown
from models import TextClassifier
from models.export.text_page import about_megabytes, write_text_page

EXAMPLES = 8
SHORT = 60  # words of an example, where there are such texts
LARGE = 8  # megabytes of a page, from which on its size is said before it is written
MOST_ROWS = 5000  # of a table of predictions


def page_of_lesson(wanted, report, model, texts, labels, class_names):
    """Write page.html of the network that a lesson has trained.

    Args:
        wanted: Whether to write it at all.
        report: The lesson's `Report`.
        model: Takes strings, as `models.StringClassifier` builds it.
        texts, labels: Test texts, (n,) of str, and their classes, integers (n,).
        class_names: Names in index order.
    """
    if wanted:
        captions = [class_names[label] for label in labels]
        _write(report, model, *_examples(texts, captions), class_names)


def _write(report, model, texts, captions, class_names, precision="float32"):
    size = about_megabytes(model, precision)
    if size > LARGE:
        print(f"page.html will have about {size:,.0f} MB, nearly all of it vectors or votes of words.")
    with report.writing("page.html") as path:
        written = write_text_page(model, texts, path, class_names, captions=captions, precision=precision)
    say_rounding(precision, written.difference, len(texts))


def say_rounding(precision, difference, examples):
    """Print what rounding the weights of a page changes, where they are rounded.

    Args:
        precision: Of the weights, as `write_page` takes it.
        difference: The greatest one of the outputs.
        examples: For how many examples.
    """
    if precision != "float32":
        most = f"{difference:.2g}"
        print(f"Weights as {precision} change the outputs for the {examples} examples by {most} at most.")


def say_open(folder, wanted=True):
    """Print where the page is.

    Args:
        folder: The run's results.
        wanted: Whether there is one.
    """
    if wanted:
        print(f"Open {safe(folder / 'page.html', 'terminal')} in a browser.")


def _examples(texts, captions):
    """Some texts of all classes, short ones if there are any, with their captions."""
    lengths = np.array([len(text.split()) for text in texts])
    order = np.argsort(lengths > SHORT, kind="stable")
    seen, turns = {}, []  # which text of its class each one is
    for row in order:
        turns.append(seen.setdefault(captions[row], 0))
        seen[captions[row]] += 1
    kept = order[np.argsort(turns, kind="stable")][:EXAMPLES]
    return [str(texts[row]) for row in kept], [str(captions[row]) for row in kept]


def takes_texts(model):
    """Whether a model takes strings.

    Args:
        model: A Keras model.
    """
    inputs = getattr(model, "inputs", None) or ()
    return len(inputs) == 1 and inputs[0].dtype == "string"


def look_at_texts(report, load, data, page, precision="float32"):
    """Write the page of a saved classifier of texts, and close the run.

    Args:
        report: The lesson's `Report`.
        load: A `.keras` file, or a folder of results.
        data: Labelled texts to choose from, as `datasets.reviews.locate` takes them; "auto" for those that
            lie beside the model, if any.
        page: Whether to write it.
        precision: As what to write its weights: "float32", "float16" or "int8".

    Returns:
        The `Outcome` of the run.

    Raises:
        LessonError: If no page is asked for.
        ModelError: If it is no classifier of texts that a page can show.
    """
    if not page:
        raise LessonError(
            f"{load} classifies texts, and this lesson's figures are of images: add --page for a page that "
            "shows how it reads a text, word by word."
        )
    classifier = TextClassifier.load(load)
    source, texts, captions = _texts_to_show(load, data, classifier.class_names)
    _write(report, classifier, *_examples(texts, captions), classifier.class_names, precision)
    parameters = classifier.model.count_params()
    written = report.close(
        source,
        examples=len(texts),
        finding=f"page.html runs a classifier of {parameters:,} parameters on any text, with the classes "
        f"{', '.join(shown(name) for name in classifier.class_names)}.",
        parameters=parameters,
    )
    say_open(report.folder)
    return written


def file_of(path):
    """The file of a saved model.

    Args:
        path: What a user gave: the file, or a lesson's folder.
    """
    path = Path(path)
    return path / "model.keras" if path.suffix != ".keras" and path.is_dir() else path


def _texts_to_show(load, data, class_names):
    """(`Source`, texts, captions): those of `data`, or of the run that saved the model."""
    saved = Source("texts", Path(load))
    if str(data) != "auto":
        source = reviews.locate(data)
        _, (texts, labels), names = reviews.load_data(source)
        return source, [*texts], [str(names[label]) for label in labels]
    folder = file_of(load).parent
    if (folder / "predictions.csv").is_file():
        return saved, *_predicted(folder / "predictions.csv", class_names)
    if _was_trained_on_reviews(folder) and list(class_names) == list(reviews.IMDB_CLASSES):
        _, (texts, labels), names = reviews.load_data("embedded")
        return Source("embedded"), [*texts], [names[label] for label in labels]
    return saved, [], []


def _predicted(path, class_names):
    """Texts and their labels of the table that the lesson `classify_texts` writes."""
    texts, captions = [], []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for _, row in zip(range(MOST_ROWS), csv.DictReader(file), strict=False):
                if row.get("text") and row.get("label") in class_names:
                    texts.append(row["text"])
                    captions.append(row["label"])
    except (OSError, ValueError, csv.Error) as error:
        print(f"{safe(path, 'terminal')} cannot be read ({error}); the page has no examples.")
        return [], []
    return texts, captions


def _was_trained_on_reviews(folder):
    try:
        settings = json.loads((folder / "metrics.json").read_text(encoding="utf-8")).get("settings", {})
    except (OSError, ValueError, AttributeError, RecursionError):
        return False
    return isinstance(settings, dict) and settings.get("data") in ("auto", "embedded")
