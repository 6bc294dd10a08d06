"""Functions that read and change Keras variables, compiled on TensorFlow and JAX.

TensorFlow compiles such a function as it is. JAX compiles functions of values alone: the variables' values go
in and come out again, as in Keras's own training on JAX.
"""

import keras
from keras import ops


def compiled(function, variables, donate=False):
    """A function of tensors, compiled.

    Args:
        function: Function of tensors to tensors, which may read and assign variables; without Python's `if`
            on a tensor's value.
        variables: List of all `keras.Variable` that it reads or assigns; without repetition.
        donate: Whether no two variables share an array, so that JAX can change them in place.

    Returns:
        The function, of arrays. PyTorch runs it as it is.

    Example:
        >>> total = keras.Variable(1.0)
        >>> add = compiled(lambda x: total.assign_add(keras.ops.sum(x)), [total])
        >>> _ = add([1.0, 2.0])
        >>> float(total)
        4.0
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return _of_tensors(tf.function(function, reduce_retracing=True, autograph=False))
    if backend != "jax":
        return _of_tensors(_without_graph(function))
    import jax

    def pure(values, arguments):
        return _within(variables, values, lambda: function(*arguments))

    step = jax.jit(pure, donate_argnums=(0,) if donate else ())

    def call(*arguments):
        values, result = step([each.value for each in variables], arguments)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return result

    return _of_tensors(call)


def repeated(step, variables, jit_compile=None, changing=False):
    """A training step that is taken with many batches in one call, compiled.

    Args:
        step: Function of a batch's tensors, and of settings, which assigns variables.
        variables: List of all `keras.Variable` that it reads or assigns; without repetition.
        jit_compile: Whether TensorFlow compiles it with XLA, as JAX always does.
        changing: Whether the number of steps and the size of batches change from call to call, so that
            TensorFlow should compile once for all.

    Returns:
        Function of (arrays (steps, batch, ...), as a list, and settings, numbers that are the same for all
        steps).

    Example:
        >>> import numpy as np
        >>> total = keras.Variable(0.0)
        >>> add = repeated(lambda x, factor: total.assign_add(factor * keras.ops.sum(x)), [total])
        >>> add([np.ones((3, 2), "float32")], np.float32(10))
        >>> float(total)
        60.0
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _repeated_by_tensorflow(step, jit_compile, changing)
    if backend != "jax":
        return _repeated_by_python(step)
    return _repeated_by_jax(step, variables)


def steps_per_execution(steps):
    """How many steps `compile(steps_per_execution=...)` may take in one call: PyTorch takes one.

    Args:
        steps: From 1, as many as are wished.

    Example:
        >>> keras.backend.backend(), steps_per_execution(50)
        ('tensorflow', 50)
    """
    return 1 if keras.backend.backend() == "torch" else steps


def build_ahead(model, targets):
    """Create the variables of the optimizer and of the metrics of a compiled model, before its first step.

    Keras on TensorFlow creates them within the first step, which is then compiled twice: a network with an
    LSTM waits half a second more. The other backends do this by themselves.

    Args:
        model: Compiled Keras model with one output.
        targets: Some of the targets that it will be trained on, an array (n, ...).

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "softmax")])
        >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        >>> build_ahead(model, np.array([0, 2]))
        >>> model.optimizer.built, [metric.name for metric in model.metrics]
        (True, ['loss', 'compile_metrics'])
    """
    if keras.backend.backend() != "tensorflow":
        return
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(None, targets, ops.zeros((len(targets), *model.output_shape[1:])))
    model.reset_metrics()


def rows_of(variable, rows):
    """Some rows of a variable, read without the others; `keras.ops.take` would have TensorFlow copy all.

    Args:
        variable: `keras.Variable` (n, ...).
        rows: Their numbers, integers (...).

    Returns:
        Tensor (..., ...): a row for each number.

    Example:
        >>> import numpy as np
        >>> table = keras.Variable(np.arange(6.0).reshape(3, 2))
        >>> keras.ops.convert_to_numpy(rows_of(table, np.array([2, 0]))).tolist()
        [[4.0, 5.0], [0.0, 1.0]]
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.gather(variable.value, rows)
    return ops.take(variable.value, rows, 0)


def add_rows(variable, rows, values):
    """Add to some rows of a variable, which Keras cannot.

    Args:
        variable: `keras.Variable` (n, ...).
        rows: Their numbers, integers (k,); one may come twice.
        values: What is added to each, (k, ...).

    Example:
        >>> import numpy as np
        >>> table = keras.Variable(np.zeros((2, 1), "float32"))
        >>> add_rows(table, np.array([1, 1]), np.array([[2.0], [3.0]], "float32"))
        >>> keras.ops.convert_to_numpy(table).tolist()
        [[0.0], [5.0]]
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        variable.value.scatter_add(tf.IndexedSlices(values, rows))
    elif backend == "jax":
        variable.assign(variable.value.at[rows].add(values))
    else:
        import torch

        with torch.no_grad():
            variable.value.index_add_(0, rows, values)


def _of_tensors(function):
    return lambda *arguments: function(*keras.tree.map_structure(ops.convert_to_tensor, arguments))


def _within(variables, values, function):
    """What the variables hold after a call of a function that finds these values in them, and its result."""
    with keras.StatelessScope([*zip(variables, values, strict=True)]) as scope:
        result = function()
    return [scope.get_current_value(variable) for variable in variables], result


def _repeated_by_tensorflow(step, jit_compile, changing):
    import tensorflow as tf

    def run(batches, settings):
        for n in tf.range(tf.shape(batches[0])[0]):
            step(*[each[n] for each in batches], *settings)

    kept = []

    def call(batches, *settings):
        tensors = [tf.constant(each) for each in batches], [tf.constant(each) for each in settings]
        if not kept:
            of_batches = [tf.TensorSpec((None, None, *each.shape[2:]), each.dtype) for each in tensors[0]]
            of_settings = [tf.TensorSpec(each.shape, each.dtype) for each in tensors[1]]
            signature = [of_batches, of_settings] if changing else None
            kept.append(tf.function(run, input_signature=signature, jit_compile=jit_compile))
        kept[0](*tensors)

    return call


def _repeated_by_jax(step, variables):
    import jax

    def one(values, batch, settings):
        return _within(variables, values, lambda: step(*batch, *settings))[0]

    @jax.jit
    def all_in_one(values, batches, settings):
        return jax.lax.scan(lambda values, batch: (one(values, batch, settings), None), values, batches)[0]

    compiled_step = jax.jit(one)

    def one_by_one(values, batches, settings):
        for batch in zip(*batches, strict=True):
            values = compiled_step(values, batch, settings)
        return values

    # On processors XLA computes convolutions many times as slowly within a loop of its own
    take = one_by_one if jax.default_backend() == "cpu" else all_in_one

    def call(batches, *settings):
        values = take([each.value for each in variables], [*map(ops.convert_to_numpy, batches)], settings)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    return call


def _repeated_by_python(step):
    step = _without_graph(step)

    def call(batches, *settings):
        tensors = [ops.convert_to_tensor(each) for each in settings]
        for batch in zip(*map(ops.convert_to_tensor, batches), strict=True):
            step(*batch, *tensors)

    return call


def _without_graph(function):
    """A function in which PyTorch keeps nothing for gradients but where `models.gradients` asks for them."""
    import torch

    return torch.no_grad()(function)
