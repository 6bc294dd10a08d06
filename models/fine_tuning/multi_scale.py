"""Linear probes at several image sizes as one Keras model, whose probabilities are averaged."""

import time
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from ..checks.arguments import built_model, checked, flag, sizes, whole
from ..dtypes import output_dtype
from ..errors import ModelError
from .feature_chunks import FeatureChunks, in_16_bits
from .features import AT_ONCE
from .linear_probe import LEAST_SCALE, LinearProbe, fit_linear_probe
from .resizing import resizing, smaller

EFFORTS = ("quick", "normal", "best")
# Image sizes relative to what a backbone was trained on, for small and for large photos: usual, and with
# effort="best"
FACTORS = {
    "small": ((1 / 2, 5 / 7, 1), (1 / 2, 4 / 7, 5 / 7, 1)),
    "large": ((1, 10 / 7), (1, 10 / 7, 12 / 7)),
}
CHUNK = 16 * AT_ONCE  # photos that are in memory at once
MANY = 10_000  # photos from which on features take half the space


def suitable_sizes(side, backbone_size, smallest=32, effort="normal"):
    """Image sizes for photos: their own size decides.

    Small photos hold things that fill them, and enlarging them to a backbone's usual size adds nothing but
    blur: the sizes reach from half of it to it. Large photos hold things that are small in them: sizes from
    the usual one upwards.

    Args:
        side: Shorter side of the photos in their files, in pixels: the median.
        backbone_size: Height and width of the images that the backbone was trained on.
        smallest: The least that the backbone works on.
        effort: "quick", "normal" or "best", which takes one size more.

    Returns:
        Ascending tuple of heights and widths in pixels, multiples of 32.

    Example:
        >>> suitable_sizes(32, 224), suitable_sizes(500, 224)
        ((96, 160, 224), (224, 320))
    """
    factors = FACTORS["small" if side < backbone_size / 2 else "large"][effort == "best"]
    found = {max(smallest, int(factor * backbone_size / 32 + 1e-9) * 32) for factor in factors}
    return tuple(sorted(found))


def image_sizes(sides, entry, image_size=None, effort="normal"):
    """The image sizes of probes on some photos.

    Args:
        sides: Shorter side of each photo in its file, in pixels, (n,); None if they are not known.
        entry: The backbone's entry of the table, see `entry_of`.
        image_size: Height and width in pixels that a user asked for; then it is the only one.
        effort: As for `suitable_sizes`.

    Returns:
        Ascending tuple of heights and widths in pixels.

    Example:
        >>> from models.pretrained.table import entry_of
        >>> image_sizes([500, 700], entry_of("mobilenet")), image_sizes([500, 700], entry_of("convnet"))
        ((224, 320), (28,))
    """
    if own := image_size or _only_size(entry):
        return (own,)
    side = entry.image_size if sides is None else np.median(sides)
    return suitable_sizes(side, entry.image_size, entry.smallest, effort)


def largest_size(entry, image_size=None, effort="normal"):
    """The size to check photos at before their own size is known: what most photos will need.

    Args:
        entry, image_size, effort: As for `image_sizes`.

    Returns:
        Height and width in pixels.

    Example:
        >>> from models.pretrained.table import entry_of
        >>> largest_size(entry_of("mobilenet"))
        320
    """
    return image_sizes(None, entry, image_size, effort)[-1]


def built_size(entry, image_size=None):
    """The size to build a backbone at: the only one that it is to take, or what it was trained on.

    Args:
        entry, image_size: As for `image_sizes`.

    Returns:
        Height and width in pixels.

    Example:
        >>> from models.pretrained.table import entry_of
        >>> built_size(entry_of("mobilenet")), built_size(entry_of("mobilenet"), 128)
        (224, 128)
    """
    return image_size or _only_size(entry) or entry.image_size


def _only_size(entry):
    return entry.image_size if entry.one_size else None


def tuned_size(sizes):
    """The one of several image sizes at which a backbone is fine-tuned: the middle one.

    Args:
        sizes: Heights and widths in pixels, ascending.

    Example:
        >>> tuned_size((96, 160, 224)), tuned_size((224, 320))
        (160, 320)
    """
    return sizes[len(sizes) // 2]


def at_sizes(backbone, sizes):
    """A backbone that takes images of several sizes; itself, if it is built for the only one.

    Args:
        backbone: As for `any_size`.
        sizes: Heights and widths in pixels.

    Returns:
        A model that shares its layers.

    Raises:
        ModelError: As `any_size` does.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> at_sizes(Backbone("convnet", weights=None), (28,)).name
        'convnet'
    """
    return backbone if backbone.input_shape[1:3] == (*sizes, *sizes) else any_size(backbone)


def any_size(backbone):
    """The same layers for images of any size.

    Args:
        backbone: Model of (batch, size, size, channels), such as pixels, whose outputs are feature maps.

    Returns:
        A model of (batch, any height, any width, channels) that shares all layers and weights.

    Raises:
        ModelError: If a layer of it needs one size, as a dense layer on flattened maps does.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> any_size(Backbone("mobilenet_025", weights=None)).output_shape
        (None, None, None, 256)
    """
    built_model("any_size", "backbone", backbone)
    if len(backbone.output_shape) != 4:
        raise ModelError(f"{backbone.name} gives no feature maps, so that it takes images of one size alone.")
    inputs = keras.Input((None, None, backbone.input_shape[-1]), name="inputs")
    try:
        return keras.Model(inputs, run_through(backbone, inputs), name=backbone.name)
    except ValueError as error:
        raise ModelError(f"{backbone.name} takes images of one size alone.") from error


def run_through(model, inputs, operation=lambda operation: operation):
    """Call the layers of a model on other inputs, one after the other, and those of models in it likewise.

    A model that is a layer of another, such as the stem of `keras.applications`' ConvNeXt, takes only the
    size of images that it was built for; its own layers need not.

    Args:
        model: A functional or sequential model of one input and one output.
        inputs: A symbolic tensor.
        operation: A function of each layer or other operation that gives what is called in its place.

    Returns:
        A symbolic tensor.

    Raises:
        ValueError: If a layer does not work on what it is called on.

    Example:
        >>> inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3)])
        >>> outer = keras.Sequential([keras.Input((8, 8, 3)), inner, layers.ReLU()])
        >>> run_through(outer, keras.Input((16, 16, 3))).shape
        (None, 14, 14, 2)
    """

    def called(each):
        if isinstance(each, keras.Model):
            return lambda tensor, **_: run_through(each, tensor, operation)
        return operation(each)

    graph = keras.Model(model.inputs, model.outputs)  # of a sequential model, too
    return keras.tree.flatten(graph._run_through_graph([inputs], called))[0]


@checked(classes=whole(2), sizes=sizes(least=1), flip=flag)
def MultiScaleClassifier(backbone, classes, sizes, flip=True, name="multi_scale_classifier"):
    """The same backbone at several image sizes, with a softmax layer for each; probabilities are averaged.

    Images are resized to the largest size and cropped to squares about the centre, and resized from there to
    the smaller ones. At each size, feature maps are pooled to their mean and their maximum, and those of an
    image and of its mirror image are averaged.

    Args:
        backbone: Model of pixels in [0, 255] at any size, see `any_size`; of one size, if `sizes` has only
            that.
        classes: Number of classes.
        sizes: Heights and widths in pixels, ascending.
        flip: Whether features of the mirror image count as well.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, any height, any width, 3) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> model = MultiScaleClassifier(backbone, classes=3, sizes=(96, 160))
        >>> model.output_shape, model.count_params() - backbone.count_params() == 2 * (2 * 4 + 1) * 3
        ((None, 3), True)
    """
    images = keras.Input((None, None, 3), name="images")
    pool, found = pooling(backbone), []
    for size, sides in both_sides(images, sizes, flip).items():
        features = mean([pool(backbone(side)) for side in sides], f"both_sides_{size}")
        found.append(
            layers.Dense(classes, activation="softmax", name=f"predictions_{size}", dtype=output_dtype())(
                features
            )
        )
    return keras.Model(images, mean(found, "predictions"), name=name)


def both_sides(images, sizes, flip):
    """Images as squares of several sizes: {size: [mirror image, image]}, or [image] without `flip`.

    The image itself comes last: Grad-CAM shows the last call of a layer.

    Args:
        images: Tensor (batch, any height, any width, 3).
        sizes: Heights and widths in pixels, ascending.
        flip: Whether the mirror image is wanted as well.

    Example:
        >>> found = both_sides(keras.Input((None, None, 3)), (32, 64), flip=True)
        >>> {size: [side.shape for side in sides] for size, sides in found.items()}
        {32: [(None, 32, 32, 3), (None, 32, 32, 3)], 64: [(None, 64, 64, 3), (None, 64, 64, 3)]}
    """
    largest = resizing(sizes[-1])(images, training=False)
    found = {}
    for size in sizes:
        square = largest if size == sizes[-1] else smaller(size)(largest, training=False)
        found[size] = [ops.flip(square, 2), square] if flip else [square]
    return found


def mean(tensors, name):
    """The mean of some tensors; of one, itself.

    Args:
        tensors: List of tensors of one shape.
        name: Name of the layer.

    Example:
        >>> float(mean([keras.ops.ones(()), keras.ops.zeros(())], "half"))
        0.5
    """
    return layers.Average(name=name)(tensors) if len(tensors) > 1 else tensors[0]


def pooling(backbone):
    """A function that makes one vector of what a backbone gives for an image.

    Feature maps become their mean and their maximum over all places: how much there is of what a feature
    stands for, and how clearly it shows somewhere.

    Args:
        backbone: Model whose outputs are feature maps, or one vector for an image.

    Example:
        >>> backbone = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3)])
        >>> pooling(backbone)(backbone(np.zeros((1, 8, 8, 3)))).shape
        TensorShape([1, 8])
    """
    if len(backbone.output_shape) != 4:
        return layers.Identity(name="features")
    average = layers.GlobalAveragePooling2D(name="average_pool")
    maximum = layers.GlobalMaxPooling2D(name="max_pool")
    both = layers.Concatenate(name="features")
    return lambda maps: both([average(maps), maximum(maps)])


@dataclass(frozen=True)
class Probes:
    """Linear probes at several image sizes, fitted on the same photos.

    Attributes:
        probes: {image size: `LinearProbe`}.
        out_of_fold: float64 (n, classes): the mean of the probes' out-of-fold probabilities.
        accuracy: Share of the photos that their out-of-fold probabilities classify correctly.
        seconds: {"features" and "probes": seconds}.
        features: {image size: float16 (n, features)}, scaled by a power of two where 16 bits need it.

    Example:
        >>> Probes({}, np.zeros((0, 2)), 0.5, {}, {}).accuracy
        0.5
    """

    probes: dict[int, LinearProbe]
    out_of_fold: np.ndarray
    accuracy: float
    seconds: dict
    features: dict[int, np.ndarray]

    def assign(self, classifier):
        """Set the softmax layers of a `MultiScaleClassifier` of the same sizes to these probes."""
        for size, probe in self.probes.items():
            classifier.get_layer(f"predictions_{size}").set_weights([probe.kernel, probe.bias])


def fit_probes(backbone, photos, rows, sizes, flip=True, weights=None, seed=0, verbose=0):
    """Fit a linear probe at each of several image sizes.

    Args:
        backbone: As for `MultiScaleClassifier`.
        photos: What `Photos.check` returned, at the largest of the sizes.
        rows: Which of the photos to fit, integers (n,).
        sizes: Heights and widths in pixels, ascending.
        flip: Whether features of the mirror image count as well.
        weights: {class index: weight}; None for 1 each.
        seed: Of the folds of cross-validation.
        verbose: 1 for a progress bar.

    Returns:
        `Probes`.

    Raises:
        ModelError: If the features are not finite.

    Example:
        >>> from types import SimpleNamespace
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> photos = SimpleNamespace(
        ...     pixels=np.random.default_rng(0).integers(0, 255, (8, 64, 64, 3)),
        ...     labels=np.array([0, 1] * 4), class_names=["a", "b"],
        ... )
        >>> probes = fit_probes(backbone, photos, np.arange(8), sizes=(32, 64))
        >>> probes.out_of_fold.shape, sorted(probes.probes)
        ((8, 2), [32, 64])
    """
    started = time.perf_counter()
    features = multi_scale_features(backbone, photos.pixels, rows, sizes, flip, verbose)
    extracted = time.perf_counter()
    labels, classes = photos.labels[rows], len(photos.class_names)
    of_each = None if weights is None else np.array([weights[label] for label in labels])
    probes = {
        size: fit_linear_probe(found, labels, classes, of_each, seed, least_scale=LEAST_SCALE)
        for size, found in features.items()
    }
    out_of_fold = np.mean([probe.out_of_fold for probe in probes.values()], 0)
    return Probes(
        probes,
        out_of_fold,
        float(np.mean(out_of_fold.argmax(-1) == labels)),
        {"features": extracted - started, "probes": time.perf_counter() - extracted},
        {size: in_16_bits(found) for size, found in features.items()},
    )


def multi_scale_features(backbone, pixels, rows, sizes, flip=True, verbose=0):
    """Pooled features of some photos at several image sizes, as `MultiScaleClassifier` computes them.

    Args:
        backbone: As for `MultiScaleClassifier`.
        pixels: (photos, size, size, 3) in [0, 255], at the largest of the sizes.
        rows: Which of the photos, integers (n,).
        sizes: Heights and widths in pixels, ascending.
        flip: Whether features of an image and of its mirror image are averaged.
        verbose: 1 for a progress bar.

    Returns:
        {size: float32 (n, features)}; float16 of more than 10,000 photos. If `Photos.check` was given a
        `checkpoint`, they are kept there, so that a call that was stopped goes on.

    Example:
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> features = multi_scale_features(backbone, np.zeros((3, 64, 64, 3)), [0, 2], sizes=(32, 64))
        >>> {size: values.shape for size, values in features.items()}
        {32: (2, 8), 64: (2, 8)}
    """
    chunks = feature_chunks(backbone, pixels, rows, sizes, flip)
    shape = len(chunks.rows), chunks.model.output_shape[-1]
    found = {size: np.empty(shape, chunks.dtype) for size in sizes}
    bar = keras.utils.Progbar(len(chunks.rows) * len(sizes), unit_name="photo") if verbose == 1 else None
    for start in chunks.starts:
        for size, of_size in zip(sizes, chunks.at(start), strict=True):
            found[size][start : start + CHUNK] = of_size
        if bar:
            bar.update(min(start + CHUNK, len(chunks.rows)) * len(sizes))
    return found


def feature_chunks(backbone, pixels, rows, sizes, flip=True):
    """The same features, by chunks.

    Args:
        backbone, pixels, rows, sizes, flip: As for `multi_scale_features`.

    Returns:
        `FeatureChunks`.

    Example:
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> feature_chunks(backbone, np.zeros((3, 64, 64, 3)), [0, 2], sizes=(32, 64)).at(0).shape
        (2, 2, 8)
    """
    images = keras.Input(backbone.input_shape[1:])
    features = keras.Model(images, pooling(backbone)(backbone(images)))
    dtype = "float16" if len(rows) > MANY else "float32"
    return FeatureChunks(features, pixels, rows, sizes, flip, CHUNK, dtype)
