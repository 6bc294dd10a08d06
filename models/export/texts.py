"""A trained network of token ids in the formats of other runtimes, and its vocabulary beside it.

Exported networks take token ids, int32 (batch, words), and return probabilities (batch, classes), or of two
classes (batch, 1), that of the second. ONNX takes any number of texts, LiteRT one at a time. Neither format
holds strings: the vocabulary lies beside as JSON.
"""

import json

import keras

from ..checks.arguments import shown
from ..errors import ModelError
from ..loading.saved_classifiers import check_path, replacing
from .formats import check_export, convert, kind_of


def export_texts(network, vocabulary, class_names, longest, path, split="whitespace"):
    """Write a network of token ids as an ONNX or a LiteRT file, and what turns texts into ids as JSON.

    Args:
        network: Keras model of token ids, as `SentimentLSTM` and the others build it.
        vocabulary: List of words, of token ids 2 and on.
        class_names: Names of the classes, in index order.
        longest: Number of words that are used of a text.
        path: File to write, which ends in ".onnx" or ".tflite". Of "tickets.onnx" the vocabulary is
            "tickets.vocabulary.json". Files of these names are replaced when both new ones are complete.
        split: How texts are split into these words: "whitespace", "character" or "punctuation".

    Raises:
        ModelError: If a package is missing, `network` takes no token ids, or a file cannot be written;
            nothing is changed then.

    Example:
        >>> from pathlib import Path
        >>> from models import SentimentBag
        >>> from models.export.texts import export_texts
        >>> export_texts(SentimentBag(4), ["good", "bad"], "01", 800, Path("x.onnx"))  # doctest: +SKIP
    """
    path = check_path(path, ".onnx", ".tflite")
    beside = check_path(path.with_name(f"{path.stem}.vocabulary.json"), ".json")
    check_export(kind_of(path))
    if not isinstance(network, keras.Model) or len(network.input_shape) != 2:
        raise ModelError(f"export_texts needs network as a model of token ids, not {shown(network)}.")
    content = {"class_names": list(class_names), "longest": longest, "split": split}
    content |= {"vocabulary": list(vocabulary)}
    with replacing(path) as draft, replacing(beside) as notes:
        # LiteRT cannot pool over the words of several texts of unknown length
        shape = (None if kind_of(path) == "onnx" else 1, None)
        convert(network, draft, shape, "int32", "tokens", named=path)
        notes.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
