"""How the linear classifier of n-grams is trained: NB-SVM and logistic regression on TF-IDF, averaged."""

import time
import warnings
from functools import partial

import keras
import numpy as np
from scipy.special import softmax
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold, train_test_split

from ..errors import ModelError
from ..fine_tuning.calibration import calibration_error, fit_temperature, with_temperature
from ..ngram_index import NgramIndex
from ..probabilities import per_class
from ..text_ngrams import SentimentNgrams
from . import ngram_votes
from .by_parts import predict_texts
from .calibrating import HeldBack, doubt
from .ngram_counts import count_ngrams
from .ngram_votes import naive_bayes, tf_idf

# Inverses of the L2 penalty, of which the texts that were held back choose one for each of the two parts
STRENGTHS = (0.1, 0.3, 1.0, 3.0)
TF_IDF_STRENGTHS = (3.0, 10.0, 30.0)
CROSS_VALIDATED = 5000  # texts at most
SOME = 2**24  # n-grams of all texts together that the penalty of so many is chosen with
HELD_BACK = 5000  # of so many texts that liblinear's copy of them would be too large
FOLDS = 5
BATCH = 64  # texts that are classified together


def fit_ngrams(texts, labels, classes, seed, validation=None, balanced=False, refit=False):
    """Train a linear classifier of n-grams: two, whose scores are averaged.

    The one weights n-grams of words by naive Bayes' log-count ratios (NB-SVM). The other weights n-grams of
    words, and of letters where the texts are few or short, by their inverse document frequency, relative to
    the length of the text (TF-IDF). In both, logistic regression, one class against the others, then fits the
    weights. Texts that a classifier was not fitted on choose the strength of its penalty and the temperature
    of its probabilities: those of `validation`; else, of up to 5,000 texts, all in five-fold
    cross-validation; of more, a tenth. The final weights are then fitted on all of `texts`.

    Of very many texts, 2**25 n-grams together, part of them choose the penalties, and the final weights are
    fitted on all but 5,000 of them, in steps that look at all texts, block by block.

    Args:
        texts, labels: n str, and their class indices (n,).
        classes: Number of classes, each of which occurs.
        seed: Draws the folds, and the order in which the solver looks at the texts.
        validation: (texts, class indices) to choose by.
        refit: Whether the final weights are fitted on these as well.
        balanced: Whether rare classes count as much as frequent ones, in the fit and in what is chosen.

    Returns:
        `(model, history, seconds, held_back)`: a Keras model of strings (batch,) -> (batch, 1) for two
        classes, (batch, classes) for more; {"val_accuracy" and "val_loss": a list of the average's; the same
        of the two parts, "nb_" and "tf_idf_" before, for each strength}; seconds of all of this; and what it
        makes of texts that it was not fitted on, a `HeldBack`. The calibration error in that is measured on
        the texts that chose the temperature; there is none if classes are balanced.

    Raises:
        ModelError: If no text has a word.

    Reference:
        Wang and Manning, Baselines and bigrams: simple, good sentiment and topic classification, 2012.

    Example:
        >>> texts, labels = ["so good", "so bad"] * 10, np.array([1, 0] * 10)
        >>> model, history, _, held_back = fit_ngrams(texts, labels, classes=2, seed=0)
        >>> float(model(np.array(["Good!"], object))[0, 0]) > 0.8, history["val_accuracy"]
        (True, [1.0])
        >>> held_back.probabilities.shape
        (20, 2)
    """
    began = time.perf_counter()
    fitted, every = len(labels), [*texts]
    if validation is not None:
        every, labels = [*texts, *validation[0]], np.concatenate([labels, validation[1]])
        folds = [(np.arange(fitted), np.arange(fitted, len(labels)))]
    else:
        folds = _folds(labels, seed)
    rows = np.arange(len(labels) if refit or validation is None else fitted)
    grams = count_ngrams(every, len(rows), classes)
    if large := grams.matrix.nnz > ngram_votes.MOST_COPIED:
        rows, held = _few_held_back(*folds[0], len(rows), seed)
        folds = [(_some(grams, rows, seed), held)]
    known = labels[np.concatenate([held for _, held in folds])]
    counts = 1 / np.bincount(known, minlength=classes)[known] if balanced else np.ones(len(known))
    history, chosen, scores = choose_strengths(grams, labels, classes, seed, balanced, folds, counts)
    votes = [part(strength, rows) for part, strength in chosen]
    if large:  # these are surer, and more often right, than what was fitted on some of the texts
        scores = [scores_of(each, grams.matrix[held], classes) for each in votes]
    model, held_back = averaged_model(grams, votes, scores, known, counts, history, classes, balanced)
    return model, history, time.perf_counter() - began, held_back


def averaged_model(grams, votes, scores, known, counts, history, classes, balanced):
    """The Keras model that averages two classifiers, each at its own temperature.

    Args:
        grams: `Grams`, or an object with their `fingerprints`, `longest` and `letters`.
        votes: Two `Votes`.
        scores: What these make of texts that they were not fitted on, two arrays (n, classes).
        known: Class index of each of these texts.
        counts: What each of these texts counts, (n,).
        history: "val_accuracy" and "val_loss" of the average are added to it.
        classes, balanced: As for `fit_ngrams`.

    Returns:
        (Keras model of strings, `HeldBack`).

    Example:
        >>> texts, labels, rows = ["so good", "so bad"] * 10, np.array([1, 0] * 10), np.arange(20)
        >>> grams = count_ngrams(texts, 20, classes=2)
        >>> votes = [part(grams, labels, 2, 0, False, 1.0, rows) for part in (naive_bayes, tf_idf)]
        >>> scores = [scores_of(each, grams.matrix, 2) for each in votes]
        >>> model, held = averaged_model(grams, votes, scores, labels, np.ones(20), {}, 2, False)
        >>> held.probabilities.argmax(1).tolist() == labels.tolist()
        True
    """
    average, temperatures, temperature = _averaged(scores, known, counts)
    history |= {"val_accuracy": [_accuracy(average, known)]}
    history |= {"val_loss": [_cross_entropy(average / temperature, known, counts)]}
    votes = [each.divided_by(2 * by * temperature) for each, by in zip(votes, temperatures, strict=True)]
    probabilities = softmax(average.astype("float64"), axis=1)
    error = None if balanced else calibration_error(probabilities, known, temperature)
    held_back = HeldBack(with_temperature(probabilities, temperature), known, error)
    return _model(grams, *votes, classes), held_back


def choose_strengths(grams, labels, classes, seed, balanced, folds, counts):
    """Choose the strength of both penalties by the texts that are held back.

    Args:
        grams: `Grams`.
        labels, classes, seed, balanced: As for `fit_ngrams`.
        folds: List of (rows to fit on, rows that are held back).
        counts: What each text that is held back counts.

    Returns:
        (history as `fit_ngrams` returns it; list of two (part, strength); list of their scores of what is
        held back, fold by fold, (n, classes)).

    Example:
        >>> labels, rows = np.array([1, 0] * 10), np.arange(20)
        >>> grams = count_ngrams(["so good", "so bad"] * 10, 20, classes=2)
        >>> history, chosen, _ = choose_strengths(grams, labels, 2, 0, False, [(rows, rows)], np.ones(20))
        >>> len(history["nb_val_loss"]), [strength for _, strength in chosen]
        (4, [3.0, 3.0])
    """
    known = labels[np.concatenate([held for _, held in folds])]
    history, chosen, best_scores = {}, [], []
    for name, part, strengths in (("nb", naive_bayes, STRENGTHS), ("tf_idf", tf_idf, TF_IDF_STRENGTHS)):
        part = partial(_fitted, part, grams, labels, classes, seed, balanced)
        scores = [_held_back(part, grams.matrix, classes, strength, folds) for strength in strengths]
        # At its own temperature: a weak penalty makes a classifier too sure, and often more accurate
        losses = [_cross_entropy(each / _temperature(each, known, counts), known, counts) for each in scores]
        best = int(np.argmin(losses))
        chosen.append((part, strengths[best]))
        best_scores.append(scores[best])
        history |= {f"{name}_val_accuracy": [_accuracy(each, known) for each in scores]}
        history |= {f"{name}_val_loss": losses}
    return history, chosen, best_scores


def _averaged(scores, labels, counts):
    """(average of scores at their own temperatures, these temperatures, the temperature of the average)."""
    temperatures = [_temperature(each, labels, counts) for each in scores]
    average = sum(each / by for each, by in zip(scores, temperatures, strict=True)) / len(scores)
    return average, temperatures, _temperature(average, labels, counts)


def _fitted(part, grams, labels, classes, seed, balanced, strength, rows):
    """`Votes` of one part, fitted on some rows; of very many, begun from what a part of these gives."""
    fit = partial(part, grams, labels, classes, seed, balanced, strength)
    some = _some(grams, rows, seed)
    return fit(rows) if len(some) == len(rows) else fit(rows, fit(some))


def _some(grams, rows, seed):
    """All rows; if liblinear's copy of these would be too large, some, drawn at random; ascending."""
    lengths = np.diff(grams.matrix.indptr)[rows]
    if lengths.sum() <= ngram_votes.MOST_COPIED:
        return rows
    order = np.random.default_rng(seed).permutation(len(rows))
    count = np.searchsorted(np.cumsum(lengths[order]), SOME)
    return np.sort(rows[order[: max(1, count)]])


def _few_held_back(rows, held, fitted, seed):
    """Hold back 5,000 texts at most; of the others, the first `fitted` ones may be fitted on."""
    drawn = np.random.default_rng(seed).permutation(held)
    more = drawn[HELD_BACK:]
    return np.sort(np.concatenate([rows, more[more < fitted]])), np.sort(drawn[:HELD_BACK])


def out_of_fold(texts, labels, classes, seed=0, groups=None):
    """What the linear classifier of n-grams makes of each text when it was fitted on others.

    Penalties and temperatures are chosen as in `fit_ngrams`; then five classifiers are fitted, each without
    one fold of the texts.

    Args:
        texts, labels, classes, seed: As for `fit_ngrams`.
        groups: The same number for texts that are copies of each other, integers (n,): they are in one fold.

    Returns:
        Calibrated probabilities, float64 (n, classes).

    Raises:
        ModelError: If no text has a word, or all are copies of each other.

    Example:
        >>> labels = np.array([1, 0] * 10)
        >>> found = out_of_fold(["so good", "so bad"] * 10, labels, classes=2)
        >>> bool(np.all(found.argmax(1) == labels)), found.shape
        (True, (20, 2))
    """
    grams = count_ngrams(texts, len(labels), classes)
    folds = _folds(labels, seed)
    counts = np.ones(sum(len(held) for _, held in folds))
    some = [(_some(grams, rows, seed), held) for rows, held in folds]
    _, chosen, scores = choose_strengths(grams, labels, classes, seed, False, some, counts)
    known = labels[np.concatenate([held for _, held in folds])]
    _, temperatures, temperature = _averaged(scores, known, counts)
    found = np.zeros((len(labels), classes))
    for rows, held in _folds_of_groups(labels, seed, groups):
        scores = sum(
            _held_back(part, grams.matrix, classes, strength, [(rows, held)]) / (2 * by)
            for (part, strength), by in zip(chosen, temperatures, strict=True)
        )
        found[held] = softmax(scores.astype("float64") / temperature, axis=1)
    return found


def _folds(labels, seed):
    """[(rows to fit on, rows to choose by)]: five folds, or, of many texts, one tenth."""
    rows, smallest = np.arange(len(labels)), np.bincount(labels).min()
    if len(labels) > CROSS_VALIDATED:
        stratified = labels if smallest > 1 else None
        return [train_test_split(rows, test_size=0.1, random_state=seed, stratify=stratified)]
    return _five_folds(labels, seed)


def _folds_of_groups(labels, seed, groups):
    """Five folds, none of which has a copy of a text in another one."""
    if groups is None or len(np.unique(groups)) == len(groups):
        return _five_folds(labels, seed)
    count = min(FOLDS, len(np.unique(groups)), int(np.bincount(labels).max()))
    if count < 2:
        raise ModelError("These texts are copies of each other, so that none can be held back; give others.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class may have fewer texts than there are folds
        return [*StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(labels, labels, groups)]


def _five_folds(labels, seed):
    rows, smallest = np.arange(len(labels)), np.bincount(labels).min()
    if smallest > 1:
        return [*StratifiedKFold(min(FOLDS, smallest), shuffle=True, random_state=seed).split(rows, labels)]
    return [*KFold(min(FOLDS, len(rows)), shuffle=True, random_state=seed).split(rows)]


def _held_back(part, matrix, classes, strength, folds):
    """Scores (n, classes) of the rows that are held back, of all folds one after the other."""
    found = [scores_of(part(strength, rows), matrix[held], classes) for rows, held in folds]
    return np.concatenate(found)


def scores_of(votes, matrix, classes):
    """Scores of texts.

    Args:
        votes: `Votes`.
        matrix: Which n-grams each text has, sparse int8 (n, ngrams).
        classes: Number of classes.

    Returns:
        float (n, classes).

    Example:
        >>> votes = ngram_votes.Votes(np.array([[2.0], [-1.0]]), np.array([0.5]))
        >>> scores_of(votes, ngram_votes.sparse.csr_matrix([[1, 0]], dtype="int8"), classes=2).tolist()
        [[0.0, 2.5]]
    """
    scores = votes.scores(matrix)
    return np.hstack([np.zeros_like(scores), scores]) if classes == 2 else scores


def _temperature(scores, labels, weights):
    return fit_temperature(softmax(scores, axis=1), labels, doubt(len(labels)), weights)


def _accuracy(scores, labels):
    return float(np.mean(scores.argmax(1) == labels))


def _cross_entropy(scores, labels, weights):
    probabilities = softmax(scores, axis=1)[np.arange(len(labels)), labels]
    return float(-np.average(np.log(np.maximum(probabilities, 1e-30)), weights=weights))


def _model(grams, absolute, relative, classes):
    """The Keras model that computes the same as the sum of two `Votes`."""
    network = SentimentNgrams(len(grams.fingerprints) + 1, classes)
    for layer, rows in (
        ("embedding", absolute.votes),
        ("relative_votes", relative.votes),
        ("inverse_document_frequency", relative.weights[:, None]),
    ):
        network.get_layer(layer).set_weights([np.vstack([np.zeros((1, rows.shape[1]), "float32"), rows])])
    network.get_layer("predictions").set_weights([np.eye(len(absolute.bias)), absolute.bias + relative.bias])
    text = keras.Input((), dtype="string", name="text")
    index = NgramIndex(len(grams.fingerprints), grams.longest, grams.letters, name="ngrams")
    index.know(grams.fingerprints)
    return keras.Model(text, network(index(text)), name="text_classifier")


def predict_strings(model, texts):
    """Probabilities of all classes for texts, in their order; those of similar length share a batch.

    Args:
        model: Keras model of strings.
        texts: Array (n,) of str.

    Returns:
        Array (n, classes).

    Example:
        >>> model, *_ = fit_ngrams(["good", "bad"] * 5, np.array([1, 0] * 5), classes=2, seed=0)
        >>> predict_strings(model, np.array(["so good", "bad"], object)).argmax(1).tolist()
        [1, 0]
    """
    order = np.argsort([len(text) for text in texts], kind="stable")
    outputs = predict_texts(model, np.asarray(texts, object)[order], BATCH)
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
    return any(isinstance(layer, NgramIndex) for layer in getattr(model, "layers", ()))


def has_votes_for_each_ngram(model):
    """Whether the network behind the layer that takes texts apart has votes for each n-gram that this knows.

    Args:
        model: A Keras model for which `is_ngram_model` is true.

    Example:
        >>> model, *_ = fit_ngrams(["good", "bad"] * 5, np.array([1, 0] * 5), classes=2, seed=0)
        >>> has_votes_for_each_ngram(model)
        True
    """
    sizes = [layer.size for layer in model.layers if isinstance(layer, NgramIndex)]
    rows = [
        layer.input_dim
        for network in model.layers
        if isinstance(network, keras.Model)
        for layer in network.layers
        if isinstance(layer, keras.layers.Embedding)
    ]
    return all(each == sizes[0] + 1 for each in rows) and len(rows) == 3


def reads_texts(model):
    """Whether a model is a vocabulary, or a splitter into n-grams, with one network of numbers behind it.

    Args:
        model: Anything that Keras loads.

    Example:
        >>> from models import MLP, SentimentBag, StringClassifier
        >>> reads_texts(MLP()), reads_texts(StringClassifier(["good", "bad"], SentimentBag(4)))
        (False, True)
    """
    layers, inputs = getattr(model, "layers", ()), getattr(model, "inputs", None) or ()
    if len(inputs) != 1 or inputs[0].dtype != "string" or len(inputs[0].shape) != 1:
        return False
    if sum(isinstance(layer, keras.Model) for layer in layers) != 1:
        return False
    if is_ngram_model(model):
        return has_votes_for_each_ngram(model)
    return any(layer.name == "vocabulary" and hasattr(layer, "get_vocabulary") for layer in layers)
