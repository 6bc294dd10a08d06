"""Photos of digits on paper: drawn here in every light, read by the zoo's own network."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import models
from datasets import DataError, digits


def photograph(image, random, size=(640, 480), thin=False, dark=40, paper=215):
    """A photo of one digit as if drawn with a pen: shadow, grain, anywhere on the paper."""
    side = int(random.integers(180, 330))
    ink = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    ink = np.asarray(ink.filter(ImageFilter.GaussianBlur(side / 60))) / 255.0
    if thin:  # only the ridge of the stroke, about six pixels wide
        from scipy import ndimage

        depth = ndimage.distance_transform_edt(ink > 0.5)
        ridge = depth > np.maximum(0, ndimage.maximum_filter(depth, 15) - 3)
        ink = ndimage.gaussian_filter(ridge * 1.0, 1)
    width, height = size
    canvas = np.zeros((height, width))
    top, left = random.integers(0, height - side), random.integers(0, width - side)
    canvas[top : top + side, left : left + side] = ink
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = random.uniform(0, 6.3)
    light = 1 - 0.25 * (np.cos(angle) * across + np.sin(angle) * down + across**2 * down**2)
    photo = (paper - (paper - dark) * canvas) * light + random.normal(0, 4, canvas.shape)
    colour = photo[..., None] * np.array([1, 0.97, 0.9])
    return Image.fromarray(np.clip(colour, 0, 255).astype("uint8"))


def share_read(images, labels, folder, **how):
    random = np.random.default_rng(0)
    read = []
    for number, image in enumerate(images):
        photograph(image[..., 0], random, **how).save(folder / f"{number}.jpg")
        read.append(digits.read_image(folder / f"{number}.jpg"))
    answers = models.ConvNet(weights="mnist").predict(np.stack(read), verbose=0).argmax(1)
    return np.mean(answers == labels)


@pytest.fixture(scope="module")
def scanned():
    _, (images, labels) = digits.load_data("embedded")
    model = models.ConvNet(weights="mnist")
    right = model.predict(images, verbose=0).argmax(1) == labels
    return images[right][:80], labels[right][:80]


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, marks=SLOW),
        pytest.param({"dark": 120}, marks=SLOW),
        pytest.param({"dark": 230, "paper": 30}, marks=SLOW),
        pytest.param({"size": (1600, 1200)}, marks=SLOW),
    ],
)
def test_photos_of_digits_that_it_can_read_are_read(scanned, tmp_path, how):
    assert share_read(*scanned, tmp_path, **how) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, marks=pytest.mark.long),  # the scanned digits above are read as they are, too
        {"thin": True},
        pytest.param({"dark": 230, "paper": 30}, marks=pytest.mark.long),
    ],
)
def test_photos_of_mnists_test_digits_are_read(mnist_folder, tmp_path, how):
    _, (images, labels) = digits.load_data(mnist_folder)
    assert share_read(images[:150], labels[:150], tmp_path, **how) >= (0.90 if "thin" in how else 0.97)


@pytest.mark.parametrize("size", [40, 280])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.14])
def test_a_thick_pen_is_not_taken_for_the_paper(tmp_path, size, share):

    image = Image.new("L", (size, size), 240)
    ring = [0.2 * size, 0.1 * size, 0.8 * size, 0.9 * size]
    ImageDraw.Draw(image).ellipse(ring, outline=20, width=round(share * size))
    image.save(tmp_path / "zero.png")
    read = digits.read_image(tmp_path / "zero.png")
    assert read[14, 14] < 60  # the hole is paper
    assert models.ConvNet(weights="mnist").predict(read[None], verbose=0).argmax() == 0


def test_an_mnist_image_is_taken_as_it_is(scanned, tmp_path):
    image = scanned[0][0]
    Image.fromarray(image[..., 0]).save(tmp_path / "digit.png")
    np.testing.assert_array_equal(digits.read_image(tmp_path / "digit.png"), image)


def test_dark_on_light_and_light_on_dark_are_the_same_digit(scanned, tmp_path):
    image = Image.fromarray(scanned[0][0][..., 0]).resize((100, 100), Image.Resampling.BICUBIC)
    image.save(tmp_path / "chalk.png")
    Image.fromarray(255 - np.asarray(image)).save(tmp_path / "pen.png")
    chalk, pen = (digits.read_image(tmp_path / name).astype(float) for name in ("chalk.png", "pen.png"))
    assert np.abs(chalk - pen).mean() < 2


def test_specks_and_paper_without_a_stroke(tmp_path):
    random = np.random.default_rng(0)
    blank = np.clip(random.normal(200, 4, (300, 400)), 0, 255).astype("uint8")
    Image.fromarray(blank).save(tmp_path / "blank.png")
    with pytest.raises(DataError, match=r"blank\.png shows no pen stroke"):
        digits.read_image(tmp_path / "blank.png")
    Image.new("L", (1, 1)).save(tmp_path / "dot.png")
    with pytest.raises(DataError, match=r"dot\.png shows no pen stroke"):
        digits.read_image(tmp_path / "dot.png")

    blank[60:240, 190:210] = 30  # a one
    alone = blank.copy()
    blank[20:26, 30:36] = 20  # a fly
    for name, pixels in ("one.png", alone), ("one_and_fly.png", blank):
        Image.fromarray(pixels).save(tmp_path / name)
    np.testing.assert_allclose(
        digits.read_image(tmp_path / "one.png"), digits.read_image(tmp_path / "one_and_fly.png"), atol=3
    )


def written(text, size=(400, 300), height=120):
    """A page with some text in its middle."""
    page = Image.new("L", size, 235)
    font = ImageFont.load_default(height)
    ImageDraw.Draw(page).text((size[0] / 2, size[1] / 2), text, fill=25, font=font, anchor="mm")
    return page


@pytest.mark.parametrize("grey", [0, 1, 128, 254, 255])
def test_a_page_of_one_colour_is_no_digit(tmp_path, grey):
    Image.new("L", (200, 150), grey).save(tmp_path / "page.png")
    with pytest.raises(DataError, match="no pen stroke"):
        digits.read_image(tmp_path / "page.png")


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_digit(tmp_path, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (28 * (1 + seed), 40 * (1 + seed)), "uint8")
    Image.fromarray(noise).save(tmp_path / "noise.png")
    with pytest.raises(DataError, match="specks or letters|no pen stroke|side by side"):
        digits.read_image(tmp_path / "noise.png")


@pytest.mark.parametrize("text", ["35", "10", "1 1", "2026", "No digit\nbut a text\nof three lines"])
def test_several_figures_are_not_taken_for_one(tmp_path, text):
    written(text, height=40 if "\n" in text else 120).save(tmp_path / "page.png")
    with pytest.raises(DataError, match="cut out one digit"):
        digits.read_image(tmp_path / "page.png")


@pytest.mark.parametrize("digit", range(10))
def test_a_printed_digit_is_one_figure(tmp_path, digit):
    written(str(digit)).save(tmp_path / "page.png")
    assert digits.read_image(tmp_path / "page.png").shape == (28, 28, 1)


def test_the_bar_of_a_five_may_stand_apart(tmp_path):
    page = Image.new("L", (300, 300), 235)
    pen = ImageDraw.Draw(page)
    pen.line([(150, 70), (230, 70)], fill=20, width=12)  # the bar, a little to the right
    pen.line([(120, 90), (120, 150), (190, 160), (190, 230), (110, 235)], fill=20, width=12)
    page.save(tmp_path / "five.png")
    assert digits.read_image(tmp_path / "five.png").any()
