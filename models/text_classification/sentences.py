"""Texts taken apart into sentences, for classifiers of long texts that are asked about short ones."""

import re

import numpy as np

# After the end of a sentence, with the quotation marks and brackets that close there; at line ends
BORDERS = re.compile(r"(?:<br */?>|[\n\r]|(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？।])[\"'”’」』)\]]*)+")


def sentences_of(texts):
    """The sentences of texts: what is between full stops, question and exclamation marks, and line ends.

    Args:
        texts: Sequence of n str.

    Returns:
        (list of m str, int array (m,): the text that each is in, ascending). A text has none if it is blank.

    Example:
        >>> sentences, rows = sentences_of(["Bad. Not good!<br />Never again", "", "It cost 3.50 or so"])
        >>> sentences, rows.tolist()
        (['Bad.', 'Not good!', 'Never again', 'It cost 3.50 or so'], [0, 0, 0, 2])
    """
    found = [[part for part in map(str.strip, BORDERS.split(text)) if part] for text in texts]
    return [part for parts in found for part in parts], np.repeat(
        np.arange(len(found)), list(map(len, found))
    )


def with_sentences(texts, labels):
    """Texts to train on, and after them their sentences, each of its text's class.

    Args:
        texts: n str.
        labels: Class of each, integers (n,).

    Returns:
        (list of n + m str, integers (n + m,)).

    Example:
        >>> with_sentences(["Bad. Not good!"], np.array([0]))
        (['Bad. Not good!', 'Bad.', 'Not good!'], array([0, 0, 0]))
    """
    sentences, rows = sentences_of(texts)
    return [*texts, *sentences], np.concatenate([labels, np.asarray(labels)[rows]])
