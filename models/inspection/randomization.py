"""Copies of a model with new initial weights, and which heatmaps notice the difference."""

import random

import keras
import numpy as np
from scipy import stats

from ..checks.arguments import array, built_model, checked, shown, sizes, whole
from ..errors import ModelError
from .graphs import all_paths, is_graph, layer_at


def weighted_layers(model):
    """Names of the layers that hold weights, from the input to the output.

    A preprocessing layer that was adapted to data, `Normalization`, is none of them.

    Args:
        model: A Keras model, functional, sequential or nested.

    Returns:
        List of names, `outer/inner` inside nested models.

    Raises:
        ModelError: If the model is no built Keras model.

    Example:
        >>> from models import MLP
        >>> from models.inspection import weighted_layers
        >>> weighted_layers(MLP())
        ['dense1', 'predictions']
    """
    built_model("weighted_layers", "model", model)
    return ["/".join(path) for path in _paths(model)]


@checked(last=whole(least=0, none=True), seed=whole(least=0))
def randomized(model, last=None, seed=0):
    """A copy of a model whose last layers have new initial weights, as if they had never been trained.

    Args:
        model: A Keras model, functional, sequential or nested; it stays as it is.
        last: Number of layers from the output on, of those in `weighted_layers`; None for all of them.
        seed: Random seed of the new weights.

    Returns:
        A model of the same layers, not compiled.

    Raises:
        ModelError: If the model is no built Keras model, or has fewer such layers.

    Example:
        >>> import numpy as np
        >>> from models import MLP
        >>> from models.inspection import randomized
        >>> trained = MLP()
        >>> copy = randomized(trained, last=1)
        >>> [bool(np.allclose(*pair)) for pair in zip(trained.get_weights(), copy.get_weights())][::2]
        [True, False]
    """
    built_model("randomized", "model", model)
    paths = _paths(model)
    if last is not None and last > len(paths):
        raise ModelError(f"{model.name} has {len(paths)} layers with weights, fewer than last={last}.")
    before = random.getstate()  # where Keras's initializers without a seed take theirs from
    try:
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        random.seed(seed)
        for path in paths[len(paths) - (len(paths) if last is None else last) :]:
            _renew(layer_at(copy, path))
    finally:
        random.setstate(before)
    return copy


def rank_correlations(first, second):
    """Spearman's rank correlation of each map with another of the same image.

    Args:
        first, second: Arrays (n, rows, columns).

    Returns:
        Array (n,) in [-1, 1]; 0 where one of the two maps has the same value everywhere, 1 where both have.

    Raises:
        ModelError: If the two are not of one shape.

    Example:
        >>> import numpy as np
        >>> from models.inspection import rank_correlations
        >>> maps = np.arange(8.0).reshape(2, 2, 2)
        >>> rank_correlations(maps, maps**3).tolist(), rank_correlations(maps, -maps).tolist()
        ([1.0, 1.0], [-1.0, -1.0])
    """
    first = array("rank_correlations", "first", first)
    second = array("rank_correlations", "second", second)
    if first.shape != second.shape or first.ndim != 3:
        raise ModelError(
            f"rank_correlations needs first and second as arrays (n, rows, columns) of one shape, not "
            f"{first.shape} and {second.shape}."
        )
    found = []
    for pair in zip(first, second, strict=True):
        ranks = [stats.rankdata(each) for each in pair]
        ranks = [each - each.mean() for each in ranks]
        sizes = np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum())
        flat = float(not any(each.any() for each in ranks))
        found.append(float((ranks[0] * ranks[1]).sum() / sizes) if sizes > 0 else flat)
    return np.array(found)


@checked(seed=whole(least=0))
def sanity_check(model, methods, seed=0, cuts=None):
    """How much of each heatmap is left when weights are randomized layer by layer, from the output on.

    A map that explains what a model has learned must change with the model's weights. One that stays the
    same explains the image, not the model.

    Args:
        model: A Keras model of images that was trained, functional, sequential or nested.
        methods: {name: function of a model to heatmaps (n, rows, columns) of the same images and classes}.
        seed: Random seed of the new weights.
        cuts: How many layers to randomize, a sequence of numbers from 0 to the number of
            `weighted_layers`; None for each of them.

    Returns:
        {name: array (cuts, n)}: Spearman's rank correlation with the maps of the model itself.

    Raises:
        ModelError: If the model is no built Keras model or has fewer layers than a cut, or if methods are no
            functions.

    Reference:
        Adebayo et al., Sanity checks for saliency maps, 2018.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import sanity_check, saliency
        >>> images = np.random.default_rng(0).uniform(0, 255, (2, 28, 28, 1))
        >>> found = sanity_check(ConvNet(weights="mnist"), {
        ...     "saliency": lambda model: abs(saliency(model, images, 3)).max(-1),
        ...     "brightness": lambda model: images.max(-1)})
        >>> found["saliency"].shape, float(found["brightness"].min())  # 0 to 4 layers, 2 images
        ((5, 2), 1.0)
    """
    built_model("sanity_check", "model", model)
    if not isinstance(methods, dict) or not all(map(callable, methods.values())):
        raise ModelError(f"sanity_check needs methods as a dictionary of functions, not {shown(methods)}.")
    if cuts is None:
        cuts = range(len(weighted_layers(model)) + 1)
    cuts = sizes(least=0)("sanity_check", "cuts", list(cuts) if isinstance(cuts, range) else cuts)
    own = {name: explain(model) for name, explain in methods.items()}
    found = {name: [] for name in methods}
    for cut in cuts:
        copy = randomized(model, cut, seed)
        for name, explain in methods.items():
            found[name].append(rank_correlations(own[name], explain(copy)))
    return {name: np.array(values) for name, values in found.items()}


def _paths(model):
    """Paths of the layers that hold weights, but for preprocessing."""
    found = []
    for path in all_paths(model):
        layer = layer_at(model, path)
        if not is_graph(layer) and not isinstance(layer, keras.layers.Normalization) and layer.weights:
            found.append(path)
    return found


def _renew(layer):
    """Give a built layer the weights of a new one of its kind."""
    fresh = type(layer).from_config(layer.get_config())
    fresh.build_from_config(layer.get_build_config())
    layer.set_weights(fresh.get_weights())
