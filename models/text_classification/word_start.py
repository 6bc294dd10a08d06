"""Vectors of words that a text network's Embedding starts with: of a file, given, or learned from texts."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from .. import word_index
from ..checks.arguments import shown
from ..checks.words import words as different_words
from ..errors import ModelError
from ..text import MOST_IDS
from ..word_vectors.files import WordVectors, load_word_vectors, start_embedding
from ..word_vectors.learning import learn_word_vectors
from .vocabulary import PUNCTUATION, learn_vocabulary, token_ids

OWN_DIMENSIONS = 100  # of vectors that are learned from the user's own texts
SUBSAMPLING, USUAL_SHARE = 2e-4, 0.2  # the second relative to the mean share of a word


def embeddings_argument(owner, name, value):
    """Rule: None, a file of word vectors, a mapping from words to vectors, or a pair (words, vectors).

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> embeddings_argument("TextClassifier", "embeddings", "vectors.txt")
        'vectors.txt'
    """
    known = isinstance(value, (str, os.PathLike, Mapping)) or (isinstance(value, tuple) and len(value) == 2)
    if value is not None and (not known or not value):
        raise ModelError(
            f"{owner} takes {name} as a file of word vectors, such as GloVe's, a mapping from words to "
            f"vectors or a pair (words, vectors), not {shown(value)}."
        )
    return value


class WordStart(NamedTuple):
    """What a network of token ids begins with.

    Attributes:
        vocabulary: List of words, of token ids 2 and on.
        vectors: A `WordVectors`, or None to begin at random.
        found: How many of the `known` words have a vector.
        known: How many words of the vocabulary are from the texts; the others are from the vectors.

    Example:
        >>> WordStart(["good", "bad"], None, 0, 2).vocabulary
        ['good', 'bad']
    """

    vocabulary: list
    vectors: WordVectors | None
    found: int
    known: int

    def put_into(self, network, freeze=False):
        """Put the vectors into a network's Embedding.

        Args:
            network: A text network whose embedding_dim is that of the vectors.
            freeze: Whether they stay as they are; otherwise they are trained from there.

        Example:
            >>> from models import SentimentBag
            >>> start = WordStart(["good"], WordVectors(["good"], np.ones((1, 1))), 1, 1)
            >>> network = SentimentBag(vocabulary_size=3, embedding_dim=1)
            >>> start.put_into(network)
            >>> network.get_layer("embedding").get_weights()[0].tolist()
            [[0.0], [1.0], [1.0]]
        """
        if self.vectors is not None:
            start_embedding(network, self.vocabulary, self.vectors)
            network.get_layer("embedding").trainable = not freeze


def start_words(
    texts, size, embeddings=None, unlabelled=None, embedding_dim=None, seed=0, verbose=0, split="punctuation"
):
    """The vocabulary of training texts, and vectors of its words.

    With vectors, the vocabulary is filled up with further words that have one: a network that knows what
    they mean can use them although they are in no training text.

    Args:
        texts: Training texts, (n,) str.
        size: Number of token ids at most.
        embeddings: As for `embeddings_argument`.
        unlabelled: Texts to learn vectors from, together with the training texts; None for none.
        embedding_dim: Length of a learned vector; None for 100.
        seed: Of the learning.
        verbose: 1 to say how many words have a vector.
        split: How texts are split into words, as for `learn_vocabulary`.

    Returns:
        A `WordStart`.

    Raises:
        ModelError: If the vectors cannot be read, or no word of the vocabulary has one.

    Example:
        >>> vectors = {"good": [1.0, 0.0], "film": [0.0, 1.0], "great": [1.0, 0.1]}
        >>> start = start_words(["a good film", "a bad film"], 100, vectors)
        >>> start.vocabulary, start.found
        (['film', 'a', 'good', 'great'], 1)
    """
    if unlabelled is not None:
        return _learned(texts, size, unlabelled, embedding_dim or OWN_DIMENSIONS, seed, verbose, split)
    vocabulary = learn_vocabulary(texts, size, split)
    known = len(vocabulary)
    if embeddings is None:
        return WordStart(vocabulary, None, 0, known)
    vectors = _that_occur(_word_vectors(embeddings), split)
    have, there = set(vectors.words), set(vocabulary)
    found = sum(word in have for word in vocabulary)
    if not found:
        raise ModelError("embeddings= has a vector for no word of these texts; are they of another language?")
    more = (word for word in vectors.words if word not in there)
    vocabulary += [word for word, _ in zip(more, range(size - 2 - known), strict=False)]
    if verbose:
        name = Path(embeddings).name if isinstance(embeddings, (str, os.PathLike)) else "embeddings="
        print(
            f"{found:,} of the {known:,} words of these texts start with a vector of {name}, and "
            f"{len(vocabulary) - known:,} further words are known by theirs.",
            flush=True,
        )
    return WordStart(vocabulary, vectors, found, known)


def _learned(texts, size, unlabelled, dimensions, seed, verbose, split):
    """Vocabulary and vectors of training texts and of others that have no labels."""
    every = np.concatenate([texts, unlabelled])
    vocabulary = learn_vocabulary(every, size, split)
    tokens = token_ids(every, vocabulary, longest=None, split=split)
    if verbose:
        print(f"Learning vectors of {len(vocabulary):,} words from {len(every):,} texts", flush=True)
    known = len(vocabulary)
    thinned = max(SUBSAMPLING, USUAL_SHARE / known)  # where words are few, all of them are frequent
    vectors = learn_word_vectors(
        tokens, known + 2, dimensions, subsampling=thinned, seed=seed, verbose=verbose
    )
    return WordStart(vocabulary, WordVectors(vocabulary, vectors[2:]), known, known)


def _word_vectors(value):
    """Words and vectors from what was given; the first ones of a file, which has the frequent ones there."""
    if isinstance(value, (str, os.PathLike)):
        return load_word_vectors(value, most=MOST_IDS)
    if isinstance(value, Mapping):
        value = list(value), list(value.values())
    words = different_words("TextClassifier", "embeddings", value[0])
    try:
        vectors = np.array([keras.ops.convert_to_numpy(row) for row in value[1]], "float32")
    except (TypeError, ValueError):
        vectors = np.zeros(0)
    if vectors.ndim != 2 or len(vectors) != len(words) or not vectors.size or not np.isfinite(vectors).all():
        raise ModelError(
            "TextClassifier needs embeddings with a vector for each word, all of one length and of finite "
            "numbers."
        )
    return WordVectors(words, vectors)


def _that_occur(vectors, split):
    """Words as texts are taken apart: in lower case, the first spelling of each; others cannot occur."""
    words = list(map(str, vectors.words))
    apart = [row.decode() for row in word_index.apart(words).numpy()] if split == "punctuation" else words
    places = {}
    for place, (word, parts) in enumerate(zip(words, apart, strict=True)):
        if split == "punctuation":
            occurs = parts.split() == [word.lower()]
        else:
            occurs = word.split() == [word] and not PUNCTUATION.search(word)
            occurs = occurs and (split != "character" or len(word) == 1)
        if occurs:
            places.setdefault(word.lower(), place)
    return WordVectors(list(places), vectors.vectors[list(places.values())])
