"""Rules for arguments that are texts, words or labels; see `models.checks.arguments`."""

import numbers
import os

import keras
import numpy as np

from ..checks.arguments import flag, number, share, shown
from ..checks.words import rows_of
from ..errors import ModelError


def texts(owner, name, value):
    """Rule: several texts, as an array (n,) of str; halves of letters become question marks.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> texts("token_ids", "texts", ["A good film.", "A bad one."]).shape
        (2,)
    """
    rows = rows_of(value)
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


def optional_texts(owner, name, value):
    """Rule: None, or several texts as `texts` has them.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> optional_texts("TextClassifier.fit", "unlabelled", ["A film."]).shape
        (1,)
    """
    return None if value is None else texts(owner, name, value)


def optional_share(owner, name, value):
    """Rule: None, or a share from 0 to less than 1.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> optional_share("TextClassifier", "dropout", 0.2)
        0.2
    """
    return None if value is None else share(owner, name, value)


def optional_flag(owner, name, value):
    """Rule: None, True or False.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> optional_flag("TextClassifier", "freeze_embeddings", True)
        True
    """
    return None if value is None else flag(owner, name, value)


def learning_rate(owner, name, value):
    """Rule: None, or a learning rate of more than 0, up to 1.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> learning_rate("TextClassifier", "learning_rate", 0.005)
        0.005
    """
    return None if value is None else number(above=0, most=1)(owner, name, value)


def class_weight(owner, name, value):
    """Rule: None or "balanced".

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> class_weight("TextClassifier.fit", "class_weight", "balanced")
        'balanced'
    """
    if value is None or (isinstance(value, str) and value == "balanced"):
        return value
    raise ModelError(f'{owner} takes {name} None or "balanced", not {shown(value)}.')


def folder(owner, name, value):
    """Rule: None, the name of a folder, or what keeps states in one, as a `CheckpointFolder` does.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> folder("TextClassifier.fit", "checkpoint", "stopped")
        'stopped'
    """
    if value is None or (isinstance(value, (str, os.PathLike)) and os.fspath(value)):
        return value
    if all(hasattr(value, each) for each in ("folder", "resumed", "write")):
        return value
    raise ModelError(f"{owner} takes {name} as a folder, not {shown(value)}.")


def labels(owner, name, value):
    """Rule: a class for each text, as a list of str or of int; True and False count as 1 and 0.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> labels("TextClassifier.fit", "labels", np.array([1, 0, 1]))
        [1, 0, 1]
    """
    rows = rows_of(value)
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
