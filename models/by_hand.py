"""The lectures' convolutions by hand, computed by Keras layers. Images in, tables of numbers out."""

import keras
import numpy as np

from .checks.arguments import array, batch_for, checked
from .errors import ModelError
from .filters import COUNTING, IDENTITY, KERNELS, ONES, SMILE, FilterBank


@checked()
def layer_outputs(model, picture):
    """The output of every layer for one image.

    Args:
        model: A functional model with one input.
        picture: One image, an array without the batch dimension.

    Returns:
        {layer's name: array (features, height, width)} in the order of the layers, features first so
        that each is a table.

    Raises:
        ModelError: If the image does not have the shape that the model takes.

    Example:
        >>> from models import FilterBank
        >>> from models.by_hand import layer_outputs
        >>> layer_outputs(FilterBank([(-1, 1)], (4, 1)), [[1], [4], [9], [16]])
        {'filters': array([[3., 5., 7.]], dtype=float32)}
    """
    pictures = batch_for("layer_outputs", model, array("layer_outputs", "picture", picture)[None], "picture")
    names = [layer.name for layer in model.layers[1:]]
    every = keras.Model(model.inputs[0], {name: model.get_layer(name).output for name in names})
    outputs = every(pictures)
    return {name: np.moveaxis(keras.ops.convert_to_numpy(outputs[name])[0], -1, 0) for name in names}


def disc_tables(disc):
    """The open disc filtered with three kernels; the last is followed by ReLU and two poolings.

    Args:
        disc: Array (7, 7, 1), `datasets.generated.drawings.open_disc()`.

    Returns:
        {caption: array (height, width)}.

    Raises:
        ModelError: If it is not an array (height, width, 1) of numbers, large enough for the layers.

    Example:
        >>> import numpy as np
        >>> from models.by_hand import disc_tables
        >>> disc_tables(np.ones((7, 7, 1)))["ones"][0]
        array([9., 9., 9., 9., 9.], dtype=float32)
    """
    disc = _picture("disc_tables", "disc", disc)
    tables = {"open disc": disc[..., 0]}
    for name, kernel in {"identity": IDENTITY, "ones": ONES}.items():
        (tables[name],) = layer_outputs(FilterBank([kernel], disc.shape), disc)["filters"]
    bank = FilterBank(
        [KERNELS["horizontal lines"]], disc.shape, activation="relu", pool_sizes=(2, 2), pool_padding="valid"
    )
    captions = "horizontal lines", "then ReLU", "then max pooling", "and again"
    for caption, (table,) in zip(captions, layer_outputs(bank, disc).values(), strict=True):
        tables[caption] = table
    return tables


def face_tables(face):
    """The smiling face filtered with one kernel, then max pooling with padding "same".

    Args:
        face: Array (7, 7, 1), `datasets.generated.drawings.smiling_face()`.

    Returns:
        {caption: array (height, width)}.

    Raises:
        ModelError: If it is not an array (height, width, 1) of numbers, large enough for the layers.

    Example:
        >>> import numpy as np
        >>> from models.by_hand import face_tables
        >>> face_tables(np.ones((5, 5, 1)))["face, pooled"]
        array([[4., 4.],
               [4., 4.]], dtype=float32)
    """
    face = _picture("face_tables", "face", face)
    filtered, pooled = layer_outputs(FilterBank([SMILE], face.shape, pool_sizes=(2,)), face).values()
    return {"smiling face": face[..., 0], "face, filtered": filtered[0], "face, pooled": pooled[0]}


def flip_tables(numbers, kernel=COUNTING):
    """Filter an image with a kernel, and with the same kernel flipped in both directions.

    The first is what Keras calls convolution, the cross-correlation; the second is the mathematical
    convolution (f * g)(t) = ∫ f(τ) g(t - τ) dτ.

    Args:
        numbers: Array (height, width, 1).
        kernel: Rows of numbers.

    Returns:
        {caption: array (height, width)}.

    Raises:
        ModelError: If they are not an array (height, width, 1) and a table of numbers that fits into it.

    Example:
        >>> import numpy as np
        >>> from models.by_hand import flip_tables
        >>> tables = flip_tables(np.arange(9.0).reshape(3, 3, 1), kernel=[[0, 1]])
        >>> tables["not flipped"][0], tables["flipped"][0]
        (array([1., 2.], dtype=float32), array([0., 1.], dtype=float32))
    """
    numbers = _picture("flip_tables", "numbers", numbers)
    kernel = array("flip_tables", "kernel", kernel, rank=2, what="in rows and columns")
    bank = FilterBank([kernel, kernel[::-1, ::-1]], numbers.shape)
    not_flipped, flipped = layer_outputs(bank, numbers)["filters"]
    return {
        "numbers": numbers[..., 0],
        "kernel": kernel,
        "not flipped": not_flipped,
        "kernel flipped": kernel[::-1, ::-1],
        "flipped": flipped,
    }


def _picture(owner, name, value):
    """Check that an image has one channel, and return it as an array (height, width, 1)."""
    found = array(owner, name, value, rank=3, what="(height, width, 1)")
    if found.shape[-1] != 1:
        raise ModelError(f"{owner} needs {name} as an array (height, width, 1), not of shape {found.shape}.")
    return found
