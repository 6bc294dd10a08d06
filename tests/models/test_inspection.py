"""Gradients of outputs with respect to pixels, held against differences and products by hand."""

import keras
import numpy as np
import pytest

import models
from models import ModelError
from models.inspection import effective_field, input_gradient, linear_probe, pixels_holding
from models.receptive_fields import EXAMPLES, of_layer, of_maps


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(2)
    return models.LeNet5()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 255, (3, 28, 28, 1)).astype("float32")


def test_gradient_of_a_convolution_is_its_kernel_where_the_window_lies():
    model = models.ConvLayer((5, 6, 1), kernel_size=3)
    kernel = model.get_layer("convolution").get_weights()[0][:, :, 0, 0]
    gradient = input_gradient(model, np.zeros((1, 5, 6, 1)), "convolution", (1, 4))
    expected = np.zeros((5, 6))
    expected[0:3, 3:6] = kernel
    np.testing.assert_allclose(gradient[0, ..., 0], expected, rtol=1e-6)


def test_gradient_is_what_a_small_change_of_a_pixel_does(network, images):
    gradient = input_gradient(network, images, "s4", (2, 3), channel=5)
    until = keras.Model(network.input, network.get_layer("s4").output)
    for row, column in (14, 18), (10, 15):
        up, down = images.copy(), images.copy()
        up[:, row, column] += 2
        down[:, row, column] -= 2
        slope = (until(up) - until(down))[:, 2, 3, 5] / 4
        np.testing.assert_allclose(gradient[:, row, column, 0], slope, rtol=0.02, atol=2e-6)


def test_one_feature_for_each_image_or_the_sum_of_all(network, images):
    each = [input_gradient(network, images, "c3", (0, 0), channel=n) for n in range(16)]
    chosen = input_gradient(network, images, "c3", (0, 0), channel=[3, 0, 15])
    np.testing.assert_allclose(chosen, np.stack([each[3][0], each[0][1], each[15][2]]), atol=1e-8)
    together = input_gradient(network, images, "c3", (0, 0))
    np.testing.assert_allclose(together, np.sum(each, 0), atol=1e-6)


def test_outputs_without_rows_take_no_position(network, images):
    assert input_gradient(network, images, "predictions", channel=3).shape == images.shape


@pytest.mark.parametrize("builder", [models.ConvNet, models.TwoBlockConvNet, models.LeNet5])
def test_a_probes_gradient_touches_just_what_the_formula_says(builder):
    model = builder()
    probe = linear_probe(model)
    for layer, field in of_maps(model).items():
        for position in (0, 0), field.middle, (field.outputs[0] - 1, 0):
            gradient = input_gradient(probe, np.ones((1, 28, 28, 1)), layer, position)[0, ..., 0]
            touched = np.zeros((28, 28), bool)
            touched[np.ix_(*field.pixels(*position))] = True
            np.testing.assert_array_equal(gradient != 0, touched)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_lessons_stacks_agree_at_every_output_pixel(name):
    side, windows = EXAMPLES[name]
    model = models.WindowStack((side, side, 1), windows)
    layer = model.layers[-1].name
    field, probe = of_layer(model, layer), linear_probe(model)
    for position in np.ndindex(*field.outputs):
        gradient = input_gradient(probe, np.ones((1, side, side, 1)), layer, position)[0, ..., 0]
        touched = np.zeros((side, side), bool)
        touched[np.ix_(*field.pixels(*position))] = True
        np.testing.assert_array_equal(gradient != 0, touched)


def test_without_the_probe_a_maximum_hides_pixels():
    model = models.WindowStack()
    image = np.random.default_rng(0).uniform(size=(1, 7, 7, 1))
    assert (input_gradient(model, image, "pool3", (0, 0)) != 0).sum() == 9  # one window of 3 x 3 won


def test_effective_fields_lie_in_the_theoretical_ones_and_sum_to_one(network, images):
    for layer, field in of_maps(network).items():
        mass = effective_field(network, images, layer, seed=1)
        assert mass.shape == (28, 28)
        assert mass.sum() == pytest.approx(1, rel=1e-5)
        rows, columns = field.pixels(*field.middle)
        assert mass[np.ix_(rows, columns)].sum() == pytest.approx(1, rel=1e-5)
        assert 0 < pixels_holding(mass) <= len(rows) * len(columns)
    np.testing.assert_array_equal(mass, effective_field(network, images, "s4", (2, 2), seed=1))


def test_pixels_are_counted_from_the_heaviest_on():
    mass = np.array([[1, 5], [0, 4]]) / 10
    assert [pixels_holding(mass, share) for share in (0.4, 0.5, 0.6, 0.9, 0.95, 1)] == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"layer": "nose"}, "lenet5 has no layer 'nose'; it has .*c1"),
        ({"layer": "s4", "position": (5, 0)}, "no position .5, 0."),
        ({"layer": "s4"}, "no position None"),
        ({"layer": "s4", "position": (0, 0), "channel": 16}, "with channel 16"),
        ({"layer": "f6", "position": (0, 0)}, "no position .0, 0."),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(network, images, bad, said):
    with pytest.raises(ModelError, match=said):
        input_gradient(network, images, **bad)


def test_fields_of_layers_without_rows_and_of_dead_layers_are_refused(network, images):
    with pytest.raises(ModelError, match="f6 has no rows and columns"):
        effective_field(network, images, "f6")
    dead = models.WindowStack()
    dead.set_weights([np.zeros((3, 3, 1, 1))])
    with pytest.raises(ModelError, match="depends on no pixel"):
        effective_field(dead, np.ones((2, 7, 7, 1)), "pool3")
