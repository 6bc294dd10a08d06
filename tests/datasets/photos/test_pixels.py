"""Squares of photos: the same pixels for every reader, whatever the file."""

import io
import os
import struct
import sys
import types
import zlib
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from datasets import DataError, photos
from datasets.photos import cut_off, heif
from datasets.photos import pixels as photo_pixels

NOISE = np.random.default_rng(0).integers(0, 256, (9, 12, 3), "uint8")
SCENE = Image.fromarray(NOISE).resize((480, 360), Image.Resampling.BICUBIC)


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def traits(content, name="photo.png"):
    return photo_pixels.decode(content, 32, name).traits


def test_a_square_is_the_middle_of_a_photo_shrunk_without_jagged_edges():
    pixels = np.zeros((60, 100, 3), "uint8")
    pixels[:, 20:80] = (np.indices((60, 60)).sum(0) % 2 * 255)[..., None]  # a fine chessboard, grey from afar
    square = photos.read_square(saved(Image.fromarray(pixels)), 12)
    assert square.shape == (12, 12, 3)
    assert square.dtype == "uint8"
    assert np.abs(square[1:-1, 1:-1].astype(int) - 127).max() <= 3
    np.testing.assert_array_equal(photos.read_square(saved(Image.fromarray(pixels)), 60), pixels[:, 20:80])


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (30_000, 2), (3, 5)])
def test_thin_and_tiny_pictures_become_squares_too(size):
    assert (
        photos.read_square(saved(Image.new("RGB", size, "red")), 224).tolist() == [[[255, 0, 0]] * 224] * 224
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_large_photo_gives_what_it_gives_when_shrunk_by_hand(tmp_path, kind):
    content = saved(SCENE.resize((1600, 1200)), kind)
    square = photos.read_square(content, 48)
    by_hand = ImageOps.fit(Image.open(io.BytesIO(content)).convert("RGB"), (48, 48), Image.Resampling.BOX)
    assert np.abs(square.astype(int) - np.asarray(by_hand)).mean() < 4
    (tmp_path / "photo").write_bytes(content)
    np.testing.assert_array_equal(photos.read_square(tmp_path / "photo", 48), square)
    np.testing.assert_array_equal(photos.read_square(str(tmp_path / "photo"), 48), square)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_photos_are_turned_upright_before_and_after_shrinking(turn, kind):
    exif = Image.Exif()
    exif[0x0112] = turn
    content = saved(SCENE, kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    whole = photo_pixels.decode(content)
    assert np.abs(whole.pixels.astype(int) - np.asarray(upright)).max() <= 1
    square = photos.read_square(content, 24).astype(int)
    again = photos.read_square(saved(upright), 24)
    assert np.abs(square - again).mean() < 4
    assert ("EXIF-rotated" in traits(content)) == (turn > 1)


def test_damaged_camera_data_do_no_harm():
    content = saved(SCENE, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert photos.read_square(content, 24).shape == (24, 24, 3)


def test_white_shines_through_and_what_is_half_transparent_is_half_white():
    drawing = np.zeros((40, 40, 4), "uint8")
    drawing[:, 20:, 3] = 128
    content = saved(Image.fromarray(drawing))
    square = photos.read_square(content, 20)
    assert (square[:, :9] == 255).all()
    assert np.abs(square[:, 11:].astype(int) - 127).max() <= 2
    assert traits(content) == {"alpha"}
    assert traits(saved(SCENE.convert("RGBA"))) == set()  # nothing shines through
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert (photos.read_square(saved(palette, transparency=0), 8) == 255).all()


def test_deep_pictures_keep_their_range():
    ramp = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    grey = np.round(ramp * 255)
    deep = Image.fromarray((ramp * 65535).astype("uint16"))
    for content in (
        saved(deep),
        saved(deep, "TIFF"),
        saved(deep, "PPM"),
        saved(Image.fromarray(ramp.astype("float32")), "TIFF"),
        saved(Image.fromarray((ramp * 255).astype("float32")), "TIFF"),
        saved(Image.fromarray((ramp * 65535).astype("int32")), "TIFF"),
        saved(Image.fromarray((ramp * (2**31 - 1)).astype("int32")), "TIFF"),
    ):
        assert np.abs(photos.read_square(content, 64)[..., 0] - grey).max() <= 1
        assert "16-bit" in traits(content)
    holes = ramp.astype("float32")
    holes[0, :3] = np.nan, np.inf, -np.inf
    assert photos.read_square(saved(Image.fromarray(holes), "TIFF"), 64).shape == (64, 64, 3)


def png16(values, kind):
    """A PNG of 16 bits a channel, which Pillow cannot write; its lines are stored as differences."""
    height, width, channels = values.shape
    lines = values.astype(">u2").view("uint8").reshape(height, -1)
    lines = np.concatenate([lines[:1], np.diff(lines, axis=0)])  # filter 2: the line above, modulo 256
    lines = np.concatenate([np.full((height, 1), 2, "uint8"), lines], 1)
    chunks = (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)), (
        b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def tiff16(values, order, compression):
    """A TIFF of 16 bits a channel in either order of bytes, RGB."""
    height, width, channels = values.shape
    data = values.astype(order + "u2").tobytes()
    data = zlib.compress(data) if compression == 8 else data
    fields = {256: width, 257: height, 258: None, 259: compression, 262: 2, 273: None, 277: channels}
    fields |= {278: height, 279: len(data), 284: 1}
    end = 8 + 2 + 12 * len(fields) + 4
    fields[273] = end + 6
    out = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HIH", 42, 8, len(fields))
    for tag, value in fields.items():
        out += struct.pack(order + "HHII", tag, 4, 1, value) if tag != 258 else b""
        out += struct.pack(order + "HHII", tag, 3, 3, end) if tag == 258 else b""
    return out + bytes(4) + struct.pack(order + "HHH", 16, 16, 16) + data


@pytest.mark.parametrize("bits", [8, 10, 11, 12, 14, 16])
def test_fewer_bits_in_a_file_of_16_are_scaled_by_their_range(bits):
    ramp = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    colour = np.stack([ramp, ramp**2, ramp[::-1] / 2], -1)
    deep = np.round(colour * (2**bits - 1)).astype("uint16")
    see_through = np.concatenate([deep, np.full((64, 64, 1), 65535, "uint16")], -1)
    for content in (
        saved(Image.fromarray(deep[..., 0])),
        saved(Image.fromarray(deep[..., 0]), "TIFF"),
        saved(Image.fromarray(deep[..., 0].astype("int32")), "TIFF"),
        png16(deep, 2),
        png16(see_through, 6),
        *(tiff16(deep, order, compression) for order in "<>" for compression in (1, 8)),
    ):
        pixels = photos.read_square(content, 64).astype(int)
        expected = colour if not (pixels[..., 0] == pixels[..., 1]).all() else colour[..., :1]
        assert np.abs(pixels - expected * 255).max() <= 1 + 128 / (2**bits - 1)  # cut to whole numbers, twice
        found = traits(content, None)
        assert found == ({"16-bit"} if bits == 16 else {f"{bits}-bit in 16-bit"})


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (saved(SCENE), "a.PNG", set()),
        (saved(SCENE, "JPEG"), "a.jpeg", set()),
        (saved(SCENE, "MPO", save_all=True, append_images=[SCENE]), "phone.jpg", set()),
        (saved(SCENE), "a.jpg", {"wrong extension"}),
        (saved(SCENE), "a", {"wrong extension"}),
        (saved(SCENE.convert("CMYK"), "JPEG"), "a.jpg", {"CMYK"}),
        (saved(SCENE.quantize()), "a.png", {"palette"}),
        (saved(SCENE, "WEBP", save_all=True, append_images=[SCENE.rotate(5)]), "a.webp", {"animated"}),
    ],
)
def test_what_is_odd_is_noted(content, name, found):
    assert traits(content, name) == found


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"", "empty", "is empty"),
        (b"Dear reader", "not an image", "is not an image"),
        (saved(SCENE)[:2000], "truncated", "cut off"),
        (saved(SCENE, "JPEG")[:2000], "truncated", "cut off"),
        (saved(SCENE, "JPEG")[:20], "damaged", "like a JPEG file, but"),
        pytest.param(
            *(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "not readable", "HEIC"),
            marks=pytest.mark.skipif(bool(find_spec("pillow_heif")), reason="HEIC files can be read here"),
        ),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not readable", "PostScript"),
        (saved(Image.new("1", (30_000, 6_000))), "huge", "too many pixels"),
    ],
)
def test_what_cannot_be_decoded_has_a_reason(content, kind, said):
    with pytest.raises(photo_pixels.Unusable, match=said) as caught:
        photo_pixels.decode(content, 24)
    assert caught.value.kind == kind
    with pytest.raises(DataError, match=f"^The photo .*{said}.*[.]$"):
        photos.read_square(content, 24)


def photograph(number=0, size=(320, 240)):
    """A scene with fine details, as a camera's photo has."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), "uint8"))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), "float32")
    return Image.fromarray((smooth + random.normal(0, 9, smooth.shape)).clip(0, 255).astype("uint8"))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 95}])
@pytest.mark.parametrize("cut", [1, 2, 20])
def test_a_jpeg_that_lacks_its_last_bytes_is_used(options, cut):
    whole = saved(photograph(), "JPEG", **options)
    decoded = photo_pixels.decode(whole[:-cut], name="a.jpg")
    assert decoded.traits == {"cut off near its end"}
    exact = photo_pixels.decode(whole).pixels
    assert (decoded.pixels[: int(0.9 * len(exact))] == exact[: int(0.9 * len(exact))]).all()
    assert np.abs(photos.read_square(whole[:-cut], 32).astype(int) - photos.read_square(whole, 32)).mean() < 3


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_that_lacks_much_is_not(options):
    whole = saved(photograph(), "JPEG", **options)
    for left in (0.5, 0.9):
        with pytest.raises(photo_pixels.Unusable, match="cut off before its end"):
            photo_pixels.decode(whole[: int(left * len(whole))])


def test_the_share_of_a_cut_jpeg_is_that_of_its_rows():
    whole = saved(photograph(size=(160, 320)), "JPEG")
    exact = np.asarray(Image.open(io.BytesIO(whole))).astype(int)
    for left in (0.3, 0.6, 0.8):
        part = whole[: int(left * len(whole))]
        found = cut_off.share(part + cut_off.END, part + b"\x2a" * 200 + cut_off.END)
        filled = np.asarray(Image.open(io.BytesIO(part + cut_off.END))).astype(int)
        rows = (filled == exact).all((1, 2))
        assert found == pytest.approx(rows.mean(), abs=32 / 320)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def phone(monkeypatch):
    """A package in the place of pillow-heif that reads a PNG behind the first bytes of a HEIC photo."""

    def register_heif_opener():
        class Plugin(ImageFile.ImageFile):
            format = "HEIF"

            def _open(self):
                inner = Image.open(io.BytesIO(self.fp.read()[len(HEIC) :]))
                self._size, self._mode, self.im, self.tile = inner.size, "RGB", inner.convert("RGB").im, []

        Image.register_open("HEIF", Plugin, lambda start: start[4:12] == b"ftypheic")

    module = types.SimpleNamespace(register_heif_opener=register_heif_opener)
    monkeypatch.setitem(sys.modules, "pillow_heif", module)
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    heif.is_readable.cache_clear()
    yield
    heif.is_readable.cache_clear()


def test_photos_of_phones_are_read_where_the_package_is_there(phone):
    np.testing.assert_array_equal(
        photos.read_square(HEIC + saved(SCENE), 24), photos.read_square(saved(SCENE), 24)
    )
    with pytest.raises(DataError, match="like a HEIC photo, but is cut off"):
        photos.read_square(HEIC + b"no", 24)


def test_photos_of_phones_are_named_with_the_package_where_it_is_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    heif.is_readable.cache_clear()
    with pytest.raises(DataError, match="HEIC photo; install the package pillow-heif, or save the photo as"):
        photos.read_square(HEIC + saved(SCENE), 24)
    heif.is_readable.cache_clear()


@pytest.mark.extra
def test_real_photos_of_phones_are_read(tmp_path):
    package = pytest.importorskip("pillow_heif")
    package.from_pillow(SCENE).save(tmp_path / "phone.heic", quality=95)
    found = photos.read_square(tmp_path / "phone.heic", 48).astype(int)
    assert np.abs(found - photos.read_square(saved(SCENE), 48)).mean() < 3
    assert photos.list_photos(tmp_path) == [str(tmp_path / "phone.heic")]


def test_many_photos_are_read_as_single_ones_on_all_cores(tmp_path):
    for number in range(20):
        photograph(number).save(tmp_path / f"{number:02}.png")
    names = [*photos.list_photos(tmp_path), "none.png"]
    found = photos.read_squares(names, 24)
    for name, square in zip(names[:-1], found, strict=False):
        np.testing.assert_array_equal(square, photos.read_square(name, 24))
    assert str(found[-1]) == "none.png does not exist; name an image file."


@pytest.mark.parametrize(
    "kind", ["AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP"]
)
def test_every_format_that_is_read_is_listed_in_a_folder(tmp_path, kind):
    ending = next(ending for ending, name in photo_pixels.suffixes().items() if name == kind)
    (tmp_path / f"a{ending.upper()}").write_bytes(saved(SCENE, kind))
    (tmp_path / "notes.txt").write_text("Hello")
    if kind not in ("ICO", "PPM", "TGA"):  # which begin as other files may
        (tmp_path / "b").write_bytes(saved(SCENE, kind))
    listed = photos.list_photos(tmp_path)
    assert [name.rpartition("/")[2][0] for name in listed] == ["a"] + ["b"] * (len(listed) - 1)
    assert len(listed) == 2 - (kind in ("ICO", "PPM", "TGA"))
    assert all(photos.read_square(name, 24).shape == (24, 24, 3) for name in listed)


WHOLE = {
    kind: saved(SCENE.resize((40, 30)), kind)
    for kind in ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(WHOLE)))
def test_a_damaged_file_gives_pixels_or_one_sentence(data, kind):
    content = bytearray(WHOLE[kind][: data.draw(st.integers(0, len(WHOLE[kind])))])
    for place in data.draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=5)):
        if content:
            content[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        assert photos.read_square(bytes(content), 24).shape == (24, 24, 3)
    except DataError as error:
        assert "\n" not in str(error)
        assert str(error).endswith(".")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(DataError, match=r"pipe\.jpg"):
        photos.read_square(tmp_path / "pipe.jpg", 24)
