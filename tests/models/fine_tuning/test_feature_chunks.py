"""Features are of any size: what 16 bits cannot hold is brought to a size that they can, or refused."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from models import ModelError
from models.fine_tuning import multi_scale
from models.fine_tuning.feature_distance import fit_distance


@pytest.fixture(scope="module")
def photos():
    labels = np.array([0, 1] * 12)
    random = np.random.default_rng(0)
    colours = random.uniform(0.5, 1, (24, 1, 1, 3)) * (1 + labels[:, None, None, None])
    pixels = colours * random.integers(0, 128, (24, 32, 32, 3))
    return SimpleNamespace(pixels=pixels, labels=labels, class_names=["dark", "bright"])


@pytest.fixture(scope="module")
def fitted(photos):
    """A function that fits probes on the features of one network, times a number."""
    kernel = np.random.default_rng(1).normal(size=(5, 5, 3, 4)).astype("float32") / 255

    def fit(times):
        network = keras.Sequential(
            [keras.Input((None, None, 3)), layers.Conv2D(4, 5), layers.Rescaling(times)]
        )
        network.layers[0].set_weights([kernel, np.zeros(4, "float32")])
        return multi_scale.fit_probes(network, photos, np.arange(24), (32,))

    return fit


@pytest.mark.parametrize("times", [1e-9, 1e7])
def test_features_of_any_size_are_told_apart_alike(fitted, times):
    usual, other = fitted(1.0), fitted(times)
    assert other.accuracy == usual.accuracy > 0.9
    assert usual.features[32].dtype == other.features[32].dtype == "float16"
    ratio = other.features[32].astype("float64") / usual.features[32]
    assert np.isfinite(ratio).all() and np.ptp(ratio) < 0.01 * ratio.mean()
    of_usual, of_other = (fit_distance(each.features).distances(each.features) for each in (usual, other))
    assert np.corrcoef(of_usual, of_other)[0, 1] > 0.99  # both are rounded, each in its own places


@pytest.mark.parametrize(("times", "said"), [(1e-9, r"Rescaling\(\de\+0[78]\)"), (1e7, "65,504")])
def test_of_many_photos_those_that_16_bits_do_not_hold_are_refused(fitted, monkeypatch, times, said):
    monkeypatch.setattr(multi_scale, "MANY", 20)
    with pytest.raises(ModelError, match=said):
        fitted(times)
    assert fitted(1.0).accuracy > 0.9
