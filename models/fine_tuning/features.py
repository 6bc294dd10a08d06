"""Features of frozen layers: computed once for several augmented versions of each photo, and cached."""

import contextlib
import json
import os
from pathlib import Path

import keras
import numpy as np

from ..errors import ModelError
from ..training.checkpoints import replace_file
from .batches import computed, training_batches

IN_MEMORY = 1_000_000_000  # bytes of features; more are kept in files, where there is a folder for them
CHUNK = 512  # photos whose features are computed between two notes of how far it is
AT_ONCE = 16  # photos that go through the frozen layers together


def filled_up(pixels):
    """A batch of `AT_ONCE` photos, black ones at its end: Keras compiles a model anew for each batch size.

    Args:
        pixels: float32 (k, size, size, 3), k of `AT_ONCE` at most.

    Example:
        >>> filled_up(np.ones((2, 8, 8, 3), "float32")).shape
        (16, 8, 8, 3)
    """
    missing = AT_ONCE - len(pixels)
    return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), "float32")]) if missing else pixels


class CachedFeatures:
    """Features of every version of some photos, computed once by frozen layers.

    Args:
        frozen: Model: pixels -> the features that the layers after it are trained on.
        photos: An `AugmentedPhotos`.
        versions: How many to compute: the photos as they are, and `versions` - 1 augmented ones.
        folder: Where to keep them if they are more than 1 GB; None to keep them in memory.

    Attributes:
        features: float32 (versions, n, ...).
        targets: float32 (versions, n, classes); they differ where photos are mixed.

    Raises:
        ModelError: If there is no space for them in the folder.

    Example:
        >>> from types import SimpleNamespace
        >>> from models.fine_tuning.batches import AugmentedPhotos
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((4, 8, 8, 3), "uint8"), labels=np.array([0, 1, 0, 1]), class_names=["a", "b"]
        ... )
        >>> pixels = keras.Input((8, 8, 3))
        >>> frozen = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(pixels))
        >>> cached = CachedFeatures(frozen, AugmentedPhotos(photos, rows=[0, 1, 2]), versions=2).compute()
        >>> cached.features.shape
        (2, 3, 3)
    """

    def __init__(self, frozen, photos, versions, folder=None):
        self.frozen, self.photos = frozen, photos
        shape = (versions, len(photos), *frozen.output_shape[1:])
        self.targets = np.empty((versions, len(photos), photos.targets.shape[1]), "float32")
        self._progress = None  # the file that says how far it is, where features are kept in a file
        if folder is None or 4 * np.prod(shape, dtype=float) <= IN_MEMORY:
            self.features = np.empty(shape, "float32")
        else:
            self._progress = Path(folder) / "activations.json"
            self.features = _in_file(self._progress.with_suffix(".bin"), shape, self._progress)

    def compute(self, verbose=0):
        """Compute them all, except those that a training that was stopped has left in the folder.

        Args:
            verbose: 1 for a progress bar.
        """
        versions, count = self.targets.shape[:2]
        batches = [
            (number, np.arange(start, min(start + AT_ONCE, count)))
            for number in range(versions)
            for start in range(0, count, AT_ONCE)
        ]
        size = CHUNK // AT_ONCE
        chunks = [batches[start : start + size] for start in range(0, len(batches), size)]
        done = self._chunks_done()
        bar = keras.utils.Progbar(versions * count, unit_name="photo") if verbose == 1 else None
        for turn, chunk in enumerate(chunks):
            if turn < done:  # only the targets, which are not kept in files
                for number, places in chunk:
                    self.targets[number, places] = self.photos.version(number, places)[1]
                continue
            self._compute(chunk)
            if self._progress:
                with _refusals(self._progress):
                    self.features.flush()
                    replace_file(self._progress, json.dumps(turn + 1).encode())
            if bar:
                number, places = chunk[-1]
                bar.update(number * count + int(places[-1]) + 1)
        return self

    def _chunks_done(self):
        if self._progress:
            with contextlib.suppress(OSError, ValueError, TypeError, OverflowError, RecursionError):
                return int(json.loads(self._progress.read_text()))
        return 0

    def _compute(self, chunk):
        def make(index):
            number, places = chunk[index]
            pixels, self.targets[number, places] = self.photos.version(number, places)
            return filled_up(pixels)

        found = computed(self.frozen, make, len(chunk))
        for turn, (number, places) in enumerate(chunk):
            first = turn * AT_ONCE
            self.features[number, places] = found[first : first + len(places)]

    def training(self, batch_size, seed, first=0, places=None):
        """Batches of features to train on: of each photo, a version drawn anew in every epoch."""

        def version(epoch, index, places):
            random = np.random.default_rng([*seed, epoch, 1 + index])
            drawn = random.integers(len(self.features), size=len(places))
            return self.features[drawn, places], self.targets[drawn, places]

        return training_batches(version, self.photos, batch_size, seed, first, places)

    def validation(self, batch_size, places=None):
        """Features and targets of the photos as they are, in their order; of all, or of those at `places`.

        With TensorFlow that is a `tf.data.Dataset` of batches, which `fit` starts in each epoch twice as fast
        as others; elsewhere a `PyDataset`.
        """
        arrays = self.features[0], self.targets[0]
        if places is not None:
            arrays = tuple(array[places] for array in arrays)
        if keras.backend.backend() != "tensorflow":
            return _Batches(*arrays, batch_size)
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices(arrays).batch(batch_size)

    def release(self):
        """Let go of the features: TensorFlow keeps a generator that `fit` was given, and what it holds."""
        self.features = self.targets = None


class _Batches(keras.utils.PyDataset):
    """Arrays in their order; `predict` takes a pair of plain arrays for two inputs."""

    def __init__(self, features, targets, size):
        super().__init__()
        self.features, self.targets, self.size = features, targets, size

    def __len__(self):
        return -(-len(self.features) // self.size)

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        return self.features[rows], self.targets[rows]


def _in_file(file, shape, progress):
    """An array of float32 numbers in a file, whose whole space is taken at once: a full disk shows here.

    If the file did not have this size, what `progress` says of it is forgotten.
    """
    size = 4 * int(np.prod(shape))
    with _refusals(file, f"hold the {size / 1e9:.1f} GB of features"):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.stat().st_size != size:
            progress.unlink(missing_ok=True)
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
        raise ModelError(
            f"{file} cannot {what} ({(error.strerror or str(error)).lower()}); free some space there, "
            "take fewer views=, or turn cache= off."
        ) from error
