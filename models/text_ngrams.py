"""A network in which each n-gram of a text, a word or a pair of neighbouring words, has a vote."""

import keras
from keras import layers, ops

from .checks.arguments import activation as usual_activation
from .checks.arguments import check_parameters, checked, whole
from .ngram_buckets import MOST_BUCKETS
from .zoo import load_weights


@checked(2, buckets=whole(2, MOST_BUCKETS), classes=whole(2))
def SentimentNgrams(
    buckets=2**18,
    classes=2,
    classifier_activation="auto",
    weights=None,
    name="sentiment_ngrams",
):
    """Each different n-gram of a text has a vote for each class; the votes are added: a linear classifier.

    The embedding of an n-gram is its votes. An n-gram that occurs twice in a text votes once. Trained by
    `TextClassifier(kind="ngrams")`, it is the classifier NB-SVM with logistic loss: what every other text
    network should be compared with.

    Args:
        buckets: Number of buckets that n-grams are in, from 2 to 4,194,304, as for `NgramBuckets`.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: numbers of buckets (batch, n), integers from 1 to `buckets` with 0 for padding,
        -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Wang and Manning, Baselines and bigrams: simple, good sentiment and topic classification, 2012.

    Example:
        >>> import numpy as np
        >>> from models import SentimentNgrams
        >>> model = SentimentNgrams(buckets=100)
        >>> once, twice = model(np.array([[5, 6, 0, 0], [6, 5, 5, 6]]))
        >>> bool(abs(once - twice) < 1e-6), model.count_params()  # 101 votes, a weight and a bias
        (True, 103)
    """
    if classifier_activation != "auto":
        usual_activation("SentimentNgrams", "classifier_activation", classifier_activation)
    outputs = 1 if classes == 2 else classes
    check_parameters("SentimentNgrams", (buckets + 1 + outputs) * outputs)

    def build(classes):
        outputs = 1 if classes == 2 else classes
        ending = classifier_activation
        if ending == "auto":
            ending = "sigmoid" if classes == 2 else "softmax"
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        ids, first = _different(tokens)
        votes = layers.Embedding(buckets + 1, outputs, name="embedding")(ids)
        votes = layers.Multiply(name="votes")([votes, first])
        x = _sum(votes)
        x = layers.Dense(outputs, activation=ending, name="predictions")(x)
        return keras.Model(tokens, x, name=name)

    return load_weights(build(classes), weights, "SentimentNgrams", build)


def _different(tokens):
    """Numbers in ascending order, and (batch, n, 1) of 1 where one occurs first and is no padding."""
    ids = keras.Input((None,), dtype="int32")
    ordered = ops.sort(ops.pad(ids, ((0, 0), (1, 0))), axis=1)  # begins with a 0, whatever is in it
    first = ops.cast(ops.not_equal(ordered[:, 1:], ordered[:, :-1]), "float32")
    return keras.Model(ids, [ordered[:, 1:], ops.expand_dims(first, -1)], name="different")(tokens)


def _sum(votes):
    """(batch, n, outputs) -> (batch, outputs)."""
    values = keras.Input((None, votes.shape[-1]))
    return keras.Model(values, ops.sum(values, 1), name="sum_of_votes")(votes)
