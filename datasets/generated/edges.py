"""Pictures of simple shapes, and where their edges are: an image-to-image task."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from ..sources import DataError, Source

# Each pixel against the mean of its four neighbours: the lectures' Laplacian over four
LAPLACIAN = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "float32") / 4


def load_data(train=300, test=100, size=32, seed=0, kernel=LAPLACIAN, padding="same"):
    """Draw grey shapes, and compute their edges.

    Every picture is strewn with filled ellipses, rectangles and triangles, 20 to 60 of them,
    each of its own grey. So many edges make it quick to learn the kernel that finds them.

    Args:
        train: Number of pictures to train on.
        test: Number of pictures held out.
        size: Height and width of a picture in pixels.
        seed: The same seed draws the same pictures.
        kernel: What makes edges of a picture: rows of numbers, of odd height and width.
        padding: "same" puts zeros around a picture; "valid" leaves out the edges that would
            need them, so that a 3 x 3 kernel takes 2 pixels from height and width.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, all float32 (n, height, width, 1): pictures in
        [-1, 1], and edges. With `LAPLACIAN` these are in [-2, 2], and 0 wherever a picture is
        even; with another kernel in plus or minus the sum of its numbers' absolute values.
        Generated, so free of any licence.

    Raises:
        DataError: If a number is not positive, `size` is under 8, the kernel has an even side
            or is larger than a picture, or `padding` is another word.
    """
    if min(train, test) < 1 or size < 8:
        raise DataError(
            f"Edge pictures need train and test of 1 or more and a size of 8 or more, "
            f"not {train}, {test} and {size}."
        )
    kernel = np.asarray(kernel, "float32")
    if kernel.ndim != 2 or not all(side % 2 and side <= size for side in kernel.shape):
        raise DataError(
            f"Edge pictures need a kernel of odd height and width, up to {size}, not of {kernel.shape}."
        )
    if padding not in ("same", "valid"):
        raise DataError(f'Edge pictures take padding "same" or "valid", not {padding!r}.')
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
    """The `Source` of these pictures: they are generated."""
    return Source("generated")


def _draw(random, size):
    """One picture, float32 (size, size) in [-1, 1]."""
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
