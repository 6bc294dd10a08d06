"""What the texts of six lessons say of layers, kernels and derivatives, computed anew from the models."""

import numpy as np
import pytest

import models
from datasets.generated import x_or_o
from models.by_hand import layer_outputs
from models.filters import KERNELS, layer_output_size
from tests.tutorials.test_lesson_texts import number, text


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
    values = np.array(layer_outputs(model, letters[0])["pool2"])  # (3, 2, 2)
    rows = [row for row in table(text(root, "x_or_o")) if row[0] in ("backslash", "crossing", "slash")]
    assert len(rows) == 3
    votes = model.get_layer("votes").kernel.numpy()[:, 0].reshape(2, 2, 3)
    for n, (_, told, weights) in enumerate(rows):
        assert np.allclose([number(one.strip()) for one in told.split(",")], values[n].ravel())
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
