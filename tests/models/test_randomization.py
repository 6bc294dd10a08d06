"""Randomized copies and rank correlations, held against NumPy and against maps known beforehand."""

import random

import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

import models
from models import ModelError
from models.inspection import randomized, rank_correlations, saliency, sanity_check, weighted_layers


def weights_by_layer(model):
    return {layer.name: layer.get_weights() for layer in model._flatten_layers() if layer.get_weights()}


def same(one, other):
    return [np.array_equal(*pair) for pair in zip(one, other, strict=True)]


def nested():
    inner = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(3, 3, name="conv"), layers.BatchNormalization(name="norm")],
        name="inner",
    )
    images = keras.Input((8, 8, 1))
    x = layers.Normalization(mean=3.0, variance=4.0, name="adapted")(images)
    x = layers.GlobalAveragePooling2D()(inner(x))
    return keras.Model(images, layers.Dense(2, name="last")(x), name="outer")


def test_layers_are_renewed_from_the_output_on_and_the_model_stays():
    model = models.ConvNet()
    names, before = weighted_layers(model), model.get_weights()
    assert names[0] == "conv1" and names[-1] == "predictions"
    for last in range(len(names) + 1):
        copy = randomized(model, last, seed=3)
        changed = [
            name for name in names
            if not np.array_equal(model.get_layer(name).kernel, copy.get_layer(name).kernel)
        ]  # fmt: skip
        assert changed == names[len(names) - last :]
    assert all(same(before, model.get_weights()))


def test_new_weights_spread_as_initial_ones_do_and_biases_are_zero():
    model = models.MLP(weights=None)
    model.set_weights([weight + 5 for weight in model.get_weights()])
    kernel, bias = randomized(model).get_layer("dense1").get_weights()
    limit = np.sqrt(6 / (784 + 512))  # Glorot and Bengio 2010
    assert abs(kernel).max() <= limit and kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)
    assert not bias.any()


def test_the_seed_decides_and_leaves_the_global_one_alone():
    model = models.MLP()
    random.seed(5)
    expected = random.random()
    random.seed(5)
    one, two, other = (randomized(model, seed=seed).get_weights() for seed in (1, 1, 2))
    assert random.random() == expected
    assert all(same(one, two)) and not same(one, other)[0]


def test_nested_layers_and_statistics_are_renewed_and_preprocessing_is_kept():
    model = nested()
    assert weighted_layers(model) == ["inner/conv", "inner/norm", "last"]
    model.get_layer("inner").get_layer("norm").set_weights([np.full(3, n) for n in (2.0, 3.0, 4.0, 5.0)])
    half, whole = randomized(model, 1), randomized(model)
    np.testing.assert_array_equal(half.get_layer("inner").get_layer("norm").gamma, np.full(3, 2.0))
    np.testing.assert_array_equal(whole.get_layer("inner").get_layer("norm").gamma, np.ones(3))
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 1))
    adapted = keras.Model(whole.inputs, whole.get_layer("adapted").output)
    np.testing.assert_allclose(adapted.predict(images, verbose=0), (images - 3) / 2, rtol=1e-5)


def test_rank_correlation_is_pearsons_of_the_ranks():
    numbers = np.random.default_rng(0).integers(0, 9, (2, 6, 5, 4)).astype(float)  # with ties
    found = rank_correlations(*numbers)
    for one, other, value in zip(*numbers, found, strict=True):
        ranks = [
            [np.sum(flat < each) + (np.sum(flat == each) - 1) / 2 for each in flat]
            for flat in (one.ravel(), other.ravel())
        ]
        assert value == pytest.approx(np.corrcoef(ranks)[0, 1])
        assert value == pytest.approx(stats.spearmanr(one.ravel(), other.ravel())[0])
    assert rank_correlations(np.zeros((1, 3, 3)), numbers[0, :1, :3, :3])[0] == 0
    assert rank_correlations(np.zeros((1, 3, 3)), np.ones((1, 3, 3)))[0] == 1  # both say nothing


def test_a_map_of_the_image_alone_never_notices_and_one_of_the_weights_does():
    images = np.random.default_rng(1).uniform(0, 255, (6, 28, 28, 1))
    model = models.MLP(hidden_units=())  # its saliency is its weights, whatever the image
    found = sanity_check(
        model,
        {"image": lambda _: images[..., 0], "weights": lambda copy: abs(saliency(copy, images, 1))[..., 0]},
        seed=4,
    )
    np.testing.assert_allclose(found["image"], 1)
    assert found["weights"].shape == (2, 6)
    np.testing.assert_allclose(found["weights"][0], 1)
    kernels = [abs(each.get_layer("predictions").get_weights()[0][:, 1]) for each in
               (model, randomized(model, 1, seed=4))]  # fmt: skip
    np.testing.assert_allclose(found["weights"][1], stats.spearmanr(*kernels)[0], atol=1e-6)
    assert abs(found["weights"][1]).max() < 4 / np.sqrt(784)  # chance: four standard errors


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: randomized(models.MLP(), 3), "has 2 layers with weights, fewer than last=3"),
        (lambda: randomized(models.MLP(), -1), "randomized needs last of 0 or more, not -1"),
        (lambda: randomized("mlp"), "randomized needs"),
        (lambda: rank_correlations(np.ones((1, 2, 2)), np.ones((1, 2, 3))), "of one shape"),
    ],
)
def test_what_is_impossible_is_refused_in_a_sentence(call, said):
    with pytest.raises(ModelError, match=said):
        call()
