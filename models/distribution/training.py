"""Training that is divided among all devices of all processes, with the numbers of one.

With `keras.distribution.DataParallel` alone, each process must hand Keras other rows of a batch, all of them
equally many: what is given to all in the same way is trained on twice, without a warning, and a last batch
that is smaller cannot be divided. Here each process hands over the whole batch, and the compiled step divides
it: as it is compiled, so many rows go to each device, also where they do not come out even. Random numbers
of dropout are drawn by all alike and for the whole batch, so that no row gets other ones than in one process.
"""

import contextlib
import json
import random

import keras
import numpy as np

from ..errors import ModelError
from .joining import State, check_jax, joined


class DataParallel(keras.distribution.DataParallel):
    """All devices of all processes, each of which computes some rows of every batch.

    It is `keras.distribution.DataParallel(auto_shard_dataset=False)` that takes whole batches, the same ones
    in each process, from arrays, a `PyDataset`, a generator or `tf.data` alike.

    Args:
        devices: List of devices, as `keras.distribution.list_devices` names them; None for all.

    Raises:
        ModelError: If Keras does not compute with JAX.

    Example:
        >>> try:
        ...     devices = DataParallel()
        ... except ModelError as error:  # with TensorFlow
        ...     print(str(error).partition(";")[0])
        Several processes train together on JAX only
    """

    def __init__(self, devices=None):
        check_jax()
        super().__init__(devices=devices, auto_shard_dataset=False)
        self._layouts = {}

    def divide(self, model):
        """From here on, divide what the layers of a model put out, and no other model's.

        Args:
            model: A functional or sequential model; None for none.
        """
        self._layouts = {}
        divided = keras.distribution.TensorLayout([self.batch_dim_name], self.device_mesh)
        for layer in () if model is None else model.layers:
            # Cells of recurrent layers and other layers inside of these are left to the compiler
            if len(keras.tree.flatten(layer.output)) == 1:
                self._layouts[f"{layer.name}/output"] = divided

    def get_data_layout(self, data_shape):
        """The whole batch is handed to every device: see `get_tensor_layout`.

        Args:
            data_shape: Shape of an input.

        Returns:
            A `keras.distribution.TensorLayout`.
        """
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    def get_tensor_layout(self, path):
        """Each device computes some rows of what a model's layers put out.

        Args:
            path: Name of a layer, or of layers in layers, as "layer/output".

        Returns:
            A `keras.distribution.TensorLayout`; None to leave it to the compiler.
        """
        import jax

        is_compiled = isinstance(jax.numpy.zeros(()), jax.core.Tracer)  # else each process computes by itself
        return self._layouts.get(path) if is_compiled else None


def everywhere():
    """All devices of the processes that this one has joined, as a `DataParallel`; None where it is alone.

    Example:
        >>> everywhere() is None
        True
    """
    return DataParallel() if joined() > 1 else None


@contextlib.contextmanager
def shared(model, distribution=None):
    """Within this block, let all devices of all processes train, evaluate or predict with a model together.

    Before and after it, each process has the model for itself, with the same weights. The first process's
    weights and random numbers are taken by all at the beginning.

    Args:
        model: A compiled model; None where nothing is to be trained.
        distribution: A `DataParallel`, this one's or Keras's; None for the processes that were joined. Where
            this process is alone, nothing is changed.

    Yields:
        The model.

    Raises:
        ModelError: If `distribution` is none.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> with shared(model):
        ...     history = model.fit(np.ones((4, 2)), np.ones(4), verbose=0).history
        >>> list(history)
        ['loss']
    """
    distribution = everywhere() if distribution is None else data_parallel(distribution)
    if distribution is None or model is None:
        yield model
        return
    if model.optimizer:
        model.optimizer.build(model.trainable_variables)
    with together(distribution), distribution.scope():
        _agree(model)
        for variable in _variables(model):
            _place(variable, distribution.get_variable_layout(variable))
        _forget_compiled(model)
        distribution.divide(model)
        vars(model)["predict_step"] = _gathered(model.predict_step, distribution)
        ignored = Exception
        try:
            yield model
            ignored = ()
        finally:
            distribution.divide(None)
            del vars(model)["predict_step"]
            for variable in _variables(model):
                with contextlib.suppress(ignored):  # Keras takes the values of a training that fails with it
                    _place(variable, None)
            _forget_compiled(model)


def data_parallel(distribution):
    """A `DataParallel` of this module for the same devices.

    Args:
        distribution: One of this module or of `keras.distribution`.

    Returns:
        A `DataParallel`.

    Raises:
        ModelError: If it is something else.

    Example:
        >>> try:
        ...     data_parallel("all")
        ... except ModelError as error:
        ...     print(error)
        distribution= must be a DataParallel of models.distribution or of keras.distribution, not str.
    """
    if isinstance(distribution, DataParallel):
        return distribution
    if not isinstance(distribution, keras.distribution.DataParallel):
        raise ModelError(
            f"distribution= must be a DataParallel of models.distribution or of keras.distribution, not "
            f"{type(distribution).__name__}."
        )
    return DataParallel(distribution.device_mesh.devices.flatten().tolist())


@contextlib.contextmanager
def together(distribution):
    """Within this block, all processes of a distribution compute alike, and may ask the first one.

    Args:
        distribution: A `DataParallel`; None to change nothing.

    Example:
        >>> with together(None):
        ...     State.together
        False
    """
    before, State.together = State.together, State.together or distribution is not None
    try:
        yield
    finally:
        State.together = before


def from_first(content):
    """What the first process has, where all of them compute alike; each must ask at the same place.

    Args:
        content: Bytes.

    Returns:
        The first process's bytes; where this process is alone, its own.

    Example:
        >>> from_first(b"epoch 3")
        b'epoch 3'
    """
    if not State.together or joined() == 1:
        return content
    from jax.experimental.multihost_utils import broadcast_one_to_all

    size = int(broadcast_one_to_all(np.array(len(content))))
    filled = np.zeros(size, "uint8")
    own = np.frombuffer(content, "uint8")[:size]
    filled[: len(own)] = own
    return np.asarray(broadcast_one_to_all(filled), "uint8").tobytes()


def _variables(model):
    """All variables that a step of training reads or changes, each once."""
    found = [
        *model.variables,
        *(model.optimizer.variables if model.optimizer else ()),
        *model.metrics_variables,
    ]
    # Metrics that were given as objects are not among the model's own until Keras has built them all
    compiled = vars(model).get("_compile_metrics")
    for name in "_user_metrics", "_user_weighted_metrics":
        for metric in keras.tree.flatten(getattr(compiled, name, None)):
            found += getattr(metric, "variables", [])
    return [*{id(variable): variable for variable in found}.values()]


def _place(variable, layout):
    """Bring a variable to the devices of a layout; None for this process's own."""
    value = variable.value
    # Keras places a variable by its layout whenever it is assigned, as a metric is before every epoch. It
    # knows only variables that are made within the distribution; this one is to leave it again
    variable._layout = layout
    variable.assign(value if layout is not None else np.asarray(value))


def _gathered(predict_step, distribution):
    """A step of `predict` whose outputs all processes get: what only another one has, none can read."""
    import jax

    whole = jax.sharding.NamedSharding(distribution.device_mesh.backend_mesh, jax.sharding.PartitionSpec())

    def step(state, data):
        outputs, others = predict_step(state, data)
        return jax.lax.with_sharding_constraint(outputs, whole), others

    return step


def _forget_compiled(model):
    """Let Keras compile the model's steps anew: they are compiled for certain devices."""
    model.train_function = model.test_function = model.predict_function = None


def _agree(model):
    """Take the first process's random numbers and weights: with others, each would train another model."""
    if joined() == 1:
        return
    from jax.experimental.multihost_utils import broadcast_one_to_all

    kind, keys, *others = np.random.get_state()
    states = json.dumps([random.getstate(), [kind, keys.tolist(), *others]]).encode()
    (version, numbers, following), (kind, keys, *others) = json.loads(from_first(states))
    random.setstate((version, tuple(numbers), following))
    np.random.set_state((kind, np.array(keys, "uint32"), *others))
    variables = _variables(model)
    values = broadcast_one_to_all([np.asarray(variable.value) for variable in variables])
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
