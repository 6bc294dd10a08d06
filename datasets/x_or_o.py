"""Pictures of the letters X and O: the lectures' clean ones, and trickier cases."""

import numpy as np


def clean_letters():
    """The lectures' X and their O.

    Returns:
        (X, O), float32 (9, 9, 1) each: -1 for paper, 1 for ink. X has both diagonals of its
        inner 7 x 7; O has the outline of an octagon there.
    """
    x = np.full((9, 9, 1), -1, "float32")
    for i in range(1, 8):
        x[i, i] = x[i, 8 - i] = 1
    o = np.full((9, 9, 1), -1, "float32")
    for i in range(3, 6):
        o[1, i] = o[7, i] = o[i, 1] = o[i, 7] = 1
    o[2, 2] = o[2, 6] = o[6, 2] = o[6, 6] = 1
    return x, o
