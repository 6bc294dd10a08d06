"""The lectures' small pictures, for convolving by hand."""

import numpy as np


def nine_numbers():
    """0 to 8 in three rows.

    Returns:
        float32 (3, 3, 1).
    """
    return np.arange(9, dtype="float32").reshape(3, 3, 1)


def open_disc():
    """A disc with its mouth open to the right.

    Returns:
        float32 (7, 7, 1): 1 where it is, else 0.
    """
    rows = ["0000000", "0011100", "0111110", "0111000", "0111110", "0011100", "0000000"]
    return np.array([[int(pixel) for pixel in row] for row in rows], "float32")[..., None]


def smiling_face():
    """Two eyes, a nose and a mouth.

    Returns:
        float32 (7, 7, 1): 1 where they are, else 0.
    """
    face = np.zeros((7, 7, 1), "float32")
    for row, column in (1, 1), (1, 5), (3, 3), (4, 1), (4, 5), (5, 2), (5, 3), (5, 4):
        face[row, column] = 1
    return face
