"""Generated DNA: random sequences of letters that contain a motif at a few places."""

import numpy as np

from ..sources import DataError

BASES = "ACGT"


def dna(motif="TATAAA", copies=3, length=60, seed=0):
    """Draw letters at random, then write the motif over them at a few places.

    Args:
        motif: String of the letters A, C, G and T. TATAAA is the "TATA box", at which
            the transcription of many genes starts.
        copies: Number of places. By chance it can occur at others, too.
        length: Number of letters.
        seed: The same seed draws the same sequence.

    Returns:
        The sequence, a string. Generated, so free of any licence.

    Raises:
        DataError: If a letter is no base, a number is not positive, or the copies have no room.

    Example:
        >>> from datasets.generated.sequences import dna
        >>> sequence = dna("ACGT", copies=2, length=20)
        >>> len(sequence), sequence.count("ACGT") >= 2
        (20, True)
    """
    one_hot(motif)
    if copies < 1 or not motif or copies * len(motif) > length:
        raise DataError(
            f"{copies} copies of {motif!r} do not fit into {length} letters; use a motif= of one letter "
            "or more, copies= of 1 or more, and a greater length=."
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
    """One-hot encode letters of DNA: four numbers each, in the order of `BASES`.

    Args:
        letters: A string of these letters.

    Returns:
        float32 (letters, 4).

    Raises:
        DataError: If another letter is among them.

    Example:
        >>> from datasets.generated.sequences import one_hot
        >>> one_hot("AT").tolist()
        [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """
    for letter in letters:
        if letter not in BASES:
            raise DataError(f"DNA is written with the letters A, C, G and T, not {letter!r}.")
    return np.array([[letter == base for base in BASES] for letter in letters], "float32").reshape(-1, 4)
