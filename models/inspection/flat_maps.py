"""Reduce vectors to two dimensions, and measure how well classes are separated."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

FEWEST = 12  # vectors that a map needs


def flat_maps(vectors, seed):
    """Two dimensions by PCA (largest variance) and by t-SNE (which keeps neighbours together).

    Args:
        vectors: Array (n, features), n of at least `FEWEST`.
        seed: Random seed of t-SNE.

    Returns:
        {"PCA": array (n, 2), "t-SNE": array (n, 2)}.

    Reference:
        Van der Maaten and Hinton, Visualizing data using t-SNE, 2008.

    Example:
        >>> import numpy as np
        >>> from models.inspection.flat_maps import flat_maps
        >>> maps = flat_maps(np.random.default_rng(0).normal(size=(20, 6)), seed=0)
        >>> {name: values.shape for name, values in maps.items()}
        {'PCA': (20, 2), 't-SNE': (20, 2)}
    """
    vectors = np.asarray(vectors, "float64").reshape(len(vectors), -1)
    if vectors.shape[1] < 2:
        vectors = np.hstack([vectors, np.zeros((len(vectors), 2 - vectors.shape[1]))])
    short = PCA(min(30, *vectors.shape), random_state=seed).fit_transform(vectors)
    perplexity = min(30, (len(vectors) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="random", random_state=seed, max_iter=500, n_jobs=1)
    return {"PCA": short[:, :2], "t-SNE": tsne.fit_transform(short)}


def neighbours_alike(vectors, labels, neighbours=5):
    """The share of each vector's nearest neighbours with the same label: how well classes are separated.

    Args:
        vectors: Array (n, features).
        labels: Array (n,).
        neighbours: Number of nearest neighbours of each vector, without itself.

    Returns:
        A share from 0 to 1.

    Example:
        >>> import numpy as np
        >>> from models.inspection.flat_maps import neighbours_alike
        >>> neighbours_alike(np.array([[0.0], [0.1], [5.0], [5.1]]), np.array([0, 0, 1, 1]), neighbours=1)
        1.0
    """
    vectors = np.asarray(vectors, "float64").reshape(len(vectors), -1)
    neighbours = min(neighbours, len(vectors) - 1)
    near = NearestNeighbors(n_neighbors=neighbours).fit(vectors).kneighbors(return_distance=False)
    return float((labels[near] == labels[:, None]).mean())
