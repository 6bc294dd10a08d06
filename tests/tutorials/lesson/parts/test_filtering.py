"""What the lesson `convolution` prints and draws before anything is learned."""

import numpy as np
import pytest

from models import filters
from tutorials.lesson.parts import filtering

PHOTO = np.random.default_rng(0).integers(0, 256, (24, 30, 1), "uint8")


def test_the_x_shows_the_four_steps_and_the_tables(capsys):
    axes = filtering.the_x()
    said = capsys.readouterr().out
    for text in (
        "1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 = 9",
        "9 / 9 = 1.00",
        "5 / 9 = 0.55",
        "Total params: 27",
        "where 7/9 = 0.777… is 0.77, numbers are cut to two decimals",
        "3·3·1·3 = 27. With a bias each, (3·3·1 + 1)·3 = 30.",
        " 0.77 -0.11  0.11  0.33  0.55 -0.11  0.33     0.33 -0.55  0.11 -0.11  0.11 -0.55  0.33",
        "0.33 0.55 0.11 0.77    0.33 0.11 0.11 0.33    0.77 0.33 0.55 0.33",
    ):
        assert text in said
    assert "9 of 147" in axes.flat[0].figure.get_suptitle()
    assert "= 1.00" in axes.flat[1].get_title()
    assert "= 0.55" in axes.flat[2].get_title()


def test_errata_and_the_flip_are_told(capsys):
    axes = filtering.small_images()
    said = capsys.readouterr().out
    assert "row 2, column 2, both counted from 0 (the middle one of five):" in said
    assert "the slides print 1, the correct value is 0." in said
    assert "Max pooling makes 5 × 5 numbers 2 × 2 for the disc and 3 × 3 for the face" in said
    titles = [ax.get_title() for ax in axes.flat]
    assert sum(title.startswith("kernel\n") for title in titles) == 5
    assert "max(0, x) is ReLU; pooling takes the\n  maximum or the average" in said
    assert 'call ReLU "normalization". ReLU sets negative numbers to 0 and scales nothing' in said
    assert "not flipped gives a different result: [[19.0, 25.0], [37.0, 43.0]]" in said
    assert "flipped gives the same: [[5.0, 11.0], [23.0, 29.0]]" in said
    (framed,) = (ax for ax in axes.flat if ax.patches)
    assert framed.get_title() == "face, filtered"
    assert [text.get_text() for text in framed.texts][2 * 5 + 2] == "0"
    assert framed.patches[0].get_xy() == (1.5, 1.5)


def test_photograph_through_eleven_kernels(capsys):
    axes = filtering.photograph(PHOTO)
    said = capsys.readouterr().out
    assert "24 x 30 x 1" in said
    assert f"{1080 * 1080 * 3:,}" == "3,499,200"
    assert "3,499,200" in said
    assert "a sum of 1." in said
    shown = {ax.get_title(): ax.images[0].get_array() for ax in axes.flat}
    assert len(shown) == 12
    np.testing.assert_array_equal(shown["the photograph"], PHOTO[..., 0])
    mean = PHOTO[:3, :3].mean()
    assert shown["blur"][0, 0] == pytest.approx(mean, rel=1e-5)
    assert shown["sobel"].min() >= 0


def test_an_even_photograph_has_no_edges_and_no_warnings():
    axes = filtering.photograph(np.full((8, 8, 1), 77, "uint8"))
    shown = {ax.get_title(): ax.images[0].get_array() for ax in axes.flat}
    assert (shown["laplacian"] == 0).all()
    np.testing.assert_allclose(shown["sharpen"], 77, rtol=1e-5)


def test_sizes_agree(capsys):
    axes, agree, compared = filtering.sizes(PHOTO, largest=4)
    assert agree == compared > 300
    said = capsys.readouterr().out
    assert f"agree in {agree:,} of {compared:,}" in said
    assert "1 zero before and 2 after" in said
    assert [ax.get_title().partition("\n")[2] for ax in axes[:5]] == [
        "24 × 30", "10 × 16", "24 × 30", "12 × 15", "6 × 8",
    ]  # fmt: skip


def test_sizes_that_disagree_are_counted(monkeypatch):
    """Break the formula: the lesson must say so, and not what was hoped for."""
    right = filtering.filters.output_size

    def wrong(size, *rest):
        return right(size, *rest) + (size == 3)

    monkeypatch.setattr(filtering.filters, "output_size", wrong)
    axes, agree, compared = filtering.sizes(PHOTO, largest=3)
    assert agree < compared
    assert f"in {agree:,} of {compared:,}" in axes[0].figure.get_suptitle()


def test_motifs_and_the_ball(capsys):
    axes = filtering.sequence_and_volume(seed=0)
    said = capsys.readouterr().out
    letters, places = said.split("1D: ")[1].split("\n", 1)
    starts = [at for at in range(len(letters)) if letters.startswith("TATAAA", at)]
    assert f"at positions {', '.join(map(str, starts))}, counted" in places
    assert "552 voxels, 312 give 0" in said
    assert f"finds {len(starts)} motifs" in axes[0].figure.get_suptitle()


def test_each_filtered_photograph_shows_its_kernel():
    axes = filtering.photograph(PHOTO)
    drawn = {ax.get_title(): ax.child_axes for ax in axes.flat if ax.get_title()}
    assert not drawn.pop("the photograph")
    assert set(drawn) == set(filters.KERNELS)
    for name, (inset,) in drawn.items():
        numbers = [text.get_text() for text in inset.texts]
        expected = [
            "1/9" if name == "blur" else str(weight) for row in filters.KERNELS[name] for weight in row
        ]
        assert numbers == expected
