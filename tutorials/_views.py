"""Photos on their way to a network: as they are, seen otherwise, or as what frozen layers make of them.

Everything drawn by chance is drawn from (seed, phase, pass, batch) and from nothing else, so that
a run that was stopped anywhere and resumed goes on as if nothing had happened.
"""

import contextlib
import json
import os
from pathlib import Path

from tutorials._command import LessonError

import keras
import numpy as np

from models.augmentation import augment_photos, mix
from tutorials._resume import replace_file

IN_MEMORY = 1_000_000_000  # bytes of activations; more are kept on disk
CHUNK = 512  # photos whose activations are computed at a time


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
    """Batches to train or validate on, in an order that depends on the seed and the pass only.

    Args:
        see: Function of (pass, batch number, places) that gives inputs and targets.
        views: The `Views` that they are of.
        batch_size: Examples a batch.
        seed: Integers that the order depends on; None to go through them in theirs.
        first: Number of the first pass, where a resumed run goes on.
        workers: Threads that make batches while others are computed with.
    """

    def __init__(self, see, views, batch_size, seed=None, first=0, workers=1):
        super().__init__(workers=workers)
        self.see, self.views, self.batch_size, self.seed = see, views, batch_size, seed
        self.turn = first
        self._shuffle()

    def _shuffle(self):
        self.order = np.arange(len(self.views))
        if self.seed is not None:
            np.random.default_rng([*self.seed, self.turn]).shuffle(self.order)

    def on_epoch_end(self):
        self.turn += 1
        self._shuffle()

    def __len__(self):
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, index):
        places = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        inputs, targets = self.see(self.turn, index, places)
        if self.seed is None or self.views.weights is None:
            return inputs, targets
        return inputs, targets, self.views.example_weights(targets)


def live(views, batch_size, seed=None, first=0):
    """Batches of pixels, changed anew in every pass: the plain way."""

    def see(turn, index, places):
        return views.see(0 if seed is None else 1 + turn, places)

    return Batches(see, views, batch_size, seed, first)


class Kept:
    """What frozen layers make of every view of some photos, computed once.

    Args:
        frozen: Model: pixels -> activations.
        views: The photos.
        number: Views to compute: the photos as they are, and `number` - 1 changed ones.
        file: Where to keep them if they are many; None for in memory always.

    Attributes:
        activations: float32 (number, n, ...).
        targets: float32 (number, n, classes), which differ where photos are mixed.
    """

    def __init__(self, frozen, views, number, file=None):
        self.frozen, self.views = frozen, views
        shape = (number, len(views), *frozen.output_shape[1:])
        self.targets = np.empty((number, len(views), views.targets.shape[1]), "float32")
        self._marks = None
        if file is None or 4 * np.prod(shape, dtype=float) <= IN_MEMORY:
            self.activations = np.empty(shape, "float32")
        else:
            self._marks = Path(file).with_suffix(".json")
            self.activations = _on_disk(Path(file), shape)

    def compute(self, batch_size):
        """Compute them all, but for those that a run stopped before has left on the disk."""
        parts = [
            (view, np.arange(start, min(start + CHUNK, len(self.views))))
            for view in range(len(self.activations))
            for start in range(0, len(self.views), CHUNK)
        ]
        done = 0
        if self._marks:
            with contextlib.suppress(OSError, ValueError, TypeError):
                done = int(json.loads(self._marks.read_text()))
        bar = keras.utils.Progbar(len(parts) * CHUNK, unit_name="photo") if _on_a_terminal() else None
        for number, (view, places) in enumerate(parts):
            pieces = [places[start : start + batch_size] for start in range(0, len(places), batch_size)]
            if number < done:  # only the targets, which are not kept
                self.targets[view, places] = np.concatenate([self.views.see(view, p)[1] for p in pieces])
                continue
            self.activations[view, places] = self._pass(view, pieces)
            if self._marks:
                with _refusals(self._marks):
                    self.activations.flush()
                    replace_file(self._marks, json.dumps(number + 1).encode())
            if bar:
                bar.update((number + 1) * CHUNK)
        return self

    def _pass(self, view, pieces):
        def see(turn, index, places):
            pixels, self.targets[view, places] = self.views.see(view, places)
            return pixels, self.targets[view, places]

        batches = Batches(see, self.views, len(pieces[0]), workers=2)
        batches.order = np.concatenate(pieces)
        return self.frozen.predict(batches, verbose=0)

    def through(self, model, batch_size):
        """These activations after a further, frozen model, in memory."""
        further = object.__new__(Kept)
        further.views, further.targets = self.views, self.targets
        further.activations = np.stack(
            [model.predict(each, batch_size=batch_size, verbose=0) for each in self.activations]
        )
        return further

    def batches(self, batch_size, seed=None, first=0):
        """Batches of activations: in training, each of a view drawn anew in every pass."""

        def see(turn, index, places):
            drawn = np.zeros(len(places), int)
            if seed is not None:
                drawn = np.random.default_rng([*seed, turn, 1 + index]).integers(
                    len(self.activations), size=len(places)
                )
            return self.activations[drawn, places], self.targets[drawn, places]

        return Batches(see, self.views, batch_size, seed, first)


def _on_disk(file, shape):
    """A file of float32 numbers, whose whole space is taken at once: a full disk shows here."""
    size = 4 * int(np.prod(shape))
    with _refusals(file, f"hold the {size / 1e9:.1f} GB of activations"):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.stat().st_size != size:
            file.with_suffix(".json").unlink(missing_ok=True)
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
