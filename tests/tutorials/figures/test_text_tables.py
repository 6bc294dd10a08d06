"""Tables as text: cut as the lectures cut, aligned, and no wider than asked."""

import numpy as np

from datasets.generated.x_or_o import clean_letters
from models.filters import FEATURES
from tutorials.figures.text_tables import cells, four_steps, percent_rows, side_by_side


def test_ninths_are_cut_and_not_rounded():
    ninths = np.arange(-9, 10, dtype="float32") / np.float32(9)
    printed = "-1.00 -0.88 -0.77 -0.66 -0.55 -0.44 -0.33 -0.22 -0.11 0.00 "
    printed += "0.11 0.22 0.33 0.44 0.55 0.66 0.77 0.88 1.00"
    assert cells([ninths])[0] == printed.split()
    # A sum of ninths in 32 bits can fall short of what it stands for
    assert cells([[0.99999994, -0.49999997]])[0] == ["1.00", "-0.50"]
    assert cells([[0.12345, -0.00001]], digits=4)[0] == ["0.1234", "0.0000"]
    assert cells([[7 / 9, -0.001]], cut=False)[0] == ["0.78", "0.00"]


def test_whole_numbers_have_no_point_and_no_minus_before_0():
    assert cells([[1.0, -2.0], [-0.0, 10.0]]) == [["1", "-2"], ["0", "10"]]


def test_tables_stand_side_by_side_while_they_fit():
    tables = {"one": [[1, -2], [3, 4]], "two": [[0.5]], "three": [[7]]}
    assert side_by_side(tables, width=20) == "one      two\n 1 -2    0.50\n 3  4\n\nthree\n7\n"
    assert max(map(len, side_by_side(tables, width=5).splitlines())) <= 5


def test_the_four_steps_of_the_lectures():
    x, backslash = clean_letters()[0][..., 0], FEATURES["backslash"]
    match, mismatch = four_steps(x[1:4, 1:4], backslash), four_steps(x[3:6, 3:6], backslash)
    assert "1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 = 9\n" in match
    assert "9 / 9 = 1.00" in match
    assert "1 + 1 − 1 + 1 + 1 + 1 − 1 + 1 + 1 = 5\n" in mismatch
    assert "5 / 9 = 0.55" in mismatch
    assert "− 1 + 1 = 0" in four_steps([[-1, 1]], [[1, 1]])
    assert "0 / 2 = 0.00" in four_steps([[-1, 1]], [[1, 1]])


def test_percent_rows_leave_out_what_is_not_there():
    text = percent_rows({"a": {2: 0.5, 50: 1}, "longer": {50: 0.12345}}, [2, 50])
    assert text.split("\n") == [
        "              2       50",
        "a         50.0%   100.0%",
        "longer             12.3%",
    ]
