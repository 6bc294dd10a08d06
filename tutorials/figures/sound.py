"""Figures of the lesson on sounds. Arrays in, matplotlib Axes out; no function takes a model."""

import numpy as np

from tutorials.figures.charts import BLUE, ORANGE, axes_grid
from tutorials.figures.labels import distinct, plain

_MODELS = {"in order": "spectrograms as images", "shuffled": "images with shuffled rows"}


def waveforms_and_spectrograms(waveforms, spectrograms, captions, hertz, column):
    """Waveforms and their spectrograms side by side, one sound per row.

    Args:
        waveforms: Array (n, samples) in [-1, 1].
        spectrograms: Array (n, frequencies, times, 1): from 0 hertz to half of `hertz`.
        captions: One line for each sound.
        hertz: Samples per second.
        column: Seconds from one column of a spectrogram to the next.

    Returns:
        Array (n, 2) of Axes.
    """
    seconds = waveforms.shape[1] / hertz
    title = "A spectrogram shows which frequencies occur when; a waveform does not"
    axes = axes_grid(len(waveforms), 2, 9, 1.4 * len(waveforms) + 1.1, title)
    margin = (seconds - column * spectrograms.shape[2]) / 2  # no frame is centred on the very ends
    row = hertz / 2 / (spectrograms.shape[1] - 1)
    extent = [margin, seconds - margin, -row / 2, hertz / 2 + row / 2]
    for line, waveform, spectrogram, caption in zip(axes, waveforms, spectrograms, captions, strict=True):
        line[0].plot(np.arange(len(waveform)) / hertz, waveform, color=BLUE, linewidth=0.4)
        line[0].set_ylim(-1.05, 1.05)
        line[0].set_ylabel(f"{_short(caption)}\namplitude")
        line[1].imshow(
            spectrogram[..., 0].clip(0), cmap="magma", vmin=0, origin="lower", aspect="auto", extent=extent,
        )  # fmt: skip
        line[1].set_ylabel("frequency (Hz)")
        for ax in line:
            ax.set_xlim(0, seconds)
            ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[:-1].flat:
        ax.set_xticklabels([])
    for ax in axes[-1]:
        ax.set_xlabel("time (seconds)")
    return axes


def first_kernels(kernels, spectrograms, activations, names, hertz, column):
    """Kernels of the first layer, the patch that activates each most, and activations by class.

    Args:
        kernels: Array (frequencies, times, kernels).
        spectrograms: Array (n, frequencies, times, 1): from 0 hertz to half of `hertz`.
        activations: Outputs of the kernels, without padding, (n, rows, columns, kernels).
        names: The class of each spectrogram. The first six classes found are shown.
        hertz: Samples per second of the sounds.
        column: Seconds from one column of a spectrogram to the next.

    Returns:
        Array (3, kernels) of Axes.
    """
    height, width, count = kernels.shape
    names = np.array(names)
    classes = list(dict.fromkeys(names.tolist()))[:6]
    strongest = activations.max((1, 2))  # (n, kernels)
    mean = {name: strongest[names == name].mean(0) for name in classes}
    best = [max(classes, key=lambda name, k=k: mean[name][k]) for k in range(count)]
    favourite = max(classes, key=best.count)
    title = f"{plain(favourite)} activates {best.count(favourite)} of the first {count} kernels most"
    axes = axes_grid(3, count, 1.25 * count + 1.2, 5.4, title)
    hertz_high = height * hertz / 2 / (spectrograms.shape[1] - 1)
    box = {"origin": "lower", "aspect": "auto", "extent": [0, 1000 * column * width, 0, hertz_high]}
    limit = np.abs(kernels).max()
    for k, (kernel, patch, bars) in enumerate(axes.T):
        n, r, c = np.unravel_index(activations[..., k].argmax(), activations.shape[:3])
        kernel.imshow(kernels[..., k], cmap="RdBu_r", vmin=-limit, vmax=limit, **box)
        patch.imshow(spectrograms[n, r : r + height, c : c + width, 0].clip(0), cmap="magma", vmin=0, **box)
        patch.set_title(f"from {_short(names[n])}", fontsize=8)
        colours = [ORANGE if name == best[k] else BLUE for name in classes]
        bars.barh(distinct(classes), [mean[name][k] for name in classes], color=colours)
        bars.invert_yaxis()
        bars.set_xticks([])
        bars.spines[["top", "right", "bottom"]].set_visible(False)
        for ax in kernel, patch:
            ax.set_xlabel("ms", fontsize=8, labelpad=0)
            ax.tick_params(labelsize=8)
            if k:
                ax.set_yticklabels([])
        if k:
            bars.set_yticks([])
    axes[0, 0].set_ylabel("kernel\n(Hz)")
    axes[1, 0].set_ylabel("most activating\npatch (Hz)")
    axes[2, 0].set_ylabel("highest activation\n(mean)")
    return axes


def shuffled_rows(images, captions, accuracies):
    """Spectrograms with rows in order and shuffled, and the accuracy of a network trained on either.

    Args:
        images: Two arrays (n, height, width, 1) in [0, 255], low frequencies in the first rows.
        captions: One line for each spectrogram.
        accuracies: {what the network was trained on: test accuracy}, for rows in order and shuffled.

    Returns:
        Array (1, 2n + 1) of Axes.
    """
    columns = [image for pair in zip(*images, strict=True) for image in pair]
    percent = [100 * share for share in accuracies.values()]
    lost = percent[0] - percent[1]
    title = (
        f"Shuffling the rows of frequency costs ConvNet {lost:.1f} points of accuracy"
        if lost > 0
        else f"Shuffling the rows of frequency costs ConvNet no accuracy (gain: {abs(lost):.1f} points)"
    )
    axes = axes_grid(1, len(columns) + 1, 2 * len(columns) + 2.6, 3.2, title)
    for place, (ax, image) in enumerate(zip(axes.flat, columns, strict=False)):
        ax.imshow(image[..., 0], cmap="magma", vmin=0, vmax=255, origin="lower", aspect="auto")
        ax.set_title(_short(captions[place // 2]) + (", shuffled" if place % 2 else ""), fontsize=10)
        ax.set_xlabel("time")
        ax.set_xticks([])
        ax.set_yticks([])
    axes[0, 0].set_ylabel("frequency")
    ax = axes.flat[-1]
    bars = ax.bar([*accuracies], percent, color=[BLUE, ORANGE], width=0.6)
    ax.bar_label(bars, [f"{share:.1f}" for share in percent], padding=2)
    ax.set_ylim(0, 112)
    ax.set_ylabel("test accuracy (%)")
    ax.spines[["top", "right"]].set_visible(False)
    return axes


def accuracies_with_intervals(shares, title):
    """Test accuracy of each model with its 95 % interval, and the chance level as a line.

    Args:
        shares: {model: its `Share`}; that of "chance" is the line. "waveforms", "in order" and "shuffled" are
            networks, the others linear models.
        title: The figure's finding.

    Returns:
        Array (1, 1) of Axes.
    """
    networks = ("waveforms", "in order", "shuffled")
    names = [name for name in networks if name in shares]
    linear = [name for name in shares if name not in (*networks, "chance")]
    names += sorted(linear, key=lambda name: -shares[name].value)
    axes = axes_grid(1, 1, 8, 0.42 * len(names) + 1.7, title)
    ax = axes[0, 0]
    for place, name in enumerate(names):
        share, is_network = shares[name], name in networks
        ends = [[100 * (share.value - share.low)], [100 * (share.high - share.value)]]
        ax.barh(
            place, 100 * share.value, 0.62, color=BLUE if is_network else ORANGE, xerr=ends, capsize=3,
            label={0: "network", len(names) - len(linear): "logistic regression"}.get(place),
        )  # fmt: skip
        ax.text(106, place, f"{share.value:.1%}", va="center", fontsize=10)
    ax.axvline(100 * shares["chance"].value, color="black", linestyle=":", label="the largest class")
    ax.set_yticks(range(len(names)), [_MODELS.get(name, name) for name in names])
    ax.invert_yaxis()
    ax.set_xlim(0, 104)
    ax.set_xlabel("test accuracy (%), with its 95 % interval")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.1, 0.5), fontsize=9)
    return axes


def _short(name):
    """A class name, cut to a length that does not overlap its neighbour."""
    return plain(name, 12)
