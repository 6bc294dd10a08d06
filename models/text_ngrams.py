"""Texts as n-grams, words and pairs of neighbouring words, and a network in which each of them votes."""

import keras
from keras import layers, ops

from .checks.arguments import activation as usual_activation
from .checks.arguments import check_parameters, checked, whole
from .zoo import load_weights

MOST_BUCKETS = 2**22
LONGEST_NGRAM = 5  # words
SPACES = r"[\s\p{Z}\p{C}]+"  # characters without a form, such as a zero-width space, among them
# What is a token of its own: any character that is no letter, mark, digit, underscore or space, and each
# letter of scripts that are written without spaces between words
ALONE = r"([^\p{L}\p{M}\p{N}_ ]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)"


@keras.saving.register_keras_serializable("glass_zoo")
class NgramBuckets(layers.Layer):
    """Takes a text apart into words and punctuation, and gives each n-gram the number of its bucket.

    Letters become lower case. Each punctuation mark, symbol, emoji, and letter of a script without spaces
    (Chinese, Japanese, Thai and the like) is a token of its own. An n-gram is a sequence of 1 to `longest`
    neighbouring tokens; a hash of it is its bucket. So there is no vocabulary to learn, and several n-grams
    may share a bucket. It needs TensorFlow, as TextVectorization does.

    Args:
        buckets: How many, from 2 to 4,194,304.
        longest: Tokens of the longest n-gram, from 1 to 5.
        **kwargs: As for every layer, such as `name`.

    Call with: strings (batch,).

    Returns:
        int32 (batch, n): numbers from 1 to `buckets`, and 0 behind those of shorter texts; first all single
        tokens of a text, in order, then all pairs, and so on.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> from models.text_ngrams import NgramBuckets
        >>> good, not_good = NgramBuckets(2**18)(np.array(["Good!", "not good!"], object)).numpy()
        >>> good.tolist().count(0), len(set(good.tolist()) & set(not_good.tolist()))  # good, !, good !
        (2, 3)
    """

    def __init__(self, buckets, longest=2, **kwargs):
        super().__init__(**kwargs)
        self.buckets = whole(2, MOST_BUCKETS)("NgramBuckets", "buckets", buckets)
        self.longest = whole(1, LONGEST_NGRAM)("NgramBuckets", "longest", longest)
        self._convert_input_args, self._allow_non_tensor_positional_args = False, True

    def ragged(self, texts):
        """The same as a ragged tensor (batch, None) of int64, without zeros.

        Args:
            texts: strings (batch,).

        Returns:
            A tf.RaggedTensor.

        Example:
            >>> NgramBuckets(9, longest=1).ragged(["so so good", ""]).row_lengths().numpy().tolist()
            [3, 0]
        """
        import tensorflow as tf

        spaced = tf.strings.regex_replace(tf.strings.lower(texts, "utf-8"), SPACES, " ")
        tokens = tf.strings.split(tf.strings.regex_replace(spaced, ALONE, r" \1 "))
        ngrams = tf.strings.ngrams(tokens, tuple(range(1, self.longest + 1)), separator=" ")
        return tf.ragged.map_flat_values(tf.strings.to_hash_bucket_fast, ngrams, self.buckets) + 1

    def call(self, texts):
        """See the class."""
        import tensorflow as tf

        return tf.cast(self.ragged(texts).to_tensor(0), "int32")

    def compute_output_spec(self, texts):
        """int32 (batch, any number)."""
        return keras.KerasTensor((texts.shape[0], None), "int32")

    def get_config(self):
        """{argument: value}."""
        return {**super().get_config(), "buckets": self.buckets, "longest": self.longest}


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
