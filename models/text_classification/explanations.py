"""What a trained text network learned: which words move a prediction, and which words are alike to it."""

import numpy as np

from ..checks.arguments import array, checked, shown, whole
from ..errors import ModelError
from ..probabilities import per_class
from .arguments import string_model

MOST_LEFT_OUT = 150  # words of a text for which leaving each out is tried


@checked(model=string_model, class_index=whole(0))
def word_effects(model, text, class_index):
    """How much each word of a text moves the probability of a class, by leaving it out.

    Args:
        model: Takes strings, as `StringClassifier` builds it.
        text: The text; its first 150 words are tried.
        class_index: Index of the class.

    Returns:
        `(words, effects)`: a list of n str and an array (n,): the probability with the word, less that
        without it, from -1 to 1.

    Raises:
        ModelError: If an argument is not as described.

    Reference:
        Li, Monroe and Jurafsky, Understanding neural networks through representation erasure, 2016.

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> from models.text_classification import word_effects
        >>> model = StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))
        >>> words, effects = word_effects(model, "Good, not bad!", class_index=1)
        >>> words, effects.shape
        (['Good,', 'not', 'bad!'], (3,))
    """
    if not isinstance(text, str):
        raise ModelError(f"word_effects needs text as one string, not {shown(text)}.")
    classes = max(2, model.outputs[0].shape[-1])
    if class_index >= classes:
        raise ModelError(f"word_effects needs class_index from 0 to {classes - 1}, not {class_index}.")
    text = text.encode("utf-8", "replace").decode("utf-8")
    words = text.split()
    shorter = [" ".join(words[:n] + words[n + 1 :]) for n in range(min(len(words), MOST_LEFT_OUT))]
    outputs = model.predict(np.array([text, *shorter], object), verbose=0)
    probabilities = per_class(outputs)[:, class_index]
    return words[: len(shorter)], probabilities[0] - probabilities[1:]


@checked(count=whole(), neighbours=whole())
def nearest_words(embeddings, candidates, count=8, neighbours=6):
    """Neighbourhoods: words whose embeddings point most nearly in the same direction.

    Args:
        embeddings: Array (n, dimensions), one row a word.
        candidates: Indices of words whose neighbours may be looked for, the most interesting first.
        count: Number of neighbourhoods; a word that is in one already starts none.
        neighbours: Words in each beside the first.

    Returns:
        List of lists of indices; no word is in two of them.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.text_classification import nearest_words
        >>> nearest_words([[1, 0], [3, 0.1], [0, 1], [0.1, 2]], [0, 1, 2], count=2, neighbours=1)
        [[0, 1], [2, 3]]
    """
    embeddings = array("nearest_words", "embeddings", embeddings, rank=2, what="(words, dimensions)")
    candidates = array("nearest_words", "candidates", candidates, rank=1)
    if candidates.dtype.kind not in "iu" or candidates.min() < 0 or candidates.max() >= len(embeddings):
        raise ModelError(
            f"nearest_words needs candidates as indices from 0 to {len(embeddings) - 1}, "
            f"not {shown(candidates.tolist())}."
        )
    directions = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    taken, found = set(), []
    for first in candidates:
        if first not in taken and len(found) < count:
            nearest = np.argsort(-directions @ directions[first])
            found.append([int(first), *[int(n) for n in nearest if n not in {*taken, first}][:neighbours]])
            taken.update(found[-1])
    return found
