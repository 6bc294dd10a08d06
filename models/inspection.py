"""Look into a trained model: what its layers pass on, and what its outputs depend on.

Every function takes functional, sequential and nested models, whatever they end in: softmax,
sigmoid or logits. A layer inside a nested model is named like any other, or `outer/inner` where
several have that name. Gradients are TensorFlow's.
"""

import keras
from keras import ops

from models._answers import check_image_classifier, class_probabilities, of_classes, wanted_classes
from models._effective_fields import (
    AT_ONCE,
    effective_field,
    field_boxes,
    input_gradient,
    linear_probe,
    pixels_holding,
)
from models._errors import ModelError
from models._excitation import Excitement, exciting_image, most_exciting
from models._gradients import slopes
from models._graphs import (
    BEFORE,
    all_paths,
    find,
    first_filters,
    hidden_layer,
    is_graph,
    is_map,
    last_learning,
    last_map,
    layer_at,
    opened,
    stages,
)
from models._occlusion import deletion, occlusion

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


def feature_maps(model, images, layers=None):
    """What layers make of images: their feature maps, and vectors where they have no rows and columns.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.
        layers: Names of layers, also of nested models; None for all layers, from the input on.

    Returns:
        {name: array (n, ...)}, under the names that were asked for; for all layers, those inside a
        nested model are `outer/inner`.

    Raises:
        ModelError: If there is no such layer.
    """
    if layers is None:
        paths = [path for path in all_paths(model) if _gives_one_tensor(layer_at(model, path))]
        names = ["/".join(path) for path in paths]
    else:
        names = list(layers)
        paths = [find(model, name) for name in names]
    found = _outputs(model, images, paths)
    return dict(zip(names, found, strict=True))


def hidden_activations(model, images):
    """What goes into the last layer that learns: how the model sees images just before it answers.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.

    Returns:
        Array (n, features); maps are laid out in one row.
    """
    path = last_learning(model)
    (found,) = _outputs(model, images, [(*path, BEFORE)])
    return found.reshape(len(found), -1)


def _gives_one_tensor(layer):
    return not is_graph(layer) and isinstance(layer.output, keras.KerasTensor)


def _outputs(model, images, paths):
    walked, parts = opened(model, paths), []
    for first in range(0, len(images), AT_ONCE):
        outputs = walked(ops.convert_to_tensor(images[first : first + AT_ONCE], "float32"), training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        parts.append([ops.convert_to_numpy(each) for each in outputs[: len(paths)]])
    return [ops.convert_to_numpy(ops.concatenate(each)) for each in zip(*parts, strict=True)]


def saliency(model, images, class_index):
    """Saliency: by how much a class's score changes with each value of each pixel.

    The gradient as it is, with its sign. To show it, take its size, the largest over the channels:
    `abs(saliency(...)).max(-1)`. The score is what goes into a final softmax or sigmoid.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.
        class_index: Class to look for, one for all images or an array (n,) of one for each. Where
            the model ends in one neuron, class 1 is what raises it, and class 0 what lowers it.

    Returns:
        Array of the images' shape.

    Raises:
        ModelError: If there is no such class, or the model is no classifier of images.

    Reference:
        Simonyan et al., Deep inside convolutional networks: visualising image classification models
        and saliency maps, 2013.
    """
    wanted = wanted_classes(model, images, class_index)
    walked, found = opened(model, [], scores=True), []
    for first in range(0, len(images), AT_ONCE):
        some = wanted[first : first + AT_ONCE]
        _, slope = slopes(
            walked, images[first : first + AT_ONCE], lambda outputs, some=some: of_classes(outputs[-1], some)
        )
        found.append(slope)
    return ops.convert_to_numpy(ops.concatenate(found))


def grad_cam(model, images, class_index, layer=None):
    """Grad-CAM: where in each image lies what speaks for a class.

    Each map of a layer is weighted by how much the class's score grows with it, averaged over the
    map's pixels; the weighted sum is kept where it is positive. The score is what goes into a
    final softmax or sigmoid: behind it, gradients vanish where the model is sure.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.
        class_index: Class to look for, one for all images or an array (n,) of one for each. Where
            the model ends in one neuron, class 1 is what raises it, and class 0 what lowers it.
        layer: Name of a layer whose output has rows and columns, of the model or of a model inside
            it; None for the last that has more than one pixel.

    Returns:
        Array (n, rows, columns) of the layer's size, float32: 1 where an image's map is highest,
        0 where nothing speaks for the class.

    Raises:
        ModelError: If there is no such layer or class, or the layer has no rows and columns.

    Reference:
        Selvaraju et al., Grad-CAM: visual explanations from deep networks via gradient-based
        localization, 2017.
    """
    wanted = wanted_classes(model, images, class_index)
    path = last_map(model) if layer is None else find(model, layer)
    walked = opened(model, [path], scores=True)
    if not is_map(walked.outputs[0]):
        raise ModelError(f"The output of {layer} has no rows and columns.")
    maps = [
        _class_maps(walked, images[n : n + AT_ONCE], wanted[n : n + AT_ONCE])
        for n in range(0, len(images), AT_ONCE)
    ]
    return ops.convert_to_numpy(ops.concatenate(maps))


def _class_maps(walked, images, wanted):
    (features, _), slope = slopes(walked, images, lambda outputs: of_classes(outputs[-1], wanted), by=0)
    weights = ops.mean(slope, (1, 2), keepdims=True)  # (n, 1, 1, features)
    heat = ops.cast(ops.relu(ops.sum(weights * features, -1)), "float32")
    return ops.divide_no_nan(heat, ops.max(heat, (1, 2), keepdims=True))
