"""Filters set by hand: the lectures' tables, and every layer held against NumPy."""

import contextlib

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

from datasets.generated.x_or_o import clean_letters
from models import FilterBank, ModelError, filters
from models.by_hand import layer_outputs

BACKSLASH = """
 0.77 -0.11  0.11  0.33  0.55 -0.11  0.33
-0.11  1.00 -0.11  0.33 -0.11  0.11 -0.11
 0.11 -0.11  1.00 -0.33  0.11 -0.11  0.55
 0.33  0.33 -0.33  0.55 -0.33  0.33  0.33
 0.55 -0.11  0.11 -0.33  1.00 -0.11  0.11
-0.11  0.11 -0.11  0.33 -0.11  1.00 -0.11
 0.33 -0.11  0.55  0.33  0.11 -0.11  0.77
"""
CROSSING = """
 0.33 -0.55  0.11 -0.11  0.11 -0.55  0.33
-0.55  0.55 -0.55  0.33 -0.55  0.55 -0.55
 0.11 -0.55  0.55 -0.77  0.55 -0.55  0.11
-0.11  0.33 -0.77  1.00 -0.77  0.33 -0.11
 0.11 -0.55  0.55 -0.77  0.55 -0.55  0.11
-0.55  0.55 -0.55  0.33 -0.55  0.55 -0.55
 0.33 -0.55  0.11 -0.11  0.11 -0.55  0.33
"""
POOLED = {
    "backslash": "1.00 0.33 0.55 0.33  0.33 1.00 0.33 0.55  0.55 0.33 1.00 0.11  0.33 0.55 0.11 0.77",
    "crossing": "0.55 0.33 0.55 0.33  0.33 1.00 0.55 0.11  0.55 0.55 0.55 0.11  0.33 0.11 0.11 0.33",
    "slash": "0.33 0.55 1.00 0.77  0.55 0.55 1.00 0.33  1.00 1.00 0.11 0.55  0.77 0.33 0.55 0.33",
}


def hundredths(printed, width):
    """A printed table as whole hundredths."""
    return np.array([round(100 * float(number)) for number in printed.split()]).reshape(-1, width)


def cut(answers):
    """Ninths as whole hundredths, cut: 7/9 is 77. Whole-number arithmetic throughout."""
    ninths = np.rint(9 * np.float64(answers)).astype(int)
    np.testing.assert_allclose(answers, ninths / 9, rtol=1e-6, atol=1e-7)
    return np.sign(ninths) * (100 * np.abs(ninths) // 9)


@contextlib.contextmanager
def float64():
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def correlate(image, kernels, strides, dilations, padding):
    """A convolution layer in NumPy: image (..., d) and kernels (..., d, k), of any rank."""
    rank = image.ndim - 1
    if padding == "same":
        spread = []
        for size, kernel, stride, dilation in zip(
            image.shape[:-1], kernels.shape[:rank], strides, dilations, strict=True
        ):
            missing = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
            spread.append((missing // 2, missing - missing // 2))
        image = np.pad(image, [*spread, (0, 0)])
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernels.shape[:rank], strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(image, spans, tuple(range(rank)))
    every = tuple(slice(None, None, stride) for stride in strides)
    within = tuple(slice(None, None, dilation) for dilation in dilations)
    windows = windows[(*every, slice(None), *within)]
    places, inside = "abc"[:rank], "xyz"[:rank]
    return np.einsum(f"{places}d{inside},{inside}dk->{places}k", windows, kernels)


def test_the_lectures_filtered_x():
    maps = layer_outputs(FilterBank(pool_sizes=(2,)), clean_letters()[0])
    backslash, crossing, slash = maps["filters"]
    np.testing.assert_array_equal(cut(backslash), hundredths(BACKSLASH, 7))
    np.testing.assert_array_equal(cut(crossing), hundredths(CROSSING, 7))
    np.testing.assert_array_equal(cut(slash), hundredths(BACKSLASH, 7)[:, ::-1])
    for name, pooled in zip(filters.FEATURES, maps["pool1"], strict=True):
        np.testing.assert_array_equal(cut(pooled), hundredths(POOLED[name], 4))


def test_relu_makes_negative_answers_zero_and_leaves_the_rest():
    maps = layer_outputs(FilterBank(activation="relu"), clean_letters()[0])
    for table, printed in zip(maps["activation"][:2], (BACKSLASH, CROSSING), strict=True):
        np.testing.assert_array_equal(cut(table), np.maximum(hundredths(printed, 7), 0))


def test_the_photograph_kernels_are_the_lectures():
    horizontal = [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]
    slanted = np.array([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]])
    expected = {
        "blur": np.ones((3, 3)) / 9,
        "horizontal lines": horizontal,
        "vertical lines": np.transpose(horizontal),
        "45° lines": slanted,
        "135° lines": slanted[:, ::-1],
        "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        "laplacian": [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
        "sobel": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
        "edge enhance": [[0, 0, 0], [-1, 1, 0], [0, 0, 0]],
        "edge detect": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    }
    assert set(filters.KERNELS) == set(expected)
    layer = FilterBank(filters.KERNELS, (5, 5, 1)).get_layer("filters")
    for number, name in enumerate(filters.KERNELS):
        np.testing.assert_allclose(layer.get_weights()[0][..., 0, number], expected[name], rtol=1e-7)


def test_line_kernels_answer_most_to_their_own_line():
    """45° runs from bottom left to top right, 135° from top left to bottom right."""
    lines = {
        "horizontal lines": np.eye(7)[3][:, None] * np.ones(7),
        "vertical lines": np.eye(7)[3] * np.ones((7, 1)),
        "45° lines": np.eye(7)[::-1],
        "135° lines": np.eye(7),
    }
    bank = FilterBank({name: filters.KERNELS[name] for name in lines}, (7, 7, 1))
    for number, line in enumerate(lines.values()):
        assert np.asarray(bank(line[None, ..., None]))[0, 2, 2].argmax() == number


@pytest.mark.parametrize("name", ["horizontal lines", "sobel", "laplacian", "edge detect", "edge enhance"])
def test_kernels_that_add_up_to_0_answer_0_where_a_picture_is_even(name):
    answers = FilterBank([filters.KERNELS[name]], (6, 6, 1))(np.full((1, 6, 6, 1), 200.0))
    np.testing.assert_array_equal(answers, 0)


@st.composite
def banks(draw):
    rank = draw(st.integers(1, 3))
    several = st.lists(st.integers(1, 3), min_size=rank, max_size=rank)
    padding = draw(st.sampled_from(["valid", "same"]))
    kernel, strides, dilations = draw(several), draw(several), [1] * rank
    if draw(st.booleans()):  # not both at once, says Keras
        strides, dilations = dilations, strides
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    sizes = [draw(st.integers(span if padding == "valid" else 1, span + 5)) for span in spans]
    channels, features = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    kernels = random.normal(size=(features, *kernel, channels))
    return random.normal(size=(*sizes, channels)), kernels, tuple(strides), tuple(dilations), padding


@settings(max_examples=60, deadline=None)
@given(banks())
def test_filter_bank_computes_what_numpy_does_in_1d_2d_and_3d(bank):
    image, kernels, strides, dilations, padding = bank
    # TensorFlow's conv3d alone starts at another pixel where "same" and a stride longer than the
    # kernel leave pixels over at the end: of 3 pixels, a stride of 3 takes the middle one
    left_over = [
        size - (-(-size // stride) - 1) * stride - dilation * (kernel - 1) - 1
        for size, kernel, stride, dilation in zip(
            image.shape, kernels.shape[1:], strides, dilations, strict=False
        )
    ]
    assume(not (len(strides) == 3 and padding == "same" and max(left_over) > 0))
    with float64():
        model = FilterBank(
            list(kernels), image.shape, strides=strides, padding=padding, dilation_rate=dilations
        )
        answers = np.asarray(model(image[None]))[0]
    expected = correlate(image, np.moveaxis(kernels, 0, -1), strides, dilations, padding)
    assert model.output_shape[1:] == expected.shape == answers.shape
    np.testing.assert_allclose(answers, expected, rtol=1e-6, atol=1e-12)


@st.composite
def stacks(draw):
    """Sizes, channels, and one to four layers that fit on top of each other."""
    size = [draw(st.integers(1, 24)), draw(st.integers(1, 24))]
    stack = []
    for _ in range(draw(st.integers(1, 4))):
        stack.append(
            {
                "kind": draw(st.sampled_from(["conv", "max", "avg"])),
                "window": (draw(st.integers(1, 5)), draw(st.integers(1, 5))),
                "stride": draw(st.integers(1, 3)),
                "dilation": draw(st.integers(1, 3)),
                "padding": draw(st.sampled_from(["valid", "same"])),
                "features": draw(st.integers(1, 4)),
                "bias": draw(st.booleans()),
            }
        )
    return size, draw(st.integers(1, 3)), stack


@settings(max_examples=80, deadline=None)
@given(stacks())
def test_sizes_and_parameters_of_random_stacks_are_those_of_keras(drawn):
    size, channels, stack = drawn
    x = images = keras.Input((*size, channels))
    expected, depth = 0, channels
    for layer in stack:
        window, stride, padding = layer["window"], layer["stride"], layer["padding"]
        dilation = layer["dilation"] if layer["kind"] == "conv" and stride == 1 else 1
        size = [
            filters.output_size(s, k, stride, padding, dilation) for s, k in zip(size, window, strict=True)
        ]
        if 0 in size:
            break  # Keras would refuse it
        if layer["kind"] == "conv":
            expected += (window[0] * window[1] * depth + layer["bias"]) * layer["features"]
            depth = layer["features"]
            x = layers.Conv2D(depth, window, stride, padding, dilation_rate=dilation, use_bias=layer["bias"])(
                x
            )
        else:
            pool = layers.MaxPooling2D if layer["kind"] == "max" else layers.AveragePooling2D
            x = pool(window, stride, padding)(x)
        assert x.shape == (None, *size, depth)
    assert keras.Model(images, x).count_params() == expected


def test_the_formula_holds_for_what_layers_return():
    """On actual outputs; the stacks above ask Keras for shapes only."""
    combinations = [*filters.size_combinations(range(1, 10), range(1, 5), range(1, 4), (1, 2))]
    assert len(set(combinations)) == len(combinations) > 300
    for case in combinations:
        assert filters.output_size(*case[:5]) == filters.layer_output_size(*case), case


@settings(max_examples=200, deadline=None)
@given(
    size=st.integers(1, 60),
    kernel=st.integers(1, 9),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same"]),
)
def test_output_size_counts_the_places_of_the_kernel(size, kernel, stride, dilation, padding):
    before, after = filters.zeros_around(size, kernel, stride, padding, dilation)
    ends = [start + dilation * (kernel - 1) for start in range(0, before + size + after, stride)]
    places = sum(end < before + size + after for end in ends)
    assert filters.output_size(size, kernel, stride, padding, dilation) == places
    if padding == "same":
        assert places == -(-size // stride)
        assert 0 <= after - before <= 1


def test_the_lectures_sizes():
    assert [filters.output_size(side, 3) for side in (9, 7, 256)] == [7, 5, 254]  # height - 2
    assert filters.output_size(7, 2, 2, "same") == 4  # pooling, edges kept
    assert filters.output_size(7, 3, padding="same") == 7  # zeros keep the size
    assert [filters.output_size(28, 3, stride) for stride in (2, 3, 4)] == [13, 9, 7]
    assert filters.zeros_around(28, 5, 2, "same") == (1, 2)  # as in models.ConvNet
    assert filters.output_size(2, 3) == 0


def test_parameters_are_height_times_width_times_depth_plus_1_times_kernels():
    for h, w, d, k in [(3, 3, 1, 3), (5, 3, 3, 8), (1, 1, 4, 2)]:
        bank = FilterBank(None, (9, 9, d), filters=k, kernel_size=(h, w), use_bias=True, pool_sizes=(2,))
        assert bank.count_params() == (h * w * d + 1) * k
        assert bank.get_layer("filters").output.shape == (None, 9 - h + 1, 9 - w + 1, k)
        assert bank.get_layer("pool1").count_params() == 0
    assert FilterBank().count_params() == 27
    np.testing.assert_array_equal(FilterBank(use_bias=True).get_layer("filters").get_weights()[1], 0)


def test_moving_the_picture_moves_the_answers():
    """Parameter sharing over space: the same filter runs over the whole image."""
    image = np.zeros((1, 20, 20, 1), "float32")
    image[0, 3:12, 4:13] = clean_letters()[0]
    moved = np.roll(image, (5, 3), (1, 2))
    bank = FilterBank(input_shape=(20, 20, 1))
    one, other = np.asarray(bank(image)), np.asarray(bank(moved))
    np.testing.assert_allclose(other[:, 5:, 3:], one[:, :-5, :-3], atol=1e-6)


def test_average_pooling_takes_the_mean_and_leaves_out_what_lies_beyond_the_edge():
    image = np.arange(9.0).reshape(1, 3, 3, 1)
    bank = FilterBank([filters.IDENTITY], (3, 3, 1), padding="same", pooling="avg", pool_sizes=(2,))
    np.testing.assert_allclose(np.asarray(bank(image))[0, ..., 0], [[2, 3.5], [6.5, 8]])


def test_max_pooling_at_the_edge_does_not_count_zeros():
    bank = FilterBank([filters.IDENTITY], (3, 3, 1), padding="same", pool_sizes=(2,))
    assert (np.asarray(bank(np.full((1, 3, 3, 1), -1.0))) == -1).all()


def test_averaged_divides_by_the_number_of_values():
    averaged = filters.averaged({"2D": ((1, 2), (3, 4)), "1D": (3, 6, 9), "3D": (((8,),),)})
    assert averaged == {"2D": ((0.25, 0.5), (0.75, 1.0)), "1D": (1.0, 2.0, 3.0), "3D": (((8.0,),),)}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"input_shape": (2, 9, 1)}, "kernel of 3 x 3 does not fit into 2 x 9"),
        ({"input_shape": (4, 4, 1), "dilation_rate": 2}, "does not fit into 4 x 4 at this dilation_rate"),
        ({"input_shape": (9,)}, "not (9,)"),
        ({"input_shape": (9, -9, 1)}, "not (9, -9, 1)"),
        ({"input_shape": (9, 9, 3)}, "3 channels"),
        ({"kernels": [((1, 2),), ((1,), (2,))]}, "one shape, not (1, 2) and (2, 1)"),
        ({"kernels": [((1, 2), (3,))]}, "rows of equal length"),
        ({"kernels": ["abc"]}, "must be numbers"),
        ({"kernels": []}, "one shape, not none"),
        ({"kernels": [(1, 2, 3)]}, "not of shape (3,)"),
        ({"kernels": None, "kernel_size": -3}, "not -3"),
        ({"kernels": None, "kernel_size": (3, 3, 3)}, "not (3, 3, 3)"),
        ({"kernels": None, "filters": 0}, "not 0"),
        ({"strides": 0}, "strides of 1 or more"),
        ({"strides": 2, "dilation_rate": 2}, "not both"),
        ({"padding": "full"}, "not 'full'"),
        ({"pool_padding": "none"}, "not 'none'"),
        ({"pooling": "median"}, "not 'median'"),
        ({"pool_sizes": (-2,)}, "not -2"),
        ({"pool_sizes": (4, 2), "pool_padding": "valid"}, "window of 2 x 2 does not fit into 1 x 1"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_sentence(bad, said):
    with pytest.raises(ModelError) as caught:
        FilterBank(**bad)
    assert said in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("bad", "said"),
    [((0, 3), "size of 1 or more, not 0"), ((9, 3, -1), "stride"), ((9, 3, 1, "some"), "'some'")],
)
def test_impossible_sizes_are_refused(bad, said):
    with pytest.raises(ModelError, match=said):
        filters.output_size(*bad)


def test_unknown_kind_of_layer_is_refused():
    with pytest.raises(ModelError, match="'median'"):
        filters.layer_output_size(9, 3, layer="median")
