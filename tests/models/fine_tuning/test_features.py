"""Batches and cached features: each photo once an epoch, all random numbers from the seed, and a cache that
changes nothing."""

import errno
import gc
import itertools
import json
import os
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from datasets import Source
from datasets.photos import Photos
from models import ModelError
from models.fine_tuning import features
from models.fine_tuning.batches import AugmentedPhotos, Batches, UncachedPhotos, drawn_seed, training_batches
from models.fine_tuning.features import CachedFeatures

SIZE, COUNT, BATCH = 12, 30, 4


def photos(count=COUNT, classes=3):
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (count, 4, 4, 3), "uint8")
    return Photos(
        source=Source("random"),
        size=SIZE,
        class_names=tuple("abcdef"[:classes]),
        files=[f"{number}.png" for number in range(count)],
        labels=np.arange(count) % classes,
        parts=np.full(count, "train"),
        pixels=coarse.repeat(3, axis=1).repeat(3, axis=2),
        quarantine=[],
        findings=[],
        fingerprint="",
    )


ROWS = np.arange(0, COUNT, 2)[::-1]  # of all photos these, so that places are not rows


def views(augmentation="standard", **changes):
    return AugmentedPhotos(photos(), ROWS, {0: 1.0, 1: 2.0, 2: 4.0}, augmentation, **changes)


@pytest.fixture(scope="module")
def frozen():
    keras.utils.set_random_seed(0)
    images = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(3, 3, strides=2, activation="relu")(layers.Rescaling(1 / 255)(images))
    x = layers.Dropout(0.5)(x)  # rests when predicting
    return keras.Model(images, x)


class Counting:
    """A model that remembers how many photos went through it, and may be killed."""

    def __init__(self, model, dies_at=None):
        self.model, self.input_shape = model, model.input_shape
        self.output_shape = model.output_shape
        self.photos, self.calls, self.dies_at = 0, 0, dies_at

    def predict_on_batch(self, batch):
        if self.calls == self.dies_at:
            raise KeyboardInterrupt
        told = self.model.predict_on_batch(batch)
        self.photos += len(told)  # those that fill up a batch as well
        self.calls = self.photos // features.CHUNK
        return told


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 8)
    monkeypatch.setattr(features, "AT_ONCE", BATCH)


@pytest.fixture
def on_disk(monkeypatch, small_chunks):
    monkeypatch.setattr(features, "IN_MEMORY", 0)


def test_seeds_for_different_purposes_differ():
    seeds = {drawn_seed(*numbers) for numbers in np.ndindex(6, 6, 6)}
    assert len(seeds) == 6**3
    assert all(type(seed) is int and 0 <= seed < 2**32 for seed in seeds)


def test_view_0_is_the_photos_as_they_are_and_others_are_not():
    some = views(mixing="mixup")
    places = np.array([3, 0, 7])
    pixels, targets = some.version(0, places)
    np.testing.assert_array_equal(pixels, photos().pixels[ROWS[places]])
    np.testing.assert_array_equal(targets, np.eye(3)[ROWS[places] % 3])
    assert pixels.dtype == targets.dtype == np.float32
    one, two = some.version(1, places), some.version(2, places)
    assert (one[0] != pixels).any() and (one[0] != two[0]).any()
    assert one[0].min() >= 0 and one[0].max() <= 255
    assert (one[1] != targets).any()
    np.testing.assert_allclose(one[1].sum(-1), 1, rtol=1e-6)


@pytest.mark.parametrize("mixing", ["none", "mixup", "cutmix"])
def test_a_view_depends_on_its_numbers_and_nothing_else(mixing):
    before = views(mixing=mixing, seed=3).version(2, np.arange(4))
    keras.utils.set_random_seed(999)
    again = views(mixing=mixing, seed=3)
    again.version(1, np.arange(4))
    for one, two in zip(before, again.version(2, np.arange(4)), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (views(mixing=mixing, seed=4).version(2, np.arange(4))[0] != before[0]).any()


def test_training_examples_count_by_their_class_and_validation_examples_alike():
    some = views()
    for _, targets, weights in itertools.islice(UncachedPhotos(some).training(BATCH, [0, 0]), 4):
        np.testing.assert_allclose(weights, [[1, 2, 4][label] for label in targets.argmax(-1)])
    validation = UncachedPhotos(some).validation(BATCH)
    assert [len(validation[batch]) for batch in range(len(validation))] == [2, 2, 2, 2]
    mixed = np.array([[0.5, 0.5, 0], [0, 0.25, 0.75]], "float32")
    np.testing.assert_allclose(some.example_weights(mixed), [1.5, 3.5])


class Seen(keras.Model):
    """Remembers the first value of every example that it is trained on."""

    def __init__(self):
        super().__init__()
        self.layer, self.passes, self.now = layers.Dense(1), [], []

    def call(self, x):
        return self.layer(x)

    def train_step(self, data):
        self.now.append(np.array(data[0])[:, 0].astype(int).tolist())
        return super().train_step(data)


def test_fit_sees_every_photo_once_a_pass_in_the_order_of_seed_and_pass():
    """And a training that begins at pass 2 sees what that pass of the whole training saw."""

    def record(first, seed, passes=4):
        def version(epoch, index, places):
            asked.append((epoch, index))
            return places[:, None].astype("float32"), np.zeros((len(places), 1), "float32")

        some = views()
        some.weights, asked = None, []
        model = Seen()
        model.compile("sgd", "mse", run_eagerly=True)
        ends = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: (model.passes.append(model.now), setattr(model, "now", []))
        )
        validation = Batches(lambda index: version(0, index, np.arange(4)), 2)
        keras.utils.set_random_seed(first)
        model.fit(
            training_batches(version, some, BATCH, seed, first), validation_data=validation, epochs=passes,
            initial_epoch=first, steps_per_epoch=4, shuffle=False, callbacks=[ends], verbose=0,
        )  # fmt: skip
        return model.passes

    whole = record(0, [5, 0])
    assert len(whole) == 4
    for seen in whole:
        assert [len(batch) for batch in seen] == [4, 4, 4, 3]
        assert sorted(sum(seen, [])) == list(range(len(ROWS)))
    assert len({str(seen) for seen in whole}) == 4
    assert record(2, [5, 0]) == whole[2:]
    assert record(0, [5, 1], 1)[0] != whole[0] != record(0, [6, 0], 1)[0]


def test_livefeatures_differ_from_pass_to_pass_and_validation_stays():
    some = views()
    one, two = (pixels for pixels, *_ in itertools.islice(UncachedPhotos(some).training(15, [0, 0]), 2))
    orders = [np.arange(15), np.arange(15)]
    for turn, order in enumerate(orders):
        np.random.default_rng([0, 0, turn]).shuffle(order)
    one, again = one[np.argsort(orders[0])], two[np.argsort(orders[1])]
    assert (one != again).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(next(UncachedPhotos(some).training(15, [0, 0], first=1))[0], two)
    validation = UncachedPhotos(some).validation(15)
    for _ in range(2):
        np.testing.assert_array_equal(validation[0][0], photos().pixels[ROWS])
        validation.on_epoch_end()


@pytest.mark.parametrize("mixing", ["none", "mixup", "cutmix"])
def test_kept_activations_are_those_of_thefeatures(frozen, small_chunks, mixing):
    some = views(mixing=mixing, seed=2)
    counting = Counting(frozen)
    kept = CachedFeatures(counting, some, 3).compute()
    assert kept.features.shape == (3, len(ROWS), 5, 5, 3)
    assert counting.photos == 3 * (len(ROWS) + 1)  # nothing goes through twice
    for view in range(3):
        for places in np.split(np.arange(len(ROWS)), [4, 8, 12]):
            pixels, targets = some.version(view, places)
            expected = frozen(pixels, training=False)
            np.testing.assert_allclose(kept.features[view, places], expected, rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(kept.targets[view, places], targets)


@pytest.mark.parametrize("mixing", ["none", "mixup"])
@pytest.mark.parametrize("dies_at", [None, 3])
def test_on_disk_as_in_memory_even_if_killed_on_the_way(
    frozen, small_chunks, monkeypatch, tmp_path, mixing, dies_at
):
    some = views(mixing=mixing)
    memory = CachedFeatures(frozen, some, 3).compute()
    monkeypatch.setattr(features, "IN_MEMORY", 0)
    folder = tmp_path / "folder"
    if dies_at is not None:
        with pytest.raises(KeyboardInterrupt):
            CachedFeatures(Counting(frozen, dies_at), some, 3, folder).compute()
    counting = Counting(frozen)
    disk = CachedFeatures(counting, views(mixing=mixing), 3, folder).compute()
    assert isinstance(disk.features, np.memmap)
    np.testing.assert_array_equal(disk.features, memory.features)
    np.testing.assert_array_equal(disk.targets, memory.targets)
    assert counting.calls == 6 - (dies_at or 0)  # of 3 views in 2 chunks each
    left = {"activations.bin", "activations.json"}
    assert {path.name for path in folder.iterdir()} == left


@pytest.mark.parametrize("marks", ["{", "null", "\xff"])
def test_a_cache_whose_marks_are_damaged_is_computed_anew(frozen, on_disk, tmp_path, marks):
    CachedFeatures(frozen, views(), 2, tmp_path).compute()
    (tmp_path / "activations.json").write_text(marks, encoding="latin-1")
    counting = Counting(frozen)
    CachedFeatures(counting, views(), 2, tmp_path).compute()
    assert counting.calls == 4


@pytest.mark.parametrize("cut", [0, 100])
def test_a_cache_of_another_size_is_computed_anew(frozen, on_disk, tmp_path, cut):
    whole = np.array(CachedFeatures(frozen, views(), 2, tmp_path).compute().features)
    file = tmp_path / "activations.bin"
    file.write_bytes(file.read_bytes()[:cut])
    counting = Counting(frozen)
    again = CachedFeatures(counting, views(), 2, tmp_path).compute()
    assert counting.calls == 4
    np.testing.assert_array_equal(again.features, whole)


def test_no_features_are_kept_by_a_training_that_has_ended(frozen):
    """TensorFlow keeps the generator that `fit` was given."""
    kept = CachedFeatures(frozen, views(), 2).compute()
    held = weakref.ref(kept.features)
    model = keras.Sequential([keras.Input((5, 5, 3)), layers.Flatten(), layers.Dense(3)])
    model.compile("sgd", "mse")
    model.fit(kept.training(BATCH, [0, 0]), steps_per_epoch=4, shuffle=False, verbose=0)
    kept.release()
    gc.collect()
    assert held() is None


def test_training_draws_features_anew_in_every_epoch_and_validation_takes_the_first(frozen):
    some = views()
    kept = CachedFeatures(frozen, some, 3)
    # Numbers that tell what they are of: 100 times the view and the place
    numbers = (100 * np.arange(3)[:, None] + np.arange(len(ROWS)))[..., None].astype("float32")
    kept.features = numbers
    kept.targets[:] = some.targets
    batches, passes = kept.training(BATCH, [7, 1]), []
    for _ in range(12):
        pairs = list(itertools.islice(batches, 4))
        drawn = np.concatenate([inputs[:, 0] for inputs, *_ in pairs]).astype(int)
        assert sorted(drawn % 100) == list(range(len(ROWS)))
        np.testing.assert_array_equal(
            np.concatenate([targets for _, targets, _ in pairs]), some.targets[drawn % 100]
        )
        passes.append(drawn)
    views_drawn = np.concatenate(passes) // 100
    assert set(views_drawn) == {0, 1, 2}
    assert np.bincount(views_drawn).min() > 30  # of 180, 60 expected
    assert len({tuple(drawn) for drawn in passes}) == 12
    later = itertools.islice(kept.training(BATCH, [7, 1], first=5), 4)
    np.testing.assert_array_equal(np.concatenate([inputs[:, 0] for inputs, *_ in later]), passes[5])
    inputs, targets = zip(*kept.validation(BATCH), strict=True)
    np.testing.assert_array_equal(np.concatenate(inputs)[:, 0], np.arange(15))
    np.testing.assert_array_equal(np.concatenate(targets), some.targets)


def test_a_fold_is_trained_on_its_own_photos_and_predicts_the_others(frozen):
    some = views()
    kept = CachedFeatures(frozen, some, 1).compute()
    kept.features = np.arange(len(ROWS))[None, :, None].astype("float32")
    train, held_out = np.array([1, 4, 9, 10, 12]), np.array([0, 2, 14])
    batches = list(itertools.islice(kept.training(BATCH, [0, 0], places=train), 4))
    for epoch in batches[:2], batches[2:]:
        assert sorted(np.concatenate([inputs[:, 0] for inputs, *_ in epoch])) == train.tolist()
    ((inputs, targets),) = kept.validation(BATCH, held_out)
    assert np.asarray(inputs)[:, 0].tolist() == held_out.tolist()
    np.testing.assert_array_equal(targets, some.targets[held_out])
    uncached = UncachedPhotos(some).validation(BATCH, held_out)
    np.testing.assert_array_equal(uncached[0][0], photos().pixels[ROWS[held_out]])


def test_photos_are_resized_before_they_are_augmented():
    small = AugmentedPhotos(photos(), ROWS, augmentation="standard", size=6)
    pixels, _ = small.version(0, np.arange(3))
    means = photos().pixels[ROWS[:3]].reshape(3, 6, 2, 6, 2, 3).mean((2, 4))
    np.testing.assert_allclose(pixels, means, atol=1e-3)
    assert small.version(1, np.arange(3))[0].shape == (3, 6, 6, 3) and small.size == 6


def test_no_space_for_the_cache_is_one_sentence_and_leaves_nothing(frozen, on_disk, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(ModelError) as refused:
        CachedFeatures(frozen, views(), 2, tmp_path)
    said = str(refused.value)
    assert "activations.bin cannot hold the 0.0 GB of features (no space left on device)" in said
    assert "cache=" in said and "views=" in said and "--" not in said and "\n" not in said
    assert not list(tmp_path.iterdir())


def test_no_space_for_the_marks_is_one_sentence(frozen, on_disk, tmp_path, monkeypatch):
    kept = CachedFeatures(frozen, views(), 2, tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(features, "replace_file", full)
    with pytest.raises(ModelError, match=r"cannot be written \(no space left on device\); free some space"):
        kept.compute()


def test_the_marks_say_how_far_it_is(frozen, on_disk, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        CachedFeatures(Counting(frozen, 3), views(), 2, tmp_path).compute()
    assert json.loads((tmp_path / "activations.json").read_text()) == 3
