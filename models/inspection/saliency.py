"""Saliency: which pixels a prediction depends on, by its gradient."""

from keras import ops

from ..gradients import output_gradients
from .effective_fields import AT_ONCE
from .graphs import multi_output
from .predictions import classifier_images, of_classes, wanted_classes


def saliency(model, images, class_index):
    """Saliency: the gradient of a class's logit with respect to each value of each pixel.

    With its sign. To show it, take its absolute value, the largest over the channels:
    `abs(saliency(...)).max(-1)`. The logit is the value before a final softmax or sigmoid.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.
        class_index: Class to explain, one for all images or an array (n,) of one for each. Where the
            model ends in one neuron, its logit counts for class 1, and with the opposite sign for class 0.

    Returns:
        Array of the images' shape.

    Raises:
        ModelError: If there is no such class, the model is no classifier of images, or the images are not
            what it takes.

    Reference:
        Simonyan et al., Deep inside convolutional networks: visualising image classification models
        and saliency maps, 2013.

    Example:
        >>> import numpy as np
        >>> from models import MLP
        >>> from models.inspection import saliency
        >>> linear = MLP((2, 2, 1), classes=2, hidden_units=())  # its gradient is its weights
        >>> weights = linear.get_layer("predictions").get_weights()[0]
        >>> bool(np.allclose(saliency(linear, np.ones((1, 2, 2, 1)), 1).ravel(), weights[:, 1] / 255))
        True
    """
    images = classifier_images("saliency", model, images)
    wanted = wanted_classes(model, images, class_index)
    walked, found = multi_output(model, [], scores=True), []
    for first in range(0, len(images), AT_ONCE):
        some = wanted[first : first + AT_ONCE]
        _, gradient = output_gradients(
            walked, images[first : first + AT_ONCE], lambda outputs, some=some: of_classes(outputs[-1], some)
        )
        found.append(gradient)
    return ops.convert_to_numpy(ops.concatenate(found))
