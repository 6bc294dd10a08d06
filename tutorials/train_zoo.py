"""Train the weights that come with the zoo: many passes over ever new, perturbed digits.

Writes models/weights/MODEL-mnist.weights.h5 and lists it in models/zoo.json. This is the
command that made the files there; nobody needs to run it again.
"""

import hashlib
import json
import time
from typing import Literal

from tutorials._command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np

import models
from datasets import digits
from models._weights import FOLDER, LIST, zoo
from models.augmentation import random_affine

BUILDERS = {
    "convnet": models.ConvNet,
    "two_block": models.TwoBlockConvNet,
    "lenet5": models.LeNet5,
    "mlp": models.MLP,
}


def main(
    model: Literal["convnet", "two_block", "lenet5", "mlp"] = "convnet",
    epochs: int = 60,
    batch_size: int = 128,
    step_size: float = 3e-3,
    data: str = "auto",
    seed: int = 0,
) -> None:
    """Train one of the zoo's digit models on all of MNIST's training images.

    Args:
        model: Which network to train.
        epochs: Passes over the training images, each perturbed anew.
        batch_size: Images per gradient step.
        step_size: Adam's first step size; it falls to nothing in the end.
        data: Folder that holds mnist.npz or the four IDX files.
        seed: Makes the run repeatable.
    """
    check_positive(epochs=epochs, batch_size=batch_size, step_size=step_size)
    keras.utils.set_random_seed(seed)
    source = digits.locate(data)
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    if source.name != "mnist":
        raise LessonError("The zoo's weights are trained on MNIST; name its folder with --data.")

    network = BUILDERS[model]()
    steps = epochs * -(-len(x_train) // batch_size)
    network.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.PolynomialDecay(step_size, steps, 0, power=1.5)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    started = time.perf_counter()
    for epoch in range(epochs):
        perturbed = np.concatenate(
            [random_affine(x_train[n : n + 10_000]) for n in range(0, len(x_train), 10_000)]
        )
        network.fit(
            perturbed, y_train, batch_size=batch_size, initial_epoch=epoch, epochs=epoch + 1,
            verbose=2,
        )  # fmt: skip
    print(f"Trained in {time.perf_counter() - started:.0f} s.")

    accuracy = float(np.mean(network.predict(x_test, verbose=0).argmax(-1) == y_test))
    file = FOLDER / f"{model}-mnist.weights.h5"
    bare = BUILDERS[model]()  # without the optimizer's state, which is twice as large as the weights
    bare.set_weights(network.get_weights())
    bare.save_weights(file)
    listed = zoo()
    builder = BUILDERS[model].__name__
    listed[builder]["weights"] = [
        {
            "name": "mnist",
            "file": file.name,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "classes": 10,
            "data": "MNIST",
            "test_accuracy": round(accuracy, 4),
            "command": f"python -m tutorials.train_zoo --model {model} --epochs {epochs} "
            f"--batch-size {batch_size} --step-size {step_size} --seed {seed}",
        }
    ]
    LIST.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    print(f"{builder} reads {accuracy:.2%} of the test images; its weights are in {file}.")


if __name__ == "__main__":
    run(main)
