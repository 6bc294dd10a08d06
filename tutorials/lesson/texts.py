"""Texts as a network takes them, and what it makes of them."""

import re

from tutorials.lesson.command import LessonError

import numpy as np
from keras import layers
from rich.console import Console
from rich.table import Table

from datasets.files.names import safe

LONGEST = 800  # words of a text that are read: of 100 film reviews, 98 are shorter
MOST_LEFT_OUT = 150  # words of a text for which leaving each out is tried


def learn_vocabulary(texts, size):
    """The most frequent words of the training texts, those that occur once left out.

    A word that occurs once teaches nothing about itself; together these teach what to make of an
    unknown word.

    Args:
        texts: Array (n,) of str: the training texts, no others.
        size: The most token ids there may be, two of which are for padding and unknown words.

    Returns:
        List of str, the most frequent first: the words of token ids 2, 3, ...

    Raises:
        LessonError: If no word occurs twice.
    """
    learner = layers.TextVectorization(max_tokens=size, ragged=True)
    learner.adapt(texts)
    counts = np.bincount(np.concatenate([batch.values for batch in _vectorized(learner, texts)]))
    known = int(np.count_nonzero(counts[2:] > 1))
    if not known:
        raise LessonError("No word occurs twice in the training texts; more or longer texts are needed.")
    return learner.get_vocabulary(include_special_tokens=False)[:known]


def token_ids(texts, vocabulary, longest):
    """The words of texts as numbers: 1 for an unknown word, its place in the vocabulary + 2 for another.

    Args:
        texts: Array (n,) of str.
        vocabulary: List of words.
        longest: Words of a text that are read.

    Returns:
        List of n int32 arrays (words,).
    """
    vectorize = layers.TextVectorization(vocabulary=vocabulary, ragged=True)
    return [
        row[:longest]
        for batch in _vectorized(vectorize, texts)
        for row in np.split(batch.values.numpy().astype("int32"), batch.row_splits[1:-1])
    ]


def _vectorized(vectorize, texts, at_once=1000):
    return [vectorize(texts[n : n + at_once]) for n in range(0, len(texts), at_once)]


def class_probabilities(outputs):
    """Probabilities of all classes from the outputs of a network that may end in one neuron.

    Args:
        outputs: Array (n, 1), the probability of the second of two classes, or (n, classes).

    Returns:
        Array (n, classes).
    """
    return np.hstack([1 - outputs, outputs]) if outputs.shape[-1] == 1 else outputs


def word_effects(model, text, of):
    """How much each word of a text moves the probability of a class, by leaving it out.

    Args:
        model: Takes strings, as `models.TextClassifier`.
        text: The text; its first 150 words are tried.
        of: Index of the class.

    Returns:
        (words (n,), effects (n,)): the probability with the word, less that without.
    """
    words = text.split()
    shorter = [" ".join(words[:n] + words[n + 1 :]) for n in range(min(len(words), MOST_LEFT_OUT))]
    outputs = model.predict(np.array([text, *shorter], object), verbose=0)
    probabilities = class_probabilities(outputs)[:, of]
    return words[: len(shorter)], probabilities[0] - probabilities[1:]


def nearest_words(embeddings, candidates, count, neighbours):
    """Neighbourhoods: words whose embeddings point most nearly the same way.

    Args:
        embeddings: Array (n, dimensions), one row a word.
        candidates: Indices of words whose neighbours may be sought, the most interesting first.
        count: Number of neighbourhoods; a word that is in one already is not sought again.
        neighbours: Words in each beside the first.

    Returns:
        List of lists of indices; no word is in two of them.
    """
    directions = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    taken, found = set(), []
    for first in candidates:
        if first not in taken and len(found) < count:
            nearest = np.argsort(-directions @ directions[first])
            found.append([int(first), *[int(n) for n in nearest if n not in {*taken, first}][:neighbours]])
            taken.update(found[-1])
    return found


def from_command_line(text):
    """A text as it was typed: Python keeps bytes that its locale does not know as halves of letters.

    Args:
        text: An argument of the command line.

    Returns:
        The same as Unicode, with a replacement character for each byte that is none.
    """
    text = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text)  # these stand for no byte
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def judge(model, text, class_names):
    """Say which class a text is of, and which words made it so.

    Args:
        model: Takes strings, as `models.TextClassifier`.
        text: The text.
        class_names: Names in index order.

    Returns:
        {class name: probability}.
    """
    text = from_command_line(text)
    probabilities = class_probabilities(model.predict(np.array([text], object), verbose=0))[0]
    answer = int(probabilities.argmax())
    words, effects = word_effects(model, text, answer)
    strongest = [n for n in np.argsort(-np.abs(effects))[:5] if abs(effects[n]) >= 0.005]
    print(f"{safe(class_names[answer], 'terminal')} ({probabilities[answer]:.1%})")
    known = int(np.sum(np.asarray(model.get_layer("vocabulary")([text])) > 1))
    if not known:
        print("It knows none of these words, so that is its answer to an empty page.")
    elif strongest:
        moved = ", ".join(
            f"{safe(words[n], 'terminal', 50)} ({effects[n] * 100:+.0f} points)" for n in strongest
        )
        print(f"What single words did for that answer: {moved}.")
    else:
        print(f"None of the {len(words)} words that were left out in turn moved that by half a point.")
    return dict(zip(class_names, map(float, probabilities), strict=True))


def show_comparison(runs, parameters):
    """Print networks beside each other: accuracy over seeds, parameters, seconds.

    Args:
        runs: {name: list of (accuracy, seconds), one a seed}.
        parameters: {name: number of parameters}.
    """
    table = Table("network", "test accuracy", "seconds of training", "parameters", title="Compared")
    for name, run in runs.items():
        (accuracy, seconds), spread = np.mean(run, 0), np.std(run, 0, ddof=min(1, len(run) - 1))
        table.add_row(name, f"{accuracy:.2%} ± {spread[0]:.2%}", f"{seconds:.1f}", f"{parameters[name]:,}")
    Console(width=100).print(table)
