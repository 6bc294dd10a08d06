"""What is built ahead of a training: it is compiled once, and nothing else about it changes."""

import keras
import numpy as np
import pytest

from models.compiled import build_ahead


@pytest.mark.parametrize(
    ("outputs", "loss", "targets"),
    [
        (3, "sparse_categorical_crossentropy", np.array([0, 2, 1, 1])),
        pytest.param(3, "categorical_crossentropy", np.eye(3)[[0, 2, 1, 1]], marks=pytest.mark.slow),
        pytest.param(1, "binary_crossentropy", np.array([0, 1, 1, 0]), marks=pytest.mark.slow),
    ],
)
def test_a_step_is_compiled_once_and_gives_the_same(outputs, loss, targets):
    compiled, trained, histories = [], [], []

    class Counted(keras.Sequential):
        def train_step(self, data):
            compiled[-1] += 1
            return super().train_step(data)

    x = np.random.default_rng(0).normal(size=(4, 2))
    for ahead in False, True:
        keras.utils.set_random_seed(0)
        activation = "softmax" if outputs > 1 else "sigmoid"
        model = Counted([keras.Input((2,)), keras.layers.Dense(outputs, activation)])
        model.compile(keras.optimizers.Adam(0.1, use_ema=True), loss, metrics=["accuracy"])
        if ahead:
            build_ahead(model, targets[:1])
        compiled.append(0)
        fitted = model.fit(x, targets, epochs=3, verbose=0, shuffle=False, validation_data=(x, targets))
        histories.append(fitted.history)
        trained.append(model.get_weights())
    assert compiled == [2, 1]  # if Keras compiles once without it, it can go
    assert histories[0] == histories[1]
    for before, after in zip(*trained, strict=True):
        np.testing.assert_array_equal(before, after)
