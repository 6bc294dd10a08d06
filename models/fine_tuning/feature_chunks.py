"""Features of photos at several image sizes, a chunk of photos at a time, each of which may be kept."""

import keras
import numpy as np

from ..errors import ModelError
from .batches import computed, steps_per_epoch
from .features import AT_ONCE, filled_up
from .kept_features import KeptFeatures
from .resizing import smaller

LEAST, MOST = 2.0**-10, 65504.0  # the largest of some features, for 16 bits to hold all that matter


class FeatureChunks:
    """The features of some photos, by chunks.

    Args:
        model: Keras model of images of any size, (batch, height, width, 3) -> (batch, features).
        pixels: (photos, size, size, 3) in [0, 255], at the largest of the sizes. If they are kept, so are the
            features, see `KeptFeatures`.
        rows: Which of the photos, integers (n,).
        sizes: Heights and widths in pixels, ascending.
        flip: Whether features of an image and of its mirror image are averaged.
        length: Photos in a chunk: so many are in memory at once.
        dtype: "float32", or "float16" of so many photos that these should take half the space.

    Attributes:
        starts: Number of the first photo of each chunk.

    Raises:
        ModelError: When features are asked for that 16 bits cannot hold, if they are to have these.

    Example:
        >>> model = keras.Sequential(
        ...     [keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()]
        ... )
        >>> chunks = FeatureChunks(model, np.ones((5, 64, 64, 3)), np.arange(5), (32, 64), True, length=4)
        >>> [chunks.at(start).shape for start in chunks.starts]
        [(2, 4, 3), (2, 1, 3)]
    """

    def __init__(self, model, pixels, rows, sizes, flip, length, dtype="float32"):
        self.model, self.pixels, self.rows, self.sizes = model, pixels, np.asarray(rows), tuple(sizes)
        self.flip, self.length, self.dtype = flip, length, dtype
        self.starts = range(0, len(self.rows), length)
        self.kept = KeptFeatures(pixels, model, self.rows, self.sizes, flip, length)

    def at(self, start):
        """Features of one chunk, float (sizes, photos, features): as they were kept, or computed and kept."""
        rows, values = self.rows[start : start + self.length], self.kept.read(start)
        shape = len(self.sizes), len(rows), self.model.output_shape[-1]
        if values is None or values.shape != shape:  # each photo is decoded once for all sizes
            squares = np.asarray(self.pixels[rows])
            values = np.stack([self._of_size(squares, size) for size in self.sizes])
            if self.dtype == "float16":
                check_range(values)
            values = values.astype(self.dtype)
            self.kept.write(start, values)
        return values

    def _of_size(self, squares, size):
        """Features of some squares, brought to a size: float32 (n, features)."""
        resize = None if size == self.sizes[-1] else smaller(size)

        def make(index):
            batch = filled_up(np.asarray(squares[index * AT_ONCE : (index + 1) * AT_ONCE], "float32"))
            if resize is not None:
                batch = keras.ops.convert_to_numpy(resize(batch, training=False))
            return np.concatenate([batch, batch[:, :, ::-1]]) if self.flip else batch

        values = computed(self.model, make, steps_per_epoch(len(squares), AT_ONCE))
        values = values.reshape(-1, 2 if self.flip else 1, AT_ONCE, values.shape[-1]).mean(1)
        return values.reshape(-1, values.shape[-1])[: len(squares)]


def check_range(values):
    """Refuse features that 16 bits would turn into zeros or infinity.

    Args:
        values: Features of some photos, float32.

    Raises:
        ModelError: If the largest is below 0.001, but not 0, or above 65,504.

    Example:
        >>> try:
        ...     check_range(np.full(3, 1e-9, "float32"))
        ... except ModelError as error:
        ...     print(str(error).partition(":")[2])
         end the backbone with keras.layers.Rescaling(1e+09).
    """
    if not _suits(largest := float(np.abs(values).max(initial=0))):
        raise ModelError(
            f"The largest feature of some photos is {largest:.2g}. Features of so many photos have 16 bits, "
            "which hold values up to 65,504 and few below 0.001: end the backbone with "
            f"keras.layers.Rescaling({1 / largest:.1g})."
        )


def in_16_bits(values, like=None):
    """Features that are only compared with each other, in half the memory.

    Args:
        values: Finite features, float32; or float16, which stay as they are.
        like: Others that they will be compared with, which decide how they are scaled; themselves by default.

    Returns:
        float16: the values, divided by a power of two if they are too large or too small for 16 bits.

    Example:
        >>> in_16_bits(np.array([3e9, 1.5e9], "float32")), in_16_bits(np.array([2.5], "float32"))
        (array([0.6987, 0.3494], dtype=float16), array([2.5], dtype=float16))
    """
    if values.dtype == "float16":
        return values
    if not _suits(largest := float(np.abs(values if like is None else like).max(initial=0))):
        values = np.ldexp(values, -np.frexp(largest)[1])
    return values.astype("float16")


def _suits(largest):
    """Whether 16 bits hold features of which this is the largest; what is not finite is refused elsewhere."""
    return not largest or not np.isfinite(largest) or LEAST <= largest <= MOST
