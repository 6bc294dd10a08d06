"""Integrated gradients, SmoothGrad, LayerCAM, Grad-CAM++ and insertion, beside NumPy and closed forms."""

import keras
import numpy as np
import pytest
from keras import layers

from models import MLP, ModelError
from models.inspection import (
    deletion,
    grad_cam,
    grad_cam_plus_plus,
    insertion,
    integrated_gradients,
    layer_cam,
    saliency,
    smooth_grad,
)


@pytest.fixture(scope="module")
def photos():
    return np.random.default_rng(3).uniform(0, 255, (4, 8, 8, 3)).astype("float32")


@pytest.fixture(scope="module")
def network():
    """A convolution whose maps are pooled and weighted: its gradients can be written down."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(5, 3, activation="tanh", name="conv"),
            layers.Conv2D(4, 3, activation="softplus", name="top"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax", name="predictions"),
        ]
    )


def logits(network, images, index):
    kernel, bias = network.get_layer("predictions").get_weights()
    maps = keras.Model(network.inputs[0], network.get_layer("top").output)(images).numpy()
    return (maps.mean((1, 2)) @ kernel + bias)[:, index]


@pytest.mark.parametrize("baseline", [0, (10.0, 90.0, 200.0), "photos"])
def test_integrated_gradients_add_up_to_the_difference_of_the_logit(network, photos, baseline):
    start = (
        photos[::-1].copy() if baseline == "photos" else np.broadcast_to(np.float32(baseline), photos.shape)
    )
    found = integrated_gradients(network, photos, 2, start if baseline == "photos" else baseline, steps=50)
    assert found.shape == photos.shape and found.dtype == np.float32
    expected = logits(network, photos, 2) - logits(network, start, 2)
    np.testing.assert_allclose(found.sum((1, 2, 3)), expected, rtol=1e-3, atol=1e-5)
    assert abs(expected).max() > 1e-3


def test_integrated_gradients_of_a_square_are_the_square():
    square = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1)])
    square.layers[-1].set_weights([np.array([[1.0], [2.0], [0.0], [-1.0]]), np.zeros(1)])
    images = keras.Input((2, 2, 1))
    values = keras.ops.square(images)
    model = keras.Model(images, square(values))
    x = np.array([3.0, 4.0, 5.0, 6.0]).reshape(1, 2, 2, 1)
    # of w x² the gradient is 2 w x; along the line from b to x it is x² - b² for each pixel alone
    found = integrated_gradients(model, x, 1, baseline=1, steps=7).ravel()
    np.testing.assert_allclose(found, [1 * 8, 2 * 15, 0, -35], rtol=1e-5)


def test_of_one_step_it_is_the_gradient_in_the_middle(network, photos):
    middle = saliency(network, photos / 2, np.array([0, 1, 2, 1]))
    found = integrated_gradients(network, photos, np.array([0, 1, 2, 1]), steps=1)
    np.testing.assert_allclose(found, photos * middle, rtol=1e-4, atol=1e-7)


def test_smooth_grad_is_the_mean_of_gradients_of_noisy_images(network, photos):
    random, total = np.random.default_rng(7), 0
    spread = 0.2 * (photos.max((1, 2, 3)) - photos.min((1, 2, 3))).reshape(-1, 1, 1, 1)
    for _ in range(5):
        noise = spread * random.standard_normal(photos.shape, "float32")
        total = total + saliency(network, photos + noise, 1)
    found = smooth_grad(network, photos, 1, noise=0.2, samples=5, seed=7)
    np.testing.assert_allclose(found, total / 5, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(
        smooth_grad(network, photos, 1, noise=0, samples=2), saliency(network, photos, 1), atol=1e-8
    )


def maps_and_gradients(network, photos, index):
    """The maps of "conv", and the gradient of a logit with respect to them by differences."""
    inner = keras.Input((6, 6, 5))
    x = network.get_layer("top")(inner)
    tail = keras.Model(inner, layers.GlobalAveragePooling2D()(x))
    kernel = network.get_layer("predictions").get_weights()[0][:, index].astype("float64")
    maps = keras.Model(network.inputs[0], network.get_layer("conv").output)(photos).numpy()
    gradient = np.zeros_like(maps, "float64")
    for place in np.ndindex(*maps.shape[1:]):
        up, down = maps.copy(), maps.copy()
        up[:, *place] += 0.02
        down[:, *place] -= 0.02
        gradient[:, *place] = (tail(up).numpy().astype("float64") - tail(down).numpy()) @ kernel / 0.04
    return maps, gradient


def scaled(heat):
    heat = np.maximum(heat, 0)
    return heat / np.maximum(heat.max((1, 2), keepdims=True), 1e-12)


def test_layer_cam_and_grad_cam_plus_plus_are_their_formulas(network, photos):
    maps, gradient = maps_and_gradients(network, photos, 1)
    expected = scaled((np.maximum(gradient, 0) * maps).sum(-1))
    np.testing.assert_allclose(layer_cam(network, photos, 1, "conv"), expected, atol=2e-3)
    bottom = 2 * gradient**2 + maps.sum((1, 2), keepdims=True) * gradient**3
    weights = (gradient**2 / bottom * np.maximum(gradient, 0)).sum((1, 2), keepdims=True)
    expected = scaled((weights * maps).sum(-1))
    np.testing.assert_allclose(grad_cam_plus_plus(network, photos, 1, "conv"), expected, atol=5e-3)
    assert np.abs(layer_cam(network, photos, 1, "conv") - grad_cam(network, photos, 1, "conv")).max() > 0.05


def test_insertion_is_the_deletion_of_all_others(network, photos):
    heat = np.random.default_rng(0).random((4, 8, 8))
    found = insertion(network, photos, 1, heat, share=0.25, fill=0)
    rest = deletion(network, photos, 1, -heat, share=0.75, fill=0)
    np.testing.assert_allclose(found, rest, atol=1e-6)
    kept = heat >= np.sort(heat.reshape(4, -1), 1)[:, -16].reshape(4, 1, 1)
    expected = network.predict(photos * kept[..., None], verbose=0)[:, 1]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda model, x: integrated_gradients(model, x, 0, baseline=np.zeros((2, 2))),
            "needs baseline as a number",
        ),
        (lambda model, x: integrated_gradients(model, x, 0, steps=0), "steps"),
        (lambda model, x: smooth_grad(model, x, 0, noise=-1), "noise"),
        (lambda model, x: smooth_grad(model, x, 9), "class"),
        (lambda model, x: layer_cam(MLP(), np.zeros((1, 28, 28, 1)), 0), "computes feature maps"),
        (lambda model, x: grad_cam_plus_plus(model, x, 0, "nowhere"), "nowhere"),
        (lambda model, x: insertion(model, x, 0, np.zeros((1, 8, 8))), "insertion needs heat as maps"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(call, sentence, network, photos):
    with pytest.raises(ModelError, match=sentence):
        call(network, photos)
