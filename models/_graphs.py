"""Find layers in models inside models, and take what they pass on."""

import math

import keras
from keras import layers

from models._errors import ModelError

BEFORE = object()  # ends a path that asks for what goes into a layer


def opened(model, paths, scores=False):
    """The same network with more outputs: what chosen layers pass on, inside nested models too.

    A nested model is one step in the graph of the outer one, and what its layers pass on belongs to
    a graph of its own, so that no model can be made from the outer input to an inner output. Here
    the outer graph is walked again, with each nested model in it replaced by its opened self. Layers
    and weights are shared: nothing is copied, and what the network computes stays what it was.

    From an input to a layer is `keras.Model(opened.inputs, opened.outputs[k])`. From a layer on to
    the answer: both are outputs of one call, so that inside a `GradientTape` the gradient of the last
    output with respect to any other is that of the network's second half. Skip connections that lead
    past the layer are no obstacle.

    Args:
        model: A built functional or sequential model.
        paths: Tuples of names, from the outermost model's layer inwards, as `all_paths` lists them,
            or such a path and BEFORE. A layer that is called several times gives what it passes on
            in the last call.
        scores: Whether to leave out the softmax or sigmoid at the end.

    Returns:
        A model with the outputs [what each path passes on, ..., the answer or the scores].
    """
    passed = {}

    def call(layer, *args, **kwargs):
        inner = [path[1:] for path in paths if path[0] == layer.name and path[1:] not in ((), (BEFORE,))]
        if inner or (layer is last and is_graph(layer)):
            *found, result = opened(layer, inner, layer is last)(*args, **kwargs)
            passed.update({(layer.name, *path): value for path, value in zip(inner, found, strict=True)})
        else:
            result = _score(layer, *args, **kwargs) if layer is last else layer(*args, **kwargs)
        passed[(layer.name,)] = result
        passed[(layer.name, BEFORE)] = args[0] if args else None
        return result

    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    graph = keras.Model(inputs, model.outputs[0])  # a sequential model has none to walk
    last = graph.operations[-1] if scores else None  # the one that gives the answer
    walked = keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=call)
    return keras.Model(walked.input, [*(passed[path] for path in paths), walked.output])


SQUASHES = {keras.activations.softmax: "softmax", keras.activations.sigmoid: "sigmoid"}


def _score(layer, inputs, **kwargs):
    """What a last layer computes, without a softmax or sigmoid at its end."""
    if isinstance(layer, layers.Softmax) or getattr(layer, "activation", None) in SQUASHES:
        scores = before_activation(layer, inputs)
        if scores is not None:
            return scores
    return layer(inputs, **kwargs)


def before_activation(layer, inputs):
    """What a layer computes before its own activation; None where that is not known of such a layer."""
    if isinstance(layer, (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax)):
        return inputs
    if isinstance(layer, layers.Dense):
        values = keras.ops.matmul(inputs, layer.kernel)
    elif type(layer) is layers.Conv2D and layer.data_format == "channels_last":
        values = keras.ops.conv(
            inputs, layer.kernel, list(layer.strides), layer.padding, dilation_rate=layer.dilation_rate
        )
    else:
        return None
    return values if layer.bias is None else values + layer.bias


def all_paths(model):
    """Paths to all layers but inputs, from input to output, nested models before their own layers."""
    for layer in model.layers:
        if not isinstance(layer, layers.InputLayer):
            yield (layer.name,)
            if is_graph(layer):
                yield from ((layer.name, *path) for path in all_paths(layer))


def layer_at(model, path):
    """The layer that a path leads to."""
    for name in path:
        model = model.get_layer(name)
    return model


def find(model, name):
    """The path to a layer: the outermost of that name, or the one that `outer/inner` spells out."""
    paths = list(all_paths(model))
    wanted = tuple(str(name).split("/"))
    found = [path for path in paths if path[-len(wanted) :] == wanted]
    if not found:
        known = ", ".join(dict.fromkeys(path[-1] for path in paths))
        raise ModelError(f"{model.name} has no layer {name!r}; it has {known}.")
    return min(found, key=len)


def last_map(model):
    """The path to the last layer that has more than one pixel."""
    for path in reversed(list(all_paths(model))):
        layer = layer_at(model, path)
        if not is_graph(layer) and is_map(layer.output) and layer.output.shape[1:3] != (1, 1):
            return path
    raise ModelError(f"No layer of {model.name} has rows and columns.")


def last_learning(model):
    """The path to the last layer that has weights to learn."""
    for path in reversed(list(all_paths(model))):
        layer = layer_at(model, path)
        if not is_graph(layer) and not isinstance(layer, layers.BatchNormalization) and layer.weights:
            return path
    raise ModelError(f"No layer of {model.name} learns anything.")


_STEPS = (
    layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose,
)  # fmt: skip
_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)
_POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)


def stages(model, pooling=True):
    """Names of the layers that end a stage of the network: what looks worth a figure, from the input on.

    A convolution and what normalizes and activates it are one stage, and pooling is one.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        pooling: Whether pooling counts.

    Returns:
        List of names of layers whose output has rows and columns, `outer/inner` inside nested models.

    Raises:
        ModelError: If no layer has rows and columns.
    """
    maps = [(path, layer_at(model, path)) for path in all_paths(model)]
    maps = [(path, layer) for path, layer in maps if not is_graph(layer) and is_map(layer.output)]
    linear = keras.activations.linear

    def ends(layer):
        active = isinstance(layer, _STEPS) and getattr(layer, "activation", linear) is not linear
        return active or isinstance(layer, _ACTIVATIONS) or (pooling and isinstance(layer, _POOLINGS))

    found = [path for path, layer in maps if ends(layer)]
    if not found:  # a linear network, or one of layers unknown here
        found = [path for path, layer in maps if layer.weights] or [path for path, _ in maps]
    if not found:
        raise ModelError(f"No layer of {model.name} has rows and columns.")
    return ["/".join(path) for path in found]


def hidden_layer(model):
    """Name of the last layer of neurons before the answer: the last to give a vector, dropout aside.

    Returns:
        A name, `outer/inner` inside nested models; None where there is no such layer.
    """
    paths = list(all_paths(model))
    for path in reversed(paths[: paths.index(last_learning(model))]):
        layer = layer_at(model, path)
        vector = len(getattr(layer.output, "shape", ())) == 2
        if not is_graph(layer) and vector and not isinstance(layer, layers.Dropout):
            return "/".join(path)
    return None


def first_filters(model):
    """The weights of the first layer that sees pixels, as small images.

    Args:
        model: A Keras model of images, functional, sequential or nested.

    Returns:
        (name of the layer, tensor (filters, height, width, channels)). Of a dense layer, each
        neuron's weights in the shape of the image.

    Raises:
        ModelError: If neither a convolution nor a dense layer on the flattened image is there.
    """
    for path in all_paths(model):
        layer = layer_at(model, path)
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            return "/".join(path), keras.ops.transpose(layer.kernel, (3, 0, 1, 2))
        if isinstance(layer, layers.SeparableConv2D):
            return "/".join(path), keras.ops.transpose(layer.depthwise_kernel, (3, 0, 1, 2))
        if isinstance(layer, layers.Dense):
            image = model.inputs[0].shape[1:]
            if None not in image and layer.kernel.shape[0] == math.prod(image):
                return "/".join(path), keras.ops.reshape(keras.ops.transpose(layer.kernel), (-1, *image))
            break
    raise ModelError(f"{model.name} begins with no layer whose weights are small images.")


def is_graph(layer):
    """Whether a layer is a functional or sequential model that has been built."""
    return isinstance(layer, keras.Model) and bool(getattr(layer, "outputs", None))


def is_map(tensor):
    """Whether a tensor has rows and columns."""
    return len(getattr(tensor, "shape", ())) == 4
