"""Feature maps: the outputs of a model's layers."""

import keras
import numpy as np
from keras import ops

from ..checks.arguments import batch_for, checked, shown
from ..errors import ModelError
from .effective_fields import AT_ONCE
from .graphs import BEFORE, all_paths, find, is_graph, last_learning, layer_at, multi_output


@checked()
def feature_maps(model, images, layers=None):
    """The outputs of layers for some images: feature maps, or vectors if a layer has no rows and columns.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.
        layers: Name of a layer or a list of names, also of nested models; None for all layers, from the
            input on.

    Returns:
        {name: array (n, ...)} with the given names. With `layers=None`, layers inside a nested model are
        named `outer/inner`.

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
    """The input of the last layer with trainable weights: the features that predictions are computed from.

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
