"""The one place that asks a backend for gradients: the same functions on TensorFlow, JAX and PyTorch.

TensorFlow records what is computed on a tape, and PyTorch in the tensors themselves; JAX differentiates a
function of values, so that here the variables get their values in a `keras.StatelessScope`.
"""

import contextlib
import functools
import itertools

import keras
from keras import ops

from .checks.nesting import is_graph


def input_gradients(function, *inputs):
    """A function's value and its gradients with respect to its inputs.

    Args:
        function: Function of as many tensors to a tensor of any shape, whose sum is differentiated.
        *inputs: Numbers or arrays of floats.

    Returns:
        (value, gradients): a tensor, and a list of one for each input.

    Example:
        >>> import numpy as np
        >>> value, (gradient,) = input_gradients(lambda x: x**3, np.array([1.0, 2.0], "float32"))
        >>> keras.ops.convert_to_numpy(gradient)  # 3 x²
        array([ 3., 12.], dtype=float32)
    """
    inputs = [ops.convert_to_tensor(each) for each in inputs]
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        value, pull = jax.vjp(function, *inputs)
        return value, list(pull(ops.ones_like(value)))
    if backend == "torch":
        return _by_autograd(function, inputs)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = function(*inputs)
    return value, tape.gradient(value, inputs)


def weight_gradients(loss, variables):
    """A loss and its gradients with respect to variables.

    Args:
        loss: Function without arguments to a scalar tensor, such as the loss of a model on a batch.
        variables: List of `keras.Variable`.

    Returns:
        (loss, gradients): a tensor, and a list of one for each variable.

    Example:
        >>> weight = keras.Variable([1.0, 2.0])
        >>> loss, (gradient,) = weight_gradients(lambda: keras.ops.sum(weight**2), [weight])
        >>> float(loss), keras.ops.convert_to_numpy(gradient)
        (5.0, array([2., 4.], dtype=float32))
    """
    (value,), _, (gradients,) = several_weight_gradients(lambda: ([loss()], []), [variables])
    return value, gradients


def several_weight_gradients(losses, groups):
    """Several losses of one computation, each with its gradients with respect to variables of its own.

    Args:
        losses: Function without arguments to (list of scalar tensors, list of other tensors to hand on).
        groups: For each loss, the list of `keras.Variable` to differentiate it by.

    Returns:
        (losses, others, gradients): as the function gives them, and a list of gradients for each group.

    Example:
        >>> a, b = keras.Variable(2.0), keras.Variable(3.0)
        >>> _, _, gradients = several_weight_gradients(lambda: ([a * b, a * b**2], []), [[a], [a, b]])
        >>> [[float(each) for each in group] for group in gradients]
        [[3.0], [9.0, 12.0]]
    """
    backend = keras.backend.backend()
    if backend == "jax":
        return _by_jax(losses, groups)
    if backend == "torch":
        import torch

        with torch.enable_grad():
            values, others = losses()
        gradients = [
            _slopes(value, [variable.value for variable in group], keep=True)
            for value, group in zip(values, groups, strict=True)
        ]
        return _detached(values), _detached(others), gradients
    import tensorflow as tf

    with tf.GradientTape(persistent=len(groups) > 1) as tape:
        values, others = losses()
    pairs = zip(values, groups, strict=True)
    return values, others, [tape.gradient(value, [v.value for v in group]) for value, group in pairs]


def output_gradients(model, images, chosen, by=None):
    """The gradient of what is chosen of a model's outputs, with respect to its input or one of the outputs.

    Args:
        model: A functional Keras model with one input and one output or more.
        images: Array (n, ...).
        chosen: Function of the list of outputs; the sum of what it returns is differentiated.
        by: Index of the output to differentiate with respect to; None for the input.

    Returns:
        (outputs, gradient) as tensors; the gradient is 0 where nothing depends on it.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(3.0)])
        >>> outputs, gradient = output_gradients(model, [[1.0, 2.0]], lambda outputs: outputs[0] ** 2)
        >>> keras.ops.convert_to_numpy(gradient)  # of 9 x², 18 x
        array([[18., 36.]], dtype=float32)
    """
    kind, backend = model.inputs[0].dtype, keras.backend.backend()
    images = ops.convert_to_tensor(images, kind if kind in ("float32", "float64") else "float32")
    if backend == "jax":
        return _output_gradients_by_jax(model, images, chosen, by)
    if backend == "torch":
        import torch

        images = images.detach().clone().requires_grad_(True)
        with torch.enable_grad():
            outputs = _listed(model(images, training=False))
            value = chosen(outputs).sum()
        (gradient,) = _slopes(value, [images if by is None else outputs[by]])
        return _detached(outputs), gradient
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch([images, *(weight.value for weight in model.weights)])
        outputs = _listed(model(images, training=False))
        value = chosen(outputs)
    of = images if by is None else outputs[by]
    return outputs, tape.gradient(value, of, unconnected_gradients="zero")


def use_double_precision():
    """From now on keep numbers of 64 bits as such, as TensorFlow and PyTorch do; JAX has to be told.

    Example:
        >>> use_double_precision()
        >>> keras.backend.standardize_dtype(keras.ops.convert_to_tensor(1.0, "float64").dtype)
        'float64'
    """
    if keras.backend.backend() == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)


def double_precision():
    """A context in which numbers of 64 bits are kept as such.

    Example:
        >>> with double_precision():
        ...     int(keras.ops.convert_to_tensor(2**40, "int64"))
        1099511627776
    """
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64(True)


def _listed(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _by_autograd(function, inputs):
    import torch

    inputs = [each.detach().clone().requires_grad_(True) for each in inputs]
    with torch.enable_grad():
        value = function(*inputs)
        total = value.sum()
    return value.detach(), _slopes(total, inputs)


def _slopes(value, of, keep=False):
    """PyTorch's gradients of a number; 0 where it does not depend on a tensor."""
    import torch

    if not value.requires_grad:
        return [torch.zeros_like(each) for each in of]
    found = torch.autograd.grad(value, of, retain_graph=keep, allow_unused=True)
    return [torch.zeros_like(t) if slope is None else slope for t, slope in zip(of, found, strict=True)]


def _detached(tensors):
    return keras.tree.map_structure(lambda each: each.detach() if ops.is_tensor(each) else each, tensors)


class _Inner(keras.StatelessScope):
    """A scope that knows the values of the scope around it, and the variables that changed within."""

    def __init__(self, state_mapping):
        super().__init__(state_mapping)
        self.changed = {}

    def add_update(self, update):
        super().add_update(update)
        self.changed[id(update[0])] = update[0]

    def get_current_value(self, variable):
        found = super().get_current_value(variable)
        if found is None and self.original_scope is not None:
            return self.original_scope.get_current_value(variable)
        return found


def _by_jax(losses, groups):
    import jax

    variables = [*{id(variable): variable for group in groups for variable in group}.values()]
    places, changed = {id(variable): n for n, variable in enumerate(variables)}, []

    def pure(values):
        with _Inner([*zip(variables, values, strict=True)]) as scope:
            found, others = losses()
        changed[:] = scope.changed.values()
        return list(found), (others, [scope.get_current_value(variable) for variable in changed])

    values = [ops.convert_to_tensor(variable.value) for variable in variables]
    found, pull, (others, news) = jax.vjp(pure, values, has_aux=True)
    gradients = []
    for turn, group in enumerate(groups):
        chosen = [ops.ones_like(each) if n == turn else ops.zeros_like(each) for n, each in enumerate(found)]
        (slopes,) = pull(chosen)
        gradients.append([slopes[places[id(variable)]] for variable in group])
    for variable, new in zip(changed, news, strict=True):  # such as a batch normalization's means
        variable.assign(new)
    return found, others, gradients


def _output_gradients_by_jax(model, images, chosen, by):
    import jax

    if by is not None:
        # A layer's output cannot be watched in JAX: something is added to it, which is 0
        outputs = _listed(model(images, training=False))
        value, pull = jax.vjp(
            lambda added: chosen(_outputs_with(model, images, model.outputs[by], added)),
            ops.zeros_like(outputs[by]),
        )
        return outputs, pull(ops.ones_like(value))[0]
    outputs, pull = _outputs_and_pull(model, images)
    value, pull_chosen = jax.vjp(chosen, outputs)
    return outputs, pull(pull_chosen(ops.ones_like(value))[0])


def _outputs_with(model, images, tensor, added):
    """The outputs of a model where something is added to one tensor of its graph, or of a nested model's."""
    operation, node, place = tensor._keras_history
    calls = itertools.count()

    def called(each):
        def call(*arguments, **settings):
            if getattr(each, "_call_has_training_arg", False):
                settings = settings | {"training": False}
            if each is not operation:
                return each(*arguments, **settings)
            inside = is_graph(each)  # then the tensor is that of a layer inside
            if inside:
                result = _outputs_with(each, arguments[0], each.outputs[place], added)
            else:
                result = _listed(each(*arguments, **settings))
                result[place] = result[place] + (added if next(calls) == last else 0)
            return result if len(result) > 1 else result[0]

        return call

    nodes = [each for some in _graph_of(model)._nodes_by_depth.values() for each in some]
    last = sum(each.operation is operation for each in nodes) - 1
    return _listed(_graph_of(model)._run_through_graph(images, called))


def _graph_of(model):
    """A model that has a graph to walk through: of a sequential one the functional one inside."""
    return model._functional if isinstance(model, keras.Sequential) else model


def _outputs_and_pull(model, images):
    """A model's outputs, and the function from gradients by these to the gradient by its input.

    Compiling takes longer than a call, so it is done when a model is asked for the second time.
    """
    import jax

    def outputs_of(values, images):
        with keras.StatelessScope([*zip(model.variables, values, strict=True)]):
            return _listed(model(images, training=False))

    def pulled(values, images, slopes):
        return jax.vjp(functools.partial(outputs_of, values), images)[1](slopes)[0]

    values, known = [variable.value for variable in model.variables], model.__dict__
    if "_compiled_for_gradients" not in known:  # so that the model owns them, and Keras tracks nothing
        known["_compiled_for_gradients"] = jax.jit(outputs_of), jax.jit(pulled)
        outputs, pull = jax.vjp(functools.partial(outputs_of, values), images)
        return outputs, lambda slopes: pull(slopes)[0]
    compiled, compiled_pull = known["_compiled_for_gradients"]
    return compiled(values, images), lambda slopes: compiled_pull(values, images, slopes)
