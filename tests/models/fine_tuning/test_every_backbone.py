"""A backbone of each kind at two image sizes, whole and cut in two, against one that is built at each.

Those of the same layers in other numbers or widths are left out.
"""

import gc

import keras
import numpy as np
import pytest

from models.fine_tuning.fine_tuned import cut, halves
from models.fine_tuning.multi_scale import any_size, image_sizes, pooling
from models.fine_tuning.transfer import border_at
from models.pretrained.backbones import BACKBONES, Backbone

FAST = "mobilenet_025"
SLOW = (
    "mobilenet_v3_small", "mobilenet_v2_035", "efficientnet_v2_b0", "xception", "resnet50_v2",
    "convnext_tiny",
)  # fmt: skip
# A deeper network of a family that is tested as well
LONG = pytest.param("efficientnet_v2_s", marks=(pytest.mark.slow, pytest.mark.long))
TWO = [FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW), LONG]


def pooled(model, pixels):
    images = keras.Input(pixels.shape[1:])  # as a layer of a classifier
    return np.asarray(keras.Model(images, pooling(model)(model(images)))(pixels))


def close(found, expected):
    spread = np.ptp(expected)
    assert spread > 0 and np.isfinite(expected).all()
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-4 * spread)


@pytest.mark.parametrize("name", TWO)
def test_features_at_two_sizes_are_those_of_backbones_built_at_each(name):
    entry = BACKBONES[name]
    keras.utils.set_random_seed(0)
    backbone = Backbone(name, weights=None)  # as fit builds it
    assert backbone.count_params() == entry.parameters
    bottom, top = map(any_size, cut(backbone, border_at(backbone, 0.3)))
    whole = any_size(backbone)
    small = image_sizes(np.full(3, 32), entry)[0]  # the smallest that small photos are seen at
    assert small < entry.image_size
    for size in small, small + 64:
        pixels = np.random.default_rng(size).uniform(0, 255, (2, size, size, 3)).astype("float32")
        own = Backbone(name, weights=None, image_size=size)
        own.set_weights(backbone.get_weights())
        expected = pooled(own, pixels)
        close(pooled(whole, pixels), expected)
        close(pooled(top, bottom(pixels)), expected)
    keras.backend.clear_session()
    gc.collect()


@pytest.mark.parametrize("name", TWO)
def test_a_copy_of_the_top_is_trained_at_another_size_and_leaves_the_backbone(name):
    backbone, size = Backbone(name, weights=None), max(96, BACKBONES[name].smallest)
    before = [value.copy() for value in backbone.get_weights()]
    border = border_at(backbone, 0.3)
    frozen, trained = halves(backbone, border, size, classes=2)
    assert not frozen.trainable_weights and len(trained.trainable_weights) > 2
    pixels = np.random.default_rng(0).uniform(0, 255, (4, size, size, 3)).astype("float32")
    trained.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy")
    trained.fit(frozen(pixels), np.eye(2)[[0, 1, 0, 1]], verbose=0)
    for ours, value in zip(backbone.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, value)
    keras.backend.clear_session()
    gc.collect()
