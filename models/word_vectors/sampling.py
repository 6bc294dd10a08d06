"""What skip-gram learns from: rows of words, which of them are neighbours, and words drawn as negatives."""

import numpy as np

from ..checks.arguments import array, checked, number, whole
from ..errors import ModelError

ROW = 64  # words of a row; several rows are one batch


def _counts(owner, name, value):
    found = array(owner, name, value, rank=1, what="(token ids,)").astype("float64")
    if found.min() < 0 or not found.sum():
        raise ModelError(f"{owner} needs {name} of 0 or more, and not only zeros.")
    return found


@checked(vocabulary_size=whole(3))
def word_counts(tokens, vocabulary_size):
    """How often each word occurs; 0 for padding and for unknown words, of which nothing is learned.

    Args:
        tokens: List of arrays of token ids, one a text, as `token_ids` gives them.
        vocabulary_size: Number of token ids.

    Returns:
        Array of whole numbers (vocabulary_size,).

    Raises:
        ModelError: If an argument is not as described, or there is no known word.

    Example:
        >>> import numpy as np
        >>> from models.word_vectors import word_counts
        >>> word_counts([np.array([2, 3, 2]), np.array([1, 2])], vocabulary_size=4)
        array([0, 0, 3, 1])
    """
    ids = np.concatenate([np.zeros(0, "int32"), *tokens])
    if len(ids) and not 0 <= ids.min() <= ids.max() < vocabulary_size:
        raise ModelError(f"word_counts needs tokens from 0 to {vocabulary_size - 1}.")
    counts = np.bincount(ids, minlength=vocabulary_size)
    counts[:2] = 0
    if not counts.any():
        raise ModelError("word_counts needs tokens with at least one known word.")
    return counts


@checked(counts=_counts, threshold=number(least=0))
def keep_probabilities(counts, threshold):
    r"""Subsampling: with which probability an occurrence of a word stays in the texts.

    That is $\min(1, \sqrt{t / f})$ for the threshold $t$ and the word's share $f$ of all words.

    Args:
        counts: Array (token ids,): how often each word occurs.
        threshold: Share of all words from which on a word is thinned out; 0 keeps all of them.

    Returns:
        Array (token ids,) from 0 to 1; 0 for ids that do not occur.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.word_vectors import keep_probabilities
        >>> keep_probabilities([0, 0, 75, 24, 1], threshold=0.01).round(2)
        array([0.  , 0.  , 0.12, 0.2 , 1.  ])
    """
    if threshold == 0:
        return (counts > 0).astype("float64")
    shares = counts / counts.sum()
    return np.where(counts > 0, np.minimum(1, np.sqrt(threshold / np.maximum(shares, 1e-300))), 0)


@checked(counts=_counts, power=number(least=0, most=1))
def noise_distribution(counts, power=0.75):
    """With which probability each word is drawn as a negative: its count to a power, which raises rare words.

    Args:
        counts: Array (token ids,): how often each word occurs.
        power: 1 for the words' own frequencies, 0 for all words alike.

    Returns:
        Array (token ids,) whose sum is 1.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.word_vectors import noise_distribution
        >>> noise_distribution([0, 0, 16, 1]).round(2)  # 16 to the power of 0.75 is 8
        array([0.  , 0.  , 0.89, 0.11])
    """
    weights = np.where(counts > 0, counts**power, 0)
    return weights / weights.sum()


@checked(window=whole(), length=whole(2), batch_size=whole())
def word_rows(tokens, keep, window, batch_size=32, length=ROW, seed=0):
    """One epoch of batches: texts in random order, thinned out, one after the other in rows.

    Between two texts there are `window` zeros, so that no word of one is a neighbour of a word of the other.
    What does not fill a batch at the end is left out.

    Args:
        tokens: List of arrays of token ids, one a text.
        keep: Array (token ids,): with which probability an occurrence stays.
        window: Largest distance of two neighbours.
        batch_size: Rows of a batch; fewer if there are not so many.
        length: Words of a row.
        seed: Draws the order and what stays.

    Returns:
        Int32 array (batches, batch_size, length) of token ids, 0 between the texts.

    Raises:
        ModelError: If an argument is not as described, or there are too few words for one row.

    Example:
        >>> import numpy as np
        >>> from models.word_vectors import word_rows
        >>> word_rows([np.array([2, 3, 4])], np.array([0, 0, 1, 1, 1]), window=1, batch_size=1, length=4)
        array([[[2, 3, 4, 0]]], dtype=int32)
    """
    random = np.random.default_rng(seed)
    gap = np.zeros(window, "int32")
    order = random.permutation(len(tokens))
    stream = np.concatenate([gap[:0], *(part for n in order for part in (tokens[n], gap))])
    stream = stream[(random.random(len(stream)) < keep[stream]) | (stream == 0)]
    rows = len(stream) // length
    if not rows:
        raise ModelError(f"word_rows needs tokens of {length} words or more; give more texts.")
    batch_size = min(batch_size, rows)
    batches = rows // batch_size
    return stream[: batches * batch_size * length].reshape(batches, batch_size, length).astype("int32")


def near(tokens, reach):
    """Which words of a row are neighbours: as many before and after each as its reach says.

    Args:
        tokens: Token ids (batch, words), 0 for none.
        reach: Whole numbers (batch, words): the distance up to which neighbours of each word count.

    Returns:
        Booleans (batch, words, words): whether word j is a neighbour of word i.

    Example:
        >>> import numpy as np
        >>> from models.word_vectors import near
        >>> near(np.array([[5, 6, 7]]), np.array([[1, 1, 2]]))[0].astype(int)
        array([[0, 1, 0],
               [1, 0, 1],
               [1, 1, 0]])
    """
    place = np.arange(tokens.shape[1])
    distance = np.abs(place[:, None] - place)
    is_word = tokens > 0
    inside = (distance > 0) & (distance <= reach[:, :, None])
    return inside & is_word[:, :, None] & is_word[:, None, :]
