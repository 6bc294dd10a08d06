"""Letters: each knob does what its unit says, measured on the pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from datasets import DataError
from datasets.generated import x_or_o


def ink(picture):
    return (picture[..., 0].astype(float) + 1) / 2


@pytest.mark.parametrize("letter", [0, 1])
def test_as_it_stands_a_letter_is_the_lectures(letter):
    clean = x_or_o.clean_letters()[letter]
    np.testing.assert_array_equal(x_or_o.draw("XO"[letter]), clean)
    (x_train, y_train), _ = x_or_o.load_data(4, 2, translation=0, scaling=0, rotation=0, weight=0)
    for picture in x_train[y_train == letter]:
        np.testing.assert_array_equal(picture, clean)


def test_the_clean_x_is_the_lectures_formula():
    for row in range(9):
        for column in range(9):
            drawn = 1 <= row <= 7 and column in (row, 8 - row)
            assert x_or_o.clean_letters()[0][row, column, 0] == (1 if drawn else -1)


@settings(max_examples=30, deadline=None)
@given(letter=st.sampled_from("XO"), down=st.floats(-0.9, 0.9), right=st.floats(-0.9, 0.9))
def test_the_centre_of_mass_moves_by_the_pixels_given(letter, down, right):
    """Within what pixels can show of a line: a quarter of one."""
    pixels = ink(x_or_o.draw(letter, down=down, right=right, scale=0.7, line=1.8))
    np.testing.assert_allclose(ndimage.center_of_mass(pixels), [4 + down, 4 + right], atol=0.3)


def test_over_many_moves_a_centre_of_mass_moves_as_far():
    moves = np.linspace(-0.9, 0.9, 15)
    for letter in "XO":
        for argument, axis in ("down", 0), ("right", 1):
            pictures = (ink(x_or_o.draw(letter, **{argument: d}, scale=0.7, line=1.8)) for d in moves)
            centres = [ndimage.center_of_mass(pixels)[axis] for pixels in pictures]
            slope, middle = np.polyfit(moves, centres, 1)
            assert (slope, middle) == (pytest.approx(1, abs=0.15), pytest.approx(4, abs=0.02))


def test_a_whole_pixel_down_is_the_picture_one_row_lower():
    for letter in "XO":
        moved = x_or_o.draw(letter, down=1, right=-1)
        np.testing.assert_allclose(moved[1:, :-1], x_or_o.draw(letter)[:-1, 1:], atol=1e-6)


@pytest.mark.parametrize("degrees", [-30, -12, 20, 45])
def test_a_turn_is_scipys(degrees):
    """SciPy turns a drawn picture, counterclockwise; its interpolation blurs, hence the correlation."""
    turned = x_or_o.draw("X", degrees=degrees, line=1.8)
    scipys = ndimage.rotate(x_or_o.draw("X", line=1.8)[..., 0], degrees, reshape=False, order=1, cval=-1)
    other_way = ndimage.rotate(x_or_o.draw("X", line=1.8)[..., 0], -degrees, reshape=False, order=1, cval=-1)
    alike = np.corrcoef(turned.ravel(), scipys.ravel())[0, 1]
    assert alike > 0.85
    if abs(degrees) < 45:  # an X turned by 45 degrees is the same both ways
        assert alike > 0.05 + np.corrcoef(turned.ravel(), other_way.ravel())[0, 1]


def test_scale_is_the_letters_extent():
    """The radius of gyration of the ink, over many places on the grid of pixels."""

    def radius(letter, scale):
        radii = []
        for offset in np.linspace(-0.5, 0.5, 9):
            pixels = ink(x_or_o.draw(letter, down=offset, right=offset / 3, scale=scale, degrees=10))
            rows, columns = np.indices((9, 9)) - 4
            squares = (rows - offset) ** 2 + (columns - offset / 3) ** 2
            radii.append(np.sqrt((pixels * squares).sum() / pixels.sum()))
        return np.mean(radii)

    for letter in "XO":
        assert radius(letter, 0.6) / radius(letter, 0.9) == pytest.approx(0.6 / 0.9, abs=0.06)


def test_line_is_the_inks_width():
    """Ink of an O, over many places on the grid: its outline's length times the line's width."""
    outline = 4 * 2 + 4 * np.sqrt(8)
    for line in 1.0, 1.5, 2.0:
        areas = [
            ink(x_or_o.draw("O", down=d, right=d / 2, line=line)).sum() for d in np.linspace(-0.5, 0.5, 9)
        ]
        assert np.mean(areas) == pytest.approx(outline * line, rel=0.05)


def test_shapes_types_ranges_and_seeds():
    (x_train, y_train), (x_test, y_test) = x_or_o.load_data(40, 20, seed=1)
    assert (x_train.shape, x_test.shape) == ((40, 9, 9, 1), (20, 9, 9, 1))
    assert (x_train.dtype, y_train.dtype) == ("float32", "uint8")
    assert x_train.min() >= -1
    assert x_train.max() <= 1
    assert y_train.mean() == y_test.mean() == 0.5
    assert len({picture.tobytes() for picture in [*x_train, *x_test]}) == 60
    np.testing.assert_array_equal(x_or_o.load_data(40, 20, seed=1)[0][0], x_train)
    assert not np.array_equal(x_or_o.load_data(40, 20, seed=2)[0][0], x_train)


@pytest.mark.parametrize("knob", x_or_o.LARGEST)
def test_each_knob_alone_changes_the_letters_within_its_bound(knob):
    largest = x_or_o.LARGEST[knob]
    pictures, labels = x_or_o.tricky_letters(40, **{knob: largest / 2}, seed=3)
    clean = np.stack(x_or_o.clean_letters())[labels]
    assert len({picture.tobytes() for picture in pictures}) > 20
    changed = np.abs(ink(pictures) - ink(clean)).mean()
    assert 0.01 < changed < 0.3


def test_growing_letters_grow():
    pictures, lines, labels = x_or_o.growing()
    assert pictures.shape == (24, 9, 9, 1)
    assert (len(lines), labels.tolist()) == (24, [0, 0, 0, 1, 1, 1] * 4)
    assert lines[2] == "moved 2.0 px"
    np.testing.assert_array_equal(pictures[2], x_or_o.draw("X", right=2))
    assert lines[6:9] == ["10% smaller", "30% smaller", "50% smaller"]
    clean = np.stack(x_or_o.clean_letters())
    assert len({picture.tobytes() for picture in [*pictures, *clean]}) == 26  # no two are the same


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"translation": -1}, "translation= must be from 0 to 2 .pixels.*not -1"),
        ({"scaling": 0.6}, "scaling= must be from 0 to 0.5"),
        ({"rotation": float("nan")}, "rotation= must be from 0 to 45 .degrees.*not nan"),
        ({"weight": 7}, "weight= must be from 0 to 2"),
        ({"train": 1}, "not 1 and 1000"),
        ({"test": 0}, "not 2000 and 0"),
    ],
)
def test_impossible_knobs_are_refused_in_a_sentence(bad, said):
    with pytest.raises(DataError, match=said):
        x_or_o.load_data(**bad)
