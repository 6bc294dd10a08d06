"""Gradients of outputs with respect to pixels, held against differences and products by hand."""

import keras
import numpy as np
import pytest
from keras import layers

import models
from models import ModelError
from models.inspection import effective_field, grad_cam, input_gradient, linear_probe, pixels_holding
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


def small_backbone(side=12):
    """Two convolutions and a skip connection that leads past the second."""
    images = keras.Input((side, side, 3))
    x = layers.Rescaling(1 / 255, name="rescale")(images)
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="conv1")(x)
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv2")(x)
    return keras.Model(images, layers.Add(name="sum")([x, y]), name="backbone")


def classifier(backbone, classes=3, activation="softmax", side=12):
    """The usual way to fine-tune: the backbone is one nested model."""
    images = keras.Input((None, None, 3))
    x = layers.Resizing(side, side, name="resize")(images)
    x = layers.GlobalAveragePooling2D(name="pool")(backbone(x))
    x = layers.Dropout(0.2, name="dropout")(x)
    answers = layers.Dense(classes, activation=activation, name="predictions")(x)
    return keras.Model(images, answers, name="classifier")


def by_hand(maps, weights):
    """Grad-CAM where pooling and a dense layer follow: each map weighs what the dense layer says."""
    heat = np.maximum(np.einsum("nhwc,c->nhw", maps, weights), 0)
    return heat / np.maximum(heat.max((1, 2), keepdims=True), 1e-9)


@pytest.fixture(scope="module")
def photos():
    return np.random.default_rng(3).uniform(0, 255, (5, 12, 12, 3)).astype("float32")


def nested_twice(backbone):
    images = keras.Input((12, 12, 3))
    return keras.Model(images, backbone(images), name="outer")


def sequential(backbone):
    return keras.Sequential([keras.Input((12, 12, 3)), backbone], name="sequence")


def with_operations(backbone):
    """Steps that are no layers, and a layer of the same name as one in the classifier."""
    images = keras.Input((12, 12, 3))
    x = layers.Dropout(0.5, name="dropout")(keras.ops.flip(backbone(images), axis=2))
    return keras.Model(images, keras.ops.maximum(x, 0.0) * 2.0, name="operations")


@pytest.mark.parametrize("wrap", [lambda backbone: backbone, nested_twice, sequential])
def test_grad_cam_is_the_closed_form_through_any_nesting(wrap, photos):
    keras.utils.set_random_seed(1)
    backbone = small_backbone()
    model = classifier(wrap(backbone))
    maps = backbone(photos).numpy()
    kernel = model.get_layer("predictions").kernel.numpy()
    for index in range(3):
        np.testing.assert_allclose(grad_cam(model, photos, index), by_hand(maps, kernel[:, index]), atol=1e-5)
    each = grad_cam(model, photos, np.array([2, 0, 1, 1, 2]))
    expected = [by_hand(maps[[n]], kernel[:, index])[0] for n, index in enumerate([2, 0, 1, 1, 2])]
    np.testing.assert_allclose(each, expected, atol=1e-5)
    assert each.min() == 0 and each.max() == pytest.approx(1)


def test_operations_and_names_used_twice_are_no_obstacle(photos):
    keras.utils.set_random_seed(1)
    backbone = small_backbone()
    model = classifier(with_operations(backbone))
    kernel = model.get_layer("predictions").kernel.numpy()
    straight = by_hand(backbone(photos).numpy(), kernel[:, 1])
    np.testing.assert_allclose(grad_cam(model, photos, 1, "sum"), straight, atol=1e-5)
    before = model.predict(photos, verbose=0)
    flipped = grad_cam(model, photos, 1)  # by default behind the mirror
    np.testing.assert_allclose(flipped, straight[:, :, ::-1], atol=1e-5)
    np.testing.assert_array_equal(model.predict(photos, verbose=0), before)  # nothing changed by looking


@pytest.mark.parametrize("path", ["conv1", "conv2"])
def test_maps_weigh_what_a_small_change_of_them_does_to_the_score(path, photos):
    keras.utils.set_random_seed(4)
    backbone = small_backbone()
    model = classifier(backbone)
    first, second = backbone.get_layer("conv1"), backbone.get_layer("conv2")
    kernel, bias = model.get_layer("predictions").get_weights()

    def score(change1, change2):
        """The logit of class 2 by the layers' own hands, from changed maps."""
        one = first(photos / 255).numpy() + change1
        return ((one + second(one).numpy() + change2).mean((1, 2)) @ kernel + bias)[:, 2]

    maps = first(photos / 255)
    maps = (maps if path == "conv1" else second(maps)).numpy()
    weights = []
    for feature in range(4):  # all pixels of one map a little higher: the mean slope, times their number
        change = 1e-2 * np.eye(4)[feature]
        up, down = ((score(s * change, 0) if path == "conv1" else score(0, s * change)) for s in (1, -1))
        weights.append((up - down) / 2e-2)
    expected = np.stack([by_hand(maps[[n]], np.transpose(weights)[n])[0] for n in range(len(photos))])
    np.testing.assert_allclose(grad_cam(model, photos, 2, path), expected, atol=0.02)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "linear", "separate"])
def test_the_score_is_taken_before_it_is_squashed(activation, photos):
    keras.utils.set_random_seed(1)
    backbone = small_backbone()
    model = classifier(backbone, activation=None if activation == "separate" else activation)
    if activation == "separate":
        model = keras.Model(model.input, layers.Softmax(name="softmax")(model.output))
    kernel, bias = model.get_layer("predictions").get_weights()
    model.get_layer("predictions").set_weights([kernel * 1e4, bias])  # so sure that no slope is left
    expected = by_hand(backbone(photos).numpy(), kernel[:, 0])
    np.testing.assert_allclose(grad_cam(model, photos, 0), expected, atol=1e-5)


def test_one_neuron_speaks_for_class_1_and_against_class_0(photos):
    keras.utils.set_random_seed(1)
    backbone = small_backbone()
    model = classifier(backbone, classes=1, activation="sigmoid")
    kernel = model.get_layer("predictions").kernel.numpy()[:, 0]
    maps = backbone(photos).numpy()
    np.testing.assert_allclose(grad_cam(model, photos, 1), by_hand(maps, kernel), atol=1e-5)
    np.testing.assert_allclose(grad_cam(model, photos, 0), by_hand(maps, -kernel), atol=1e-5)


def test_a_planted_pattern_is_found():
    """Class 1 is "a bright square": the network is set by hand, and each photo has one elsewhere."""
    model = classifier(backbone := small_backbone(), classes=2)
    for layer in backbone.layers + model.layers:
        layer.set_weights([np.zeros_like(values) for values in layer.get_weights()])
    backbone.get_layer("conv1").set_weights([np.full((3, 3, 3, 4), 1 / 27), np.full(4, -0.5)])
    model.get_layer("predictions").set_weights([np.tile([-1.0, 1.0], (4, 1)), np.zeros(2)])
    photos = np.full((20, 12, 12, 3), 20.0)
    corners = np.random.default_rng(0).integers(0, 5, (20, 2)) * 2  # where a window of conv1 begins
    for photo, (row, column) in zip(photos, corners, strict=True):
        photo[row : row + 3, column : column + 3] = 250
    heat = grad_cam(model, photos, 1)
    found = [np.unravel_index(each.argmax(), each.shape) for each in heat]
    np.testing.assert_array_equal(found, corners // 2)
    assert not grad_cam(model, photos, 0).any()  # nothing speaks for the other class


def test_by_default_the_last_map_is_taken_wherever_it_is(images):
    network = models.ConvNet()
    np.testing.assert_array_equal(grad_cam(network, images, 3), grad_cam(network, images, 3, "pool"))
    features = keras.Model(network.input, network.get_layer("dense").output)  # no rows and columns at its end
    inputs = keras.Input((28, 28, 1))
    nested = keras.Model(inputs, layers.Dense(10, name="predictions")(features(inputs)))
    nested.get_layer("predictions").set_weights(network.get_layer("predictions").get_weights())
    np.testing.assert_allclose(grad_cam(nested, images, 3), grad_cam(network, images, 3), atol=1e-5)
    whole = keras.Sequential([inputs, network])  # the answer comes from inside, and so must the score
    np.testing.assert_allclose(grad_cam(whole, images, 3), grad_cam(network, images, 3), atol=1e-5)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"layer": "nose"}, "classifier has no layer 'nose'; it has resize, .*conv2"),
        ({"layer": "pool"}, "pool has no rows and columns"),
        ({"class_index": 3}, "tells 3 classes, from 0 on; it cannot look for 3"),
        ({"class_index": -1}, "cannot look for -1"),
        ({"class_index": [0, 1]}, "in 5 images"),
    ],
)
def test_grad_cam_refuses_in_a_sentence(bad, said, photos):
    with pytest.raises(ModelError, match=said):
        grad_cam(classifier(small_backbone()), photos, **{"class_index": 0, **bad})


def test_a_model_without_maps_or_without_classes_has_no_grad_cam(photos):
    flat = keras.Sequential([keras.Input((12, 12, 3)), layers.Flatten(), layers.Dense(2)], name="flat")
    with pytest.raises(ModelError, match="No layer of flat has rows and columns"):
        grad_cam(flat, photos, 0)
    with pytest.raises(ModelError, match="backbone does not answer with one number a class"):
        grad_cam(small_backbone(), photos, 0)
