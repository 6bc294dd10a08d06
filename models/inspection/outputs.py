"""One output of a model that has several."""

import keras

from ..checks.arguments import built_model, shown
from ..errors import ModelError


def with_one_output(model, name=None):
    """A model with one of a model's outputs; the layers and weights are shared.

    Args:
        model: A built functional or sequential model.
        name: Name of the output: its key, where the model returns a dictionary, or its layer's name;
            None for the first that has several numbers, one for each class, or else the first.

    Returns:
        A model with one output; the model itself if it has no other.

    Raises:
        ModelError: If it is no such model, or has no such output.

    Example:
        >>> images = keras.Input((4,))
        >>> heads = {"class": keras.layers.Dense(3)(images), "age": keras.layers.Dense(1)(images)}
        >>> with_one_output(keras.Model(images, heads), "age").output_shape
        (None, 1)
    """
    built_model("with_one_output", "model", model)
    names = output_names(model)
    if name is not None and not (isinstance(name, str) and name in names):
        raise ModelError(f"{model.name} has no output of the name {shown(name)}; it has {', '.join(names)}.")
    if len(model.outputs) == 1:
        return model
    vectors = [each for each in model.outputs if len(each.shape) == 2 and each.shape[1]]
    classes = [each for each in vectors if each.shape[1] > 1]
    first = (classes or vectors or model.outputs)[0]
    chosen = first if name is None else model.outputs[names.index(name)]
    return keras.Model(model.input, chosen, name=model.name)


def output_names(model):
    """Names of a model's outputs: keys of its dictionary of outputs, or the layers' names.

    Args:
        model: A built functional or sequential model.

    Returns:
        List of str.

    Example:
        >>> images = keras.Input((4,))
        >>> output_names(keras.Model(images, {"class": keras.layers.Dense(3)(images)}))
        ['class']
    """
    if isinstance(getattr(model, "output", None), dict):
        keys = {id(tensor): key for key, tensor in model.output.items()}
        return [keys.get(id(each), "") for each in model.outputs]
    return list(getattr(model, "output_names", [model.layers[-1].name]))  # a sequential model has one output
