"""One function decodes every photo, whatever is odd about the file."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets import DataError
from datasets.photos import grey_photo, read_photo

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), "uint8")


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.ppm", "a.tga"])
def test_lossless_formats_come_back_as_they_were(tmp_path, name):
    Image.fromarray(PIXELS).save(tmp_path / name)
    np.testing.assert_array_equal(read_photo(tmp_path / name), PIXELS)


def test_photo_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned a quarter to the left
    Image.fromarray(PIXELS).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "turned.png"), np.rot90(PIXELS, -1))


def test_transparent_parts_are_white(tmp_path):
    drawing = np.zeros((4, 4, 4), "uint8")
    drawing[1, 1] = 0, 0, 0, 255
    Image.fromarray(drawing).save(tmp_path / "ink.png")
    photo = read_photo(tmp_path / "ink.png")
    assert (photo[1, 1] == 0).all()
    assert (np.delete(photo.reshape(16, 3), 5, axis=0) == 255).all()


def test_16_bits_keep_their_range(tmp_path):
    deep = np.linspace(0, 65535, 256).astype("uint16").reshape(16, 16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_allclose(read_photo(tmp_path / "deep.png")[..., 0], deep / 257, atol=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    name = "a.tiff" if mode == "CMYK" else "a.png"
    Image.new(mode, (5, 4)).save(tmp_path / name)
    assert read_photo(tmp_path / name).shape == (4, 5, 3)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.9), suffix=st.sampled_from(["png", "jpg", "gif", "tiff", "webp", "bmp"]))
def test_a_cut_off_file_is_refused_by_name(tmp_path, share, suffix):
    file = tmp_path / f"cut.{suffix}"
    Image.fromarray(PIXELS).save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"cut\."):
        read_photo(file)


def test_what_is_no_image_is_refused_by_name(tmp_path):
    (tmp_path / "letter.jpg").write_text("Dear reader")
    with pytest.raises(DataError, match=r"letter\.jpg is not an image"):
        read_photo(tmp_path / "letter.jpg")
    with pytest.raises(DataError, match="is a folder"):
        read_photo(tmp_path)
    with pytest.raises(DataError, match=r"none\.png does not exist"):
        read_photo(tmp_path / "none.png")


def test_a_decompression_bomb_is_refused(tmp_path):
    Image.new("1", (30_000, 10_000)).save(tmp_path / "bomb.png")
    with pytest.raises(DataError, match=r"bomb\.png has too many pixels"):
        read_photo(tmp_path / "bomb.png")


@pytest.mark.parametrize("name", ["china", "flower"])
def test_the_photographs_that_come_along(name, capsys):
    photo = grey_photo(name)
    assert photo.shape == (427, 640, 1)
    assert photo.dtype == "uint8"
    assert photo.min() < 20
    assert photo.max() > 220
    assert "CC BY 2.0" in capsys.readouterr().out


def test_a_photo_of_ones_own_is_grey_and_no_larger_than_asked(tmp_path):
    colours = np.zeros((40, 120, 3), "uint8")
    colours[:, :40, 0] = colours[:, 40:80, 1] = colours[:, 80:, 2] = 255
    Image.fromarray(colours).save(tmp_path / "colours.png")
    photo = grey_photo(tmp_path / "colours.png", longest=120)
    # The eye's weights: red 0.299, green 0.587, blue 0.114
    assert photo[20, [20, 60, 100], 0].tolist() == [76, 150, 29]
    assert grey_photo(str(tmp_path / "colours.png"), longest=30).shape == (10, 30, 1)
    with pytest.raises(DataError, match="nowhere.png"):
        grey_photo("nowhere.png")
