"""Inspect a trained model: the outputs of its layers, and what its answers depend on.

Every function takes functional, sequential and nested models, whatever they end in: softmax,
sigmoid or logits. A layer inside a nested model is named like any other, or `outer/inner` where
several have that name. Gradients are TensorFlow's.
"""

import keras
import numpy as np
from keras import ops

from .answers import check_image_classifier, class_probabilities, classifier_images, of_classes, wanted_classes
from ..checks.arguments import batch_for, checked, shown
from .effective_fields import AT_ONCE, effective_field, field_boxes, input_gradient, linear_probe, pixels_holding
from ..errors import ModelError
from .excitation import Excitement, exciting_image, most_exciting
from .gradients import gradients
from .graphs import BEFORE, all_paths, find, first_filters, has_feature_maps, hidden_layer, is_graph, is_map, last_learning, last_map, layer_at, multi_output, stages
from .occlusion import deletion, occlusion

__all__ = [
    "Excitement",
    "check_image_classifier",
    "class_probabilities",
    "deletion",
    "effective_field",
    "exciting_image",
    "feature_maps",
    "field_boxes",
    "first_filters",
    "grad_cam",
    "has_feature_maps",
    "hidden_activations",
    "hidden_layer",
    "input_gradient",
    "linear_probe",
    "most_exciting",
    "occlusion",
    "pixels_holding",
    "saliency",
    "stages",
]


@checked()
def feature_maps(model, images, layers=None):
    """The outputs of layers for some images: feature maps, and vectors where they have no rows and columns.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.
        layers: Name of a layer or a list of names, also of nested models; None for all layers, from the
            input on.

    Returns:
        {name: array (n, ...)}, under the names that were asked for; for all layers, those inside a
        nested model are `outer/inner`.

    Raises:
        ModelError: If the images are not what the model takes, or there is no such layer.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import feature_maps
        >>> maps = feature_maps(ConvNet(), np.zeros((2, 28, 28, 1)), ["conv1", "dense"])
        >>> {name: values.shape for name, values in maps.items()}
        {'conv1': (2, 14, 14, 16), 'dense': (2, 256)}
    """
    images = batch_for("feature_maps", model, images)
    if layers is None:
        paths = [path for path in all_paths(model) if _gives_one_tensor(layer_at(model, path))]
        names = ["/".join(path) for path in paths]
    else:
        names = [layers] if isinstance(layers, str) else layers
        if not isinstance(names, (list, tuple)) or not names:
            raise ModelError(f"feature_maps needs layers as a list of names, not {shown(layers)}.")
        paths = [find(model, name) for name in names]
    found = _outputs(model, images, paths)
    return dict(zip(names, found, strict=True))


@checked()
def hidden_activations(model, images):
    """The input of the last layer that has weights to learn: the features that the answer is computed from.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.

    Returns:
        Array (n, features); feature maps are flattened.

    Raises:
        ModelError: If the images are not what the model takes, or no layer has weights to learn.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import hidden_activations
        >>> hidden_activations(ConvNet(), np.zeros((2, 28, 28, 1))).shape
        (2, 256)
    """
    images = batch_for("hidden_activations", model, images)
    path = last_learning(model)
    (found,) = _outputs(model, images, [(*path, BEFORE)])
    return found.reshape(len(found), -1)


def _gives_one_tensor(layer):
    return not is_graph(layer) and isinstance(layer.output, keras.KerasTensor)


def _outputs(model, images, paths):
    walked, parts = multi_output(model, paths), []
    for first in range(0, len(images), AT_ONCE):
        outputs = walked(ops.convert_to_tensor(images[first : first + AT_ONCE], "float32"), training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        parts.append([ops.convert_to_numpy(each) for each in outputs[: len(paths)]])
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


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
        _, gradient = gradients(
            walked, images[first : first + AT_ONCE], lambda outputs, some=some: of_classes(outputs[-1], some)
        )
        found.append(gradient)
    return ops.convert_to_numpy(ops.concatenate(found))


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
    images = classifier_images("grad_cam", model, images)
    wanted = wanted_classes(model, images, class_index)
    path = last_map(model) if layer is None else find(model, layer)
    walked = multi_output(model, [path], scores=True)
    if not is_map(walked.outputs[0]):
        raise ModelError(f"The output of {layer} has no rows and columns; choose another layer.")
    maps = [
        _class_maps(walked, images[n : n + AT_ONCE], wanted[n : n + AT_ONCE])
        for n in range(0, len(images), AT_ONCE)
    ]
    return ops.convert_to_numpy(ops.concatenate(maps))


def _class_maps(walked, images, wanted):
    (features, _), gradient = gradients(walked, images, lambda outputs: of_classes(outputs[-1], wanted), by=0)
    weights = ops.mean(gradient, (1, 2), keepdims=True)  # (n, 1, 1, features)
    heat = ops.cast(ops.relu(ops.sum(weights * features, -1)), "float32")
    return ops.divide_no_nan(heat, ops.max(heat, (1, 2), keepdims=True))
