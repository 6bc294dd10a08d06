"""A trained classifier in the formats of other runtimes, for servers, phones and browsers.

How networks of token ids are exported is in `models.export.texts`. Exported classifiers of photos take what
the classifier computes on after its resizing: float32 pixels in [0, 255], of shape (batch, size, size,
channels), with any batch size. They return probabilities (batch, classes). Photos have to be resized and
cropped to that size before, as `datasets.photos.read_square` does, because neither runtime has antialiased
resizing.
"""

import functools
import importlib.util
import logging

import keras
import numpy as np
from keras import layers

from ..errors import ModelError
from ..loading.saved_classifiers import check_path, replacing
from ..startup.quiet import without_notices

# For each format: the file's name in a results folder, and the packages that write and then check that file
FILES = {"onnx": "model.onnx", "litert": "model.tflite"}
NAMES = {"onnx": "ONNX", "litert": "LiteRT"}
PACKAGES = {
    "onnx": {"onnx": "onnx", "tf2onnx": "tf2onnx", "onnxruntime": "onnxruntime"},
    "litert": {"ai_edge_litert": "ai-edge-litert"},
}


def check_export(kind):
    """Refuse an export that cannot be written and checked here, before any work is done.

    Args:
        kind: "onnx" or "litert".

    Raises:
        ModelError: Names the packages that are missing, or the backend that cannot be exported.

    Example:
        >>> from models.export.formats import check_export
        >>> try:
        ...     check_export("onnx")
        ... except ModelError as error:
        ...     print("install" in str(error))
        ... else:
        ...     print(True)
        True
    """
    missing = [
        package for module, package in PACKAGES[kind].items() if importlib.util.find_spec(module) is None
    ]
    if missing:
        raise ModelError(
            f"An export to {NAMES[kind]} needs {' and '.join(missing)}; "
            f"install {'it' if len(missing) == 1 else 'them'} with: python -m pip install {' '.join(missing)}"
        )
    if keras.backend.backend() != "tensorflow":
        raise ModelError(
            f"An export to {NAMES[kind]} needs TensorFlow as Keras's backend, not {keras.backend.backend()}; "
            "unset KERAS_BACKEND, or leave the export out."
        )


def export(model, path, size):
    """Write a classifier of photos as an ONNX or a LiteRT file.

    Dropout is off, as in `predict`. If the model begins with a `Resizing` layer, the exported one begins
    after it.

    Args:
        model: Built Keras model, pixels in [0, 255] -> probabilities (batch, classes).
        path: File to write, which ends in ".onnx" or ".tflite". A file of that name is replaced when the new
            one is complete.
        size: Height and width of the images that it will take.

    Raises:
        ModelError: If a package is missing, the model is of another size, it has a layer that the format does
            not have, or the file cannot be written; nothing is changed then.

    Example:
        >>> from pathlib import Path
        >>> from models import ConvNet
        >>> from models.export.formats import export
        >>> export(ConvNet(), Path("model.tflite"), size=28)  # doctest: +SKIP
    """
    path = check_path(path, ".onnx", ".tflite")
    check_export(kind_of(path))
    model = _after_resizing(model, size)
    shape = (None, size, size, model.input_shape[-1])
    with replacing(path) as draft:
        convert(model, draft, shape, "float32", "pixels", named=path)


def kind_of(path):
    """The format that a file's ending stands for.

    Args:
        path: A `Path` that ends in ".onnx" or ".tflite".

    Example:
        >>> from pathlib import Path
        >>> kind_of(Path("model.tflite"))
        'litert'
    """
    return "onnx" if path.suffix == ".onnx" else "litert"


def convert(model, path, shape, dtype, name, named):
    """Write a model in the format that a file's ending stands for.

    Args:
        model: Keras model with one input and one output.
        path: File to write.
        shape: Of its input, None for any size.
        dtype: Of its input.
        name: Of its input; the output is called "probabilities".
        named: The path that a message names.

    Raises:
        ModelError: If the model has a layer that the format does not have.

    Example:
        >>> from pathlib import Path
        >>> from models import ConvNet
        >>> from models.export.formats import convert
        >>> path = Path("model.tflite")
        >>> convert(ConvNet(), path, (None, 28, 28, 1), "float32", "pixels", path)  # doctest: +SKIP
    """
    write = _write_onnx if kind_of(path) == "onnx" else _write_litert
    with without_notices():  # converters print much about themselves
        try:
            write(model, path, shape, dtype, name)
        except OSError:
            raise
        except Exception as error:  # converters raise nearly anything
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(
                f"{named.name} cannot be made of this model ({reason}); leave out the export, or "
                "change the model."
            ) from error


def _after_resizing(model, size):
    """The part of a model that takes images of one size: all of it, or what follows its `Resizing`."""
    first = next((layer for layer in model.layers if not isinstance(layer, layers.InputLayer)), None)
    if isinstance(first, layers.Resizing):
        model = keras.Model(first.output, model.output, name=model.name)
    if any(side not in (None, size) for side in model.input_shape[1:3]):
        raise ModelError(
            f"This model takes images of {model.input_shape[1]} by {model.input_shape[2]} pixels; "
            f"it cannot be exported for {size} by {size}."
        )
    return model


def _constant(model, shape, dtype, name, lower=True):
    """A model as one TensorFlow function of its input, in which the weights are constants.

    `model.export` is not used: with it an export to LiteRT takes ten times as long, ONNX makes constants of
    `Normalization` layers inputs of the model, and grouped convolutions fail.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    spec = tf.TensorSpec(shape, dtype, name=name)
    tf.config.run_functions_eagerly(True)  # so that no call of a compiled function is left in it
    try:
        function = tf.function(lambda given: model(given, training=False)).get_concrete_function(spec)
    finally:
        tf.config.run_functions_eagerly(False)
    return convert_variables_to_constants_v2(function, lower_control_flow=lower)


def _write_litert(model, path, shape, dtype, name):
    import tensorflow as tf

    constant = _constant(model, shape, dtype, name)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([constant], tf.Module())
    path.write_bytes(converter.convert())


def _write_onnx(model, path, shape, dtype, name):
    import onnx
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel("CRITICAL")
    _teach_erfc()
    function = _constant(model, shape, dtype, name, lower=False)  # loops over words stay loops
    before, after = function.inputs[0].name, function.outputs[0].name
    network, _ = tf2onnx.convert.from_graph_def(
        function.graph.as_graph_def(),
        input_names=[before],
        output_names=[after],
        tensors_to_rename={before: name, after: "probabilities"},
    )
    for tensor in network.graph.input[0], network.graph.output[0]:
        tensor.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(network)  # tf2onnx leaves operations that it does not know as they are
    onnx.save(network, path)


@functools.cache
def _teach_erfc():
    """Tell tf2onnx how to write TensorFlow's Erfc, which is in GELU: as 1 - Erf."""
    from tf2onnx.handler import tf_op

    @tf_op("Erfc")
    class Erfc:
        @classmethod
        def version_9(cls, ctx, node, **_):
            node.type = "Erf"
            one = ctx.make_const(f"{node.name}_one", np.float32(1)).output[0]
            minus = ctx.insert_new_node_on_output("Neg", node.output[0], name=f"{node.name}_minus").output[0]
            ctx.insert_new_node_on_output("Add", minus, name=f"{node.name}_sum", inputs=[minus, one])
