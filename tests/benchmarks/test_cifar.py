"""The recipe of `benchmarks/cifar.py` against NumPy and Keras's own optimizer, and the data that it takes."""

import gzip
import tarfile

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from benchmarks import cifar
from benchmarks.parts import cifar_recipe as recipe
from datasets import DataError

EPOCHS, STEPS = 12, 96


@pytest.fixture(scope="module")
def made():
    return cifar.load_data("made", count=256)


@pytest.fixture(scope="module")
def training(made):
    return recipe.Training(*made[0], epochs=EPOCHS, batch_size=32, widths=(8, 16, 16))


def test_parameters_counted_by_hand():
    blocks = 9 * (24 * 64 + 64 * 64) + 9 * (64 * 256 + 256 * 256) + 9 * 2 * 256 * 256
    normalization = 3 * 2 * (64 + 256 + 256)  # bias, mean and variance
    assert recipe.cifar_net(10).count_params() == 12 * 24 + 24 + blocks + normalization + 2560


def test_the_first_layer_whitens_patches():
    random = np.random.default_rng(0)
    images = np.cumsum(random.normal(size=(50, 8, 8, 3)), axis=2).astype("float32") / 3
    kernel = recipe.whitening_kernel(ops.convert_to_tensor(images))
    patches = [images[n, y : y + 2, x : x + 2].ravel() for n in range(50) for y in range(7) for x in range(7)]
    found = np.array(patches) @ kernel.reshape(12, 24)
    np.testing.assert_allclose(found.T[:12] @ found[:, :12] / len(found), np.eye(12), atol=0.1)
    np.testing.assert_allclose(found[:, 12:], -found[:, :12], atol=1e-4)


def test_new_convolutions_hand_their_input_on():
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")
    layer = keras.layers.Conv2D(5, 3, padding="same", kernel_initializer=recipe.Identity())
    np.testing.assert_allclose(ops.convert_to_numpy(layer(images))[..., :3], images, atol=1e-6)
    assert np.abs(layer.kernel[..., 3:]).max() > 0.01


def test_images_are_shifted_mirrored_and_reflected_as_by_numpy(training):
    random = np.random.default_rng(1)
    rows, down, right = random.integers(256, size=20), *random.integers(-2, 3, (2, 20))
    flipped = random.random(20) < 0.5
    pixels = training.images.reshape(-1, 3)
    arguments = [ops.convert_to_tensor(each, "int32") for each in (rows, down, right)]
    found = ops.convert_to_numpy(training._gathered(pixels, *arguments, ops.convert_to_tensor(flipped)))
    for image, row, y, x, mirrored in zip(found, rows, down, right, flipped, strict=True):
        padded = np.pad(training.images[row], [(2, 2), (2, 2), (0, 0)], "reflect")
        columns = 2 + x + (np.arange(32)[::-1] if mirrored else np.arange(32))
        np.testing.assert_array_equal(image, padded[2 + y : 34 + y, columns])


def test_the_learning_rate_rises_and_falls():
    found = recipe.shares(100)
    assert found[[0, 23]].tolist() == pytest.approx([0.2, 1.0])
    assert np.all(np.diff(found[:24]) > 0) and np.all(np.diff(found[23:]) < 0)
    assert found[99] == pytest.approx(0.07 + 0.93 / 77)


def test_a_step_is_that_of_kerass_sgd(training):
    scale = 1024 * (1 + 1 / 0.15)  # 0.15 is 1 - the momentum
    weight, ours, velocity = (keras.Variable(np.full((2, 3), n, "float32")) for n in (1, 1, 0))
    sgd = keras.optimizers.SGD(11.5 / scale, 0.85, nesterov=True)
    for gradient in np.random.default_rng(0).normal(size=(3, 2, 3)).astype("float32"):
        training._update(ours, velocity, gradient, share=1.0, bias=1.0)
        penalty = 0.0153 * 32 / 11.5 * ops.convert_to_numpy(weight)
        sgd.apply([ops.convert_to_tensor(gradient + penalty, "float32")], [weight])
    np.testing.assert_allclose(ours, weight, rtol=1e-5)


def test_what_the_steps_are_given(training):
    rows, down, right, flipped, shares, bias, look, keep = training._plan(np.random.default_rng(0))
    assert training.steps == len(rows) == len(shares) == STEPS
    assert sorted(rows[:8].ravel()) == list(range(256))  # each image once in an epoch
    assert {*down.ravel()} == {*right.ravel()} == {-2, -1, 0, 1, 2}
    sides = [dict(zip(rows[n : n + 8].ravel(), flipped[n : n + 8].ravel(), strict=True)) for n in (0, 8, 16)]
    assert all(sides[0][n] != sides[1][n] == (not sides[2][n]) for n in range(256))
    assert np.flatnonzero(look).tolist() == [*range(4, STEPS, 5), STEPS - 1]
    assert keep[-1] == 1 and keep[4] == pytest.approx(0.95**5 * (5 / STEPS) ** 3)
    assert bias.ravel().tolist() == [1] * 24 + [0] * (STEPS - 24)


@pytest.mark.slow
def test_it_learns(training, made):
    images, labels = made[0]
    training.network.set_weights(recipe.cifar_net(10, (8, 16, 16)).get_weights())
    untrained = np.mean(training.probabilities(images).argmax(-1) == labels)
    training.run(seed=0)
    probabilities = training.probabilities(images)
    assert np.mean(probabilities.argmax(-1) == labels) > max(0.6, untrained + 0.3)
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.long
def test_it_repeats_itself(training):
    training.run(seed=0)
    first = training.network.get_weights()
    training.run(seed=0)
    for one, other in zip(first, training.network.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def binary(path, labels, value):
    rows = np.full((len(labels), 3073), value, "uint8")
    rows[:, 0] = labels
    rows[:, 1:1025] = 7  # red
    rows.tofile(path)


def test_binary_files_and_npz(tmp_path):
    for n in range(1, 3):
        binary(tmp_path / f"data_batch_{n}.bin", [n, 9], value=n)
    binary(tmp_path / "test_batch.bin", [3], value=5)
    (images, labels), (test, of_test) = cifar.load_data(tmp_path)
    assert labels.tolist() == [1, 9, 2, 9] and of_test.tolist() == [3]
    assert images.shape == (4, 32, 32, 3) and images[2, 0, 0].tolist() == [7, 2, 2]
    np.savez(tmp_path / "c.npz", x_train=images, y_train=labels[:, None], x_test=test, y_test=of_test)
    again = cifar.load_data(tmp_path / "c.npz")
    np.testing.assert_array_equal(again[0][0], images)
    np.testing.assert_array_equal(again[0][1], labels)


@pytest.mark.parametrize("content", [b"", b"\x01\x02", b"\x0a" + bytes(3072)])
def test_damaged_binary_files_are_named(content, tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(LessonError, match=r"data_batch_1\.bin is not a file of CIFAR-10's binary version"):
        cifar.load_data(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    binary(tmp_path / "data_batch_1.bin", [1], value=0)
    with pytest.raises(LessonError, match=r"test_batch\.bin cannot be read \(no such file"):
        cifar.load_data(tmp_path)


IMAGES, LABELS = np.zeros((2, 32, 32, 3), "uint8"), np.arange(2)


@pytest.mark.parametrize(
    "arrays",
    [
        {"x_train": np.zeros((2, 28, 28, 1), "uint8")},
        {"x_train": IMAGES.astype("float32")},
        {"x_train": IMAGES[:0], "y_train": LABELS[:0]},
        {"x_test": IMAGES[:0], "y_test": LABELS[:0]},
        {"y_train": np.array([0.5, 1])},
        {"y_train": np.array(["cat", "dog"])},
        {"y_train": LABELS[:1]},
        {"y_train": np.int64(1)},
        {"y_train": np.eye(2, dtype=int)},
        {"y_train": LABELS - 1},
        {"y_train": LABELS * 10**9},
    ],
)
def test_other_arrays_are_refused(arrays, tmp_path):
    sound = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS}
    np.savez(tmp_path / "other.npz", **(sound | arrays))
    with pytest.raises(LessonError, match=r"other\.npz must hold"):
        cifar.load_data(tmp_path / "other.npz")


def test_damaged_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "one.npz", x_train=IMAGES)
    np.savez(tmp_path / "all.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    content = (tmp_path / "all.npz").read_bytes()
    np.save(tmp_path / "x.npy", IMAGES)
    for wrong in (
        b"",
        content[:-50],
        content[:900] + b"x" * 90 + content[990:],
        (tmp_path / "x.npy").read_bytes(),
    ):
        (tmp_path / "wrong.npz").write_bytes(wrong)
        with pytest.raises(DataError, match=r"wrong\.npz is damaged or not an npz file"):
            cifar.load_data(tmp_path / "wrong.npz")
    with pytest.raises(DataError, match=r"one\.npz has no array y_train; name a file that has x_train"):
        cifar.load_data(tmp_path / "one.npz")


def test_what_is_no_data_is_named(tmp_path):
    (tmp_path / "x.tar").write_bytes(b"no archive")
    with pytest.raises(LessonError, match=r"x\.tar: no tar archive that can be read to its end; name"):
        cifar.load_data(str(tmp_path / "x.tar"))
    with pytest.raises(LessonError, match=r"nowhere: no such file or directory; name a folder or a tar"):
        cifar.load_data(str(tmp_path / "nowhere"))
    with pytest.raises(LessonError, match="file name too long"):
        cifar.load_data("x" * 300)


def test_an_archive_that_is_cut_or_overwritten_is_not_read_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    random = np.random.default_rng(0)
    with tarfile.open(tmp_path / "sound.tar", "w") as archive:
        for n in range(16):
            Image.fromarray(random.integers(0, 256, (32, 32, 3), "uint8")).save(tmp_path / "photo.png")
            archive.add(tmp_path / "photo.png", f"{n % 2}/{n}.png")
    plain = (tmp_path / "sound.tar").read_bytes()
    (tmp_path / "sound.tar.gz").write_bytes(packed := gzip.compress(plain))
    assert all(len(part[0]) for part in cifar.load_data(tmp_path / "sound.tar.gz"))
    second = plain.index(b"1/1.png")  # from a block of zeros on, nothing more is read
    for name, content in {
        "cut.tar": plain[: len(plain) // 2],
        "cut.tar.gz": packed[: len(packed) // 2],
        "zeros.tar": plain[:second] + bytes(1024) + plain[second + 1024 :],
        "checksum.tar.gz": packed[:-8] + bytes(8),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(LessonError, match=f"{name}: no tar archive that can be read to its end"):
            cifar.load_data(tmp_path / name)
    assert not [*(tmp_path / "temporary").iterdir()]


def test_too_large_a_batch_is_refused(tmp_path):
    binary(tmp_path / "data_batch_1.bin", [1, 2], value=0)
    binary(tmp_path / "test_batch.bin", [1], value=0)
    with pytest.raises(LessonError, match="--batch-size 1024 is more than the 2 training images"):
        cifar.main(str(tmp_path))


@pytest.mark.parametrize(
    ("images", "labels", "settings", "sentence"),
    [
        (IMAGES, LABELS, {}, "has images that all have the same red, green or blue"),
        (
            np.arange(6144, dtype="uint8").reshape(2, 32, 32, 3),
            LABELS * 0,
            {},
            "training images of one class",
        ),
        (np.arange(6144, dtype="uint8").reshape(2, 32, 32, 3), LABELS, {"ways": ()}, "--ways names nothing"),
        (IMAGES, LABELS, {"runs": 0}, "runs= must be more than 0, not 0"),
        (IMAGES, LABELS, {"epochs": np.inf}, "epochs= must be a finite number more than 0, not inf"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(images, labels, settings, sentence, tmp_path):
    np.savez(tmp_path / "c.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(LessonError, match=sentence):
        cifar.main(str(tmp_path / "c.npz"), batch_size=1, **settings)


@pytest.mark.slow
@pytest.mark.long
def test_both_ways_of_keras_learn(made, capsys):
    for way in (cifar.ours, cifar.fit):
        classes = way(made[0], epochs=6, batch_size=32)(seed=0)
        assert np.mean(classes(made[1][0]) == made[1][1]) > 0.6, way.__name__
    if not cifar.has_airbench():
        with pytest.raises(LessonError, match="--ways names nothing that can run here"):
            cifar.main("made", ways=("airbench",))
        assert "airbench is left out: it needs" in capsys.readouterr().out


def test_the_first_run_is_no_part_of_the_median():
    line = cifar.summary("ours", [(9.0, 0.5), (2.0, 0.6), (4.0, 0.7)])
    assert line == "ours     3.00 s (first run 9.00 s), accuracy 60.00% ± 10.00%"
