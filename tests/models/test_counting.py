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
from models.zoo import zoo


def graph_of(model):
    """The graph that TensorFlow runs for one image."""
    call = tf.function(lambda x: model(x, training=False))
    spec = tf.TensorSpec((1, *model.input_shape[1:]), "float32")
    return convert_variables_to_constants_v2(call.get_concrete_function(spec)).graph


def profiled(model):
    """Multiplications and additions of convolutions and matrix products, as TensorFlow counts them."""
    graph = graph_of(model)
    counted = 0
    for op in graph.get_operations():
        if op.type in ("Conv2D", "MatMul"):
            counted += tf.compat.v1.profiler.profile(
                graph,
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


def one_layer(shape, *steps):
    return keras.Sequential([keras.Input(shape), *steps])


# Each counted on paper: places, times what one place takes
BY_HAND = {
    "dense at every place": (one_layer((7, 5), layers.Dense(3)), 7 * 5 * 3),
    "strided convolution": (one_layer((9, 9, 2), layers.Conv2D(4, 3, strides=2)), 4 * 4 * 3 * 3 * 2 * 4),
    "dilated convolution": (
        one_layer((9, 9, 2), layers.Conv2D(4, 3, dilation_rate=2)),
        5 * 5 * 3 * 3 * 2 * 4,
    ),
    "channels first": (
        one_layer((2, 9), layers.Conv1D(4, 3, data_format="channels_first", padding="same")),
        9 * 3 * 2 * 4,
    ),
    "three dimensions": (one_layer((4, 5, 6, 2), layers.Conv3D(3, 2)), 3 * 4 * 5 * 2 * 2 * 2 * 2 * 3),
    "transposed": (
        one_layer((4, 5, 2), layers.Conv2DTranspose(3, 2, strides=2)),
        4 * 5 * 2 * 2 * 2 * 3,
    ),
    "depthwise": (one_layer((8, 8, 3), layers.DepthwiseConv2D(3, depth_multiplier=2)), 6 * 6 * 3 * 3 * 3 * 2),
    "separable": (
        one_layer((8, 8, 3), layers.SeparableConv2D(5, 3, depth_multiplier=2)),
        6 * 6 * (3 * 3 * 3 * 2 + 3 * 2 * 5),
    ),
    "embedding": (one_layer((6,), layers.Embedding(100, 8)), 0),
    "LSTM": (one_layer((6, 3), layers.LSTM(4)), 6 * 4 * (3 + 4) * 4),
    "GRU": (one_layer((6, 3), layers.GRU(4, return_sequences=True)), 6 * 3 * (3 + 4) * 4),
    "simple RNN": (one_layer((6, 3), layers.SimpleRNN(4)), 6 * (3 + 4) * 4),
    "stacked cells": (
        one_layer((6, 3), layers.RNN([layers.LSTMCell(4), layers.GRUCell(2)])),
        6 * (4 * (3 + 4) * 4 + 3 * (4 + 2) * 2),
    ),
    "both directions": (one_layer((6, 3), layers.Bidirectional(layers.LSTM(4))), 2 * 6 * 4 * (3 + 4) * 4),
    "convolutional LSTM": (
        one_layer((3, 8, 8, 2), layers.ConvLSTM2D(5, 3)),
        3 * 6 * 6 * 4 * 3 * 3 * (2 + 5) * 5,
    ),
    "each time step": (
        one_layer((5, 8, 8, 1), layers.TimeDistributed(layers.Conv2D(2, 3))),
        5 * 6 * 6 * 3 * 3 * 2,
    ),
    "einsum": (one_layer((7, 5), layers.EinsumDense("abc,cde->abde", (7, 3, 4))), 7 * 5 * 3 * 4),
    "wrapped": (one_layer((5,), layers.SpectralNormalization(layers.Dense(3))), 5 * 3),
    "spectrogram": (
        one_layer((64, 1), layers.STFTSpectrogram(frame_length=16, frame_step=8)),
        7 * 2 * 16 * (16 // 2 + 1),
    ),
    "mel": (
        one_layer((4096,), layers.MelSpectrogram(fft_length=256, sequence_stride=128, num_mel_bins=20)),
        33 * 20 * (256 // 2 + 1),
    ),
    "elementwise": (
        one_layer((8, 8, 3), layers.BatchNormalization(), layers.LayerNormalization(), layers.PReLU()),
        0,
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_each_kind_of_layer_is_counted_as_on_paper(name):
    model, expected = BY_HAND[name]
    assert multiply_adds(model) == expected


def test_attention_is_counted_as_on_paper():
    queries, values = keras.Input((5, 6)), keras.Input((7, 8))
    many = layers.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=4)(queries, values)
    # Queries, keys, values; each of 2 heads compares 5 with 7 and takes a mean of 7; the output
    projections = 5 * 6 * 2 * 3 + 7 * 8 * 2 * 3 + 7 * 8 * 2 * 4 + 5 * 2 * 4 * 6
    assert multiply_adds(keras.Model([queries, values], many)) == projections + 2 * 5 * 7 * (3 + 4)
    one, other = keras.Input((5, 6)), keras.Input((7, 6))
    grouped = layers.GroupQueryAttention(3, num_query_heads=4, num_key_value_heads=2)(one, other)
    projections = 5 * 6 * 4 * 3 + 2 * (7 * 6 * 2 * 3) + 5 * 4 * 3 * 6
    assert multiply_adds(keras.Model([one, other], grouped)) == projections + 4 * 5 * 7 * (3 + 3)
    plain = layers.Attention()([one, other])
    assert multiply_adds(keras.Model([one, other], plain)) == 5 * 7 * 6 + 5 * 7 * 6


def test_products_of_two_outputs_are_counted():
    one, other = keras.Input((5, 6)), keras.Input((7, 6))
    for product in (
        layers.Dot((2, 2))([one, other]),
        keras.ops.matmul(one, keras.ops.transpose(other, (0, 2, 1))),
        keras.ops.einsum("bik,bjk->bij", one, other),
    ):
        assert multiply_adds(keras.Model([one, other], product)) == 5 * 7 * 6


def test_a_layer_that_is_called_twice_counts_twice():
    images = keras.Input((8, 8, 2))
    conv, inner = layers.Conv2D(2, 3, padding="same"), keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    x = layers.GlobalAveragePooling2D()(conv(conv(images)))
    x = layers.Concatenate()([x, x])
    model = keras.Model(images, inner(inner(x)))
    assert multiply_adds(model) == 2 * 8 * 8 * 3 * 3 * 2 * 2 + 2 * 4 * 4


WORDS = 100
EMBEDDED = {  # the last dense layer takes the mean and the maximum of what was computed, and the words' mean
    "SentimentLSTM": WORDS * 4 * (32 + 32) * 32 + 32,
    "SentimentPooledLSTM": WORDS * 4 * (32 + 32) * 32 + (2 * 32 + 32),
    "SentimentBiLSTM": 2 * WORDS * 4 * (32 + 32) * 32 + (4 * 32 + 32),
    "SentimentSimpleRNN": WORDS * (32 + 32) * 32 + 32,
    "SentimentConv1D": WORDS * 3 * 32 * 64 + 2 * 64,
    "SentimentBag": 32,
    "SentimentNgrams": 1,
    "SkipGram": WORDS * WORDS * 100,
}
FRAMES = 8 * (12 * 12 * 3 * 3 * 1 * 8 + 6 * 6 * 3 * 3 * 8 * 16 + 6 * 6 * 16 * 32)
COUNTED = {
    # 61 columns of 129 frequencies; convolutions leave 121 x 55, 60 x 27 -> 58 x 25, 29 x 12
    "SoundConvNet": 61 * 2 * 256 * 129
    + 121 * 55 * 9 * 7 * 8
    + 58 * 25 * 3 * 3 * 8 * 16
    + 29 * 12 * 3 * 3 * 16 * 32
    + 32 * 5,
    "FrameByFrame": FRAMES + 8 * 32 * 8,
    "VideoLSTM": FRAMES + 8 * 4 * (32 + 48) * 48 + 48 * 8,
    "VideoConv3D": 8 * 12 * 12 * 3 * 3 * 3 * 8
    + 8 * 6 * 6 * 3 * 3 * 3 * 8 * 16
    + 8 * 6 * 6 * 16 * 32
    + 32 * 8,
    # A transposed convolution takes its kernel once for each pixel of its input
    "Generator": 32 * 256 + 256 * 7 * 7 * 32 + 7 * 7 * 4 * 4 * 32 * 16 + 14 * 14 * 4 * 4 * 16,
    "Discriminator": 14 * 14 * 4 * 4 * 16 + 7 * 7 * 4 * 4 * 16 * 32 + 7 * 7 * 32 * 512 + 512,
    "FilterBank": 7 * 7 * 9 * 3,
    "XorO": 7 * 7 * 9 * 3 + 12 * 2,
    "WindowStack": 5 * 5 * 9,
    "DenseChain": 2 * 16 + 4 * 16 * 16 + 16 * 2,
    "QNetwork": 4 * 64 + 64 * 64 + 64 * 2,
    "CountingMLP": 20 * 20 + 20 * 20 + 20,
    "DenseLayer": 1024 * 1024,
    "ConvLayer": 32 * 32 * 21 * 21,
}


@pytest.mark.parametrize("name", zoo())
def test_every_builder_of_the_zoo_is_counted(name):
    model = getattr(models, name)()
    if name in EMBEDDED:
        assert multiply_adds(model, input_shape=(WORDS,)) == EMBEDDED[name]
    else:
        assert multiply_adds(model) == COUNTED.get(name) or profiled(model)


def test_a_size_that_is_not_known_has_to_be_said():
    model = models.VideoLSTM((None, 24, 24, 1))
    with pytest.raises(ModelError, match="cannot count conv1, .* input_shape"):
        multiply_adds(model)
    assert multiply_adds(model, (8, 24, 24, 1)) == COUNTED["VideoLSTM"]
    for wrong in (8, 24, 24), (8, 24, 25, 1), 8, (8, 24, 24, -1), "large":
        with pytest.raises(ModelError, match="input_shape"):
            multiply_adds(model, wrong)


# Figures that the networks' authors published, in million multiply-adds at 224 x 224 pixels. They round, and
# some count biases or pooling; ResNet's are for strides in other places than Keras's: 3 % of tolerance
PUBLISHED = {
    "MobileNet": ({}, 569),  # Howard et al., 2017, table 8
    "MobileNetV2": ({}, 300),  # Sandler et al., 2018, table 4
    "MobileNetV3Small": ({}, 56),  # Howard et al., 2019, table 3
    "MobileNetV3Large": ({}, 219),
    "ResNet50": ({}, 3_800),  # He et al., 2016, table 1
    "VGG16": ({}, 15_470),  # Simonyan and Zisserman, 2014: 15.5 billion in later counts
    "DenseNet121": ({}, 2_834),  # Huang et al., 2017: 5.67 billion FLOPs of one operation each
    "NASNetMobile": ({}, 564),  # Zoph et al., 2018, table 3
    "EfficientNetB0": ({}, 390),  # Tan and Le, 2019, table 2
    "EfficientNetV2B0": ({}, 720),  # Tan and Le, 2021, their repository: 0.72 billion
    "ConvNeXtTiny": ({}, 4_470),  # Liu et al., 2022, table 1
}
FAST = ["MobileNet"]


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in PUBLISHED]
)
def test_networks_of_keras_have_the_arithmetic_that_was_published(name):
    arguments, millions = PUBLISHED[name]
    model = getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3), **arguments)
    assert multiply_adds(model) / 1e6 == pytest.approx(millions, rel=0.03)


def from_shapes(model):
    """The same from the shapes of all operations in its graph, for networks that TensorFlow profiles wrongly.

    Its profiler takes names for patterns, and so counts a depthwise convolution several times.
    """
    counted = 0
    for op in graph_of(model).get_operations():
        if op.type in ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2"):
            output, kernel = (tensor.shape.as_list() for tensor in (op.outputs[0], op.inputs[1]))
            terms = {"Conv2D": kernel[:3], "DepthwiseConv2dNative": kernel[:2]}.get(op.type, kernel[-2:-1])
            counted += np.prod(output) * np.prod(terms)
    return counted


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("MobileNet", "Xception", "MobileNetV3Small", "EfficientNetV2B0"),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("InceptionV3", "NASNetMobile")),
    ],
)
def test_networks_of_keras_have_the_arithmetic_of_their_graph_in_tensorflow(name):
    side = 224 if name == "NASNetMobile" else 96
    model = getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), include_top=False)
    assert multiply_adds(model) == from_shapes(model)


class Odd(layers.Layer):
    def build(self, shape):
        self.matrix = self.add_weight(shape=(shape[-1], 3), name="matrix")

    def call(self, x):
        return x @ self.matrix


def test_what_is_not_known_is_refused_by_name():
    with pytest.raises(ModelError, match="cannot count strange, a Odd"):
        multiply_adds(one_layer((5,), Odd(name="strange")))
    with pytest.raises(ModelError, match="model as a functional or sequential Keras model"):
        multiply_adds(keras.Sequential([layers.Dense(3)]))


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
