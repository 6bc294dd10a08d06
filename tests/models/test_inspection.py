"""Gradients of outputs with respect to pixels, held against differences and products by hand."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers

import models
from models import ModelError
from models.inspection import (
    class_probabilities,
    deletion,
    effective_field,
    exciting_image,
    feature_maps,
    field_boxes,
    first_filters,
    grad_cam,
    hidden_activations,
    hidden_layer,
    input_gradient,
    linear_probe,
    most_exciting,
    occlusion,
    pixels_holding,
    randomized,
    saliency,
    stages,
)
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


def test_a_softmax_that_is_a_layer_of_its_own_does_not_hinder_the_linear_probe():
    images = keras.Input((6, 6, 1))
    x = layers.GlobalMaxPooling2D()(layers.Conv2D(2, 3, activation="relu")(images))
    model = keras.Model(images, layers.Softmax()(layers.Rescaling(2.0)(x)))
    gradient = input_gradient(linear_probe(model), np.ones((1, 6, 6, 1)), model.layers[-1].name)
    assert (gradient > 0).all()


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
    images = keras.Input(backbone.input_shape[1:])
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
    outermost = feature_maps(model, photos, ["dropout", "operations/dropout"])
    assert [values.ndim for values in outermost.values()] == [2, 4]
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


def cross_detector(kind, classes=2, activation="softmax"):
    """Class 1 is "a bright cross": a network by hand, of photos of two channels, in three makes."""
    cross = -np.ones((5, 5, 2, 1)) / 32
    cross[2, :, :, 0] = cross[:, 2, :, 0] = 1 / 18
    conv = layers.Conv2D(2, 5, padding="same", activation="relu", name="conv")
    inputs = keras.Input((20, 16, 2))
    pool, head = (
        layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(classes, activation=activation, name="predictions"),
    )
    if kind == "sequential":
        model = keras.Sequential([inputs, conv, pool, head])
    elif kind == "nested":
        inside = keras.Model(inputs, layers.Identity(name="same")(conv(inputs)), name="inside")
        outside = keras.Input((20, 16, 2))
        model = keras.Model(outside, head(pool(inside(outside))))
    else:
        model = keras.Model(inputs, head(pool(conv(inputs))))
    conv.set_weights([np.concatenate([cross, 0 * cross], -1), np.array([-100.0, 0])])
    kernel = np.array([[-1.0, 1.0], [0, 0]])[:, 2 - classes :] / 2
    head.set_weights([kernel, np.zeros(classes)])
    return model


@pytest.mark.parametrize(
    ("kind", "classes", "activation"),
    [
        ("functional", 2, "softmax"),
        ("sequential", 2, "softmax"),
        ("nested", 2, "softmax"),
        ("sequential", 2, None),
        ("nested", 1, "sigmoid"),
        ("functional", 2, "sigmoid"),
    ],
)
def test_a_planted_cross_is_found_by_all_three_maps(kind, classes, activation):
    model = cross_detector(kind, classes, activation)
    random = np.random.default_rng(0)
    photos = random.uniform(0, 30, (6, 20, 16, 2)).astype("float32")
    corners = random.integers((0, 0), (15, 11), (6, 2))
    for photo, (row, column) in zip(photos, corners, strict=True):
        photo[row + 2, column : column + 5] = photo[row : row + 5, column + 2] = 250
    maps = {
        "saliency": saliency(model, photos, 1).max(-1),  # what raises the class
        "grad_cam": grad_cam(model, photos, 1),
        "occlusion": occlusion(model, photos, 1, window=3, stride=1, fill=0),
    }
    for name, heat in maps.items():
        assert heat.shape == photos.shape[:3]
        peaks = np.array([np.unravel_index(each.argmax(), each.shape) for each in heat])
        assert ((corners <= peaks) & (peaks < corners + 5)).all(), name
    np.testing.assert_array_equal(
        [np.unravel_index(each.argmax(), each.shape) for each in maps["grad_cam"]], corners + 2
    )
    most = most_exciting(model, photos, "conv", [0], count=6)
    places = corners[most.indices[0]]
    np.testing.assert_array_equal(most.positions[0], places + 2)
    np.testing.assert_array_equal(most.boxes[0], np.hstack([places, places + 5]))
    assert not grad_cam(model, photos, 0).any()  # nothing speaks for the other class
    np.testing.assert_allclose(saliency(model, photos, 0), -saliency(model, photos, 1), atol=1e-9)
    against = occlusion(model, photos, 0, window=3, stride=1, fill=0)
    if classes == 1 or activation != "sigmoid":  # the two probabilities sum to 1
        np.testing.assert_allclose(against, -maps["occlusion"], atol=1e-6)


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
        ({"class_index": 3}, "has 3 classes, from 0 to 2: class_index cannot be 3"),
        ({"class_index": -1}, "class_index cannot be -1"),
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
    with pytest.raises(ModelError, match="backbone needs one output"):
        grad_cam(small_backbone(), photos, 0)


@pytest.fixture
def exactly():
    """Layers that are built meanwhile compute in float64, where differences of outputs are exact."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def whole(backbone, **settings):
    """The classifier as the only layer of a sequential model: the answer comes from inside."""
    return keras.Sequential([keras.Input((12, 12, 3)), classifier(backbone, **settings)])


@pytest.mark.parametrize("make", [classifier, whole])
@pytest.mark.parametrize(
    ("classes", "activation"), [(3, "softmax"), (3, "sigmoid"), (3, None), (1, "sigmoid")]
)
def test_saliency_is_what_a_small_change_of_a_pixel_does_to_the_score(make, classes, activation, exactly):
    keras.utils.set_random_seed(5)
    model = make(backbone := small_backbone(), classes=classes, activation=activation)
    inner = model.get_layer("classifier") if make is whole else model
    kernel, bias = inner.get_layer("predictions").get_weights()
    photos = np.random.default_rng(1).uniform(0, 255, (3, 12, 12, 3))
    wanted = np.array([2, 0, 1]) if classes == 3 else np.array([1, 0, 1])

    def score(images):
        logits = np.asarray(backbone(images)).mean((1, 2)) @ kernel + bias
        return np.where(wanted == 1, 1, -1) * logits[:, 0] if classes == 1 else logits[range(3), wanted]

    slopes = saliency(model, photos, wanted)
    assert slopes.dtype == "float64"
    for place in (0, 0, 0), (5, 7, 2), (11, 11, 1), (3, 8, 0):
        up, down = photos.copy(), photos.copy()
        up[:, *place] += 1e-4
        down[:, *place] -= 1e-4
        expected = (score(up) - score(down)) / 2e-4
        np.testing.assert_allclose(slopes[:, *place], expected, rtol=1e-5, atol=1e-9)


def squashed(logits, activation):
    if logits.shape[-1] == 1:
        one = 1 / (1 + np.exp(-logits))
        return np.concatenate([1 - one, one], 1)
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


@pytest.mark.parametrize("make", [classifier, whole])
@pytest.mark.parametrize(
    ("classes", "activation", "fill"),
    [
        (3, "softmax", None),
        (3, "sigmoid", 7.0),
        (3, None, (1.0, 90.0, 200.0)),
        (1, "sigmoid", 0),
        (1, None, 255),
    ],
)
def test_occlusion_is_the_plain_loop(make, classes, activation, fill, photos):
    keras.utils.set_random_seed(6)
    model = make(backbone := small_backbone(), classes=classes, activation=activation)
    inner = model.get_layer("classifier") if make is whole else model
    kernel, bias = inner.get_layer("predictions").get_weights()
    inner.get_layer("predictions").set_weights([kernel * 3, bias])

    def probabilities(images, index):
        logits = np.asarray(backbone(np.stack(images))).mean((1, 2)) @ kernel * 3
        return squashed(logits, activation)[:, index]

    corners = [*itertools.product((0, 3, 6, 7), repeat=2)]  # the last window ends where the image does
    wanted, expected = np.array([1, 0, 1, 1, 0]), np.zeros((5, 12, 12))
    for photo, index, heat in zip(photos, wanted, expected, strict=True):
        times, changed = np.zeros((12, 12)), []
        for top, left in corners:
            changed.append(photo.copy())
            changed[-1][top : top + 5, left : left + 5] = photo.mean((0, 1)) if fill is None else fill
        whole_photo, *without = probabilities([photo, *changed], index)
        for (top, left), left_over in zip(corners, without, strict=True):
            heat[top : top + 5, left : left + 5] += whole_photo - left_over
            times[top : top + 5, left : left + 5] += 1
        heat /= times
    found = occlusion(model, photos, wanted, window=5, stride=3, fill=fill)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert abs(expected).max() > 1e-3


def test_deletion_hides_the_hottest_pixels(photos):
    model = classifier(backbone := small_backbone(), classes=3)
    kernel = model.get_layer("predictions").kernel.numpy()
    heat = np.random.default_rng(2).uniform(size=(5, 12, 12))
    changed = photos.copy()
    for photo, each in zip(changed, heat, strict=True):
        photo[each >= np.sort(each, None)[-36]] = 9
    expected = squashed(np.asarray(backbone(changed)).mean((1, 2)) @ kernel, "softmax")[:, 2]
    np.testing.assert_allclose(deletion(model, photos, 2, heat, 0.25, fill=9), expected, atol=1e-6)
    untouched = np.asarray(model(photos))[:, 2]
    np.testing.assert_allclose(deletion(model, photos, 2, heat, 0), untouched, atol=1e-6)
    flat = deletion(model, photos, 2, np.zeros((5, 3, 3)), 1, fill=0)  # all is hidden, whatever the map
    np.testing.assert_allclose(flat, flat[0])


@pytest.mark.parametrize("wrap", [lambda backbone: backbone, nested_twice, sequential])
def test_feature_maps_are_what_the_layers_compute(wrap, photos):
    keras.utils.set_random_seed(1)
    backbone = small_backbone()
    model = classifier(wrap(backbone))
    one = backbone.get_layer("conv1")(photos / 255).numpy()
    two = one + backbone.get_layer("conv2")(one).numpy()
    found = feature_maps(model, photos)
    inner = {name.rpartition("/")[2]: values for name, values in found.items()}
    assert [*inner] == ["resize", "rescale", "conv1", "conv2", "sum", "pool", "dropout", "predictions"]
    assert next(name for name in found if name.endswith("conv1")).endswith("backbone/conv1")
    np.testing.assert_allclose(inner["conv1"], one, atol=1e-6)
    np.testing.assert_allclose(inner["sum"], two, atol=1e-6)
    np.testing.assert_allclose(inner["pool"], two.mean((1, 2)), atol=1e-6)
    np.testing.assert_allclose(inner["predictions"], model.predict(photos, verbose=0), atol=1e-6)
    some = feature_maps(model, np.repeat(photos, 7, 0), ["sum", "backbone/conv1"])  # more than at once
    assert [*some] == ["sum", "backbone/conv1"]
    np.testing.assert_allclose(some["sum"], np.repeat(two, 7, 0), atol=1e-6)
    np.testing.assert_allclose(hidden_activations(model, photos), two.mean((1, 2)), atol=1e-6)


def test_the_last_hidden_layer_is_found_inside_a_nested_head(photos):
    head = keras.Sequential(
        [keras.Input((4,)), layers.Dense(2, name="answers"), layers.Softmax()], name="head"
    )
    inputs = keras.Input((12, 12, 3))
    backbone = small_backbone()
    model = keras.Model(inputs, head(layers.GlobalMaxPooling2D(name="highest")(backbone(inputs))))
    expected = np.asarray(backbone(photos)).max((1, 2))
    np.testing.assert_allclose(hidden_activations(model, photos), expected, atol=1e-6)
    flat = keras.Sequential([keras.Input((12, 12, 3)), layers.Conv2D(2, 12), layers.Flatten()])
    np.testing.assert_array_equal(hidden_activations(flat, photos), photos.reshape(5, -1))


def test_stages_end_where_something_is_activated_or_pooled():
    images = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, name="plain")(images)
    x = layers.BatchNormalization(name="normal")(x)
    x = layers.ReLU(name="on")(x)
    x = layers.MaxPooling2D(name="pooled")(x)
    x = layers.Conv2D(4, 3, activation="relu", name="at_once")(x)
    model = keras.Model(images, layers.Dense(2, name="answers")(layers.Flatten(name="flat")(x)))
    assert stages(model) == ["on", "pooled", "at_once"]
    assert stages(model, pooling=False) == ["on", "at_once"]
    assert stages(nested_twice(small_backbone())) == ["backbone/conv1", "backbone/conv2"]
    linear = keras.Sequential([images, layers.Conv2D(1, 3, name="only"), layers.Flatten()])
    assert stages(linear) == ["only"]
    with pytest.raises(ModelError, match="rows and columns"):
        stages(keras.Sequential([keras.Input((8,)), layers.Dense(2)]))


def test_the_hidden_layer_is_the_last_vector_before_what_learns_last():
    assert hidden_layer(classifier(small_backbone())) == "pool"
    assert hidden_layer(keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(2)]))
    ends = [layers.Conv2D(2, 4, name="answers"), layers.Flatten(name="flat"), layers.Softmax()]
    assert hidden_layer(keras.Sequential([keras.Input((4, 4, 1)), *ends])) is None
    nested = keras.Sequential(
        [keras.Input((2,)), layers.Dense(5, name="neurons"), layers.Dense(3)], name="head"
    )
    flat = [layers.Flatten(), layers.Dense(2), nested]
    assert hidden_layer(keras.Sequential([keras.Input((4, 4, 1)), *flat])) == "head/neurons"


def test_first_filters_are_the_weights_that_pixels_meet():
    """On a filter of its own, each neuron answers with the sum of its squared weights."""
    for first in (layers.Conv2D(5, 3), layers.Dense(5)):
        inputs = keras.Input((3, 3, 2))
        x = first(layers.Flatten()(inputs) if isinstance(first, layers.Dense) else inputs)
        name, filters = first_filters(nested_twice(keras.Model(inputs, x, name="inner")))
        filters = np.asarray(filters)
        assert name == f"inner/{first.name}" and filters.shape == (5, 3, 3, 2)
        answers = np.asarray(keras.Model(inputs, x)(filters)).reshape(5, 5)
        np.testing.assert_allclose(np.diag(answers), (filters**2).sum((1, 2, 3)), rtol=1e-5)
    depthwise = layers.DepthwiseConv2D(3, depth_multiplier=2)
    inputs = keras.Input((3, 3, 2))
    _, filters = first_filters(keras.Model(inputs, depthwise(inputs)))
    assert np.asarray(filters).shape == (2, 3, 3, 2)
    with pytest.raises(ModelError, match="does not begin with a convolution or a dense layer"):
        first_filters(keras.Sequential([inputs, layers.GlobalAveragePooling2D(), layers.Dense(2)]))


def test_a_gradient_reaches_into_nested_models(photos):
    keras.utils.set_random_seed(1)  # by which this ReLU is on
    backbone = small_backbone()
    inside = input_gradient(classifier(backbone), photos, "conv2", (2, 3), channel=1)
    np.testing.assert_allclose(
        inside, input_gradient(backbone, photos, "conv2", (2, 3), channel=1), atol=1e-8
    )
    assert inside.any()


@pytest.mark.parametrize("position", [None, (3, 4)])
def test_an_exciting_image_is_the_kernel_in_black_and_white(position):
    """A linear filter is excited most by white where its weights are above 0, and black below."""
    random = np.random.default_rng(4)
    inputs = keras.Input((5, 5, 2))
    x = layers.Conv2D(3, 5, use_bias=False, name="whole")(inputs)
    x = layers.Conv2D(2, 1, use_bias=False, name="after")(x)
    model = keras.Model(inputs, x)
    if position:  # the same, in one window of a larger image
        outer = keras.Input((12, 12, 2))
        x = layers.Conv2D(3, 5, use_bias=False, name="whole")(outer)
        model = keras.Model(outer, layers.Conv2D(2, 1, use_bias=False, name="after")(x))
    kernel = random.choice([-1.0, 1.0], (5, 5, 2, 3))
    mixing = np.array([[[[0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]]]])
    model.get_layer("whole").set_weights([kernel])
    model.get_layer("after").set_weights([mixing])
    settings = {"position": position, "pixels": (-1, 1), "jitter": 0, "blur": 0, "steps": 40}
    window = (slice(3, 8), slice(4, 9)) if position else (slice(None), slice(None))
    made = exciting_image(model, "whole", [2, 0], **settings)
    assert abs(made).max() <= 1
    np.testing.assert_array_equal(np.sign(made[0][window]), kernel[..., 2])
    np.testing.assert_array_equal(np.sign(made[1][window]), kernel[..., 0])
    assert abs(made[:, *window]).mean() > 0.9
    if position:
        assert abs(made[0, 8:]).mean() < 0.1  # what the pixel does not see stays grey
    deeper = exciting_image(model, "after", 0, **settings)
    np.testing.assert_array_equal(np.sign(deeper[window]), -kernel[..., 1])


def test_an_exciting_image_bears_the_moves_that_it_is_made_with():
    """Moved to and fro, the pattern stays where it is: ascent with moves gets nearly as far."""
    inputs = keras.Input((12, 12, 1))
    model = keras.Model(inputs, layers.Conv2D(1, 3, activation="relu", name="conv")(inputs))
    stripes = np.tile(np.reshape([1.0, 1, -2], (3, 1, 1)), (3, 1, 1, 1))
    model.get_layer("conv").set_weights([stripes, np.zeros(1)])
    still, moved = (
        feature_maps(model, exciting_image(model, "conv", 0, jitter=n, blur=0.0)[None])["conv"].mean()
        for n in (0, 1)
    )
    assert moved > 0.8 * still > 0


def test_an_exciting_image_of_a_class_has_its_colour_in_any_nesting_and_is_made_again_by_its_seed():
    """Three classes by hand: red, green and blue; neuron 3 is there for none."""
    model = classifier(sequential(backbone := small_backbone()))
    colours = np.zeros((3, 3, 3, 4))
    colours[:, :, :, :3] = 1.5 * np.eye(3) - 0.5
    backbone.get_layer("conv1").set_weights([colours, np.zeros(4)])
    backbone.get_layer("conv2").set_weights([np.zeros((3, 3, 4, 4)), np.zeros(4)])
    model.get_layer("predictions").set_weights([np.eye(4, 3), np.zeros(3)])
    settings = {"image_size": (12, 12), "steps": 15}
    made = exciting_image(model, "predictions", [0, 2, 1], **settings)
    assert made.shape == (3, 12, 12, 3) and made.min() >= 0 and made.max() <= 255
    for image, colour in zip(made, [0, 2, 1], strict=True):
        inside = image[2:-2, 2:-2].mean((0, 1))
        assert inside[colour] > 200 and np.delete(inside, colour).max() < 60
    model.get_layer("predictions").set_weights([np.eye(4, 3) * 1e5, np.zeros(3)])
    sure = exciting_image(model, "predictions", [0, 2, 1], **settings)  # no slope of the softmax is left
    np.testing.assert_allclose(sure, made, atol=0.5)
    inner = exciting_image(model, "backbone/conv1", 1, **settings)
    np.testing.assert_allclose(inner, exciting_image(backbone, "conv1", 1, steps=15), atol=1e-2)
    assert inner[2:-2, 2:-2].mean((0, 1))[1] > 200 > 60 > inner[2:-2, 2:-2].mean((0, 1))[[0, 2]].max()
    np.testing.assert_array_equal(inner, exciting_image(model, "conv1", 1, **settings))
    assert (inner != exciting_image(model, "conv1", 1, seed=1, **settings)).any()


def test_the_images_that_excite_a_neuron_most_and_where(photos):
    keras.utils.set_random_seed(8)
    backbone = small_backbone()
    model = classifier(nested_twice(backbone))
    images = np.concatenate([photos, photos[:, ::-1], photos[:, :, ::-1] / 2] * 5)  # more than at once
    maps = np.asarray(backbone(images))
    found = most_exciting(model, images, "sum", [2, 0], count=4)
    for line, feature in enumerate([2, 0]):
        highest = maps[..., feature].max((1, 2))
        np.testing.assert_allclose(found.activations[line], np.sort(highest)[::-1][:4], rtol=1e-5)
        for index, value, (row, column), box in zip(*(each[line] for each in found), strict=True):
            assert maps[index, row, column, feature] == pytest.approx(value, rel=1e-5)
            # 3 pixels in steps of 2, then 3 of those; zeros around at the end of the first
            top, left = max(0, 2 * row - 2), max(0, 2 * column - 2)
            assert (*box,) == (top, left, min(12, 2 * row + 5), min(12, 2 * column + 5))
    vectors = most_exciting(model, images, "pool", [1], count=90)
    assert vectors.indices.shape == (1, 75) and vectors.positions.shape == (1, 75, 0)
    np.testing.assert_allclose(vectors.activations[0], np.sort(maps.mean((1, 2))[:, 1])[::-1], rtol=1e-5)
    assert (vectors.boxes == (0, 0, 12, 12)).all()


def test_boxes_are_those_of_the_formula(network):
    for layer, field in of_maps(network).items():
        positions = [(0, 0), field.middle]
        pixels = [field.pixels(*each) for each in positions]
        expected = [(rows[0], columns[0], rows[-1] + 1, columns[-1] + 1) for rows, columns in pixels]
        assert field_boxes(network, layer, (28, 28), positions) == expected


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (lambda m, x: feature_maps(m, x, ["nose"]), "classifier has no layer 'nose'; it has resize"),
        (lambda m, x: feature_maps(m, x, ["backbone/pool"]), "has no layer 'backbone/pool'"),
        (lambda m, x: saliency(m, x, 3), "has 3 classes, from 0 to 2: class_index cannot be 3"),
        (lambda m, x: occlusion(m, x, -1), "class_index cannot be -1"),
        (lambda m, x: occlusion(m, x, 0, window=13), "window of 13 pixels does not fit into 12 x 12"),
        (lambda m, x: occlusion(m, x, 0, window=4, stride=5), "stride from 1 to the window's 4 pixels"),
        (lambda m, x: occlusion(m, x, 0, window=0), "window of 1 or more, not 0"),
        (lambda m, x: deletion(m, x, 0, x[..., 0], 1.5), "from 0 to 1, not 1.5"),
        (lambda m, x: deletion(m, x, 0, x[:2, ..., 0]), "for 5 images, not .2, 12, 12."),
        (lambda m, x: exciting_image(m, "conv2", 0), "any size; give their size as image_size"),
        (lambda m, x: exciting_image(m, "conv2", [0, 4], image_size=(12, 12)), "has 4 channels, from 0 on"),
        (lambda m, x: exciting_image(m, "mouth", 0, image_size=(12, 12)), "no layer 'mouth'"),
        (
            lambda m, x: exciting_image(m, "conv2", 0, image_size=(12, 12), position=(6, 0)),
            "conv2 has .6, 6. pixels: there is no position .6, 0.",
        ),
        (lambda m, x: most_exciting(m, x, "conv2", [0, -1]), "no channels .0, -1."),
        (lambda m, x: most_exciting(m, x, "conv2", [0], 0), "count of 1 or more, not 0"),
        (
            lambda m, x: field_boxes(m, "sum", (12, 12), [(0, 9)]),
            "sum has .6, 6. pixels: .0, 9.",
        ),
    ],
)
def test_what_cannot_be_looked_into_is_refused_in_a_sentence(look, said, photos):
    with pytest.raises(ModelError, match=said):
        look(classifier(small_backbone()), photos)


@pytest.mark.parametrize("look", [saliency, occlusion, grad_cam])
def test_a_model_of_texts_or_without_classes_is_refused(look, photos):
    with pytest.raises(ModelError, match="backbone needs one output"):
        look(small_backbone(), photos, 0)
    inputs = keras.Input((9,))
    flat = keras.Model(inputs, layers.Dense(2)(inputs), name="flat")
    with pytest.raises(ModelError, match="flat takes no images .height, width, channels., but .9,."):
        look(flat, np.zeros((5, 9)), 0)


@pytest.fixture
def written_with_operators(tmp_path):
    """A residual network as it is written by hand, saved and loaded as in another process."""
    keras.utils.set_random_seed(3)
    images = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, padding="same")(images / 255)
    for _ in range(2):
        x = keras.ops.relu(x + layers.Conv2D(4, 3, padding="same")(x))
    out = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    keras.Model(images, out).save(tmp_path / "mine.keras")
    keras.backend.clear_session()
    return models.load_model(tmp_path / "mine.keras")


def test_a_network_written_with_operators_is_looked_into_like_one_of_layers(written_with_operators):
    model = written_with_operators
    some = np.random.default_rng(0).uniform(0, 255, (3, 12, 12, 3)).astype("float32")
    want = np.asarray(model(some))
    np.testing.assert_allclose(class_probabilities(model, some), want, atol=1e-6)
    # Keras numbers operators by what the process has loaded before
    relus, adds = (
        [each.name for each in model.operations if type(each).__name__ == kind] for kind in ("Relu", "Add")
    )
    assert len(relus) == len(adds) == 2
    assert stages(model) == relus
    # Behind the last map are a mean and a dense layer, whose weights are what Grad-CAM weighs maps by
    last = feature_maps(model, some, relus[1])[relus[1]]
    kernel = model.layers[-1].get_weights()[0]
    heat = np.maximum(last @ kernel[:, 1], 0)
    heat /= heat.max((1, 2), keepdims=True)
    np.testing.assert_allclose(grad_cam(model, some, 1), heat, atol=1e-5)
    np.testing.assert_allclose(grad_cam(model, some, 1, relus[1]), heat, atol=1e-5)
    before = feature_maps(model, some, [adds[1]])[adds[1]]
    np.testing.assert_allclose(np.maximum(before, 0), last, atol=1e-6)
    assert grad_cam(model, some, 1, adds[1]).shape == (3, 12, 12)
    assert field_boxes(model, relus[1], (12, 12), [(5, 5)]) == [(2, 2, 9, 9)]  # three windows of 3 x 3
    assert randomized(model).count_params() == model.count_params()


def test_a_final_softmax_may_be_an_operator(images):
    pixels = keras.Input((28, 28, 1))
    logits = layers.Dense(4)(layers.Flatten()(layers.Conv2D(2, 5, strides=4)(pixels / 255)))
    model = keras.Model(pixels, keras.ops.softmax(logits))
    np.testing.assert_allclose(class_probabilities(model, images), np.asarray(model(images)), atol=1e-6)
    slope = saliency(model, images, 2)
    np.testing.assert_allclose(slope, saliency(keras.Model(pixels, logits), images, 2), atol=1e-7)


def test_a_layer_normalization_hides_no_pixel_from_the_probe():
    pixels = keras.Input((9, 9, 3))
    x = layers.LayerNormalization()(layers.Conv2D(4, 3, name="conv")(pixels))
    x = layers.Conv2D(4, 3, name="second")(x)
    y = layers.GroupNormalization(2, name="group")(x)
    model = keras.Model(pixels, layers.Dense(2)(layers.Flatten(name="flat")(y)))
    assert field_boxes(model, "second", (9, 9), [(0, 0), (4, 4)]) == [(0, 0, 5, 5), (4, 4, 9, 9)]
    assert field_boxes(model, "group", (9, 9), [(0, 0)]) == [(0, 0, 9, 9)]  # it needs the mean of all
    assert field_boxes(model, "flat", (9, 9), [()]) == [(0, 0, 9, 9)]


def test_a_nested_model_with_two_outputs_is_walked_through():
    inner = keras.Input((6, 6, 2))
    two = keras.Model(inner, [layers.Conv2D(2, 1, name="one")(inner), keras.ops.relu(inner)], name="two")
    pixels = keras.Input((6, 6, 3))
    first, second = two(layers.Conv2D(2, 1)(pixels))
    x = layers.GlobalAveragePooling2D()(layers.Concatenate()([first, second]))
    model = keras.Model(pixels, layers.Dense(3, activation="softmax")(x))
    some = np.random.default_rng(0).uniform(0, 1, (2, 6, 6, 3)).astype("float32")
    np.testing.assert_allclose(class_probabilities(model, some), np.asarray(model(some)), atol=1e-6)
    assert feature_maps(model, some, "two/one")["two/one"].shape == (2, 6, 6, 2)
