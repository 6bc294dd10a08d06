"""Logistic regressions on features of very many photos, of which only some are in memory as float32."""

import numpy as np
from scipy.optimize import minimize

BLOCK = 8192  # examples, at most
AT_ONCE = 4_000_000  # probabilities that are in memory
TOLERANCE = 3e-5  # of the gradient; scikit-learn ends at 1e-4, but here one number stands for several fits
LOSS_TOLERANCE = 64 * np.finfo("float64").eps  # relative, as scikit-learn has it


class Blocks:
    """Features that are standardized some examples at a time.

    Args:
        features: Array (n, features).
        mean, scale: float32 (features,), what is subtracted and what is divided by.

    Example:
        >>> blocks = Blocks(np.ones((3, 2), "float16"), np.zeros(2, "float32"), np.full(2, 4, "float32"))
        >>> [(rows.start, block.tolist()) for rows, block in blocks.of(BLOCK)]
        [(0, [[0.25, 0.25], [0.25, 0.25], [0.25, 0.25]])]
    """

    def __init__(self, features, mean, scale):
        self.features, self.mean, self.scale = features, mean, scale

    def of(self, size):
        """Slices of so many examples at most, each with its float32 (k, features)."""
        for start in range(0, len(self.features), size):
            rows = slice(start, min(start + size, len(self.features)))
            block = np.subtract(self.features[rows], self.mean, dtype="float32")
            block /= self.scale
            yield rows, block


def fit_by_blocks(blocks, labels, classes, weights, strength, steps):
    """Fit several softmax regressions at once by L-BFGS, each step of which goes over all blocks.

    Each minimizes what `LogisticRegression` of scikit-learn does: weighted cross-entropy and an L2 penalty.
    One optimizer minimizes their sum: what takes longest, standardizing the features, is done for all.

    Args:
        blocks: `Blocks` of n examples.
        labels: Class index of each example, integers (n,).
        classes: Number of classes.
        weights: (n, fits), the weight of each example in each regression; 0 where it has no influence.
        strength: scikit-learn's C.
        steps: Steps of the optimizer, at most.

    Returns:
        float64 (features + 1, fits, classes): kernels, and in the last row the biases; -inf for a class that
        has no example in this fit.

    Example:
        >>> features = np.random.default_rng(0).normal(size=(500, 3))
        >>> blocks = Blocks(features, np.zeros(3, "float32"), np.ones(3, "float32"))
        >>> labels = (features[:, 1] > 0).astype(int)
        >>> found = fit_by_blocks(blocks, labels, 2, np.ones((500, 1)), strength=1.0, steps=100)
        >>> probabilities = probabilities_by_blocks(blocks, found, np.zeros(500, int))
        >>> bool(np.mean(probabilities.argmax(-1) == labels) > 0.97)
        True
    """
    shape = len(blocks.mean) + 1, weights.shape[1], classes
    absent = np.stack([np.bincount(labels, each, minlength=classes) == 0 for each in weights.T])
    shares = weights / weights.sum(0)
    # Of two classes scikit-learn has one logit, whose square is twice those of its halves for each class
    penalties = (np.where((~absent).sum(1) == 2, 2, 1) / (strength * weights.sum(0)))[:, None]

    def loss(state):
        state = state.reshape(shape)
        gradient, cost = np.zeros(shape), 0.0
        for rows, block in blocks.of(_size(shape)):
            found = _probabilities(block, state, absent)
            places, share = np.arange(len(block)), shares[rows]
            of_true = found[places, :, labels[rows]]
            cost -= (share * np.log(np.where(share > 0, of_true, 1))).sum()
            found[places, :, labels[rows]] -= 1
            found *= share[:, :, None]
            flat = found.reshape(len(block), -1)
            gradient[:-1] += (block.T @ flat.astype("float32")).reshape(-1, *shape[1:])
            gradient[-1] += found.sum(0)
        gradient[:-1] += penalties * state[:-1]
        return cost + (penalties / 2 * state[:-1] ** 2).sum(), gradient.ravel()

    options = {"maxiter": steps, "gtol": TOLERANCE, "ftol": LOSS_TOLERANCE}
    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=options)
    found = found.x.reshape(shape)
    found[-1, absent] = -np.inf
    return found


def probabilities_by_blocks(blocks, state, fits):
    """Probabilities of the classes, of each example by one of the regressions.

    Args:
        blocks: `Blocks` of n examples.
        state: What `fit_by_blocks` returned.
        fits: Integers (n,), the regression for each example.

    Returns:
        float64 (n, classes).

    Example:
        >>> blocks = Blocks(np.ones((2, 1)), np.zeros(1, "float32"), np.ones(1, "float32"))
        >>> state = np.log([[[1.0, 1.0], [1.0, 3.0]], [[1.0, 1.0], [1.0, 1.0]]])  # a kernel, a bias; two fits
        >>> probabilities_by_blocks(blocks, state, np.array([0, 1])).round(2).tolist()
        [[0.5, 0.5], [0.25, 0.75]]
    """
    found = np.empty((len(blocks.features), state.shape[-1]))
    for rows, block in blocks.of(_size(state.shape)):
        of_all = _probabilities(block, state, np.isinf(state[-1]))
        found[rows] = of_all[np.arange(len(block)), fits[rows]]
    return found


def _size(shape):
    return max(1, min(BLOCK, AT_ONCE // (shape[1] * shape[2])))


def _probabilities(block, state, absent):
    """Probabilities of the examples of a block: float64 (k, fits, classes)."""
    kernels = state[:-1].reshape(len(state) - 1, -1).astype("float32")
    logits = (block @ kernels).astype("float64").reshape(len(block), *state.shape[1:]) + state[-1]
    logits[:, absent] = -np.inf
    logits -= logits.max(-1, keepdims=True)
    found = np.exp(logits, out=logits)
    found /= found.sum(-1, keepdims=True)
    return found
