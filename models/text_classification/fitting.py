"""How `TextClassifier` comes to a trained network of token ids: vocabulary, vectors, settings, training."""

import hashlib
import inspect
import os
from typing import NamedTuple

import keras
import numpy as np

from ..checks.memory import memory_refusal, training_bytes
from ..errors import ModelError
from ..seeds import seeded
from ..training.checkpoints import CheckpointFolder
from .calibrating import HeldBack, calibrate
from .in_time import InTime
from .searching import Tried, candidates, drawn_settings, search_table
from .sentences import with_sentences
from .training import BUILDERS, LEARNING_RATES, build_network, by_default, train
from .vocabulary import LONGEST, token_ids
from .word_start import start_words

FEWEST_TO_SEARCH = 50  # validation texts
# Where vectors that a network begins with stay as they are by default. With 300 labelled film reviews the
# LSTM was 13 points better so, a bag of words 8 points worse; with 22,500 the LSTM was 6 points worse
RECURRENT, FEW = ("lstm", "pooled_lstm", "bilstm", "simple_rnn"), 3000


NGRAMS = "ngrams"  # the kind of `TextClassifier` that is no network of token ids
# Arguments of `TextClassifier` that a saved one holds: all but the vectors of words
SETTINGS = (
    "kind",
    "vocabulary_size",
    "word_pairs",
    "word_dropout",
    "epochs",
    "batch_size",
    "seed",
    "units",
    "embedding_dim",
    "learning_rate",
    "dropout",
    "longest",
    "freeze_embeddings",
    "budget",
    "search",
    "sentences",
    "split",
)
# What "ngrams" has no use for
OF_NETWORKS = (
    *("units", "embedding_dim", "learning_rate", "dropout", "embeddings", "freeze_embeddings"),
    *("budget", "search"),
)


def check_together(classifier, unlabelled=None, checkpoint=None):
    """Refuse arguments that do nothing, or contradict each other.

    Args:
        classifier: `TextClassifier`, or what has its settings as attributes.
        unlabelled, checkpoint: As `fit` takes them.

    Raises:
        ModelError: Says which, and what would be right.

    Example:
        >>> try:
        ...     check_together(NetworkSettings("bag", units=32))
        ... except ModelError as error:
        ...     print(error)
        TextClassifier takes units for networks with a layer that has some; kind="bag" has none.
    """
    kind = classifier.kind
    if classifier.word_pairs and kind != "bag":
        raise ModelError(
            'TextClassifier takes word_pairs for kind="bag" only; the other networks see the order '
            "of the words."
        )
    if kind == NGRAMS:
        given = {name: getattr(classifier, name) for name in OF_NETWORKS}
        given |= {"unlabelled": unlabelled, "checkpoint": checkpoint}
        given["longest"] = None if classifier.longest == LONGEST else classifier.longest
        given["sentences"] = classifier.sentences or None
        given["split"] = None if classifier.split == "punctuation" else classifier.split
        if named := [name for name, value in given.items() if value is not None]:
            raise ModelError(
                f"TextClassifier takes {named[0]} for networks of token ids, such as "
                'kind="pooled_lstm"; the linear classifier of n-grams, kind="ngrams", has no use for it.'
            )
        return
    if kind == "bag" and classifier.units is not None:
        raise ModelError(
            'TextClassifier takes units for networks with a layer that has some; kind="bag" has none.'
        )
    if unlabelled is not None and classifier.embeddings is not None:
        raise ModelError(
            "TextClassifier starts with vectors of embeddings= or with those of unlabelled texts, not with "
            "both; leave one out."
        )
    if classifier.search is not None and (classifier.budget is not None or checkpoint is not None):
        other = "budget" if classifier.budget is not None else "checkpoint"
        raise ModelError(
            f"TextClassifier takes search, which is a limit of time, without {other}; leave one out."
        )


def settings_of_network(classifier):
    """The `NetworkSettings` in a classifier's attributes.

    Args:
        classifier: `TextClassifier` of a network.

    Example:
        >>> from models import TextClassifier
        >>> settings_of_network(TextClassifier(kind="bag", seed=3)).seed
        3
    """
    return NetworkSettings(**{name: getattr(classifier, name) for name in NetworkSettings._fields})


class NetworkSettings(NamedTuple):
    """Settings of a network of token ids and of its training, as `TextClassifier` takes them.

    Attributes:
        kind, vocabulary_size, word_pairs, word_dropout, epochs, batch_size, seed: See `TextClassifier`.
        units, embedding_dim, learning_rate, dropout, longest, embeddings, freeze_embeddings, budget,
            search, sentences, split: Likewise.

    Example:
        >>> NetworkSettings("lstm", units=16).longest
        800
    """

    kind: str
    vocabulary_size: int = 10_000
    word_pairs: int = 0
    word_dropout: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seed: int = 0
    units: int | None = None
    embedding_dim: int | None = None
    learning_rate: float | None = None
    dropout: float | None = None
    longest: int = LONGEST
    embeddings: object = None
    freeze_embeddings: bool | None = None
    budget: object = None
    search: object = None
    sentences: bool = False
    split: str = "punctuation"


class TrainedNetwork(NamedTuple):
    """What `fit_network` found.

    Attributes:
        network: Model of token ids.
        start: `WordStart`, the vocabulary in it.
        history: {metric: value after each epoch}.
        seconds: How long the network was trained.
        used: {name: value} of the settings that it was built and trained with.
        tried: `SearchTable` of what a search has tried; None without one.
        held_back: `HeldBack`.

    Example:
        >>> TrainedNetwork._fields[0]
        'network'
    """

    network: keras.Model
    start: object
    history: dict
    seconds: float
    used: dict
    tried: object
    held_back: HeldBack


def fit_network(
    settings,
    training,
    held_back,
    classes,
    unlabelled=None,
    deadline=None,
    search=None,
    checkpoint=None,
    verbose=0,
):
    """Learn a vocabulary, and train a network of token ids on it.

    Args:
        settings: `NetworkSettings`.
        training: (texts (n,), class indices (n,)).
        held_back: The same, to choose the best epoch and the temperature by.
        classes: Number of classes.
        unlabelled: Texts to learn vectors of words from; None for none.
        deadline: Moment at which the training is to be done, by `time.perf_counter()`; None for no limit.
        search: Moment until which other settings are tried; None to try none.
        checkpoint: A folder that keeps the state of the training, or an object with the same `folder`,
            `resumed` and `write` as a `CheckpointFolder`, which whoever made it closes; None for none.
        verbose: As for `TextClassifier.fit`.

    Returns:
        A `TrainedNetwork`.

    Raises:
        ModelError: If there is not enough memory or time, or the vectors or the folder do not fit.

    Example:
        >>> texts, labels = np.array(["so good", "so bad"] * 20, object), np.array([1, 0] * 20)
        >>> found = fit_network(NetworkSettings("bag", epochs=2), (texts, labels), (texts, labels), classes=2)
        >>> found.start.vocabulary, found.used["learning_rate"]
        (['so', 'good', 'bad'], 0.02)
    """
    kept = _checkpoint(checkpoint, settings, training, held_back, unlabelled)
    start = start_words(
        training[0],
        settings.vocabulary_size,
        settings.embeddings,
        unlabelled,
        settings.embedding_dim,
        settings.seed,
        verbose,
        settings.split,
    )
    settings = _fitting(settings, start)
    if settings.sentences:
        training = with_sentences(*training)
    data = [
        (token_ids(texts, start.vocabulary, settings.longest, settings.split), numbers)
        for texts, numbers in (training, held_back)
    ]
    if search is None:
        limits = {"deadline": deadline, "checkpoint": kept, "verbose": verbose}
        best, tried = _train(settings, start, *data, classes, **limits), None
    else:
        best, tried = _search(settings, start, *data, classes, search, verbose)
    network, used, history, seconds = best
    found = calibrate(network, *data[1])
    if isinstance(kept, CheckpointFolder):
        kept.close()
    return TrainedNetwork(network, start, history, seconds, used, tried, found)


def _fitting(settings, start):
    """Settings with the length of the vectors."""
    if start.vectors is None:
        return settings
    given, there = settings.embedding_dim, start.vectors.vectors.shape[1]
    if given not in (None, there):
        raise ModelError(
            f"TextClassifier has embedding_dim={given:,}, and the vectors of embeddings= have {there:,} "
            "numbers; leave embedding_dim out."
        )
    return settings._replace(embedding_dim=there)


def freezes(settings, start, texts):
    """Whether the vectors that a network begins with stay as they are.

    Args:
        settings: `NetworkSettings`.
        start: `WordStart`.
        texts: Number of texts to train on.

    Example:
        >>> start = start_words(["so good", "so bad"] * 2, 100, {"good": [1.0], "bad": [-1.0]})
        >>> freezes(NetworkSettings("lstm"), start, 300), freezes(NetworkSettings("lstm"), start, 20_000)
        (True, False)
    """
    if start.vectors is None or settings.freeze_embeddings is not None:
        return bool(start.vectors and settings.freeze_embeddings)
    return settings.kind in RECURRENT and texts < FEW


def _train(settings, start, training, held_back, classes, **limits):
    """(network, the settings that were used, history, seconds); the limits are those of `train`."""
    fitted = len(training[1])
    epochs, batch_size, word_dropout = by_default(
        fitted,
        len(start.vocabulary),
        settings.epochs,
        settings.batch_size,
        settings.word_dropout,
        settings.sentences,
    )
    kind, batch_size = settings.kind, min(batch_size, fitted)
    with seeded(settings.seed):
        network = build_network(
            kind,
            len(start.vocabulary) + 2,
            classes,
            word_dropout,
            settings.word_pairs,
            settings.units,
            settings.embedding_dim,
            settings.dropout,
        )
        start.put_into(network, frozen := freezes(settings, start, fitted))
        needed = training_bytes(network, batch_size, max(map(len, training[0])))
        if refusal := memory_refusal(batch_size, needed):
            raise ModelError(f"TextClassifier.fit cannot train: batch_size {refusal}")
        rate = settings.learning_rate or LEARNING_RATES[kind]
        history, seconds = train(
            network,
            kind,
            training,
            held_back,
            epochs,
            batch_size,
            settings.seed,
            learning_rate=rate,
            **limits,
        )
    usual = inspect.signature(BUILDERS[kind]).parameters
    used = {
        "units": settings.units or ("units" in usual and usual["units"].default) or None,
        "embedding_dim": network.get_layer("embedding").output_dim,
        "learning_rate": rate,
        "dropout": usual["dropout"].default if settings.dropout is None else settings.dropout,
        "word_dropout": word_dropout,
        "freeze_embeddings": frozen,
        "epochs": epochs,
        "batch_size": batch_size,
    }
    return network, used, history, seconds


def _search(settings, start, training, held_back, classes, deadline, verbose):
    """The same, and what was tried: settings by default first, then others that are drawn."""
    if len(held_back[1]) < FEWEST_TO_SEARCH:
        raise ModelError(
            f"search= chooses settings by the texts that validate, and these are {len(held_back[1]):,}; give "
            f"{FEWEST_TO_SEARCH:,} or more, or leave the search out: of many settings the luckiest would win."
        )
    tried, best = [], None
    share = len(held_back[1]) / len(training[1])
    for number, changed in enumerate(candidates(settings, start.vectors is not None, deadline, tried)):
        given = settings.batch_size
        batch_size = by_default(len(training[1]), 0, batch_size=given, sentences=settings.sentences)[1]
        in_time = InTime(deadline, share * len(training[1]) / batch_size)
        try:
            found = _train(
                settings._replace(**changed),
                start,
                training,
                held_back,
                classes,
                callbacks=[in_time] if number else (),
            )
        except ModelError:  # too large for the memory
            if not number:
                raise
            continue
        tried.append(Tried.of(*found[1:]))
        if best is None or tried[-1].loss < min(each.loss for each in tried[:-1]):
            best = found
        if verbose:
            print(tried[-1], flush=True)
    found = search_table(tried, drawn_settings(settings, start.vectors is not None))
    if verbose and found.note:
        print(found.note, flush=True)
    return best, found


def _checkpoint(folder, settings, training, held_back, unlabelled):
    """A `CheckpointFolder` for what the training depends on; what is none of a path stays as it is."""
    if not isinstance(folder, (str, os.PathLike)):
        return folder
    digest = hashlib.sha256()
    for texts, numbers in (training, held_back, ([] if unlabelled is None else unlabelled, [])):
        for text in texts:
            content = text.encode()
            digest.update(len(content).to_bytes(8, "big") + content)
        digest.update(np.asarray(numbers, "int64").tobytes())
    about = settings._asdict() | {"embeddings": str(settings.embeddings)[:1000]}
    return CheckpointFolder(folder, about | {"texts": digest.hexdigest(), "keras": keras.version()})
