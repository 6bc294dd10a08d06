"""Multiply-adds, held against TensorFlow's own profiler and against the lectures' formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

import models
from models import ModelError, StackedConvNet
from models.counting import multiply_adds


def profiled(model):
    """Multiplications and additions of convolutions and matrix products, as TensorFlow counts them."""
    call = tf.function(lambda x: model(x, training=False))
    frozen = convert_variables_to_constants_v2(
        call.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]), "float32"))
    )
    counted = 0
    for op in frozen.graph.get_operations():
        if op.type in ("Conv2D", "MatMul"):
            counted += tf.compat.v1.profiler.profile(
                frozen.graph,
                options=tf.compat.v1.profiler.ProfileOptionBuilder(
                    tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
                )
                .with_node_names([op.name])
                .with_empty_output()
                .build(),
            ).total_float_ops
    return counted // 2


@pytest.mark.parametrize("name", ["ConvNet", "TwoBlockConvNet", "LeNet5", "MLP", "StackedConvNet"])
def test_multiply_adds_are_those_that_tensorflow_counts(name):
    model = getattr(models, name)()
    assert multiply_adds(model) == profiled(model)


def test_common_setting_by_hand():
    by_hand = 28 * 28 * 3 * 3 * 1 * 16 + 14 * 14 * 3 * 3 * 16 * 16 + 7 * 7 * 16 * 64 + 64 * 10
    assert multiply_adds(StackedConvNet()) == by_hand


def test_grouped_nested_and_one_dimensional_layers():
    inner = keras.Sequential([keras.Input((12, 4)), layers.Conv1D(6, 3, strides=2, groups=2)])
    model = keras.Sequential([keras.Input((12, 4)), inner, layers.BatchNormalization(), layers.Dense(5)])
    # 5 places, each 3 taps of 2 channels for 6 features; then 6 values to 5 at each place
    assert multiply_adds(model) == 5 * 3 * 2 * 6 + 5 * 6 * 5


def test_what_is_not_counted_is_refused_by_name():
    model = keras.Sequential([keras.Input((5, 3)), layers.LSTM(4, name="memory")])
    with pytest.raises(ModelError, match="memory, a LSTM"):
        multiply_adds(model)


@settings(max_examples=25, deadline=None)
@given(
    architecture=st.from_regex("[CP]{0,3}D{0,2}", fullmatch=True),
    features=st.integers(1, 5),
    kernel=st.integers(1, 4),
    window=st.integers(1, 4),
    stride=st.integers(1, 3),
    units=st.integers(1, 6),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3)),
)
def test_stacked_parameters_and_arithmetic_are_the_formula(
    architecture, features, kernel, window, stride, units, shape
):
    model = StackedConvNet(shape, 7, architecture, features, kernel, window, stride, units)
    height, width, depth = shape
    parameters = arithmetic = 0
    for letter in architecture.rstrip("D"):
        if letter == "C":
            parameters += (kernel * kernel * depth + 1) * features
            arithmetic += height * width * kernel * kernel * depth * features
            depth = features
        else:  # edges kept: a window begins at every stride
            height, width = -(-height // stride), -(-width // stride)
    values = height * width * depth
    for outputs in [units] * architecture.count("D") + [7]:
        parameters += (values + 1) * outputs
        arithmetic += values * outputs
        values = outputs
    assert model.count_params() == parameters
    assert multiply_adds(model) == arithmetic
    assert model.output_shape == (None, 7)


def test_a_window_of_one_keeps_every_second_pixel_as_it_is():
    model = StackedConvNet((8, 8, 1), architecture="P", pool_size=1)
    images = np.arange(64, dtype="float32").reshape(1, 8, 8, 1)
    pooled = keras.Model(model.input, model.get_layer("pool1").output)
    np.testing.assert_allclose(pooled(images) * 255, images[:, ::2, ::2], rtol=1e-6)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"architecture": "CPX"}, "'CPX'"),
        ({"architecture": "DC"}, "'DC'"),
        ({"features": 0}, "features of 1 or more, not 0"),
        ({"pool_stride": -2}, "pool_stride of 1 or more, not -2"),
        ({"weights": "mnist"}, "'mnist'"),
    ],
)
def test_impossible_knobs_are_refused_in_a_sentence(bad, said):
    with pytest.raises(ModelError, match="StackedConvNet") as caught:
        StackedConvNet(**bad)
    assert said in str(caught.value)
