"""Attributions from gradients of many images: along a path from a baseline, or with noise added."""

import numpy as np
from keras import ops

from ..checks.arguments import array, checked, number, shown, whole
from ..errors import ModelError
from ..gradients import output_gradients
from .effective_fields import AT_ONCE
from .graphs import multi_output
from .predictions import classifier_images, of_classes, wanted_classes


@checked(steps=whole())
def integrated_gradients(model, images, class_index, baseline=0, steps=64):
    """Integrated gradients: how much each value of each pixel adds to a class's logit, from a baseline on.

    The gradients of images on the straight line from the baseline to the image are averaged, and multiplied
    by how far the image is from the baseline. All values of an image add up to the difference of the logit
    (completeness), up to the error of the sum over `steps` images.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.
        class_index: Class to explain, one for all images or an array (n,) of one for each. Where the
            model ends in one neuron, its logit counts for class 1, and with the opposite sign for class 0.
        baseline: What shows nothing: a number, one for each channel, or an array of the images' shape.
        steps: Number of images on the line.

    Returns:
        Array of the images' shape, float32.

    Raises:
        ModelError: If there is no such class, the model is no classifier of images, or the images or the
            baseline are not what the model takes.

    Reference:
        Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, 2017.

    Example:
        >>> import numpy as np
        >>> from models import MLP
        >>> from models.inspection import integrated_gradients
        >>> linear = MLP((2, 2, 1), classes=2, hidden_units=())  # pixel times weight, exactly
        >>> weights = linear.get_layer("predictions").get_weights()[0]
        >>> found = integrated_gradients(linear, np.full((1, 2, 2, 1), 255.0), 1)
        >>> bool(np.allclose(found.ravel(), weights[:, 1], atol=1e-6))
        True
    """
    images = classifier_images("integrated_gradients", model, images)
    wanted = wanted_classes(model, images, class_index)
    start = _baseline(images, baseline)
    far, total = np.asarray(images, "float32") - start, 0
    gradient = _gradients(model)
    for step in range(steps):  # the midpoints of as many equal parts
        total = total + gradient(start + far * ((step + 0.5) / steps), wanted)
    return (far * total / steps).astype("float32")


@checked(noise=number(least=0, most=100), samples=whole(), seed=whole(least=0))
def smooth_grad(model, images, class_index, noise=0.15, samples=32, seed=0):
    """SmoothGrad: the mean of the saliency of an image with noise added several times.

    The gradient of a deep network changes much from pixel to pixel; its mean over near images less.

    Args:
        model, images, class_index: As for `integrated_gradients`.
        noise: Standard deviation of the noise, as a share of the range of each image's values, from 0 to 100.
        samples: How many times.
        seed: The same seed gives the same noise.

    Returns:
        Array of the images' shape, float32, with its sign.

    Raises:
        ModelError: As for `integrated_gradients`, or if the noise is below 0.

    Reference:
        Smilkov et al., SmoothGrad: removing noise by adding noise, 2017.

    Example:
        >>> import numpy as np
        >>> from models import MLP
        >>> from models.inspection import saliency, smooth_grad
        >>> linear, image = MLP((2, 2, 1), classes=2, hidden_units=()), np.ones((1, 2, 2, 1))
        >>> bool(np.allclose(smooth_grad(linear, image, 1), saliency(linear, image, 1), atol=1e-6))
        True
    """
    images = np.asarray(classifier_images("smooth_grad", model, images), "float32")
    wanted = wanted_classes(model, images, class_index)
    random, gradient, total = np.random.default_rng(seed), _gradients(model), 0
    spread = noise * np.ptp(images, axis=(1, 2, 3), keepdims=True)
    for _ in range(samples):
        total = total + gradient(images + spread * random.standard_normal(images.shape, "float32"), wanted)
    return (total / samples).astype("float32")


def _gradients(model):
    """A function of (images, classes) that gives the gradients of the classes' logits, by batches."""
    walked = multi_output(model, [], scores=True)

    def gradient(images, wanted):
        found = []
        for first in range(0, len(images), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            _, values = output_gradients(
                walked,
                images[first : first + AT_ONCE],
                lambda outputs, some=some: of_classes(outputs[-1], some),
            )
            found.append(ops.convert_to_numpy(values))
        return np.concatenate(found)

    return gradient


def _baseline(images, baseline):
    """The baseline of each image, float32, of a shape that goes with theirs."""
    found = array("integrated_gradients", "baseline", baseline).astype("float32")
    if found.shape in ((), (1,)):
        return found.reshape(1, 1, 1, 1)
    if found.shape == (images.shape[-1],):
        return found.reshape(1, 1, 1, -1)
    if found.shape != tuple(images.shape):
        raise ModelError(
            f"integrated_gradients needs baseline as a number, one for each of {images.shape[-1]} channels, "
            f"or images of shape {tuple(images.shape)}, not {shown(baseline)}."
        )
    return found
