"""Look into a trained model: what its outputs depend on. Needs TensorFlow's gradients."""

import bisect
from itertools import accumulate

import keras
import tensorflow as tf
from keras import layers

from models._errors import ModelError

AT_ONCE = 16  # images whose activations are held together, where a gradient needs all of them


def input_gradient(model, images, layer, position=None, channel=None):
    """The gradient of one output pixel of a layer with respect to the input pixels.

    Args:
        model: A Keras model of images.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of the layer.
        position: (row, column) of the pixel in the layer's output; None where the output has
            no rows and columns.
        channel: Feature to take, one for all images or an array (n,) of one for each; None for
            the sum of all features.

    Returns:
        Array of the images' shape, float32: for each image, by how much the output changes
        with each of its pixels.

    Raises:
        ModelError: If there is no such layer, pixel or channel.
    """
    shape = _output_shape(model, layer)[1:]
    until = keras.Model(model.inputs[0], model.get_layer(layer).output)
    place = tuple(position or ())
    fits = len(place) == len(shape) - 1 and all(0 <= p < side for p, side in zip(place, shape, strict=False))
    channels = [] if channel is None else keras.ops.convert_to_numpy(channel).ravel()
    if not fits or not all(0 <= each < shape[-1] for each in channels):
        raise ModelError(f"{layer} has the shape {shape}: no position {position} with channel {channel}.")
    images = tf.convert_to_tensor(images, "float32")
    with tf.GradientTape() as tape:
        tape.watch(images)
        values = until(images, training=False)[(slice(None), *place)]  # (n, features)
        if channel is not None:
            values = tf.gather(values, tf.broadcast_to(channel, values.shape[:1]), axis=1, batch_dims=1)
    return tape.gradient(values, images, unconnected_gradients="zero").numpy()


def linear_probe(model):
    """A copy of a model in which every pixel that an output depends on shows in its gradient.

    A ReLU that is off or a maximum that another pixel won hides pixels, and weights may cancel
    each other. So activations become linear, maxima averages, and all weights 1.

    Args:
        model: A Keras model.

    Returns:
        An uncompiled model with the same layers' names, shapes and windows.
    """

    def probe(layer):
        config = layer.get_config()
        if isinstance(layer, layers.MaxPooling2D):
            return layers.AveragePooling2D.from_config(config)
        if isinstance(layer, layers.GlobalMaxPooling2D):
            return layers.GlobalAveragePooling2D.from_config(config)
        if isinstance(layer, (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU, layers.Softmax)):
            return layers.Identity(name=layer.name)
        if "activation" in config:
            config["activation"] = "linear"
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=probe)
    for variable in copy.trainable_variables:
        variable.assign(keras.ops.ones(variable.shape))
    return copy


def effective_field(model, images, layer, position=None, seed=0):
    """How much each input pixel matters for one output pixel: the effective receptive field.

    Most pixels of a receptive field hardly matter. This is the mean size of the gradient over
    images, of one feature for each image, drawn by chance so that features cannot cancel out.

    Args:
        model: A Keras model of images.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of a layer whose output has rows and columns.
        position: (row, column) of the pixel in the layer's output; None for the middle one.
        seed: Draws the features.

    Returns:
        Array (height, width) of shares, which sum to 1.

    Raises:
        ModelError: If there is no such layer or pixel, or all gradients are 0.

    Reference:
        Luo et al., Understanding the effective receptive field in deep convolutional neural
        networks, 2016.
    """
    _, *sides, features = _output_shape(model, layer)
    if len(sides) != 2:
        raise ModelError(f"The output of {layer} has no rows and columns.")
    position = tuple(side // 2 for side in sides) if position is None else position
    drawn = keras.random.randint((len(images),), 0, features, seed=keras.random.SeedGenerator(seed))
    mass = abs(input_gradient(model, images, layer, position, drawn)).mean(0).sum(-1)
    if not mass.sum() > 0:
        raise ModelError(f"{layer} at {position} depends on no pixel of these {len(images)} images.")
    return mass / mass.sum()


def _output_shape(model, layer):
    known = {each.name: each for each in model.layers}
    if layer not in known:
        raise ModelError(f"{model.name} has no layer {layer!r}; it has {', '.join(known)}.")
    return known[layer].output.shape


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
    if not _is_graph(model) or len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        raise ModelError(f"{model.name} does not answer with one number a class, so it has no Grad-CAM.")
    units = model.outputs[0].shape[-1]
    classes = keras.ops.convert_to_numpy(class_index).ravel()
    if len(classes) not in (1, len(images)) or not all(0 <= each < max(2, units) for each in classes):
        raise ModelError(
            f"{model.name} tells {max(2, units)} classes, from 0 on; it cannot look for {class_index} "
            f"in {len(images)} images."
        )
    path = _last_map(model) if layer is None else _find(model, layer)
    opened = _opened(model, [path], scores=True)
    if not _is_map(opened.outputs[0]):
        raise ModelError(f"The output of {layer} has no rows and columns.")
    wanted = tf.broadcast_to(tf.constant(classes, "int32"), [len(images)])
    maps = [
        _class_maps(opened, images[n : n + AT_ONCE], wanted[n : n + AT_ONCE])
        for n in range(0, len(images), AT_ONCE)
    ]
    return tf.concat(maps, 0).numpy()


def _class_maps(opened, images, wanted):
    images = tf.convert_to_tensor(images, "float32")
    with tf.GradientTape() as tape:
        tape.watch([images, *(weight.value for weight in opened.weights)])
        features, scores = opened(images, training=False)
        if scores.shape[-1] == 1:  # one neuron: it speaks for class 1, and its opposite for class 0
            scores = tf.concat([-scores, scores], -1)
        chosen = tf.gather(scores, wanted, axis=1, batch_dims=1)
    slopes = tape.gradient(chosen, features, unconnected_gradients="zero")
    weights = tf.reduce_mean(slopes, (1, 2), keepdims=True)  # (n, 1, 1, features)
    heat = tf.cast(tf.nn.relu(tf.reduce_sum(weights * features, -1)), "float32")
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat, (1, 2), keepdims=True))


def _opened(model, paths, scores=False):
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
        paths: Tuples of names, from the outermost model's layer inwards, as `_all_paths` lists them.
            A layer that is called several times gives what it passes on in the last call.
        scores: Whether to leave out the softmax or sigmoid at the end.

    Returns:
        A model with the outputs [what each path passes on, ..., the answer or the scores].
    """
    passed = {}

    def call(layer, *args, **kwargs):
        inner = [path[1:] for path in paths if path[0] == layer.name and len(path) > 1]
        if inner or (layer is last and _is_graph(layer)):
            *found, result = _opened(layer, inner, layer is last)(*args, **kwargs)
            passed.update({(layer.name, *path): value for path, value in zip(inner, found, strict=True)})
        else:
            result = _score(layer, *args, **kwargs) if layer is last else layer(*args, **kwargs)
        passed[(layer.name,)] = result
        return result

    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    graph = keras.Model(inputs, model.outputs[0])  # a sequential model has none to walk
    last = graph.operations[-1] if scores else None  # the one that gives the answer
    walked = keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=call)
    return keras.Model(walked.input, [*(passed[path] for path in paths), walked.output])


def _score(layer, inputs, **kwargs):
    """What a last layer computes, without a softmax or sigmoid at its end."""
    squashes = {keras.activations.softmax, keras.activations.sigmoid}
    if isinstance(layer, layers.Softmax) or getattr(layer, "activation", None) in squashes:
        if isinstance(layer, (layers.Softmax, layers.Activation)):
            return inputs
        if isinstance(layer, layers.Dense):
            scores = keras.ops.matmul(inputs, layer.kernel)
            return scores + layer.bias if layer.use_bias else scores
    return layer(inputs, **kwargs)


def _all_paths(model):
    """Paths to all layers but inputs, from input to output, nested models before their own layers."""
    for layer in model.layers:
        if not isinstance(layer, layers.InputLayer):
            yield (layer.name,)
            if _is_graph(layer):
                yield from ((layer.name, *path) for path in _all_paths(layer))


def _layer_at(model, path):
    for name in path:
        model = model.get_layer(name)
    return model


def _find(model, name):
    """The path to a layer: the outermost of that name."""
    paths = list(_all_paths(model))
    found = [path for path in paths if path[-1] == name]
    if not found:
        known = ", ".join(dict.fromkeys(path[-1] for path in paths))
        raise ModelError(f"{model.name} has no layer {name!r}; it has {known}.")
    return min(found, key=len)


def _last_map(model):
    """The path to the last layer that has more than one pixel."""
    for path in reversed(list(_all_paths(model))):
        layer = _layer_at(model, path)
        if not _is_graph(layer) and _is_map(layer.output) and layer.output.shape[1:3] != (1, 1):
            return path
    raise ModelError(f"No layer of {model.name} has rows and columns.")


def _is_graph(layer):
    """Whether a layer is a functional or sequential model that has been built."""
    return isinstance(layer, keras.Model) and bool(getattr(layer, "outputs", None))


def _is_map(tensor):
    return len(getattr(tensor, "shape", ())) == 4


def pixels_holding(mass, share=0.9):
    """How many pixels hold a share of the mass, the heaviest first.

    Args:
        mass: Array (height, width), not negative.
        share: Share of its sum, above 0 and at most 1.

    Returns:
        Number of pixels, an int.
    """
    sums = list(accumulate(sorted(mass.ravel().tolist(), reverse=True)))
    return bisect.bisect_left(sums, share * sums[-1]) + 1
