"""Texts as token ids: 0 for padding, 1 for a word that is not in the vocabulary, 2 and on for its words."""

import contextlib
import gzip
import re

import keras
import numpy as np
from keras import layers

from ..checks.arguments import checked, choice, whole
from ..checks.words import words as _words
from ..errors import ModelError
from ..gradients import double_precision
from ..sibling import datasets_module
from ..text import MOST_IDS
from ..word_index import WordIndex
from ..zoo import FOLDER
from .arguments import texts as _texts

LONGEST = 800  # words of a text that are used: of 100 film reviews, 98 are shorter
VOCABULARY = FOLDER / "reviews-vocabulary.txt.gz"
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")  # what TextVectorization removes
UNSPACED = 0.5  # share of letters of scripts without spaces from which each character is a word
AT_ONCE = 1000  # texts that are taken apart together
_RAGGED = keras.backend.backend() == "tensorflow"  # other backends have no ragged tensors


SPLITS = "whitespace", "character", "punctuation"


def split_argument(owner, name, value):
    """Rule: how texts are split into words, or None.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> split_argument("token_ids", "split", "punctuation")
        'punctuation'
    """
    return value if value is None else choice(*SPLITS)(owner, name, value)


@checked(texts=_texts, size=whole(3, MOST_IDS), split=split_argument)
def learn_vocabulary(texts, size=10_000, split=None):
    """The most frequent words of the training texts; words that occur only once are left out.

    The network can learn nothing about a word that occurs once. Together, these words teach it what an
    unknown word means.

    Args:
        texts: Sequence of n str: the training texts, and no others.
        size: The largest number of token ids, from 3 to 200,000; two of them are for padding and unknown
            words.
        split: How texts are split into words: at "whitespace", without punctuation, as
            `keras.layers.TextVectorization` does it; into each "character"; or into words and "punctuation",
            where each punctuation mark, symbol and letter of a script without spaces is a token, as
            `WordIndex` does it. None for "character" where most letters are of a script without spaces
            between words, such as Chinese, Japanese or Thai, and else "whitespace".

    Returns:
        List of str, the most frequent first: the words of token ids 2, 3, ... They are in lower case.

    Raises:
        ModelError: If an argument is not as described, or no word occurs twice.

    Example:
        >>> from models.text_classification import learn_vocabulary
        >>> learn_vocabulary(["A good film.", "A bad film.", "So bad!"])
        ['film', 'bad', 'a']
        >>> learn_vocabulary(["Good/bad", "So bad/so good"], split="punctuation")
        ['so', 'good', 'bad', '/']
    """
    counts = np.zeros(2, int)
    if split is None:
        unspaced = datasets_module("texts.copies").unspaced_share(texts) >= UNSPACED
        split = "character" if unspaced else "whitespace"
    learner = splitting_layer(split, max_tokens=size, ragged=_RAGGED)
    if len(texts):
        learner.adapt(texts)
        counts = np.bincount(np.concatenate([ids for ids, _ in _vectorized(learner, texts)]))
    known = int(np.count_nonzero(counts[2:] > 1))
    if not known:
        raise ModelError("No word occurs twice in the training texts; give more or longer texts.")
    words = learner.get_vocabulary(include_special_tokens=False)[:known]
    return [str(word) for word in words if word.strip()]  # a space is a character, but no word


def splitting_layer(split, **settings):
    """The layer that turns strings into token ids.

    Args:
        split: "whitespace", "character" or "punctuation", as for `learn_vocabulary`.
        **settings: As for `keras.layers.TextVectorization`, such as `vocabulary`.

    Returns:
        A `keras.layers.TextVectorization`, or of "punctuation" a `WordIndex`.

    Example:
        >>> splitting_layer("punctuation", vocabulary=["good", "!"])(["Good!"]).numpy().tolist()
        [[2, 3]]
    """
    return (
        WordIndex(**settings) if split == "punctuation" else layers.TextVectorization(split=split, **settings)
    )


def split_of(vocabulary):
    """How texts are split into the words of a vocabulary.

    Args:
        vocabulary: List of words.

    Returns:
        "punctuation" if a punctuation mark of ASCII is among the words, which the other ways remove;
        "character" if each word is one character, and some are of a script without spaces between words;
        else "whitespace".

    Example:
        >>> split_of(["电", "影", "a"]), split_of(["电影", "a"]), split_of(["a", "b", "!"])
        ('character', 'whitespace', 'punctuation')
    """
    if any(len(word) == 1 and PUNCTUATION.match(word) for word in vocabulary):
        return "punctuation"
    single = max(map(len, vocabulary), default=0) == 1
    unspaced = single and datasets_module("texts.copies").unspaced_share(vocabulary)
    return "character" if unspaced else "whitespace"


@checked(texts=_texts, vocabulary=_words, longest=whole(none=True), split=split_argument)
def token_ids(texts, vocabulary, longest=LONGEST, split=None):
    """The words of texts as numbers: 1 for an unknown word, its place in the vocabulary + 2 for another.

    Args:
        texts: Sequence of n str.
        vocabulary: List of words.
        longest: Number of words that are used of a text, from its beginning; None for all.
        split: How texts are split, as for `learn_vocabulary`; None for as the vocabulary looks: see
            `split_of`.

    Returns:
        List of n int32 arrays (words,).

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.text_classification import token_ids
        >>> token_ids(["A good film!", ""], vocabulary=["film", "a"])
        [array([3, 1, 2], dtype=int32), array([], dtype=int32)]
    """
    vectorize = splitting_layer(split or split_of(vocabulary), vocabulary=vocabulary, ragged=_RAGGED)
    return [
        row[:longest]
        for ids, ends in _vectorized(vectorize, texts)
        for row in np.split(ids.astype("int32"), ends[:-1])
    ]


def reviews_vocabulary():
    """The words that the weights "reviews" were trained with, the most frequent ones of the reviews first.

    Returns:
        A list of str, for `StringClassifier`.

    Raises:
        ModelError: If the file is missing or damaged.

    Example:
        >>> from models.text_classification import reviews_vocabulary
        >>> words = reviews_vocabulary()
        >>> len(words), words[:3]
        (9998, ['the', 'and', 'a'])
    """
    text = ""
    with contextlib.suppress(OSError, EOFError, ValueError):
        text = gzip.decompress(VOCABULARY.read_bytes()).decode("utf-8")
    if not text:
        raise ModelError(f"{VOCABULARY} is missing or damaged; restore it from the project's repository.")
    return text.split("\n")


def _vectorized(vectorize, texts):
    """[(ids of some texts, one text after the other; where each ends)]."""
    with double_precision():  # ids come with 64 bits
        return [_of_batch(vectorize(texts[n : n + AT_ONCE])) for n in range(0, len(texts), AT_ONCE)]


def _of_batch(batch):
    if _RAGGED:
        return batch.values.numpy(), batch.row_splits.numpy()[1:]
    padded = np.asarray(batch)
    words = padded > 0  # 0 is for padding alone
    return padded[words], np.cumsum(words.sum(1))
