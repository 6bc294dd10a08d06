"""A generator and a discriminator of images: what a generative adversarial network is made of."""

import keras
from keras import layers

from .checks.arguments import chain, check_parameters, checked, image_shape, sizes, whole
from .errors import ModelError
from .zoo import load_weights

KERNEL = 4  # twice the stride, so that every pixel is reached by as many windows as its neighbours
SLOPE = 0.2  # of LeakyReLU below 0


@checked(output_shape=image_shape(4), latent=whole(), dense_units=whole(), filters=sizes(2))
def Generator(
    output_shape=(28, 28, 1), latent=32, dense_units=256, filters=(32, 16), weights=None, name="generator"
):
    """Dense → Dense → Conv2DTranspose → Conv2DTranspose: random numbers in, images out.

    Args:
        output_shape: (height, width, channels) of an image; height and width are multiples of 4.
        latent: Number of random numbers that an image is made from.
        dense_units: Neurons of the first dense layer.
        filters: Features after the second dense layer, at a quarter of the image's height and width, and
            after the first transposed convolution, at half of them.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, latent), standard normal -> (batch, height, width, channels), pixels from
        0 to 255.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional generative
        adversarial networks, 2016.

    Example:
        >>> from models import Generator
        >>> model = Generator(latent=8)
        >>> model.input_shape, model.output_shape
        ((None, 8), (None, 28, 28, 1))
    """
    height, width, channels = output_shape
    if height % 4 or width % 4:
        raise ModelError(
            f"Generator needs height and width as multiples of 4, such as 28, not {height} x {width}."
        )
    cells = height // 4 * (width // 4)
    check_parameters(
        "Generator",
        chain(latent, dense_units, cells * filters[0]) + KERNEL**2 * filters[1] * (filters[0] + channels),
    )
    z = keras.Input((latent,), name="latent")
    x = layers.Dense(dense_units, use_bias=False, name="dense1")(z)
    x = _normalized(x, 1)
    x = layers.Dense(cells * filters[0], use_bias=False, name="dense2")(x)
    x = _normalized(x, 2)
    x = layers.Reshape((height // 4, width // 4, filters[0]), name="reshape")(x)
    twice = {"kernel_size": KERNEL, "strides": 2, "padding": "same"}
    x = layers.Conv2DTranspose(filters[1], use_bias=False, name="transposed1", **twice)(x)
    x = _normalized(x, 3)
    x = layers.Conv2DTranspose(channels, activation="tanh", name="transposed2", **twice)(x)
    x = layers.Rescaling(127.5, offset=127.5, name="pixels")(x)
    return load_weights(keras.Model(z, x, name=name), weights, "Generator")


def _normalized(x, number):
    """Batch normalization, which also adds a bias in place of the layer's before, and a rectifier."""
    x = layers.BatchNormalization(momentum=0.9, name=f"normalize{number}")(x)
    return layers.ReLU(name=f"relu{number}")(x)


@checked(input_shape=image_shape(4), filters=sizes(2))
def Discriminator(
    input_shape=(28, 28, 1), filters=(16, 32), dense_units=512, weights=None, name="discriminator"
):
    """Conv → Conv → Flatten → Dense → Dense: a logit, positive for real images and negative for others.

    Args:
        input_shape: (height, width, channels) of an image, at least 4 x 4; pixels in [0, 255].
        filters: Number of filters of each convolution, which has a stride of 2.
        dense_units: Neurons of the first dense layer. It sees the whole image; an output of the convolutions
            sees 10 x 10 pixels of it.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, 1), logits.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Goodfellow et al., Generative adversarial nets, 2014.

    Example:
        >>> from models import Discriminator
        >>> Discriminator().output_shape
        (None, 1)
    """
    height, width, channels = input_shape
    flat = -(-height // 4) * -(-width // 4) * filters[1]
    check_parameters(
        "Discriminator", KERNEL**2 * filters[0] * (channels + filters[1]) + chain(flat, dense_units, 1)
    )
    images = keras.Input(input_shape, name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(images)
    x = layers.Conv2D(filters[0], KERNEL, strides=2, padding="same", use_bias=False, name="conv1")(x)
    x = layers.LeakyReLU(SLOPE, name="leaky1")(x)
    x = layers.Conv2D(filters[1], KERNEL, strides=2, padding="same", use_bias=False, name="conv2")(x)
    x = layers.BatchNormalization(momentum=0.9, name="normalize")(x)
    x = layers.LeakyReLU(SLOPE, name="leaky2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense_units, name="dense")(x)
    x = layers.LeakyReLU(SLOPE, name="leaky3")(x)
    x = layers.Dense(1, name="logit")(x)
    return load_weights(keras.Model(images, x, name=name), weights, "Discriminator")
