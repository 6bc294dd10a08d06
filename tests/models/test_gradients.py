"""Gradients and compiled steps, against finite differences and NumPy, on this backend and on JAX."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from models.compiled import add_rows, compiled, repeated, rows_of
from models.gradients import (
    double_precision,
    input_gradients,
    output_gradients,
    several_weight_gradients,
    weight_gradients,
)

RANDOM = np.random.default_rng(0)


def slopes(function, at, step=1e-5):
    """Finite differences of a function of one float64 array to a number."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[place] += sign * step
            ends.append(function(moved))
        found[place] = (ends[0] - ends[1]) / (2 * step)
    return found


def numbers(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


FUNCTIONS = {
    "product": lambda x: x[:, 0] * x[:, 1] * x[:, 2],
    "softmax": lambda x: ops.softmax(x)[:, 0],
    "norm": lambda x: ops.sqrt(ops.sum(x**2) + 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_input_gradients_are_finite_differences(name):
    at = RANDOM.normal(size=(4, 3))
    with double_precision():
        value, (gradient,) = input_gradients(FUNCTIONS[name], at)
        expected = slopes(lambda x: float(np.sum(numbers(FUNCTIONS[name](ops.convert_to_tensor(x))))), at)
        assert numbers(gradient).dtype == np.float64
    assert np.allclose(numbers(value), numbers(FUNCTIONS[name](ops.convert_to_tensor(at))), rtol=1e-5)
    assert np.allclose(numbers(gradient), expected, atol=1e-8)


def test_each_of_two_inputs_has_its_gradient():
    _, (by_a, by_b) = input_gradients(lambda a, b: a * b**2, np.float32([1, 2]), np.float32([3, 4]))
    assert numbers(by_a).tolist() == [9, 16] and numbers(by_b).tolist() == [6, 16]


def network():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "tanh", dtype="float64"),
            keras.layers.Dense(2, dtype="float64"),
        ]
    )
    model.set_weights([RANDOM.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def by_numpy(weights, x):
    return np.tanh(x @ weights[0] + weights[1]) @ weights[2] + weights[3]


def test_weight_gradients_are_finite_differences():
    with double_precision():
        model, x = network(), RANDOM.normal(size=(5, 3))
        loss, gradients = weight_gradients(lambda: ops.mean(model(x) ** 2), model.trainable_variables)
    weights = model.get_weights()
    assert np.isclose(float(loss), np.mean(by_numpy(weights, x) ** 2))
    for n, gradient in enumerate(gradients):

        def changed(value, n=n):
            return np.mean(by_numpy([*weights[:n], value, *weights[n + 1 :]], x) ** 2)

        assert np.allclose(numbers(gradient), slopes(changed, weights[n]), atol=1e-7)


def test_losses_of_one_computation_each_have_their_own_gradients_and_state_changes_once():
    normalize, calls = keras.layers.BatchNormalization(momentum=0.5, epsilon=0.0), []
    normalize.build((None, 1))
    factor, x = keras.Variable(2.0), np.float32([[1], [3]])

    def losses():
        calls.append(1)
        outputs = normalize(x, training=True) * factor  # -1 and 1, doubled
        return [ops.sum(outputs**2), outputs[1, 0]], [outputs]

    values, (outputs,), ((by_factor,), (by_gamma, by_beta)) = several_weight_gradients(
        losses, [[factor], [normalize.gamma, normalize.beta]]
    )
    assert np.allclose([float(value) for value in values], [8, 2], atol=1e-5)
    assert np.allclose(numbers(outputs), [[-2], [2]], atol=1e-5)
    assert np.isclose(float(by_factor), 8, atol=1e-5)  # of 2 factor²
    assert np.allclose([numbers(by_gamma), numbers(by_beta)], 2, atol=1e-5)
    assert np.allclose(numbers(normalize.moving_mean), 1)  # half of the batch's mean
    assert len(calls) == 1


def test_gradients_with_respect_to_an_output_go_past_no_skip_connection():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, name="hidden")(inputs)
    outputs = keras.layers.Dense(1)(keras.layers.Concatenate()([ops.tanh(hidden), inputs]))
    model, x = keras.Model(inputs, [hidden, outputs]), RANDOM.normal(size=(5, 3)).astype("float32")
    (found, values), gradient = output_gradients(model, x, lambda outputs: outputs[-1] ** 2, by=0)
    by_input, again, third = (
        numbers(output_gradients(model, x, lambda outputs: outputs[-1] ** 2)[1]) for _ in range(3)
    )
    kernel, _, weights, bias = model.get_weights()
    h = x @ kernel
    y = np.tanh(h) @ weights[:4] + x @ weights[4:] + bias
    by_hidden = 2 * y * (1 - np.tanh(h) ** 2) * weights[:4, 0]
    assert np.allclose(numbers(found), h, atol=1e-5) and np.allclose(numbers(values), y, atol=1e-5)
    assert np.allclose(numbers(gradient), by_hidden, atol=1e-5)
    assert np.allclose(by_input, by_hidden @ kernel.T + 2 * y * weights[4:, 0], atol=1e-4)
    assert np.allclose([again, third], by_input, atol=1e-5)


@pytest.mark.parametrize("outer", ["functional", "sequential"])
def test_gradients_with_respect_to_a_layer_inside_a_nested_model(outer):
    """Its other output leads to the predictions, as that of a backbone does."""
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, name="hidden")(inputs)
    inner = keras.Model(inputs, [hidden, ops.tanh(hidden)], name="inner")
    start = keras.Input((3,))
    if outer == "functional":
        found, squashed = inner(start)
        model = keras.Model(start, [found, keras.layers.Dense(1)(keras.layers.Identity()(squashed))])
    else:
        found, squashed = keras.Sequential([keras.Input((3,)), inner])(start)
        model = keras.Model(start, [found, keras.layers.Dense(1)(keras.layers.Dropout(0.5)(squashed))])
    x = RANDOM.normal(size=(5, 3)).astype("float32")
    (values, _), gradient = output_gradients(model, x, lambda outputs: outputs[-1] ** 2, by=0)
    kernel, _, weights, bias = model.get_weights()
    h = x @ kernel
    expected = 2 * (np.tanh(h) @ weights + bias) * (1 - np.tanh(h) ** 2) * weights[:, 0]
    assert np.allclose(numbers(values), h, atol=1e-5)
    assert np.allclose(numbers(gradient), expected, atol=1e-5)


def test_compiled_and_repeated_steps_are_those_of_gradient_descent():
    weight, seen = keras.Variable(np.float32([1, -2])), keras.Variable(0, dtype="int32", trainable=False)
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build([weight])

    def step(x, pull=0.0):
        _, gradients = weight_gradients(lambda: ops.mean((x * weight) ** 2) / 2, [weight])
        optimizer.apply([gradients[0] + pull], [weight])
        seen.assign_add(1)

    variables, expected = [weight, seen, *optimizer.variables], np.array([1.0, -2.0])
    once, many = compiled(step, variables), repeated(step, variables, changing=True)
    for x in RANDOM.normal(size=(3, 4, 2)).astype("float32"):
        once(x)
        expected = expected - 0.1 * np.mean(x**2, 0) / 2 * expected
    for count, batch, pull in ((5, 3, 0.5), (2, 7, 0)):
        batches = RANDOM.normal(size=(count, batch, 2)).astype("float32")
        many([batches], np.float32(pull))
        for x in batches:
            expected = expected - 0.1 * (np.mean(x**2, 0) / 2 * expected + pull)
    assert np.allclose(numbers(weight), expected, atol=1e-5)
    assert int(numbers(seen)) == int(numbers(optimizer.iterations)) == 10


def test_a_row_that_comes_twice_is_added_to_twice():
    table, rows = keras.Variable(np.ones((5, 2), "float32")), np.array([3, 0, 3], "int32")
    values, expected = RANDOM.normal(size=(3, 2)).astype("float32"), np.ones((5, 2), "float32")
    change = compiled(lambda rows, values: add_rows(table, rows, values), [table], donate=True)
    for _ in range(2):
        change(rows, values)
        np.add.at(expected, rows, values)
    assert np.allclose(numbers(table), expected, atol=1e-6)
    assert np.allclose(numbers(rows_of(table, rows)), expected[rows], atol=1e-6)


@pytest.mark.extra
@pytest.mark.parametrize("backend", ["jax", pytest.param("torch", marks=pytest.mark.torch)])
def test_the_same_on_another_backend(backend):
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend}, an optional backend, is not installed")
    file = Path(__file__)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", str(file), "-q", "-n", "0", "-m", "not extra"],
        cwd=file.parents[2],
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0 and " passed" in run.stdout, run.stdout + run.stderr
