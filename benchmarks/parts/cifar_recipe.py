"""The network and the training of `benchmarks/cifar.py`: all steps in one call of a compiled function.

The recipe is that of airbench94 (Jordan 2024, *94% on CIFAR-10 in 3.29 Seconds on a Single GPU*): a first
layer that whitens patches of 2 x 2 pixels and is not trained, convolutions that begin as identities, a large
learning rate for biases, label smoothing, Nesterov momentum, a learning rate that rises and falls linearly,
lookahead, and images that are flipped in every other epoch. What is written differently is where it runs:
images stay on the device as bytes, the order of images, flips and shifts are drawn before, and each step
gathers its own pixels.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from models.compiled import compiled, repeated
from models.gradients import weight_gradients

WIDTHS = 64, 256, 256
SIDE, SHIFT = 32, 2  # pixels of a side, and the most that a training image is shifted
WHITENED, EPSILON = 5000, 5e-4  # images whose patches are whitened, and what is added to their variances
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 11.5, 0.85, 0.0153  # for 1,024 images
BIAS_FACTOR = 64  # how much larger the learning rate of batch normalization's biases is
SMOOTHING = 0.2
START, PEAK, END = 0.2, 0.23, 0.07  # learning rate at first, when it is 1, and at last, in shares
WHITENING_BIAS_EPOCHS = 3  # how long the bias of the first layer is trained
LOOK_EVERY, LOOK_DECAY = 5, 0.95**5
AT_ONCE = 2000  # test images that are classified together
# Left or right by one pixel with up or down by one, and not at all: their weights in the mean
VIEWS = ((0, 0.5), (-1, 0.25), (1, 0.25))


class Identity(keras.initializers.Initializer):
    """Kernels (height, width, inputs, outputs): the first outputs are the inputs, the others are uniform."""

    def __call__(self, shape, dtype=None):
        uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        kernel = np.array(ops.convert_to_numpy(uniform(shape, dtype)))
        height, width, inputs, outputs = shape
        copied = min(inputs, outputs)
        kernel[..., :copied] = 0
        kernel[height // 2, width // 2, range(copied), range(copied)] = 1
        return ops.convert_to_tensor(kernel)


def cifar_net(classes, widths=WIDTHS):
    """A convolutional network for images (32, 32, 3), of mean 0 and deviation 1, to logits (classes,).

    Args:
        classes: Number of classes.
        widths: Channels of its three blocks.
    """
    images = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(2 * 3 * 2 * 2, 2, name="whitening")(images)
    x = layers.Activation("gelu")(x)
    for width in widths:
        for pool in (True, False):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=Identity())(x)
            if pool:
                x = layers.MaxPooling2D(2)(x)
            x = layers.BatchNormalization(momentum=0.6, epsilon=1e-12, scale=False)(x)
            x = layers.Activation("gelu")(x)
    x = layers.Flatten()(layers.MaxPooling2D(3)(x))
    uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
    x = layers.Dense(classes, use_bias=False, kernel_initializer=uniform)(x)
    return keras.Model(images, layers.Rescaling(1 / 9, dtype="float32")(x))


def whitening_kernel(images):
    """Kernel (2, 2, 3, 24) that turns patches of some images into uncorrelated numbers, and their negatives.

    Args:
        images: float32 tensor (n, height, width, 3), of mean 0 and deviation 1.
    """
    corners = [images[:, y : y - 1 or None, x : x - 1 or None] for y in (0, 1) for x in (0, 1)]
    rows = ops.reshape(ops.concatenate(corners, -1), (-1, 12))
    products = ops.convert_to_numpy(ops.matmul(ops.transpose(rows), rows) / len(rows))
    variances, directions = np.linalg.eigh(products)
    kernel = (directions / np.sqrt(variances + EPSILON)).reshape(2, 2, 3, 12)
    return np.concatenate([kernel, -kernel], -1).astype("float32")


def shares(steps):
    """The share of the highest learning rate at each step, float32 (steps,): it rises and falls linearly."""
    return np.interp(np.arange(steps), [0, int(PEAK * steps), steps], [START, 1, END]).astype("float32")


class Training:
    """A network and the steps of its training, compiled once for many runs.

    Args:
        images: uint8 (n, 32, 32, 3).
        labels: Whole numbers (n,), from 0.
        epochs: How many times all images are trained on; not always whole.
        batch_size: Images of a step; the last of an epoch that do not fill one are left out.

    Attributes:
        network: The model that it trains, anew with each `run`.
        steps: How many steps a run has.

    Example:
        >>> images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), "uint8")
        >>> training = Training(images, np.arange(8) % 2, epochs=1, batch_size=4, widths=(4, 4, 4))
        >>> training.run(seed=0)
        >>> training.probabilities(images).shape
        (8, 2)
    """

    def __init__(self, images, labels, epochs=9.9, batch_size=1024, widths=WIDTHS):
        self.images, self.epochs, self.batch_size, self.widths = images, epochs, batch_size, widths
        self.classes = int(labels.max()) + 1
        self.batches = len(images) // batch_size
        self.steps = math.ceil(self.batches * epochs)
        pixels = images.reshape(-1, 3)
        self.mean, self.spread = (
            (found(images, axis=(0, 1, 2)) / 255).astype("float32") for found in (np.mean, np.std)
        )
        self.network = cifar_net(self.classes, widths)
        self._pixels = _kept(pixels, "uint8")
        self._labels = _kept(labels, "int32")
        self._velocities = [
            _kept(np.zeros(each.shape), "float32") for each in self.network.trainable_variables
        ]
        self._slow = [_kept(np.zeros(each.shape), "float32") for each in self.network.variables]
        variables = [*self.network.variables, *self._velocities, *self._slow, self._pixels, self._labels]
        self._take_steps = repeated(self._step, variables)
        self._classify = compiled(self._mean_of_views, [*self.network.variables])

    def run(self, seed):
        """Train the network from new weights; returns when the last step is done.

        Args:
            seed: Makes the weights, the order, the shifts and the flips repeatable.
        """
        keras.utils.set_random_seed(seed)
        self.network.set_weights(cifar_net(self.classes, self.widths).get_weights())
        first = self._normalized(ops.convert_to_tensor(self.images[:WHITENED]))
        self.network.get_layer("whitening").kernel.assign(whitening_kernel(first))
        for velocity in self._velocities:
            velocity.assign(np.zeros(velocity.shape, "float32"))
        for slow, now in zip(self._slow, self.network.variables, strict=True):
            slow.assign(now.value)
        self._take_steps(self._plan(np.random.default_rng(seed)))
        for slow, now in zip(self._slow, self.network.variables, strict=True):
            now.assign(slow.value)
        ops.convert_to_numpy(self.network.variables[0])  # waits until the device is done

    def probabilities(self, images):
        """The classes' mean softmax over an image, two of its shifts, and their mirror images.

        Args:
            images: uint8 (n, 32, 32, 3).

        Returns:
            float32 (n, classes).
        """
        logits, size = [], min(AT_ONCE, len(images))
        for start in range(0, len(images), size):
            some = images[start : start + size]
            filled = np.concatenate([some, np.zeros((size - len(some), *some.shape[1:]), "uint8")])
            logits.append(ops.convert_to_numpy(self._classify(filled))[: len(some)])
        return ops.convert_to_numpy(ops.softmax(np.concatenate(logits)))

    def _plan(self, random):
        """What each step needs: images, shifts and flips (steps, batch); rates and decays (steps, 1)."""
        count, chosen, flipped = len(self.images), [], []
        mirrored = random.random(count) < 0.5
        for epoch in range(math.ceil(self.epochs)):
            order = random.permutation(count)[: self.batches * self.batch_size]
            chosen.append(order)
            flipped.append(mirrored[order] ^ bool(epoch % 2))
        shape = self.batches * math.ceil(self.epochs), self.batch_size
        shifts = random.integers(-SHIFT, SHIFT + 1, (2, self.steps, self.batch_size), "int32")
        numbers = np.arange(self.steps)
        looks = (numbers + 1) % LOOK_EVERY == 0
        looks[-1] = True
        keep = LOOK_DECAY * ((numbers + 1) / self.steps) ** 3
        keep[-1] = 1.0  # at last, the slow weights are taken as they are
        return [
            np.concatenate(chosen).reshape(shape)[: self.steps].astype("int32"),
            *shifts,
            np.concatenate(flipped).reshape(shape)[: self.steps],
            shares(self.steps)[:, None],
            (numbers < WHITENING_BIAS_EPOCHS * self.batches)[:, None].astype("float32"),
            looks[:, None],
            keep[:, None].astype("float32"),
        ]

    def _step(self, rows, down, right, flipped, share, bias, look, keep):
        x = self._normalized(self._gathered(self._pixels.value, rows, down, right, flipped))
        y = ops.take(self._labels.value, rows, 0)

        def loss():
            log_probabilities = ops.log_softmax(self.network(x, training=True), -1)
            correct = ops.take_along_axis(log_probabilities, y[:, None], -1)[:, 0]
            return -ops.sum((1 - SMOOTHING) * correct + SMOOTHING * ops.mean(log_probabilities, -1))

        _, gradients = weight_gradients(loss, self.network.trainable_variables)
        for variable, velocity, gradient in zip(
            self.network.trainable_variables, self._velocities, gradients, strict=True
        ):
            self._update(variable, velocity, gradient, share[0], bias[0])
        for slow, now in zip(self._slow, self.network.variables, strict=True):
            averaged = keep[0] * slow.value + (1 - keep[0]) * now.value
            slow.assign(ops.where(look[0], averaged, slow.value))
            now.assign(ops.where(look[0], averaged, now.value))

    def _update(self, variable, velocity, gradient, share, bias):
        scale = 1024 * (1 + 1 / (1 - MOMENTUM))  # of a step of Nesterov's momentum
        rate, decay = LEARNING_RATE / scale, WEIGHT_DECAY * self.batch_size / scale
        whitening = self.network.get_layer("whitening")
        if variable is whitening.kernel:
            return
        if variable.name == "beta":
            rate *= BIAS_FACTOR
        gradient = ops.cast(gradient, "float32") + decay / rate * variable.value
        moved = MOMENTUM * velocity.value + gradient
        change = rate * share * (gradient + MOMENTUM * moved)
        if variable is whitening.bias:
            change, moved = bias * change, bias * moved
        velocity.assign(moved)
        variable.assign(variable.value - change)

    def _gathered(self, pixels, rows, down, right, flipped):
        """Shifted and mirrored images, from pixels (n * 32 * 32, 3); beyond an edge they are reflected."""
        places = ops.arange(SIDE, dtype="int32")
        y = _reflected(places + down[:, None])[:, :, None]
        x = _reflected(ops.where(flipped[:, None], SIDE - 1 - places, places) + right[:, None])[:, None]
        return ops.take(pixels, (rows[:, None, None] * SIDE + y) * SIDE + x, 0)

    def _normalized(self, pixels):
        return (ops.cast(pixels, "float32") / 255 - self.mean) / self.spread

    def _mean_of_views(self, images):
        pixels, rows = ops.reshape(images, (-1, 3)), ops.arange(images.shape[0], dtype="int32")
        total = 0
        for shift, weight in VIEWS:
            for mirrored in (False, True):
                shifts, flips = ops.full_like(rows, shift), ops.full_like(rows, mirrored, "bool")
                view = self._gathered(pixels, rows, shifts, shifts, flips)
                total += weight / 2 * self.network(self._normalized(view), training=False)
        return total


def _reflected(places):
    """Places within an image: -1 is 1, 32 is 30."""
    places = ops.abs(places)
    return ops.where(places >= SIDE, 2 * SIDE - 2 - places, places)


def _kept(values, dtype):
    return keras.Variable(values, trainable=False, dtype=dtype)
