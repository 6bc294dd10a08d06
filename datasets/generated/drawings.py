"""Small images from the lectures, for computing convolutions by hand."""

import numpy as np


def nine_numbers():
    """0 to 8 in three rows.

    Returns:
        float32 (3, 3, 1).

    Example:
        >>> from datasets.generated.drawings import nine_numbers
        >>> nine_numbers()[..., 0].tolist()
        [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]
    """
    return np.arange(9, dtype="float32").reshape(3, 3, 1)


def open_disc():
    """A disc with a wedge cut out at the right, like Pac-Man.

    Returns:
        float32 (7, 7, 1): 1 on the disc, 0 elsewhere.

    Example:
        >>> from datasets.generated.drawings import open_disc
        >>> open_disc()[3, :, 0].tolist()
        [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    rows = ["0000000", "0011100", "0111110", "0111000", "0111110", "0011100", "0000000"]
    return np.array([[int(pixel) for pixel in row] for row in rows], "float32")[..., None]


def smiling_face():
    """A face of two eyes, a nose and a mouth.

    Returns:
        float32 (7, 7, 1): 1 on these, 0 elsewhere.

    Example:
        >>> from datasets.generated.drawings import smiling_face
        >>> int(smiling_face().sum())
        8
    """
    face = np.zeros((7, 7, 1), "float32")
    for row, column in (1, 1), (1, 5), (3, 3), (4, 1), (4, 5), (5, 2), (5, 3), (5, 4):
        face[row, column] = 1
    return face
