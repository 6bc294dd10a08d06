"""What the texts of six lessons say of layers, kernels and derivatives, computed anew from the models."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import models
from datasets.generated import x_or_o
from models.by_hand import layer_outputs
from models.filters import KERNELS, layer_output_size
from models.inspection import grad_cam, occlusion, pixels_holding
from models.landscapes import ravine, two_valleys, two_valleys_derivative
from models.receptive_fields import CONV_POOL_POOL, Window, of_maps, of_stack
from tests.tutorials.test_lesson_texts import number, text
from tutorials import losses
from tutorials.lesson.parts import descent, inspection_steps, loss_functions


def table(said):
    """The rows of a text's tables, as lists of cells."""
    rows = [line.strip("| ").split(" | ") for line in said.splitlines() if line.startswith("| ")]
    return [row for row in rows if set(row[0]) != {"-"}]


def test_the_sums_and_sizes_of_convolution(root):
    said = text(root, "convolution")
    image, kernel = np.arange(9.0).reshape(3, 3), ((0, 1), (2, 3))
    outputs = np.ravel(models.FilterBank([kernel], (3, 3, 1))(image[None, ..., None])).astype(int)
    assert "{} {} / {} {}".format(*outputs) in said
    assert layer_output_size(9, 3) == 7 and layer_output_size(28, 5, 2) == 12
    assert layer_output_size(28, 5, 2, "same") == 14
    of_sum_1 = {name for name, weights in KERNELS.items() if abs(np.sum(weights) - 1) < 1e-6}
    assert of_sum_1 == {"blur", "sharpen", "emboss"} and len(KERNELS) == 11
    assert all(abs(np.sum(KERNELS[name])) < 1e-6 for name in set(KERNELS) - of_sum_1)


@pytest.fixture(scope="module")
def by_hand():
    return models.XorO(weights="by_hand", classifier_activation=None)


def test_the_layers_of_x_or_o_are_those_of_its_table(root, by_hand):
    rows = [row for row in table(text(root, "x_or_o")) if row[0].startswith("`")]
    assert len(rows) == len(by_hand.layers) - 1
    for name, shape, formula in rows:
        layer = by_hand.get_layer(name.split("`")[1])
        assert tuple(map(int, shape.split("×"))) == layer.output.shape[1:]
        count = 0 if formula == "none" else number(formula.strip("$").partition("=")[0])
        assert layer.count_params() == count
    assert by_hand.count_params() == 56 and models.XorO(features=4).count_params() == 74


def test_the_twelve_values_and_votes_of_x_or_o(root, by_hand):
    model, letters = by_hand, np.stack(x_or_o.clean_letters())
    values = [np.array(layer_outputs(model, letter)["pool2"]) for letter in letters]  # each (3, 2, 2)
    rows = [row for row in table(text(root, "x_or_o")) if row[0] in ("backslash", "crossing", "slash")]
    assert len(rows) == 3
    votes = model.get_layer("votes").kernel.numpy()[:, 0].reshape(2, 2, 3)
    for n, (_, *told, weights) in enumerate(rows):
        for said, computed in zip(told, values, strict=True):
            assert np.allclose([number(one.strip()) for one in said.split(",")], computed[n].ravel())
        assert [int(one.replace("−", "-")) for one in weights.split(",")] == votes[..., n].ravel().tolist()
    assert np.allclose(model(letters), [[2, -2], [-2, 2]], atol=1e-5)
    assert np.allclose(model.get_layer("votes").bias[0], -7 / 9)
    assert np.allclose(model(np.full((1, 9, 9, 1), -1.0)), [[-7 / 9, 7 / 9]], atol=1e-6)  # an empty page


def test_where_weights_set_by_hand_fail(by_hand):
    def wrong(images, labels):
        return np.argmax(by_hand(images), -1) != labels

    images, lines, labels = x_or_o.growing()
    mistaken = {(lines[n], int(labels[n])) for n in np.flatnonzero(wrong(images, labels))}
    turned, thicker = (
        {("turned 30°", 0), ("turned 45°", 0)},
        {(line, 0) for line in lines if "heavier" in line},
    )
    assert mistaken == turned | thicker
    share = {
        name: wrong(*x_or_o.tricky_letters(400, **{name: most}, seed=1)).mean()
        for name, most in x_or_o.LARGEST.items()
    }
    assert share["weight"] > share["rotation"] > share["translation"] > share["scaling"]
    all_four = {"translation": 1.0, "scaling": 0.3, "rotation": 45.0, "weight": 1.5}  # as in the lesson
    images, labels = x_or_o.tricky_letters(2000, **all_four)
    errors = wrong(images, labels)
    assert errors.mean() > 0.5 and errors[labels == 0].mean() > 0.8
    without = {
        name: wrong(*x_or_o.tricky_letters(2000, **(all_four | {name: 0.0}))).mean()
        for name in ("weight", "rotation")
    }
    assert without["weight"] < without["rotation"] < errors.mean()


def test_the_steps_of_gradient_descent(root):
    said = text(root, "gradient_descent")
    for start, slope, rate, end in ((-3.0, -4.0, 0.2, -2.2), (3.0, 3.5, 0.2, 2.3), (-3.0, -4.0, 1.5, 3.0)):
        assert np.isclose(two_valleys_derivative(start), slope)
        assert np.isclose(descent.descend(two_valleys, keras.optimizers.SGD(rate), start, 1)[1], end)
    assert models.DenseChain().count_params() == 1170 and "1,170 derivatives" in said
    slow, _, large = (
        descent.descend(two_valleys, keras.optimizers.SGD(rate), -3.0, 40)
        for rate in descent.LEARNING_RATES.values()
    )
    assert abs(two_valleys_derivative(slow[-1])) > 0.5  # not at the minimum
    assert large[1] > 0 and abs(large[-1] - large[-2]) > 0.1  # across the hill, and not settled


def test_sgd_diverges_in_the_valley_above_a_learning_rate_of_1():
    just_below, just_above = descent.try_settings([(0.99, None), (1.01, None)], "SGD", 400)
    assert just_below < 0.1 and just_above > 1e3
    assert all(len(grid) == 100 for grid in descent.GRIDS.values())


@pytest.mark.slow
def test_adam_is_behind_momentum_in_a_valley_that_is_turned():
    half = np.sqrt(0.5)
    turn = np.array([[half, -half], [half, half]])  # by 45 degrees

    def turned(point):
        return ravine(keras.ops.matmul(point, turn.astype("float32")))

    start = (turn @ descent.START).tolist()
    ends = {
        name: min(
            float(turned(descent.descend(turned, descent.OPTIMIZERS[name](*setting), start, 40)[-1]))
            for setting in descent.GRID[::9]
        )
        for name in ("momentum", "Adam")
    }
    assert ends["momentum"] < ends["Adam"]


def test_the_change_of_back_propagation_shows(root):
    code = (root / "models" / "backpropagation.py").read_text(encoding="utf-8")
    assert code.count("(1 - inputs**2)") == 1
    broken, right = {}, {}
    exec(code.replace("(1 - inputs**2)", "1"), broken)
    exec(code, right)
    weights = models.DenseChain(dtype="float64").get_weights()
    values = right["forward"](np.random.default_rng(0).uniform(-1, 1, (50, 2)), weights)
    both = (each["backward"](values, weights, np.eye(2)[[0, 1] * 25]) for each in (right, broken))
    off = [np.abs(a - b).max() / np.abs(a).max() for a, b in zip(*both, strict=True)]
    assert max(off[-2:]) < 1e-12 and min(off[:-2]) > 0.01


def test_the_two_networks_and_gradients_of_losses(root):
    said = text(root, "losses")
    for name, share in (("NN1", (0.9, 0.9, 0.4)), ("NN2", (0.6, 0.7, 0.1))):
        predictions = loss_functions.NETWORKS[name]
        assert np.allclose(predictions[loss_functions.LABELS == 1], share)
    measured = [loss_functions.by_keras(loss_functions.LABELS, p) for p in loss_functions.NETWORKS.values()]
    assert [round(each["squared error"], 2) for each in measured] == [0.25, 0.71]
    assert (
        "cross-entropies are {:.2f} and {:.2f}".format(*(each["cross-entropy"] for each in measured)) in said
    )
    logits, labels = np.log([[0.001, 0.999]]), np.array([[1.0, 0.0]])
    found = loss_functions.gradients(logits, labels)
    assert np.isclose(found["cross-entropy"][0, 0], -0.999)
    assert np.isclose(found["squared error"][0, 0], -4 * 0.001 * 0.999**2)
    p, _, gradients = loss_functions.by_probability()
    assert abs(p[gradients["squared error"].argmax()] - 1 / 3) < 0.02
    assert np.isclose(gradients["squared error"].max(), 16 / 27, atol=1e-3)
    ten = np.eye(10)[[3]], np.full((1, 10), 0.1)
    assert np.isclose(loss_functions.squared_error(*ten), 0.9)
    assert np.isclose(keras.losses.categorical_crossentropy(*ten), np.log(10), atol=1e-5)
    assert models.MLP().count_params() == 407_050 and losses.STARTS["confidently wrong"][0] == 30


def test_the_sides_of_receptive_fields(root):
    said = text(root, "receptive_field")
    rows = [row for row in table(said) if row[0].startswith("`")]
    fields, network = of_maps(models.ConvNet()), models.ConvNet()
    assert [row[0].strip("`") for row in rows] == list(fields)
    for (name, window, stride, side), field in zip(rows, fields.values(), strict=True):
        layer = network.get_layer(name.strip("`"))
        side_of_window = getattr(layer, "kernel_size", None) or layer.pool_size
        assert window == "{}×{}".format(*side_of_window) and int(stride) == layer.strides[0]
        assert number(side.strip("$").partition("=")[0]) == field.size[0]
    assert [field.size[0] for field in of_maps(models.TwoBlockConvNet()).values()] == [3, 4, 8, 10]
    assert [of_stack(CONV_POOL_POOL[:n], (7, 7)).size for n in (2, 3)] == [(4, 4), (6, 6)]
    dilated = of_stack([Window(3, dilation=2)] * 2, (9, 9))
    assert dilated.size == (9, 9) and [len(each) for each in dilated.pixels(0, 0)] == [5, 5]


def test_ways_through_windows_and_pixels_that_count_alike(root):
    ways = np.convolve(np.convolve(np.ones(3), np.ones(3)), np.ones(3))
    assert (ways[0], ways.max()) == (1, 7)
    assert pixels_holding(np.ones((16, 16))) == 231 and "231" in text(root, "receptive_field")
    for bands in json.loads((root / "tutorials" / "expected.json").read_text())["receptive_field"].values():
        one = bands["default"]
        assert one["effective_pixels_after"][1] < one["effective_pixels_before"][0]
        assert one["effective_pixels_before"][1] < 231


def test_the_heatmaps_of_look_inside():
    network, drawn = models.ConvNet(), np.zeros((1, 28, 28, 1), "float32")
    drawn[0, 4:12, 4:12] = 255
    assert grad_cam(network, drawn, 0).shape == (1, 6, 6) and network.get_layer("pool").output.shape[-1] == 32
    shown = SimpleNamespace(images=drawn, large=False)
    window, stride, fill = inspection_steps.occlusion_settings(shown)
    assert (window, stride, fill) == (4, 2, 0) and layer_output_size(28, window, stride) ** 2 == 169
    assert round(inspection_steps.HIDDEN * 28 * 28) == 78
    heat = occlusion(network, drawn, 0, window, stride, fill)[0]  # by random weights
    drawn_on, black = abs(heat[4:12, 4:12]).max(), abs(heat[16:, 16:]).max()
    assert drawn_on > 1e-4 and black < 1e-6  # hiding black by black changes nothing


def test_random_squares_and_pixels_are_behind_in_every_band_of_look_inside(root):
    for bands in json.loads((root / "tutorials" / "expected.json").read_text())["look_inside"].values():
        one = bands["default"]
        assert one["occlusion_drop"][0] > 4 * one["random_drop"][1]
        assert one["neighbours_by_hidden"][0] > one["neighbours_by_pixels"][1]
