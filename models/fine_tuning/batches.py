"""Batches of photos for training: augmented, in an order that can be repeated, and without a cache.

Whatever is random is drawn from (seed, phase, epoch, batch) and from nothing else, so that a training that
was stopped anywhere and resumed goes on as if nothing had happened.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from .augmentation import augment_photos, mix
from .resizing import smaller


def drawn_seed(*numbers):
    """A seed for one purpose, from 0 to 2**32 - 1, independent of those for others.

    Args:
        *numbers: Whole numbers of 0 or more that name the purpose.

    Example:
        >>> drawn_seed(0, 1) == drawn_seed(0, 1), drawn_seed(0, 1) == drawn_seed(1, 0)
        (True, False)
    """
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class AugmentedPhotos:
    """Some photos with their targets: as they are, and in augmented versions.

    Args:
        photos: What `Photos.check` returned: its `pixels`, `labels` and `class_names` are used.
        rows: Which of the photos these are, integers (n,).
        weights: {class index: weight in training}; None for 1 each.
        augmentation: "none", "standard" or "strong", see `augment_photos`.
        flip: Whether half of the augmented versions are flipped left to right.
        mixing: "none", "mixup" or "cutmix", see `mix`.
        seed: Of all versions.
        size: Height and width in pixels that photos are resized to; None for the size that they have.

    Attributes:
        targets: One-hot labels, float32 (n, classes).
        size: Height and width in pixels.

    Example:
        >>> from types import SimpleNamespace
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((4, 8, 8, 3), "uint8"), labels=np.array([0, 1, 0, 1]), class_names=["a", "b"]
        ... )
        >>> some = AugmentedPhotos(photos, rows=[1, 2, 3], augmentation="standard")
        >>> pixels, targets = some.version(1, np.array([0, 2]))
        >>> len(some), pixels.shape, targets.tolist()
        (3, (2, 8, 8, 3), [[0.0, 1.0], [0.0, 1.0]])
    """

    def __init__(
        self, photos, rows, weights=None, augmentation="none", flip=True, mixing="none", seed=0, size=None
    ):
        self.size = size or photos.pixels.shape[1]
        self._smaller = smaller(size) if self.size != photos.pixels.shape[1] else None
        self.pixels, self.rows = photos.pixels, np.asarray(rows)
        classes = len(photos.class_names)
        self.targets = np.eye(classes, dtype="float32")[photos.labels[self.rows]]
        self.weights = None
        if weights is not None:
            self.weights = np.array([weights[index] for index in range(classes)], "float32")
        self.augmentation, self.flip, self.mixing, self.seed = augmentation, flip, mixing, seed

    def __len__(self):
        return len(self.rows)

    def version(self, number, places):
        """Some of these photos in one version.

        Args:
            number: 0 for the photos as they are; 1, 2, ... for augmented versions.
            places: Which of these photos, integers from 0 to n - 1, (k,).

        Returns:
            `(pixels, targets)`, float32 (k, size, size, 3) in [0, 255] and (k, classes).
        """
        images, targets = self.pixels[self.rows[places]], self.targets[places]
        if self._smaller is not None:
            images = self._smaller(np.asarray(images, "float32"), training=False)
        if number:
            seed = drawn_seed(self.seed, number, int(places[0]), len(places))
            images = augment_photos(images, self.augmentation, seed, self.flip)
            if self.mixing != "none":
                images, targets = mix(images, targets, self.mixing, seed)
        return np.asarray(images, "float32"), np.asarray(targets, "float32")

    def example_weights(self, targets):
        """The weight of each example in the loss, (k,): that of its class."""
        return targets @ self.weights


class Batches(keras.utils.PyDataset):
    """Batches that are made when they are needed, by a thread that is a little ahead.

    Args:
        make: Function of a batch's number that makes it.
        number: Of batches.

    Example:
        >>> batches = Batches(lambda index: np.full((2, 3), index), number=4)
        >>> len(batches), batches[3][0].tolist()
        (4, [3, 3, 3])
    """

    def __init__(self, make, number):
        super().__init__()  # with more threads Keras takes longer to start and stop them than they save
        self.make, self.number = make, number

    def __len__(self):
        return self.number

    def __getitem__(self, index):
        return self.make(index)


def computed(model, make, number):
    """What a model computes of batches that are made one after another, each while the last is computed.

    `predict` gives the same, but TensorFlow never lets go of a generator that it was given, nor of the photos
    that this holds: of thousands of photos all pixels would stay in memory.

    Args:
        model: A Keras model.
        make: Function of a batch's number that makes it, an array.
        number: Of batches.

    Returns:
        What `predict` gives: an array, or a dictionary of them.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Rescaling(2.0)])
        >>> computed(model, lambda index: np.full((1, 3), index), number=2).tolist()
        [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]]
    """
    found = []
    with ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(make, 0)
        for index in range(number):
            batch = following.result()
            if index + 1 < number:
                following = ahead.submit(make, index + 1)
            found.append(model.predict_on_batch(batch))
    return keras.tree.map_structure(lambda *each: np.concatenate(each), *found)


def steps_per_epoch(count, batch_size):
    """Number of batches in an epoch.

    Args:
        count: Number of examples.
        batch_size: Examples in a batch; the last one may have fewer.

    Example:
        >>> steps_per_epoch(100, 32)
        4
    """
    return -(-count // batch_size)


def training_batches(version, photos, batch_size, seed, first=0, places=None):
    """Batches to train on, epoch after epoch without end, in an order that depends on seed and epoch only.

    Keras starts a generator once and a dataset anew in every epoch, which with few photos takes longer than
    the training itself.

    Args:
        version: Function of (epoch, batch number, places) that returns inputs and targets.
        photos: The `AugmentedPhotos` that they are of.
        batch_size: Examples in a batch; the last one of an epoch may have fewer.
        seed: List of integers that the order depends on.
        first: Number of the first epoch, where a resumed training goes on.
        places: Which of the photos, integers; None for all.

    Yields:
        `(inputs, targets)`, with a weight for each example where classes have weights.

    Example:
        >>> from types import SimpleNamespace
        >>> class Four(list):
        ...     weights = None
        >>> batches = training_batches(lambda epoch, index, places: (places, places), Four("abcd"), 3, [0])
        >>> [len(next(batches)[0]) for _ in range(4)]
        [3, 1, 3, 1]
    """
    for epoch in itertools.count(first):
        order = np.arange(len(photos)) if places is None else np.array(places)
        np.random.default_rng([*seed, epoch]).shuffle(order)
        for index in range(steps_per_epoch(len(order), batch_size)):
            inputs, targets = version(epoch, index, order[index * batch_size : (index + 1) * batch_size])
            if photos.weights is None:
                yield inputs, targets
            else:
                yield inputs, targets, photos.example_weights(targets)


class UncachedPhotos:
    """Batches of photos of which nothing is cached: they pass through all layers in every epoch.

    Args:
        photos: An `AugmentedPhotos`.

    Example:
        >>> from types import SimpleNamespace
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((4, 8, 8, 3), "uint8"), labels=np.array([0, 1, 0, 1]), class_names=["a", "b"]
        ... )
        >>> some = UncachedPhotos(AugmentedPhotos(photos, rows=[0, 1, 2]))
        >>> [len(pixels) for pixels, targets in some.validation(batch_size=2)]
        [2, 1]
    """

    def __init__(self, photos):
        self.photos = photos

    def compute(self, verbose=0):
        """Nothing: there is nothing to cache."""
        return self

    def training(self, batch_size, seed, first=0, places=None):
        """Batches of pixels to train on, augmented anew in every epoch; see `training_batches`."""

        def version(epoch, index, places):
            return self.photos.version(1 + epoch, places)

        return training_batches(version, self.photos, batch_size, seed, first, places)

    def validation(self, batch_size=32, places=None):
        """Batches of the photos as they are, in their order; of all, or of those at `places`."""
        places = np.arange(len(self.photos)) if places is None else np.asarray(places)

        def make(index):
            return self.photos.version(0, places[index * batch_size : (index + 1) * batch_size])

        return Batches(make, steps_per_epoch(len(places), batch_size))
