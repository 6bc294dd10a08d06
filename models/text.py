"""Text networks: they take token ids and give the class of a text, such as its sentiment.

A token id stands for one word: 0 is padding, 1 a word that is not in the vocabulary. Padding is masked:
wherever it stands and however long it is, the prediction for a text is the same. `StringClassifier` puts the
vocabulary in front, so that strings go in; `TextClassifier` learns the vocabulary and trains.

All six builders begin with `_embed` and end with `_classify`; what is between them is what makes each of
them different.
"""

import keras
from keras import layers, ops

from .checks.arguments import activation as usual_activation
from .checks.arguments import check_parameters, checked, share, whole
from .dtypes import output_dtype
from .zoo import load_weights

MOST_IDS = 200_000  # more, times PAIR_FACTOR, are no int32
PAIR_FACTOR = 10_007  # a prime: the pairs "a b" and "b a" get different numbers


def _ending(owner, name, value):
    return value if isinstance(value, str) and value == "auto" else usual_activation(owner, name, value)


_checked = checked(
    2,
    vocabulary_size=whole(3, MOST_IDS),
    classes=whole(2),
    embedding_dim=whole(),
    kernel_size=whole(),
    word_dropout=share,
    word_pairs=whole(0),
    classifier_activation=_ending,
)


@_checked
def SentimentLSTM(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=32,
    word_dropout=0.4,
    dropout=0.5,
    classifier_activation="auto",
    weights=None,
    name="sentiment_lstm",
):
    """Embedding → LSTM → Dense: a recurrent network with a memory cell, whose last output is classified.

    Nothing leads past the LSTM: whatever the last layer learns of a text has been carried through the memory
    cell from word to word. `SentimentPooledLSTM` adds shortcuts.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them, from 3 to 200,000.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        embedding_dim: Length of the vector that stands for one word.
        units: Units of the LSTM.
        word_dropout: Share of the words that are dropped in each training step, from 0 to less than 1.
        dropout: Share of the values before the last layer dropped in each training step, likewise.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), integers from 0 to vocabulary_size - 1 and any
        number of words, -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Hochreiter and Schmidhuber, Long short-term memory, 1997.

    Example:
        >>> from models import SentimentLSTM
        >>> model = SentimentLSTM(vocabulary_size=1000, units=16)
        >>> model.output_shape, model.get_layer("lstm").count_params()
        ((None, 1), 3136)
        >>> 4 * (32 + 16 + 1) * 16  # four gates; each takes the word, the last output and a bias
        3136
    """
    ends = classes * units
    reads = 4 * units * (embedding_dim + units)
    check_parameters("SentimentLSTM", vocabulary_size * embedding_dim + reads + ends)

    def build(classes):
        tokens, words = _embed(vocabulary_size, embedding_dim, word_dropout)
        x = layers.LSTM(units, name="lstm")(words)
        return _classify(tokens, x, classes, dropout, classifier_activation, name)

    return load_weights(build(classes), weights, "SentimentLSTM", build)


@_checked
def SentimentPooledLSTM(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=32,
    word_dropout=0.4,
    dropout=0.5,
    classifier_activation="auto",
    weights=None,
    name="sentiment_pooled_lstm",
):
    """Embedding → LSTM → mean and maximum over the words, and beside them the mean of the embeddings → Dense.

    A skip connection leads from the embedding past the LSTM to a mean of its own, so that the LSTM only
    has to add what the order of the words says: the network is a bag of words beside an LSTM. The forget
    gate's bias starts at 0 and not at Keras's 1: at first the cell keeps half of its memory from one word to
    the next. Both improved the validation accuracy on reviews of films that are not in the training set.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them, from 3 to 200,000.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        embedding_dim: Length of the vector that stands for one word.
        units: Units of the LSTM.
        word_dropout: Share of the words that are dropped in each training step, from 0 to less than 1.
        dropout: Share of the values before the last layer dropped in each training step, likewise.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), integers from 0 to vocabulary_size - 1 and any
        number of words, -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Hochreiter and Schmidhuber, Long short-term memory, 1997.

    Example:
        >>> from models import SentimentPooledLSTM
        >>> SentimentPooledLSTM(vocabulary_size=1000, units=16).get_layer("read_and_words").output.shape
        (None, 64)
        >>> 2 * 16 + 32  # mean and maximum of the LSTM's outputs, mean of the embeddings
        64
    """
    ends = classes * (2 * units + embedding_dim)
    reads = 4 * units * (embedding_dim + units)
    check_parameters("SentimentPooledLSTM", vocabulary_size * embedding_dim + reads + ends)

    def build(classes):
        tokens, words = _embed(vocabulary_size, embedding_dim, word_dropout)
        x = layers.LSTM(units, return_sequences=True, unit_forget_bias=False, name="lstm")(words)
        x = _beside_the_words(x, words, tokens)
        return _classify(tokens, x, classes, dropout, classifier_activation, name)

    return load_weights(build(classes), weights, "SentimentPooledLSTM", build)


@_checked
def SentimentBiLSTM(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=32,
    word_dropout=0.4,
    dropout=0.5,
    classifier_activation="auto",
    weights=None,
    name="sentiment_bilstm",
):
    """Two LSTMs, one forwards and one backwards: each word is seen with what precedes and follows it.

    A skip connection leads from the embedding past them, as in `SentimentPooledLSTM`.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them, from 3 to 200,000.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        embedding_dim: Length of the vector that stands for one word.
        units: Units of each of the two LSTMs.
        word_dropout: Share of the words that are dropped in each training step, from 0 to less than 1.
        dropout: Share of the values before the last layer dropped in each training step, likewise.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), integers from 0 to vocabulary_size - 1 and any
        number of words, -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Graves and Schmidhuber, Framewise phoneme classification with bidirectional LSTM, 2005.

    Example:
        >>> from models import SentimentBiLSTM
        >>> SentimentBiLSTM(vocabulary_size=1000, units=16).get_layer("bilstm").output.shape
        (None, None, 32)
    """
    ends = classes * (4 * units + embedding_dim)
    reads = 8 * units * (embedding_dim + units)
    check_parameters("SentimentBiLSTM", vocabulary_size * embedding_dim + reads + ends)

    def build(classes):
        tokens, words = _embed(vocabulary_size, embedding_dim, word_dropout)
        lstm = layers.LSTM(units, return_sequences=True, unit_forget_bias=False)
        x = layers.Bidirectional(lstm, name="bilstm")(words)
        x = _beside_the_words(x, words, tokens)
        return _classify(tokens, x, classes, dropout, classifier_activation, name)

    return load_weights(build(classes), weights, "SentimentBiLSTM", build)


@_checked
def SentimentSimpleRNN(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=32,
    word_dropout=0.4,
    dropout=0.5,
    classifier_activation="auto",
    weights=None,
    name="sentiment_simple_rnn",
):
    """Embedding → SimpleRNN → Dense: the output is fed back, without a memory cell that could keep it.

    It is `SentimentLSTM` with another recurrent layer, so that a comparison tells what the cell adds.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them, from 3 to 200,000.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        embedding_dim: Length of the vector that stands for one word.
        units: Units of the recurrent layer.
        word_dropout: Share of the words that are dropped in each training step, from 0 to less than 1.
        dropout: Share of the values before the last layer dropped in each training step, likewise.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), integers from 0 to vocabulary_size - 1 and any
        number of words, -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Elman, Finding structure in time, 1990.

    Example:
        >>> from models import SentimentSimpleRNN
        >>> model = SentimentSimpleRNN(vocabulary_size=1000, classes=3, units=16)
        >>> model.output_shape, model.get_layer("simple_rnn").count_params() == (32 + 16 + 1) * 16
        ((None, 3), True)
    """
    ends = classes * units
    reads = units * (embedding_dim + units)
    check_parameters("SentimentSimpleRNN", vocabulary_size * embedding_dim + reads + ends)

    def build(classes):
        tokens, words = _embed(vocabulary_size, embedding_dim, word_dropout)
        x = layers.SimpleRNN(units, name="simple_rnn")(words)
        return _classify(tokens, x, classes, dropout, classifier_activation, name)

    return load_weights(build(classes), weights, "SentimentSimpleRNN", build)


@_checked
def SentimentConv1D(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=64,
    word_dropout=0.4,
    dropout=0.5,
    kernel_size=3,
    classifier_activation="auto",
    weights=None,
    name="sentiment_conv1d",
):
    """Embedding → Conv1D → mean and maximum over the words → Dense: filters that respond to short phrases.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them, from 3 to 200,000.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        embedding_dim: Length of the vector that stands for one word.
        units: Number of filters of the convolution.
        word_dropout: Share of the words that are dropped in each training step, from 0 to less than 1.
        dropout: Share of the values before the last layer dropped in each training step, likewise.
        kernel_size: Words that one filter takes in at a time.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), integers from 0 to vocabulary_size - 1 and any
        number of words, -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Kim, Convolutional neural networks for sentence classification, 2014.

    Example:
        >>> from models import SentimentConv1D
        >>> SentimentConv1D(vocabulary_size=1000, kernel_size=5).get_layer("conv").count_params()
        10304
        >>> (5 * 32 + 1) * 64
        10304
    """
    ends = classes * (2 * units + embedding_dim)
    reads = kernel_size * embedding_dim * units
    check_parameters("SentimentConv1D", vocabulary_size * embedding_dim + reads + ends)

    def build(classes):
        tokens, words = _embed(vocabulary_size, embedding_dim, word_dropout)
        is_word = _is_word(tokens)
        x = layers.Multiply(name="mask_embedding")([words, is_word])  # padding is 0 to the convolution
        x = layers.Conv1D(units, kernel_size, padding="same", activation="relu", name="conv")(x)
        x = _pool(x, is_word)
        return _classify(tokens, x, classes, dropout, classifier_activation, name)

    return load_weights(build(classes), weights, "SentimentConv1D", build)


@_checked
def SentimentBag(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    word_dropout=0.4,
    dropout=0.5,
    word_pairs=0,
    classifier_activation="auto",
    weights=None,
    name="sentiment_bag",
):
    """The mean of the words' embeddings → Dense: a bag of words, which has no order.

    The baseline for the other networks: one that is not better than this gains nothing from the order of the
    words.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them, from 3 to 200,000.
        classes: Number of classes, 2 or more; two share one neuron, the probability of the second.
        embedding_dim: Length of the vector that stands for one word.
        word_dropout: Share of the words that are dropped in each training step, from 0 to less than 1.
        dropout: Share of the values before the last layer dropped in each training step, likewise.
        word_pairs: Rows of a second embedding, of pairs of neighbouring words (bigrams); 0 for none. A
            pair's row is a hash of its two ids, so that several pairs may share one.
        classifier_activation: Activation of the last layer, None for logits; "auto" is "sigmoid" for
            two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), integers from 0 to vocabulary_size - 1 and any
        number of words, -> (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Joulin et al., Bag of tricks for efficient text classification, 2017.

    Example:
        >>> import numpy as np
        >>> from models import SentimentBag
        >>> model = SentimentBag(vocabulary_size=1000)
        >>> good_not_bad, bad_not_good, padded = model(np.array([[5, 6, 7, 0], [7, 6, 5, 0], [0, 5, 6, 7]]))
        >>> bool(abs(good_not_bad - bad_not_good) < 1e-6), bool(abs(good_not_bad - padded) < 1e-6)
        (True, True)
    """
    check_parameters("SentimentBag", (vocabulary_size + word_pairs + 2 * classes) * embedding_dim)

    def build(classes):
        tokens, words = _embed(vocabulary_size, embedding_dim, word_dropout)
        is_word = _is_word(tokens)
        if word_pairs:
            words, is_word = _with_pairs(words, is_word, tokens, word_pairs)
        x = _pool(words, is_word, maximum=False)
        return _classify(tokens, x, classes, dropout, classifier_activation, name)

    return load_weights(build(classes), weights, "SentimentBag", build)


def _embed(vocabulary_size, embedding_dim, word_dropout):
    """The input and its embedding: token ids (batch, words) and vectors (batch, words, embedding_dim)."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(vocabulary_size, embedding_dim, mask_zero=True, name="embedding")(tokens)
    return tokens, layers.Dropout(word_dropout, noise_shape=(None, None, 1), name="word_dropout")(x)


def _classify(tokens, x, classes, dropout, activation, name):
    """The model that ends in dropout and one dense layer on the features `x`, (batch, features)."""
    if activation == "auto":
        activation = "sigmoid" if classes == 2 else "softmax"
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = 1 if classes == 2 else classes
    x = layers.Dense(outputs, activation=activation, name="predictions", dtype=output_dtype())(x)
    return keras.Model(tokens, x, name=name)


def _is_word(tokens):
    """(batch, words, 1) of 1 where there is a word, 0 where there is padding."""
    ids = keras.Input((None,), dtype="int32")
    mask = ops.expand_dims(ops.cast(ops.not_equal(ids, 0), "float32"), -1)
    return keras.Model(ids, mask, name="is_word")(tokens)


def _beside_the_words(x, words, tokens):
    """The outputs of a recurrent layer, pooled, and beside them the mean of the embedded words."""
    is_word = _is_word(tokens)
    pooled = [_pool(x, is_word), _pool(words, is_word, maximum=False)]
    return layers.Concatenate(name="read_and_words")(pooled)


def _with_pairs(words, is_word, tokens, rows):
    """Append the embeddings of the pairs of neighbouring words: `words - 1` more, some of them padding."""
    ids, mask = keras.Input((None,), dtype="int32"), keras.Input((None, 1))
    row = ops.mod(ids[:, :-1] * PAIR_FACTOR + ids[:, 1:], rows)
    pairs = keras.Model([ids, mask], [row, mask[:, :-1] * mask[:, 1:]], name="pairs")
    row, is_pair = pairs([tokens, is_word])
    embedded = layers.Embedding(rows, words.shape[-1], name="pair_embedding")(row)
    join = layers.Concatenate(1, name="words_and_pairs")
    return join([words, embedded]), layers.Concatenate(1, name="is_word_or_pair")([is_word, is_pair])


def _pool(x, is_word, maximum=True):
    """Mean, and beside it maximum, over the words: (batch, words, units) -> (batch, 2 * units)."""
    name = "mean_and_maximum" if maximum else "mean_of_words"
    x = layers.Multiply(name=f"mask_{name}")([x, is_word])
    values, mask = keras.Input((None, x.shape[-1])), keras.Input((None, 1))
    pooled = ops.sum(values, 1) / ops.maximum(ops.sum(mask, 1), 1.0)  # 1 for a text without words
    if maximum:  # padding is -1: no activation used here is lower
        # Not `values + mask - 1`: for one text of as many words as units Keras takes the mask for their bias
        pooled = ops.concatenate([pooled, ops.max(values - (1 - mask), 1)], -1)
    return keras.Model([values, mask], pooled, name=name)([x, is_word])
