"""A page that runs a classifier of texts in the browser: one HTML file, without a network.

Its ES modules lie beside this file and, where both pages use them, in `page/`; they are bundled into one
script. No other script may run in the page, and whatever classes, words and texts contain is shown as text.
"""

import functools
from itertools import zip_longest
from pathlib import Path

import keras
import numpy as np

from ...checks.arguments import checked, choice
from ...checks.words import rows_of
from ...errors import ModelError
from ...probabilities import per_class
from ...sibling import datasets_module
from .. import arguments
from ..html import Inline, page_path, rendered, template, write_html
from ..page.bundle import bundle
from ..precision import PRECISIONS, rounded_weights, rounding_note, weight_bytes
from .parts import parts_of
from .portable import portable_texts

shown = datasets_module("files.names").shown
FOLDER = Path(__file__).parent
ENTRY = "text_page/page.js"  # imports all other modules
IN_BASE64 = 4 / 3
SNIPPET = 60  # characters of an example on its button
MOST_NAMED = 6  # classes in a heading


CHECKED = {
    "model": arguments.anything,
    "class_names": arguments.names,
    "captions": arguments.captions,
    "precision": choice(*PRECISIONS),
}


@checked(**CHECKED)
def write_text_page(model, texts, path, class_names=None, title=None, captions=(), precision="float32"):
    """Write a page on which one types a text, and sees how a classifier comes to its answer, word by word.

    The page splits texts as the model does and runs its network: tokens, embeddings, the gates and cells of
    recurrent layers, convolutions, means, votes. Pointing at a word shows the answer without it.

    Args:
        model: A `TextClassifier`, or a Keras model of strings, as `StringClassifier` makes it.
        texts: Sequence of str, examples to choose from; may be empty.
        path: File to write, which ends in .html. An existing file is replaced once the page is complete.
        class_names: Names of the classes, in index order, of two also where the model has one output; None
            for the classifier's, or "class 0", "class 1" and so on.
        title: Heading of the page, None for the names of the classes as a question.
        captions: The true class of each example, as text; empty if unknown.
        precision: As what weights are written: "float32"; "float16", half as large; or "int8", a quarter,
            with a scale for each output channel of kernels and embeddings. The page says so.

    Returns:
        A `Written`: the page's size, and the largest difference of a probability of an example that rounding
        makes; 0.0 for float32.

    Raises:
        ModelError: If the page cannot show such a model, or an argument is not as described.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from models import SentimentLSTM, StringClassifier
        >>> from models.export.text_page import write_text_page
        >>> model = StringClassifier(["good", "bad"], SentimentLSTM(vocabulary_size=4))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     written = write_text_page(model, ["Good, not bad!"], Path(folder) / "texts.html")
        ...     print([path.name for path in Path(folder).iterdir()], written.difference)
        ['texts.html'] 0.0
    """
    path = page_path(path)
    page, difference = _render(model, texts, class_names, title, captions, precision)
    return write_html(path, page, difference)


@checked(**CHECKED)
def render_texts(model, texts, class_names=None, title=None, captions=(), precision="float32"):
    """The page of `write_text_page` as text, with the same arguments.

    Args:
        model, texts, class_names, title, captions, precision: As in `write_text_page`.

    Raises:
        ModelError: If the page cannot show such a model, or an argument is not as described.

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> from models.export.text_page import render_texts
        >>> render_texts(StringClassifier(["good", "bad"], SentimentBag(4)), [])[:15]
        '<!DOCTYPE html>'
    """
    return _render(model, texts, class_names, title, captions, precision)[0]


def about_megabytes(model, precision="float32"):
    """About how large the page of a model will be, before it is written.

    Args:
        model, precision: As in `write_text_page`.

    Returns:
        Megabytes.

    Raises:
        ModelError: If the page cannot show such a model.

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> from models.export.text_page import about_megabytes
        >>> about_megabytes(StringClassifier(["good", "bad"], SentimentBag(4))) < 0.2
        True
    """
    parts = parts_of(model)
    known = getattr(parts.splitter, "size", 0)  # of n-grams, whose fingerprints have 8 bytes
    numbers = weight_bytes(parts.network, precision) + 8 * known
    return (len(_script().text) + len(_style().text) + IN_BASE64 * numbers) / 1e6


def _render(model, texts, class_names, title, captions, precision):
    """The page as text, and what rounding changes."""
    texts = rows_of(texts)
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise ModelError("A page of texts needs texts as a sequence of strings.")
    texts = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    parts = parts_of(model)
    arguments.check_numbers(parts.network)
    plain = portable_texts(model, precision)
    answers = [_answer(parts, text) for text in texts]
    difference = 0.0
    if precision != "float32":
        with rounded_weights(parts.network, precision):
            rounded = [_answer(parts, text) for text in texts]
        changes = [np.abs(one - other).max() for one, other in zip(answers, rounded, strict=True)]
        answers, difference = rounded, float(max(changes, default=0.0))
    if not np.isfinite(answers).all():
        raise ModelError(
            f"{parts.network.name} answers NaN, which no page can show; its weights are too large."
        )
    class_names = _class_names(model, parts.network, class_names)
    data = {
        "model": plain,
        "class_names": class_names,
        "texts": texts,
        "answers": [answer.astype(float).tolist() for answer in answers],
    }
    page = rendered(
        _template(),
        title=str(_question(class_names) if title is None else title),
        examples=[
            (_snippet(text), str(caption))
            for text, caption in zip_longest(texts, captions[: len(texts)], fillvalue="")
        ],
        unit="character" if plain["splitter"].get("split") == "character" else "word",
        rounding=rounding_note(precision, difference, len(texts)),
        data=data,
        style=_style(),
        script=_script(),
    )
    return page, difference


def _question(class_names):
    """What the classifier answers, such as "good or bad?"."""
    if len(class_names) > MOST_NAMED:
        return f"Which of {len(class_names):,} classes?"
    return f"{', '.join(class_names[:-1])} or {class_names[-1]}?"


def _snippet(text):
    """What the button of an example says."""
    line = " ".join(text.split())
    return (line if len(line) <= SNIPPET else f"{line[: SNIPPET - 1]}…") or "(no words)"


def _class_names(model, network, given):
    count = max(2, network.outputs[0].shape[-1])
    names = getattr(model, "class_names", None) if given is None else given
    names = [f"class {index}" for index in range(count)] if names is None else [*names]
    if len(names) != count:
        raise ModelError(f"{network.name} has {count} classes, and class_names has {len(names)} names.")
    return [shown(name) for name in names]


def _answer(parts, text):
    """Probabilities of all classes for one text, by Keras."""
    ids = np.repeat(parts.ids(text), 2, 0)  # of two: see SAMPLE in steps.py
    network, ids = parts.network, keras.ops.convert_to_tensor(ids)
    outputs = keras.ops.convert_to_numpy(network(ids)).astype("float64")
    if network.outputs[0]._keras_history.operation.activation is keras.activations.linear:
        outputs = _of_logits(outputs)
    return per_class(outputs)[0]


def _of_logits(outputs):
    if outputs.shape[-1] == 1:
        return 1 / (1 + np.exp(-outputs))
    shares = np.exp(outputs - outputs.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


@functools.cache
def _style():
    both = FOLDER.parent / "page" / "page.css", FOLDER / "page.css"
    return Inline("\n".join(path.read_text(encoding="utf-8") for path in both))


@functools.cache
def _script():
    return Inline(bundle(FOLDER.parent, ENTRY))


@functools.cache
def _template():
    return template(FOLDER / "page.html")
