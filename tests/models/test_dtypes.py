"""Mixed precision: hidden layers compute with 16 bits, weights and answers keep 32."""

import keras
import numpy as np
import pytest

import models
from models.dtypes import output_dtype
from models.training.checkpoints import training_variables

CLASSIFIERS = {
    "ConvNet": (models.ConvNet, (28, 28, 1)),
    "TwoBlockConvNet": (models.TwoBlockConvNet, (28, 28, 1)),
    "LeNet5": (models.LeNet5, (28, 28, 1)),
    "MLP": (models.MLP, (28, 28, 1)),
    "SentimentPooledLSTM": (lambda: models.SentimentPooledLSTM(50), (9,)),
    "SentimentConv1D": (lambda: models.SentimentConv1D(50, classes=3), (9,)),
}


@pytest.fixture
def policy():
    def chosen(name):
        keras.config.set_dtype_policy(name)

    yield chosen
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("name", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("builder", CLASSIFIERS)
def test_answers_keep_32_bits_and_are_close(builder, name, policy):
    build, shape = CLASSIFIERS[builder]
    full = build()
    policy(name)
    mixed = build()
    mixed.set_weights(full.get_weights())
    inputs = np.random.default_rng(0).integers(0, 40, (4, *shape))
    found = mixed.predict(inputs, verbose=0)
    assert found.dtype == np.float32 and {each.dtype for each in mixed.weights} == {"float32"}
    hidden = {layer.compute_dtype for layer in mixed.layers if layer.weights}
    assert hidden == {name.removeprefix("mixed_"), "float32"}
    np.testing.assert_allclose(found, full.predict(inputs, verbose=0), atol=0.02)


def test_wider_numbers_stay_wide(policy):
    policy("float64")
    assert output_dtype() is None
    assert models.MLP().output.dtype == "float64"


def test_variables_of_an_optimizer_that_scales_the_loss_are_made_once(policy):
    policy("mixed_float16")
    model = models.MLP()
    model.compile("adam", "sparse_categorical_crossentropy")
    first = [variable.path for variable in training_variables(model)]
    assert [variable.path for variable in training_variables(model)] == first
    assert len(first) == len({*first}) and sum(path.endswith("dynamic_scale") for path in first) == 1
