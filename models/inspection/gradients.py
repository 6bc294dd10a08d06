"""The one place that asks TensorFlow for gradients."""

import tensorflow as tf


def gradients(model, images, chosen, by=None):
    """The gradient of what is chosen of a model's outputs, with respect to its input or one of the outputs.

    Args:
        model: A Keras model with one input and a list of outputs.
        images: Array (n, ...).
        chosen: Function of the list of outputs; the sum of what it returns is differentiated.
        by: Index of the output to differentiate with respect to; None for the input.

    Returns:
        (outputs, gradient) as tensors; the gradient is 0 where nothing depends on it.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(3.0)])
        >>> outputs, gradient = gradients(model, [[1.0, 2.0]], lambda outputs: outputs[0] ** 2)
        >>> gradient.numpy()  # of 9 x², 18 x
        array([[18., 36.]], dtype=float32)
    """
    kind = model.inputs[0].dtype
    images = tf.convert_to_tensor(images, kind if kind in ("float32", "float64") else "float32")
    with tf.GradientTape() as tape:
        tape.watch([images, *(weight.value for weight in model.weights)])
        outputs = model(images, training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        value = chosen(outputs)
    of = images if by is None else outputs[by]
    return outputs, tape.gradient(value, of, unconnected_gradients="zero")
