"""What tests of several models share: backbones take a second each to build."""

import functools

import pytest


@pytest.fixture(scope="session")
def built():
    """A function of a backbone's name that builds it at its smallest size, once: leave it as it is."""
    import keras

    from models.pretrained.backbones import BACKBONES, Backbone

    @functools.cache
    def build(name):
        keras.utils.set_random_seed(0)
        size = 28 if name == "convnet" else BACKBONES[name].smallest
        return Backbone(name, weights="mnist" if name == "convnet" else None, image_size=size)

    return build
