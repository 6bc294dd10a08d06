"""Rules for arguments that are texts, words or labels; see `models.checks.arguments`."""

import contextlib
import numbers

import keras
import numpy as np

from ..checks.arguments import shown
from ..errors import ModelError


def texts(owner, name, value):
    """Rule: several texts, as an array (n,) of str; halves of letters become question marks.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> texts("token_ids", "texts", ["A good film.", "A bad one."]).shape
        (2,)
    """
    rows = _rows(value)
    if rows is None:
        hint = f"; for one text, write [{name.removesuffix('s')}]" if isinstance(value, str) else ""
        raise ModelError(f"{owner} needs {name} as a list of strings, not {shown(value)}{hint}.")
    found = np.empty(len(rows), object)
    for n, text in enumerate(rows):
        if not isinstance(text, str):
            raise ModelError(
                f"{owner} needs {name} as a list of strings, and number {n:,} of them, counted from 0, is "
                f"{shown(text)}; leave it out, or write it as a string."
            )
        found[n] = str(text)
    try:
        "".join(found).encode("utf-8")
    except UnicodeEncodeError:
        found[:] = [text.encode("utf-8", "replace").decode("utf-8") for text in found]
    return found


def words(owner, name, value):
    """Rule: different words, as a list of str.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> words("token_ids", "vocabulary", ("good", "bad"))
        ['good', 'bad']
    """
    found = _rows(value) or []
    if not found or not all(isinstance(word, str) and word for word in found):
        found = []
    if not found or len(set(found)) < len(found):
        raise ModelError(
            f"{owner} needs {name} as a list of different words, the most frequent first, not {shown(value)}."
        )
    return [str(word) for word in found]


def labels(owner, name, value):
    """Rule: a class for each text, as a list of str or of int; True and False count as 1 and 0.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> labels("TextClassifier.fit", "labels", np.array([1, 0, 1]))
        [1, 0, 1]
    """
    rows = _rows(value)
    if rows is None:
        raise ModelError(f"{owner} needs {name} as a list of strings or whole numbers, not {shown(value)}.")
    if all(isinstance(label, str) and label.strip() for label in rows):
        return [str(label) for label in rows]
    if all(isinstance(label, (numbers.Integral, np.bool_)) for label in rows):
        return [int(label) for label in rows]
    kind = str if isinstance(rows[0], str) and rows[0].strip() else (numbers.Integral, np.bool_)
    odd = next(n for n, label in enumerate(rows) if not isinstance(label, kind) or label == "")
    raise ModelError(
        f"{owner} needs {name} that are all strings or all whole numbers, and number {odd:,} of them, "
        f"counted from 0, is {shown(rows[odd])}; leave that text out, or give it a label."
    )


def string_model(owner, name, value):
    """Rule: a model of strings, such as `StringClassifier` builds.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> from models import MLP, ModelError
        >>> try:
        ...     string_model("word_effects", "model", MLP())
        ... except ModelError as error:
        ...     print(error)
        word_effects needs model that takes strings, as StringClassifier builds it, not the Functional 'mlp'.
    """
    inputs = getattr(value, "inputs", None) if isinstance(value, keras.Model) else None
    if not inputs or len(inputs) != 1 or inputs[0].dtype != "string":
        raise ModelError(
            f"{owner} needs {name} that takes strings, as StringClassifier builds it, not {shown(value)}."
        )
    return value


def _rows(value):
    """A sequence as a list; None if it is none, or one string."""
    if isinstance(value, (str, bytes, dict)) or getattr(value, "ndim", 1) != 1:
        return None
    with contextlib.suppress(TypeError):
        return list(value)
    return None
