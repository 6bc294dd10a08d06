"""Vectors of words by counting: what skip-gram learns step by step, an SVD gives at once."""

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from ..checks.arguments import checked, number, whole


@checked(vocabulary_size=whole(3), window=whole(), dimensions=whole(), power=number(least=0, most=1))
def ppmi_vectors(rows, vocabulary_size, window, dimensions, power=0.75, seed=0):
    r"""Positive pointwise mutual information of neighbours, and the largest singular vectors of its matrix.

    $\max(0, \log \frac{p(w, c)}{p(w)\, p(c)})$ tells how much more often word $w$ stands near $c$ than by
    chance. Skip-gram with negative sampling learns to approximate the same numbers (Levy and Goldberg).

    Args:
        rows: Token ids, an array (..., words) with 0 between texts, as `word_rows` gives them.
        vocabulary_size: Number of token ids.
        window: Largest distance of two neighbours; nearer ones count more, as a random reach does.
        dimensions: Length of a vector.
        power: Power of the neighbours' frequencies, as for negatives.
        seed: Of the randomized SVD.

    Returns:
        Array float32 (vocabulary_size, dimensions).

    Raises:
        ModelError: If an argument is not as described.

    Reference:
        Levy and Goldberg, Neural word embedding as implicit matrix factorization, 2014.

    Example:
        >>> import numpy as np
        >>> from models.word_vectors import ppmi_vectors
        >>> rows = np.array([[2, 3, 0, 4, 5, 0]] * 9)
        >>> ppmi_vectors(rows, vocabulary_size=6, window=1, dimensions=2).shape
        (6, 2)
    """
    stream = np.append(np.asarray(rows).ravel(), 0)
    size = vocabulary_size
    counts = sparse.csr_matrix((size, size), dtype="float32")
    for distance in range(1, window + 1):
        left, right = stream[:-distance], stream[distance:]
        both = (left > 0) & (right > 0)
        share = np.full(int(both.sum()), (window + 1 - distance) / window, "float32")
        counts = counts + sparse.csr_matrix((share, (left[both], right[both])), (size, size))
    counts = (counts + counts.T).tocoo()
    total = counts.data.sum()
    words = np.bincount(counts.row, counts.data, size) / total
    contexts = np.bincount(counts.col, counts.data, size) ** power
    contexts = contexts / contexts.sum()
    values = np.log(counts.data / total / (words[counts.row] * contexts[counts.col]))
    ppmi = sparse.csr_matrix(
        (np.maximum(values, 0).astype("float32"), (counts.row, counts.col)), counts.shape
    )
    ppmi.eliminate_zeros()
    dimensions = min(dimensions, size)
    left, strengths, _ = randomized_svd(ppmi, dimensions, n_iter=2, random_state=seed)
    return (left * np.sqrt(strengths)).astype("float32")
