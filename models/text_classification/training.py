"""How the text networks are trained: their learning rates, and what is chosen by the size of the data."""

import time

import keras
import numpy as np

from ..checks.arguments import checked, flag, number, whole
from ..compiled import build_ahead
from ..probabilities import per_class
from ..sibling import datasets_module
from ..text import (
    SentimentBag,
    SentimentBiLSTM,
    SentimentConv1D,
    SentimentLSTM,
    SentimentPooledLSTM,
    SentimentSimpleRNN,
)
from ..training.checkpoints import WHOLE, BestEpoch
from .in_time import InTime, plan_training

BUILDERS = {
    "lstm": SentimentLSTM,
    "pooled_lstm": SentimentPooledLSTM,
    "bilstm": SentimentBiLSTM,
    "simple_rnn": SentimentSimpleRNN,
    "conv1d": SentimentConv1D,
    "bag": SentimentBag,
}
LEARNING_RATES = {  # of Adam
    "lstm": 5e-3,
    "pooled_lstm": 5e-3,
    "bilstm": 5e-3,
    "simple_rnn": 1e-3,
    "conv1d": 5e-3,
    "bag": 2e-2,
}
# Norm to which longer gradients are scaled down. Where they come back through every word of a text, one can
# be so large that its step undoes what an epoch has taught
CLIP_NORMS = {"lstm": 1.0, "simple_rnn": 1.0}
# Networks whose learning rate decays: on validation reviews the LSTM had a loss of 0.278 so, 0.303 without
DECAYING = {"lstm"}
EPSILON = 1e-5  # of Adam, 100 times the usual one: the embeddings of rare words change little
WORD_DROPOUT = 0.4  # where the vocabulary is so large that the network could learn the texts by heart
SEEN = 60_000  # texts that the network sees in all epochs together
SENTENCE_DROPOUT = 0.2  # where sentences are among the texts, in which each word counts: one may be the "not"
SENTENCE_EPOCHS, SENTENCE_BATCH, MANY_SENTENCES = 4, 256, 100_000
VALIDATION_BATCH = 500  # texts


def validation_size(texts):
    """Number of texts at the end of the training data that are held back for validation: a tenth.

    Args:
        texts: Number of texts.

    Example:
        >>> validation_size(25_000), validation_size(5)
        (2500, 1)
    """
    return max(1, texts // 10)


def by_default(texts, words, epochs=None, batch_size=None, word_dropout=None, sentences=False):
    """Settings of the training, those that are None chosen by the size of the data.

    Args:
        texts: Number of texts that the network is trained on.
        words: Number of words in the vocabulary.
        epochs: By default so many that the network sees about 60,000 texts, from 3 to 30.
        batch_size: By default 128 where there are more than 15,000 texts, otherwise 32.
        word_dropout: By default 0.4 where there are more than 1,000 words, otherwise 0.
        sentences: Whether sentences of longer texts are among these. Then the defaults are at least 4 epochs,
            batches of 256 where there are more than 100,000, and a word dropout of 0.2.

    Returns:
        `(epochs, batch_size, word_dropout)`.

    Example:
        >>> by_default(texts=22_500, words=9_998)
        (3, 128, 0.4)
        >>> by_default(texts=5_000, words=150, batch_size=64)
        (12, 64, 0.0)
        >>> by_default(texts=280_000, words=9_998, sentences=True)
        (4, 256, 0.2)
    """
    if epochs is None:
        epochs = int(np.clip(SEEN / texts, SENTENCE_EPOCHS if sentences else 3, 30))
    if batch_size is None:
        batch_size = 128 if texts > 15_000 else 32
        if sentences and texts > MANY_SENTENCES:
            batch_size = SENTENCE_BATCH
    if word_dropout is None:
        dropped = SENTENCE_DROPOUT if sentences else WORD_DROPOUT
        word_dropout = dropped if words > 1_000 else 0.0
    return epochs, batch_size, word_dropout


def _optional_norm(owner, name, value):
    return None if value is None else number(above=0)(owner, name, value)


@checked(learning_rate=number(above=0), steps=whole(), clip_norm=_optional_norm, decay=flag)
def averaged_adam(learning_rate, steps, clip_norm=None, decay=False):
    """Adam that also keeps a moving average of the weights, over about the last fifth of all steps.

    Averaged weights generalize better than the last ones. `keep_best` puts them in place.

    Args:
        learning_rate: Learning rate, more than 0.
        steps: Number of steps of the whole training.
        clip_norm: Gradients whose norm is larger than this, all weights together, are scaled down to it;
            None for never.
        decay: Whether the learning rate falls to 0 over these steps, along half a cosine.

    Returns:
        A `keras.optimizers.Adam`.

    Raises:
        ModelError: If an argument is not as described.

    Reference:
        Izmailov et al., Averaging weights leads to wider optima and better generalization, 2018. Loshchilov
        and Hutter, SGDR: Stochastic gradient descent with warm restarts, 2017.

    Example:
        >>> from models.text_classification import averaged_adam
        >>> averaged_adam(5e-3, steps=500).ema_momentum
        0.99
    """
    momentum = max(0.0, 1 - 5 / steps)
    rate = float(learning_rate)
    return keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(rate, steps) if decay else rate,
        epsilon=EPSILON,
        use_ema=True,
        ema_momentum=momentum,
        global_clipnorm=clip_norm,
    )


def optimizer_for(kind, steps, learning_rate=None):
    """`averaged_adam` with the settings of a network; the two plain recurrent ones clip their gradients.

    Args:
        kind: Which network, a key of `BUILDERS`.
        steps: Number of steps of the whole training.
        learning_rate: None for the usual one of this network.

    Returns:
        A `keras.optimizers.Adam`.

    Example:
        >>> from models.text_classification import optimizer_for
        >>> optimizer_for("lstm", steps=500).global_clipnorm, optimizer_for("bag", 500).global_clipnorm
        (1.0, None)
    """
    rate = learning_rate or LEARNING_RATES[kind]
    return averaged_adam(rate, steps, CLIP_NORMS.get(kind), decay=kind in DECAYING)


@checked(epochs=whole())
def keep_best(epochs):
    """Callbacks that validate the averaged weights after each epoch, and keep those of the best one.

    Args:
        epochs: Number of epochs of the training, none of which is left out.

    Returns:
        List of Keras callbacks, for `fit` with an optimizer as `averaged_adam` makes it.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.text_classification import keep_best
        >>> [type(callback).__name__ for callback in keep_best(epochs=3)]
        ['SwapEMAWeights', 'EarlyStopping']
    """
    return [
        keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
        keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True),
    ]


def loss_for(classes):
    """The loss of a text network of so many classes; two share one neuron.

    Args:
        classes: Number of classes.

    Example:
        >>> loss_for(2), loss_for(3)
        ('binary_crossentropy', 'sparse_categorical_crossentropy')
    """
    return "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"


def build_network(
    kind, vocabulary_size, classes, word_dropout, word_pairs=0, units=None, embedding_dim=None, dropout=None
):
    """One of the six text networks.

    Args:
        kind: "lstm", "pooled_lstm", "bilstm", "simple_rnn", "conv1d" or "bag".
        vocabulary_size: Number of token ids.
        classes: Number of classes.
        word_dropout: Share of the words that are dropped in each training step.
        word_pairs: Rows of the bag's embedding of word pairs; the other networks have none.
        units, embedding_dim, dropout: As for the network's builder, None for what it has by default; the bag
            has no units.

    Example:
        >>> build_network("conv1d", 100, classes=3, word_dropout=0).output_shape
        (None, 3)
        >>> build_network("lstm", 100, classes=3, word_dropout=0, units=7).get_layer("lstm").units
        7
    """
    pairs = {"word_pairs": word_pairs} if kind == "bag" else {"units": units}
    given = {"embedding_dim": embedding_dim, "dropout": dropout} | pairs
    given = {name: value for name, value in given.items() if value is not None}
    return BUILDERS[kind](vocabulary_size, classes, word_dropout=word_dropout, **given)


def train(
    network,
    kind,
    training,
    validation,
    epochs,
    batch_size,
    seed,
    callbacks=(),
    verbose=0,
    learning_rate=None,
    deadline=None,
    checkpoint=None,
):
    """Compile a text network and fit it; the averaged weights of the best epoch are kept.

    Args:
        network: What `build_network` returned.
        kind: Which network it is.
        training: (list of arrays of token ids, array of labels).
        validation: The same, to choose the best epoch by.
        epochs, batch_size, seed: Of the training; the seed draws the batches.
        callbacks: More callbacks, which come first.
        verbose: As for `fit` of Keras.
        learning_rate: Of Adam; None for what suits this network.
        deadline: Moment at which training is to be done, by `time.perf_counter()`: epochs are cut to fit.
        checkpoint: `CheckpointFolder` that keeps the state after each epoch; a training that was stopped
            there goes on.

    Returns:
        `(history, seconds)`: {metric: list of a value per epoch}, and how long `fit` took.

    Raises:
        ModelError: If no time is left.

    Example:
        >>> import numpy as np
        >>> tokens, labels = [np.array([2, 3]), np.array([4])] * 8, np.array([0, 1] * 8)
        >>> network = build_network("bag", 5, classes=2, word_dropout=0)
        >>> history, _ = train(network, "bag", (tokens, labels), (tokens, labels), 2, batch_size=4, seed=0)
        >>> sorted(history)
        ['accuracy', 'loss', 'val_accuracy', 'val_loss']
    """
    buckets = datasets_module("texts.bucketing").LengthBuckets
    batches = buckets(*training, batch_size=batch_size, seed=seed)
    share = len(validation[1]) / len(training[1])

    def compiled(steps):
        network.compile(
            optimizer=optimizer_for(kind, steps, learning_rate),
            loss=loss_for(max(2, network.output_shape[-1])),
            metrics=["accuracy"],
        )
        build_ahead(network, np.asarray(training[1])[:1])

    compiled(epochs * len(batches))
    plan = plan_training(network, batches, share, epochs, deadline, checkpoint)
    if deadline is not None:
        compiled(plan.epochs * plan.steps)  # over how many steps the weights are averaged
        callbacks = [*callbacks, InTime(deadline, share * len(batches))]
    state = BestEpoch(checkpoint, WHOLE)
    for _ in range(state.epochs):
        batches.on_epoch_end()  # the batches of the epochs that are done were drawn by the same generator
    started = time.perf_counter()
    network.fit(
        batches,
        epochs=plan.epochs,
        initial_epoch=state.epochs,
        steps_per_epoch=None if plan.steps == len(batches) else plan.steps,
        validation_data=buckets(*validation, batch_size=VALIDATION_BATCH, shuffle=False),
        callbacks=[*callbacks, keras.callbacks.SwapEMAWeights(swap_on_epoch=True), state],
        shuffle=False,  # `LengthBuckets` does it, and draws the same batches in a resumed training
        verbose=verbose,
    )
    return state.history, state.seconds + time.perf_counter() - started


def predict(network, tokens):
    """Probabilities of all classes for texts, in their order.

    Args:
        network: What one of the builders returned.
        tokens: List of n arrays of token ids.

    Returns:
        Array (n, classes).

    Example:
        >>> import numpy as np
        >>> network = build_network("bag", 5, classes=3, word_dropout=0)
        >>> predict(network, [np.array([2, 3]), np.array([4])]).shape
        (2, 3)
    """
    batches = datasets_module("texts.bucketing").LengthBuckets(
        tokens, batch_size=VALIDATION_BATCH, shuffle=False
    )
    outputs = network.predict(batches, verbose=0)
    return per_class(outputs[np.argsort(batches.order)])
