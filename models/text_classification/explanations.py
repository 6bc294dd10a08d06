"""What a trained text network learned: which words move a prediction, and which words are alike to it."""

from typing import NamedTuple

import numpy as np
from keras import layers

from ..checks.arguments import array, checked, shown, whole
from ..errors import ModelError
from ..ngram_index import NgramIndex
from ..word_index import splitting_of, words_and_letters
from .arguments import string_model
from .linear_votes import votes_without_words
from .log_odds import LogProbabilities, log_odds, of_logits

MOST_ALONE = 200  # words of a text of which each is left out alone; of a longer one, groups of words


class Effects(NamedTuple):
    """What each word of a text does for a class.

    Attributes:
        words: List of n str: what stands between the spaces of the text; where the model takes letters of a
            script without spaces for tokens, each of these.
        log_odds: float64 (n,): log-odds of the class with the word, less those without it.
        probabilities: float64 (n,): the same of its probability, from -1 to 1.
        exact: False where the model gives no logits, and its log-odds are cut off at -16.6 and 16.6.

    Example:
        >>> Effects(["good"], np.array([2.2]), np.array([0.4]), True).words
        ['good']
    """

    words: list
    log_odds: np.ndarray
    probabilities: np.ndarray
    exact: bool


@checked(model=string_model, class_index=whole(0))
def word_effects(model, text, class_index):
    """How much each word of a text moves the log-odds of a class, by leaving it out.

    Log-odds move as far where a probability is 99.99 % as where it is 60 %. In a linear classifier of
    n-grams the effect of a word is that of all n-grams with it: exact sums, see `votes_without_words`. For
    other models the text is classified again without the word; of a text of more than 200 words, first
    without each of 100 groups of neighbouring words, then without each word of the groups with the largest
    effects. The words of the other groups share the effect of their group. Where the model takes each letter
    of a script without spaces between words, such as Chinese, for a token, each such letter is a word here.

    Args:
        model: Takes strings, as `StringClassifier` builds it.
        text: The text.
        class_index: Index of the class.

    Returns:
        `(words, effects)`: a list of n str and an array (n,): the log-odds with the word, less those without
        it. An effect of +0.7 makes the odds of the class twice as high.

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
    found = effects_of_words(model, text, class_index)
    return found.words, found.log_odds


def effects_of_words(model, text, class_index):
    """The same as `word_effects`, with what it does to the probability.

    Args:
        model, text, class_index: As for `word_effects`.

    Returns:
        `Effects`.

    Raises:
        ModelError: If `text` is no string, or there is no such class.

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> model = StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))
        >>> found = effects_of_words(model, "so good", class_index=0)
        >>> found.exact, found.probabilities.shape
        (True, (2,))
    """
    if not isinstance(text, str):
        raise ModelError(f"word_effects needs text as one string, not {shown(text)}.")
    classes = max(2, model.outputs[0].shape[-1])
    if class_index >= classes:
        raise ModelError(f"word_effects needs class_index from 0 to {classes - 1}, not {class_index}.")
    words, spaces = _words_of(model, text.encode("utf-8", "replace").decode("utf-8"))
    votes = votes_without_words(model, words)
    if votes is None:
        return _by_leaving_out(model, words, spaces, class_index)
    found = of_logits(np.vstack([votes.whole, votes.without]))
    return Effects(words, *_changes(found, class_index), True)


def _words_of(model, text):
    """(words of a text, what is put behind each): letters without spaces are words if they are tokens."""
    letters = [layer for layer in model.layers if isinstance(layer, NgramIndex)]
    splits = [splitting_of(layer) for layer in model.layers if isinstance(layer, layers.TextVectorization)]
    if not letters and not {"punctuation", "character"} & {each for each in splits if isinstance(each, str)}:
        words = text.split()
        return words, [" "] * len(words)
    found = words_and_letters(text)
    # Characters that are split as they stand: a space that the text has not would be one more
    close = "" if "character" in splits else " "
    return [word for word, _ in found], [" " if space else close for _, space in found]


def _changes(log_probabilities, class_index):
    """(changes of the log-odds, of the probability): the first row, the whole text, less each other."""
    of_class = log_odds(log_probabilities, class_index)
    probabilities = np.exp(log_probabilities[:, class_index])
    return of_class[0] - of_class[1:], probabilities[0] - probabilities[1:]


def _by_leaving_out(model, words, spaces, class_index):
    """`Effects`, by classifying the text again without each word, or group of words."""
    classify = LogProbabilities(model)
    count = len(words)
    changes, spaced = np.zeros((2, count)), [word + space for word, space in zip(words, spaces, strict=True)]

    def leave_out(groups):
        """Write what leaving out words from `start` to `stop` changes; of a word, its share."""
        shorter = ["".join(spaced[:start] + spaced[stop:]).strip() for start, stop in groups]
        found = _changes(classify(np.array(["".join(spaced).strip(), *shorter], object)), class_index)
        for (start, stop), *change in zip(groups, *found, strict=True):
            changes[:, start:stop] = np.array(change)[:, None] / (stop - start)

    if count <= MOST_ALONE:
        leave_out([(n, n + 1) for n in range(count)])
    else:
        borders = np.linspace(0, count, MOST_ALONE // 2 + 1).astype(int)
        groups = list(zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True))
        leave_out(groups)
        groups.sort(key=lambda group: -abs(changes[0, group[0]]) * (group[1] - group[0]))
        alone = [(n, n + 1) for start, stop in groups for n in range(start, stop)]
        leave_out(alone[: MOST_ALONE // 2])
    return Effects(words, *changes, classify.exact)


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
