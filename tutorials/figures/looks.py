"""The figures of `look_inside` and the finding that each one states: arrays in, Axes and numbers out."""

import numpy as np

from tutorials.figures import inspection as plots
from tutorials.figures.labels import plain

MOST_FILTERS = 32  # in one figure
MOST_LAYERS = 8
LARGE = 64 * 64  # pixels from which on an image is a photo, and each step costs more


def evenly(items, most):
    """As many of a list as are allowed, evenly spaced, the last among them and mostly the first."""
    rows = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[row] for row in (rows if most > 1 else [-1])]


def busiest(values, most):
    """The channels whose highest values differ most from picture to picture, busiest first.

    Args:
        values: Array (n, ..., channels).
        most: How many.

    Returns:
        List of indices.
    """
    peaks = values.reshape(len(values), -1, values.shape[-1]).max(1)
    return np.argsort(-peaks.std(0), kind="stable")[:most].tolist()


def short(layer, longest=18):
    """The name of a layer without the models that it is in."""
    return plain(layer.rpartition("/")[2], longest)


def filters(layer, weights):
    """The first layer's filters, and the share of them that hardly answer to an even surface.

    Args:
        layer: Its name.
        weights: Array (n, height, width, channels).

    Returns:
        (Axes, share of filters whose weights sum to less than a quarter of their sizes' sum).
    """
    flat = weights.reshape(len(weights), -1)
    share = float((abs(flat.sum(1)) < 0.25 * abs(flat).sum(1)).mean())
    title = (
        f"{share:.0%} of the {len(weights)} filters of {short(layer)} hardly answer to an even surface: "
        "they compare one side with another"
    )
    note = (
        "blue: weights below zero, red: above" if weights.shape[-1] != 3 else "weights as colours, 0 is grey"
    )
    if len(weights) > MOST_FILTERS:
        note += f"; the first {MOST_FILTERS} of {len(weights)}"
    return plots.filter_grid(weights[:MOST_FILTERS], title, note), share


def exciting(made, channels, reached, maps, names):
    """Images made to excite features, and the share of features that they excite more than any picture.

    Args:
        made: {layer: array (k, height, width, depth)}.
        channels: {layer: list of k indices}.
        reached: {layer: what the layer makes of those images, (k, ..., channels)}.
        maps: The same of pictures, (n, ..., channels).
        names: Of the classes, which the last layer's channels are.

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
        f"{sum(better)} of {len(better)} features are more excited by an image made for them than by any of "
        f"{len(maps[last])} pictures"
    )
    note = (
        "channel: its mean answer, as a multiple of what the most exciting picture reaches; last row: classes"
    )
    return plots.picture_rows(rows, title, note), share


def layers(picture, caption, maps, total, names):
    """What layers make of one picture, and the share of values that are 0 in the first and the last.

    Args:
        picture: Array (height, width, depth).
        caption: What the model says of it.
        maps: {layer: array (rows, columns, channels) or (units,)}.
        total: Number of layers that there are.
        names: Of the classes, in whose order the last of the maps is.

    Returns:
        (Axes, share of values of the last of the maps that are 0).
    """
    with_rows = [layer for layer, values in maps.items() if values.ndim == 3]
    silent = [float((maps[layer] == 0).mean()) for layer in (with_rows[0], with_rows[-1])]
    title = (
        f"{silent[0]:.0%} of the values of {short(with_rows[0])} are zero, {silent[1]:.0%} of those of "
        f"{short(with_rows[-1])}: {caption}"
    )
    labels = {
        f"{short(layer)}\n{' × '.join(map(str, values.shape))}": values for layer, values in maps.items()
    }
    note = "the 8 channels of the highest values, by number; dark is zero"
    if len(with_rows) < total:
        note += f"; {len(with_rows)} of {total} stages, evenly spaced"
    return plots.feature_map_rows(picture, labels, title, note, names), silent[1]


def neurons(watched, channels, images, labels, names, known):
    """The pictures that excite neurons most, and the share of them that are of one class, by layer.

    Args:
        watched: {layer: `Excitement`} of its `channels`.
        channels: {layer: list of indices}.
        images: Array (n, height, width, depth).
        labels: int (n,).
        names: Of the classes.
        known: Whether the labels are the truth, or the model's answers.

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
    said = " and ".join(f"{share:.0%} in {short(layer)}" for layer, share in shares.items())
    title = f"Of the pictures that excite a neuron most, those of one class are {said}"
    note = "frame: what the neuron sees, where it sees less than all; caption: " + (
        "the truth" if known else "the model's answer"
    )
    return plots.picture_rows(rows, title, note), shares


def groups(probabilities, labels, known, each=3):
    """Pictures to explain: right and wrong answers; the surest and the least sure where no truth is known.

    Returns:
        {name of the group: indices}; right answers evenly over the classes, wrong ones the surest first.
    """
    answers, sure = probabilities.argmax(1), probabilities.max(1)
    order = np.argsort(-sure, kind="stable")
    right, wrong = (order[(answers == labels)[order] == one] for one in (True, False))
    if not known:
        return {"the surest answers": order[:each], "the least sure answers": order[::-1][:each]}
    firsts = [right[answers[right] == one][:1] for one in np.unique(answers[right])]
    spread = np.concatenate([*evenly(firsts, each), right]) if len(firsts) else right
    spread = np.array(list(dict.fromkeys(int(n) for n in spread))[:each], int)
    if not len(wrong):
        return {"right answers": spread, "right, the least sure": order[::-1][:each]}
    if not len(spread):
        return {"wrong answers": wrong[:each]}
    return {"right answers": spread, "wrong answers": wrong[:each]}


def explanations(chosen, images, heat, probabilities, labels, names, known, falls, share):
    """Maps of what decided, side by side, and how well each names it.

    Args:
        chosen: {group: indices of the pictures}, in whose order `heat` is.
        images, probabilities, labels: Of all pictures.
        heat: {name: array (k, rows, columns)}.
        names: Of the classes.
        known: Whether the labels are the truth.
        falls: {name of a map, or "chance": by how much the probability falls}.
        share: Share of the pixels hidden for that.

    Returns:
        (Axes, name of the map whose pixels cost most).
    """
    number, shown = 0, {}
    for group, rows in chosen.items():
        shown[group] = []
        for n in rows:
            answer = probabilities[n].argmax()
            words = f"says {plain(names[answer], 10)} ({probabilities[n].max():.0%})"
            if known and answer != labels[n]:
                words += f"\ntruth: {plain(names[labels[n]], 12)}"
            shown[group].append((images[n], words, [each[number] for each in heat.values()]))
            number += 1
    best = max(heat, key=falls.get)
    costs = ", ".join(f"{name} {round(100 * falls[name])}" for name in [*heat, "chance"])
    title = f"Points that the answer's probability loses with the {share:.0%} of pixels chosen by: {costs}"
    note = "glowing: counts most; occlusion: red where hiding lowers the probability, blue where it raises it"
    if any(not each.any() for each in heat.get("Grad-CAM", [])[:number]):
        note += "\nnothing glows where Grad-CAM finds nothing that speaks for the answer"
    return plots.map_rows(shown, list(heat), title, note), best


def of_all_classes(labels, count):
    """Indices of a few pictures, of each class in turn."""
    turns = np.zeros(len(labels), int)
    for label in np.unique(labels):
        turns[labels == label] = np.arange((labels == label).sum())
    return np.argsort(turns, kind="stable")[:count]


def patches(shape, side, seed):
    """Maps drawn by chance, in squares as large as what occlusion hides: array (n, rows, columns)."""
    count, *sides = shape
    coarse = np.random.default_rng(seed).uniform(size=(count, *(-(-each // side) for each in sides)))
    return coarse.repeat(side, 1).repeat(side, 2)[:, : sides[0], : sides[1]].astype("float32")


def hidden_map(maps, alike, labels, names, wrong, what):
    """The last hidden layer on a map, and how near classes stay to themselves.

    Args:
        maps: {"PCA": array (n, 2), "t-SNE": array (n, 2)}.
        alike: {"pixels", "hidden", and the maps: share of nearest neighbours of the same class}.
        labels: int (n,).
        names: Of the classes.
        wrong: bool (n,), or None.
        what: What is hidden, such as "256 neurons".

    Returns:
        Axes.
    """
    title = (
        f"Of a picture's 5 nearest neighbours {alike['pixels']:.0%} are of its class by pixels, "
        f"{alike['hidden']:.0%} by {what} of the last hidden layer"
    )
    captioned = {f"{name}: {alike[name]:.0%} on this map": points for name, points in maps.items()}
    return plots.scattered(captioned, labels, names, wrong, title)


def training(moments, picture):
    """Feature maps over training, and how soon each layer's are what they will be.

    Args:
        moments: {step: {layer: array (n, rows, columns, channels)}} of the same pictures, of which the
            first is shown; the last moment is after training.
        picture: That picture.

    Returns:
        (Axes, {layer: agreement of the middle one of the moments with the last}).
    """
    last, layers = moments[max(moments)], list(moments[max(moments)])
    alike = {layer: [agreement(moments[step][layer], last[layer]) for step in moments] for layer in layers}
    rows = {}
    for place, (step, maps) in enumerate(moments.items()):
        words = "\n".join(f"{short(layer)} {alike[layer][place]:.2f}" for layer in layers)
        rows[f"{f'step {step}' if step else 'untrained'}\n{words}"] = {
            short(layer): values[0] for layer, values in maps.items()
        }
    early = {layer: shares[len(moments) // 2] for layer, shares in alike.items()}
    said = ", ".join(f"{short(layer)} {share:.2f}" for layer, share in early.items())
    step = sorted(moments)[len(moments) // 2]
    title = f"After {step} of {max(moments)} steps maps correlate with what they become: {said}"
    note = "numbers at the left: mean correlation of all maps of 40 pictures with those after training"
    return plots.maps_over_training(picture, rows, [short(layer) for layer in layers], title, note), early


def agreement(early, late):
    """How much two sets of feature maps are alike: their correlation in each channel, averaged.

    Args:
        early, late: Arrays (..., channels); channels that are silent in `late` do not count.
    """
    early, late = (np.asarray(each, "float64").reshape(-1, each.shape[-1]) for each in (early, late))
    early, late = early - early.mean(0), late - late.mean(0)
    sizes = np.sqrt((early**2).sum(0) * (late**2).sum(0))
    used = (late**2).sum(0) > 0
    return float(((early * late).sum(0)[used] / np.maximum(sizes[used], 1e-12)).mean())
