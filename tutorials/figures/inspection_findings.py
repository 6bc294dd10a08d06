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


def beside(value, untrained):
    """A share beside the same one in untrained networks: more, less, or what chance gives, by comparing.

    Args:
        value: The share in the trained network.
        untrained: The same share in several untrained ones.

    Returns:
        A part of a sentence.
    """
    low, high = min(untrained), max(untrained)
    word = "more than in any" if value > high else "less than in any" if value < low else "within the range"
    spread = f"mean {np.mean(untrained):.0%}, {low:.0%} to {high:.0%}"
    return f"{word} of {len(untrained)} untrained networks ({spread})"


def balanced_share(weights):
    """Share of filters (n, height, width, channels) whose weights have a sum of about 0."""
    flat = np.asarray(weights).reshape(len(weights), -1)
    return float((abs(flat.sum(1)) < 0.25 * abs(flat).sum(1)).mean())


def filters(layer, weights, untrained):
    """The first layer's filters, and the share that has almost no output for a uniform image.

    Args:
        layer: Its name.
        weights: Array (n, height, width, channels).
        untrained: The share in several untrained networks.

    Returns:
        (Axes, share of filters whose weights have a sum below a quarter of the sum of their absolute
        values).
    """
    share = balanced_share(weights)
    title = (
        f"{share:.0%} of the {len(weights)} filters of {short(layer)} have weights that sum to about 0, "
        f"{beside(share, untrained)}"
    )
    signs = {"blue: negative weights": weights < 0, "red: positive weights": weights > 0}
    note = ", ".join(word for word, some in signs.items() if some.any())
    note = note if weights.shape[-1] != 3 else "weights as colours, 0 is grey"
    if len(weights) > MOST_FILTERS:
        note += f"; the first {MOST_FILTERS} of {len(weights)}"
    return plots.filter_grid(weights[:MOST_FILTERS], title, note), share


def _gains(made, channels, reached, maps):
    """{layer: how much more its own image activates each channel than any given image}."""
    gains = {}
    for layer, images in made.items():
        means = [each.mean(tuple(range(1, each.ndim - 1))) for each in (reached[layer], maps[layer])]
        own = means[0][range(len(images)), channels[layer]]
        gains[layer] = own / np.maximum(means[1].max(0)[channels[layer]], 1e-9)
    return gains


def maximized_share(made, channels, reached, maps):
    """Share of channels, those of the last layer left out, that their images activate more than any image."""
    gains = list(_gains(made, channels, reached, maps).values())[:-1]
    return float(np.mean(np.concatenate(gains) > 1))


def maximized(made, channels, reached, maps, names, untrained):
    """Images made to maximize channels, and the share of channels that they activate more than any image.

    Args:
        made: {layer: array (k, height, width, depth)}.
        channels: {layer: list of k indices}.
        reached: {layer: its activations for these images, (k, ..., channels)}.
        maps: {layer: its activations for the given images, (n, ..., channels)}.
        names: Class names, one for each channel of the last layer.
        untrained: The share in several untrained networks.

    Returns:
        (Axes, share).
    """
    rows, last = {}, list(made)[-1]
    gains = _gains(made, channels, reached, maps)
    for layer, images in made.items():
        if layer == last:
            captions = [plain(names[channel], 12) for channel in channels[layer]]
        else:
            captions = [f"{n}: × {gain:.1f}" for n, gain in zip(channels[layer], gains[layer], strict=True)]
        rows[short(layer)] = [(image, words, None) for image, words in zip(images, captions, strict=True)]
    share = maximized_share(made, channels, reached, maps)
    title = (
        f"{share:.0%} of channels are activated more by an image made for them than by any of "
        f"{len(maps[last])} images, {beside(share, untrained)}"
    )
    note = "channel: mean activation, as a multiple of the highest for any given image; last row: classes"
    return plots.picture_rows(rows, title, note), share


def layers(picture, caption, maps, total, names, untrained):
    """Feature maps of one image, and the share of zeros in the last layer with rows and columns.

    Args:
        picture: Array (height, width, depth).
        caption: The model's prediction for it.
        maps: {layer: array (rows, columns, channels) or (units,)}.
        total: Number of layers of the model.
        names: Class names, in the order of the last of the maps.
        untrained: The share of zeros in the last map with rows and columns in several untrained networks.

    Returns:
        (Axes, share of zeros in the last map with rows and columns).
    """
    with_rows = [layer for layer, values in maps.items() if values.ndim == 3]
    zeros = float((maps[with_rows[-1]] == 0).mean())
    title = (
        f"{zeros:.0%} of the activations of {short(with_rows[-1])} are zero, {beside(zeros, untrained)}, "
        f"for {caption}"
    )
    labels = {
        f"{short(layer)}\n{' × '.join(map(str, values.shape))}": values for layer, values in maps.items()
    }
    note = "the 8 channels with the highest activations, by number; zero is dark"
    if len(with_rows) < total:
        note += f"; {len(with_rows)} of {total} layers, evenly spaced"
    return plots.feature_map_rows(picture, labels, title, note, names), zeros


def one_class_share(found, labels):
    """Share of the images that activate a channel most that are of one class, as a mean over the channels."""
    counts = [np.unique(labels[rows], return_counts=True)[1].max() / len(rows) for rows in found.indices]
    return float(np.mean(counts))


def neurons(watched, channels, images, labels, names, known, untrained):
    """The images that activate neurons most, and the share of them that is of one class, by layer.

    Args:
        watched: {layer: `Excitement`} of its `channels`.
        channels: {layer: list of indices}.
        images: Array (n, height, width, depth).
        labels: int (n,).
        names: Class names.
        known: Whether the labels are true classes, or else predictions.
        untrained: The share in the last layer of several untrained networks.

    Returns:
        (Axes, {layer: share}).
    """
    rows = {}
    for layer, found in watched.items():
        for channel, indices, boxes in zip(channels[layer], found.indices, found.boxes, strict=False):
            classes, counts = np.unique(labels[indices], return_counts=True)
            words = f"{short(layer)} {channel}\n{counts.max()} of {len(indices)}: "
            rows[words + plain(names[classes[counts.argmax()]], 10)] = [
                (images[n], plain(names[labels[n]], 14), box) for n, box in zip(indices, boxes, strict=True)
            ]
    shares = {layer: one_class_share(found, labels) for layer, found in watched.items()}
    last = list(shares)[-1]
    title = (
        f"Of the images that activate a neuron of {short(last)} most, {shares[last]:.0%} are of one class, "
        f"{beside(shares[last], untrained)}"
    )
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
    title = (
        f"Hiding the {share:.0%} of the pixels that {best} ranks highest lowers the probability by "
        f"{round(100 * drops[best])} points, random squares by {round(100 * drops['random'])}"
    )
    note = "below each name: points by which hiding its pixels lowers the probability\n"
    note += "bright: important; occlusion: red where hiding lowers the probability"
    if (heat["occlusion"][:number] < 0).any():
        note += ", blue where it raises it"
    if any(not each.any() for each in heat.get("Grad-CAM", [])[:number]):
        note += "\na Grad-CAM map without bright regions: no evidence for the predicted class"
    named = [f"{name}\n{round(100 * drops[name])}" for name in heat]
    return plots.map_rows(shown, named, title, note), best


def hidden_map(maps, alike, labels, names, wrong, untrained):
    """The last hidden layer in two dimensions, and how often nearest neighbours are of the same class.

    Args:
        maps: {"PCA": array (n, 2), "t-SNE": array (n, 2)}.
        alike: {"pixels", "hidden", and the maps: share of nearest neighbours of the same class}.
        labels: int (n,).
        names: Class names.
        wrong: Misclassified images, bool (n,), or None where that is not known.
        untrained: The share by hidden activations of several untrained networks.

    Returns:
        Axes.
    """
    title = (
        f"Of an image's 5 nearest neighbours, {alike['pixels']:.0%} are of its class by pixels, "
        f"{alike['hidden']:.0%} by the last hidden layer, {beside(alike['hidden'], untrained)}"
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
        (Axes, {layer: correlation of the maps at the middle moment with the final ones}, {layer: that of
        the maps before training}).
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
    before, step = {layer: shares[0] for layer, shares in alike.items()}, sorted(moments)[len(moments) // 2]
    closer = [layer for layer in layers if early[layer] > before[layer]]
    by_layer = " and ".join(f"{short(layer)}" for layer in closer) or "no layer"
    title = (
        f"After {step} of {max(moments)} steps the feature maps of {by_layer} resemble the final ones "
        "more than those of the untrained network do"
    )
    note = "numbers on the left: mean correlation of all feature maps of 40 images with the final ones"
    axes = plots.maps_over_training(picture, rows, [short(layer) for layer in layers], title, note)
    return axes, early, before


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
