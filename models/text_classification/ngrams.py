"""How the linear classifier of n-grams is trained: naive Bayes' ratios, then logistic regression (NB-SVM)."""

import time

import keras
import numpy as np
from scipy import sparse
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from ..errors import ModelError
from ..fine_tuning.calibration import fit_temperature
from ..ngram_buckets import MOST_BUCKETS, NgramBuckets
from ..probabilities import per_class
from ..text_ngrams import SentimentNgrams

LEAST_BUCKETS = 2**16
MOST_VOTES = 2**23  # buckets times classes: 32 MB of weights
ROOM = 8  # buckets for each different n-gram, so that few share one
STRENGTHS = (0.1, 0.3, 1.0, 3.0)  # inverses of the L2 penalty, of which the validation texts choose one
AT_ONCE = 1000  # texts that are taken apart together
TOLERANCE = 1e-2  # of the solver
CROSS_VALIDATED = 5000  # texts at most
FOLDS = 5
BATCH = 64  # texts that are classified together
NEVER = -10.0  # the score of a class that no text to fit on has


def fit_ngrams(texts, labels, classes, seed, validation=None, longest=2):
    """Train a linear classifier of n-grams.

    Each n-gram is weighted by naive Bayes' log-count ratio; logistic regression, one class against the
    others, then fits the weights. Texts that a classifier was not fitted on choose the strength of its
    penalty and the temperature of its probabilities: those of `validation`; else, of up to 5,000 texts, all
    in five-fold cross-validation; of more, a tenth. The final weights are then fitted on all of `texts`.

    Args:
        texts, labels: n str, and their class indices (n,).
        classes: Number of classes, each of which occurs.
        seed: Draws the folds, and the order in which the solver looks at the texts.
        validation: (texts, class indices) to choose by; these are not fitted on.
        longest: Tokens of the longest n-grams.

    Returns:
        `(model, history, seconds)`: a Keras model of strings (batch,) -> (batch, 1) for two classes,
        (batch, classes) for more; {metric: a value for each of `STRENGTHS`}; seconds of all of this.

    Raises:
        ModelError: If no text has a word.

    Reference:
        Wang and Manning, Baselines and bigrams: simple, good sentiment and topic classification, 2012.

    Example:
        >>> texts, labels = ["so good", "so bad"] * 10, np.array([1, 0] * 10)
        >>> model, history, _ = fit_ngrams(texts, labels, classes=2, seed=0)
        >>> float(model(np.array(["Good!"], object))[0, 0]) > 0.8, history["val_accuracy"]
        (True, [1.0, 1.0, 1.0, 1.0])
    """
    began = time.perf_counter()
    fitted, every = len(labels), [*texts]
    if validation is not None:
        every, labels = [*texts, *validation[0]], np.concatenate([labels, validation[1]])
        folds = [(np.arange(fitted), np.arange(fitted, len(labels)))]
    else:
        folds = _folds(labels, seed)
    numbers, rows = _ngrams(every, longest)
    if not (rows < fitted).any():
        raise ModelError("None of the training texts has a word; give texts that do.")
    buckets = _enough_buckets(numbers, classes)
    matrix = _matrix(numbers % buckets, rows, len(every), buckets)
    held_back = np.concatenate([held for _, held in folds])
    history, temperatures = {"val_accuracy": [], "val_loss": []}, []
    for strength in STRENGTHS:
        found = [_scores(matrix, labels, classes, strength, seed, *fold) for fold in folds]
        scores, known = np.concatenate(found), labels[held_back]
        # At its own temperature: a weak penalty makes a classifier too sure, and often more accurate
        temperatures.append(fit_temperature(softmax(scores, axis=1), known))
        history["val_accuracy"].append(float(np.mean(scores.argmax(1) == known)))
        history["val_loss"].append(_cross_entropy(scores / temperatures[-1], known))
    best = int(np.argmin(history["val_loss"]))
    votes, bias = _weights(matrix[:fitted], labels[:fitted], classes, STRENGTHS[best], seed)
    model = _model(votes / temperatures[best], bias / temperatures[best], buckets, classes, longest)
    return model, history, time.perf_counter() - began


def _folds(labels, seed):
    """[(rows to fit on, rows to choose by)]: five folds, or, of many texts, one tenth."""
    rows, smallest = np.arange(len(labels)), np.bincount(labels).min()
    if len(labels) > CROSS_VALIDATED:
        stratified = labels if smallest > 1 else None
        return [train_test_split(rows, test_size=0.1, random_state=seed, stratify=stratified)]
    if smallest > 1:
        return [*StratifiedKFold(min(FOLDS, smallest), shuffle=True, random_state=seed).split(rows, labels)]
    return [*KFold(min(FOLDS, len(rows)), shuffle=True, random_state=seed).split(rows)]


def _scores(matrix, labels, classes, strength, seed, fitted, held_back):
    """Scores (n, classes) of the rows that are held back."""
    votes, bias = _weights(matrix[fitted], labels[fitted], classes, strength, seed)
    scores = matrix[held_back] @ votes + bias
    return np.hstack([np.zeros_like(scores), scores]) if classes == 2 else scores


def _ngrams(texts, longest):
    """The n-grams of all texts: (their numbers in the largest table, the text that each is in)."""
    splitter = NgramBuckets(MOST_BUCKETS, longest)
    numbers, lengths = [], []
    for n in range(0, len(texts), AT_ONCE):
        found = splitter.ragged(list(texts[n : n + AT_ONCE]))
        numbers.append(found.values.numpy() - 1)
        lengths.append(found.row_lengths().numpy())
    return np.concatenate(numbers), np.repeat(np.arange(len(texts)), np.concatenate(lengths))


def _enough_buckets(numbers, classes):
    """A power of two; a bucket in the largest table, modulo this, is the bucket in a table of this size."""
    wanted = 2 ** int(np.ceil(np.log2(max(1, ROOM * len(np.unique(numbers))))))
    most = MOST_VOTES // (1 if classes == 2 else classes)
    most = 2 ** int(np.log2(max(most, LEAST_BUCKETS)))
    return int(np.clip(wanted, LEAST_BUCKETS, min(MOST_BUCKETS, most)))


def _matrix(numbers, rows, texts, buckets):
    """Which n-grams each text has: a sparse matrix (texts, buckets) of 0 and 1."""
    matrix = sparse.csr_matrix((np.ones(len(rows), "float32"), (rows, numbers)), (texts, buckets))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _weights(matrix, labels, classes, strength, seed):
    """Votes (buckets, outputs) and bias (outputs,) of one class against the others."""
    used = np.flatnonzero(matrix.getnnz(axis=0))
    seen = matrix[:, used].tocsr()
    positive = [1] if classes == 2 else range(classes)
    votes = np.zeros((matrix.shape[1], len(positive)), "float32")
    bias = np.zeros(len(positive), "float32")
    for column, number in enumerate(positive):
        is_one = labels == number
        if is_one.all() or not is_one.any():
            bias[column] = -NEVER if is_one.any() else NEVER
            continue
        if not len(used):  # all of these texts are blank: the class's share decides
            bias[column] = np.log(is_one.mean() / (1 - is_one.mean()))
            continue
        ratios = log_count_ratios(seen, is_one)
        solver = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=TOLERANCE, max_iter=200, random_state=seed
        )
        solver.fit(seen.multiply(ratios).tocsr(), is_one)
        votes[used, column] = solver.coef_[0] * ratios
        bias[column] = solver.intercept_[0]
    return votes, bias


def log_count_ratios(matrix, is_one):
    """Naive Bayes' weights: how much more frequent an n-gram is in texts of a class than in all others.

    Args:
        matrix: Sparse (n, features) of 0 and 1; every feature is in some text.
        is_one: Whether each text is of the class, bool (n,).

    Returns:
        float32 (features,): log of a ratio of two relative frequencies, each count increased by one.

    Example:
        >>> counts = sparse.csr_matrix([[1.0, 1.0], [1.0, 0.0]])
        >>> ratios = log_count_ratios(counts, np.array([True, False]))  # of 2/4 to 2/3, and of 2/4 to 1/3
        >>> [round(float(ratio), 3) for ratio in ratios]
        [-0.288, 0.405]
    """
    one, others = (1 + np.asarray(matrix[chosen].sum(0)).ravel() for chosen in (is_one, ~is_one))
    return np.log((one / one.sum()) / (others / others.sum())).astype("float32")


def _cross_entropy(scores, labels):
    probabilities = softmax(scores, axis=1)[np.arange(len(labels)), labels]
    return float(-np.mean(np.log(np.maximum(probabilities, 1e-30))))


def _model(votes, bias, buckets, classes, longest):
    """The Keras model that computes the same."""
    network = SentimentNgrams(buckets, classes)
    network.get_layer("embedding").set_weights([np.vstack([np.zeros((1, votes.shape[1])), votes])])
    network.get_layer("predictions").set_weights([np.eye(votes.shape[1]), bias])
    text = keras.Input((), dtype="string", name="text")
    numbers = NgramBuckets(buckets, longest, name="ngrams")(text)
    return keras.Model(text, network(numbers), name="text_classifier")


def predict_strings(model, texts):
    """Probabilities of all classes for texts, in their order; those of similar length share a batch.

    Args:
        model: Keras model of strings.
        texts: Array (n,) of str.

    Returns:
        Array (n, classes).

    Example:
        >>> model, _, _ = fit_ngrams(["good", "bad"] * 5, np.array([1, 0] * 5), classes=2, seed=0)
        >>> predict_strings(model, np.array(["so good", "bad"], object)).argmax(1).tolist()
        [1, 0]
    """
    order = np.argsort([len(text) for text in texts], kind="stable")
    outputs = model.predict(np.asarray(texts, object)[order], batch_size=BATCH, verbose=0)
    return per_class(outputs[np.argsort(order)])


def is_ngram_model(model):
    """Whether a model takes texts apart into n-grams.

    Args:
        model: Any Keras model.

    Example:
        >>> from models import MLP
        >>> is_ngram_model(MLP())
        False
    """
    return any(isinstance(layer, NgramBuckets) for layer in getattr(model, "layers", ()))


def has_a_vote_for_each_bucket(model):
    """Whether the network behind the layer that takes texts apart has as many rows as that has buckets.

    Args:
        model: A Keras model for which `is_ngram_model` is true.

    Example:
        >>> model, _, _ = fit_ngrams(["good", "bad"] * 5, np.array([1, 0] * 5), classes=2, seed=0)
        >>> has_a_vote_for_each_bucket(model)
        True
    """
    buckets = [layer.buckets for layer in model.layers if isinstance(layer, NgramBuckets)]
    rows = [
        layer.input_dim
        for network in model.layers
        if isinstance(network, keras.Model)
        for layer in network.layers
        if isinstance(layer, keras.layers.Embedding)
    ]
    return [each + 1 for each in buckets] == rows
