"""The small pictures are the lectures'."""

import numpy as np

from datasets.generated import drawings


def test_pictures_are_the_lectures():
    rows = ["".join(f"{pixel:.0f}" for pixel in row) for row in drawings.open_disc()[..., 0]]
    assert rows == ["0000000", "0011100", "0111110", "0111000", "0111110", "0011100", "0000000"]
    face = {(int(r), int(c)) for r, c in np.argwhere(drawings.smiling_face()[..., 0] == 1)}
    assert face == {(1, 1), (1, 5), (3, 3), (4, 1), (4, 5), (5, 2), (5, 3), (5, 4)}
    assert drawings.smiling_face().sum() == 8
    assert drawings.nine_numbers()[..., 0].tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_shapes_and_types():
    for picture, side in (
        (drawings.open_disc(), 7),
        (drawings.smiling_face(), 7),
        (drawings.nine_numbers(), 3),
    ):
        assert picture.shape == (side, side, 1)
        assert picture.dtype == "float32"
