"""The input pipeline: every photo once a pass, all chance from the seed, and a cache that changes nothing."""

import errno
import json
import os

from tutorials._command import LessonError

import keras
import numpy as np
import pytest
from keras import layers

from datasets import Source
from datasets.photos import Photos
from tutorials import _views
from tutorials._views import Kept, Views, drawn_seed, live

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


def views(policy="standard", **changes):
    return Views(photos(), ROWS, {0: 1.0, 1: 2.0, 2: 4.0}, policy, **changes)


@pytest.fixture(scope="module")
def frozen():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(3, 3, strides=2, activation="relu"),
            layers.Dropout(0.5),  # rests when predicting
        ]
    )


class Counting:
    """A model that remembers how many photos went through it, and may be killed."""

    def __init__(self, model, dies_at=None):
        self.model, self.output_shape = model, model.output_shape
        self.photos, self.calls, self.dies_at = 0, 0, dies_at

    def predict(self, batches, **how):
        if self.calls == self.dies_at:
            raise KeyboardInterrupt
        self.calls += 1
        told = self.model.predict(batches, **how)
        self.photos += len(told)
        return told


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(_views, "CHUNK", 8)


@pytest.fixture
def on_disk(monkeypatch, small_chunks):
    monkeypatch.setattr(_views, "IN_MEMORY", 0)


def test_seeds_for_different_purposes_differ():
    seeds = {drawn_seed(*numbers) for numbers in np.ndindex(6, 6, 6)}
    assert len(seeds) == 6**3
    assert all(type(seed) is int and 0 <= seed < 2**32 for seed in seeds)


def test_view_0_is_the_photos_as_they_are_and_others_are_not():
    some = views(mixing="mixup")
    places = np.array([3, 0, 7])
    pixels, targets = some.see(0, places)
    np.testing.assert_array_equal(pixels, photos().pixels[ROWS[places]])
    np.testing.assert_array_equal(targets, np.eye(3)[ROWS[places] % 3])
    assert pixels.dtype == targets.dtype == np.float32
    one, two = some.see(1, places), some.see(2, places)
    assert (one[0] != pixels).any() and (one[0] != two[0]).any()
    assert one[0].min() >= 0 and one[0].max() <= 255
    assert (one[1] != targets).any()
    np.testing.assert_allclose(one[1].sum(-1), 1, rtol=1e-6)


@pytest.mark.parametrize("mixing", ["none", "mixup", "cutmix"])
def test_a_view_depends_on_its_numbers_and_nothing_else(mixing):
    before = views(mixing=mixing, seed=3).see(2, np.arange(4))
    keras.utils.set_random_seed(999)
    again = views(mixing=mixing, seed=3)
    again.see(1, np.arange(4))
    for one, two in zip(before, again.see(2, np.arange(4)), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (views(mixing=mixing, seed=4).see(2, np.arange(4))[0] != before[0]).any()


def test_training_examples_count_by_their_class_and_validation_examples_alike():
    some = views()
    for batch in range(4):
        _, targets, weights = live(some, BATCH, seed=[0, 0])[batch]
        np.testing.assert_allclose(weights, [[1, 2, 4][label] for label in targets.argmax(-1)])
        assert len(live(some, BATCH)[batch]) == 2
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
        def see(turn, index, places):
            asked.append((turn, index))
            return places[:, None].astype("float32"), np.zeros((len(places), 1), "float32")

        some = views()
        some.weights, asked = None, []
        batches = _views.Batches(see, some, BATCH, seed, first)
        model = Seen()
        model.compile("sgd", "mse", run_eagerly=True)
        ends = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: (model.passes.append(model.now), setattr(model, "now", []))
        )
        validation = _views.Batches(see, some, BATCH)
        keras.utils.set_random_seed(first)
        model.fit(
            batches, validation_data=validation, epochs=passes, initial_epoch=first, shuffle=False,
            callbacks=[ends], verbose=0,
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


def test_live_views_differ_from_pass_to_pass_and_validation_stays():
    some = views()
    batches = live(some, 15, [0, 0])
    passes = []
    for _ in range(2):
        pixels = batches[0][0]
        passes.append(pixels[np.argsort(batches.order)])
        batches.on_epoch_end()
    assert (passes[0] != passes[1]).any(axis=(1, 2, 3)).all()
    later = live(some, 15, [0, 0], first=1)[0][0]
    np.testing.assert_array_equal(later[np.argsort(live(some, 15, [0, 0], 1).order)], passes[1])
    validation = live(some, 15)
    np.testing.assert_array_equal(validation[0][0], photos().pixels[ROWS])
    validation.on_epoch_end()
    np.testing.assert_array_equal(validation[0][0], photos().pixels[ROWS])


@pytest.mark.parametrize("mixing", ["none", "mixup", "cutmix"])
def test_kept_activations_are_those_of_the_views(frozen, small_chunks, mixing):
    some = views(mixing=mixing, seed=2)
    counting = Counting(frozen)
    kept = Kept(counting, some, 3).compute(BATCH)
    assert kept.activations.shape == (3, len(ROWS), 5, 5, 3)
    assert counting.photos == 3 * len(ROWS)  # nothing goes through twice
    for view in range(3):
        for places in np.split(np.arange(len(ROWS)), [4, 8, 12]):
            pixels, targets = some.see(view, places)
            np.testing.assert_allclose(
                kept.activations[view, places], frozen(pixels, training=False), rtol=1e-5, atol=1e-6
            )
            np.testing.assert_array_equal(kept.targets[view, places], targets)


@pytest.mark.parametrize("mixing", ["none", "mixup"])
@pytest.mark.parametrize("dies_at", [None, 3])
def test_on_disk_as_in_memory_even_if_killed_on_the_way(
    frozen, small_chunks, monkeypatch, tmp_path, mixing, dies_at
):
    some = views(mixing=mixing)
    memory = Kept(frozen, some, 3).compute(BATCH)
    monkeypatch.setattr(_views, "IN_MEMORY", 0)
    file = tmp_path / "folder" / "activations.bin"
    if dies_at is not None:
        with pytest.raises(KeyboardInterrupt):
            Kept(Counting(frozen, dies_at), some, 3, file).compute(BATCH)
    counting = Counting(frozen)
    disk = Kept(counting, views(mixing=mixing), 3, file).compute(BATCH)
    assert isinstance(disk.activations, np.memmap)
    np.testing.assert_array_equal(disk.activations, memory.activations)
    np.testing.assert_array_equal(disk.targets, memory.targets)
    assert counting.calls == 6 - (dies_at or 0)  # of 3 views in 2 chunks each
    assert {path.name for path in file.parent.iterdir()} == {"activations.bin", "activations.json"}


@pytest.mark.parametrize("marks", ["{", "null", "\xff"])
def test_a_cache_whose_marks_are_damaged_is_computed_anew(frozen, on_disk, tmp_path, marks):
    file = tmp_path / "activations.bin"
    Kept(frozen, views(), 2, file).compute(BATCH)
    file.with_suffix(".json").write_text(marks, encoding="latin-1")
    counting = Counting(frozen)
    Kept(counting, views(), 2, file).compute(BATCH)
    assert counting.calls == 4


@pytest.mark.parametrize("cut", [0, 100])
def test_a_cache_of_another_size_is_computed_anew(frozen, on_disk, tmp_path, cut):
    file = tmp_path / "activations.bin"
    whole = np.array(Kept(frozen, views(), 2, file).compute(BATCH).activations)
    file.write_bytes(file.read_bytes()[:cut])
    counting = Counting(frozen)
    again = Kept(counting, views(), 2, file).compute(BATCH)
    assert counting.calls == 4
    np.testing.assert_array_equal(again.activations, whole)


def test_further_layers_give_what_all_layers_give(frozen, small_chunks):
    further = keras.Sequential([keras.Input((5, 5, 3)), layers.Flatten(), layers.Dense(4)])
    kept = Kept(frozen, views(mixing="mixup"), 2).compute(BATCH)
    features = kept.through(further, BATCH)
    assert features.activations.shape == (2, len(ROWS), 4)
    np.testing.assert_allclose(features.activations[1], further(kept.activations[1]), rtol=1e-5, atol=1e-6)
    inputs, targets, weights = features.batches(BATCH, [0, 0])[1]
    assert inputs.shape == (4, 4) and targets.shape == (4, 3) and weights.shape == (4,)


def test_training_draws_views_anew_in_every_pass_and_validation_takes_the_first(frozen):
    some = views()
    kept = Kept(frozen, some, 3)
    # Numbers that tell what they are of: 100 times the view and the place
    kept.activations = (100 * np.arange(3)[:, None] + np.arange(len(ROWS)))[..., None].astype("float32")
    kept.targets[:] = some.targets
    batches, passes = kept.batches(BATCH, [7, 1]), []
    for _ in range(12):
        pairs = [batches[index] for index in range(len(batches))]
        drawn = np.concatenate([inputs[:, 0] for inputs, *_ in pairs]).astype(int)
        assert sorted(drawn % 100) == list(range(len(ROWS)))
        np.testing.assert_array_equal(
            np.concatenate([targets for _, targets, _ in pairs]), some.targets[drawn % 100]
        )
        passes.append(drawn)
        batches.on_epoch_end()
    views_drawn = np.concatenate(passes) // 100
    assert set(views_drawn) == {0, 1, 2}
    assert np.bincount(views_drawn).min() > 30  # of 180, 60 expected
    assert len({tuple(drawn) for drawn in passes}) == 12
    later = kept.batches(BATCH, [7, 1], first=5)
    np.testing.assert_array_equal(np.concatenate([later[n][0][:, 0] for n in range(4)]), passes[5])
    validation = kept.batches(BATCH)
    np.testing.assert_array_equal(validation[1][0][:, 0], [4, 5, 6, 7])


def test_no_space_for_the_cache_is_one_sentence_and_leaves_nothing(frozen, on_disk, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(LessonError) as refused:
        Kept(frozen, views(), 2, tmp_path / "activations.bin")
    said = str(refused.value)
    assert "activations.bin cannot hold the 0.0 GB of activations (no space left on device)" in said
    assert "--no-cache" in said and "--views" in said and "\n" not in said
    assert not list(tmp_path.iterdir())


def test_no_space_for_the_marks_is_one_sentence(frozen, on_disk, tmp_path, monkeypatch):
    kept = Kept(frozen, views(), 2, tmp_path / "activations.bin")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_views, "replace_file", full)
    with pytest.raises(LessonError, match=r"cannot be written \(no space left on device\); free some space"):
        kept.compute(BATCH)


def test_the_marks_say_how_far_it_is(frozen, on_disk, tmp_path):
    file = tmp_path / "activations.bin"
    with pytest.raises(KeyboardInterrupt):
        Kept(Counting(frozen, 3), views(), 2, file).compute(BATCH)
    assert json.loads(file.with_suffix(".json").read_text()) == 3
