"""Tell praise from blame in film reviews, or sort texts of your own into classes.

Embedding → LSTM → Dense, or one of four other networks that remember more or less of the order
in which the words stood.
"""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, LessonError, run  # first: loads Keras quietly

import keras
import numpy as np
from sklearn import metrics

import models
from datasets import reviews
from datasets.files.names import safe
from datasets.texts.bucketing import LengthBuckets
from models.text import TextClassifier, reviews_vocabulary
from tutorials.figures.charts import confusion_matrix, learning_curves
from tutorials.figures.labels import plain
from tutorials.figures.texts import accuracy_by_length, gain_and_cost, moved_words, neighbourhoods
from tutorials.lesson.limits import Bounds, check_memory, check_settings, fitting_batch
from tutorials.lesson.report import Report
from tutorials.lesson.texts import (
    LONGEST,
    class_probabilities,
    judge,
    learn_vocabulary,
    nearest_words,
    show_comparison,
    token_ids,
    word_effects,
)

BUILDERS = {
    "lstm": models.SentimentLSTM,
    "bilstm": models.SentimentBiLSTM,
    "simple_rnn": models.SentimentSimpleRNN,
    "conv1d": models.SentimentConv1D,
    "bag": models.SentimentBag,
}
STEP_SIZES = {"lstm": 5e-3, "bilstm": 5e-3, "simple_rnn": 3e-3, "conv1d": 5e-3, "bag": 2e-2}  # of Adam
EPSILON = 1e-5  # of Adam, a hundred times the usual one: rare words, of which little is known, move little
WORD_DROPOUT = 0.4  # where there are so many words that the network could learn texts by heart


def main(
    model: Literal["lstm", "bilstm", "simple_rnn", "conv1d", "bag"] = "lstm",
    predict: str | None = None,
    compare: bool = False,
    word_pairs: int = 0,
    vocabulary_size: int = 10_000,
    word_dropout: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    data: str = "auto",
    text_column: str | None = None,
    label_column: str | None = None,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train a network that reads texts and says which class they are of.

    Args:
        model: Which network of the zoo to train.
        predict: A text to be judged, in quotes. Without --data by the zoo's network, which was
            trained on 25,000 real reviews, at once; with --data after training.
        compare: Train all five networks for as many passes, with three seeds each, and compare.
        word_pairs: For the bag: how many places there are for pairs of neighbouring words.
        vocabulary_size: The most words that are known, by frequency.
        word_dropout: Share of the words left out of each training step; by default 0.4 where the
            vocabulary has over 1,000 words, else 0.
        epochs: Passes over the training texts; by default 3 on real reviews, else so many that
            about 60,000 texts are seen, from 3 to 30.
        batch_size: Texts per gradient step; by default 128 where there are over 15,000, else 32.
        data: The Large Movie Review Dataset (its folder aclImdb or an archive of it), a CSV or
            TSV file with a text and a label column, a folder with a folder of .txt files for
            each class, or "embedded"; "auto" looks, downloads, or falls back.
        text_column: Name of the column that holds the texts, if it is not obvious.
        label_column: Name of the column that holds the classes, if it is not obvious.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals(), vocabulary_size=3, seed=Bounds(0, 2**32 - 3))
    check_memory("word_pairs", word_pairs, 4 * 32 * 6 * word_pairs)  # weights, Adam's and averaged ones
    if predict is not None and not predict.strip():
        raise LessonError("--predict needs a text of at least one word.")
    if predict and data == "auto":
        vocabulary = reviews_vocabulary()
        network = BUILDERS[model](len(vocabulary) + 2, weights="reviews")
        return judge(TextClassifier(vocabulary, network, LONGEST), predict, reviews.IMDB_CLASSES)
    report = Report(main, settings=locals())
    if word_pairs and model != "bag":
        raise LessonError("--word-pairs is for --model bag; the other networks see the order themselves.")
    keras.utils.set_random_seed(seed)

    # Data: texts (n,) as strings, labels (n,) from 0; the vocabulary is of the training texts alone
    source = reviews.locate(data)
    (x_train, y_train), (x_test, y_test), class_names = reviews.load_data(source, text_column, label_column)
    if quick:
        x_train, y_train, x_test, y_test = x_train[:300], y_train[:300], x_test[:100], y_test[:100]
    fitted = len(x_train) - max(1, len(x_train) // 10)  # the last tenth is held back to validate on
    if epochs is None:
        epochs = 1 if quick else 3 if source.name == "imdb" else int(np.clip(60_000 / fitted, 3, 30))
    batch_size = batch_size or (128 if fitted > 15_000 else 32)
    vocabulary = learn_vocabulary(x_train[:fitted], vocabulary_size)
    tokens, test_tokens = (token_ids(texts, vocabulary, LONGEST) for texts in (x_train, x_test))
    if word_dropout is None:
        word_dropout = WORD_DROPOUT if len(vocabulary) > 1_000 else 0.0
    report.settings |= {"epochs": epochs, "batch_size": batch_size, "word_dropout": word_dropout}
    lengths = np.array([len(ids) for ids in test_tokens])
    test_batches = LengthBuckets(test_tokens, batch_size=500, shuffle=False)
    training = tokens[:fitted], y_train[:fitted]
    validation = LengthBuckets(tokens[fitted:], y_train[fitted:], batch_size=500, shuffle=False)

    # Model
    def build(model, seed):
        keras.utils.set_random_seed(seed)
        pairs = {"word_pairs": word_pairs} if model == "bag" else {}
        return BUILDERS[model](
            len(vocabulary) + 2, classes=len(class_names), word_dropout=word_dropout, **pairs
        )

    builders = [partial(build, name, seed) for name in (BUILDERS if compare else [model])]
    batch_size = fitting_batch(batch_size, fitted, *builders, length=max(map(len, tokens)))
    network = build(model, seed)
    network.summary()

    # Compile and fit; a function, because --compare does it with all five
    def train(network, step_size, seed):
        batches = LengthBuckets(*training, batch_size=batch_size, seed=seed)
        # What is kept is the mean of the weights over about the last fifth of the steps, which bears
        # films that it has not read about better than the last weights do
        momentum = max(0.0, 1 - 5 / (epochs * len(batches)))
        network.compile(
            optimizer=keras.optimizers.Adam(step_size, epsilon=EPSILON, use_ema=True, ema_momentum=momentum),
            loss="binary_crossentropy" if len(class_names) == 2 else "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        average = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
        best = keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)  # of all passes
        started = time.perf_counter()
        history = network.fit(
            batches, epochs=epochs, validation_data=validation, callbacks=[average, best], verbose=VERBOSE
        ).history
        seconds = time.perf_counter() - started
        outputs = np.empty((len(x_test), network.output_shape[-1]))
        outputs[test_batches.order] = network.predict(test_batches, verbose=0)
        return history, seconds, class_probabilities(outputs)

    history, fit_seconds, probabilities = train(network, STEP_SIZES[model], seed)

    # Evaluate: the test texts are used here, once
    answers = probabilities.argmax(-1)
    right = answers == y_test
    accuracy = np.mean(right)
    results = {
        "test_accuracy": accuracy, "parameters": network.count_params(), "fit_seconds": fit_seconds
    }  # fmt: skip
    finding = (
        f"{network.count_params():,} parameters tell the class of {accuracy:.1%} of {len(x_test):,} texts "
        f"that they had not seen, after {fit_seconds:.0f} s of training."
    )

    # Plot
    report.figure(
        "learning_curves",
        learning_curves(
            history,
            f"At best {max(history['val_accuracy']):.1%} of the validation texts are told right",
            examples="texts",
        ),
    )
    report.figure(
        "confusion_matrix",
        confusion_matrix(
            metrics.confusion_matrix(y_test, answers, labels=range(len(class_names))),
            class_names,
            f"{np.sum(~right):,} of {len(x_test):,} test texts are taken for another class",
        ),
    )
    report.figure("accuracy_by_length", accuracy_by_length(lengths, right))
    embeddings = network.get_layer("embedding").get_weights()[0][2:]
    alone = class_probabilities(network.predict(np.arange(2, len(embeddings) + 2)[:2000, None], verbose=0))
    telling = np.argsort(-alone, 0)[:50].flatten()  # each class's strongest words, by turns
    report.figure(
        "neighbourhoods", neighbourhoods(embeddings, vocabulary, nearest_words(embeddings, telling, 8, 6))
    )
    reader = TextClassifier(vocabulary, network, LONGEST)
    # Texts short enough for the figure: two that one word may still change, and the surest mistakes
    doubtful = np.argsort(np.abs(probabilities.max(-1) - 0.85) + (lengths > 60))
    surest = np.argsort(-probabilities.max(-1) + (lengths > 60))
    shown = [*doubtful[right[doubtful]][:2], *surest[~right[surest]][:2]]
    report.figure(
        "moved_words",
        moved_words(
            [
                (
                    f"says {plain(class_names[answers[n]])} ({probabilities[n].max():.0%}), "
                    f"truth: {plain(class_names[y_test[n]])}",
                    *word_effects(reader, x_test[n], answers[n]),
                )
                for n in shown
            ]
        ),
    )
    report.model(reader, class_names)

    if compare:  # all five, with as many passes each
        runs, parameters = {}, {}
        for name in BUILDERS:
            runs[name] = []
            for again in range(seed, seed + (1 if quick else 3)):
                other = build(name, again)
                parameters[name] = other.count_params()
                if (name, again) == (model, seed):  # trained already
                    runs[name].append((accuracy, fit_seconds))
                    continue
                _, seconds, told = train(other, STEP_SIZES[name], again)
                runs[name].append((np.mean(told.argmax(-1) == y_test), seconds))
        results |= {f"{name}_test_accuracy": np.mean(runs[name], 0)[0] for name in runs}
        results |= {f"{name}_fit_seconds": np.mean(runs[name], 0)[1] for name in runs}
        show_comparison(runs, parameters)
        report.figure("comparison", gain_and_cost(runs))
        gain = np.mean(runs["lstm"], 0) - np.mean(runs["conv1d"], 0)
        finding += (
            f" Over {len(runs['lstm'])} seeds the LSTM is {gain[0] * 100:+.1f} points from the convolution, "
            f"for {gain[1]:+.0f} s of training."
        )
    written = report.close(source, examples=len(x_train) + len(x_test), finding=finding, **results)
    folder = safe(report.folder, "terminal")
    print(f'Judge texts of your own: python -m tutorials.predict {folder} "some text" texts.csv')
    if predict:
        judge(reader, predict, class_names)
    return written


if __name__ == "__main__":
    run(main)
