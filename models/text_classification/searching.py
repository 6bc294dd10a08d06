"""A search for settings of a text network: at random, chosen by the validation texts.

Five settings are few enough for draws at random, which need no further package: of 60 draws one is among the
best 5 % with a probability of 95 %.
"""

import time
from typing import NamedTuple

import numpy as np

from .. import tables
from .training import LEARNING_RATES

# What is drawn, where a user has given no value
SIZES = 16, 32, 64, 128  # of units and of an embedding
DROPOUTS = 0.2, 0.5, 0.7
WORD_DROPOUTS = 0.0, 0.2, 0.4, 0.6
FACTORS = 0.25, 4.0  # of the usual learning rate, drawn evenly by its logarithm


class Tried(NamedTuple):
    """Settings that a search has tried, and how good they are.

    Attributes:
        units: Of the network's layer; None for what it has by default.
        embedding_dim, learning_rate, dropout, word_dropout: See `TextClassifier`.
        loss, accuracy: Of the validation texts, in the best epoch.
        seconds: Of the training.

    Example:
        >>> print(Tried(32, 32, 0.005, 0.5, 0.4, 0.30125, 0.875, 55.2))
        units 32, embedding_dim 32, learning_rate 0.005, dropout 0.5, word_dropout 0.4: validation loss \
0.3013, accuracy 87.5 %, 55 s
    """

    units: int | None
    embedding_dim: int
    learning_rate: float
    dropout: float
    word_dropout: float
    loss: float
    accuracy: float
    seconds: float

    @classmethod
    def of(cls, used, history, seconds):
        """From the settings that were used, and what came of it.

        Args:
            used: {name: value}, and more.
            history: {metric: value after each epoch}.
            seconds: Of the training.

        Example:
            >>> used = dict(units=8, embedding_dim=8, learning_rate=0.01, dropout=0.5, word_dropout=0.0)
            >>> Tried.of(used, {"val_loss": [0.5, 0.4], "val_accuracy": [0.8, 0.7]}, 3.0).accuracy
            0.7
        """
        losses = np.nan_to_num(history["val_loss"], nan=np.inf)
        best = int(np.argmin(losses))
        return cls(
            **{name: used[name] for name in cls._fields[:5]},
            loss=float(losses[best]),
            accuracy=float(history["val_accuracy"][best]),
            seconds=seconds,
        )

    def __str__(self):
        settings = zip(self._fields[:5], self[:5], strict=True)
        told = ", ".join(f"{name} {value:.3g}" for name, value in settings if value is not None)
        correct = f"{100 * self.accuracy:.1f} %"
        return f"{told}: validation loss {self.loss:.4f}, accuracy {correct}, {self.seconds:.0f} s"


class SearchTable(list):
    """What a search has tried, a `Tried` each, the best first; a table in a notebook.

    Args:
        tried: List of `Tried`.
        note: A sentence below the table, or "".

    Example:
        >>> SearchTable([Tried(8, 8, 0.01, 0.5, 0.0, 0.4, 0.75, 3.0)])._repr_html_().count("<tr>")
        2
    """

    def __init__(self, tried=(), note=""):
        super().__init__(tried)
        self.note = note

    def __str__(self):
        return "\n".join(filter(None, [tables.as_text(Tried._fields, map(self._cells, self)), self.note]))

    def _repr_html_(self):
        note = f"<p>{self.note}</p>" if self.note else ""
        return tables.as_html(Tried._fields, map(self._cells, self)) + note

    def _cells(self, tried):
        return [f"{each:.4g}" if isinstance(each, float) else each or "" for each in tried]


def search_table(tried, drawn):
    """What was tried, the best first; a note says if that is no more than the settings by default.

    Args:
        tried: List of `Tried`.
        drawn: Names of the settings that are drawn, as `drawn_settings` gives them.

    Example:
        >>> first, second = (Tried(8, 8, 0.01, 0.5, 0.0, loss, 0.75, 3.0) for loss in (0.5, 0.4))
        >>> search_table([first, second], ["units"])[0].loss
        0.4
        >>> print(search_table([first], ["units"]).note)
        The search had time for the settings by default only; give search= more time to try others.
    """
    note = ""
    if len(tried) == 1:
        note = "The search had time for the settings by default only; give search= more time to try others."
    if not drawn:
        note = "The search had nothing to try: all settings that it draws were given."
    return SearchTable(sorted(tried, key=lambda each: each.loss), note)


def drawn_settings(settings, with_vectors):
    """Names of the settings that a search draws: those that are not given.

    Args:
        settings, with_vectors: As for `candidates`.

    Example:
        >>> from models.text_classification.fitting import NetworkSettings
        >>> drawn_settings(NetworkSettings("bag", dropout=0.5), with_vectors=True)
        ['learning_rate', 'word_dropout']
    """
    without = {"units"} if settings.kind == "bag" else set()  # it has none
    without |= {"embedding_dim"} if with_vectors else set()
    return [name for name in Tried._fields[:5] if name not in without and getattr(settings, name) is None]


def candidates(settings, with_vectors, deadline, tried):
    """Settings to try one after the other: those given alone, then draws for all that is not given.

    Args:
        settings: `NetworkSettings`; only what is None in them is drawn.
        with_vectors: Whether the length of the embedding is that of given vectors.
        deadline: Moment until which to try, by `time.perf_counter()`. The next is tried as long as what one
            has taken on average fits.
        tried: List of what was tried, which grows meanwhile.

    Yields:
        {name: value} to change.

    Example:
        >>> from models.text_classification.fitting import NetworkSettings
        >>> settings = NetworkSettings("lstm", units=16, dropout=0.5)
        >>> draws = candidates(settings, False, time.perf_counter() + 60, [])
        >>> next(draws), sorted(next(draws))
        ({}, ['embedding_dim', 'learning_rate', 'word_dropout'])
    """
    random, usual = np.random.default_rng(settings.seed), LEARNING_RATES[settings.kind]
    names = drawn_settings(settings, with_vectors)
    yield {}
    while names:
        now = time.perf_counter()
        if now + (np.mean([each.seconds for each in tried]) if tried else 0) >= deadline:
            return
        drawn = {
            "units": int(random.choice(SIZES)),
            "embedding_dim": int(random.choice(SIZES)),
            "learning_rate": float(f"{usual * np.exp(random.uniform(*np.log(FACTORS))):.2g}"),
            "dropout": float(random.choice(DROPOUTS)),
            "word_dropout": float(random.choice(WORD_DROPOUTS)),
        }
        yield {name: drawn[name] for name in names}
