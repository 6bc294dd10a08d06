"""Temperatures: found, as Keras's own layers in the model, and what they change."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from models import MLP, Backbone, ModelError, TransferClassifier, load_model
from models.export.page import portable
from models.fine_tuning.calibration import (
    CoverageCurve,
    calibrated,
    calibration_error,
    fit_temperature,
    temperature_of,
    with_temperature,
)
from models.fine_tuning.multi_scale import MultiScaleClassifier
from models.inspection import grad_cam
from models.inspection.predictions import final_activation
from models.scores import calibration


def drawn(temperature, count=6000, classes=4, seed=0):
    """Labels that are drawn from probabilities, and these probabilities at another temperature."""
    random = np.random.default_rng(seed)
    logits = 2 * random.normal(size=(count, classes))
    labels = np.array([random.choice(classes, p=row) for row in softmax(logits, -1)])
    return softmax(logits * temperature, -1), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_put_in_is_found(temperature):
    probabilities, labels = drawn(temperature)
    found = fit_temperature(probabilities, labels)
    assert found == pytest.approx(temperature, rel=0.06)
    grid = np.geomspace(0.1, 10, 400)  # independent: try them all
    losses = [-log_softmax(np.log(probabilities) / t, -1)[range(len(labels)), labels].mean() for t in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], rel=0.02)


def test_probabilities_of_zero_and_all_correct_give_finite_numbers():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    for labels in ([0, 1, 0], [1, 0, 1]):
        found = fit_temperature(probabilities, labels)
        assert 0.04 < found < 21 and np.isfinite(with_temperature(probabilities, found)).all()


def backbone():
    keras.utils.set_random_seed(0)
    stack = [keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(6, 3, activation="relu")]
    return keras.Sequential([keras.Input((None, None, 3)), *stack])


def test_photos_of_a_class_that_no_classifier_had_seen_do_not_count():
    probabilities, labels = drawn(1.5, 1000)
    never = np.concatenate([probabilities, np.tile([0, 0.9, 0.05, 0.05], (50, 1))])
    with_them = fit_temperature(never, np.concatenate([labels, np.zeros(50, int)]))
    assert with_them == pytest.approx(fit_temperature(probabilities, labels), rel=1e-3)


def test_layers_compute_it_and_the_guarded_loader_takes_them(tmp_path):
    model = MultiScaleClassifier(backbone(), classes=3, sizes=(16, 32))
    pixels = np.random.default_rng(0).uniform(0, 255, (5, 40, 50, 3)).astype("float32")
    expected = softmax(np.log(model.predict(pixels, verbose=0)) / 0.6, -1)
    cooler = calibrated(model, 0.6)
    np.testing.assert_allclose(cooler.predict(pixels, verbose=0), expected, atol=1e-5)
    cooler.save(tmp_path / "model.keras")
    for again in load_model(tmp_path / "model.keras"), keras.saving.load_model(tmp_path / "model.keras"):
        np.testing.assert_allclose(again.predict(pixels, verbose=0), expected, atol=1e-5)
        assert temperature_of(again) == pytest.approx(0.6)
    twice = calibrated(again, 2.0)
    warmer = softmax(np.log(model.predict(pixels, verbose=0)) / 2, -1)
    np.testing.assert_allclose(twice.predict(pixels, verbose=0), warmer, atol=1e-5)
    assert final_activation(cooler) == "softmax"
    assert np.isfinite(grad_cam(cooler, pixels[:2], 1)).all()


def test_a_model_of_one_head_keeps_to_layers_that_the_page_and_exports_know():
    model = TransferClassifier(Backbone("convnet", weights=None), classes=3)
    pixels = np.random.default_rng(0).uniform(0, 255, (4, 28, 28, 3)).astype("float32")
    expected = softmax(np.log(model.predict(pixels, verbose=0)) / 1.7, -1)
    warmer = calibrated(model, 1.7)
    np.testing.assert_allclose(warmer.predict(pixels, verbose=0), expected, atol=1e-5)
    assert portable(warmer, 28)
    again = calibrated(warmer, 1.0)
    np.testing.assert_allclose(again.predict(pixels, verbose=0), model.predict(pixels, verbose=0), atol=1e-5)


def test_a_probability_of_zero_stays_finite_in_the_model():
    model = MLP()
    layer = model.layers[-1]
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * 0, bias + 1000 * np.eye(10)[0]])
    copied = keras.Model(model.inputs, keras.layers.Identity()(model.outputs[0]))  # no dense layer ends it
    found = calibrated(copied, 0.5).predict(np.zeros((1, 28, 28, 1)), verbose=0)
    np.testing.assert_allclose(found, np.eye(10)[:1], atol=1e-6)


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_temperatures_that_cannot_be(temperature):
    with pytest.raises(ModelError, match="temperature above 0"):
        calibrated(MLP(), temperature)


@pytest.mark.parametrize(
    ("probabilities", "labels", "said"),
    [
        ([[0.5, 0.5]], [2], "class indices from 0 to 1"),
        ([[0.5, 0.5]], [0, 1], "of one photo or more"),
        ([[np.nan, 0.5]], [0], "finite"),
        (np.zeros((0, 2)), [], "of one photo or more"),
    ],
)
def test_scores_that_cannot_be(probabilities, labels, said):
    for function in fit_temperature, CoverageCurve:
        with pytest.raises(ModelError, match=said):
            function(probabilities, labels)


def test_the_error_falls_and_its_interval_holds_the_truth():
    """Of probabilities that are right, the error over very many photos is 0; few photos alone make one."""
    probabilities, labels = drawn(0.4, 1500)
    found = calibration_error(probabilities, labels, 0.4)
    assert found.before[0] == pytest.approx(calibration(labels, probabilities).error)
    many = calibration(*drawn(0.4, 40_000, seed=1)[::-1]).error
    assert found.before[1] < many < found.before[2]
    assert found.after[0] < found.before[1] and found.after[1] <= found.after[0] <= found.after[2] < 0.06


def test_the_surest_photos_are_counted():
    probabilities, labels = drawn(1.0, 500)
    curve = CoverageCurve(probabilities, labels, shares=(1, 0.5, 0.1))
    order = np.argsort(-probabilities.max(-1))
    for share, found in zip((1, 0.5, 0.1), curve.accuracies, strict=True):
        rows = order[: int(share * 500)]
        assert found.hits == np.sum(probabilities[rows].argmax(-1) == labels[rows]) and found.of == len(rows)
    assert curve.accuracies[2].value > curve.accuracies[0].value
    assert curve.threshold_for(1.01) is None and curve.threshold_for(0)[1] == 1
