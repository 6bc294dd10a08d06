"""The linear baseline of the lesson on sounds, against scikit-learn used otherwise."""

import numpy as np
import pytest
from scipy import signal
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from datasets import tones
from tutorials.lesson import sounds


@pytest.fixture(scope="module")
def spectrograms():
    """(train, labels, test, labels) of generated tones: spectrograms by SciPy, on a logarithmic scale."""
    (x, y), (x_test, y_test) = tones.load_data(train=150, test=60, seconds=0.5, seed=1)

    def pictures(waves):
        return np.log(signal.stft(waves, nperseg=128, boundary=None)[2].__abs__() + 1e-3)[..., None]

    return pictures(x), y, pictures(x_test), y_test


def test_statistics_are_those_of_each_frequency_and_each_moment():
    values = np.random.default_rng(0).normal(size=(3, 5, 7, 1))
    found = sounds.statistics_over_time(values)
    assert found.shape == (3, 3 * 5 + 7)
    for one, picture in zip(found, values[..., 0], strict=True):
        for row in range(5):
            line = picture[row].tolist()
            assert one[row] == pytest.approx(sum(line) / 7)
            assert one[5 + row] == pytest.approx(np.sqrt(sum((v - sum(line) / 7) ** 2 for v in line) / 7))
            steps = [abs(b - a) for a, b in zip(line, line[1:], strict=False)]
            assert one[10 + row] == pytest.approx(sum(steps) / 6)
        assert one[15:] == pytest.approx([picture[:, column].sum() / 5 for column in range(7)])
    assert sounds.mean_spectrum(values).shape == (3, 5)
    assert sounds.whole_spectrogram(values).shape == (3, 35)


def test_the_rotation_changes_no_prediction(spectrograms):
    """More features than sounds: a penalized model in the space of the sounds is the same model."""
    x, y, x_test, _ = spectrograms
    x, y, x_test = x[:60, ::2, ::2], y[:60], x_test[:, ::2, ::2]
    x, x_test = (each.reshape(len(each), -1).astype("float64") for each in (x, x_test))
    mean, scale = x.mean(0), x.std(0) + 1e-12
    x, x_test = (x - mean) / scale, (x_test - mean) / scale
    rotated, rotated_test = sounds._rotated(x, x_test)
    assert rotated.shape[1] <= len(x) < x.shape[1]
    np.testing.assert_allclose(rotated @ rotated.T, x @ x.T, atol=1e-6 * np.abs(x @ x.T).max())
    model = LogisticRegression(C=0.001, tol=1e-6, max_iter=1000)
    one = model.fit(x, y).predict_proba(x_test)
    other = model.fit(rotated, y).predict_proba(rotated_test)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_baselines_are_as_good_as_a_plain_pipeline_with_any_penalty(spectrograms):
    x, y, x_test, y_test = spectrograms
    found = sounds.baselines(x, y, x_test, seed=0)
    assert [*found] == [sounds.CHANCE, *sounds.FEATURES]
    assert set(found[sounds.CHANCE]) == {np.bincount(y).argmax()}
    for name, features in sounds.FEATURES.items():
        plain = [
            make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000))
            .fit(features(x), y)
            .score(features(x_test), y_test)
            for penalty in sounds.PENALTIES
        ]
        accuracy = np.mean(found[name] == y_test)
        assert min(plain) - 0.02 <= accuracy <= max(plain) + 0.02
        assert accuracy > 0.3  # of five classes


def test_test_labels_are_not_looked_at_and_the_penalty_comes_from_training(spectrograms, monkeypatch):
    """Of noise, cross-validation prefers the strongest penalty: its answer is nearly constant."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 9, 4, 1)), random.integers(0, 2, 60)
    chosen = []
    fit = LogisticRegression.fit

    def noted(self, *arguments):
        chosen.append(self.C)
        return fit(self, *arguments)

    monkeypatch.setattr(LogisticRegression, "fit", noted)
    sounds.baselines(x, y, x[:5], seed=0)
    assert set(chosen) == set(sounds.PENALTIES)
    assert len(chosen) == len(sounds.FEATURES) * (len(sounds.PENALTIES) * sounds.FOLDS + 1)


def test_samples_with_one_class_or_one_sound_of_a_class_get_an_answer():
    x = np.random.default_rng(0).normal(size=(7, 9, 4, 1))
    assert set(sounds.baselines(x, np.ones(7, int), x, 0)["mean spectrum"]) == {1}
    found = sounds.baselines(x, np.array([0, 0, 0, 0, 0, 0, 2]), x, 0)
    assert set(found["whole spectrogram"]) <= {0, 2}


@pytest.mark.parametrize(
    ("won", "lost", "said"),
    [
        (0, 0, "not clearly better than"), (5, 0, "not clearly better than"), (6, 0, "better than"),
        (0, 6, "worse than"), (9, 1, "better than"), (8, 2, "not clearly better than"),
    ],
)  # fmt: skip
def test_better_is_said_where_a_sign_test_says_so(won, lost, said):
    """5 of 5 have a probability of 2 / 32 by chance, 6 of 6 of 2 / 64; 9 of 10 of 22 / 1024."""
    right = np.array([True] * won + [False] * lost + [True] * 3)
    linear = np.array([False] * won + [True] * lost + [True] * 3)
    assert sounds.verdict(right, linear) == said
