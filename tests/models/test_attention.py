"""Attention maps against attention that is computed here, from the weights, with NumPy."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from models import ConvNet, ModelError
from models.inspection import attention_map, attention_rollout, has_attention

HEADS, SIZE = 2, 3


class ClassToken(layers.Layer):
    """A learned vector before all others."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), initializer="random_normal", name="token")

    def call(self, tokens):
        first = ops.broadcast_to(self.token, (ops.shape(tokens)[0], 1, tokens.shape[-1]))
        return ops.concatenate([first, tokens], 1)


def transformer(class_token, blocks=3):
    """Patches of 4 x 4 pixels, 2 rows and 3 columns of them."""
    keras.utils.set_random_seed(1)
    images = keras.Input((8, 12, 1))
    x = layers.Reshape((6, 8))(layers.Conv2D(8, 4, strides=4)(images / 255))
    x = ClassToken()(x) if class_token else x
    for n in range(blocks):
        y = layers.LayerNormalization(name=f"norm{n}")(x)
        x = x + layers.MultiHeadAttention(HEADS, SIZE, dropout=0.3, name=f"attention{n}")(y, y)
    x = x[:, 0] if class_token else layers.GlobalAveragePooling1D()(x)
    model = keras.Model(images, layers.Dense(3, activation="softmax")(x), name="transformer")
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(np.random.default_rng(len(weight.path)).normal(0, 0.7, weight.shape))
    return model


def by_hand(model, images, blocks=3):
    """Weights (n, tokens, tokens) of each block, from queries, keys and the softmax."""
    found = []
    for n in range(blocks):
        tokens = np.asarray(keras.Model(model.inputs, model.get_layer(f"norm{n}").output)(images))
        layer = model.get_layer(f"attention{n}")
        query, key = (
            np.einsum("ntc,chd->nthd", tokens, np.asarray(dense.kernel)) + np.asarray(dense.bias)
            for dense in (layer.query_dense, layer.key_dense)
        )
        scores = np.einsum("nqhd,nkhd->nhqk", query, key) / np.sqrt(SIZE)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        found.append((scores / scores.sum(-1, keepdims=True)).mean(1))
    return found


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(0, 255, (3, 8, 12, 1)).astype("float32")


@pytest.mark.parametrize("class_token", [True, False])
def test_maps_are_the_rows_of_the_weights(images, class_token):
    model = transformer(class_token)
    for name, weights in zip(("attention0", "attention1", None), by_hand(model, images), strict=True):
        want = weights[:, 0, 1:] if class_token else weights.mean(1)
        heat = attention_map(model, images, name)
        assert heat.dtype == "float32"
        np.testing.assert_allclose(heat, want.reshape(3, 2, 3), atol=1e-5)
    assert abs(heat[0] - heat[1]).max() > 1e-3  # they depend on the image


@pytest.mark.parametrize("class_token", [True, False])
def test_rollout_follows_values_through_all_blocks(images, class_token):
    model = transformer(class_token)
    for n, parts in enumerate(zip(*by_hand(model, images), strict=True)):
        first, second, third = (0.5 * each + 0.5 * np.eye(len(each)) for each in parts)
        flow = third @ (second @ first)
        want = flow[0, 1:] if class_token else flow.mean(0)
        np.testing.assert_allclose(attention_rollout(model, images)[n], want.reshape(2, 3), atol=1e-5)


def test_attention_in_nested_models_and_of_maps_is_found(images):
    inner = transformer(False)
    outer = keras.Sequential([keras.Input((8, 12, 1)), layers.Rescaling(1.0), inner])
    np.testing.assert_allclose(attention_rollout(outer, images), attention_rollout(inner, images), atol=1e-6)
    picture = keras.Input((8, 12, 1))
    maps = layers.Conv2D(4, 4, strides=4)(picture)
    x = layers.GlobalAveragePooling2D()(layers.MultiHeadAttention(2, 3)(maps, maps))
    of_maps = keras.Model(picture, layers.Dense(2)(x))
    heat = attention_map(of_maps, images)
    assert heat.shape == (3, 2, 3)
    np.testing.assert_allclose(heat.sum((1, 2)), 1, atol=1e-5)


def test_other_models_have_no_attention_and_are_told_so(images):
    assert has_attention(transformer(True)) and not has_attention(ConvNet())
    with pytest.raises(ModelError, match="no MultiHeadAttention of the patches.*use grad_cam"):
        attention_map(ConvNet(), np.zeros((1, 28, 28, 1)))
    with pytest.raises(ModelError, match="choose one of attention0, attention1, attention2"):
        attention_map(transformer(True), images, "norm1")
    picture = keras.Input((8, 12, 1))
    patches = layers.Reshape((6, 4))(layers.Conv2D(4, 4, strides=4)(picture))
    few = layers.AveragePooling1D(2)(patches)
    crossed = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(1, 3)(patches, few))
    assert not has_attention(keras.Model(picture, layers.Dense(2)(crossed)))
    some = layers.MultiHeadAttention(1, 3)(patches, patches)
    fewer = layers.AveragePooling1D(2)(some)
    x = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(1, 3)(fewer, fewer))
    with pytest.raises(ModelError, match="different numbers of tokens"):
        attention_rollout(keras.Model(picture, layers.Dense(2)(x)), images)
