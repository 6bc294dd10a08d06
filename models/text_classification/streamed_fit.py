"""How the linear classifier of n-grams is trained on texts that stay in their files, of any number."""

import itertools
import tempfile
import time
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
from scipy import sparse

from ..errors import ModelError
from . import large_fit, ngrams
from .calibrating import HeldBack
from .familiarity import MOST_TEXTS
from .large_fit import solve
from .ngram_counts import LONGEST_SPELLED, MANY, SPELLED, Grams
from .ngram_files import NgramFiles
from .ngram_votes import Votes, balanced_weights, inverse_frequency, ratios_of_counts
from .ngrams import averaged_model, choose_strengths, scores_of

LEAST_NORM = 1e-6  # as in `Votes.scores`


class Streamed(NamedTuple):
    """What was learned from a stream.

    Attributes:
        model: Keras model of strings.
        history, seconds, held_back: As `fit_ngrams` returns them.
        sample: A random sample of the training texts, `Texts`.

    Example:
        >>> Streamed(None, {"val_loss": [0.2]}, 1.5, None, None).seconds
        1.5
    """

    model: keras.Model
    history: dict
    seconds: float
    held_back: HeldBack
    sample: object


def fit_streamed(texts, classes, seed, balanced=False, verbose=0):
    """Train the linear classifier that `fit_ngrams` trains on texts of any number, in bounded memory.

    The n-grams of words of all texts are written to a temporary folder, in blocks, while the most frequent
    ones are counted. 5,000 of the validation texts choose the penalties, of what is fitted on a sample of the
    others, and the temperature; the final weights are fitted on all others by L-BFGS, each step of which
    reads all blocks. Where the sample is all of them, that is up to 16 million n-grams, the final weights are
    fitted on the validation texts as well. The folder is removed at the end, also after an error
    or Ctrl-C; the environment variable TMPDIR says where it is made.

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
    """
    began = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix="glass-zoo-texts-", ignore_cleanup_errors=True) as folder:
            letters = LONGEST_SPELLED if texts.characters <= SPELLED else 0  # as in `count_ngrams`
            files = NgramFiles(folder, 3 if texts.words > MANY else 2, classes, letters)
            held, known, sample = _store(texts, files, seed, verbose)
            counts = 1 / np.bincount(known, minlength=classes)[known] if balanced else np.ones(len(known))
            found = _chosen(files, held, known, classes, seed, balanced, counts, verbose)
            history, strengths, starts, scores = found
            if few := files.stored <= ngrams.SOME:  # what was chosen with was fitted on all others
                files.store(held, known)
            votes = [
                _fitted(relative, files, strength, balanced, start, verbose)
                for relative, strength, start in zip((False, True), strengths, starts, strict=True)
            ]
            if not few:
                scores = [scores_of(each, held, classes) for each in votes]
            model, held_back = averaged_model(files, votes, scores, known, counts, history, classes, balanced)
    except OSError as error:
        raise ModelError(
            f"The folder {tempfile.gettempdir()} cannot hold the texts' n-grams ({error.strerror or error}); "
            "set the environment variable TMPDIR to a folder with more room."
        ) from error
    return Streamed(model, history, time.perf_counter() - began, held_back, sample)


def _store(texts, files, seed, verbose):
    """Write the n-grams of all texts but those that are held back: (matrix and labels of these, a sample)."""
    sizes = {part: int(texts.counts[part].sum()) for part in ("train", "validation")}
    held = texts.sampler({"validation": ngrams.HELD_BACK}, seed)
    kept = texts.sampler({"train": MOST_TEXTS}, seed)
    bar, seen = _bar(sum(sizes.values()), "text", verbose, "Taking the texts apart"), 0
    for block in texts.blocks(*sizes):
        kept.add(block)
        rows = np.setdiff1d(np.arange(len(block.texts)), held.add(block))
        files.add([block.texts[row] for row in rows], block.labels[rows])
        files.check_room(sum(sizes.values()))
        seen += len(block.texts)
        bar(seen)
    files.count(held.texts)
    files.close()
    return files.columns_of(held.texts), np.array(held.labels, "int64"), texts.of_sample(kept)


def _chosen(files, held, known, classes, seed, balanced, counts, verbose):
    """(history, two strengths, two `Votes` fitted with these on a sample, scores of what is held back)."""
    if verbose:
        print("Choosing the penalties with a sample of the texts.", flush=True)
    some, labels = files.sample(ngrams.SOME, seed)
    matrix, labels = sparse.vstack([some, held], "csr"), np.concatenate([labels, known])
    grams = Grams(files.fingerprints, matrix, files.words, files.longest, files.letters)
    rows = np.arange(some.shape[0])
    folds = [(rows, np.arange(len(rows), len(labels)))]
    history, chosen, scores = choose_strengths(grams, labels, classes, seed, balanced, folds, counts)
    starts = [part(strength, rows) for part, strength in chosen]
    return history, [strength for _, strength in chosen], starts, scores


def _fitted(relative, files, strength, balanced, start, verbose):
    """`Votes` fitted on all texts of files: of NB-SVM, or relative ones of TF-IDF."""
    classes, frequency = len(files.texts), files.frequency.sum(0)
    positive = [1] if classes == 2 else range(classes)
    votes, bias = np.zeros((len(frequency), len(positive)), "float32"), np.zeros(len(positive), "float32")
    weights = inverse_frequency(frequency, int(files.texts.sum())) if relative else None
    of_words = np.arange(len(frequency)) < files.words  # those of letters do not count in NB-SVM
    for column, number in enumerate(positive):
        one = files.frequency[number] * of_words
        scale = weights if relative else ratios_of_counts(one, frequency * of_words - one) * of_words
        share = files.texts[number] / files.texts.sum() if balanced else None
        name = f"{'TF-IDF' if relative else 'NB-SVM'}, {column + 1} of {len(positive)}"
        shown, steps = _bar(large_fit.MOST_STEPS, "step", verbose, name), itertools.count(1)
        found, bias[column] = solve(
            partial(_parts, files, number, strength, share, weights),
            scale,
            (start.votes[:, column], start.bias[column]),
            lambda _, shown=shown, steps=steps: shown(next(steps)),
        )
        votes[:, column] = found * scale
    return Votes(votes, bias, weights)


def _parts(files, number, strength, share, weights):
    """All texts, block by block, as `solve` takes them: of one class against the others."""
    for matrix, labels in files:
        is_one, ones = labels == number, np.ones(len(labels), "float32")
        costs = strength * (ones if share is None else balanced_weights(is_one, share))
        norms = ones if weights is None else np.maximum(np.sqrt(matrix @ weights**2), LEAST_NORM)
        yield matrix, np.where(is_one, 1, -1).astype("float32"), costs, norms


def _bar(total, unit, verbose, title=""):
    """A function that shows how far it is."""
    if not verbose:
        return lambda done: None
    if title:
        print(f"{title}:", flush=True)
    return keras.utils.Progbar(total, unit_name=unit, interval=1).update
