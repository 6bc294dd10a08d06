"""Grad-CAM: a coarse map of the evidence for a class, from the last feature maps and their gradients."""

from keras import ops

from ..errors import ModelError
from ..gradients import output_gradients
from .effective_fields import AT_ONCE
from .graphs import find, is_map, last_map, multi_output
from .predictions import classifier_images, of_classes, wanted_classes


def grad_cam(model, images, class_index, layer=None):
    """Grad-CAM: the regions of each image that raise the logit of a class.

    Each feature map of a layer is weighted by the gradient of the class's logit with respect to it, averaged
    over the map's pixels; the weighted sum is kept where it is positive. The logit is the value before a
    final softmax or sigmoid: after it, gradients vanish where the model is confident.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.
        class_index: Class to explain, one for all images or an array (n,) of one for each. Where the
            model ends in one neuron, its logit counts for class 1, and with the opposite sign for class 0.
        layer: Name of a layer whose output has rows and columns, of the model or of a model inside
            it; None for the last that has more than one pixel.

    Returns:
        Array (n, rows, columns) of the layer's size, float32, in [0, 1]: 1 where an image's map is highest,
        0 where nothing raises the logit, everywhere if need be.

    Raises:
        ModelError: If the images are not what the model takes, there is no such layer or class, the layer
            has no rows and columns, or the model has no feature maps, as an MLP has none.

    Reference:
        Selvaraju et al., Grad-CAM: visual explanations from deep networks via gradient-based
        localization, 2017.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import grad_cam
        >>> images = np.random.default_rng(0).uniform(0, 255, (3, 28, 28, 1))
        >>> grad_cam(ConvNet(weights="mnist"), images, 7).shape
        (3, 6, 6)
    """
    return _class_maps("grad_cam", model, images, class_index, layer, _by_mean)


def layer_cam(model, images, class_index, layer=None):
    """LayerCAM: like Grad-CAM, but each pixel of a map has a weight of its own: its gradient, where positive.

    So it also shows fine regions in early layers, where one weight for a whole map says little.

    Args:
        model, images, class_index, layer: As for `grad_cam`.

    Returns:
        Array (n, rows, columns) of the layer's size, float32, in [0, 1], as for `grad_cam`.

    Raises:
        ModelError: As `grad_cam` does.

    Reference:
        Jiang et al., LayerCAM: exploring hierarchical class activation maps for localization, 2021.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import layer_cam
        >>> images = np.random.default_rng(0).uniform(0, 255, (3, 28, 28, 1))
        >>> layer_cam(ConvNet(weights="mnist"), images, 7, "conv1").shape
        (3, 14, 14)
    """
    return _class_maps("layer_cam", model, images, class_index, layer, _by_pixel)


def grad_cam_plus_plus(model, images, class_index, layer=None):
    """Grad-CAM++: like Grad-CAM, with weights that count each region of a class, also small ones.

    Args:
        model, images, class_index, layer: As for `grad_cam`.

    Returns:
        Array (n, rows, columns) of the layer's size, float32, in [0, 1], as for `grad_cam`.

    Raises:
        ModelError: As `grad_cam` does.

    Reference:
        Chattopadhay et al., Grad-CAM++: generalized gradient-based visual explanations for deep convolutional
        networks, 2018.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import grad_cam_plus_plus
        >>> images = np.random.default_rng(0).uniform(0, 255, (3, 28, 28, 1))
        >>> grad_cam_plus_plus(ConvNet(weights="mnist"), images, 7).shape
        (3, 6, 6)
    """
    return _class_maps("grad_cam_plus_plus", model, images, class_index, layer, _by_pixels_that_speak)


def _class_maps(owner, model, images, class_index, layer, weigh):
    """Weighted sums of a layer's maps, where positive; `weigh` gives weights, of (maps, gradients)."""
    images = classifier_images(owner, model, images)
    wanted = wanted_classes(model, images, class_index)
    path = last_map(model) if layer is None else find(model, layer)
    walked = multi_output(model, [path], scores=True)
    if not is_map(walked.outputs[0]):
        raise ModelError(f"The output of {layer} has no rows and columns; choose another layer.")
    maps = []
    for n in range(0, len(images), AT_ONCE):
        some = wanted[n : n + AT_ONCE]
        (features, _), gradient = output_gradients(
            walked, images[n : n + AT_ONCE], lambda outputs, some=some: of_classes(outputs[-1], some), by=0
        )
        heat = ops.cast(ops.relu(ops.sum(weigh(features, gradient) * features, -1)), "float32")
        maps.append(ops.divide_no_nan(heat, ops.max(heat, (1, 2), keepdims=True)))
    return ops.convert_to_numpy(ops.concatenate(maps))


def _by_mean(features, gradient):
    return ops.mean(gradient, (1, 2), keepdims=True)  # (n, 1, 1, features)


def _by_pixel(features, gradient):
    return ops.relu(gradient)


def _by_pixels_that_speak(features, gradient):
    """Second and third derivatives of the exponential of a logit, in which its maps are linear."""
    whole = ops.sum(features, (1, 2), keepdims=True)
    shares = ops.divide_no_nan(gradient**2, 2 * gradient**2 + whole * gradient**3)
    return ops.sum(shares * ops.relu(gradient), (1, 2), keepdims=True)
