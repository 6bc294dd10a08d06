"""Images of simple shapes, and their edges: a task from image to image."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from ..sources import DataError, Source

# Each pixel minus the mean of its four neighbours: a quarter of the lectures' Laplacian
LAPLACIAN = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "float32") / 4


def load_data(train=300, test=100, size=32, seed=0, kernel=LAPLACIAN, padding="same"):
    """Draw grey shapes, and compute their edges.

    Every image shows 20 to 60 filled ellipses, rectangles and triangles at random places, each in a
    random shade of grey. With so many edges the kernel that finds them is learned quickly.

    Args:
        train: Number of images to train on.
        test: Number of images to test on.
        size: Height and width of an image in pixels.
        seed: The same seed draws the same images.
        kernel: The kernel that computes the edges: rows of numbers, of odd height and width.
        padding: "same" pads an image with zeros; "valid" does not pad, so that a 3 x 3 kernel
            makes height and width 2 pixels smaller.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, all float32 (n, height, width, 1): images in
        [-1, 1], and edges. With `LAPLACIAN` these are in [-2, 2], and 0 wherever an image is
        constant; with another kernel they are at most the sum of its absolute values.
        Generated, so free of any licence.

    Raises:
        DataError: If a number is not positive, `size` is under 8, the kernel has an even side
            or is larger than an image, or `padding` is another word.

    Example:
        >>> from datasets.generated import edges
        >>> (x_train, y_train), (x_test, y_test) = edges.load_data(train=6, test=2, padding="valid")
        Data: generated pictures of shapes and their edges, 6 to train on and 2 to test on.
        >>> x_train.shape, y_train.shape
        ((6, 32, 32, 1), (6, 30, 30, 1))
    """
    if min(train, test) < 1 or size < 8:
        raise DataError(
            f"Edge pictures need train= and test= of 1 or more and size= of 8 or more, "
            f"not {train}, {test} and {size}."
        )
    kernel = np.asarray(kernel, "float32")
    if kernel.ndim != 2 or not all(side % 2 and side <= size for side in kernel.shape):
        raise DataError(
            f"Edge pictures need as kernel= rows of numbers, of odd height and width up to {size}, "
            f"not of shape {kernel.shape}."
        )
    if padding not in ("same", "valid"):
        raise DataError(f"padding= is {padding!r}; give 'same' or 'valid'.")
    random = np.random.default_rng(seed)
    x = np.stack([_draw(random, size) for _ in range(train + test)])
    y = np.stack([ndimage.correlate(image, kernel, mode="constant") for image in x])
    if padding == "valid":
        rows, columns = (side // 2 for side in kernel.shape)
        y = y[:, rows : size - rows, columns : size - columns]
    print(
        f"Data: generated pictures of shapes and their edges, {train} to train on and {test} to test on.",
        flush=True,
    )
    x, y = x[..., None], y[..., None]
    return (x[:train], y[:train]), (x[train:], y[train:])


def locate():
    """The `Source` of these pictures: they are generated.

    Returns:
        A `Source` without a path.

    Example:
        >>> from datasets.generated import edges
        >>> str(edges.locate())
        'generated'
    """
    return Source("generated")


def _draw(random, size):
    """One image, float32 (size, size) in [-1, 1]."""
    image = Image.new("L", (size, size), int(random.integers(256)))
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(20, 61)):
        grey = int(random.integers(256))
        left, top = random.integers(-4, size, 2).tolist()
        width, height = random.integers(1, 12, 2).tolist()
        box = [left, top, left + width, top + height]
        kind = random.integers(3)
        if kind == 0:
            draw.ellipse(box, fill=grey)
        elif kind == 1:
            draw.rectangle(box, fill=grey)
        else:
            corners = random.integers(0, 12, (3, 2)) + [left, top]
            draw.polygon([tuple(corner) for corner in corners.tolist()], fill=grey)
    return np.asarray(image, "float32") / 127.5 - 1
