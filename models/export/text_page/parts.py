"""A classifier of texts, taken apart: what splits a text, and the network of numbers behind it."""

from typing import NamedTuple

import keras
import numpy as np

from ...checks.arguments import shown
from ...errors import ModelError
from ...gradients import double_precision
from ...ngram_index import NgramIndex
from ...word_index import WordIndex

NEEDED = (
    "a page of texts needs a model of strings: TextVectorization or a layer of n-grams, and a network of "
    "token ids behind it, as StringClassifier, TextClassifier and the lesson sentiment make them"
)


class Parts(NamedTuple):
    """What a classifier of texts is made of.

    Attributes:
        splitter: The layer that turns texts into numbers, `TextVectorization` or `NgramIndex`.
        network: The Keras model of these numbers, int32 (batch, n).
        longest: How many numbers of a text are used; None for all.
        padding: How many zeros come behind them.

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> from models.export.text_page.parts import parts_of
        >>> parts_of(StringClassifier(["good", "bad"], SentimentBag(4))).padding
        1
    """

    splitter: keras.layers.Layer
    network: keras.Model
    longest: int | None
    padding: int

    def ids(self, text):
        """The numbers that the network gets for one text, int32 (1, n)."""
        with double_precision():  # they come with 64 bits
            found = np.asarray(self.splitter.call(np.array([text], object)))
        found = found[:, : self.longest].astype("int32")
        return np.pad(found, ((0, 0), (0, self.padding)))


def parts_of(model):
    """Take a classifier of texts apart.

    Args:
        model: A Keras model of strings (batch,), or what has one as `.model`, such as `TextClassifier`.

    Returns:
        `Parts`.

    Raises:
        ModelError: If it is no classifier of texts.

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> from models.export.text_page.parts import parts_of
        >>> parts = parts_of(StringClassifier(["good", "bad"], SentimentBag(4), longest=3))
        >>> parts.longest, parts.ids("Good, not so bad!").tolist()
        (3, [[2, 1, 1, 0]])
    """
    if not isinstance(model, keras.Model):
        model = getattr(model, "model", None) or model
    inputs = getattr(model, "inputs", None) or ()
    if not isinstance(model, keras.Model) or len(inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(f"{shown(model)} cannot be shown: {NEEDED}.")
    if inputs[0].dtype != "string" or len(inputs[0].shape) != 1:
        taken = tuple(inputs[0].shape[1:])
        raise ModelError(f"{model.name} takes {taken} of {inputs[0].dtype}, and no texts: {NEEDED}.")
    chain = _chain(model)
    if len(chain) < 2 or not isinstance(chain[-1], keras.Model):
        raise ModelError(f"{model.name} cannot be shown: {NEEDED}.")
    splitter, *between, network = chain
    longest, padding = None, 0
    for each in between:
        kind = type(each).__name__
        if kind == "GetItem":
            longest = _cut(model, each)
        elif kind == "Pad" and padding == 0:
            padding = _padding(model, each)
        elif kind != "Cast":
            raise ModelError(f"{model.name} has {each.name} ({kind}) before its network: {NEEDED}.")
    _check(model, splitter)
    return Parts(splitter, network, longest, padding)


def _chain(model):
    """The layers and operations from the input to the output, each of which has one input."""
    found, tensor = [], model.outputs[0]
    while True:
        operation, index, _ = tensor._keras_history
        given = operation._inbound_nodes[index].input_tensors
        if not given:
            return found[::-1]
        found.append(operation)
        if len(given) > 1:
            return []
        tensor = given[0]


def _check(model, splitter):
    if isinstance(splitter, NgramIndex):
        return
    if not isinstance(splitter, keras.layers.TextVectorization):
        raise ModelError(f"{model.name} splits texts with {type(splitter).__name__}: {NEEDED}.")
    settings = splitter.get_config()
    wanted = (
        {}
        if isinstance(splitter, WordIndex)
        else {
            "standardize": "lower_and_strip_punctuation",
            "split": ("whitespace", "character"),
        }
    )
    wanted |= {
        "ngrams": None,
        "output_mode": "int",
        "output_sequence_length": None,
        "ragged": False,
        "encoding": "utf-8",
    }
    for name, value in wanted.items():
        known = value if isinstance(value, tuple) else (value,)
        if settings.get(name) not in known:
            raise ModelError(
                f"{model.name} has TextVectorization with {name}={shown(settings.get(name))}; a page of "
                f"texts can split them with {name}={' or '.join(map(repr, known))} only."
            )
    if not splitter.get_vocabulary(include_special_tokens=False):
        raise ModelError(f"{model.name} knows no words: call adapt(texts) of its {type(splitter).__name__}.")


def _arguments(operation):
    node = operation._inbound_nodes[0].arguments
    return [*node.args[1:], *node.kwargs.values()]


def _cut(model, operation):
    """How many numbers `tokens[:, :n]` leaves."""
    parts = [part for each in _arguments(operation) for part in (each if np.iterable(each) else [each])]
    if len(parts) == 2 and parts[0] == slice(None) and parts[1] == slice(None, parts[1].stop):
        return parts[1].stop
    raise ModelError(f"{model.name} takes a part of its tokens that a page of texts does not know: {NEEDED}.")


def _padding(model, operation):
    """How many zeros `ops.pad(tokens, ((0, 0), (0, n)))` adds."""
    width = np.asarray(operation.pad_width).reshape(-1).tolist()
    if len(width) == 4 and width[:3] == [0, 0, 0] and operation.mode == "constant":
        return int(width[3])
    raise ModelError(f"{model.name} pads its tokens in a way that a page of texts does not know: {NEEDED}.")
