"""Receptive fields, held against counts by hand and against what one spoilt pixel spoils."""

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

import models
from models import ModelError
from models.receptive_fields import CONV_POOL_POOL, EXAMPLES, Window, of_layer, of_maps, of_stack


def count(field):
    rows, columns = field.pixels(*field.middle)
    return len(rows) * len(columns)


def test_the_lectures_sixteen_pixels_and_the_erratum():
    once, twice = of_stack(CONV_POOL_POOL[:2], (7, 7)), of_stack(CONV_POOL_POOL, (7, 7))
    assert (once.size, count(once)) == ((4, 4), 16)
    assert twice.outputs == (1, 1)
    assert (twice.size, count(twice)) == ((6, 6), 36)  # a deck says all 49
    assert twice.pixels(0, 0) == ((0, 1, 2, 3, 4, 5),) * 2


def test_the_default_stack_is_the_lectures():
    model = models.WindowStack()
    assert [layer.output.shape[1:3] for layer in model.layers] == [(7, 7), (5, 5), (2, 2), (1, 1)]
    assert of_layer(model, "pool3").size == (6, 6)


@pytest.mark.parametrize(
    ("windows", "size", "stride", "start"),
    [
        ([Window(3)] * 2, 5, 1, 0),  # two 3 x 3 see what one 5 x 5 does
        ([Window(3)] * 3, 7, 1, 0),
        ([Window(3, padding="same")] * 3, 7, 1, -3),
        ([Window(3), Window(2, 2)] * 2, 10, 4, 0),
        ([Window(3, dilation=d) for d in (1, 2, 4)], 15, 1, 0),
        ([Window(7, 2, padding=3), Window(3, 2, padding=1), Window(3, padding=1)], 19, 4, -9),
    ],
)
def test_stacks_counted_by_hand(windows, size, stride, start):
    field = of_stack(windows, (61, 61))
    assert (field.size, field.stride) == ((size, size), (stride, stride))
    assert field.rows.start == field.columns.start == start


def test_vgg16_ends_with_the_212_pixels_that_are_known_of_it():
    blocks = [[Window(3, padding="same")] * n + [Window(2, 2)] for n in (2, 2, 3, 3, 3)]
    assert of_stack([window for block in blocks for window in block], (224, 224)).size == (212, 212)


@pytest.mark.parametrize(
    ("builder", "sizes"),
    [
        ("ConvNet", {"conv1": (5, 2), "conv2": (9, 2), "pool": (11, 4)}),
        ("TwoBlockConvNet", {"conv1": (3, 1), "pool1": (4, 2), "conv2": (8, 2), "pool2": (10, 4)}),
        ("LeNet5", {"c1": (5, 1), "s2": (6, 2), "c3": (14, 2), "s4": (16, 4)}),
        ("XorO", {"conv": (3, 1), "pool1": (4, 2), "pool2": (6, 4)}),
    ],
)
def test_the_zoos_fields_are_those_counted_by_hand(builder, sizes):
    fields = of_maps(getattr(models, builder)())
    assert {name: (field.size[0], field.stride[0]) for name, field in fields.items()} == sizes


def test_an_even_padding_in_keras_puts_the_odd_zero_at_the_end():
    """28 in steps of 2 with a kernel of 5 takes 3 zeros: 1 before and 2 after."""
    field = of_maps(models.ConvNet())["conv1"]
    assert field.pixels(0, 13) == ((0, 1, 2, 3), (25, 26, 27))


def test_dense_layers_see_everything():
    model = models.ConvNet()
    for name in "flatten", "dense", "predictions":
        field = of_layer(model, name)
        assert field.outputs == (1, 1)
        assert field.pixels(0, 0) == (tuple(range(28)),) * 2


def spoilt(model):
    """For each pixel of the image, which output pixels turn NaN when it does: (h, w, rows, columns)."""
    height, width = model.input_shape[1:3]
    images = np.ones((height * width, height * width, 1), "float32")
    images[np.arange(height * width), np.arange(height * width)] = np.nan
    outputs = model(images.reshape(-1, height, width, 1))
    return np.isnan(keras.ops.convert_to_numpy(outputs)).any(-1).reshape(height, width, *outputs.shape[1:3])


def by_formula(field, height, width):
    touched = np.zeros((height, width, *field.outputs), bool)
    for row in range(field.outputs[0]):
        for column in range(field.outputs[1]):
            touched[(*np.ix_(*field.pixels(row, column)), row, column)] = True
    return touched


sizes = st.tuples(st.integers(1, 5), st.integers(1, 5))


@st.composite
def windows(draw):
    pool = draw(st.booleans())
    dilation = 1 if pool else draw(st.integers(1, 3))
    stride = 1 if dilation > 1 else draw(st.integers(1, 3))
    padding = draw(st.sampled_from(["valid", "same", 1, ((0, 2), (1, 0))]))
    return Window(draw(sizes), stride, dilation, padding, pool)


@settings(max_examples=40, deadline=None)
@given(height=st.integers(5, 18), width=st.integers(5, 18), stack=st.lists(windows(), min_size=1, max_size=4))
def test_a_spoilt_pixel_spoils_just_those_outputs_whose_fields_hold_it(height, width, stack):
    try:
        field = of_stack(stack, (height, width))
    except ModelError as error:
        assert "does not fit" in str(error)
        assume(False)
    stack = [window._replace(pool=False) for window in stack]  # a maximum need not notice a NaN
    model = models.WindowStack((height, width, 1), stack)
    assert field.outputs == model.output_shape[1:3]
    assert of_layer(model, model.layers[-1].name).pixels(0, 0) == field.pixels(0, 0)
    np.testing.assert_array_equal(spoilt(model), by_formula(field, height, width))


@settings(max_examples=40, deadline=None)
@given(height=st.integers(5, 18), width=st.integers(5, 18), stack=st.lists(windows(), min_size=1, max_size=4))
def test_keras_refuses_just_the_stacks_that_the_formula_refuses(height, width, stack):
    try:
        model = models.WindowStack((height, width, 1), stack)
    except ModelError:
        with pytest.raises(ModelError):
            of_stack(stack, (height, width))
    else:
        assert of_layer(model, model.layers[-1].name).outputs == model.output_shape[1:3]


def test_pooling_spoils_what_the_formula_says():
    """Of larger values each maximum notices: a pixel of 9 among ones."""
    for padding in "valid", "same":
        model = models.WindowStack((8, 7, 1), [Window((3, 2), (2, 3), padding=padding, pool=True)])
        images = np.ones((56, 56), "float32") + 8 * np.eye(56, dtype="float32")
        outputs = np.asarray(model(images.reshape(56, 8, 7, 1)))[..., 0]
        field = of_layer(model, "pool1")
        np.testing.assert_array_equal(outputs.reshape(8, 7, *field.outputs) > 1, by_formula(field, 8, 7))


def test_every_kind_of_layer_on_the_way_is_followed():
    model = keras.Sequential(
        [
            keras.Input((19, 17, 1), name="images"),
            layers.Rescaling(2.0),
            layers.ZeroPadding2D(((1, 2), (0, 3))),
            layers.DepthwiseConv2D(3, strides=2, padding="same", depthwise_initializer="ones"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.SeparableConv2D(
                2, (1, 3), depthwise_initializer="ones", pointwise_initializer="ones", dilation_rate=2
            ),
            layers.Dropout(0.5),
            layers.Cropping2D(((0, 1), (1, 0))),
            layers.AveragePooling2D(2, strides=1, padding="same"),
            layers.Activation("relu", name="last"),
            layers.GlobalAveragePooling2D(name="pooled"),
            layers.Dense(3, name="dense"),
        ]
    )
    until = keras.Model(model.inputs[0], model.get_layer("last").output)
    field = of_layer(model, "last")
    np.testing.assert_array_equal(spoilt(until), by_formula(field, 19, 17))
    everything = by_formula(field, 19, 17).any((2, 3))
    rows, columns = of_layer(model, "dense").pixels(0, 0)
    np.testing.assert_array_equal(np.argwhere(everything), [(r, c) for r in rows for c in columns])


def test_what_is_not_known_is_refused_by_name():
    images = keras.Input((8, 8, 1))
    conv = layers.Conv2D(1, 3, padding="same", name="conv")(images)
    larger = layers.UpSampling2D(name="larger")(conv)
    joined = layers.Add(name="joined")([images, conv])
    model = keras.Model(images, [larger, joined], name="odd")
    with pytest.raises(ModelError, match="larger is a UpSampling2D"):
        of_layer(model, "larger")
    with pytest.raises(ModelError, match="joined joins several layers"):
        of_layer(model, "joined")
    with pytest.raises(ModelError, match="odd has no layer of the name 'nose'; it has .*conv"):
        of_layer(model, "nose")
    with pytest.raises(ModelError, match="counting_mlp takes no images"):
        of_layer(models.CountingMLP(), "dense1")


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (Window(8), "reaches over 8 pixels does not fit into 7"),
        (Window(4, dilation=3), "reaches over 10 pixels does not fit into 7"),
        (Window(0), "of 1 or more, not 0, 1 and 1"),
        (Window(3, stride=-1), "of 1 or more, not 3, -1 and 1"),
        (Window(3, padding="full"), "not 'full'"),
        (Window(3, padding=-1), "Padding must be 0 or more"),
    ],
)
def test_impossible_windows_are_refused_in_a_sentence(window, said):
    with pytest.raises(ModelError, match=said):
        of_stack([window], (7, 7))
    with pytest.raises(ModelError, match=said):
        models.WindowStack((7, 7, 1), [window])


def test_positions_outside_the_output_are_refused():
    with pytest.raises(ModelError, match="Position 2 is not among the 2 pixels"):
        of_stack(CONV_POOL_POOL[:2], (7, 7)).pixels(0, 2)
    with pytest.raises(ModelError, match="height and width of 1 or more"):
        of_stack(CONV_POOL_POOL, (0, 7))


def test_examples_fit():
    for side, stack in EXAMPLES.values():
        assert count(of_stack(stack, (side, side))) > 0
