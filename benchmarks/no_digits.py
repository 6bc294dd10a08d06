"""Pictures that are no digits, such as a letter or a blank page, as somebody might give them to `predict`.

    python -m benchmarks.no_digits --out no_digits/
    python -m tutorials.predict outputs/digits no_digits/

`benchmarks/none_of_these.py` counts how many of them are refused. Letters and signs that look like a digit,
such as O and l, are left out. Two strokes may by chance look like a 1, a 4 or a 7, and some polygons like a
0: nobody could refuse all of these. `on_paper` and `printed_digits` make digits in the same ways.
"""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE, PAPER, PEN = 200, 240, 20  # pixels of a side; grey levels
CENTRE = SIDE / 2
LETTERS = (
    "ACDEFGHJKLMNPQRTUVWXYaehkmnrtvwxy"  # without those that look like a digit: B, O, b, l, q and others
)
SIGNS = "&%@#?!+*=<>$€§"
FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
)


def no_digits(count=100, seed=0):
    """Pictures of each kind; with a larger `count` the first ones are the same.

    Args:
        count: Number of each kind.
        seed: Of what is drawn.

    Returns:
        {kind: list of `count` images in levels of grey}, 200 x 200 pixels; those of the kind "noise of
        28 x 28 pixels" are of that size, with a dark border, as the digits of MNIST are.

    Example:
        >>> pictures = no_digits(count=2)
        >>> len(pictures), len(pictures["letters"]), pictures["letters"][0].size
        (10, 2, (200, 200))
    """
    found = {}
    for number, (kind, make) in enumerate(KINDS.items()):
        random = np.random.default_rng([seed, number])
        found[kind] = [make(random) for _ in range(count)]
    return found


def printed_digits(count=100, seed=0):
    """Digits in the fonts and sizes of the letters.

    Args:
        count: Number of images.
        seed: Of what is drawn.

    Returns:
        List of images in levels of grey, 200 x 200 pixels.

    Example:
        >>> len(printed_digits(count=3))
        3
    """
    random = np.random.default_rng([seed, len(KINDS)])
    return [_character(random, "0123456789") for _ in range(count)]


def on_paper(digit):
    """A digit as a photo shows it: a dark pen on light paper, 200 x 200 pixels.

    Args:
        digit: uint8 (28, 28, 1), ink 255 on paper 0.

    Returns:
        Image in levels of grey.

    Example:
        >>> on_paper(np.zeros((28, 28, 1), "uint8")).getextrema()
        (240, 240)
    """
    ink = Image.fromarray(digit[..., 0]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return _image(PAPER - (PAPER - PEN) * np.asarray(ink, float) / 255)


def blank_page(random):
    """A page without a stroke: one grey, the grain of a camera, or a shadow that grows to one side."""
    kind = random.integers(3)
    if kind == 0:
        return _image(np.full((SIDE, SIDE), random.integers(256)))
    if kind == 1:
        return _image(random.integers(100, 250) + random.integers(-1, 2, (SIDE, SIDE)))
    slope = np.linspace(random.integers(100, 200), 250, SIDE)
    return _image(np.rot90(np.tile(slope, (SIDE, 1)), random.integers(4)))


def noise(random):
    """Each pixel drawn alone: all levels of grey alike, or paper with a coarse grain."""
    if random.integers(2):
        return _image(random.integers(0, 256, (SIDE, SIDE)))
    return _image(random.normal(PAPER, 10, (SIDE, SIDE)))


def small_noise(random):
    """Noise in the form of MNIST's digits, which is read as it is: light on dark, and the border dark."""
    image = np.zeros((28, 28))
    if random.integers(2):
        image[4:24, 4:24] = random.integers(0, 256, (20, 20))
    else:
        image[1:27, 1:27] = random.exponential(60, (26, 26))
    image[14, 14] = 255
    return _image(image)


def letter(random):
    """A letter in one of DejaVu's fonts."""
    return _character(random, LETTERS)


def sign(random):
    """A sign that is neither a letter nor a digit."""
    return _character(random, SIGNS)


def texture(random):
    """A grating, a chessboard or clouds, of which some are black and white."""
    kind, (y, x) = random.integers(4), np.mgrid[:SIDE, :SIDE]
    if kind == 0:
        turn, width = random.uniform(0, math.pi), random.uniform(8, 60)
        return _image(120 + 100 * np.sin(2 * math.pi * (x * math.cos(turn) + y * math.sin(turn)) / width))
    if kind == 1:
        side = random.integers(10, 70)
        return _image(30 + 200 * ((x // side + y // side) % 2))
    grains = _image(random.integers(0, 256, (SIDE, SIDE)))
    clouds = np.asarray(grains.filter(ImageFilter.GaussianBlur(random.uniform(6, 20))), float)
    clouds = (clouds - clouds.min()) / np.ptp(clouds)
    return _image(255 * (clouds if kind == 2 else clouds > random.uniform(0.5, 0.75)))


def two_strokes(random):
    """Two straight strokes anywhere; they may cross, or lie apart."""
    image, draw = _page()
    for _ in range(2):
        draw.line(random.uniform(40, 160, 4).tolist(), PEN, width=int(random.integers(6, 14)))
    return image


def scribble(random):
    """One line to and fro, without lifting the pen."""
    image, draw = _page()
    points = random.uniform(40, 160, (random.integers(8, 16), 2))
    draw.line(points.ravel().tolist(), PEN, width=int(random.integers(4, 9)), joint="curve")
    return image


def face(random):
    """A circle with two eyes and a mouth, turned in any direction."""
    (image, draw), width = _page(), int(random.integers(4, 10))
    draw.ellipse((40, 40, 160, 160), outline=PEN, width=width)
    draw.ellipse((70, 75, 85, 90), fill=PEN)
    draw.ellipse((115, 75, 130, 90), fill=PEN)
    draw.arc((70, 90, 130, 140), 20, 160, fill=PEN, width=width)
    return image.rotate(random.uniform(0, 360), fillcolor=PAPER)


def polygon_or_star(random):
    """The outline of a regular polygon of 3 to 6 corners, or a star of 5 points, which may be filled."""
    (image, draw), width = _page(), int(random.integers(6, 12))
    corners, star = int(random.integers(3, 7)), random.integers(3) == 0
    radii = [60, 25] * 5 if star else [60] * corners
    angles = random.uniform(0, 2 * math.pi) + np.arange(len(radii)) * 2 * math.pi / len(radii)
    points = [
        (CENTRE + r * math.cos(a), CENTRE + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)
    ]
    if star and random.integers(2):
        draw.polygon(points, fill=PEN)
    else:
        draw.line([*points, *points[:2]], PEN, width=width, joint="curve")
    return image


KINDS = {
    "blank pages": blank_page,
    "noise": noise,
    "noise of 28 x 28 pixels": small_noise,
    "letters": letter,
    "other signs": sign,
    "textures": texture,
    "two strokes": two_strokes,
    "scribbles": scribble,
    "faces": face,
    "polygons and stars": polygon_or_star,
}


def _image(values):
    """Levels of grey as an image, rounded and cut off at 0 and 255."""
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype("uint8"))


def _page():
    """(an empty page, what draws on it)."""
    image = Image.new("L", (SIDE, SIDE), PAPER)
    return image, ImageDraw.Draw(image)


def _character(random, characters):
    """One of some characters, in the middle of a page, in a font that comes with matplotlib."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(folder / f"{random.choice(FONTS)}.ttf", int(random.integers(90, 141)))
    image, draw = _page()
    draw.text((CENTRE, CENTRE), random.choice(list(characters)), fill=PEN, font=font, anchor="mm")
    return image


def main(out: Path, count: int = 100, seed: int = 0) -> None:
    """Write pictures that are no digits as files, in a folder for each kind.

    Args:
        out: Folder to write to.
        count: Number of each kind.
        seed: Of what is drawn.
    """
    check_positive(count=count)
    try:
        for kind, images in no_digits(count, seed).items():
            folder = out / kind.replace(" ", "_")
            folder.mkdir(parents=True, exist_ok=True)
            for number, image in enumerate(images):
                image.save(folder / f"{number:04}.png")
    except OSError as error:
        raise LessonError(f"{out} cannot be written ({(error.strerror or str(error)).lower()}).") from error
    print(f"{len(KINDS)} folders with {count:,} pictures each are in {out}.")


if __name__ == "__main__":
    run(main)
