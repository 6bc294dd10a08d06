"""Probes that give photos any number of labels: fitted at several image sizes, and as one Keras model."""

import time
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from scipy.optimize import minimize

from ...checks.arguments import checked, flag, sizes, whole
from ...dtypes import output_dtype
from ..multi_scale import both_sides, mean, multi_scale_features, pooling
from .one_vs_rest import OneVsRest, cross_entropy, fit_one_vs_rest
from .thresholds import best_thresholds

MOST_SHARE = 3.0  # logits are multiplied by this at most


@checked(labels=whole(2), sizes=sizes(least=1), flip=flag)
def MultiLabelNetwork(backbone, labels, sizes, flip=True, name="multi_label_classifier"):
    """The same backbone at several image sizes, with a logit for each label and size; the sum has a sigmoid.

    Features are those of `MultiScaleClassifier`.

    Args:
        backbone: As for `MultiScaleClassifier`.
        labels: Number of labels.
        sizes: Heights and widths in pixels, ascending.
        flip: Whether features of the mirror image count as well.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, any height, any width, 3) -> (batch, labels), each from 0 to 1.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> MultiLabelNetwork(backbone, labels=3, sizes=(96, 160)).output_shape
        (None, 3)
    """
    images = keras.Input((None, None, 3), name="images")
    pool, found = pooling(backbone), []
    for size, sides in both_sides(images, sizes, flip).items():
        features = mean([pool(backbone(side)) for side in sides], f"both_sides_{size}")
        found.append(layers.Dense(labels, name=f"predictions_{size}", dtype=output_dtype())(features))
    logits = layers.Add(name="logits")(found) if len(found) > 1 else found[0]
    return keras.Model(images, layers.Activation("sigmoid", name="predictions")(logits), name=name)


@dataclass(frozen=True)
class LabelProbes:
    """Logistic regressions for each label at several image sizes, fitted on the same photos.

    Attributes:
        probes: {image size: `OneVsRest`}.
        shares: {image size: what its logits are multiplied by, before they are added}.
        out_of_fold: float64 (n, labels): probabilities of each photo by regressions fitted on others.
        thresholds: float64 (labels,): from which probability on a label is given.
        features: {image size: (n, features)}.
        seconds: {"features" and "probes": seconds}.

    Example:
        >>> LabelProbes({}, {}, np.zeros((0, 2)), np.array([0.5, 0.5]), {}, {}).thresholds.tolist()
        [0.5, 0.5]
    """

    probes: dict[int, OneVsRest]
    shares: dict[int, float]
    out_of_fold: np.ndarray
    thresholds: np.ndarray
    features: dict[int, np.ndarray]
    seconds: dict

    def assign(self, network):
        """Set the layers of a `MultiLabelNetwork` of the same sizes to these probes."""
        for size, probe in self.probes.items():
            share = self.shares[size]
            network.get_layer(f"predictions_{size}").set_weights([share * probe.kernel, share * probe.bias])


def fit_label_probes(backbone, photos, rows, sizes, flip=True, seed=0, verbose=0):
    """Fit logistic regression for each label at each of several image sizes, and put these together.

    How much each size counts, and how sure the whole is, is found by the lowest cross-entropy of out-of-fold
    logits; this calibrates the probabilities. Thresholds are those of the best out-of-fold F1.

    Args:
        backbone: As for `MultiScaleClassifier`.
        photos: What `MultiLabelPhotos.check` returned, at the largest of the sizes.
        rows: Which of the photos to fit, integers (n,).
        sizes: Heights and widths in pixels, ascending.
        flip: Whether features of the mirror image count as well.
        seed: Of the folds of cross-validation.
        verbose: 1 for a progress bar.

    Returns:
        `LabelProbes`.

    Raises:
        ModelError: If the features are not finite.

    Example:
        >>> from types import SimpleNamespace
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> photos = SimpleNamespace(
        ...     pixels=np.random.default_rng(0).integers(0, 255, (8, 64, 64, 3)),
        ...     labels=np.array([[0, 1], [1, 1], [1, 0], [0, 0]] * 2), folds=lambda rows, seed: rows % 4,
        ... )
        >>> probes = fit_label_probes(backbone, photos, np.arange(8), sizes=(32, 64))
        >>> probes.out_of_fold.shape, sorted(probes.shares)
        ((8, 2), [32, 64])
    """
    started = time.perf_counter()
    features = multi_scale_features(backbone, photos.pixels, rows, sizes, flip, verbose)
    extracted = time.perf_counter()
    labels, folds = photos.labels[rows], photos.folds(rows, seed=seed)
    probes = {size: fit_one_vs_rest(found, labels, folds) for size, found in features.items()}
    logits = np.stack([probe.out_of_fold for probe in probes.values()])
    shares = best_shares(logits, labels)
    out_of_fold = 1 / (1 + np.exp(-np.clip(np.tensordot(shares, logits, 1), -60, 60)))
    return LabelProbes(
        probes,
        dict(zip(sizes, shares.tolist(), strict=True)),
        out_of_fold,
        best_thresholds(out_of_fold, labels),
        features,
        {"features": extracted - started, "probes": time.perf_counter() - extracted},
    )


def best_shares(logits, labels):
    """What logits of several sizes are multiplied by, so that their sum has the lowest cross-entropy.

    Args:
        logits: (sizes, n, labels), of photos that the regressions were not fitted on.
        labels: 0 or 1, (n, labels).

    Returns:
        float64 (sizes,), from 0 to 3.

    Example:
        >>> too_sure = np.array([[[2.0], [-2.0], [2.0]]])
        >>> best_shares(too_sure, np.array([[1], [0], [0]])).round(2).tolist()
        [0.35]
    """
    start = np.full(len(logits), 1 / len(logits))

    def loss(shares):
        return cross_entropy(np.tensordot(shares, logits, 1), labels)

    return minimize(loss, start, method="L-BFGS-B", bounds=[(0, MOST_SHARE)] * len(logits)).x
