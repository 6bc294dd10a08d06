"""What the lesson on sounds compares its network with: linear models of spectrograms, in every run."""

import numpy as np
from scipy import linalg, stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

CHANCE = "chance"
PENALTIES = np.logspace(-3, 0, 4)  # scikit-learn's C: the inverse of the strength of the penalty
FOLDS = 3


def mean_spectrum(spectrograms):
    """How strong each frequency is on average: (n, frequencies, times, 1) -> (n, frequencies)."""
    return spectrograms[..., 0].mean(2)


def whole_spectrogram(spectrograms):
    """All values: (n, frequencies, times, 1) -> (n, frequencies · times)."""
    return spectrograms.reshape(len(spectrograms), -1)


def statistics_over_time(spectrograms):
    """What an expert would measure: mean, deviation and change of each frequency, and when it is loud.

    Args:
        spectrograms: Array (n, frequencies, times, 1).

    Returns:
        Array (n, 3 · frequencies + times): for each frequency its mean over time, its standard deviation and
        the mean absolute change from one column to the next; for each column the mean over all frequencies.
    """
    values = spectrograms[..., 0]
    change = np.abs(np.diff(values, axis=2)).mean(2) if values.shape[2] > 1 else 0 * values.mean(2)
    return np.concatenate([values.mean(2), values.std(2), change, values.mean(1)], axis=1)


FEATURES = {
    "mean spectrum": mean_spectrum,
    "whole spectrogram": whole_spectrogram,
    "statistics over time": statistics_over_time,
}
IN_WORDS = {
    "mean spectrum": "the mean spectrum",
    "whole spectrogram": "the whole spectrogram",
    "statistics over time": "statistics over time",
}
# What each model's result begins with in metrics.json
KEYS = {
    "waveforms": "",
    "in order": "convnet_",
    "shuffled": "shuffled_",
    "statistics over time": "statistics_",
    "whole spectrogram": "whole_spectrogram_",
    "mean spectrum": "mean_spectrum_",
    CHANCE: "chance_",
}


def baselines(spectrograms, labels, test_spectrograms, seed):
    """What sounds are classified as without a network: always the largest class, and by linear models.

    Args:
        spectrograms: Those to train on, (n, frequencies, times, 1).
        labels: Their classes, (n,).
        test_spectrograms: Those to classify.
        seed: Of the folds of cross-validation.

    Returns:
        {"chance" or a name in `FEATURES`: predicted classes (m,)}.
    """
    largest = np.bincount(labels).argmax()
    found = {CHANCE: np.full(len(test_spectrograms), largest)}
    with threadpool_limits(1):  # of such small matrices threads wait for each other
        for name, features in FEATURES.items():
            found[name] = _logistic(features(spectrograms), labels, features(test_spectrograms), seed)
    return found


def _logistic(features, labels, test_features, seed):
    """Predictions of logistic regression, whose penalty is chosen by cross-validation on training data."""
    counts = np.bincount(labels)
    fewest = counts[counts > 0].min()
    if np.count_nonzero(counts) < 2:  # a sample may have one class only
        return np.full(len(test_features), counts.argmax())
    scaler = StandardScaler().fit(features)
    x, x_test = (scaler.transform(each).astype("float64") for each in (features, test_features))
    if x.shape[1] > len(x):
        x, x_test = _rotated(x, x_test)
    model = LogisticRegression(C=PENALTIES[0], max_iter=500, tol=0.01)
    if fewest >= 2:  # else one class would be missing in a fold
        folds = StratifiedKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
        model = GridSearchCV(model, {"C": PENALTIES}, cv=folds, scoring="accuracy")
    return model.fit(x, labels).predict(x_test)


def _rotated(x, x_test):
    """Features in the space that the training sounds span: penalized models predict the same, and sooner."""
    values, vectors = linalg.eigh(x @ x.T)
    spanned = values > 1e-9 * values[-1]
    lengths = np.sqrt(values[spanned])
    axes = vectors[:, spanned]
    return axes * lengths, (x_test @ x.T) @ axes / lengths


def verdict(right, linear_right):
    """Which of two classifiers is better on the same test sounds, if one is by more than chance.

    Args:
        right: Whether the network classifies each sound correctly, (n,).
        linear_right: The same of the linear model.

    Returns:
        "better than", "worse than" or "not clearly better than", by a sign test at 5 % of the sounds
        that only one of the two classifies correctly.

    Example:
        >>> import numpy as np
        >>> from tutorials.lesson.sounds import verdict
        >>> verdict(np.ones(10, bool), np.arange(10) > 0)
        'not clearly better than'
    """
    won, lost = int(np.sum(right & ~linear_right)), int(np.sum(~right & linear_right))
    if won + lost and stats.binomtest(won, won + lost).pvalue < 0.05:
        return "better than" if won > lost else "worse than"
    return "not clearly better than"


def beside_the_linear(right):
    """Say how the network on waveforms compares with the best linear model: the title of a figure.

    Args:
        right: {model: whether it classifies each test sound correctly (n,)}, "waveforms" and `FEATURES` among
            them.

    Returns:
        A sentence without its full stop.
    """
    best = max(FEATURES, key=lambda name: right[name].sum())
    network = right["waveforms"]
    points = 100 * (network.mean() - right[best].mean())
    return (
        f"On {len(network):,} sounds the network is {verdict(network, right[best])} the best linear model "
        f"({points:+.1f} points)"
    )


def conclusion(shares, compared):
    """What a run found, in a few sentences.

    Args:
        shares: {model: its `Share` of test sounds classified correctly}.
        compared: What `beside_the_linear` says.

    Returns:
        str.
    """
    percent = {kind: f"{share.value:.1%}" for kind, share in shares.items()}
    first = shares["waveforms"]
    linear = ", ".join(f"{percent[name]} from {IN_WORDS[name]}" for name in FEATURES)
    return (
        f"On test sounds the accuracy is {percent['waveforms']} from waveforms, {percent['in order']} from "
        f"spectrograms as images, and {percent['shuffled']} with their rows of frequency shuffled. "
        f"The 95 % interval of the first is {first.low:.1%} to {first.high:.1%}, from {first.of:,} sounds. "
        f"Logistic regression reaches {linear}; the largest class is {percent[CHANCE]}. {compared}."
    )
