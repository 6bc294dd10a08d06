"""Train small networks on the devices of this process or of several, and save the weights: run by the tests.

python same_numbers.py FILE.npz [alone | devices | joined | keras]
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
file, way = sys.argv[1:3]
if way == "devices":
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=3"

from models.distribution import DataParallel, is_first, join, joined, shared

if way in ("joined", "keras"):
    join()

import keras
import numpy as np

from datasets.texts.bucketing import LengthBuckets
from models import SentimentLSTM
from models.gradients import use_double_precision

# With 64 bits, differences by rounding stay far below those of another order of rows, or of dropout's masks
keras.config.set_floatx("float64")
use_double_precision()
keras.utils.set_random_seed(3)
RANDOM = np.random.default_rng(0)
IMAGES, CLASSES = RANDOM.random((53, 8, 8, 1)), np.arange(53) % 3  # batches of 20, 20 and 2
TEXTS = [RANDOM.integers(1, 20, 3 + n % 9) for n in range(31)]


def convolutional():
    """Everything that could draw other numbers, or average over other rows, where rows are divided."""
    layers = keras.layers
    stack = [
        keras.Input((8, 8, 1)),
        layers.RandomFlip(),
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(3, "softmax"),
    ]
    network, top = keras.Sequential(stack), keras.metrics.SparseTopKCategoricalAccuracy(2)  # see keras#19290
    network.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy", top])
    return network


def recurrent():
    network = SentimentLSTM(20, 2, word_dropout=0.2)
    network.compile(keras.optimizers.Adam(1e-2, use_ema=True), "binary_crossentropy", metrics=["accuracy"])
    return network


def save(**arrays):
    if is_first():
        np.savez(file, **arrays)


if way == "keras":  # Keras's own class, given the same arrays in each process
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    linear = keras.Sequential([keras.Input((1,)), layer])
    linear.compile(keras.optimizers.SGD(0.1), "mse")
    rows = []
    step = linear.train_step
    linear.train_step = lambda state, data: (rows.append(data[0].shape[0]), step(state, data))[1]
    linear.fit(np.ones((4, 1)), np.ones((4, 1)), batch_size=4, verbose=0)
    try:
        linear.predict(np.ones((4, 1)), verbose=0)
        said = "nothing"
    except Exception as error:
        said = str(error)
    save(rows=rows, said=said)
    sys.exit()

devices = DataParallel() if way == "devices" else None
network, of_texts = convolutional(), recurrent()
with shared(network, devices):
    history = network.fit(IMAGES, CLASSES, batch_size=20, epochs=4, validation_split=0.2, verbose=0).history
    inside = network.predict(IMAGES[:12], verbose=0), network.evaluate(IMAGES[:12], CLASSES[:12], verbose=0)
with shared(of_texts, devices):
    of_texts.fit(LengthBuckets(TEXTS, np.arange(31) % 2, batch_size=8, lengths=1), epochs=2, verbose=0)
outside = network.predict(IMAGES[:12], verbose=0), network.evaluate(IMAGES[:12], CLASSES[:12], verbose=0)
assert np.allclose(inside[0], outside[0]) and np.allclose(inside[1], outside[1])
again = network.fit(IMAGES, CLASSES, batch_size=20, verbose=0).history  # alone again
save(
    **{f"weight {n}": value for n, value in enumerate([*network.get_weights(), *of_texts.get_weights()])},
    **{name: np.array(values) for name, values in history.items()},
    **{f"again {name}": np.array(values) for name, values in again.items()},
    predicted=inside[0],
    evaluated=inside[1],
    processes=joined(),
    devices=len(keras.distribution.list_devices()),
)
