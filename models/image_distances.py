"""How far a set of images lies from another one, in the features of a network."""

import numpy as np

from .errors import ModelError

AT_ONCE = 500  # images that are compared with all references together


def frechet_distance(features, other):
    """Squared Fréchet distance of the normal distributions that fit two sets of features.

    With means m and covariances C it is |m₁ - m₂|² + trace(C₁ + C₂ - 2 (C₁ C₂)^½). It is 0 for equal means
    and covariances. Between finite samples of one distribution it is not 0, and it is the larger the fewer
    there are: compare only distances of as many examples.

    Args:
        features, other: Arrays (n, values), with two or more examples each.

    Returns:
        A float, 0 or more.

    Raises:
        ModelError: If these are no such arrays.

    Reference:
        Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium,
        2017.

    Example:
        >>> points = np.array([[0.0], [2.0], [4.0]])
        >>> frechet_distance(points, points + 3)  # the same covariance, means 3 apart
        9.0
    """
    one, two = (
        _features("frechet_distance", name, x) for name, x in (("features", features), ("other", other))
    )
    if one.shape[1] != two.shape[1]:
        raise ModelError(
            f"frechet_distance needs features of one network, not {one.shape[1]} and {two.shape[1]} values."
        )
    apart = one.mean(0) - two.mean(0)
    covariances = [np.atleast_2d(np.cov(x, rowvar=False)) for x in (one, two)]
    # The trace of the root of C₁ C₂ is that of the symmetric R C₂ R with R = C₁^½, whose eigenvalues are real
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ covariances[1] @ root)
    total = sum(np.trace(each) for each in covariances) - 2 * np.sqrt(np.maximum(product, 0)).sum()
    return max(0.0, float(apart @ apart + total))


def nearest(images, references):
    """For each image the nearest of the references, by Euclidean distance of the pixels.

    Args:
        images: Array (n, ...).
        references: Array (m, ...), with as many values each.

    Returns:
        (indices (n,), distances (n,)), float32 for the latter.

    Raises:
        ModelError: If these are no such arrays.

    Example:
        >>> nearest([[0.0, 0.0], [5.0, 5.0]], [[5.0, 5.0], [3.0, 4.0]])
        (array([1, 0]), array([5., 0.], dtype=float32))
    """
    one = _features("nearest", "images", images, 1)
    two = _features("nearest", "references", references, 1)
    if one.shape[1] != two.shape[1]:
        raise ModelError(f"nearest needs images of one size, not {one.shape[1]} and {two.shape[1]} values.")
    squares = (two**2).sum(1)
    found, apart = [], []
    for n in range(0, len(one), AT_ONCE):
        part = one[n : n + AT_ONCE]
        indices = (squares - 2 * part @ two.T).argmin(1)  # |a - b|² without |a|², the same for all b
        found.append(indices)
        apart.append(np.linalg.norm(part - two[indices], axis=1))
    return np.concatenate(found), np.concatenate(apart)


def _features(owner, name, x, least=2):
    """An array (n, values) of finite numbers."""
    try:
        x = np.asarray(x, "float32" if owner == "nearest" else "float64")
    except (TypeError, ValueError):
        x = np.empty(0)
    if owner == "nearest" and x.size:
        x = x.reshape(len(x), -1)
    if x.ndim != 2 or len(x) < least or not np.isfinite(x).all():
        raise ModelError(f"{owner} needs {name} as finite numbers (n, values) of {least} rows or more.")
    return x
