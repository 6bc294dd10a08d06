"""Find layers in nested models, and take their outputs."""

import math

import keras
from keras import layers, ops

from ..checks.arguments import built_model, checked, flag, shown
from ..checks.nesting import is_graph
from ..errors import ModelError
from .logits import score

BEFORE = object()  # at the end of a path: the input of the layer instead of its output


def multi_output(model, paths, scores=False):
    """The multi-output version of a model: the outputs of chosen layers too, also of nested models.

    A nested model is one step in the graph of the outer one, and its layers belong to a graph of their own,
    so that `keras.Model` cannot lead from the outer input to an inner output. Here the outer graph is walked
    again, with each nested model in it replaced by its multi-output version. Layers and weights are shared:
    nothing is copied, and the model computes the same.

    The part from the input to a layer is `keras.Model(result.inputs, result.outputs[k])`. For the part
    from a layer to the predictions, take both as outputs of one call: the gradient of the last output with
    respect to any other is that of the second half of the network, skip connections past the layer included
    (`models.gradients.output_gradients`).

    Args:
        model: A built functional or sequential model.
        paths: Tuples of names, from the outermost model's layer inwards, as `all_paths` lists them,
            or such a path and BEFORE. Of a layer that is called several times the last call counts.
        scores: Whether to leave out the softmax or sigmoid at the end.

    Returns:
        A model with the outputs [of each path, ..., predictions or logits]; of a model with several outputs
        all come last.

    Example:
        >>> from models import MLP
        >>> multi_output(MLP(), [("rescale",), ("dense1",)]).output_shape
        [(None, 28, 28, 1), (None, 512), (None, 10)]
    """
    passed = {}

    def call(layer, *args, **kwargs):
        inner = [path[1:] for path in paths if path[0] == layer.name and path[1:] not in ((), (BEFORE,))]
        if inner or (layer is last and is_graph(layer)):
            outputs = multi_output(layer, inner, layer is last)(*args, **kwargs)
            found, result = outputs[: len(inner)], outputs[len(inner) :]
            result = result[0] if len(result) == 1 else result
            passed.update({(layer.name, *path): value for path, value in zip(inner, found, strict=True)})
        else:
            result = score(layer, *args, **kwargs) if layer is last else layer(*args, **kwargs)
        passed[(layer.name,)] = result
        passed[(layer.name, BEFORE)] = args[0] if args else None
        return result

    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    graph = keras.Model(inputs, model.outputs)  # a sequential model has none to walk
    last = graph.operations[-1] if scores else None  # the one that outputs the predictions
    walked = keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=call)
    return keras.Model(walked.input, [*(passed[path] for path in paths), *walked.outputs])


def all_paths(model, operators=False):
    """Paths to all layers but inputs, from input to output, nested models before their own layers.

    Args:
        model: A built functional or sequential model.
        operators: Whether also to what the model's builder computed with operators, such as `x + y`
            ("add", "add_1") and `keras.ops.relu(x)` ("relu").

    Yields:
        Tuples of names, from the outermost model's layer inwards.

    Example:
        >>> inner = keras.Sequential([keras.Input((2,)), layers.Dense(3, name="dense")], name="inner")
        >>> outer = keras.Sequential([keras.Input((2,)), inner], name="outer")
        >>> [*all_paths(outer)]
        [('inner',), ('inner', 'dense')]
    """
    for layer in _steps(model) if operators else model.layers:
        if not isinstance(layer, layers.InputLayer):
            yield (layer.name,)
            if is_graph(layer):
                yield from ((layer.name, *path) for path in all_paths(layer, operators))


def _steps(model):
    """Layers and operators; a sequential model has layers only."""
    return model.layers if isinstance(model, keras.Sequential) else model.operations


def layer_at(model, path):
    """The layer or operator that a path leads to.

    Args:
        model: A built functional or sequential model.
        path: Tuple of names, as `all_paths` lists them.

    Returns:
        A Keras layer or operation.

    Example:
        >>> from models import MLP
        >>> layer_at(MLP(), ("dense1",)).units
        512
    """
    for name in path:
        model = next(each for each in _steps(model) if each.name == name)
    return model


def find(model, name):
    """The path to a layer: the outermost of that name, or the one that `outer/inner` spells out.

    Args:
        model: A built functional or sequential model.
        name: Name of a layer or operator ("add_2"), also of a nested model's.

    Returns:
        Tuple of names.

    Raises:
        ModelError: If there is no such layer; the message lists the model's layers.

    Example:
        >>> from models import MLP
        >>> find(MLP(), "dense1")
        ('dense1',)
    """
    built_model("find", "model", model)
    paths = list(all_paths(model, operators=True))
    wanted = tuple(name.split("/")) if isinstance(name, str) else None
    found = [path for path in paths if wanted and path[-len(wanted) :] == wanted]
    if not found:
        known = ", ".join(dict.fromkeys(path[-1] for path in paths))
        raise ModelError(f"{model.name} has no layer {shown(name)}; it has {known}.")
    return min(found, key=len)


def last_map(model):
    """The path to the last layer or operator whose feature maps have more than one pixel.

    Args:
        model: A built functional or sequential model of images.

    Returns:
        Tuple of names.

    Raises:
        ModelError: If there is none, or only the image itself, before any layer with trainable weights.

    Example:
        >>> from models import ConvNet
        >>> last_map(ConvNet())
        ('pool',)
    """
    maps = [(path, layer_at(model, path)) for path in all_paths(model, operators=True)]
    maps = [(path, layer) for path, layer in maps if not is_graph(layer) and is_map(layer.output)]
    if not maps:
        raise ModelError(f"No layer of {model.name} has rows and columns, and so no feature maps.")
    if not any(_makes_features(layer) for _, layer in maps):
        raise ModelError(
            f"No layer of {model.name} computes feature maps: {maps[-1][0][-1]} only passes on the pixels; "
            "Grad-CAM needs a model with a convolution."
        )
    large = [path for path, layer in maps if tuple(layer.output.shape[1:3]) != (1, 1)]
    if not large:
        raise ModelError(f"No layer of {model.name} has rows and columns of more than one pixel.")
    return large[-1]


def has_feature_maps(model):
    """Whether a layer of the model computes feature maps, as `grad_cam` needs.

    Args:
        model: A built functional or sequential model of images.

    Returns:
        True or False; False for an MLP.

    Raises:
        ModelError: If it is no such model.

    Example:
        >>> from models import MLP, ConvNet
        >>> from models.inspection import has_feature_maps
        >>> has_feature_maps(ConvNet()), has_feature_maps(MLP())
        (True, False)
    """
    built_model("has_feature_maps", "model", model)
    try:
        last_map(model)
    except ModelError:
        return False
    return True


def _makes_features(layer):
    """Whether a layer has trainable weights other than a scale for each channel."""
    return any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ()))


def last_learning(model):
    """The path to the last layer with trainable weights; BatchNormalization does not count.

    Args:
        model: A built functional or sequential model.

    Returns:
        Tuple of names.

    Raises:
        ModelError: If there is none.

    Example:
        >>> from models import MLP
        >>> last_learning(MLP())
        ('predictions',)
    """
    built_model("last_learning", "model", model)
    for path in reversed(list(all_paths(model))):
        layer = layer_at(model, path)
        if not is_graph(layer) and not isinstance(layer, layers.BatchNormalization) and layer.weights:
            return path
    raise ModelError(f"No layer of {model.name} has trainable weights.")


_STEPS = (
    layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose,
)  # fmt: skip
_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)
_POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)
_OPERATORS = {
    "Celu", "Elu", "Gelu", "HardSigmoid", "HardSilu", "HardTanh", "LeakyRelu", "Mish", "Relu", "Relu6",
    "Selu", "Sigmoid", "Silu", "Softplus", "Softsign", "Tanh",
}  # fmt: skip


def is_activation_operator(operation):
    """Whether an operation is an activation function that the model's builder called, not a layer.

    Args:
        operation: A layer or operation.

    Returns:
        True or False.

    Example:
        >>> images = keras.Input((4,))
        >>> is_activation_operator(keras.Model(images, keras.ops.relu(images)).operations[-1])
        True
    """
    return type(operation).__name__ in _OPERATORS and not isinstance(operation, layers.Layer)


@checked(pooling=flag)
def stages(model, pooling=True):
    """Names of the layers that end a stage of the network, to show their feature maps.

    A convolution with its normalization and activation is one stage, and pooling is one.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        pooling: Whether pooling counts.

    Returns:
        List of names of layers whose output has rows and columns, from the input on, `outer/inner` inside
        nested models.

    Raises:
        ModelError: If no layer has rows and columns.

    Example:
        >>> from models import ConvNet
        >>> from models.inspection import stages
        >>> stages(ConvNet())
        ['conv1', 'conv2', 'pool']
    """
    maps = [(path, layer_at(model, path)) for path in all_paths(model, operators=True)]
    maps = [(path, layer) for path, layer in maps if not is_graph(layer) and is_map(layer.output)]
    linear = keras.activations.linear

    def ends(layer):
        active = isinstance(layer, _STEPS) and getattr(layer, "activation", linear) is not linear
        active = active or isinstance(layer, _ACTIVATIONS) or is_activation_operator(layer)
        return active or (pooling and isinstance(layer, _POOLINGS))

    found = [path for path, layer in maps if ends(layer)]
    if not found:  # a linear network, or one of unknown layers
        found = [path for path, layer in maps if getattr(layer, "weights", ())] or [path for path, _ in maps]
    if not found:
        raise ModelError(f"No layer of {model.name} has rows and columns.")
    return ["/".join(path) for path in found]


def hidden_layer(model):
    """Name of the last hidden layer: the last one with a vector per image, before the output layer.

    Dropout does not count.

    Args:
        model: A Keras model of images, functional, sequential or nested.

    Returns:
        A name, `outer/inner` inside nested models; None where there is no such layer.

    Raises:
        ModelError: If no layer has trainable weights.

    Example:
        >>> from models import ConvNet
        >>> from models.inspection import hidden_layer
        >>> hidden_layer(ConvNet())
        'dense'
    """
    built_model("hidden_layer", "model", model)
    paths = list(all_paths(model))
    for path in reversed(paths[: paths.index(last_learning(model))]):
        layer = layer_at(model, path)
        vector = len(getattr(layer.output, "shape", ())) == 2
        if not is_graph(layer) and vector and not isinstance(layer, layers.Dropout):
            return "/".join(path)
    return None


def first_filters(model):
    """The weights of the first layer that takes pixels, as small images.

    Args:
        model: A Keras model of images, functional, sequential or nested.

    Returns:
        (name of the layer, array (filters, height, width, channels)). Of a dense layer, each
        neuron's weights in the shape of the image.

    Raises:
        ModelError: If the model does not begin with a convolution or a dense layer on the flattened image.

    Example:
        >>> from models import ConvNet
        >>> from models.inspection import first_filters
        >>> name, filters = first_filters(ConvNet())
        >>> name, filters.shape
        ('conv1', (16, 5, 5, 1))
    """
    built_model("first_filters", "model", model)
    for path in all_paths(model):
        layer = layer_at(model, path)
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            return "/".join(path), ops.convert_to_numpy(layer.kernel).transpose(3, 0, 1, 2)
        if isinstance(layer, layers.SeparableConv2D):
            return "/".join(path), ops.convert_to_numpy(layer.depthwise_kernel).transpose(3, 0, 1, 2)
        if isinstance(layer, layers.Dense):
            image = model.inputs[0].shape[1:]
            if None not in image and layer.kernel.shape[0] == math.prod(image):
                return "/".join(path), ops.convert_to_numpy(layer.kernel).T.reshape(-1, *image)
            break
    raise ModelError(
        f"{model.name} does not begin with a convolution or a dense layer on the flattened image, whose "
        "weights would be small images."
    )


def is_map(tensor):
    """Whether a tensor has rows and columns.

    Args:
        tensor: Anything.

    Returns:
        True or False.

    Example:
        >>> is_map(keras.Input((8, 8, 3))), is_map(keras.Input((8,)))
        (True, False)
    """
    return len(getattr(tensor, "shape", ())) == 4
