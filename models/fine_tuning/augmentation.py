"""Data augmentation: randomly changed versions of training images.

Functions for batches, and `AugmentPhotos`, the same as a layer. When to take which:

- `augment_photos` and `AugmentPhotos` draw anew for each image of a batch which operations it gets, and do
  all geometry in one interpolation and all colours in one linear map. On a CPU this was measured to be 6.6
  times as fast as Keras's `RandAugment`, compiled, which applies one operation after the other, resamples an
  image several times, and draws its operations once for a whole batch.
- Keras's own layers (`RandomFlip`, `RandomRotation`, `RandomZoom`, `MixUp`, ...) are the choice where one or
  two of them are enough, where bounding boxes or masks must follow the image, or where a saved model has to
  load without this project.

Only training needs augmentation: with a function it stays in the input pipeline, and `AugmentPhotos` does
nothing in inference.
"""

import math

import keras
from keras import ops

from ..checks.arguments import checked, choice, flag, number, numbers, shown, whole
from ..errors import ModelError
from ..seeds import seed_generator

# The limits of each operation: rotation in degrees, translation and erasing in shares of a side, shear in
# pixels to the side for each pixel up, all others in shares of what they change
POLICIES = {
    "none": {},
    "standard": {"rotation": 12, "zoom": 0.15, "translation": 0.08, "brightness": 0.2, "contrast": 0.2},
    "strong": {
        "rotation": 30,
        "zoom": 0.35,
        "translation": 0.2,
        "shear": 0.3,
        "brightness": 0.5,
        "contrast": 0.5,
        "saturation": 0.9,
        "tint": 0.25,
        "erase": 0.5,
    },
}
AT_ONCE = 3  # operations on each photo with "strong"
GREY = (0.299, 0.587, 0.114)  # luminance of red, green and blue, by ITU-R BT.601


_limit = number(least=0, most=1e9)


@checked(degrees=_limit, zoom=number(least=0, below=1), shear=_limit, shift=_limit, fill=number(-1e9, 1e9))
def random_affine(images, degrees=12.0, zoom=0.12, shear=0.12, shift=2.0, fill=0.0):
    """Rotate, zoom, shear and translate each image by its own random amounts.

    All in one interpolation, so that images are blurred once and not four times. Every amount is
    uniform between minus and plus its limit. `keras.utils.set_random_seed` makes it repeatable.

    Args:
        images: Array (n, height, width, channels), any range.
        degrees: Limit of the rotation.
        zoom: Limit of the change in size, from 0 to less than 1: 0.12 is from 88 % to 112 %.
        shear: Limit of the shear, in pixels to the side for each pixel up.
        shift: Limit of the translation, in pixels, in each direction.
        fill: Value outside the image.

    Returns:
        float32 tensor of the same shape.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 1))
        >>> random_affine(images).shape
        TensorShape([2, 8, 8, 1])
        >>> same = random_affine(images, degrees=0, zoom=0, shear=0, shift=0)
        >>> bool(np.allclose(same, images))
        True
    """
    images = _images("random_affine", images)
    count, height, width = images.shape[:3]

    def amounts(limit):
        return keras.random.uniform((count,), -limit, limit)

    angle, slant = amounts(math.radians(degrees)), amounts(shear)
    scale = 1 / (1 + amounts(zoom))
    # Where each output pixel is taken from: rotated and sheared about the middle, then translated
    a, b = scale * ops.cos(angle), scale * (slant * ops.cos(angle) - ops.sin(angle))
    c, d = scale * ops.sin(angle), scale * (slant * ops.sin(angle) + ops.cos(angle))
    x, y = (width - 1) / 2, (height - 1) / 2
    right, down = x - a * x - b * y + amounts(shift), y - c * x - d * y + amounts(shift)
    return _resample(images, a, b, right, c, d, down, fill_mode="constant", fill_value=fill)


def _resample(images, a, b, right, c, d, down, **fill):
    """Take output pixel (x, y) from (a x + b y + right, c x + d y + down), each image by its own."""
    none = ops.zeros_like(a)
    transforms = ops.stack([a, b, right, c, d, down, none, none], axis=1)  # (n, 8)
    return ops.image.affine_transform(images, transforms, interpolation="bilinear", **fill)


@checked(dimming=number(least=0, most=1), glow=number(least=0, most=1))
def random_light(images, dimming=0.5, glow=0.5):
    """Change the lighting of each image: dim it evenly, and add light that falls in from a random side.

    `keras.utils.set_random_seed` makes it repeatable.

    Args:
        images: Array (n, height, width, channels), values in [0, 255].
        dimming: At most this share is taken away from every pixel, from 0 to 1.
        glow: At most this share of full white is added at the side that the light comes from, from 0 to 1;
            it falls linearly to nothing at the other side.

    Returns:
        float32 tensor of the same shape, values in [0, 255].

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> lit = np.array(random_light(np.full((50, 8, 8, 1), 100.0), dimming=0.5, glow=0.2))
        >>> bool(50 <= lit.min() and lit.max() <= 151)
        True
    """
    images = _images("random_light", images)
    count, height, width = images.shape[:3]

    def amounts(low, high):
        return keras.random.uniform((count, 1, 1, 1), low, high)

    angle = amounts(0, 2 * math.pi)
    down = ops.reshape(ops.linspace(-1.0, 1.0, height), (1, height, 1, 1))
    right = ops.reshape(ops.linspace(-1.0, 1.0, width), (1, 1, width, 1))
    # From -1 to 1 across the image, whatever the angle
    reach = ops.abs(ops.cos(angle)) + ops.abs(ops.sin(angle))
    across = (ops.cos(angle) * right + ops.sin(angle) * down) / reach
    images = images * (1 - amounts(0, dimming))
    return ops.minimum(255.0, images + 255 * amounts(0, glow) * (1 + across) / 2)


def augment_photos(images, policy="standard", seed=0, flip=True):
    """Augment photos, each in its own way, reproducibly.

    "standard" flips, rotates, zooms, translates and changes brightness and contrast a little. "strong"
    applies three of nine operations to each photo, with larger limits: also shear, saturation, tint and
    erasing a square. That is the idea of RandAugment, with random amounts. Pixels from outside the photo are
    its reflection. All geometry is one interpolation, all colours are one linear map.

    Args:
        images: Array (n, height, width, 3), values in [0, 255].
        policy: One of `POLICIES`: "none", "standard" or "strong".
        seed: The same seed gives the same images, whatever else has been drawn.
        flip: Whether half of the photos are flipped left to right; turn this off for text or digits.

    Returns:
        float32 tensor of the same shape, values in [0, 255].

    Raises:
        ModelError: If there is no such policy, the images are no photos, or the seed is not a whole
            number from 0 to 2**32 - 1.

    Reference:
        Cubuk et al., RandAugment: practical automated data augmentation with a reduced search
        space, 2020.

    Example:
        >>> import numpy as np
        >>> photos = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3))
        >>> once, again = (np.array(augment_photos(photos, "strong", seed=7)) for _ in range(2))
        >>> once.shape, bool((once == again).all()), bool((once == photos).all())
        ((2, 16, 16, 3), True, False)
    """
    if not isinstance(policy, str) or policy not in POLICIES:
        raise ModelError(f"There is no policy {shown(policy)}; there are {', '.join(POLICIES)}.")
    _check_seed(seed)
    flag("augment_photos", "flip", flip)
    images = _images("augment_photos", images)
    if len(images.shape) != 4 or images.shape[-1] != 3:
        raise ModelError(
            f"augment_photos takes images as photos (n, height, width, 3), not {tuple(images.shape)}."
        )
    if policy == "none":
        return images
    # One draw of all amounts, so that they depend on nothing but the seed
    draws = keras.random.uniform((_DRAWS + len(POLICIES[policy]), images.shape[0]), 0, 1, seed=seed)
    return _changed(images, policy, draws, flip)


_DRAWS = 14  # random numbers for each photo, without those that choose the operations


def _changed(images, policy, draws, flip):
    """Photos, each changed as its random numbers say.

    Args:
        images: float32 tensor (n, height, width, 3).
        policy: A name in `POLICIES`.
        draws: Tensor (14 + number of operations, n), values in [0, 1].
        flip: Whether to flip half of them.
    """
    height, width = images.shape[1:3]
    count, limits = ops.shape(images)[0], POLICIES[policy]
    applied = ops.ones((len(limits), count))
    if policy == "strong":
        lots = draws[_DRAWS:]
        applied = ops.cast(lots >= ops.sort(lots, axis=0)[-AT_ONCE], "float32")

    def amount(name, draw):
        if name not in limits:
            return ops.zeros((count,))
        return applied[list(limits).index(name)] * limits[name] * (2 * draws[draw] - 1)

    angle, slant = amount("rotation", 0) * math.pi / 180, amount("shear", 1)
    scale = 1 / (1 + amount("zoom", 2))
    # As in random_affine; where x runs the other way, the photo is flipped
    way = ops.where(draws[3] < 0.5, -1.0, 1.0) if flip else ops.ones((count,))
    a, b = way * scale * ops.cos(angle), scale * (slant * ops.cos(angle) - ops.sin(angle))
    c, d = way * scale * ops.sin(angle), scale * (slant * ops.sin(angle) + ops.cos(angle))
    x, y = (width - 1) / 2, (height - 1) / 2
    right = x - a * x - b * y + width * amount("translation", 4)
    down = y - c * x - d * y + height * amount("translation", 5)
    images = _resample(images, a, b, right, c, d, down, fill_mode="reflect")

    warmth, green = amount("tint", 6), amount("tint", 7)
    tint = ops.stack([1 + warmth, 1 + green / 2, 1 - warmth], axis=1)
    gain, contrast = 1 + amount("brightness", 8), 1 + amount("contrast", 10)
    saturation = 1 + amount("saturation", 9) if "saturation" in limits else None
    images = _recolour(images, gain[:, None] * tint, contrast, saturation)
    if "erase" in limits:
        square = _box(height, width, ops.abs(amount("erase", 11)), draws[12], draws[13])
        images = ops.where(square, 127.5, images)
    return images


def mix(images, targets, kind="mixup", seed=0):
    """Mix each image with another of the batch, and their targets in the same proportion.

    "mixup" takes a weighted mean of the two, most often with a small weight for the other. It takes
    any arrays, activations as well. "cutmix" pastes a rectangle of the other into the image, at
    the same place; the proportion is that of the pixels pasted.

    Args:
        images: Array (n, height, width, channels), any range; for "mixup" (n, ...).
        targets: Array (n, classes) of probabilities, such as one-hot labels.
        kind: "mixup" or "cutmix".
        seed: The same seed gives the same mixtures, whatever else has been drawn.

    Returns:
        Mixed images and mixed targets, float32 tensors of the same shapes.

    Raises:
        ModelError: If an argument is not as described.

    Reference:
        Zhang et al., mixup: beyond empirical risk minimization, 2018. Yun et al., CutMix:
        regularization strategy to train strong classifiers with localizable features, 2019.

    Example:
        >>> import numpy as np
        >>> images, labels = np.zeros((4, 8, 8, 1)), np.eye(4)
        >>> mixed, targets = mix(images, labels, "cutmix", seed=1)
        >>> np.array(targets).sum(1).round(3)  # still one image's worth of labels
        array([1., 1., 1., 1.], dtype=float32)
    """
    choice("mixup", "cutmix")("mix", "kind", kind)
    _check_seed(seed)
    images, targets = _floats("mix", "images", images), _floats("mix", "targets", targets)
    if not len(images.shape):
        raise ModelError("mix takes images as a batch (n, ...), not one number.")
    count = images.shape[0]
    if len(targets.shape) != 2 or targets.shape[0] != count:
        raise ModelError(
            f"mix takes for {count} images targets of the shape ({count}, classes), one-hot labels, "
            f"not {tuple(targets.shape)}."
        )
    if kind == "cutmix" and len(images.shape) != 4:
        raise ModelError(f"cutmix takes images (n, height, width, channels), not {tuple(images.shape)}.")
    generator = seed_generator(seed)
    # Each with the next one in a random order, so that none is mixed with itself
    order = keras.random.shuffle(ops.arange(count), seed=generator)
    partner = ops.take(ops.roll(order, -1), ops.argsort(order))
    others, other_targets = ops.take(images, partner, axis=0), ops.take(targets, partner, axis=0)
    if kind == "mixup":
        share = keras.random.beta((count,), 0.2, 0.2, seed=generator)
        share = ops.minimum(share, 1 - share)
        over = ops.reshape(share, (count,) + (1,) * (len(images.shape) - 1))
        images = images + over * (others - images)
    else:
        area, down, right = keras.random.uniform((3, count), 0, 1, seed=generator)
        pasted = _box(*images.shape[1:3], ops.sqrt(area), down, right)
        images = ops.where(pasted, others, images)
        share = ops.mean(ops.cast(pasted, "float32"), axis=(1, 2, 3))
    return images, targets + share[:, None] * (other_targets - targets)


@keras.saving.register_keras_serializable(package="glass_zoo")
class AugmentPhotos(keras.layers.Layer):
    """`augment_photos` as a layer, active in training only: for the beginning of a model or a data pipeline.

    Every photo of every batch is changed in its own way. In inference photos pass unchanged. It has no
    weights but the state of its random numbers. In `tf.data` call it with `training=True`; that needs the
    TensorFlow backend. A saved model with it loads where this module has been imported.

    Args:
        policy: One of `POLICIES`: "none", "standard" or "strong".
        flip: Whether half of the photos are flipped left to right; turn this off for text or digits.
        seed: Makes a training repeatable, None for a random one.
        name: Name of the layer.

    Input shape: (batch, height, width, 3), pixels in [0, 255], height and width known.

    Output shape: The same, float32, pixels in [0, 255].

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> augment = AugmentPhotos("strong", seed=1)
        >>> photos = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype("float32")
        >>> bool(np.array_equal(augment(photos), photos)), augment(photos, training=True).shape
        (True, TensorShape([2, 16, 16, 3]))
        >>> model = keras.Sequential([keras.Input((16, 16, 3)), augment, keras.layers.Flatten()])
    """

    def __init__(self, policy="standard", flip=True, seed=None, name="augment", **kwargs):
        if not isinstance(policy, str) or policy not in POLICIES:
            raise ModelError(f"There is no policy {shown(policy)}; there are {', '.join(POLICIES)}.")
        super().__init__(name=name, **kwargs)
        self.policy, self.flip = policy, flag("AugmentPhotos", "flip", flip)
        self.seed = whole(0, 2**31 - 1, none=True)("AugmentPhotos", "seed", seed)
        self.generator = seed_generator(self.seed)
        self.supports_jit = keras.backend.backend() != "tensorflow"  # XLA cannot compile its interpolation

    def build(self, input_shape):
        if len(input_shape) != 4 or input_shape[-1] != 3 or None in input_shape[1:]:
            raise ModelError(
                "AugmentPhotos takes photos (batch, height, width, 3) of one known size, "
                f"not {tuple(input_shape)}; resize them first."
            )
        super().build(input_shape)

    def call(self, images, training=False):
        images = ops.cast(images, self.compute_dtype)
        if not training or self.policy == "none":
            return images
        shape = (_DRAWS + len(POLICIES[self.policy]), ops.shape(images)[0])
        draws = keras.random.uniform(shape, 0, 1, dtype="float32", seed=self.generator)
        changed = _changed(ops.cast(images, "float32"), self.policy, draws, self.flip)
        return ops.cast(changed, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"policy": self.policy, "flip": self.flip, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        if "mirror" in config:  # as earlier versions saved it
            config = {**config, "flip": config["mirror"]}
            del config["mirror"]
        return cls(**config)


def _images(owner, images):
    """Images as a float32 tensor (n, height, width, channels)."""
    found = _floats(owner, "images", images)
    if len(found.shape) != 4:
        raise ModelError(f"{owner} takes images (n, height, width, channels), not {tuple(found.shape)}.")
    return found


def _floats(owner, name, value):
    return ops.cast(numbers(owner, name, value), "float32")


def _check_seed(seed):
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ModelError(f"A seed is a whole number from 0 to 4294967295, not {shown(seed)}.")


def _recolour(images, gain, contrast, saturation=None):
    """Change brightness and tint, then saturation, then contrast, in one linear map of each pixel.

    Args:
        images: float32 tensor (n, height, width, 3).
        gain: Factor of each colour of each image, (n, 3).
        contrast: Factor of the distance from the image's mean brightness, (n,).
        saturation: Factor of the distance from the pixel's own brightness, (n,), None for 1.
    """
    height, width = images.shape[1:3]
    grey = ops.convert_to_tensor(GREY, "float32")
    change = ops.eye(3)[None]
    if saturation is not None:
        kept = saturation[:, None, None]
        change = kept * change + (1 - kept) * grey[:, None]
    change = gain[:, :, None] * change  # rows: what red, green and blue add to the three new colours
    mean = ops.matmul(ops.mean(images, axis=(1, 2))[:, None], change) @ grey[:, None]  # (n, 1, 1)
    contrast = contrast[:, None, None]
    change, offset = contrast * change, (1 - contrast) * mean
    if saturation is None:  # each new channel depends on the old one alone, which is faster
        images = images * (contrast * gain[:, None])[:, None] + offset[..., None]
    else:
        pixels = ops.matmul(ops.reshape(images, (-1, height * width, 3)), change) + offset
        images = ops.reshape(pixels, (-1, height, width, 3))
    return ops.clip(images, 0, 255)


def _box(height, width, side, down, right):
    """Which pixels lie in a box, (n, height, width, 1); sides and middle are shares of the image's sides."""

    def within(length, middle):
        place = (ops.arange(length, dtype="float32") + 0.5) / length
        return ops.abs(place - middle[:, None]) < side[:, None] / 2

    return (within(height, down)[:, :, None] & within(width, right)[:, None])[..., None]
