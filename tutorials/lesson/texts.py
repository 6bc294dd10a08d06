"""What the lesson on texts prints, and what its figures show."""

import re

from tutorials.lesson.command import VERBOSE, LessonError

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from datasets.files.names import safe
from models import StringClassifier, TextClassifier
from models.loading.saved_classifiers import About
from models.probabilities import per_class
from models.text_classification import (
    BUILDERS,
    build_network,
    nearest_words,
    reviews_vocabulary,
    word_effects,
)
from models.text_classification.abstention import fit_text_trust
from models.text_classification.by_parts import predict_texts
from models.text_classification.explanations import effects_of_words
from models.text_classification.predictions import CUT_OFF, LOG_ODDS
from models.text_classification.training import predict, train
from tutorials.figures.labels import plain
from tutorials.lesson.limits import check_memory
from tutorials.lesson.parts.text_pages import say_open
from tutorials.lesson.report import as_unicode, predict_command

FREQUENT = 2000  # words among which the ones typical of a class are looked for
TYPICAL = 50  # words of each class
SHORT = 60  # words of a text that fits into the figure
LEAST = 0.05  # log-odds: smaller effects of words are not named
OPEN = 0.85  # a confidence at which a single word may still change the prediction


def check_text_settings(model, predict, word_pairs, page_of_zoo=False):
    """Refuse settings that do not go together, or need more memory than there is.

    Args:
        model, predict, word_pairs: As in the lesson.
        page_of_zoo: Whether a page is asked for, and no data is named.

    Raises:
        LessonError: Names the setting.
    """
    check_memory("word_pairs", word_pairs, 4 * 32 * 6 * word_pairs)  # weights, Adam's and averaged ones
    if predict is not None and not predict.strip():
        raise LessonError("predict= needs a text of at least one word.")
    if predict and page_of_zoo:
        raise LessonError("page= shows a network that the lesson trains: name data=, or leave out predict=.")
    if word_pairs and model != "bag":
        raise LessonError('word_pairs= is for model="bag"; the other networks see the order of the words.')


def from_command_line(text):
    """A text as it was typed: Python keeps bytes that its locale does not know as halves of letters.

    Args:
        text: An argument of the command line.

    Returns:
        The same as Unicode, with a replacement character for each byte that is none.
    """
    text = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text)  # these stand for no byte
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def linear_baseline(training, test, seed):
    """What an expert tries first: a linear classifier of words and sequences of words, trained in seconds.

    Args:
        training, test: (texts, class indices).
        seed: Of its cross-validation and solver.

    Returns:
        {"linear_test_accuracy": share of the test texts that it classifies correctly, "linear_fit_seconds":
        seconds of its training}.
    """
    classifier = TextClassifier(seed=seed).fit(*training)
    predicted = classifier.predict(test[0]).labels
    return {
        "linear_test_accuracy": float(np.mean(np.asarray(predicted) == test[1])),
        "linear_fit_seconds": classifier.seconds_,
    }


def beside_the_linear(results, texts):
    """Say how the linear classifier compares: which one is better by more than chance, if one is.

    Args:
        results: With "test_accuracy", "linear_test_accuracy" and "linear_fit_seconds".
        texts: Number of test texts.
    """
    network, linear = results["test_accuracy"], results["linear_test_accuracy"]
    deviation = np.sqrt((network * (1 - network) + linear * (1 - linear)) / texts)
    if abs(network - linear) <= 2 * deviation:
        verdict = "no clear difference"
    else:
        verdict = "the network is better" if network > linear else "better than the network"
    return (
        f"A linear classifier of words and sequences of words classifies {linear:.1%} correctly, after "
        f"{results['linear_fit_seconds']:.0f} s: {verdict}."
    )


def classify(model, text, class_names):
    """Print which class a text is of, and which words changed that most.

    Args:
        model: Takes strings, as `models.StringClassifier` builds it.
        text: The text.
        class_names: Names in index order.

    Returns:
        {class name: probability}.
    """
    text = from_command_line(text)
    probabilities = per_class(predict_texts(model, [text]))[0]
    predicted = int(probabilities.argmax())
    print(f"{safe(class_names[predicted], 'terminal')} ({probabilities[predicted]:.1%})")
    print(explained(model, text, class_names, predicted))
    return dict(zip(class_names, map(float, probabilities), strict=True))


def explained(model, text, class_names, predicted):
    """A sentence that names the words of a text that change a prediction most.

    Args:
        model: Takes strings, as `models.StringClassifier` builds it, or `TextClassifier`.
        text: The text.
        class_names: Names in index order.
        predicted: Index of the predicted class.
    """
    found = effects_of_words(model, text, predicted)
    strongest = [n for n in np.argsort(-np.abs(found.log_odds))[:5] if abs(found.log_odds[n]) >= LEAST]
    least = {"vocabulary": 2, "ngrams": 1}  # the smallest number of a known word
    splitters = [layer for layer in model.layers if layer.name in least]
    largest = np.max(splitters[0]([text]), initial=0) if splitters else np.inf
    if splitters and largest < least[splitters[0].name]:
        as_to = "any unknown words" if largest else "an empty text"  # 1 of a vocabulary is an unknown word
        return f"It knows none of these words, so this is the prediction for {as_to}."
    if not strongest:
        return f"Leaving out any one of its words changes its log-odds by less than {LEAST}."
    words = ", ".join(f"{safe(found.words[n], 'terminal', 50)} ({found.log_odds[n]:+.1f})" for n in strongest)
    exact = "" if found.exact else f" ({CUT_OFF})"
    return f"How single words change the {LOG_ODDS}{exact}: {words}."


def about_texts(texts, labels, held_back, class_names):
    """What a saved network holds beside its weights: its classes, and when it should not answer.

    Args:
        texts: Training texts, n str.
        labels: Class index of each, integers (n,).
        held_back: What `calibrate` returned.
        class_names: In index order.
    """
    trust = fit_text_trust(texts, held_back.probabilities, held_back.labels, classes=labels)
    settings = {} if trust is None else {"trust": trust.state()}
    return About("texts", tuple(map(as_unicode, class_names)), settings)


def zoo_network(kind):
    """The zoo's network that was trained on 25,000 film reviews, with its vocabulary in front.

    Args:
        kind: Which one, such as "lstm".
    """
    vocabulary = reviews_vocabulary()
    return StringClassifier(vocabulary, BUILDERS[kind](len(vocabulary) + 2, weights="reviews"))


def typical_words(network, vocabulary):
    """The words that are most typical of the classes, and for each the words with the nearest embeddings.

    Args:
        network: A network of token ids with a layer "embedding".
        vocabulary: Its words.

    Returns:
        `(embeddings, vocabulary, groups)` for `figures.texts.neighbourhoods`: array (words, dimensions), the
        words, and lists of indices of words.
    """
    embeddings = network.get_layer("embedding").get_weights()[0][2:]
    single = np.arange(2, len(embeddings) + 2)[:FREQUENT, None]  # texts of one word each
    probabilities = per_class(network.predict(single, verbose=0))
    typical = np.argsort(-probabilities, 0)[:TYPICAL].flatten()  # of one class after the other, by turns
    return embeddings, vocabulary, nearest_words(embeddings, typical, count=8, neighbours=6)


def explained_texts(model, texts, lengths, labels, probabilities, class_names):
    """Short texts with the effect of each word: two uncertain predictions, two confident mistakes.

    Args:
        model: Takes strings, as `models.StringClassifier` builds it.
        texts: Array (n,) of str.
        lengths: Integers (n,), the words of each text.
        labels: Integers (n,).
        probabilities: Array (n, classes) of predictions for the texts.
        class_names: Names in index order.

    Returns:
        List of (caption, words, effects in log-odds) for `figures.texts.moved_words`.
    """
    predicted, confidence = probabilities.argmax(-1), probabilities.max(-1)
    correct, long = predicted == labels, lengths > SHORT
    uncertain = np.argsort(np.abs(confidence - OPEN) + long)
    confident = np.argsort(-confidence + long)
    shown = [*uncertain[correct[uncertain]][:2], *confident[~correct[confident]][:2]]
    return [
        (
            f"predicted {plain(class_names[predicted[n]])} ({confidence[n]:.0%}), "
            f"label {plain(class_names[labels[n]])}",
            *word_effects(model, texts[n], predicted[n]),
        )
        for n in shown
    ]


def compare_networks(sizes, training, validation, test, epochs, batch_size, seeds, done):
    """Train all six networks on the same texts, with several seeds each, and print a table of them.

    Args:
        sizes: What `build_network` takes after the kind.
        training, validation, test: (list of arrays of token ids, array of labels) each.
        epochs, batch_size: Of each training.
        seeds: Seeds of each network.
        done: {(kind, seed): (accuracy, seconds)} of what has been trained already.

    Returns:
        {kind: array (seeds, 2) of test accuracy and seconds of training}.
    """
    runs, parameters = {}, {}
    for kind in BUILDERS:
        runs[kind] = []
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            network = build_network(kind, *sizes)
            parameters[kind] = network.count_params()
            if (kind, seed) in done:
                runs[kind].append(done[kind, seed])
                continue
            _, seconds = train(network, kind, training, validation, epochs, batch_size, seed, verbose=VERBOSE)
            correct = predict(network, test[0]).argmax(-1) == test[1]
            runs[kind].append((np.mean(correct), seconds))
    _print_table(runs, parameters)
    return {kind: np.array(run) for kind, run in runs.items()}


def means_of(runs):
    """The results of a comparison: each network's mean accuracy and seconds, by name.

    Args:
        runs: As `compare_networks` returns them.
    """
    accuracies = {f"{kind}_test_accuracy": run[:, 0].mean() for kind, run in runs.items()}
    return accuracies | {f"{kind}_fit_seconds": run[:, 1].mean() for kind, run in runs.items()}


def gain_of(runs):
    """The sentence that says what a memory cell adds to a recurrent network, and an LSTM to a bag of words.

    Args:
        runs: As `compare_networks` returns them.
    """
    mean = {kind: 100 * run[:, 0].mean() for kind, run in runs.items()}
    return (
        f" Means of {len(runs['lstm'])} seeds, in points: the LSTM {mean['lstm'] - mean['simple_rnn']:+.1f} "
        f"from the plain recurrent network, and {mean['lstm'] - mean['bag']:+.1f} from the bag of words; an "
        f"LSTM beside a bag {mean['pooled_lstm'] - mean['bag']:+.1f} from the bag alone."
    )


def _print_table(runs, parameters):
    """Networks side by side: accuracy over seeds, parameters, seconds."""
    table = Table("network", "test accuracy", "seconds of training", "parameters", title="Comparison")
    for kind, run in runs.items():
        (accuracy, seconds), spread = np.mean(run, 0), np.std(run, 0, ddof=min(1, len(run) - 1))
        table.add_row(kind, f"{accuracy:.2%} ± {spread[0]:.2%}", f"{seconds:.1f}", f"{parameters[kind]:,}")
    Console(width=100).print(table)


def say_how_to_classify(folder, page=False):
    """Print the command that classifies texts by what a run left.

    Args:
        folder: The run's results.
        page: Whether there is a page of it.
    """
    command = predict_command(folder, '"some text" texts.csv')
    print(f"Classify texts of your own: {safe(command, 'terminal', 400)}")
    say_open(folder, page)
