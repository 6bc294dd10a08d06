"""Sequences of letters: made-up DNA, in which a motif stands at a few places."""

import numpy as np

from ..sources import DataError

BASES = "ACGT"


def dna(motif="TATAAA", copies=3, length=60, seed=0):
    """Draw letters at random, then write the motif over them at a few places.

    Args:
        motif: What is written, of the letters A, C, G and T. TATAAA is the "TATA box", at which
            the reading of many genes starts.
        copies: How often. By chance it can stand at other places, too.
        length: Number of letters.
        seed: The same seed draws the same sequence.

    Returns:
        The sequence, a string. Generated, so free of any licence.

    Raises:
        DataError: If a letter is no base, a number is not positive, or the copies have no room.
    """
    one_hot(motif)
    if copies < 1 or not motif or copies * len(motif) > length:
        raise DataError(
            f"{copies} copies of {motif!r} do not fit into {length} letters; use a motif of one letter "
            "or more, 1 copy or more, and a greater length."
        )
    random = np.random.default_rng(seed)
    letters = random.choice(list(BASES), length)
    # Cut the room that is left over at random places, and put a motif at each cut
    cuts = np.sort(random.integers(0, length - copies * len(motif) + 1, copies))
    for number, cut in enumerate(cuts):
        start = cut + number * len(motif)
        letters[start : start + len(motif)] = list(motif)
    return "".join(letters)


def one_hot(letters):
    """Four numbers for each letter: 1 at the place that A, C, G and T have in `BASES`, else 0.

    Args:
        letters: A string of these letters.

    Returns:
        float32 (letters, 4).

    Raises:
        DataError: If another letter is among them.
    """
    for letter in letters:
        if letter not in BASES:
            raise DataError(f"DNA is written with the letters A, C, G and T, not {letter!r}.")
    return np.array([[letter == base for base in BASES] for letter in letters], "float32").reshape(-1, 4)
