"""What vectors of words are worth: nearest words, purity of known groups, and vectors of whole texts."""

import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans

from ..checks.arguments import array, checked, whole
from ..errors import ModelError


def _vectors(owner, name, value):
    return array(owner, name, value, rank=2, what="(words, dimensions)")


@checked(vectors=_vectors)
def unit_length(vectors):
    """The same vectors with length 1, so that a dot product is the cosine of an angle; zeros stay zeros.

    Args:
        vectors: Array (n, dimensions).

    Returns:
        Array (n, dimensions).

    Raises:
        ModelError: If `vectors` are no such array.

    Example:
        >>> from models.word_vectors import unit_length
        >>> unit_length([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


@checked(vectors=_vectors, count=whole())
def nearest_to(vectors, direction, count=5, without=()):
    """The words whose vectors point most nearly in a direction, by the cosine.

    Args:
        vectors: Array (words, dimensions).
        direction: Array (dimensions,): a word's vector, or a sum such as king - man + woman.
        count: Number of words.
        without: Indices that are left out, such as those of the words asked with.

    Returns:
        Array of indices, the nearest first.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.word_vectors import nearest_to
        >>> nearest_to([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], [1.0, 0.0], count=1, without=[0])
        array([1])
    """
    direction = array("nearest_to", "direction", direction, rank=1, what="(dimensions,)")
    if len(direction) != vectors.shape[1]:
        raise ModelError(f"nearest_to needs direction of {vectors.shape[1]} numbers, not {len(direction)}.")
    cosines = unit_length(vectors) @ direction
    cosines[list(without)] = -np.inf
    return np.argsort(-cosines, kind="stable")[: min(count, len(vectors) - len(without))]


@checked(vectors=_vectors)
def purity(vectors, groups, seed=0):
    """How well k-means finds known groups: the share of words in the most frequent group of their cluster.

    Args:
        vectors: Array (n, dimensions); only directions count.
        groups: The group of each, n whole numbers.
        seed: Of the clusters' random starts, of which ten are tried.

    Returns:
        A share; 1 if each cluster is of one group.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.word_vectors import purity
        >>> purity([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]], [0, 0, 1, 1])
        1.0
    """
    groups = array("purity", "groups", groups, rank=1)
    if len(groups) != len(vectors) or groups.dtype.kind not in "iu":
        raise ModelError(f"purity needs groups as {len(vectors)} whole numbers, one a vector.")
    _, groups = np.unique(groups, return_inverse=True)
    clusters = KMeans(groups.max() + 1, n_init=10, random_state=seed).fit_predict(unit_length(vectors))
    together = np.zeros((groups.max() + 1,) * 2, int)
    np.add.at(together, (clusters, groups), 1)
    return float(together.max(1).sum() / len(groups))


@checked(vocabulary_size=whole(3))
def bag_of_words(tokens, vocabulary_size):
    """How often each known word occurs in each text.

    Args:
        tokens: List of n arrays of token ids.
        vocabulary_size: Number of token ids.

    Returns:
        Sparse matrix float32 (n, vocabulary_size) of SciPy, its columns 0 and 1 empty.

    Raises:
        ModelError: If a token id is not below vocabulary_size.

    Example:
        >>> import numpy as np
        >>> from models.word_vectors import bag_of_words
        >>> bag_of_words([np.array([2, 3, 2]), np.array([1])], 4).toarray()
        array([[0., 0., 2., 1.],
               [0., 0., 0., 0.]], dtype=float32)
    """
    ids = np.concatenate([np.zeros(0, "int32"), *tokens])
    if len(ids) and not 0 <= ids.min() <= ids.max() < vocabulary_size:
        raise ModelError(f"bag_of_words needs tokens from 0 to {vocabulary_size - 1}.")
    rows = np.repeat(np.arange(len(tokens)), [len(text) for text in tokens])
    known = ids > 1
    counts = sparse.csr_matrix(
        (np.ones(int(known.sum()), "float32"), (rows[known], ids[known])), (len(tokens), vocabulary_size)
    )
    counts.sum_duplicates()
    return counts


@checked(vectors=_vectors)
def text_vectors(counts, vectors):
    """A vector for each text: the sum of its words' vectors, scaled to length 1.

    A word that occurs n times counts √n times: its second occurrence says less than its first.

    Args:
        counts: How often each word occurs in each text, as `bag_of_words` gives it.
        vectors: Array (token ids, dimensions).

    Returns:
        Array float32 (n, dimensions); zeros for a text without a known word.

    Raises:
        ModelError: If an argument is not as described, or sizes differ.

    Example:
        >>> import numpy as np
        >>> from models.word_vectors import bag_of_words, text_vectors
        >>> counts = bag_of_words([np.array([2, 2, 2, 2]), np.array([1])], vocabulary_size=3)
        >>> text_vectors(counts, [[9.0, 9.0], [9.0, 9.0], [0.0, 3.0]])
        array([[0., 1.],
               [0., 0.]], dtype=float32)
    """
    if not sparse.issparse(counts) or counts.shape[1] != len(vectors):
        raise ModelError(f"text_vectors needs counts of {len(vectors)} columns, as bag_of_words gives them.")
    return unit_length(counts.sqrt() @ vectors.astype("float32"))
