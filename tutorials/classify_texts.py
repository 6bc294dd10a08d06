r"""Classify your own texts, with a linear classifier of words and sequences of words.

## The question

You have a table of texts and their classes, such as messages and what they are about. How do you get a
classifier that you can trust, and how do you read what it has learned? Without a table, the lesson makes up
messages to a shop.

## The idea

A text is a set of **n-grams**: its words, its pairs of neighbouring words, and parts of words. A text of 6
words has $6 + 5 = 11$ n-grams of one or two words. A **linear classifier** has a weight $w_{nk}$ for each
n-gram $n$ and class $k$. The score of a class is a sum over the n-grams of the text,

$$z_k = b_k + \sum_n w_{nk} x_n,$$

and softmax turns the scores into probabilities. With 10,000 n-grams and 4 classes
that is $4 \cdot (10{,}000 + 1) = 40{,}004$ numbers, each of which can be read.

Experts try this first. It is trained in seconds, since its loss has a single minimum, and on many collections
of texts no network that starts from random weights is better. What it cannot do is to look at the order of
words beyond such a sequence.

How $x_n$ is chosen matters. **TF-IDF** gives rare words more weight than frequent ones: an n-gram that $d$ of
$N$ texts have counts as $\log((1 + N) / (1 + d)) + 1$, and a text is divided by the length of its vector.
**NB-SVM** multiplies each n-gram by the logarithm of how much more frequent it is in a class than outside.
This classifier averages both.

Two baselines belong beside every result: always the most frequent class, and single words.

Labels are often wrong. Five classifiers, each fitted without a fifth of the texts, say how probable each
given label is. The least probable ones are **suspects**: look at these first.

## Before you run it

In the messages, "has not arrived" is about the delivery and "has arrived broken" about damage. How much will
pairs of words add to single words? One label in 25 is wrong on purpose. How many of these will be found?

## How to read the figures

- `weights`: the n-grams that speak most for each class. Do they belong to it, or only to these texts?
- `confusion_matrix`: correct predictions are on the diagonal.
- `class_scores`: **precision** and **recall** of each class.
- `calibration`: on the dotted line, accuracy equals confidence.
- `moved_words`: the most confident mistakes. Blue words speak for the prediction, orange ones against it.
  Whose mistake is it, the classifier's or that of the label?

## What it means

The weights are the model: if "monday" speaks for a class, the texts are at fault. Other mistakes name what
they are not about, "it is not that ... , but ...": a sum cannot tell which part counts. `report.html` says
what to do next.

## Exercises

1. How many n-grams of one, two or three words has a text of 8 words?
2. `python -m tutorials.classify_texts --model pooled_lstm`: an LSTM reads the words in order. Is it better?
3. `python -m tutorials.classify_texts --abstain 0.1`: for how many test texts is there an answer, and how
   many of those are correct?

<details><summary>Solutions</summary>

1. $8 + 7 + 6 = 21$.
2. Not clearly: the interval of 239 test texts is much wider than the difference. It takes longer to train.
3. The results say both: fewer answers, a larger share of which is correct.

</details>

## Read more

Wang and Manning, *Baselines and bigrams* (2012). Northcutt, Jiang and Chuang, *Confident learning* (2021).

Next: `knobs` changes the settings of a network one by one.
"""

import sys
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from models import TextClassifier
from models.text_classification.report import majority_baseline
from tutorials.lesson.limits import check_settings
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.report import Report
from tutorials.lesson.resume import Unfinished
from tutorials.lesson.text_report import (
    answered,
    ask_for_labels,
    check_saved,
    check_training,
    check_unlabelled,
    export_network,
    finding_of,
    found_wrong,
    predicted,
    print_next_step,
    read_texts,
    save_tables,
    time_to_train,
    words_baseline,
    write_figures_and_report,
)


def main(
    data: str = "embedded",
    model: Literal["ngrams", "pooled_lstm", "lstm", "bilstm", "simple_rnn", "conv1d", "bag"] = "ngrams",
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    budget: str | None = None,
    export: Literal["none", "onnx", "litert"] = "none",
    unlabelled: str | None = None,
    abstain: float | None = None,
    resume: bool = False,
    stream: bool = False,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Turn a table of texts into a checked, saved classifier and a report.

    Args:
        data: A CSV, TSV or JSON Lines file with a text and a label column, a folder of tables called train,
            dev and test, a folder with a folder of .txt files for each class, or "embedded" for messages.
        model: A linear classifier of n-grams, or a network of the lesson `sentiment`.
        text_column: Name of the column that holds the texts, if it is not obvious; several with commas
            between them are joined.
        label_column: Name of the column that holds the classes, if it is not obvious.
        encoding: Of files that are not UTF-8, such as cp1252, if it is not obvious.
        epochs: Of a network; by default so many that it sees about 60,000 texts, from 3 to 30.
        batch_size: Texts per gradient step of a network; by default 128 where there are over 15,000, else 32.
        budget: Time for the whole run with a network, such as 60s or 5m: its epochs are cut to fit it.
        export: Write the network for another runtime as well, and its vocabulary beside it.
        unlabelled: Table or folder of texts without labels; label.html asks for those that would help most.
        abstain: Do not answer for test texts unlike those of training, nor where several classes are
            possible: the share of answers that may be wrong, such as 0.05.
        resume: Go on with the training of a network that was stopped, from its last epoch.
        stream: Read a table row by row, without all texts in memory; tables of more than 200 MB are read so
            by default. What is shown of single texts is then of a random sample.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    check_unlabelled(unlabelled, text_column, encoding)
    check_training(model, budget, export, stream)
    report = Report(main, settings=locals())
    unfinished = Unfinished(report, resume)
    loading = report.seconds()
    keras.utils.set_random_seed(seed)

    # Data: checked texts of three parts, each with its class; copies are never in two parts
    source, texts, truth, training = read_texts(report.settings, report.scratch)
    unfinished.check_data(texts.fingerprint)
    (x_train, y_train), (x_test, y_test) = texts.pairs("train"), texts.pairs("test")

    # Baselines: always the most frequent class, and single words
    words = TfidfVectorizer(token_pattern=r"\w+|[^\w\s]")  # each punctuation mark is a word
    by_words = LogisticRegression(C=10, max_iter=1000).fit(words.fit_transform(x_train), y_train)
    baselines = [
        majority_baseline(texts.labels[texts.of("train")], texts.labels[texts.of("test")]),
        words_baseline(by_words.predict(words.transform(x_test)), y_test, x_train, training is not texts),
    ]

    # Model, compile and fit: the class does all three; the validation texts choose its penalty or best epoch
    epochs = epochs or (2 if quick else None)
    seconds = time_to_train(report, loading, len(texts))
    classifier = TextClassifier(model, epochs=epochs, batch_size=batch_size, seed=seed, budget=seconds)
    classifier.fit(training, verbose=VERBOSE, checkpoint=None if model == "ngrams" else unfinished)
    classifier.model.summary()
    report.model(classifier.model, texts.class_names, classifier.about())

    # Evaluate: the test texts are used here, once
    test = classifier.evaluate(texts)
    answers = predicted(classifier, x_test, abstain)

    # Labels: which of those that were trained on may be wrong
    suspects = classifier.suspects()
    labels = found_wrong(suspects, classifier.trained_on(), truth)
    labels |= answered(answers, test) if abstain else {}
    finding = finding_of(test, baselines, classifier.seconds_, labels)
    report.record(
        source,
        examples=len(training),
        finding=finding,
        test_accuracy=test.accuracy.value,
        majority_test_accuracy=baselines[0].accuracy.value,
        words_test_accuracy=baselines[1].accuracy.value,
        balanced_accuracy=test.balanced_accuracy,
        calibration_error=test.calibration_error,
        suspects_shown=float(suspects.confident),
        fit_seconds=classifier.seconds_,
        **labels,
    )
    save_tables(report, texts, test, suspects, answers)
    with report.unless_it_fails("check of model.keras"):
        check_saved(report, classifier, x_test, test.probabilities)
    if export != "none":
        export_network(report, classifier, export)
    if unlabelled:
        ask_for_labels(report, classifier, unlabelled)

    # Plot
    with report.unless_it_fails("report.html with its figures"):
        write_figures_and_report(report, classifier, texts, test, baselines, suspects, finding)
    outcome = report.finish()
    unfinished.close()
    print_next_step(report.folder)
    return outcome


if __name__ == "__main__":
    run(main, resumable=True)
