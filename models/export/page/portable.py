"""A Keras model as plain data: what a program that has no Keras needs to run it.

`portable` goes through the graph of a model of images, nested models included, and writes down one node
for each step of the computation: what it computes, from which nodes' outputs, and with which weights.
The modules in `engine/` read this and run it in a browser. What they cannot compute becomes a closed box:
a node whose values Keras computed for some examples.
"""

import keras
import numpy as np

from ...errors import ModelError
from ...inspection.graphs import is_graph
from ..precision import rounded_weights
from ..weight_bytes import WeightBytes
from .ends import SMALLEST, checked_output, for_all, image_sides, other_values, picture_input
from .moving_steps import MOVERS, gathered, moved
from .operator_steps import steps_of
from .skeleton import digest
from .sound_steps import sound_input, spectrogram_layers
from .step import Call, Step, Unknown, is_tensor, numbers

VALUES_AT_ONCE = 1 << 20  # of the images whose closed boxes are computed together


def portable(
    model,
    image_size=None,
    examples=(),
    output=None,
    other_inputs=None,
    precision="float32",
    sampling_rate=None,
):
    """Write a model of images, or of sounds, down as plain data, weights included.

    Layers of nested models come as nodes of the one list. A layer that is called twice makes two
    nodes. So do a separable convolution, and a resizing that crops or pads.

    Args:
        model: A built functional or sequential model with an image as input, (height, width, 1 to 4),
            (1 to 4, height, width) or (height, width), and as output one number for each class, a number,
            or an image.
        image_size: Height and width of the images, a number or a pair, where the model leaves
            them open; None for the model's, or for the size that its first layer resizes to.
        examples: Array (n, height, width, channels) of images in the model's range, for which the outputs of
            layers that the page cannot compute are recorded; n may be 0.
        output: Name of the output to show, of a model that has several; None for the first that has
            one number for each class.
        other_inputs: Values of the model's other inputs for the examples: {name: array (n, ...)}. Inputs
            of up to 12 numbers may be left out.
        precision: As what weights are written: "float32", "float16", or "int8" with a scale for each output
            channel of kernels. What computes spectrograms stays float32.
        sampling_rate: Samples a second, of a model of sounds: it takes waveforms, (samples,) or
            (samples, 1), which are images of one row here, (1, samples, 1). None for a model of images.

    Returns:
        A dict that `json.dumps` takes: "name", and "nodes", a list in an order in which each node
        comes after those it needs. Each has "id" (its place in the list), "name", "path" (names
        from the outermost model's layer inwards), "type" (Keras's class), "kind" (see `Step`),
        "inputs" (ids), "shape" (of its output for one image), "config", and "weights": {name:
        {"shape", "type" ("float32", or "float16" where that holds the same numbers), "start"}}, as
        `WeightBytes` returns them.
        "weights" are the bytes of all of them, compressed (zlib), in base64; each weight's begin
        at "start". A node of the kind "recorded" has the weight "values", (n, ...), and says in its
        config under "reason" why it is not computed.

    Raises:
        ModelError: If it is no such model, or has no such output.

    Example:
        >>> from models import LeNet5
        >>> plain = portable(LeNet5())
        >>> [node["kind"] for node in plain["nodes"]][:4]
        ['input', 'rescale', 'conv', 'pool']
        >>> plain["nodes"][2]["weights"]["kernel"]["shape"]
        [5, 5, 1, 6]
    """
    settings = image_size, examples, output, other_inputs, precision, sampling_rate
    return portable_with_places(model, *settings)[0]


def portable_with_places(
    model,
    image_size=None,
    examples=(),
    output=None,
    other_inputs=None,
    precision="float32",
    sampling_rate=None,
):
    """What `portable` writes down, and where each weight is in it.

    Args:
        model, image_size, examples, output: As for `portable`.
        other_inputs, precision, sampling_rate: As for `portable`.

    Returns:
        (what `portable` returns, {`skeleton.digest` of a weight as the page has it: (id of a node, its name
        there)}).

    Raises:
        ModelError: As `portable` does.

    Example:
        >>> from models import LeNet5
        >>> from .skeleton import digest
        >>> model = LeNet5()
        >>> _, places = portable_with_places(model)
        >>> places[digest(numbers(model.get_layer("c1").kernel))]
        (2, 'kernel')
    """
    picture = picture_input(model) if sampling_rate is None else sound_input(model)
    model = checked_output(model, output)
    with rounded_weights(model, precision, but=spectrogram_layers(model)):
        return _written(model, picture, image_size, examples, other_inputs, precision, sampling_rate)


def _written(model, picture, image_size, examples, other_inputs, precision, sampling_rate):
    """A model that has the weights of the page, as `portable_with_places` returns it."""
    sides = image_sides(model, picture, image_size)
    examples = np.reshape(examples, (-1, *sides))
    others = other_values(model, picture, other_inputs, len(examples))
    walk = _Walk(precision, sampling_rate)
    given = walk.begin(model, picture, sides, others)
    try:
        (last,) = walk.through(model, given, ())
    except ValueError as error:
        fixed = model.inputs[picture.place].shape[1:] == picture.taken(sides)
        if isinstance(error, ModelError) or fixed:
            raise
        raise ModelError(f"{model.name} cannot work on {sides[0]} x {sides[1]} pixels; use more.") from error
    walk.end(last, model.outputs[0])
    values = [others.get(place) for place in range(len(given))]
    values[picture.place] = np.moveaxis(examples, -1, 1) if picture.layout == "first" else examples
    values[picture.place] = values[picture.place].reshape(-1, *picture.taken(sides))
    walk.finish(model, [for_all(each, len(examples)) for each in values])
    plain = {
        "name": model.name,
        "nodes": walk.nodes,
        "weights": walk.weights.text(),
    }
    return plain, walk.places


class _Walk:
    """The nodes that were found so far in the graph of a model.

    Attributes:
        nodes: As `portable` returns them.
        weights: All weights, a `WeightBytes`. A backbone may be called for several image sizes.
        places: For each weight, by its digest, where it is: (id of a node, name).
    """

    def __init__(self, precision, sampling_rate=None):
        self.sampling_rate = sampling_rate
        self.nodes, self.weights, self.places = [], WeightBytes(precision), {}
        self._makers, self._kept = {}, []
        self._pictures = set()  # tensors (rows, columns) that are pictures, not lists of vectors
        self._boxes = []  # for each closed box (node, which call of all, which of its outputs)
        self._calls = 0

    def begin(self, model, picture, sides, others):
        """Add the inputs, the picture first; returns a tensor for each of the model's inputs."""
        wanted = model.inputs[picture.place]
        images = keras.Input(picture.taken(sides), name="images", dtype=wanted.dtype)
        config = {} if self.sampling_rate is None else {"sampling_rate": self.sampling_rate}
        first = self.add("InputLayer", wanted.name, (wanted.name,), [], sides, Step("input", config, {}))
        if picture.layout == "first":
            places = np.moveaxis(np.arange(np.prod(sides)).reshape(sides), -1, 0)
            name = f"{wanted.name} (channels first)"
            step = gathered(places, places.size)
            first = self.add("Permute", name, (wanted.name, name), [first], picture.taken(sides), step)
        if picture.layout == "samples":
            first = self._taken(first, picture.taken(sides), "samples", (wanted.name,))
        self.remember(images, first, picture=picture.layout == "rows")
        given = []
        for place, each in enumerate(model.inputs):
            if place == picture.place:
                given.append(images)
                continue
            shape = tuple(each.shape[1:])
            given.append(keras.Input(shape, name=f"other_{place}", dtype=each.dtype))
            step = Step("input", {"other": True}, {"values": others[place].reshape(-1, int(np.prod(shape)))})
            node = self.add("InputLayer", each.name, (each.name,), [], _page_shape(shape), step)
            self.remember(given[-1], node)
        return given

    def end(self, last, tensor):
        """Let the node of the output be the last one; a picture (rows, columns) has one channel."""
        shape = tuple(self.nodes[last]["shape"])
        rows = len(tensor.shape) == 3 and shape[0] == 1
        wanted = (*shape[1:], 1) if rows and min(shape[1:]) >= SMALLEST else shape
        if last != len(self.nodes) - 1 or wanted != shape:
            self.add("Identity", "output", ("output",), [last], wanted, Step("copy", {}, {}))

    def through(self, model, inputs, path):
        """Go through one model, whose inputs are these tensors; returns the ids of the outputs' nodes."""

        def call(operation, *args, **kwargs):
            tensors = [each for each in keras.tree.flatten((args, kwargs)) if is_tensor(each)]
            result = operation(*args, **kwargs)
            here = (*path, operation.name)
            if is_graph(operation):
                copies = [keras.Input(each.shape[1:], dtype=each.dtype) for each in tensors]
                for copy, tensor in zip(copies, tensors, strict=True):
                    self.remember(copy, self._makers[id(tensor)], id(tensor) in self._pictures)
                found = self.through(operation, copies, here)
                for each, node in zip(keras.tree.flatten(result), found, strict=True):
                    self.remember(each, node)
            else:
                self._step(operation, tensors, args, kwargs, result, here)
            return result

        walked = _walked(model, inputs, call)
        return [self._makers[id(each)] for each in walked.outputs]

    def remember(self, tensor, node, picture=False):
        """Note which node's output a tensor is, and whether one of (rows, columns) is a picture."""
        self._makers[id(tensor)] = node
        self._kept.append(tensor)  # so that no other tensor gets its id
        if picture:
            self._pictures.add(id(tensor))

    def _step(self, operation, tensors, args, kwargs, result, path):
        turn, self._calls = self._calls, self._calls + 1
        results = [each for each in keras.tree.flatten(result) if is_tensor(each)]
        if any(None in each.shape[1:] for each in results):
            raise ModelError(f"{'/'.join(path)} ({type(operation).__name__}) has an output of any size.")
        if any(0 in each.shape[1:] for each in results):
            raise ModelError(f"{'/'.join(path)} ({type(operation).__name__}) has an output without values.")
        inputs = [self._makers[id(tensor)] for tensor in tensors]
        picture = len(results) == 1 and self._stays_picture(operation, tensors, args, results[0])
        try:
            several = self._steps(operation, tensors, args, kwargs, results, picture)
            if not all(
                map(_is_finite, keras.tree.flatten([step.config for each in several for step in each]))
            ):
                raise Unknown("has a setting that is no finite number")
        except Unknown as reason:
            box = {"reason": str(reason)}
            several = [[Step("recorded", dict(box), {})] for _ in results]
        if not picture and several[0][0].kind not in ("copy", "recorded"):
            inputs = [self._as_rows(*each, path) for each in enumerate(zip(inputs, tensors, strict=True))]
        for part, (made, steps) in enumerate(zip(results, several, strict=True)):
            here, named = inputs, {}
            for step in steps:
                taken = [inputs[each] if isinstance(each, int) else named[each] for each in step.of]
                taken = [] if step.kind == "constant" else self._taken_by(step, taken or here, path)
                name = f"{operation.name} ({step.part})" if step.part else operation.name
                name = f"{name} ({part})" if len(results) > 1 else name
                place = (*path, step.part) if step.part else path
                shape = step.shape or (self._sides(tensors[0]) if picture else _page_shape(made.shape[1:]))
                here = [self.add(type(operation).__name__, name, place, taken, shape, step)]
                named[step.part] = here[0]
            if steps[-1].kind == "recorded":
                self._boxes.append((here[0], turn, part))
            self.remember(made, here[0], picture)

    def _steps(self, operation, tensors, args, kwargs, results, picture):
        """For each output the steps to it."""
        shape = _page_shape(results[0].shape[1:]) if results else ()
        shapes = [self._sides(each) if picture else _page_shape(each.shape[1:]) for each in tensors]
        ranks = tuple(3 if picture else len(each.shape) - 1 for each in tensors)
        call = Call(operation, shapes, shapes[0] if picture else shape, args, kwargs, ranks)
        odd = [len(each.shape) not in (2, 3, 4) for each in (*tensors, *results)]
        if len(results) == 1 and type(operation).__name__ not in MOVERS:
            steps = steps_of(call)
            if any(odd) and steps != [Step("copy", {}, {})]:
                raise Unknown("has more than three axes")
            return [steps]
        if type(operation).__name__ in MOVERS:
            return moved(call)
        raise Unknown("has several outputs")

    def _sides(self, tensor):
        """Shape of a tensor for the page: (rows, columns) of a picture are a map."""
        sides = tuple(tensor.shape[1:])
        return (*sides, 1) if id(tensor) in self._pictures else _page_shape(sides)

    def _stays_picture(self, operation, tensors, args, result):
        """Whether pixels of a picture (rows, columns) are changed one by one, all in the same way."""
        if len(tensors) != 1 or id(tensors[0]) not in self._pictures or result.shape != tensors[0].shape:
            return False
        settings = [*args[1:], getattr(operation, "scale", 1), getattr(operation, "offset", 0)]
        one_by_one = "softmax" not in getattr(getattr(operation, "activation", None), "__name__", "")
        alike = all(is_tensor(each) or np.size(each) == 1 for each in settings)
        return type(operation).__name__ in PIXELWISE and one_by_one and alike

    def _taken_by(self, step, nodes, path):
        """The nodes in the shapes in which a step takes them."""
        several = step.takes and isinstance(step.takes[0], tuple)
        shapes = step.takes if several else [step.takes] * len(nodes)
        part = f"{step.part}, input" if step.part else "input"
        return [
            self._taken(node, shape, f"{part} {n}", path)
            for n, (node, shape) in enumerate(zip(nodes, shapes, strict=True))
        ]

    def _as_rows(self, n, taken, path):
        """The node of an input; of a picture (rows, columns), a copy as a list of its rows."""
        node, tensor = taken
        rows = _page_shape(tensor.shape[1:]) if id(tensor) in self._pictures else ()
        return self._taken(node, rows, f"input {n}", path)

    def _taken(self, node, shape, part, path):
        """The node itself, or a copy of the shape in which a step takes it."""
        if not shape or tuple(self.nodes[node]["shape"]) == shape:
            return node
        name = f"{path[-1]} ({part})"
        return self.add("Reshape", name, (*path, part), [node], shape, Step("copy", {}, {}))

    def add(self, kind, name, path, inputs, shape, step):
        """Add a node; returns its id."""
        node = {
            "id": len(self.nodes),
            "name": name,
            "path": list(path),
            "type": kind,
            "kind": step.kind,
            "inputs": inputs,
            "shape": list(shape),
            "config": step.config,
            "weights": {
                key: self._store(value, (len(self.nodes), key))
                for key, value in step.weights.items()
                if value is not None
            },
        }
        self.nodes.append(node)
        return node["id"]

    def finish(self, model, examples):
        """Put the closed boxes' values for some examples down; these are an array for each input."""
        if not self._boxes:
            return
        wanted = {(turn, part) for _, turn, part in self._boxes}
        at_once = max(1, VALUES_AT_ONCE // max(1, sum(each[:1].size for each in examples)))
        parts = [
            _recorded(model, [each[first : first + at_once] for each in examples], wanted)
            for first in range(0, len(examples[0]), at_once)
        ]
        for node, turn, part in self._boxes:
            shape = self.nodes[node]["shape"]
            values = [each[turn, part].reshape(-1, *shape) for each in parts]
            values = np.concatenate(values) if values else np.zeros((0, *shape))
            self.nodes[node]["weights"]["values"] = self._store(values)

    def _store(self, weight, place=None):
        """Append a weight's numbers to the bytes; returns where and in which type they are there."""
        array = numbers(weight)
        if place and array.dtype == np.float32:
            self.places.setdefault(digest(array), place)
        return self.weights.add(array.astype("float32"))


# Layers and operations that change each pixel alike, so that a picture (rows, columns) stays one
PIXELWISE = (
    "Rescaling", "Activation", "ReLU", "LeakyReLU", "Identity", "Dropout", "GaussianNoise", "Cast", "Add",
    "Subtract", "Multiply", "Divide", "TrueDivide",
)  # fmt: skip


def _is_finite(setting):
    """Whether JSON can hold a setting: it knows neither NaN nor infinity."""
    return not isinstance(setting, (float, np.floating)) or bool(np.isfinite(setting))


def _page_shape(sides):
    """A shape as the page holds it: (n,) or (rows, columns, channels); more axes are all in a row."""
    sides = tuple(sides)
    if len(sides) in (1, 3):
        return sides
    return (1, *sides) if len(sides) == 2 else (int(np.prod(sides)),)


def _walked(model, inputs, call):
    """A copy of a model's graph from these inputs on, each layer or operation called by `call`."""
    taken, given = (each if len(each) > 1 else each[0] for each in (model.inputs, inputs))
    graph = keras.Model(taken, model.outputs)  # a sequential model has none to walk
    return keras.models.clone_model(graph, given, clone_function=lambda each: each, call_function=call)


def _recorded(model, images, wanted):
    """What calls return, from an array for each input: {(call, output): array}, counted as by `_Walk`."""
    found, calls, kept = {}, 0, []

    def follow(model, inputs, values):
        held = {id(each): value for each, value in zip(inputs, values, strict=True)}
        kept.append(inputs)

        def call(operation, *args, **kwargs):
            nonlocal calls
            result = operation(*args, **kwargs)
            kept.append(result)
            real = keras.tree.map_structure(lambda each: held.get(id(each), each), (args, kwargs))
            if is_graph(operation):
                tensors = [each for each in keras.tree.flatten((args, kwargs)) if is_tensor(each)]
                copies = [keras.Input(each.shape[1:], dtype=each.dtype) for each in tensors]
                made = follow(operation, copies, [held[id(each)] for each in tensors])
            else:
                made = keras.tree.flatten(operation(*real[0], **real[1]))
                for part, value in enumerate(made):
                    if (calls, part) in wanted:
                        found[calls, part] = numbers(value)
                calls += 1
            held.update({id(one): value for one, value in zip(keras.tree.flatten(result), made, strict=True)})
            return result

        return [held[id(each)] for each in _walked(model, inputs, call).outputs]

    values = [keras.ops.cast(each, taken.dtype) for each, taken in zip(images, model.inputs, strict=True)]
    given = [
        keras.Input(value.shape[1:], dtype=taken.dtype)
        for value, taken in zip(values, model.inputs, strict=True)
    ]
    follow(model, given, values)
    return found
