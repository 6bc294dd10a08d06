r"""Classify film reviews as positive or negative, or texts of your own into any classes.

## The question

How can a network that computes with numbers classify a text? Does word order matter?

## The idea

Each word becomes a number, its **token id**, and each id a vector that is learned, its **embedding**. The
network is Embedding → LSTM → Dense. With 10,000 words and vectors of 32 numbers:

| layer | output | parameters |
| --- | --- | --- |
| `embedding` | 32 for each word | $10{,}000 \cdot 32 = 320{,}000$ |
| `lstm` | 32, after the last word | $4 \cdot (32 + 32 + 1) \cdot 32 = 8{,}320$ |
| `predictions`: sigmoid | a probability | $32 + 1 = 33$ |

A **recurrent layer** reads one word after the other. A plain one (`--model simple_rnn`) computes

$$h_t = \tanh(W x_t + U h_{t-1} + b)$$

from the word $x_t$ and its last output, its **state**. Each step multiplies what it knew of earlier words by
$U$, and the gradient as well, which can vanish or explode. An **LSTM** also has a memory cell $c_t$,
which is not multiplied by $U$:

$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh(c_t)$$

($\odot$: element by element). The new content $g_t$ is computed like $h_t$ above. So are the **gates** $f_t$
(forget), $i_t$ (input) and $o_t$ (output), but with the **sigmoid** $1 / (1 + e^{-z})$, which lies between 0
and 1, in place of tanh. Each has weights of its own: hence the factor 4. While $f_t$ is near 1 the cell keeps
what it holds, so that a "not" can act many words later.

Shorter texts of a batch end in padding, the id 0. A **mask** makes the LSTM skip it. Otherwise it
would change its state, and predictions would depend on the length of *other* texts.

The vocabulary is learned from the training texts alone; all other words share the id 1. Training drops words
at random against overfitting, and scales gradients of a norm above 1 down (**gradient clipping**).

Baselines: a **bag of words** (`--model bag`), the mean of the embeddings, without order; and, in every run, a
**linear classifier** of words, sequences and parts of words, trained in seconds.
`pooled_lstm` has a bag beside its LSTM; `conv1d` sees three words at a time.

## Before you run it

In the generated reviews that come with the project (`--data embedded`) only the order decides. How many can
a bag of words classify correctly? Is the LSTM better than the bag on real reviews, too?

## How to read the figures

- `learning_curves`: where the validation loss rises while the training loss falls, the network overfits.
- `confusion_matrix`: correct predictions are on the diagonal.
- `accuracy_by_length`: are long texts harder?
- `neighbourhoods`: words typical of each class, and the words with the nearest embeddings.
- `moved_words`: how leaving out one word changes the log-odds, $\log(p / (1 - p))$, of the prediction.
- `comparison` (with `--compare`): accuracy and training time of all six networks.

## What it means

Where only the order decides, a bag of words is near chance. On real reviews the linear classifier beats all
six networks: most judge in words and pairs such as "not good", which an LSTM must carry along. Compare like
with like: `lstm` and `simple_rnn` differ in memory cell and gates, `pooled_lstm` and `bag` in the LSTM.

## Exercises

1. `python -m tutorials.sentiment --model bag --data embedded`: how many reviews are classified correctly?
2. How many parameters has an LSTM of 64 units that reads vectors of 32?

<details><summary>Solutions</summary>

1. About half, which is chance: "good, not bad" and "bad, not good" have the same mean.
2. $4 \cdot (32 + 64 + 1) \cdot 64 = 24{,}832$.

</details>

## Read more

Hochreiter and Schmidhuber, *Long short-term memory* (1997). Maas et al., *Learning word vectors for sentiment
analysis* (2011), the reviews. Joulin et al., *Bag of tricks for efficient text classification* (2017).

Next: `sound` turns a recording into an image.
"""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import reviews
from datasets.texts.bucketing import LengthBuckets
from models import StringClassifier
from models.distribution import shared
from models.probabilities import per_class
from models.text_classification import (
    BUILDERS,
    build_network,
    by_default,
    keep_best,
    learn_vocabulary,
    optimizer_for,
    token_ids,
    validation_size,
)
from models.text_classification.calibrating import calibrate
from models.text_classification.sentences import with_sentences
from tutorials.figures.texts import (
    accuracy_by_length,
    gain_and_cost,
    moved_words,
    neighbourhoods,
    text_confusion_matrix,
    text_learning_curves,
)
from tutorials.lesson.limits import Bounds, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.text_pages import page_of_lesson
from tutorials.lesson.report import Report
from tutorials.lesson.texts import (
    about_texts,
    beside_the_linear,
    check_text_settings,
    classify,
    compare_networks,
    explained_texts,
    gain_of,
    linear_baseline,
    means_of,
    say_how_to_classify,
    typical_words,
    zoo_network,
)


def main(
    model: Literal["lstm", "pooled_lstm", "bilstm", "simple_rnn", "conv1d", "bag"] = "lstm",
    predict: str | None = None,
    compare: bool = False,
    page: bool = False,
    word_pairs: int = 0,
    sentences: bool = False,
    vocabulary_size: int = 10_000,
    word_dropout: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    data: str = "auto",
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str | None = None,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train a network that classifies texts.

    Args:
        model: Which network of the zoo to train.
        predict: A text to classify, in quotes. Without --data by the zoo's network, which was
            trained on 25,000 real reviews, at once; with --data after training.
        compare: Train all six networks for the same number of epochs, with three seeds each, and compare.
        page: Also write page.html, on which one types a text and sees the network read it, word by word.
        word_pairs: For the bag: rows of its embedding of pairs of neighbouring words.
        sentences: Also train on each sentence of the training texts, as of its text's class; takes longer.
        vocabulary_size: Number of token ids at most; the most frequent words get one.
        word_dropout: Share of the words that are dropped in each training step; by default 0.4 where the
            vocabulary has over 1,000 words, else 0.
        epochs: Epochs of training; by default so many that the network sees about 60,000 texts,
            from 3 to 30.
        batch_size: Texts per gradient step; by default 128 where there are over 15,000, else 32.
        data: The Large Movie Review Dataset (its folder aclImdb or an archive of it), a CSV, TSV or JSON
            Lines file with a text and a label column, a folder with a folder of .txt files for
            each class, or "embedded"; "auto" looks, downloads, or falls back.
        text_column: Name of the column that holds the texts, if it is not obvious; several with commas
            between them are joined.
        label_column: Name of the column that holds the classes, if it is not obvious.
        encoding: Of files that are not UTF-8, such as cp1252, if it is not obvious.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals(), vocabulary_size=3, seed=Bounds(0, 2**32 - 3))
    check_text_settings(model, predict, word_pairs, page and data == "auto")
    if predict and data == "auto":
        return classify(zoo_network(model), predict, reviews.IMDB_CLASSES)
    report = Report(main, settings=locals())

    # Data: texts (n,), labels (n,) from 0; the last tenth of the training texts is held back for validation
    source = reviews.locate(data)
    train, test, class_names = reviews.load_data(source, text_column, label_column, encoding)
    (x_train, y_train), (x_test, y_test) = train, test
    if quick:
        x_train, y_train, x_test, y_test = x_train[:300], y_train[:300], x_test[:100], y_test[:100]
    fitted = len(x_train) - validation_size(len(x_train))
    vocabulary = learn_vocabulary(x_train[:fitted], vocabulary_size)
    texts, labels, held = x_train[:fitted], y_train[:fitted], x_train[fitted:]
    texts, labels = with_sentences(texts, labels) if sentences else (texts, labels)
    tokens, held_tokens, test_tokens = (token_ids(each, vocabulary) for each in (texts, held, x_test))
    training, validation = (tokens, labels), (held_tokens, y_train[fitted:])
    epochs, batch_size, word_dropout = by_default(
        len(labels), len(vocabulary), epochs or (1 if quick else None), batch_size, word_dropout, sentences
    )
    report.settings |= {"epochs": epochs, "batch_size": batch_size, "word_dropout": word_dropout}

    # Model: token ids (batch, words) -> probabilities (batch, classes), of two classes that of the second
    sizes = len(vocabulary) + 2, len(class_names), word_dropout, word_pairs
    builds = [partial(build_network, kind, *sizes) for kind in (BUILDERS if compare else [model])]
    batch_size = fitting_batch(batch_size, len(labels), *builds, length=max(map(len, tokens)))
    keras.utils.set_random_seed(seed)
    network = build_network(model, *sizes)
    network.summary()

    # Compile: Adam that averages the last weights; recurrent networks clip gradients, the LSTM's rate decays
    batches = LengthBuckets(*training, batch_size=batch_size, seed=seed)
    network.compile(
        optimizer=optimizer_for(model, steps=epochs * len(batches)),
        loss="binary_crossentropy" if len(class_names) == 2 else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

    # Fit: on batches of texts of similar length; the best epoch's averaged weights are kept, and calibrated
    started = time.perf_counter()
    with shared(network):  # with --processes, by all of them together
        history = network.fit(
            batches,
            epochs=epochs,
            validation_data=LengthBuckets(*validation, batch_size=500, shuffle=False),
            callbacks=keep_best(epochs),
            shuffle=False,  # the batches are shuffled already
            verbose=VERBOSE,
        ).history
    seconds = time.perf_counter() - started
    held_back = calibrate(network, *validation)

    # Evaluate: the test texts are used here, once; probabilities (n, classes) in their order
    test_batches = LengthBuckets(test_tokens, batch_size=500, shuffle=False)
    probabilities = per_class(network.predict(test_batches, verbose=0)[np.argsort(test_batches.order)])
    predicted = probabilities.argmax(-1)
    correct = predicted == y_test
    accuracy, parameters = np.mean(correct), network.count_params()
    results = {"test_accuracy": accuracy, "parameters": parameters, "fit_seconds": seconds}
    results |= linear_baseline((x_train, y_train), (x_test, y_test), seed)
    finding = (
        f"A network of {parameters:,} parameters classifies {accuracy:.1%} of {len(x_test):,} unseen texts "
        f"correctly, after {seconds:.0f} s of training. {beside_the_linear(results, len(x_test))}"
    )

    # Plot
    report.figure("learning_curves", text_learning_curves(history))
    report.figure("confusion_matrix", text_confusion_matrix(y_test, predicted, class_names))
    lengths = np.array([len(ids) for ids in test_tokens])
    report.figure("accuracy_by_length", accuracy_by_length(lengths, correct))
    report.figure("neighbourhoods", neighbourhoods(*typical_words(network, vocabulary)))
    strings = StringClassifier(vocabulary, network)  # takes texts: the vocabulary is inside
    explained = explained_texts(strings, x_test, lengths, y_test, probabilities, class_names)
    report.figure("moved_words", moved_words(explained))
    report.model(strings, class_names, about_texts(x_train, y_train, held_back, class_names))
    page_of_lesson(page, report, strings, x_test, y_test, class_names)

    if compare:  # all six networks
        parts = training, validation, (test_tokens, y_test)
        seeds, done = range(seed, seed + (1 if quick else 3)), {(model, seed): (accuracy, seconds)}
        runs = compare_networks(sizes, *parts, epochs, batch_size, seeds, done)
        report.figure("comparison", gain_and_cost(runs))
        results |= means_of(runs)
        finding += gain_of(runs)
    written = report.close(source, examples=len(x_train) + len(x_test), finding=finding, **results)
    say_how_to_classify(report.folder, page)
    if predict:
        classify(strings, predict, class_names)
    return written


if __name__ == "__main__":
    run(main)
