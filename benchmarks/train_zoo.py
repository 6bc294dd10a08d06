"""Train the weights that come with the zoo, on all of a data set's training part.

Networks of digits train for many epochs on MNIST, with new augmented versions of the digits in each; text
networks for a few epochs on the Large Movie Review Dataset. Writes models/weights/MODEL-DATA.weights.h5 and
lists it in models/zoo.json. These are the commands that made the files there; nobody needs to run them again.
"""

import gzip
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, run  # first: loads Keras quietly

import h5py
import keras
import numpy as np

import models
from datasets import digits, reviews
from datasets.texts.bucketing import LengthBuckets
from models.distribution import is_first, shared
from models.fine_tuning.augmentation import random_affine
from models.text_classification import BUILDERS as TEXTS
from models.text_classification import CLIP_NORMS, LONGEST, averaged_adam, learn_vocabulary, token_ids
from models.text_classification.vocabulary import VOCABULARY
from models.zoo import FOLDER, LIST, zoo
from tutorials.lesson.limits import check_settings, fitting_batch

DIGITS = {
    "convnet": models.ConvNet,
    "two_block": models.TwoBlockConvNet,
    "lenet5": models.LeNet5,
    "mlp": models.MLP,
}
WORDS = 10_000  # token ids of the text networks: their embedding is nearly all of their weights


def main(
    model: Literal[
        "convnet",
        "two_block",
        "lenet5",
        "mlp",
        "lstm",
        "pooled_lstm",
        "bilstm",
        "simple_rnn",
        "conv1d",
        "bag",
    ] = "convnet",
    epochs: int = 60,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    data: str = "auto",
    seed: int = 0,
) -> None:
    """Train one of the zoo's models on all of its training data.

    Args:
        model: Which network to train.
        epochs: Epochs of training; digits are augmented anew for each.
        batch_size: Images or texts per gradient step.
        learning_rate: Adam's learning rate; for digits the first one, which falls to 0 in the end.
        data: Folder that holds MNIST, or the Large Movie Review Dataset.
        seed: Makes the run repeatable.
    """
    check_settings(locals())
    keras.utils.set_random_seed(seed)
    FOLDER.mkdir(exist_ok=True)
    make = _train_digits if model in DIGITS else _train_texts
    made = make(model, epochs, batch_size, learning_rate, data, seed)
    if made is None:  # of several processes, the first writes
        return
    builder, network, file, entry = made
    accuracy = entry["test_accuracy"]
    entry["command"] = (
        f"python -m benchmarks.train_zoo --model {model} --epochs {epochs} "
        f"--batch-size {batch_size} --learning-rate {learning_rate} --seed {seed}"
    )
    listed = zoo()
    listed[builder]["weights"] = [entry]
    listed[builder]["parameters"] = network.count_params()
    LIST.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    print(f"{builder} classifies {accuracy:.2%} of the test examples correctly; its weights are in {file}.")


def _train_digits(model, epochs, batch_size, learning_rate, data, seed):
    source = digits.locate(data)
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    if source.name != "mnist":
        raise LessonError("The zoo's networks of digits are trained on MNIST; name its folder with data=.")

    network = DIGITS[model]()
    batch_size = fitting_batch(batch_size, len(x_train), network)
    falling = keras.optimizers.schedules.PolynomialDecay(
        learning_rate, decay_steps=epochs * -(-len(x_train) // batch_size), end_learning_rate=0, power=1.5
    )
    network.compile(
        optimizer=keras.optimizers.Adam(falling),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    started = time.perf_counter()
    with shared(network):  # with --processes, by all of them together
        for epoch in range(epochs):
            perturbed = np.concatenate(
                [random_affine(x_train[n : n + 10_000]) for n in range(0, len(x_train), 10_000)]
            )
            network.fit(
                perturbed, y_train, batch_size=batch_size, initial_epoch=epoch, epochs=epoch + 1,
                verbose=2,
            )  # fmt: skip
    if not is_first():
        return None
    print(f"Trained in {time.perf_counter() - started:.0f} s.")

    accuracy = float(np.mean(network.predict(x_test, verbose=0).argmax(-1) == y_test))
    file = FOLDER / f"{model}-mnist.weights.h5"
    bare = DIGITS[model]()  # without the optimizer's state, which is twice as large as the weights
    bare.set_weights(network.get_weights())
    bare.save_weights(file)
    return DIGITS[model].__name__, bare, file, _entry("mnist", file, 10, "MNIST", accuracy)


def _train_texts(model, epochs, batch_size, learning_rate, data, seed):
    source = reviews.locate(data)
    (x_train, y_train), (x_test, y_test), _ = reviews.load_data(source)
    if source.name != "imdb":
        raise LessonError(
            "The zoo's text networks are trained on the Large Movie Review Dataset; name it with data=."
        )
    vocabulary = learn_vocabulary(x_train, WORDS)
    if is_first():
        VOCABULARY.write_bytes(gzip.compress("\n".join(vocabulary).encode("utf-8"), mtime=0))
    batch_size = fitting_batch(batch_size, len(x_train), lambda: TEXTS[model](WORDS), length=LONGEST)
    batches = LengthBuckets(
        token_ids(x_train, vocabulary, LONGEST), y_train, batch_size=batch_size, seed=seed
    )
    network = TEXTS[model](WORDS)
    network.compile(
        optimizer=averaged_adam(learning_rate, epochs * len(batches), CLIP_NORMS.get(model)),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    with shared(network):
        network.fit(batches, epochs=epochs, verbose=2)
    if not is_first():
        return None

    file = FOLDER / f"{TEXTS[model].__name__.removeprefix('Sentiment').lower()}-reviews.weights.h5"
    bare = TEXTS[model](WORDS)
    bare.set_weights(network.get_weights())
    bare.save_weights(file)
    _halve(file)
    stored = TEXTS[model](WORDS, weights=file)  # what is measured is what is on the disk
    test = LengthBuckets(token_ids(x_test, vocabulary, LONGEST), batch_size=500, shuffle=False)
    answers = stored.predict(test, verbose=0)[:, 0] > 0.5
    accuracy = float(np.mean(answers == y_test[test.order]))
    entry = _entry("reviews", file, 2, "IMDB reviews", accuracy)
    return TEXTS[model].__name__, stored, file, entry


def _entry(name, file, classes, data, accuracy):
    return {
        "name": name,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "classes": classes,
        "data": data,
        "test_accuracy": round(accuracy, 4),
    }


def _halve(file):
    """Store every weight in 16 bits in place of 32: a word's embedding needs no more than 3 digits."""
    half = file.with_suffix(".half")
    with h5py.File(file) as full, h5py.File(half, "w") as small:

        def copy(name, item):
            if isinstance(item, h5py.Dataset):
                small.create_dataset(name, data=item[()].astype("float16"), compression="gzip")
            else:
                small.require_group(name)
            small[name].attrs.update(item.attrs)

        full.visititems(copy)
        small.attrs.update(full.attrs)
    half.replace(file)


if __name__ == "__main__":
    run(main)
