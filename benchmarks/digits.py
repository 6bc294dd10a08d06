"""Seconds of training until 99.0 % of MNIST's test images are classified correctly: ours and two peers.

    python benchmarks/digits.py --data PATH

The peers are reproduced from their published recipes:

- keras_site: the Keras site's "Simple MNIST convnet": 34,826 parameters, Adam, batches of 128,
  15 epochs of 54,000 images. Its validation is left out, which is in its favour.
- pytorch_example: "mnist" of PyTorch's examples: 1,199,882 parameters, Adadelta with a learning
  rate of 1.0 that is multiplied by 0.7 each epoch, batches of 64, 14 epochs of 60,000 images. On PyTorch
  itself where that is installed, else the same network in Keras. Images are prepared before the
  clock starts, which is in its favour too.

They take turns, so that a slow minute of the machine hits all three. The clock runs while they
train, tracing and (ours) validation included, and stands still while the test images are looked
at after each epoch. A run that never reaches 99.0 % counts as infinite.
"""

import importlib.util
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from keras import layers

from datasets import digits
from models import ConvNet
from tutorials.digits import BETA, RECIPES

GOAL = 0.99


class Clock(keras.callbacks.Callback):
    """Seconds of `fit`, less those spent on the test images after each epoch."""

    def __init__(self, x_test, y_test):
        super().__init__()
        self.test = x_test, y_test
        self.seconds, self.reached, self.accuracy = 0.0, float("inf"), 0.0
        self.since = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self.since
        images, labels = self.test
        answers = np.concatenate(
            [self.model(images[n : n + 1000], training=False) for n in range(0, len(images), 1000)]
        ).argmax(-1)
        self.look(float(np.mean(answers == labels)))
        if self.reached < float("inf"):
            self.model.stop_training = True
        self.since = time.perf_counter()

    def look(self, accuracy):
        self.accuracy = accuracy
        if accuracy >= GOAL:
            self.reached = min(self.reached, self.seconds)


def compile_as_the_lesson(network, examples, passes, rate, power, beta):
    """Compile a network as the lesson does, which validates on a tenth of its examples.

    Args:
        network: An uncompiled model.
        examples: Number of training images, those for validation among them.
        passes: Epochs, in which the learning rate decays to 0.
        rate: Learning rate at the start.
        power: How it decays: 1 is linear.
        beta: Adam's beta_2.
    """
    steps = passes * int(np.ceil(0.9 * examples / 128))
    schedule = keras.optimizers.schedules.PolynomialDecay(rate, steps, 0, power)
    network.compile(
        optimizer=keras.optimizers.Adam(schedule, beta_2=beta),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def ours(data, seed, passes=3):
    """What `python -m tutorials.digits` does between its data and its evaluation."""
    (x_train, y_train), test = data
    keras.utils.set_random_seed(seed)
    clock = Clock(*test)
    network = ConvNet()
    compile_as_the_lesson(network, len(x_train), passes, *RECIPES["convnet"], BETA)
    network.fit(
        x_train, y_train, batch_size=128, epochs=passes, validation_split=0.1, verbose=0,
        callbacks=[clock],
    )  # fmt: skip
    return clock


def keras_site(data, seed, passes=15):
    """The Keras site's MNIST convnet."""
    (x_train, y_train), (x_test, y_test) = data
    used = int(0.9 * len(x_train))
    x_train, y_train = (x_train[:used] / 255).astype("float32"), y_train[:used]
    keras.utils.set_random_seed(seed)
    clock = Clock((x_test / 255).astype("float32"), y_test)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    assert network.count_params() == 34_826
    network.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    labels = keras.utils.to_categorical(y_train, 10)
    clock.since = time.perf_counter()
    network.fit(x_train, labels, batch_size=128, epochs=passes, verbose=0, callbacks=[clock])
    return clock


def pytorch_example(data, seed, passes=14):
    """PyTorch's MNIST example, on PyTorch where it is installed."""
    train = _on_pytorch if importlib.util.find_spec("torch") else _in_keras
    (x_train, y_train), (x_test, y_test) = data
    x_train, x_test = (((x / 255 - 0.1307) / 0.3081).astype("float32") for x in (x_train, x_test))
    return train(x_train, y_train, x_test, y_test, seed, passes)


def _on_pytorch(x_train, y_train, x_test, y_test, seed, passes):
    import torch
    from torch import nn

    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    x_train, x_test = (torch.tensor(x).permute(0, 3, 1, 2).contiguous().to(device) for x in (x_train, x_test))
    y_train = torch.tensor(y_train.astype("int64")).to(device)
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10), nn.LogSoftmax(1),
    ).to(device)  # fmt: skip
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_199_882
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    clock = Clock(x_test, y_test)
    for _ in range(passes):
        started = time.perf_counter()
        network.train()
        for batch in torch.randperm(len(x_train), device=device).split(64):
            optimizer.zero_grad()
            nn.functional.nll_loss(network(x_train[batch]), y_train[batch]).backward()
            optimizer.step()
        schedule.step()
        if device == "cuda":
            torch.cuda.synchronize()
        clock.seconds += time.perf_counter() - started
        network.eval()
        with torch.no_grad():
            answers = torch.cat([network(images).argmax(1) for images in x_test.split(1000)])
        clock.look(float(np.mean(answers.cpu().numpy() == y_test)))
        if clock.reached < float("inf"):
            break
    return clock


def _in_keras(x_train, y_train, x_test, y_test, seed, passes):
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    assert network.count_params() == 1_199_882
    schedule = keras.optimizers.schedules.ExponentialDecay(1.0, -(-len(x_train) // 64), 0.7, staircase=True)
    network.compile(
        optimizer=keras.optimizers.Adadelta(schedule, rho=0.9, epsilon=1e-6),
        loss="sparse_categorical_crossentropy",
    )
    clock = Clock(x_test, y_test)
    network.fit(x_train, y_train, batch_size=64, epochs=passes, verbose=0, callbacks=[clock])
    return clock


PEERS = {one.__name__: one for one in (keras_site, pytorch_example)}


def main(data: str = "auto", runs: int = 3, peers: tuple[str, ...] = tuple(PEERS)) -> None:
    """Train ours and the peers by turns until each classifies 99.0 % of the test images correctly.

    Args:
        data: Folder that holds mnist.npz or the four IDX files.
        runs: Number of runs of each, from seeds 0, 1, 2 and so on.
        peers: Which peers: keras_site, pytorch_example.
    """
    check_positive(runs=runs)
    if unknown := [peer for peer in peers if peer not in PEERS]:
        raise LessonError(f"--peers knows no {unknown[0]!r}; name some of {', '.join(PEERS)}.")
    source = digits.locate(data)
    loaded = digits.load_data(source)
    if source.name != "mnist":
        raise LessonError("This benchmark needs MNIST; name its folder with --data.")
    if "pytorch_example" in peers and not importlib.util.find_spec("torch"):
        print("PyTorch is not installed: its example runs in Keras.")

    reached = {name: [] for name in ("ours", *peers)}
    for turn in range(runs):
        for name in reached:
            clock = PEERS.get(name, ours)(loaded, seed=turn)
            reached[name].append(clock.reached)
            print(
                f"run {turn}  {name:<16} {clock.reached:6.1f} s to {GOAL:.1%}, "
                f"then {clock.accuracy:.2%} of the test images",
                flush=True,
            )
    for name, seconds in reached.items():
        print(f"median {name} {statistics.median(seconds):.1f} s, {spread(seconds)}")
    for peer in peers:
        ratio = statistics.median(reached[peer]) / statistics.median(reached["ours"])
        print(f"ratio {peer} {ratio:.1f}x")


def spread(seconds):
    """Mean and standard deviation of the runs that reached the goal, in words; how many did not."""
    finite = [value for value in seconds if value < float("inf")]
    if not finite:
        return "never reached"
    deviation = statistics.stdev(finite) if len(finite) > 1 else 0.0
    missed = len(seconds) - len(finite)
    return f"mean {statistics.mean(finite):.1f} ± {deviation:.1f} s" + (f", {missed} never" if missed else "")


if __name__ == "__main__":
    run(main)
