"""A network in which each n-gram of a text, a word or a pair of neighbouring words, has a vote."""

import keras
from keras import layers, ops

from .checks.arguments import activation as usual_activation
from .checks.arguments import check_parameters, checked, whole
from .dtypes import output_dtype
from .ngram_index import MOST_NGRAMS
from .zoo import load_weights


@checked(vocabulary_size=whole(2, MOST_NGRAMS + 1), classes=whole(2))
def SentimentNgrams(
    vocabulary_size=2**18,
    classes=2,
    classifier_activation="auto",
    weights=None,
    name="sentiment_ngrams",
):
    r"""Each different n-gram of a text has votes for each class, which are added: a linear classifier.

    The score of a class is $\sum_n v_n + \sum_n u_n / \sqrt{\sum_n w_n^2} + b$ over the different n-grams n
    of a text. The votes v count as they are; the votes u count for less in a long text, as those of TF-IDF
    do, where w is the inverse document frequency. Trained by `TextClassifier(kind="ngrams")`, the first sum
    is NB-SVM with logistic loss, the second logistic regression on TF-IDF: what every other text network
    should be compared with.

    Args:
        vocabulary_size: Number of n-grams and one more, from 2 to 4,194,305.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: numbers of n-grams (batch, n), integers from 1 to `vocabulary_size` - 1 with 0
        for padding, -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Wang and Manning, Baselines and bigrams: simple, good sentiment and topic classification, 2012.

    Example:
        >>> import numpy as np
        >>> from models import SentimentNgrams
        >>> model = SentimentNgrams(vocabulary_size=101)
        >>> once, twice = model(np.array([[5, 6, 0, 0], [6, 5, 5, 6]]))
        >>> bool(abs(once - twice) < 1e-6), model.count_params()  # three numbers each, a weight and a bias
        (True, 305)
    """
    if classifier_activation != "auto":
        usual_activation("SentimentNgrams", "classifier_activation", classifier_activation)
    outputs = 1 if classes == 2 else classes
    check_parameters("SentimentNgrams", vocabulary_size * (2 * outputs + 1) + (outputs + 1) * outputs)

    def build(classes):
        outputs = 1 if classes == 2 else classes
        ending = classifier_activation
        if ending == "auto":
            ending = "sigmoid" if classes == 2 else "softmax"
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        ids, first = _different(tokens)
        votes = layers.Embedding(vocabulary_size, outputs, name="embedding")(ids)
        relative_votes = layers.Embedding(vocabulary_size, outputs, name="relative_votes")(ids)
        frequency = layers.Embedding(vocabulary_size, 1, name="inverse_document_frequency")(ids)
        x = _scores(votes, relative_votes, frequency, first)
        x = layers.Dense(outputs, activation=ending, name="predictions", dtype=output_dtype())(x)
        return keras.Model(tokens, x, name=name)

    return load_weights(build(classes), weights, "SentimentNgrams", build)


def _different(tokens):
    """Numbers in ascending order, and (batch, n, 1) of 1 where one occurs first and is no padding."""
    ids = keras.Input((None,), dtype="int32")
    ordered = ops.sort(ops.pad(ids, ((0, 0), (1, 0))), axis=1)  # begins with a 0, whatever is in it
    first = ops.cast(ops.not_equal(ordered[:, 1:], ordered[:, :-1]), "float32")
    return keras.Model(ids, [ordered[:, 1:], ops.expand_dims(first, -1)], name="different")(tokens)


def _scores(*parts):
    """Votes (batch, n, outputs) twice, weights (batch, n, 1), and 1 or 0 each -> (batch, outputs)."""
    votes, relative, weights, counts = inputs = [keras.Input((None, part.shape[-1])) for part in parts]
    norm = ops.sqrt(ops.sum(ops.square(weights * counts), 1))
    scores = ops.sum(votes * counts, 1) + ops.sum(relative * counts, 1) / ops.maximum(norm, 1e-6)
    return keras.Model(inputs, scores, name="scores")(list(parts))
