"""Perturbed images, held against NumPy."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import ModelError
from models.fine_tuning import augmentation
from models.fine_tuning.augmentation import AugmentPhotos, augment_photos, mix, random_affine, random_light

STILL = {"degrees": 0, "zoom": 0, "shear": 0, "shift": 0}


def square(side=9, size=28):
    image = np.zeros((1, size, size, 1), "float32")
    a = (size - side) // 2
    image[:, a : a + side, a : a + side] = 200
    return image


def test_no_limits_change_nothing():
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1), "uint8")
    np.testing.assert_array_equal(random_affine(images, **STILL), images)


def fixed(monkeypatch, value):
    """Let every random amount be `value` times its limit."""
    monkeypatch.setattr(
        augmentation.keras.random,
        "uniform",
        lambda shape, low, high: keras.ops.full(shape, value * high, dtype="float32"),
    )


def test_a_quarter_turn_is_numpys(monkeypatch):
    fixed(monkeypatch, 1)
    image = np.random.default_rng(0).uniform(0, 255, (1, 28, 28, 1)).astype("float32")
    turned = np.asarray(random_affine(image, **STILL | {"degrees": 90}))[0, ..., 0]
    np.testing.assert_allclose(turned, np.rot90(image[0, ..., 0]), atol=0.05)


def test_a_shift_is_numpys(monkeypatch):
    fixed(monkeypatch, 1)
    image = np.random.default_rng(0).uniform(0, 255, (1, 28, 28, 1)).astype("float32")
    moved = np.asarray(random_affine(image, **STILL | {"shift": 3}))
    np.testing.assert_allclose(moved[:, :-3, :-3], image[:, 3:, 3:], atol=0.05)
    assert (moved[:, -3:] == 0).all()


@pytest.mark.parametrize(("value", "area"), [(1, 1.44), (-1, 0.64)])
def test_zoom_changes_the_area_by_its_square(monkeypatch, value, area):
    fixed(monkeypatch, value)
    zoomed = np.asarray(random_affine(square(), **STILL | {"zoom": 0.2}))
    assert zoomed.sum() / square().sum() == pytest.approx(area, rel=0.05)


def test_shear_moves_the_top_against_the_bottom_and_keeps_the_area(monkeypatch):
    fixed(monkeypatch, 1)
    slanted = np.asarray(random_affine(square(), **STILL | {"shear": 0.5}))[0, ..., 0]
    columns = np.arange(28)
    top, bottom = (np.average(columns, weights=slanted[row]) for row in (10, 17))
    assert abs(top - bottom) == pytest.approx(3.5, abs=0.1)
    assert slanted.sum() == pytest.approx(square().sum(), rel=0.01)


def test_every_image_has_its_own_amounts_and_a_seed_repeats_them():
    images = np.repeat(square(), 5, axis=0)
    keras.utils.set_random_seed(0)
    once = np.asarray(random_affine(images))
    keras.utils.set_random_seed(0)
    np.testing.assert_array_equal(once, random_affine(images))
    assert len({image.tobytes() for image in once}) == 5


def test_light_stays_within_its_limits_and_differs_from_image_to_image():
    images = np.full((200, 9, 9, 1), 100, "uint8")
    keras.utils.set_random_seed(0)
    lit = np.asarray(random_light(images, dimming=0.5, glow=0.4))
    assert lit.min() >= 50
    assert lit.max() <= 100 + 0.4 * 255 + 1e-3
    assert lit.min() < 55
    assert lit.max() > 180
    # As much brighter as darker sides: left and right, above and below
    means = lit.mean(0)[..., 0]
    assert abs(means[:, 0].mean() - means[:, -1].mean()) < 8
    assert abs(means[0].mean() - means[-1].mean()) < 8
    assert len({image.tobytes() for image in lit}) == 200


def test_light_falls_evenly_across_from_one_side():
    keras.utils.set_random_seed(1)
    for image in np.asarray(random_light(np.zeros((20, 8, 8, 1)), dimming=0, glow=0.5))[..., 0]:
        down, right = np.diff(image, axis=0), np.diff(image, axis=1)
        assert np.ptp(down) < 1e-3
        assert np.ptp(right) < 1e-3
        assert image.min() == pytest.approx(0, abs=1e-3)


def test_no_light_changes_nothing_and_white_stays_white():
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 3), "uint8")
    np.testing.assert_allclose(random_light(images, dimming=0, glow=0), images)
    assert np.asarray(random_light(np.full((5, 4, 4, 1), 255), dimming=0, glow=1)).max() == 255


def coordinates(count, height, width):
    """Pictures that say of each pixel where it is: bilinear sampling of them is exact."""
    y, x = np.mgrid[:height, :width].astype("float32")
    return np.repeat(np.stack([x, y, np.full_like(x, 50)], -1)[None], count, axis=0)


def mapping(view):
    """The 2 x 2 matrix and the offset from output to source, measured about the middle of the picture."""
    height, width = view.shape[:2]
    rows, columns = np.mgrid[height * 3 // 8 : height * 5 // 8, width * 3 // 8 : width * 5 // 8]
    inputs = np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)], 1)
    found, residual, *_ = np.linalg.lstsq(inputs, view[rows.ravel(), columns.ravel(), :2], rcond=None)
    assert residual.max() < 0.05
    middle = np.array([(width - 1) / 2, (height - 1) / 2, 1])
    return found[:2].T, middle @ found - middle[:2]


def views(policy, monkeypatch, count=60, height=40, width=48, **settings):
    monkeypatch.setitem(augmentation.POLICIES, "mine", policy)
    return np.asarray(augment_photos(coordinates(count, height, width), "mine", seed=3, **settings))


def test_photos_are_turned_about_the_middle_within_the_limit(monkeypatch):
    angles = []
    for view in views({"rotation": 20}, monkeypatch, flip=False):
        matrix, offset = mapping(view)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-3)
        assert np.linalg.det(matrix) == pytest.approx(1, abs=1e-3)
        np.testing.assert_allclose(offset, 0, atol=1e-2)
        angles.append(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    assert max(np.abs(angles)) <= 20.01
    assert min(angles) < -15 < 15 < max(angles)


def test_photos_are_zoomed_and_moved_within_the_limits(monkeypatch):
    scales, shifts = [], []
    for view in views({"zoom": 0.25, "translation": 0.1}, monkeypatch, flip=False):
        matrix, offset = mapping(view)
        np.testing.assert_allclose(matrix, matrix[0, 0] * np.eye(2), atol=1e-3)
        scales.append(1 / matrix[0, 0])
        shifts.append(offset / [48, 40])
    assert 0.749 < min(scales) < 0.8 < 1.2 < max(scales) < 1.251
    assert np.abs(shifts).max() <= 0.1001
    assert (np.ptp(shifts, axis=0) > 0.17).all()


def test_half_of_the_photos_are_flipped_and_digits_never(monkeypatch):
    plain = coordinates(1, 40, 48)[0]
    flipped = [
        np.allclose(view, plain[:, ::-1], atol=1e-3)
        for view in views({"rotation": 0}, monkeypatch, count=400)
        if np.allclose(view, plain, atol=1e-3) or np.allclose(view, plain[:, ::-1], atol=1e-3)
    ]
    assert len(flipped) == 400
    assert 160 < sum(flipped) < 240
    for policy in "standard", "strong":
        photos = coordinates(60, 40, 40)
        photos[..., 1] = 0  # only from left to right, whatever is done to the colours
        for view in np.asarray(augment_photos(photos, policy, seed=5, flip=False)):
            across = np.diff(view[10:30, 10:30].sum(-1), axis=1)
            assert np.median(across) >= 0


def test_what_a_photo_needs_from_outside_is_its_reflection(monkeypatch):
    photos = np.full((40, 16, 16, 3), 200.0)
    for policy in "standard", "strong":
        limits = {"erase", "brightness", "contrast", "saturation", "tint"}
        geometry = {k: v for k, v in augmentation.POLICIES[policy].items() if k not in limits}
        monkeypatch.setitem(augmentation.POLICIES, "mine", geometry)
        np.testing.assert_allclose(augment_photos(photos, "mine", 1), photos, atol=1e-3)


def test_colours_are_changed_as_one_thing_after_the_other_in_numpy():
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (5, 6, 7, 3))
    gain, contrast, saturation = rng.uniform(0.5, 1.5, (5, 3)), *rng.uniform(0.2, 1.8, (2, 5))
    for saturated in True, False:
        expected = images * gain[:, None, None]
        weights = np.array([0.299, 0.587, 0.114])
        if saturated:
            grey = (expected @ weights)[..., None]
            expected = grey + saturation[:, None, None, None] * (expected - grey)
        mean = (expected @ weights).mean((1, 2))[:, None, None, None]
        expected = np.clip(mean + contrast[:, None, None, None] * (expected - mean), 0, 255)
        tensors = [
            keras.ops.convert_to_tensor(a.astype("float32")) for a in (images, gain, contrast, saturation)
        ]
        changed = augmentation._recolour(*(tensors if saturated else tensors[:3]))
        np.testing.assert_allclose(changed, expected, rtol=1e-4, atol=2e-3)


def test_strong_does_three_things_to_each_photo(monkeypatch):
    limits = {"erase": 0.5, "saturation": 1, "rotation": 0, "zoom": 0, "translation": 0, "shear": 0}
    monkeypatch.setitem(augmentation.POLICIES, "strong", limits)
    photos = np.zeros((600, 12, 12, 3), "float32")
    photos[..., 0] = 200  # loses or gains colour where saturation is changed, has a grey square where erased
    changed = np.asarray(augment_photos(photos, "strong", 7))
    erased = (changed == 127.5).all(-1).any((1, 2))
    recoloured = np.abs(changed - photos).max(-1) > 1e-2
    recoloured = (recoloured & ~(changed == 127.5).all(-1)).any((1, 2))
    # Three of six: half of the photos each, both for one fifth (4 of 20 ways)
    assert 0.4 < recoloured.mean() < 0.6
    assert 0.38 < erased.mean() < 0.55  # some squares are too small to hold a pixel's middle
    assert 0.12 < (erased & recoloured).mean() < 0.25


@pytest.mark.parametrize("policy", ["none", "standard", "strong"])
def test_views_depend_on_the_seed_alone_and_stay_pixels(policy):
    photos = np.random.default_rng(0).integers(0, 256, (6, 20, 24, 3), "uint8")
    keras.utils.set_random_seed(0)
    once = np.asarray(augment_photos(photos, policy, seed=11))
    keras.utils.set_random_seed(1)
    keras.random.uniform((5,))
    np.testing.assert_array_equal(once, augment_photos(photos, policy, seed=11))
    assert once.dtype == "float32"
    assert once.shape == photos.shape
    assert 0 <= once.min() <= once.max() <= 255
    other = np.asarray(augment_photos(photos, policy, seed=12))
    if policy == "none":
        np.testing.assert_array_equal(once, photos)
    else:
        assert all((a != b).any() for a, b in zip(once, other, strict=True))
        # Nothing is carried over from one seed to the next
        assert all(np.abs(a - b).mean() > 1 for a in once for b in other)


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 7),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    kind=st.sampled_from(["mixup", "cutmix"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_targets_are_mixed_in_the_proportion_of_the_images(count, height, width, kind, seed):
    images = np.random.default_rng(1).uniform(0, 255, (count, height, width, 3)).astype("float32")
    mixed, targets = (np.asarray(a) for a in mix(images, np.eye(count), kind, seed))
    np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-5)
    for i, (image, target) in enumerate(zip(mixed, targets, strict=True)):
        others = [j for j in range(count) if j != i and target[j] > 0]
        assert len(others) <= 1
        other, share = (images[others[0]], target[others[0]]) if others else (images[i], 0)
        if kind == "mixup":
            np.testing.assert_allclose(image, (1 - share) * images[i] + share * other, rtol=1e-4, atol=1e-3)
            assert share <= 0.5
        else:
            pasted = (image != images[i]).any(-1)
            np.testing.assert_array_equal(image[pasted], other[pasted])
            assert pasted.mean() == pytest.approx(share, abs=1e-6)
            if pasted.any():  # a full rectangle
                rows, columns = np.nonzero(pasted)
                assert pasted.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    np.testing.assert_array_equal(mixed, mix(images, np.eye(count), kind, seed)[0])


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_each_image_is_mixed_with_one_other_and_lends_itself_once(kind):
    images = np.random.default_rng(1).uniform(0, 255, (64, 32, 32, 1))
    targets = np.asarray(mix(images, np.eye(64), kind, 4)[1])
    own = np.diag(targets)
    lent = targets - np.diag(own)
    assert (np.count_nonzero(lent, axis=0) <= 1).all()
    assert (own < 1).mean() > 0.9
    # MixUp with Beta(0.2, 0.2): mostly one of the two; CutMix: areas of all sizes, cut at the edges
    assert {"mixup": 0.06, "cutmix": 0.25}[kind] < lent.sum(1).mean() < {"mixup": 0.2, "cutmix": 0.45}[kind]


def test_none_is_mixed_with_itself():
    targets = [np.asarray(mix(np.zeros((4, 2)), np.eye(4), seed=seed)[1]) for seed in range(60)]
    # But for shares too small for a float32: a fourth, were the other one drawn freely
    assert np.mean([np.diag(each) == 1 for each in targets]) < 0.1


def test_activations_can_be_mixed_too():
    features = np.random.default_rng(0).normal(size=(8, 5))
    mixed, targets = mix(features, np.eye(8), seed=2)
    np.testing.assert_allclose(mixed, np.asarray(targets) @ features, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda x: augment_photos(x, "wild"), "'wild'; there are none, standard, strong"),
        (lambda x: augment_photos(x, seed=-1), "not -1"),
        (lambda x: augment_photos(x, seed=2**32), "not 4294967296"),
        (lambda x: augment_photos(x, seed=1.5), "not 1.5"),
        (lambda x: augment_photos(x[..., :1]), "(n, height, width, 3), not (4, 6, 6, 1)"),
        (lambda x: mix(x, np.eye(4), "blend"), "'blend'"),
        (lambda x: mix(x, np.arange(4)), "(4, classes), one-hot labels, not (4,)"),
        (lambda x: mix(x, np.eye(3)), "not (3, 3)"),
        (lambda x: mix(x[:, 0], np.eye(4), "cutmix"), "not (4, 6, 3)"),
        (lambda x: mix(x, np.eye(4), seed=None), "not None"),
    ],
)
def test_what_cannot_be_augmented_is_refused_in_a_sentence(call, named):
    with pytest.raises(ModelError) as caught:
        call(np.zeros((4, 6, 6, 3)))
    assert named in str(caught.value)


def colourful(count=6, size=20):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), "uint8")


@pytest.mark.parametrize("policy", ["none", "standard", "strong"])
def test_the_layer_changes_each_photo_in_training_only(policy):
    photos, layer = colourful(), AugmentPhotos(policy, seed=3)
    np.testing.assert_array_equal(layer(photos), photos)
    np.testing.assert_array_equal(layer(photos, training=False), photos)
    once, again = (np.asarray(layer(photos, training=True)) for _ in range(2))
    assert once.dtype == "float32" and once.shape == photos.shape
    assert 0 <= once.min() <= once.max() <= 255
    if policy != "none":
        assert all((a != b).any() for a, b in zip(once, again, strict=True))  # drawn anew in every batch
        alike = np.asarray(layer(np.repeat(photos[:1], 6, axis=0), training=True))
        assert len({image.tobytes() for image in alike}) == 6  # and for every photo
    repeated = AugmentPhotos(policy, seed=3)
    np.testing.assert_array_equal(repeated(photos, training=True), once)


def test_the_layer_does_what_the_function_does(monkeypatch):
    """With the same random numbers, the same pictures."""
    photos, draws = colourful().astype("float32"), {}

    def uniform(shape, low, high, seed=None, **more):
        numbers = np.random.default_rng(0).uniform(size=[int(side) for side in shape])
        return keras.ops.convert_to_tensor(numbers.astype("float32"))

    monkeypatch.setattr(augmentation.keras.random, "uniform", uniform)
    for flip in True, False:
        draws["function"] = np.asarray(augment_photos(photos, "strong", 1, flip))
        draws["layer"] = np.asarray(AugmentPhotos("strong", flip)(photos, training=True))
        np.testing.assert_allclose(draws["layer"], draws["function"], atol=1e-3)


def test_the_layer_trains_in_a_sequential_and_loads_safely(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            AugmentPhotos("strong", flip=False, seed=1),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    photos = colourful(5, 8)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(photos, np.arange(5) % 2, batch_size=3, verbose=0)  # the last batch is smaller
    answers = model.predict(photos, verbose=0)
    np.testing.assert_array_equal(answers, model.predict(photos, verbose=0))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(photos, verbose=0), answers)
    config = loaded.layers[0].get_config()
    assert (config["policy"], config["flip"], config["seed"]) == ("strong", False, 1)


def test_the_layer_works_in_a_data_pipeline():
    tf = pytest.importorskip("tensorflow")
    layer = AugmentPhotos("standard", seed=2)
    data = tf.data.Dataset.from_tensor_slices(colourful(6, 12)).batch(4)
    batches = [batch.numpy() for batch in data.map(lambda x: layer(x, training=True))]
    assert [batch.shape for batch in batches] == [(4, 12, 12, 3), (2, 12, 12, 3)]
    changed = np.concatenate(batches)
    assert all((a != b).any() for a, b in zip(changed, colourful(6, 12), strict=True))
    assert 0 <= changed.min() <= changed.max() <= 255


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"policy": "wild"}, "'wild'; there are none, standard, strong"),
        ({"flip": "yes"}, "flip as True or False, not 'yes'"),
        ({"seed": -1}, "seed of 0 or more, not -1"),
    ],
)
def test_a_layer_that_cannot_be_is_refused_in_a_sentence(bad, named):
    with pytest.raises(ModelError) as caught:
        AugmentPhotos(**bad)
    assert named in str(caught.value)


def test_the_layer_refuses_what_is_no_photo():
    for shape in (4, 6, 6, 1), (6, 6, 3):
        with pytest.raises(ModelError, match="resize them first"):
            AugmentPhotos()(np.zeros(shape))
