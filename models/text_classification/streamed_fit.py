"""How the linear classifier of n-grams is trained on texts that stay in their files, of any number."""

import tempfile
import time
from typing import NamedTuple

import keras
import numpy as np
from scipy import sparse

from ..errors import ModelError
from ..sibling import datasets_module
from . import large_fit, ngrams
from .calibrating import HeldBack
from .familiarity import MOST_TEXTS
from .large_fit import solve
from .ngram_counts import MANY, Grams
from .ngram_files import NgramFiles
from .ngram_votes import Votes, balanced_weights, inverse_frequency, naive_bayes, ratios_of_counts
from .ngrams import averaged_model, choose_strengths, scores_of

LEAST_NORM = 1e-6  # as in `Votes.scores`


class Streamed(NamedTuple):
    """What was learned from a stream.

    Attributes:
        model: Keras model of strings.
        history, seconds, held_back: As `fit_ngrams` returns them.
        texts, labels: A random sample of the training texts, a list of k str, and class indices int64 (k,).

    Example:
        >>> Streamed(None, {}, 0.0, None, ["Good."], np.array([1])).texts
        ['Good.']
    """

    model: keras.Model
    history: dict
    seconds: float
    held_back: HeldBack
    texts: list
    labels: np.ndarray


def fit_streamed(texts, classes, seed, balanced=False, verbose=0):
    """Train the linear classifier that `fit_ngrams` trains on texts of any number, in bounded memory.

    The n-grams of words of all texts are written to a temporary folder, in blocks, while the most frequent ones
    are counted. 5,000 of the validation texts choose the penalties, of what is fitted on a sample of the
    others, and the temperature; the final weights are fitted on all others by L-BFGS, each step of which reads
    all blocks. N-grams of letters are left out. The folder is removed at the end, whatever happens, unless the
    process is killed; it is where `tempfile` puts it: the environment variable TMPDIR says where.

    Args:
        texts: `StreamedTexts`, see `Texts.stream`.
        classes: Number of classes.
        seed: Draws the texts that are held back, and the sample.
        balanced: As for `fit_ngrams`.
        verbose: 1 for progress bars.

    Returns:
        `Streamed`.

    Raises:
        ModelError: If no text has a word, or the disk has not enough room.
        DataError: If the files cannot be read, or have changed.

    Example:
        >>> import pathlib
        >>> from datasets import Texts
        >>> rows = [f"film {n} was {label},{label}" for n in range(100) for label in ("good", "bad")]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "films.csv")
        ...     _ = path.write_text("\\n".join(["text,label", *rows]))
        ...     found = fit_streamed(Texts.stream(path), classes=2, seed=0)
        >>> bool(found.model(np.array(["it was good"], object))[0, 0] > 0.9)
        True
    """  # noqa: E501
    began = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix="glass-zoo-texts-", ignore_cleanup_errors=True) as folder:
            files = NgramFiles(folder, 3 if texts.words > MANY else 2, classes)
            (held_texts, known), sample = _store(texts, files, seed, verbose)
            held = files.columns_of(held_texts)
            counts = 1 / np.bincount(known, minlength=classes)[known] if balanced else np.ones(len(known))
            history, strengths, starts = _chosen(files, held, known, classes, seed, balanced, counts, verbose)
            votes = [
                _fitted(relative, files, strength, balanced, start, verbose)
                for relative, strength, start in zip((False, True), strengths, starts, strict=True)
            ]
            scores = [scores_of(each, held, classes) for each in votes]
            model, held_back = averaged_model(files, votes, scores, known, counts, history, classes, balanced)
    except OSError as error:
        raise ModelError(
            f"The folder {tempfile.gettempdir()} cannot hold the texts' n-grams ({error.strerror}); set the "
            "environment variable TMPDIR to a folder with more room."
        ) from error
    return Streamed(model, history, time.perf_counter() - began, held_back, *sample)


def _store(texts, files, seed, verbose):
    """Write the n-grams of all texts but those that are held back: ((texts, labels) of these, of a sample)."""
    draw = datasets_module("texts.streaming").Draw
    sizes = {part: int(texts.counts[part].sum()) for part in ("train", "validation")}
    to_hold, to_keep = (
        draw(sizes["validation"], ngrams.HELD_BACK, seed),
        draw(sizes["train"], MOST_TEXTS, seed),
    )
    taken = {"held": ([], []), "kept": ([], [])}
    bar, seen = _bar(sum(sizes.values()), "text", verbose), 0
    for block in texts.blocks(*sizes):
        trained = block.parts == "train"
        training, validation = np.flatnonzero(trained), np.flatnonzero(~trained)
        chosen = {
            "held": validation[to_hold.of_next(len(validation))],
            "kept": training[to_keep.of_next(len(training))],
        }
        for name, rows in chosen.items():
            taken[name][0].extend(block.texts[row] for row in rows)
            taken[name][1].extend(block.labels[rows].tolist())
        rows = np.setdiff1d(np.arange(len(block.texts)), chosen["held"])
        files.add([block.texts[row] for row in rows], block.labels[rows])
        files.check_room(sum(sizes.values()))
        seen += len(block.texts)
        bar(seen)
    files.close()
    return [(own, np.array(labels, "int64")) for own, labels in taken.values()]


def _chosen(files, held, known, classes, seed, balanced, counts, verbose):
    """(history, two strengths, two `Votes` fitted with these on a sample) by the texts that are held back."""
    if verbose:
        print("Choosing the penalties with a sample of the texts.", flush=True)
    some, labels = files.sample(ngrams.SOME, seed)
    matrix, labels = sparse.vstack([some, held], "csr"), np.concatenate([labels, known])
    grams = Grams(files.fingerprints, matrix, len(files.fingerprints), files.longest, files.letters)
    rows = np.arange(some.shape[0])
    folds = [(rows, np.arange(len(rows), len(labels)))]
    history, chosen, _ = choose_strengths(grams, labels, classes, seed, balanced, folds, counts)
    return history, [strength for _, strength in chosen], [part(strength, rows) for part, strength in chosen]


def _fitted(relative, files, strength, balanced, start, verbose):
    """`Votes` fitted on all texts of files: of NB-SVM, or relative ones of TF-IDF."""
    classes, frequency = len(files.texts), files.frequency.sum(0)
    positive = [1] if classes == 2 else range(classes)
    votes, bias = np.zeros((len(frequency), len(positive)), "float32"), np.zeros(len(positive), "float32")
    weights = inverse_frequency(frequency, int(files.texts.sum())) if relative else None
    for column, number in enumerate(positive):
        one = files.frequency[number]
        scale = weights if relative else ratios_of_counts(one, frequency - one)
        share = files.texts[number] / files.texts.sum()

        def parts(number=number, share=share):
            for matrix, labels in files:
                is_one = labels == number
                costs = strength * (balanced_weights(is_one, share) if balanced else np.ones(len(labels)))
                norms = np.ones(len(labels), "float32")
                if relative:
                    norms = np.maximum(np.sqrt(matrix @ weights**2), LEAST_NORM)
                yield matrix, np.where(is_one, 1, -1).astype("float32"), costs, norms

        name = f"{'TF-IDF' if relative else naive_bayes.__name__}, output {column + 1} of {len(positive)}"
        bar, steps = (
            _bar(large_fit.MOST_STEPS, "step", verbose, name),
            iter(range(1, large_fit.MOST_STEPS + 1)),
        )
        begin = start.votes[:, column], start.bias[column]
        found, bias[column] = solve(parts, scale, begin, lambda _, bar=bar, steps=steps: bar(next(steps)))
        votes[:, column] = found * scale
    return Votes(votes, bias, weights)


def _bar(total, unit, verbose, title=""):
    """A function that shows how far it is."""
    if not verbose:
        return lambda done: None
    if title:
        print(f"{title}:", flush=True)
    return keras.utils.Progbar(total, unit_name=unit, interval=1).update
