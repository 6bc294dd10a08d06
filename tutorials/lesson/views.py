"""Photos on their way to a network: as they are, seen otherwise, or as what frozen layers make of them.

Everything drawn by chance is drawn from (seed, phase, pass, batch) and from nothing else, so that
a run that was stopped anywhere and resumed goes on as if nothing had happened.
"""

import contextlib
import itertools
import json
import os
from pathlib import Path

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import tensorflow as tf

from models.fine_tuning.augmentation import augment_photos, mix
from tutorials.lesson.resume import replace_file

IN_MEMORY = 1_000_000_000  # bytes of activations; more are kept on disk
CHUNK = 512  # photos whose activations are computed at a time
AT_ONCE = 16  # of them go through the frozen layers together


def drawn_seed(*numbers):
    """A seed for one purpose, from 0 to 2**32 - 1, far from those for others."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class Views:
    """Some photos with their targets, as they are or seen a little otherwise.

    Args:
        photos: A `datasets.photos.Photos`.
        rows: Which of the photos these are, (n,).
        weights: {class index: weight in training}; None for all alike.
        policy: How strongly photos are changed: "none", "standard" or "strong".
        mirror: Whether half of them are mirrored.
        mixing: "none", "mixup" or "cutmix".
        seed: Of all changes.
    """

    def __init__(self, photos, rows, weights=None, policy="none", mirror=True, mixing="none", seed=0):
        self.pixels, self.rows = photos.pixels, np.asarray(rows)
        classes = len(photos.class_names)
        self.targets = np.eye(classes, dtype="float32")[photos.labels[self.rows]]  # (n, classes)
        self.weights = None
        if weights is not None:
            self.weights = np.array([weights[index] for index in range(classes)], "float32")
        self.policy, self.mirror, self.mixing, self.seed = policy, mirror, mixing, seed

    def __len__(self):
        return len(self.rows)

    def see(self, view, places):
        """Some of these photos, as they are (view 0) or changed (views 1, 2, ...).

        Args:
            view: Number of the view.
            places: Which of these photos, integers from 0 to n - 1.

        Returns:
            `(pixels, targets)`, float32 (k, size, size, 3) in [0, 255] and (k, classes).
        """
        images, targets = self.pixels[self.rows[places]], self.targets[places]
        if view:
            seed = drawn_seed(self.seed, view, int(places[0]), len(places))
            images = augment_photos(images, self.policy, seed, self.mirror)
            if self.mixing != "none":
                images, targets = mix(images, targets, self.mixing, seed)
        return np.asarray(images, "float32"), np.asarray(targets, "float32")

    def example_weights(self, targets):
        """What each example counts in training, (k,), by its classes."""
        return targets @ self.weights


class Batches(keras.utils.PyDataset):
    """Batches that are made when they are asked for, by a thread that is a little ahead.

    Args:
        make: Function of a batch's number that makes it.
        number: Of batches.
    """

    def __init__(self, make, number):
        super().__init__()  # with more threads Keras takes longer to begin and end than they save
        self.make, self.number = make, number

    def __len__(self):
        return self.number

    def __getitem__(self, index):
        return self.make(index)


def steps_in(count, batch_size):
    """Batches that it takes to go through so many examples."""
    return -(-count // batch_size)


def training_batches(see, views, batch_size, seed, first=0):
    """Batches to train on, pass after pass without end, in an order that depends on seed and pass only.

    Keras begins a generator once and a dataset anew in every pass, which with few photos takes
    longer than the training.

    Args:
        see: Function of (pass, batch number, places) that gives inputs and targets.
        views: The `Views` that they are of.
        batch_size: Examples a batch; the last of a pass may have fewer.
        seed: Integers that the order depends on.
        first: Number of the first pass, where a resumed run goes on.

    Yields:
        `(inputs, targets)`, with a weight for each example where classes have weights.
    """
    for turn in itertools.count(first):
        order = np.arange(len(views))
        np.random.default_rng([*seed, turn]).shuffle(order)
        for index in range(steps_in(len(order), batch_size)):
            inputs, targets = see(turn, index, order[index * batch_size : (index + 1) * batch_size])
            if views.weights is None:
                yield inputs, targets
            else:
                yield inputs, targets, views.example_weights(targets)


def filled_up(pixels):
    """A batch for the frozen layers, with black for what is missing: Keras prepares for each size anew."""
    missing = AT_ONCE - len(pixels)
    return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), "float32")]) if missing else pixels


class Live:
    """Photos of which nothing is kept: they go through all layers in every pass, the plain way.

    Args:
        views: The photos.
    """

    def __init__(self, views):
        self.views = views

    def training(self, phase, batch_size, seed, first=0):
        """Batches of pixels to train on, changed anew in every pass; see `training_batches`."""

        def see(turn, index, places):
            return self.views.see(1 + turn, places)

        return training_batches(see, self.views, batch_size, seed, first)

    def validation(self, phase, batch_size):
        """Batches of the photos as they are, in their order."""
        places = np.arange(len(self.views))

        def make(index):
            return self.views.see(0, places[index * batch_size : (index + 1) * batch_size])

        return Batches(make, steps_in(len(places), batch_size))


class Kept:
    """What frozen layers make of every view of some photos, computed once.

    Args:
        frozen: Model: pixels -> {phase: what is trained on in that phase}.
        views: The photos.
        number: Views to compute: the photos as they are, and `number` - 1 changed ones.
        folder: Where to keep them if they are many; None for in memory always.

    Attributes:
        activations: {phase: float32 (number, n, ...)}.
        targets: float32 (number, n, classes), which differ where photos are mixed.
    """

    def __init__(self, frozen, views, number, folder=None):
        self.frozen, self.views = frozen, views
        shapes = {
            phase: (number, len(views), *shape[1:])
            for phase, shape in frozen.compute_output_shape(frozen.input_shape).items()
        }
        self.targets = np.empty((number, len(views), views.targets.shape[1]), "float32")
        self._marks = None
        total = sum(4 * np.prod(shape, dtype=float) for shape in shapes.values())
        if folder is None or total <= IN_MEMORY:
            self.activations = {phase: np.empty(shape, "float32") for phase, shape in shapes.items()}
        else:
            self._marks = Path(folder) / "activations.json"
            self.activations = {
                phase: _on_disk(self._marks.with_name(f"activations-{phase}.bin"), shape, self._marks)
                for phase, shape in shapes.items()
            }

    def compute(self):
        """Compute them all, but for those that a run stopped before has left on the disk."""
        number, count = self.targets.shape[:2]
        batches = [
            (view, np.arange(start, min(start + AT_ONCE, count)))
            for view in range(number)
            for start in range(0, count, AT_ONCE)
        ]
        size = CHUNK // AT_ONCE
        chunks = [batches[start : start + size] for start in range(0, len(batches), size)]
        done = 0
        if self._marks:
            with contextlib.suppress(OSError, ValueError, TypeError):
                done = int(json.loads(self._marks.read_text()))
        bar = keras.utils.Progbar(number * count, unit_name="photo") if _on_a_terminal() else None
        for turn, chunk in enumerate(chunks):
            if turn < done:  # only the targets, which are not kept
                for view, places in chunk:
                    self.targets[view, places] = self.views.see(view, places)[1]
                continue
            self._compute(chunk)
            if self._marks:
                with _refusals(self._marks):
                    for kept in self.activations.values():
                        kept.flush()
                    replace_file(self._marks, json.dumps(turn + 1).encode())
            if bar:
                view, places = chunk[-1]
                bar.update(view * count + int(places[-1]) + 1)
        return self

    def _compute(self, chunk):
        def make(index):
            view, places = chunk[index]
            pixels, self.targets[view, places] = self.views.see(view, places)
            return filled_up(pixels)

        computed = self.frozen.predict(Batches(make, len(chunk)), verbose=0)
        for phase, values in computed.items():
            for number, (view, places) in enumerate(chunk):
                first = number * AT_ONCE
                self.activations[phase][view, places] = values[first : first + len(places)]

    def training(self, phase, batch_size, seed, first=0):
        """Batches of activations to train on, each of a view drawn anew in every pass."""
        activations = self.activations[phase]

        def see(turn, index, places):
            random = np.random.default_rng([*seed, turn, 1 + index])
            drawn = random.integers(len(activations), size=len(places))
            return activations[drawn, places], self.targets[drawn, places]

        return training_batches(see, self.views, batch_size, seed, first)

    def validation(self, phase, batch_size):
        """Batches of the activations of the photos as they are, in their order."""
        whole = self.activations[phase][0], self.targets[0]
        return tf.data.Dataset.from_tensor_slices(whole).batch(batch_size)


def _on_disk(file, shape, marks):
    """A file of float32 numbers, whose whole space is taken at once: a full disk shows here.

    The marks of what is in it go where it does not have this size.
    """
    size = 4 * int(np.prod(shape))
    with _refusals(file, f"hold the {size / 1e9:.1f} GB of activations"):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.stat().st_size != size:
            marks.unlink(missing_ok=True)
            try:
                with file.open("wb") as opened:
                    if hasattr(os, "posix_fallocate"):
                        os.posix_fallocate(opened.fileno(), 0, size)
                    else:
                        for start in range(0, size, 1 << 20):
                            opened.write(bytes(min(1 << 20, size - start)))
            except OSError:
                file.unlink(missing_ok=True)
                raise
        return np.memmap(file, "float32", "r+", shape=shape)


@contextlib.contextmanager
def _refusals(file, what="be written"):
    """Turn a disk's refusal into one sentence."""
    try:
        yield
    except OSError as error:
        raise LessonError(
            f"{file} cannot {what} ({(error.strerror or str(error)).lower()}); free some space there, "
            "take fewer --views, name another folder with --outputs, or add --no-cache."
        ) from error


def _on_a_terminal():
    return os.isatty(1)
