"""A classifier of texts as plain data: how it splits a text, and the graph of its network with the weights.

The modules in `splitting/` and `network/` read this and compute the same in a browser.
"""

import keras
import numpy as np

from ...errors import ModelError
from ...ngram_index import NgramIndex
from ...word_index import splitting_of
from ..precision import rounded_weights
from ..weight_bytes import WeightBytes
from .parts import parts_of
from .steps import STEPS, Step, Unknown, nested_step

ABSTAIN = 0.05  # share of the texts like those of training that are refused
ENDS = ("sigmoid", "softmax", "linear")


def portable_texts(model, precision="float32"):
    """Write a classifier of texts down as plain data, weights included.

    Args:
        model: A Keras model of strings, or what has one as `.model`, such as `TextClassifier`.
        precision: As what weights are written: "float32", "float16" or "int8".

    Returns:
        A dict that `json.dumps` takes: "name"; "splitter", with "kind" "words" or "ngrams" and its settings;
        "trust", what a `TextClassifier` abstains by, or None;
        "nodes", a list in an order in which each node comes after those that it needs, each with "id",
        "name", "type" (Keras's class), "kind", "inputs" (ids), "config" and "weights" ({name: {"shape",
        "type", "start"}}, as `WeightBytes` returns them); and "weights", the bytes of all of them, compressed
        (zlib), in base64.

    Raises:
        ModelError: If it is no such model, or has a layer that a page of texts does not know.

    Example:
        >>> from models import SentimentLSTM, StringClassifier
        >>> from models.export.text_page import portable_texts
        >>> plain = portable_texts(StringClassifier(["good", "bad"], SentimentLSTM(4, units=3)))
        >>> [node["kind"] for node in plain["nodes"]]
        ['tokens', 'embedding', 'copy', 'is_word', 'recurrent', 'copy', 'dense']
        >>> plain["splitter"]
        {'kind': 'words', 'vocabulary': ['good', 'bad'], 'split': 'whitespace', 'longest': 800, 'padding': 1}
    """
    parts = parts_of(model)
    held = WeightBytes(precision)
    with rounded_weights(parts.network, precision):
        walk = _Walk(parts.network, held)
    return {
        "name": parts.network.name,
        "splitter": _splitter(parts, held),
        "trust": _trust(model, held),
        "nodes": walk.nodes,
        "weights": held.text(),
    }


def _splitter(parts, held):
    splitter, rest = parts.splitter, {"longest": parts.longest, "padding": parts.padding}
    if isinstance(splitter, NgramIndex):
        known = held.add(np.asarray(splitter.known).astype("int64"))
        sizes = {"ngrams": splitter.longest, "letters": splitter.letters, "known": known}
        return {"kind": "ngrams"} | sizes | rest
    words = splitter.get_vocabulary(include_special_tokens=False)
    split = splitting_of(splitter)
    return {"kind": "words", "vocabulary": [str(word) for word in words], "split": split} | rest


def _trust(model, held):
    """What `predict(texts, abstain=0.05)` of a `TextClassifier` abstains by, or None."""
    trust = getattr(model, "trust_", None)
    if trust is None:
        return None
    rules = trust.rules(ABSTAIN)
    for part in ("familiarity", "short"):
        for name, value in (rules[part] or {}).items():
            rules[part][name] = held.add(value) if isinstance(value, np.ndarray) else value
    return rules


class _Walk:
    """The nodes of a network of numbers, found from its output backwards."""

    def __init__(self, network, held):
        self.nodes, self._held, self._made = [], held, {}
        self.network = network
        if len(network.inputs) != 1 or len(network.outputs) != 1:
            raise ModelError(f"{network.name} has several inputs or outputs; a page of texts shows one each.")
        self._remember(network.inputs[0], self._add("InputLayer", "tokens", [], Step("tokens")))
        last = self._of(network.outputs[0])
        end = self.nodes[last]
        if end["kind"] != "dense" or end["config"]["activation"] not in ENDS or last != len(self.nodes) - 1:
            raise ModelError(
                f"{network.name} ends in {end['name']} ({end['type']}); a page of texts needs a dense layer "
                f"with {', '.join(ENDS)} at the end."
            )

    def _of(self, tensor):
        """The id of the node that makes a tensor."""
        if id(tensor) in self._made:
            return self._made[id(tensor)][0]
        operation, index, _ = tensor._keras_history
        call = operation._inbound_nodes[index]
        inputs = [self._of(each) for each in call.input_tensors]
        if isinstance(operation, keras.Model) and nested_step(operation) is None:
            return self._through(operation, inputs, tensor)
        try:
            steps = _steps(operation, call)
        except Unknown as reason:
            raise ModelError(
                f"{self.network.name} has {operation.name} ({type(operation).__name__}), {reason}, which a "
                "page of texts cannot compute; it knows the layers of the zoo's text networks, and GRU."
            ) from None
        for output, several in zip(call.output_tensors, steps, strict=True):
            made = [*inputs]
            for step in several:
                first = len(made) == len(inputs)
                of = inputs if first else made[-1:]
                of = of if step.takes is None else [made[place] for place in step.takes]
                name = f"{operation.name} {step.part}".strip()
                made.append(self._add(type(operation).__name__, name, of, step))
            self._remember(output, made[-1])
        return self._made[id(tensor)][0]

    def _through(self, model, inputs, tensor):
        """The node that makes one output of a nested model."""
        for inner, node in zip(model.inputs, inputs, strict=True):
            self._remember(inner, node)
        return self._of(model.outputs[tensor._keras_history.tensor_index])

    def _remember(self, tensor, node):
        self._made[id(tensor)] = node, tensor  # kept, so that no other tensor gets its id

    def _add(self, kind, name, inputs, step):
        node = {
            "id": len(self.nodes),
            "name": name,
            "type": kind,
            "kind": step.kind,
            "inputs": list(inputs),
            "config": step.config,
            "weights": {key: self._held.add(value) for key, value in step.weights.items()},
        }
        self.nodes.append(node)
        return node["id"]


def _steps(operation, call):
    """For each output of an operation the steps to it."""
    nested = nested_step(operation) if isinstance(operation, keras.Model) else None
    if nested is not None:
        return [[each] for each in nested]
    name = type(operation).__name__
    if name in STEPS:
        return [STEPS[name](operation, call)]
    raise Unknown("a layer of its own")
