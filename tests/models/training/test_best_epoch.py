"""The best epoch of a training that goes on after a stop may lie before the stop."""

import keras
import numpy as np
import pytest

from models import ModelError
from models.training.checkpoints import BestEpoch, CheckpointFolder


class Killed(BaseException):
    pass


def train(checkpoint=None, killed_in=None):
    """Weights at the end, and the losses: validation contradicts training, so the first epoch is best."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse", run_eagerly=True)
    x = np.ones((8, 1))
    state = BestEpoch(checkpoint, "training")

    def kill(epoch, logs=None):
        if epoch == killed_in:
            raise Killed

    model.fit(
        *(x, x),
        epochs=5,
        initial_epoch=state.epochs,
        validation_data=(x, -x),
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            state,
            keras.callbacks.LambdaCallback(on_epoch_end=kill),
        ],
        verbose=0,
    )
    return model.get_weights(), state.history["val_loss"]


@pytest.fixture(scope="module")
def whole():
    """A training that nothing stops."""
    return train()


@pytest.mark.parametrize("killed_in", [0, 3])
def test_weights_of_the_best_epoch_outlive_a_stop(killed_in, whole, tmp_path):
    weights, losses = whole
    assert np.argmin(losses) == 0 and len(losses) == 5
    one_epoch = losses[0]
    with pytest.raises(Killed):
        train(CheckpointFolder(tmp_path, {}), killed_in)
    again, resumed = train(CheckpointFolder(tmp_path, {}))
    assert resumed == losses
    for a, b in zip(weights, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert float(again[0][0, 0] + again[1][0] + 1) ** 2 == pytest.approx(one_epoch, rel=1e-5)


@pytest.mark.parametrize("rest", ["}", ', "settings": 3}', ', "settings": ' + "[" * 100_000])
def test_settings_of_another_kind_are_no_training_s(tmp_path, rest):
    (tmp_path / "settings.json").write_text('{"made_by": "Glass Zoo"' + rest)
    with pytest.raises(ModelError, match="holds files that no training wrote, such as 'settings.json'"):
        CheckpointFolder(tmp_path, {})
