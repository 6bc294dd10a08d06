"""Vectors of words in text files, as GloVe and word2vec write them, and networks that start with them."""

import os
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from ..checks.arguments import array, checked, shown, whole
from ..checks.words import words as different_words
from ..errors import ModelError
from ..loading.saved_classifiers import check_path, replacing

MOST_WORDS = 3_000_000  # the largest published files have as many
MOST_DIMENSIONS = 4096
MOST_NUMBERS = 500_000_000  # 2 GB as float32
LONGEST_LINE = 128 * MOST_DIMENSIONS  # bytes


class WordVectors(NamedTuple):
    """Words, and a vector for each.

    Attributes:
        words: List of n different str.
        vectors: Array float32 (n, dimensions).

    Example:
        >>> from models.word_vectors import WordVectors
        >>> WordVectors(["good"], np.ones((1, 3), "float32")).vectors.shape
        (1, 3)
    """

    words: list
    vectors: np.ndarray


@checked(most=whole(none=True))
def load_word_vectors(path, most=None):
    """Read vectors of words from a text file: a line for each word, the word first, numbers after spaces.

    GloVe's files are like that; word2vec's begin with a line of the number of words and of dimensions.
    A word that comes twice keeps its first vector.

    Args:
        path: The file, in UTF-8.
        most: Number of words to read, from the beginning, where files have the frequent ones; None for all.

    Returns:
        A `WordVectors`: `words`, a list of n str, and `vectors`, float32 (n, dimensions).

    Raises:
        ModelError: If the file is missing, is no such text, or is too large: more than 3,000,000 words, 4,096
            dimensions or 500,000,000 numbers.

    Reference:
        Pennington, Socher and Manning, GloVe: Global vectors for word representation, 2014.

    Example:
        >>> import pathlib, tempfile
        >>> from models import load_word_vectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "vectors.txt")
        ...     _ = path.write_text("good 0.5 1\\nbad 0.5 -1\\n")
        ...     load_word_vectors(path)
        WordVectors(words=['good', 'bad'], vectors=array([[ 0.5,  1. ],
               [ 0.5, -1. ]], dtype=float32))
    """
    path = Path(path) if isinstance(path, (str, os.PathLike)) else None
    if path is None:
        raise ModelError("load_word_vectors needs path as the name of a file.")
    try:
        if not path.is_file():
            raise ModelError(f"{path} is no file; name a text file of word vectors.")
        with path.open("rb") as file:
            return _read(file, path, most)
    except (OSError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path} cannot be read as word vectors ({error}); name another file.") from None


def _read(file, path, most):
    first, announced = _line(file, path, 1), None
    numbers = first.split()
    if len(numbers) == 2 and all(number.isdigit() and len(number) < 19 for number in numbers):
        announced = int(numbers[0]), int(numbers[1])
        first = _line(file, path, 2)
    words, rows, seen = [], [], set()
    dimensions, line, place = None, first, 1 + (announced is not None)
    while line:
        if most is not None and len(words) >= most:
            break
        word, row = _parse(line, path, place, dimensions)
        dimensions = len(row)
        if announced and dimensions != announced[1]:
            raise ModelError(
                f"{path} announces {announced[1]:,} dimensions, and line {place} has {dimensions:,}; "
                "the file is damaged, or its first line is wrong."
            )
        if word not in seen:
            seen.add(word)
            words.append(word)
            rows.append(row)
        if len(words) > MOST_WORDS or len(words) * dimensions > MOST_NUMBERS:
            raise ModelError(f"{path} has too many vectors to be read at once; give most= a smaller number.")
        place += 1
        line = _line(file, path, place)
    if not words:
        raise ModelError(f"{path} holds no word vectors; write a word and its numbers on each line.")
    read = place - 1 - (announced is not None)
    if announced and most is None and read != announced[0]:
        raise ModelError(
            f"{path} announces {announced[0]:,} words and holds {read:,}; it is cut off or damaged: "
            "fetch it again, or give most=."
        )
    return WordVectors(words, np.stack(rows))


def _line(file, path, place):
    """One line as text, "" at the end of the file."""
    line = file.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise ModelError(
            f"{path} has a line {place} of more than {LONGEST_LINE:,} bytes; it is no such file."
        )
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise ModelError(
            f"{path} is no text in UTF-8 on line {place}; save it as text and not binary."
        ) from None


def _parse(line, path, place, dimensions):
    """The word and its numbers. A word may hold spaces, as a few of GloVe's do: the numbers come last."""
    parts = line.rstrip("\r\n ").split(" ")
    count = len(parts) - 1 if dimensions is None else dimensions
    word = " ".join(parts[:-count]) if 0 < count < len(parts) else ""
    if not word or "\0" in word or count > MOST_DIMENSIONS:
        wanted = f"a word and {dimensions:,} numbers" if dimensions else "a word and 1 to 4,096 numbers"
        raise ModelError(f"{path} needs {wanted} on line {place}; the file is damaged, or of another kind.")
    try:
        with np.errstate(over="ignore"):
            row = np.array(parts[-count:], "float64").astype("float32")
    except ValueError:
        row = np.array([np.nan])
    if not np.isfinite(row).all():
        raise ModelError(f"{path} has something else than finite numbers after the word on line {place}.")
    return word, row


@checked(words=different_words)
def save_word_vectors(path, words, vectors):
    """Write vectors of words as a text file in word2vec's form, for `load_word_vectors` and other programs.

    Args:
        path: The file, which ends in .txt or .vec. One that is there is replaced when this is complete.
        words: List of n different str without spaces and line breaks.
        vectors: Array (n, dimensions).

    Raises:
        ModelError: If an argument is not as described, or the file cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> from models.word_vectors import load_word_vectors, save_word_vectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_word_vectors(pathlib.Path(folder, "v.txt"), ["good"], [[0.5, 1.0]])
        ...     load_word_vectors(pathlib.Path(folder, "v.txt")).words
        ['good']
    """
    vectors = array("save_word_vectors", "vectors", vectors, rank=2, what="(words, dimensions)")
    if len(vectors) != len(words):
        raise ModelError(f"save_word_vectors needs as many vectors as words, not {len(vectors)}.")
    for word in words:
        if set(word) & set("\n\r\0 "):
            raise ModelError(f"save_word_vectors needs words without spaces or breaks, not {shown(word)}.")
    lines = (
        f"{word} {' '.join(f'{x:.9g}' for x in row)}\n" for word, row in zip(words, vectors, strict=True)
    )
    path = check_path(path, ".txt", ".vec")
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(words)} {vectors.shape[1]}\n")
        file.writelines(lines)


@checked(vocabulary=different_words)
def start_embedding(model, vocabulary, word_vectors):
    """Put vectors of words into a text network's layer "embedding", before it is trained.

    The vectors are scaled together to a mean length of 1. A word of the vocabulary without one starts at the
    mean of those that have one, as do unknown words; padding starts at 0.

    Args:
        model: A text network such as `SentimentLSTM`; its embedding_dim is that of the vectors.
        vocabulary: List of str, the words of token ids 2, 3, ...
        word_vectors: A `WordVectors`, or a pair (words, vectors).

    Returns:
        Number of words of the vocabulary that have a vector.

    Raises:
        ModelError: If an argument is not as described, if sizes differ, or if no word has a vector.

    Example:
        >>> from models import SentimentLSTM
        >>> from models.word_vectors import start_embedding
        >>> model = SentimentLSTM(vocabulary_size=4, embedding_dim=2)
        >>> start_embedding(model, ["good", "film"], (["good"], [[0.0, 3.0]]))
        1
        >>> model.get_layer("embedding").get_weights()[0]
        array([[0., 0.],
               [0., 1.],
               [0., 1.],
               [0., 1.]], dtype=float32)
    """
    layer = next((each for each in getattr(model, "layers", ()) if each.name == "embedding"), None)
    if not isinstance(layer, keras.layers.Embedding):
        raise ModelError('start_embedding needs model with an Embedding named "embedding".')
    words, vectors = word_vectors
    words = different_words("start_embedding", "words", words)
    vectors = array("start_embedding", "vectors", vectors, rank=2, what="(words, dimensions)")
    wanted = (len(vocabulary) + 2, vectors.shape[1])
    if tuple(layer.embeddings.shape) != wanted or len(words) != len(vectors):
        raise ModelError(
            f"start_embedding needs a model of vocabulary_size={wanted[0]} and embedding_dim={wanted[1]}, "
            f"and a vector for each word, not an embedding of shape {tuple(layer.embeddings.shape)}."
        )
    places = {word: n for n, word in enumerate(words)}
    found = [(n + 2, places[word]) for n, word in enumerate(vocabulary) if word in places]
    if not found:
        raise ModelError("start_embedding needs word_vectors with at least one word of the vocabulary.")
    targets, sources = np.transpose(found)
    chosen = vectors[sources].astype("float32")
    chosen = chosen / max(float(np.linalg.norm(chosen, axis=1).mean()), 1e-12)
    start = np.tile(chosen.mean(0), (wanted[0], 1))
    start[0], start[targets] = 0, chosen
    layer.set_weights([start])
    return len(found)
