"""What the lesson on video needs beside its networks: its clips, and what is said of them."""

from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from datasets import videos
from datasets.generated import moving_photos, moving_shapes
from datasets.sources import Source
from models.scores import Share
from tutorials.figures.labels import distinct, plain
from tutorials.lesson.limits import check_memory

MOST_FITTED = 1200  # clips that the linear model is fitted on
SHOWN = 8  # classes at most in a figure


class Clips(NamedTuple):
    """The clips of a run.

    Attributes:
        source: Their `Source`.
        names: Those of the classes.
        training, validation, test: (clips uint8 (n, frames, size, size, channels), labels (n,)).
        same_frames: Whether the clips of all classes have the same frames, in other orders.
        set_aside: List of (file, reason) of those that are not used.
    """

    source: Source
    names: tuple
    training: tuple
    validation: tuple
    test: tuple
    same_frames: bool
    set_aside: list

    def count(self):
        """How many clips there are in all parts."""
        return sum(len(part[0]) for part in (self.training, self.validation, self.test))

    def chance(self):
        """The share of the test clips that are of the largest class of the training clips."""
        labels = np.concatenate([self.training[1], self.validation[1]])
        return float(np.mean(self.test[1] == np.bincount(labels).argmax()))

    def guessing(self):
        """The loss of a network that gives each class its share of the training clips."""
        counts = np.bincount(self.training[1])
        shares = counts[counts > 0] / counts.sum()
        return float(-(shares * np.log(shares)).sum())

    def one_of_each(self, part):
        """Indices of the first clip of each class in a part, of up to 8 classes.

        Of generated clips these have the same frames.
        """
        return np.unique(part[1], return_index=True)[1][:SHOWN]


def load_clips(data, train, test, frames, size, noise, seed, quick=False, grey=False):
    """The clips that `data` names.

    Args:
        data: "auto" or "embedded" for moving shapes, "moving_photos" for a camera that moves over photos, or
            a folder with a folder of clips for each class.
        train, test: Numbers of generated clips; a tenth of the former are the validation split.
        frames, size, noise, seed: As the lesson has them.
        quick: Whether to take some of your own clips only.
        grey: Whether to take your own clips in grey.

    Returns:
        `Clips`.
    """
    if str(data) in ("auto", "embedded"):
        check_memory("train_clips", train, 4 * frames * size**2 * train)
        (x, y), tested = moving_shapes.load_data(train, test, frames, size, noise, seed)
        n_val = 8 * -(-train // 80)  # whole sets of frames, so that no set is in both parts
        training, validation = (x[n_val:], y[n_val:]), (x[:n_val], y[:n_val])
        names = moving_shapes.CLASS_NAMES
        return Clips(moving_shapes.locate(), names, training, validation, tested, True, [])
    if str(data) == "moving_photos":
        check_memory("train_clips", train, 4 * frames * size**2 * train)
        counts = (max(each, 60) // 12 * 12 for each in (train, test))  # of each class as many, in pairs
        (x, y), tested = moving_photos.load_data(*counts, frames, size, seed)
        n_val = 12 * -(-len(x) // 120)
        names, parts = moving_photos.CLASS_NAMES, ((x[n_val:], y[n_val:]), (x[:n_val], y[:n_val]), tested)
        return Clips(moving_photos.locate(), names, *parts, False, [])
    source, set_aside = videos.locate(data), []
    check_memory("size", size, 20 * videos.count_clips(source) * frames * size**2, power=2)
    (x, y), (x_test, y_test), names = videos.load_data(source, frames, size, set_aside, 1 if grey else 3)
    if quick:
        x, y, x_test, y_test = x[:80], y[:80], x_test[:80], y_test[:80]
    n_val = -(-len(x) // 10)
    return Clips(
        source, names, (x[n_val:], y[n_val:]), (x[:n_val], y[:n_val]), (x_test, y_test), False, set_aside
    )


def linear_baseline(clips):
    """The accuracy of a linear model of all pixels, for clips of photos; {} for others.

    Args:
        clips: `Clips`.

    Returns:
        {"linear_test_accuracy": share of the test clips}.
    """
    if clips.names != moving_photos.CLASS_NAMES:
        return {}
    (x, y), (x_test, y_test) = ((some.reshape(len(some), -1) / 255, of) for some, of in clips[2:5:2])
    model = LogisticRegression(C=0.01, max_iter=100).fit(x[:MOST_FITTED], y[:MOST_FITTED])
    found = float(model.score(x_test, y_test))
    print(f"A linear model of the pixels classifies {found:.1%} of the test clips correctly.", flush=True)
    return {"linear_test_accuracy": found}


def default_epochs(clips, batch_size):
    """6 epochs, and more if there are few clips of your own: about 1,000 gradient steps, in 100 at most."""
    batches = -(-len(clips.training[0]) // batch_size)
    return 6 if clips.same_frames else min(100, max(6, 1000 // batches))


def strips(clips):
    """What the figure of clips shows: ({label: clip}, its title)."""
    x, frames = clips.training[0], clips.training[0].shape[1]
    shown = clips.one_of_each(clips.training)
    labels = distinct([clips.names[label] for label in clips.training[1][shown]])
    title = f"One clip of each class, {frames} frames of each"
    if clips.same_frames:
        title = f"Eight classes: the same {frames} frames in eight orders"
    return dict(zip(labels, x[shown], strict=True)), title


def comparison(clips, accuracy):
    """The title of the figure of accuracies.

    Args:
        clips: `Clips`.
        accuracy: {network: (accuracy in order, accuracy shuffled)}.
    """
    tested = len(clips.test[0])
    if clips.same_frames:
        return above_chance({name: both[0] for name, both in accuracy.items()}, clips.chance(), tested)
    best = max(accuracy, key=lambda name: accuracy[name][0])
    in_order, shuffled = accuracy[best]
    lost = 100 * (in_order - shuffled)
    change = f"shuffling their frames costs {lost:.1f} points" if lost > 0 else "shuffling costs nothing"
    return f"{best} is best on {tested:,} clips, with {in_order:.1%}; {change}"


def above_chance(accuracy, chance, clips):
    """Which networks tell the clips apart: those above chance by more than two standard errors."""
    error = 2 * np.sqrt(chance * (1 - chance) / clips)
    able = [name for name, share in accuracy.items() if share > chance + error]
    others = [name for name in accuracy if name not in able]
    said = f"{' and '.join(able) or 'No network'} can tell the order of frames"
    return said + (f"; at chance level ({chance:.1%}): {', '.join(others)}" if able and others else "")


def film(clips, probabilities):
    """What the animated figure shows: some test clips and what is predicted of them.

    Args:
        clips: `Clips`.
        probabilities: Array (test clips, frames, classes).

    Returns:
        ({caption: clip}, labels, probabilities, names of the classes): four clips and eight classes at most.
    """
    x, y = clips.test
    shown = clips.one_of_each(clips.test)
    if clips.same_frames:
        shown = shown[[0, 3, 4, 7]]  # one class of each pair
    shown = shown[:4]
    likely = probabilities[shown].mean((0, 1))
    likely[y[shown]] += 1  # those that are true come first
    kept = np.sort(np.argsort(-likely, kind="stable")[:SHOWN])
    names = distinct([clips.names[label] for label in kept], 16)
    captions = [f"it {clips.names[n]}" if clips.same_frames else plain(clips.names[n], 16) for n in y[shown]]
    captions = captions if clips.same_frames else distinct(captions, 20)
    labels = np.searchsorted(kept, y[shown])
    return dict(zip(captions, x[shown], strict=True)), labels, probabilities[shown][..., kept], names


def conclusion(clips, accuracy):
    """What a run found, in a sentence or two; `accuracy` as for `comparison`."""
    tested, chance = len(clips.test[0]), clips.chance()
    separate, lstm, conv3d = accuracy.values()
    said = (
        f"Test accuracy is {separate[0]:.1%} frame by frame (chance level {chance:.1%}), "
        f"{lstm[0]:.1%} with the LSTM and {conv3d[0]:.1%} with Conv3D; with the frames of each clip shuffled "
        f"it is {separate[1]:.1%}, {lstm[1]:.1%} and {conv3d[1]:.1%}."
    )
    if not clips.same_frames:
        share = Share(round(lstm[0] * tested), tested)
        said += (
            f" From {tested:,} test {'clip' if tested == 1 else 'clips'}, the 95 % interval of the LSTM's "
            f"accuracy is {share.low:.1%} to {share.high:.1%}."
        )
    return said
