"""Predictions of a classifier: logits, probabilities, and the class to explain."""

import math

import keras
import numpy as np
from keras import layers

from ..checks.arguments import array, batch_for, built_model, shown
from ..errors import ModelError
from .graphs import is_graph, is_map, multi_output
from .logits import FINAL_ACTIVATIONS, final_operator

PIXELS_AT_ONCE = 400_000  # of images in one batch


def check_image_classifier(model):
    """Check that a model takes one image and predicts one number for each class.

    Args:
        model: Any object.

    Raises:
        ModelError: If it does not; names what the model takes or returns.

    Example:
        >>> from models import ConvNet, CountingMLP, ModelError
        >>> from models.inspection import check_image_classifier
        >>> check_image_classifier(ConvNet())
        >>> try:
        ...     check_image_classifier(CountingMLP())
        ... except ModelError as error:
        ...     print(error)
        counting_mlp takes no images (height, width, channels), but (20,).
    """
    built_model("check_image_classifier", "model", model)
    if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        shapes = " and ".join(str(tuple(each.shape[1:])) for each in model.outputs)
        raise ModelError(f"{model.name} needs one output (classes,) to be a classifier, but has {shapes}.")
    if len(model.inputs) != 1 or not is_map(model.inputs[0]) or model.inputs[0].dtype == "string":
        shapes = " and ".join(str(tuple(each.shape[1:])) for each in model.inputs)
        if any(each.dtype == "string" for each in model.inputs):
            shapes = "texts"
        raise ModelError(f"{model.name} takes no images (height, width, channels), but {shapes}.")


def classifier_images(owner, model, images):
    """Images as an array that a classifier takes.

    Args:
        owner: Name of the function that was called.
        model: A Keras model of images with one output.
        images: Array or tensor (n, height, width, channels).

    Returns:
        NumPy array.

    Raises:
        ModelError: If the model is no classifier of images, or the images are not what it takes.

    Example:
        >>> from models import MLP
        >>> classifier_images("saliency", MLP(), keras.ops.zeros((2, 28, 28, 1))).shape
        (2, 28, 28, 1)
    """
    built_model(owner, "model", model)
    check_image_classifier(model)
    return batch_for(owner, model, images)


def wanted_classes(model, images, class_index):
    """One class for each image, from one for all or one for each.

    Args:
        model: A classifier of images.
        images: Array (n, height, width, channels).
        class_index: Whole number, or an array (n,) of them.

    Returns:
        int32 array (n,).

    Raises:
        ModelError: If there is no such class, or their number is not that of the images.

    Example:
        >>> from models import MLP
        >>> wanted_classes(MLP(), keras.ops.zeros((3, 28, 28, 1)), 7)
        array([7, 7, 7], dtype=int32)
    """
    check_image_classifier(model)
    classes = max(2, model.outputs[0].shape[-1])
    wanted = array(model.name, "class_index", class_index)
    if wanted.dtype.kind not in "iu":
        raise ModelError(f"{model.name} needs class_index as a whole number, not {shown(class_index)}.")
    if wanted.ndim > 1 or wanted.size not in (1, len(images)):
        raise ModelError(
            f"{model.name} needs one class_index for all images or one for each in {len(images)} images, "
            f"not {shown(class_index)}."
        )
    if wanted.min() < 0 or wanted.max() >= classes:
        raise ModelError(
            f"{model.name} has {classes} classes, from 0 to {classes - 1}: class_index cannot be "
            f"{shown(class_index)}."
        )
    return np.broadcast_to(wanted.ravel(), (len(images),)).astype("int32")


def of_classes(values, wanted):
    """The value of one class for each image.

    Args:
        values: Tensor (n, classes). Of one unit, the logit before its sigmoid: that of class 1, and with the
            opposite sign of class 0.
        wanted: Class of each image, (n,).

    Returns:
        Tensor (n,).

    Example:
        >>> of_classes(keras.ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 0]).numpy()
        array([2., 3.], dtype=float32)
    """
    if values.shape[-1] == 1:
        values = keras.ops.concatenate([-values, values], -1)
    return keras.ops.take_along_axis(values, keras.ops.expand_dims(wanted, 1), 1)[:, 0]


def is_list_of_rows(model):
    """Whether a model takes grey images (height, width), without an axis of channels.

    Args:
        model: A built model.

    Returns:
        True or False.

    Example:
        >>> is_list_of_rows(keras.Sequential([keras.Input((28, 28)), layers.Flatten()]))
        True
    """
    inputs = getattr(model, "inputs", None) or ()
    if len(inputs) != 1 or len(inputs[0].shape) != 3 or inputs[0].dtype == "string":
        return False
    return all(side is not None and side >= 8 for side in inputs[0].shape[1:])


def _last(model):
    """The layer or operation that computes a model's output."""
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    last = keras.Model(inputs, model.outputs[0]).operations[-1]
    return _last(last) if is_graph(last) else last


def ends_linear(model):
    """Whether a model ends in a layer without an activation function, as logits and regressions do.

    Args:
        model: A built model with one output.

    Returns:
        True or False.

    Example:
        >>> from models import MLP
        >>> ends_linear(MLP(classifier_activation=None)), ends_linear(MLP(classifier_activation="relu"))
        (True, False)
    """
    last = _last(model)
    return getattr(last, "activation", None) is keras.activations.linear


def final_activation(model):
    """The activation that a model ends in.

    Args:
        model: A built model with one output.

    Returns:
        "softmax", "sigmoid", or None for anything else, such as logits.

    Example:
        >>> from models import MLP
        >>> final_activation(MLP()), final_activation(MLP(classifier_activation=None))
        ('softmax', None)
    """
    last = _last(model)
    if isinstance(last, layers.Softmax):
        return "softmax"
    if found := final_operator(last):
        return found
    if isinstance(last, (layers.Activation, layers.Dense)):
        return FINAL_ACTIVATIONS.get(last.activation)
    return None


def probabilities(scores, end):
    """Probabilities of all classes from the logits before a model's final softmax or sigmoid.

    Args:
        scores: Tensor (n, units).
        end: The model's final activation, by `final_activation`. If None, its outputs are taken for
            logits: of a softmax, or of a sigmoid if there is one unit.

    Returns:
        Tensor (n, classes), with two classes for one unit.

    Example:
        >>> probabilities(keras.ops.convert_to_tensor([[0.0], [2.0]]), "sigmoid").numpy().round(2)
        array([[0.5 , 0.5 ],
               [0.12, 0.88]], dtype=float32)
    """
    if scores.shape[-1] == 1:
        one = keras.ops.sigmoid(scores)
        return keras.ops.concatenate([1 - one, one], -1)
    if end == "sigmoid":
        return keras.ops.sigmoid(scores)
    return keras.ops.softmax(scores)


def class_probabilities(model, images):
    """The predictions of a classifier as one probability for each class, for any final activation.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.

    Returns:
        Array (n, classes), float32, values in [0, 1]: logits go through a softmax, one unit gives 2 classes.

    Raises:
        ModelError: If the model is no classifier of images, or the images are not what it takes.

    Example:
        >>> import numpy as np
        >>> from models import MLP
        >>> from models.inspection import class_probabilities
        >>> logits = MLP(classes=3, classifier_activation=None)
        >>> class_probabilities(logits, np.zeros((2, 28, 28, 1))).sum(1).round(3)
        array([1., 1.], dtype=float32)
    """
    images = classifier_images("class_probabilities", model, images)
    return keras.ops.convert_to_numpy(Probabilities(model)(images))


class Probabilities:
    """A classifier that returns probabilities (n, classes) for images, with any final activation.

    Example:
        >>> from models import MLP
        >>> predict = Probabilities(MLP(classes=2, classifier_activation="sigmoid"))
        >>> predict(keras.ops.zeros((3, 28, 28, 1))).shape
        TensorShape([3, 2])
    """

    def __init__(self, model):
        built_model("Probabilities", "model", model)
        self._walked, self._end = multi_output(model, [], scores=True), final_activation(model)

    def __call__(self, images):
        at_once, found = max(16, PIXELS_AT_ONCE // math.prod(images.shape[1:3])), []
        for first in range(0, len(images), at_once):
            some = keras.ops.cast(images[first : first + at_once], "float32")
            scores = self._walked(some, training=False)
            scores = scores[0] if isinstance(scores, (list, tuple)) else scores
            found.append(keras.ops.cast(probabilities(scores, self._end), "float32"))
        return keras.ops.concatenate(found)
