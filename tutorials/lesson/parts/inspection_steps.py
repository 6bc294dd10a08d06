"""The steps of the lesson `look_inside`, each from a model and images to a figure and its results."""

from tutorials.lesson.command import LessonError

import numpy as np

from models.inspection import (
    attention_rollout,
    class_probabilities,
    deletion,
    exciting_image,
    feature_maps,
    first_filters,
    grad_cam,
    has_attention,
    has_feature_maps,
    hidden_activations,
    hidden_layer,
    most_exciting,
    occlusion,
    randomized,
    rank_correlations,
    saliency,
    sanity_check,
    stages,
    weighted_layers,
)
from models.inspection.flat_maps import FEWEST, flat_maps, neighbours_alike
from tutorials.figures import inspection_findings as findings
from tutorials.figures import inspection_sanity
from tutorials.figures.inspection_findings import evenly
from tutorials.figures.labels import plain

HIDDEN = 0.1  # share of the pixels that is hidden to test a heatmap
UNTRAINED = 5  # copies of the model without what it has learned, to compare with
WHY_RANKINGS_DIFFER = """
Which method comes first differs between models, so that it is no property of the method alone:
- Hiding pixels lowers the probability less, the surer and the more robust the model is.
- Occlusion was computed by hiding squares, an advantage in a test that hides pixels. Saliency marks
  single pixels, {method} the cells of a small map, which fit an object in a photo better than the
  stroke of a digit: {grid}.
- Images with holes are unlike those that the model was trained on, and each model takes them differently
  (Hooker et al. 2019, A benchmark for interpretability methods in deep neural networks)."""
LARGE = 64 * 64  # pixels; larger images are photos, and every step takes longer


class Inspected:
    """A model, the images that it is shown, and its predictions for them.

    Attributes:
        model: A Keras model that classifies images.
        images: Array (n, height, width, channels).
        names: Class names in index order.
        known: Whether the true classes are known.
        probabilities: Array (n, classes).
        predictions: Class of each image with the highest probability, (n,).
        labels: True classes (n,), or the predictions where these are not known.
        correct: Whether each prediction is the label, bool (n,).
        quick: Whether fewer steps and images are used.
        seed: Random seed.
        untrained: Copies of the model with new initial weights: what they show is chance.
    """

    def __init__(self, model, pictures, seed, quick, name):
        self.model, self.images, self.names = model, pictures.images, pictures.class_names
        self.seed, self.quick = seed, quick
        self.probabilities = class_probabilities(model, self.images)
        if unsound := int((~np.isfinite(self.probabilities)).any(-1).sum()):
            raise LessonError(
                f"{name} predicts NaN for {unsound} of {len(self.images)} images; its training has probably "
                "diverged: load a model saved before that."
            )
        self.predictions = self.probabilities.argmax(-1)
        self.known = bool((pictures.labels >= 0).all())
        self.labels = pictures.labels if self.known else self.predictions
        self.correct = self.predictions == self.labels
        self.large = self.images.shape[1] * self.images.shape[2] >= LARGE
        copies = 2 if quick or self.large else UNTRAINED
        self.untrained = [randomized(model, seed=one) for one in seeds_of(seed, copies)]


def filters_of_first_layer(inspected):
    """Filters of the first layer.

    Returns:
        (Axes, {"edge_filters_share": share of filters with weights that sum to about 0,
        "untrained_edge_filters_share": its mean in untrained networks}).
    """
    layer, weights = first_filters(inspected.model)
    untrained = [findings.balanced_share(first_filters(copy)[1]) for copy in inspected.untrained]
    axes, share = findings.filters(layer, np.asarray(weights), untrained)
    return axes, _both("edge_filters_share", share, untrained)


def _both(name, value, untrained):
    """A result and its mean in untrained networks."""
    return {name: value, f"untrained_{name}": float(np.mean(untrained))}


def layers_to_explain(inspected):
    """Names of up to three later layers (the outputs last), and of a dense layer before the outputs."""
    last = list(feature_maps(inspected.model, inspected.images[:1]))[-1]
    vector = [name for name in [hidden_layer(inspected.model)] if name]
    deeper = evenly(stages(inspected.model, pooling=False), 3)[1:]
    deeper = [*(deeper + vector)[:2], last] if deeper or vector else [stages(inspected.model)[-1], last]
    return deeper, vector


def maximized_activations(inspected, layers):
    """Images made by gradient ascent to maximize channels of layers (activation maximization).

    Returns:
        (Axes, {"maximized_share": share of channels that the images activate more than any given image},
        {layer: list of its channels}).
    """
    own, *others = (
        _made_to_maximize(inspected, model, layers)
        for model in [inspected.model, *inspected.untrained[:2]]  # each takes seconds
    )
    untrained = [findings.maximized_share(*other) for other in others]
    axes, share = findings.maximized(*own, inspected.names, untrained)
    return axes, _both("maximized_share", share, untrained), own[1]


def _made_to_maximize(inspected, model, layers):
    """Images made for the channels of layers: (images, channels, activations of them, of all images)."""
    large = inspected.large
    maps = feature_maps(model, inspected.images, layers)
    channels = {layer: most_varying(values, 4 if large else 8) for layer, values in maps.items()}
    settings = {
        "image_size": inspected.images.shape[1:3],
        "seed": inspected.seed,
        "jitter": 4 if large else 1,
        "blur": 0.12 if large else 0.05,
        "steps": 8 if inspected.quick else 24 if large else 60,
    }
    made = {layer: exciting_image(model, layer, channels[layer], **settings) for layer in layers}
    reached = {layer: feature_maps(model, made[layer], [layer])[layer] for layer in layers}
    return made, channels, reached, maps


def maps_of_one_image(inspected, layers):
    """Feature maps of one image, the correctly classified one with the highest confidence.

    Returns:
        (Axes, {"zero_activations_share": share of zeros in the last layer with rows and columns}).
    """
    one = int(np.where(inspected.correct, inspected.probabilities.max(-1), 0).argmax())
    every = stages(inspected.model)
    shown = [*evenly(every, findings.MOST_LAYERS), *layers]
    maps = {
        layer: values[0]
        for layer, values in feature_maps(inspected.model, inspected.images[[one]], shown).items()
    }
    caption = f'an image predicted as "{plain(inspected.names[inspected.predictions[one]])}"'
    last = [layer for layer, values in maps.items() if values.ndim == 3][-1]
    untrained = [
        float((feature_maps(copy, inspected.images[[one]], [last])[last] == 0).mean())
        for copy in inspected.untrained
    ]
    axes, share = findings.layers(
        inspected.images[one], caption, maps, len(every), inspected.names, untrained
    )
    return axes, _both("zero_activations_share", share, untrained)


def images_that_activate_most(inspected, channels):
    """The images that activate a few channels of each layer most.

    Args:
        channels: {layer: list of channels}.

    Returns:
        (Axes, {"one_class_share": share of these images that are of one class, in the last layer}).
    """
    watched = {layer: some[:3] for layer, some in channels.items()}
    found, *others = (
        {layer: most_exciting(model, inspected.images, layer, some, 8) for layer, some in watched.items()}
        for model in [inspected.model, *inspected.untrained]
    )
    last = [*watched][-1]
    untrained = [findings.one_class_share(other[last], inspected.labels) for other in others]
    axes, shares = findings.neurons(
        found, watched, inspected.images, inspected.labels, inspected.names, inspected.known, untrained
    )
    return axes, _both("one_class_share", shares[last], untrained)


def heatmaps(inspected):
    """Saliency, Grad-CAM and occlusion, and how much the probability drops when their pixels are hidden.

    A vision transformer has attention in place of Grad-CAM.

    Returns:
        (Axes, {"occlusion_drop" and the like: mean drop of the probability of the predicted class},
        name of the method with the largest drop).
    """
    model, images, large = inspected.model, inspected.images, inspected.large
    chosen = groups(inspected.probabilities, inspected.labels, inspected.known)
    rows = np.concatenate(list(chosen.values()))
    if not large:  # small images are fast: take more of them for a reliable mean
        rows = list(dict.fromkeys([*rows, *range(len(images))]))[: 24 if inspected.quick else 40]
    some, classes = images[rows], inspected.predictions[rows]
    window, stride, fill = occlusion_settings(inspected)
    heat = {
        **{name: explain(model, some, classes) for name, explain in methods(inspected).items()},
        "random": random_squares(some.shape[:3], window, inspected.seed),
    }
    before = deletion(model, some, classes, heat["random"], 0)
    drops = {
        name: float((before - deletion(model, some, classes, each, HIDDEN, fill)).mean())
        for name, each in heat.items()
    }
    heat.pop("random")
    axes, best = findings.explanations(chosen, inspected, heat, drops, HIDDEN)
    return axes, {f"{name.lower().replace('-', '_')}_drop": drop for name, drop in drops.items()}, best


def occlusion_settings(inspected):
    """(window, stride, fill) of occlusion: hidden pixels get the most common colour."""
    side, large = min(inspected.images.shape[1:3]), inspected.large
    window = max(2, side // (5 if large else 6))
    stride = max(1, 2 * window // 3 if large else window // 2)
    return window, stride, np.median(inspected.images, (0, 1, 2))


def methods(inspected):
    """{name: function of (model, images, classes) to heatmaps}."""
    settings = occlusion_settings(inspected)
    return {
        "saliency": lambda model, images, classes: abs(saliency(model, images, classes)).max(-1),
        **_of_cells(inspected.model),
        "occlusion": lambda model, images, classes: occlusion(model, images, classes, *settings),
    }


def _of_cells(model):
    """The method that explains by the cells of a small map: {name: function}, or {}."""
    if has_attention(model):  # Grad-CAM of the patches would show them before they are compared
        return {"attention": lambda model, images, classes: attention_rollout(model, images)}
    return {"Grad-CAM": grad_cam} if has_feature_maps(model) else {}


def randomized_weights(inspected):
    """Which heatmaps notice when weights are randomized layer by layer from the output (Adebayo et al.).

    Returns:
        (Axes, {"saliency_left" and the like: rank correlation with the original map once all weights are
        random}, a sentence).
    """
    model, count = inspected.model, 6 if inspected.quick or inspected.large else 12
    rows = np.argsort(~inspected.correct, kind="stable")[:count]
    images, classes = inspected.images[rows], inspected.predictions[rows]
    names = weighted_layers(model)
    cuts = sorted({round(cut) for cut in np.linspace(0, len(names), min(len(names) + 1, 6))})
    maps = {
        name: lambda copy, explain=explain: explain(copy, images, classes)
        for name, explain in methods(inspected).items()
    }
    maps["occlusion without its sign"] = lambda copy: abs(maps["occlusion"](copy))
    seeds = seeds_of(inspected.seed, 1 if inspected.quick or inspected.large else 3)
    found = [sanity_check(model, maps, seed, cuts) for seed in seeds]
    left = {name: np.mean([each[name] for each in found], 0) for name in maps}  # (cuts, images)
    others = {}
    for name, explain in maps.items():
        heat = explain(model)
        others[name] = float(rank_correlations(heat, np.roll(heat, 1, 0)).mean())
    ticks = ["none", *(findings.short(names[-cut]) for cut in cuts[1:])]
    said = inspection_sanity.finding(left)
    axes = inspection_sanity.curves_by_layer(left, others, ticks, said)
    results = {
        f"{name.lower().replace('-', '_').replace(' ', '_')}_left": float(each[-1].mean())
        for name, each in left.items()
    }
    return axes, results, said


def why_rankings_differ(inspected):
    """The reasons why methods that are ranked by the drop come in another order in another model."""
    grid, method = "it has none here", "Grad-CAM"
    if found := _of_cells(inspected.model):
        ((method, explain),) = found.items()
        rows, columns = explain(inspected.model, inspected.images[:1], 0).shape[1:]
        height, width = inspected.images.shape[1:3]
        grid = f"here {rows} × {columns}, each of about {height // rows} × {width // columns} pixels"
    return WHY_RANKINGS_DIFFER.format(grid=grid, method=method)


def heatmap_finding(results, best):
    """One sentence on whether the best heatmap finds pixels that matter more than random ones."""
    drop, random = results[f"{best.lower().replace('-', '_')}_drop"], results["random_drop"]
    clearly = drop > max(2 * random, 0.05)
    return (
        f"Hiding the {HIDDEN:.0%} of the pixels that {best} ranks highest lowers the probability by "
        f"{round(100 * drop)} points, hiding as many in random squares by {round(100 * random)}: "
        f"{f'{best} finds' if clearly else 'no heatmap clearly finds'} what the prediction depends on."
    )


def hidden_layer_in_two_dimensions(inspected):
    """The last hidden layer's activations in two dimensions, by PCA and t-SNE.

    Returns:
        (Axes, {"neighbours_by_pixels", "neighbours_by_hidden", "untrained_neighbours_by_hidden": share of
        nearest neighbours of the same class}); (None, {}) where there are too few images.
    """
    if len(inspected.images) < FEWEST:
        return None, {}
    vectors = hidden_activations(inspected.model, inspected.images)
    flat = flat_maps(vectors, inspected.seed)
    points = {"pixels": inspected.images, "hidden": vectors, **flat}
    alike = {name: neighbours_alike(each, inspected.labels) for name, each in points.items()}
    untrained = [
        neighbours_alike(hidden_activations(copy, inspected.images), inspected.labels)
        for copy in inspected.untrained
    ]
    wrong = ~inspected.correct if inspected.known else None
    axes = findings.hidden_map(flat, alike, inspected.labels, inspected.names, wrong, untrained)
    return axes, {"neighbours_by_pixels": alike["pixels"]} | _both(
        "neighbours_by_hidden", alike["hidden"], untrained
    )


def maps_during_training(inspected, moments):
    """Feature maps at several moments of training.

    Args:
        moments: {step: {layer: array (n, rows, columns, channels)}}.

    Returns:
        (Axes, {"conv1_early_correlation" and the like: correlation with the maps after training, and
        "untrained_conv1_correlation" and the like: that of the maps before training}).
    """
    axes, early, before = findings.training(moments, inspected.images[0])
    return axes, {
        **{f"{layer}_early_correlation": share for layer, share in early.items()},
        **{f"untrained_{layer}_correlation": share for layer, share in before.items()},
    }


def most_varying(values, most):
    """The channels whose highest activations vary most from image to image.

    Args:
        values: Array (n, ..., channels).
        most: Number of channels at most.

    Returns:
        List of indices, the most varying channel first.
    """
    peaks = values.reshape(len(values), -1, values.shape[-1]).max(1)
    return np.argsort(-peaks.std(0), kind="stable")[:most].tolist()


def groups(probabilities, labels, known, each=3):
    """Images to explain: correct and misclassified ones, or the most and the least confident ones.

    Returns:
        {name of the group: indices}. Correct ones are spread over the classes, misclassified ones are
        sorted by confidence, highest first.
    """
    predictions, confidence = probabilities.argmax(1), probabilities.max(1)
    order = np.argsort(-confidence, kind="stable")
    correct, wrong = (order[(predictions == labels)[order] == one] for one in (True, False))
    if not known:
        return {"highest confidence": order[:each], "lowest confidence": order[::-1][:each]}
    firsts = [correct[predictions[correct] == one][:1] for one in np.unique(predictions[correct])]
    spread = np.concatenate([*evenly(firsts, each), correct]) if len(firsts) else correct
    spread = np.array(list(dict.fromkeys(int(n) for n in spread))[:each], int)
    if not len(wrong):
        return {"correct": spread, "correct, lowest confidence": order[::-1][:each]}
    if not len(spread):
        return {"misclassified": wrong[:each]}
    return {"correct": spread, "misclassified": wrong[:each]}


def seeds_of(seed, count):
    """Seeds that are drawn from one, so that runs with the seeds 0 and 1 share none."""
    return np.random.default_rng(seed).integers(10**6, size=count).tolist()


def of_all_classes(labels, count):
    """Indices of a few images, taking turns between the classes."""
    turns = np.zeros(len(labels), int)
    for label in np.unique(labels):
        turns[labels == label] = np.arange((labels == label).sum())
    return np.argsort(turns, kind="stable")[:count]


def random_squares(shape, side, seed):
    """Random heatmaps of squares, as large as the window of occlusion: array (n, rows, columns)."""
    count, *sides = shape
    coarse = np.random.default_rng(seed).uniform(size=(count, *(-(-each // side) for each in sides)))
    return coarse.repeat(side, 1).repeat(side, 2)[:, : sides[0], : sides[1]].astype("float32")
