"""The findings of `look_inside` and their figures. Arrays in, Axes and numbers out."""

import numpy as np

from tutorials.figures import inspection as plots
from tutorials.figures.labels import plain

MOST_FILTERS = 32  # in one figure
MOST_LAYERS = 8


def evenly(items, most):
    """At most so many items of a list, evenly spaced: the last one and, if more than one, the first."""
    rows = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[row] for row in (rows if most > 1 else [-1])]


def short(layer, longest=18):
    """The name of a layer without the names of the models that contain it."""
    return plain(layer.rpartition("/")[2], longest)


def filters(layer, weights):
    """The first layer's filters, and the share that has almost no output for a uniform image.

    Args:
        layer: Its name.
        weights: Array (n, height, width, channels).

    Returns:
        (Axes, share of filters whose weights have a sum below a quarter of the sum of their absolute
        values).
    """
    flat = weights.reshape(len(weights), -1)
    share = float((abs(flat.sum(1)) < 0.25 * abs(flat).sum(1)).mean())
    title = (
        f"{share:.0%} of the {len(weights)} filters of {short(layer)} have weights that sum to about 0: "
        "they detect differences, such as edges"
    )
    note = (
        "blue: negative weights, red: positive" if weights.shape[-1] != 3 else "weights as colours, 0 is grey"
    )
    if len(weights) > MOST_FILTERS:
        note += f"; the first {MOST_FILTERS} of {len(weights)}"
    return plots.filter_grid(weights[:MOST_FILTERS], title, note), share


def maximized(made, channels, reached, maps, names):
    """Images made to maximize channels, and the share of channels that they activate more than any image.

    Args:
        made: {layer: array (k, height, width, depth)}.
        channels: {layer: list of k indices}.
        reached: {layer: its activations for these images, (k, ..., channels)}.
        maps: {layer: its activations for the given images, (n, ..., channels)}.
        names: Class names, one for each channel of the last layer.

    Returns:
        (Axes, share).
    """
    rows, better, last = {}, [], list(made)[-1]
    for layer, images in made.items():
        means = [each.mean(tuple(range(1, each.ndim - 1))) for each in (reached[layer], maps[layer])]
        own = means[0][range(len(images)), channels[layer]]
        gains = own / np.maximum(means[1].max(0)[channels[layer]], 1e-9)
        if layer == last:
            captions = [plain(names[channel], 12) for channel in channels[layer]]
        else:
            captions = [f"{n}: × {gain:.1f}" for n, gain in zip(channels[layer], gains, strict=True)]
            better.extend(gains > 1)
        rows[short(layer)] = [(image, words, None) for image, words in zip(images, captions, strict=True)]
    share = float(np.mean(better))
    title = (
        f"{sum(better)} of {len(better)} channels are activated more by an image made for them than by any "
        f"of {len(maps[last])} images"
    )
    note = "channel: mean activation, as a multiple of the highest for any given image; last row: classes"
    return plots.picture_rows(rows, title, note), share


def layers(picture, caption, maps, total, names):
    """Feature maps of one image, and the share of zeros in the first and the last layer.

    Args:
        picture: Array (height, width, depth).
        caption: The model's prediction for it.
        maps: {layer: array (rows, columns, channels) or (units,)}.
        total: Number of layers of the model.
        names: Class names, in the order of the last of the maps.

    Returns:
        (Axes, share of zeros in the last map with rows and columns).
    """
    with_rows = [layer for layer, values in maps.items() if values.ndim == 3]
    zeros = [float((maps[layer] == 0).mean()) for layer in (with_rows[0], with_rows[-1])]
    title = (
        f"{zeros[0]:.0%} of the activations of {short(with_rows[0])} are zero, {zeros[1]:.0%} of those of "
        f"{short(with_rows[-1])}: {caption}"
    )
    labels = {
        f"{short(layer)}\n{' × '.join(map(str, values.shape))}": values for layer, values in maps.items()
    }
    note = "the 8 channels with the highest activations, by number; zero is dark"
    if len(with_rows) < total:
        note += f"; {len(with_rows)} of {total} layers, evenly spaced"
    return plots.feature_map_rows(picture, labels, title, note, names), zeros[1]


def neurons(watched, channels, images, labels, names, known):
    """The images that activate neurons most, and the share of them that is of one class, by layer.

    Args:
        watched: {layer: `Excitement`} of its `channels`.
        channels: {layer: list of indices}.
        images: Array (n, height, width, depth).
        labels: int (n,).
        names: Class names.
        known: Whether the labels are true classes, or else predictions.

    Returns:
        (Axes, {layer: share}).
    """
    rows, shares = {}, {layer: [] for layer in watched}
    for layer, found in watched.items():
        for channel, indices, boxes in zip(channels[layer], found.indices, found.boxes, strict=False):
            classes, counts = np.unique(labels[indices], return_counts=True)
            shares[layer].append(counts.max() / len(indices))
            words = f"{short(layer)} {channel}\n{counts.max()} of {len(indices)}: "
            rows[words + plain(names[classes[counts.argmax()]], 10)] = [
                (images[n], plain(names[labels[n]], 14), box) for n, box in zip(indices, boxes, strict=True)
            ]
    shares = {layer: float(np.mean(each)) for layer, each in shares.items()}
    by_layer = " and ".join(f"{share:.0%} in {short(layer)}" for layer, share in shares.items())
    title = f"Of the images that activate a neuron most, the share of one class is {by_layer}"
    note = "frame: receptive field, if smaller than the image; caption: " + (
        "true class" if known else "predicted class"
    )
    return plots.picture_rows(rows, title, note), shares


def explanations(chosen, inspected, heat, drops, share):
    """Heatmaps of several methods side by side, and which of them finds the pixels that matter.

    Args:
        chosen: {group: indices of images}, in the order of `heat`.
        inspected: `Inspected`: images, their probabilities and labels, and class names.
        heat: {method: array (k, rows, columns)}.
        drops: {method, or "random": drop of the probability when its pixels are hidden}.
        share: Share of the pixels that was hidden.

    Returns:
        (Axes, method with the largest drop).
    """
    probabilities, labels, names = inspected.probabilities, inspected.labels, inspected.names
    number, shown = 0, {}
    for group, rows in chosen.items():
        shown[group] = []
        for n in rows:
            predicted = probabilities[n].argmax()
            words = f"{plain(names[predicted], 12)} ({probabilities[n].max():.0%})"
            if inspected.known and predicted != labels[n]:
                words += f"\ntrue: {plain(names[labels[n]], 12)}"
            shown[group].append((inspected.images[n], words, [each[number] for each in heat.values()]))
            number += 1
    best = max(heat, key=drops.get)
    by_method = ", ".join(f"{name} {round(100 * drops[name])}" for name in [*heat, "random"])
    title = f"Drop of the probability in points when {share:.0%} of the pixels are hidden: {by_method}"
    note = "bright: important; occlusion: red where hiding lowers the probability, blue where it raises it"
    if any(not each.any() for each in heat.get("Grad-CAM", [])[:number]):
        note += "\na Grad-CAM map without bright regions: no evidence for the predicted class"
    return plots.map_rows(shown, list(heat), title, note), best


def hidden_map(maps, alike, labels, names, wrong, units):
    """The last hidden layer in two dimensions, and how often nearest neighbours are of the same class.

    Args:
        maps: {"PCA": array (n, 2), "t-SNE": array (n, 2)}.
        alike: {"pixels", "hidden", and the maps: share of nearest neighbours of the same class}.
        labels: int (n,).
        names: Class names.
        wrong: Misclassified images, bool (n,), or None where that is not known.
        units: Number of activations of the layer.

    Returns:
        Axes.
    """
    title = (
        f"Of an image's 5 nearest neighbours, {alike['pixels']:.0%} are of its class by pixels and "
        f"{alike['hidden']:.0%} by the {units} activations of the last hidden layer"
    )
    captioned = {f"{name}: {alike[name]:.0%} in two dimensions": points for name, points in maps.items()}
    return plots.scattered(captioned, labels, names, wrong, title)


def training(moments, picture):
    """Feature maps during training, and how early they resemble the final ones.

    Args:
        moments: {step: {layer: array (n, rows, columns, channels)}} of the same images, the first of
            which is shown. The last moment is after training.
        picture: The first image.

    Returns:
        (Axes, {layer: correlation of the maps at the middle moment with the final ones}).
    """
    last, layers = moments[max(moments)], list(moments[max(moments)])
    alike = {layer: [correlation(moments[step][layer], last[layer]) for step in moments] for layer in layers}
    rows = {}
    for place, (step, maps) in enumerate(moments.items()):
        words = "\n".join(f"{short(layer)} {alike[layer][place]:.2f}" for layer in layers)
        rows[f"{f'step {step}' if step else 'untrained'}\n{words}"] = {
            short(layer): values[0] for layer, values in maps.items()
        }
    early = {layer: shares[len(moments) // 2] for layer, shares in alike.items()}
    by_layer = ", ".join(f"{short(layer)} {share:.2f}" for layer, share in early.items())
    step = sorted(moments)[len(moments) // 2]
    title = f"Correlation with the final feature maps after {step} of {max(moments)} steps: {by_layer}"
    note = "numbers on the left: mean correlation of all feature maps of 40 images with the final ones"
    return plots.maps_over_training(picture, rows, [short(layer) for layer in layers], title, note), early


def correlation(early, late):
    """The correlation of two sets of feature maps, as a mean over the channels.

    Args:
        early, late: Arrays (..., channels). Channels that are constant in `late` are left out.
    """
    early, late = (np.asarray(each, "float64").reshape(-1, each.shape[-1]) for each in (early, late))
    early, late = early - early.mean(0), late - late.mean(0)
    sizes = np.sqrt((early**2).sum(0) * (late**2).sum(0))
    used = (late**2).sum(0) > 0
    return float(((early * late).sum(0)[used] / np.maximum(sizes[used], 1e-12)).mean())
