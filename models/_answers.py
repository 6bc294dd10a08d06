"""What a classifier answers with: scores, probabilities, and which class is asked about."""

import math

import keras
from keras import layers

from models._errors import ModelError
from models._graphs import SQUASHES, is_graph, is_map, opened

PIXELS_AT_ONCE = 400_000  # of images that are looked at together


def check_image_classifier(model):
    """Refuse what does not take one image and answer with one number a class.

    Raises:
        ModelError: Says what the model takes or gives instead.
    """
    name = getattr(model, "name", model)
    if not is_graph(model) or len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        raise ModelError(f"{name} does not answer with one number a class, so it cannot be looked into.")
    if len(model.inputs) != 1 or not is_map(model.inputs[0]) or model.inputs[0].dtype == "string":
        shapes = " and ".join(str(tuple(each.shape[1:])) for each in model.inputs)
        if any(each.dtype == "string" for each in model.inputs):
            shapes = "texts"
        raise ModelError(f"{name} takes no images (height, width, channels), but {shapes}.")


def wanted_classes(model, images, class_index):
    """One class for each image, as an integer array, from one for all or one for each.

    Raises:
        ModelError: If there is no such class, or their number is not that of the images.
    """
    check_image_classifier(model)
    classes = max(2, model.outputs[0].shape[-1])
    wanted = keras.ops.convert_to_numpy(class_index).ravel()
    if len(wanted) not in (1, len(images)) or not all(0 <= each < classes for each in wanted):
        raise ModelError(
            f"{model.name} tells {classes} classes, from 0 on; it cannot look for {class_index} "
            f"in {len(images)} images."
        )
    return keras.ops.convert_to_numpy(keras.ops.broadcast_to(wanted, [len(images)])).astype("int32")


def of_classes(values, wanted):
    """The value of one class for each image.

    Args:
        values: Tensor (n, classes). Of one unit, scores before its sigmoid: it speaks for class 1,
            and its opposite for class 0.
        wanted: Class of each image, (n,).

    Returns:
        Tensor (n,).
    """
    if values.shape[-1] == 1:
        values = keras.ops.concatenate([-values, values], -1)
    return keras.ops.take_along_axis(values, keras.ops.expand_dims(wanted, 1), 1)[:, 0]


def squash(model):
    """What a model ends in: "softmax", "sigmoid", or None for anything else, such as logits."""
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    last = keras.Model(inputs, model.outputs[0]).operations[-1]
    if is_graph(last):
        return squash(last)
    if isinstance(last, layers.Softmax):
        return "softmax"
    if isinstance(last, (layers.Activation, layers.Dense)):
        return SQUASHES.get(last.activation)
    return None


def probabilities(scores, end):
    """Probabilities of all classes from what goes into a model's final softmax or sigmoid.

    Args:
        scores: Tensor (n, units).
        end: What the model ends in, by `squash`. If in neither, its answers are taken for logits: of
            a softmax, or of a sigmoid if there is one unit.

    Returns:
        Tensor (n, classes); of one unit two classes are made.
    """
    if scores.shape[-1] == 1:
        one = keras.ops.sigmoid(scores)
        return keras.ops.concatenate([1 - one, one], -1)
    if end == "sigmoid":
        return keras.ops.sigmoid(scores)
    return keras.ops.softmax(scores)


def class_probabilities(model, images):
    """What a classifier says of images, as one probability a class, whatever it ends in.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.

    Returns:
        Array (n, classes), float32: of logits a softmax, of one unit two classes.

    Raises:
        ModelError: If the model is no classifier of images.
    """
    check_image_classifier(model)
    return keras.ops.convert_to_numpy(Answers(model)(images))


class Answers:
    """A classifier that gives probabilities, whatever it ends in: images -> tensor (n, classes)."""

    def __init__(self, model):
        self._walked, self._end = opened(model, [], scores=True), squash(model)

    def __call__(self, images):
        at_once, found = max(16, PIXELS_AT_ONCE // math.prod(images.shape[1:3])), []
        for first in range(0, len(images), at_once):
            some = keras.ops.cast(images[first : first + at_once], "float32")
            scores = self._walked(some, training=False)
            scores = scores[0] if isinstance(scores, (list, tuple)) else scores
            found.append(keras.ops.cast(probabilities(scores, self._end), "float32"))
        return keras.ops.concatenate(found)
