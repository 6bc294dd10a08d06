"""A Keras model as plain data: what a program that has no Keras needs to run it.

`portable` goes through the graph of a model of images, nested models included, and writes down one node
for each step of the computation: what it computes, from which nodes' outputs, and with which weights.
The modules in `engine/` read this and run it in a browser. What they cannot compute becomes a closed box:
a node whose values Keras computed for some examples.
"""

import keras
import numpy as np
from keras import layers

from ...checks.arguments import shown, whole
from ...errors import ModelError
from ...inspection.graphs import is_graph
from ...inspection.outputs import with_one_output
from ..weight_bytes import WeightBytes
from .operator_steps import MOVERS, moved, steps_of
from .step import Call, Step, Unknown, is_tensor, numbers

VALUES_AT_ONCE = 1 << 20  # of the images whose closed boxes are computed together


def portable(model, image_size=None, examples=(), output=None):
    """Write a model of images down as plain data, weights included.

    Layers of nested models come as nodes of the one list. A layer that is called twice makes two
    nodes. So do a separable convolution, and a resizing that crops or pads.

    Args:
        model: A built functional or sequential model with one image as input, (height, width, 1
            or 3) or (height, width), and an output of one number for each class, or of one number.
        image_size: Height and width of the images, a number or a pair, where the model leaves
            them open; None for the model's, or for the size that its first layer resizes to.
        examples: Array (n, height, width, channels) of images in the model's range, for which the outputs of
            layers that the page cannot compute are recorded; n may be 0.
        output: Name of the output to show, of a model that has several; None for the first that has
            one number for each class.

    Returns:
        A dict that `json.dumps` takes: "name", and "nodes", a list in an order in which each node
        comes after those it needs. Each has "id" (its place in the list), "name", "path" (names
        from the outermost model's layer inwards), "type" (Keras's class), "kind" (see `Step`),
        "inputs" (ids), "shape" (of its output for one image), "config", and "weights": {name:
        {"shape", "type" ("float32", or "float16" where that holds the same numbers), "start"}}.
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
    model = _with_classes(model, output)
    image = _image_shape(model, image_size)
    taken = image if len(model.inputs[0].shape) == 4 else image[:2]
    walk = _Walk()
    images = keras.Input(taken, name="images", dtype=model.inputs[0].dtype)
    name = model.inputs[0].name
    first = walk.add("InputLayer", name, (name,), [], image, Step("input", {}, {}))
    walk.remember(images, first, picture=len(taken) == 2)
    try:
        walk.through(model, [images], ())
    except ValueError as error:
        if isinstance(error, ModelError) or model.inputs[0].shape[1:] == taken:
            raise
        raise ModelError(f"{model.name} cannot work on {image[0]} x {image[1]} pixels; use more.") from error
    walk.finish(model, np.reshape(examples, (-1, *taken)))
    return {
        "name": model.name,
        "nodes": walk.nodes,
        "weights": walk.weights.text(),
    }


def _with_classes(model, output):
    """The model with the output that the page shows."""
    if not is_graph(model) or len(model.inputs) != 1:
        title = model.name if isinstance(model, keras.Model) else shown(model)
        raise ModelError(
            f"{title} is no built functional or sequential model with one input, so that no page can show "
            "it; give one that takes an image and names its class."
        )
    model = with_one_output(model, output)
    answer = tuple(model.outputs[0].shape[1:])
    if len(answer) != 1 or not answer[0]:
        raise ModelError(
            f"{model.name} has an output of shape {answer}, not one number per class; the page can only show "
            "models that name a class, or give one number."
        )
    return model


def _image_shape(model, image_size):
    """(height, width, channels) of the images, all known."""
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) == 2 and model.inputs[0].dtype != "string" and min(side or 8 for side in shape) >= 8:
        shape = (*shape, 1)
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise ModelError(
            f"{model.name} takes {tuple(model.inputs[0].shape[1:])}, and no image (height, width, 1 or 3 "
            "channels); the page can only show models of images."
        )
    pair = isinstance(image_size, (list, tuple)) and len(image_size) == 2
    wanted = tuple(image_size) if pair else (image_size, image_size)
    if image_size is not None:
        for side in wanted:
            whole()("portable", "image_size", side)
    if image_size is None:
        first = [each for each in model.layers if isinstance(each, layers.Resizing)]
        first = [each for each in first if each.input is model.inputs[0]]
        wanted = (first[0].height, first[0].width) if first else shape[:2]
    if any(have not in (None, want) for have, want in zip(shape, wanted, strict=False)):
        if image_size is not None:
            raise ModelError(
                f"{model.name} takes images of {shape[:2]}, not of image_size {shown(image_size)}."
            )
        wanted = shape[:2]
    if not all(isinstance(side, int) and side > 0 for side in wanted):
        raise ModelError(
            f"{model.name} takes images of any size; say with image_size which one the page is for, "
            f"a whole number, not {shown(image_size)}."
        )
    return (*wanted, shape[2])


class _Walk:
    """The nodes that were found so far in the graph of a model.

    Attributes:
        nodes: As `portable` returns them.
        weights: All weights, a `WeightBytes`. A backbone may be called for several image sizes.
    """

    def __init__(self):
        self.nodes, self.weights = [], WeightBytes()
        self._makers, self._kept = {}, []
        self._pictures = set()  # tensors (rows, columns) that are pictures, not lists of vectors
        self._boxes = []  # for each closed box (node, which call of all, which of its outputs)
        self._calls = 0

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
        inputs = [self._makers[id(tensor)] for tensor in tensors]
        picture = len(results) == 1 and self._stays_picture(operation, tensors, args, results[0])
        try:
            several = self._steps(operation, tensors, args, kwargs, results, picture)
        except Unknown as reason:
            box = {"reason": str(reason)}
            several = [[Step("recorded", dict(box), {})] for _ in results]
        for part, (made, steps) in enumerate(zip(results, several, strict=True)):
            here = [self._taken(node, steps[0].takes, f"input {n}", path) for n, node in enumerate(inputs)]
            for step in steps:
                ends = not step.part
                name = operation.name if ends else f"{operation.name} ({step.part})"
                name = f"{name} ({part})" if len(results) > 1 else name
                place = path if ends else (*path, step.part)
                shape = step.shape or (self._sides(tensors[0]) if picture else _page_shape(made.shape[1:]))
                here = [self.add(type(operation).__name__, name, place, here, shape, step)]
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
            if tensors and id(tensors[0]) in self._pictures and not picture and steps[0].kind != "copy":
                steps[0] = steps[0]._replace(takes=shapes[0])  # as a list of its rows
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
                key: self.weights.add(numbers(value))
                for key, value in step.weights.items()
                if value is not None
            },
        }
        self.nodes.append(node)
        return node["id"]

    def finish(self, model, examples):
        """Put the closed boxes' values for some examples down."""
        if not self._boxes:
            return
        wanted = {(turn, part) for _, turn, part in self._boxes}
        at_once = max(1, VALUES_AT_ONCE // max(1, examples[:1].size))
        parts = [
            _recorded(model, examples[first : first + at_once], wanted)
            for first in range(0, len(examples), at_once)
        ]
        for node, turn, part in self._boxes:
            shape = self.nodes[node]["shape"]
            values = [each[turn, part].reshape(-1, *shape) for each in parts]
            values = np.concatenate(values) if values else np.zeros((0, *shape))
            self.nodes[node]["weights"]["values"] = self.weights.add(numbers(values))


# Layers and operations that change each pixel alike, so that a picture (rows, columns) stays one
PIXELWISE = (
    "Rescaling", "Activation", "ReLU", "LeakyReLU", "Identity", "Dropout", "GaussianNoise", "Cast", "Add",
    "Subtract", "Multiply", "Divide", "TrueDivide",
)  # fmt: skip


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
    """What some calls return for images: {(call, output): array}, calls counted as `_Walk` does."""
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

    images = keras.ops.convert_to_tensor(images, model.inputs[0].dtype)
    follow(model, [keras.Input(images.shape[1:], dtype=model.inputs[0].dtype)], [images])
    return found
