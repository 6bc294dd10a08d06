"""Activation functions: Keras's, the lectures' formulas and NumPy's agree, derivatives too."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import activations

IN_NUMPY = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
}
Z = np.linspace(-6, 6, 241)  # 0 among them


@pytest.mark.parametrize("name", IN_NUMPY)
def test_functions_and_derivatives_are_numpys_and_kerass(name):
    z = tf.constant(Z)
    assert z.dtype == tf.float64
    with tf.GradientTape() as tape:
        tape.watch(z)
        g = keras.activations.get(name)(z)
    expected = [function(Z) for function in IN_NUMPY[name]]
    computed = [np.asarray(formula(z)) for formula in activations.FORMULAS[name]]
    np.testing.assert_allclose([g, tape.gradient(g, z)], expected, rtol=1e-6, atol=1e-15)
    np.testing.assert_allclose(computed, expected, rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("name", IN_NUMPY)
def test_derivatives_are_the_slopes(name):
    z, h = Z[Z != 0], 1e-6
    function, derivative = activations.FORMULAS[name]
    slopes = (np.asarray(function(tf.constant(z + h))) - np.asarray(function(tf.constant(z - h)))) / (2 * h)
    np.testing.assert_allclose(derivative(tf.constant(z)), slopes, atol=1e-8)


def test_values_at_zero():
    zero = tf.constant([0.0])
    at_zero = {
        name: [float(formula(zero)[0]) for formula in formulas]
        for name, formulas in activations.FORMULAS.items()
    }
    assert at_zero == {"sigmoid": [0.5, 0.25], "tanh": [0.0, 1.0], "relu": [0.0, 0.0]}


def test_every_derivative_is_written_with_g_as_in_the_lectures():
    g = np.asarray(activations.sigmoid(tf.constant(Z)))
    np.testing.assert_allclose(activations.sigmoid_derivative(tf.constant(Z)), g * (1 - g), rtol=1e-12)
    g = np.asarray(activations.tanh(tf.constant(Z)))
    np.testing.assert_allclose(activations.tanh_derivative(tf.constant(Z)), 1 - g**2, rtol=1e-12)
