"""Perturbed versions of training images, made in the input pipeline, never in a saved model."""

import math

import keras
from keras import ops

from models._errors import ModelError

# Limits of what is done to photos. Turning in degrees, moving and erasing in shares of a side, slanting
# in pixels to the side for each pixel up, all others in shares of what they change.
POLICIES = {
    "none": {},
    "standard": {"turn": 12, "zoom": 0.15, "shift": 0.08, "brightness": 0.2, "contrast": 0.2},
    "strong": {
        "turn": 30,
        "zoom": 0.35,
        "shift": 0.2,
        "slant": 0.3,
        "brightness": 0.5,
        "contrast": 0.5,
        "saturation": 0.9,
        "tint": 0.25,
        "erase": 0.5,
    },
}
AT_ONCE = 3  # of these are done to a photo under "strong"
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look, by ITU-R BT.601


def random_affine(images, degrees=12.0, zoom=0.12, shear=0.12, shift=2.0, fill=0.0):
    """Turn, scale, slant and move each image a little, each by its own random amounts.

    All in one resampling, so that images are blurred once and not four times. Every amount is
    uniform between minus and plus its limit. `keras.utils.set_random_seed` makes it repeatable.

    Args:
        images: Array (n, height, width, channels), any range.
        degrees: Limit of the rotation.
        zoom: Limit of the change in size: 0.12 is from 88 % to 112 %.
        shear: Limit of the slant, in pixels to the side for each pixel up.
        shift: Limit of the movement, in pixels, in each direction.
        fill: Value outside the image.

    Returns:
        float32 tensor of the same shape.
    """
    images = ops.cast(images, "float32")
    count, height, width = images.shape[:3]

    def amounts(limit):
        return keras.random.uniform((count,), -limit, limit)

    angle, slant = amounts(math.radians(degrees)), amounts(shear)
    scale = 1 / (1 + amounts(zoom))
    # Where each output pixel is taken from: turned and slanted about the middle, then moved
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


def random_light(images, dimming=0.5, glow=0.5):
    """Light each image a little otherwise: dim it, and let light fall in from any side.

    `keras.utils.set_random_seed` makes it repeatable.

    Args:
        images: Array (n, height, width, channels), values in [0, 255].
        dimming: At most this share of the light is taken away, as much from every pixel.
        glow: At most this share of full white is added at the side that the light comes from;
            it falls evenly to nothing at the other side.

    Returns:
        float32 tensor of the same shape, values in [0, 255].
    """
    images = ops.cast(images, "float32")
    count, height, width = images.shape[:3]

    def amounts(low, high):
        return keras.random.uniform((count, 1, 1, 1), low, high)

    angle = amounts(0, 2 * math.pi)
    down = ops.reshape(ops.linspace(-1.0, 1.0, height), (1, height, 1, 1))
    right = ops.reshape(ops.linspace(-1.0, 1.0, width), (1, 1, width, 1))
    # From -1 to 1 across the image whatever the angle: a corner is as far out as the sides allow
    reach = ops.abs(ops.cos(angle)) + ops.abs(ops.sin(angle))
    across = (ops.cos(angle) * right + ops.sin(angle) * down) / reach
    images = images * (1 - amounts(0, dimming))
    return ops.minimum(255.0, images + 255 * amounts(0, glow) * (1 + across) / 2)


def augment_photos(images, policy="standard", seed=0, mirror=True):
    """Show photos as they might have been taken a little otherwise, each in its own way.

    "standard" mirrors, turns, zooms, moves and lights each a little. "strong" does three things to
    each, drawn from nine, and more of them: it slants, changes saturation and tint, and erases a
    square as well. That is RandAugment's way, with the amounts drawn too. What a photo needs from
    outside itself is its own reflection. All is done in one resampling and one change of colours.

    Args:
        images: Array (n, height, width, 3), values in [0, 255].
        policy: One of `POLICIES`: "none", "standard" or "strong".
        seed: The same seed gives the same pictures, whatever else has been drawn.
        mirror: Whether half of the photos are mirrored; digits and letters must not be.

    Returns:
        float32 tensor of the same shape, values in [0, 255].

    Raises:
        ModelError: If there is no such policy, the images are no photos, or the seed is not a whole
            number from 0 to 2**32 - 1.

    Reference:
        Cubuk et al., RandAugment: practical automated data augmentation with a reduced search
        space, 2020.
    """
    if policy not in POLICIES:
        raise ModelError(f"There is no policy {policy!r}; there are {', '.join(POLICIES)}.")
    _check_seed(seed)
    images = ops.cast(images, "float32")
    if len(images.shape) != 4 or images.shape[-1] != 3:
        raise ModelError(f"augment_photos takes photos (n, height, width, 3), not {tuple(images.shape)}.")
    if policy == "none":
        return images
    count, height, width = images.shape[:3]
    limits = POLICIES[policy]
    # One draw of all amounts, so that they depend on nothing but the seed
    draws = keras.random.uniform((14 + len(limits), count), 0, 1, seed=seed)
    done = ops.ones((len(limits), count))
    if policy == "strong":
        lots = draws[14:]
        done = ops.cast(lots >= ops.sort(lots, axis=0)[-AT_ONCE], "float32")

    def amount(name, draw):
        if name not in limits:
            return ops.zeros((count,))
        return done[list(limits).index(name)] * limits[name] * (2 * draws[draw] - 1)

    angle, slant = amount("turn", 0) * math.pi / 180, amount("slant", 1)
    scale = 1 / (1 + amount("zoom", 2))
    # As in random_affine; where x runs the other way, the picture is mirrored
    way = ops.where(draws[3] < 0.5, -1.0, 1.0) if mirror else ops.ones((count,))
    a, b = way * scale * ops.cos(angle), scale * (slant * ops.cos(angle) - ops.sin(angle))
    c, d = way * scale * ops.sin(angle), scale * (slant * ops.sin(angle) + ops.cos(angle))
    x, y = (width - 1) / 2, (height - 1) / 2
    right = x - a * x - b * y + width * amount("shift", 4)
    down = y - c * x - d * y + height * amount("shift", 5)
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

    "mixup" lays one over the other like slides; most often little of the other. It does so with
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
        ModelError: If the kind, the targets or the seed are none of these.

    Reference:
        Zhang et al., mixup: beyond empirical risk minimization, 2018. Yun et al., CutMix:
        regularization strategy to train strong classifiers with localizable features, 2019.
    """
    if kind not in ("mixup", "cutmix"):
        raise ModelError(f'mix is "mixup" or "cutmix", not {kind!r}.')
    _check_seed(seed)
    images, targets = ops.cast(images, "float32"), ops.cast(targets, "float32")
    count = images.shape[0]
    if len(targets.shape) != 2 or targets.shape[0] != count:
        raise ModelError(
            f"mix takes targets of the shape ({count}, classes), one-hot labels, not {tuple(targets.shape)}."
        )
    if kind == "cutmix" and len(images.shape) != 4:
        raise ModelError(f"cutmix takes images (n, height, width, channels), not {tuple(images.shape)}.")
    generator = keras.random.SeedGenerator(seed)
    # Each with the next one in a drawn round, so that none is mixed with itself
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


def _check_seed(seed):
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ModelError(f"A seed is a whole number from 0 to 4294967295, not {seed!r}.")


def _recolour(images, gain, contrast, saturation=None):
    """Change brightness and tint, then saturation, then contrast, in one linear change of each pixel.

    Args:
        images: float32 tensor (n, height, width, 3).
        gain: Factor of each colour of each image, (n, 3).
        contrast: Factor of the distance from the image's mean brightness, (n,).
        saturation: Factor of the distance from the pixel's own brightness, (n,), None for 1.
    """
    count, height, width = images.shape[:3]
    grey = ops.convert_to_tensor(GREY, "float32")
    change = ops.eye(3)[None]
    if saturation is not None:
        kept = saturation[:, None, None]
        change = kept * change + (1 - kept) * grey[:, None]
    change = gain[:, :, None] * change  # rows: what red, green and blue add to the three new colours
    mean = ops.matmul(ops.mean(images, axis=(1, 2))[:, None], change) @ grey[:, None]  # (n, 1, 1)
    contrast = contrast[:, None, None]
    change, offset = contrast * change, (1 - contrast) * mean
    if saturation is None:  # each new colour is of the old one alone, which is quicker
        images = images * (contrast * gain[:, None])[:, None] + offset[..., None]
    else:
        pixels = ops.matmul(ops.reshape(images, (count, height * width, 3)), change) + offset
        images = ops.reshape(pixels, images.shape)
    return ops.clip(images, 0, 255)


def _box(height, width, side, down, right):
    """Which pixels lie in a box: its sides and its middle in shares of the image's, (n, h, w, 1)."""

    def within(length, middle):
        place = (ops.arange(length, dtype="float32") + 0.5) / length
        return ops.abs(place - middle[:, None]) < side[:, None] / 2

    return (within(height, down)[:, :, None] & within(width, right)[:, None])[..., None]
