"""Tell sounds apart: a convolutional network that sees their spectrograms.

Rising, falling, steady, trilled and drum-like sounds in noise, or your own WAV files.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np
from sklearn import metrics

from datasets import tones
from datasets.files.names import safe
from models import ConvNet, SoundConvNet
from models.checks.memory import training_bytes
from tutorials.figures.charts import confusion_matrix, learning_curves
from tutorials.figures.sound import first_kernels, shuffled_rows, waveforms_and_spectrograms
from tutorials.lesson.limits import check_memory, check_settings
from tutorials.lesson.report import Report

SHOWN = 6  # classes that a figure has room for


def main(
    epochs: int | None = None,
    seconds: float = 1.0,
    hertz: int = 8000,
    decibels: float = 10.0,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train a network on waveforms, and another on their spectrograms, in order and shuffled.

    Args:
        epochs: Passes over the training sounds; by default 10, and more on few sounds of your own.
        seconds: Length of a sound; your own are cut off there, or filled up with silence.
        hertz: Samples per second; your own sounds are resampled.
        decibels: Signal-to-noise ratio of the generated sounds.
        data: Folder with one folder of WAV files for each class, or with such folders under
            train and test; "auto" or "embedded" for generated sounds.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)

    # Data: waveforms (n, seconds · hertz) in [-1, 1], labels (n,)
    source = tones.locate(data)
    names = tones.class_names(source)
    train, test = (100, 50) if quick else (1000, 500)
    sounds = sum(1 for _ in source.path.rglob("*.[wW][aA][vV]*")) if source.path else train + test
    check_memory("seconds", seconds, 40 * sounds * seconds * hertz)  # the sounds and three pictures of each
    (x_train, y_train), (x_test, y_test) = tones.load_data(
        source, train, test, seconds, hertz, decibels, seed
    )
    if quick:  # of one's own sounds all are loaded
        x_train, y_train, x_test, y_test = x_train[:100], y_train[:100], x_test[:50], y_test[:50]
    one_pass = -(-len(x_train) * 17 // (20 * 32))  # gradient steps: 32 sounds each, 15 % held back
    epochs = epochs or (1 if quick else max(10, 250 // one_pass))
    report.settings["epochs"] = epochs

    # Models: one makes a spectrogram of the waveform, and looks at it. The other, the digit reader,
    # is given that picture: as it is, and with its rows of frequency swapped, the same for all
    network = SoundConvNet(x_train.shape[1:], len(names), sampling_rate=hertz)
    network.summary()
    check_memory("seconds", seconds, training_bytes(network, 100))
    first = keras.Model(
        network.inputs[0], [network.get_layer(name).output for name in ("normalise", "conv1")]
    )
    x = {"waveforms": (x_train, x_test)}
    x["spectrograms"] = [first.predict(sounds, verbose=0)[0] for sounds in (x_train, x_test)]
    order = np.random.default_rng(seed).permutation(x["spectrograms"][0].shape[1])
    x["pictures"] = [np.clip(51 * seen, 0, 255) for seen in x["spectrograms"]]  # from its mean on up
    x["shuffled"] = [seen[:, order] for seen in x["pictures"]]
    models = {"waveforms": network}
    for kind in "pictures", "shuffled":
        models[kind] = ConvNet(x[kind][0].shape[1:], len(names), (8, 16), dense_units=64, dropout=0.3)

    accuracy = {}
    for kind, model in models.items():
        # Compile and fit
        print(f"\nTraining on {kind}: {model.count_params():,} parameters")
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, epochs * one_pass)),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=quick,  # a sample is through before a graph is compiled
        )
        settings = {"batch_size": 32, "epochs": epochs, "validation_split": 0.15, "verbose": VERBOSE}
        history = model.fit(x[kind][0], y_train, **settings).history
        # Evaluate: on sounds that none has heard
        answers = model.predict(x[kind][1], batch_size=100, verbose=0).argmax(-1)
        accuracy[kind] = np.mean(answers == y_test)
        if model is network:
            title = f"{accuracy[kind]:.1%} of {len(y_test):,} test sounds are named right"
            counts = metrics.confusion_matrix(y_test, answers, labels=range(len(names)))
            report.figure("confusion_matrix", confusion_matrix(counts, names, title))
            title = f"{history['val_accuracy'][-1]:.1%} of the validation sounds named right at the end"
            report.figure("learning_curves", learning_curves(history, title, "sounds"))

    # Plot
    some = np.unique(y_test, return_index=True)[1][:SHOWN]  # a sound of each class
    labels = [names[label] for label in y_test[some]]
    column = network.get_layer("spectrogram").frame_step / hertz  # seconds
    axes = waveforms_and_spectrograms(x_test[some], x["spectrograms"][1][some], labels, hertz, column)
    report.figure("waveforms_and_spectrograms", axes)
    kernels = network.get_layer("conv1").get_weights()[0][:, :, 0]  # (frequency, time, features)
    heard = [names[label] for label in y_train[:200]]
    axes = first_kernels(kernels, *first.predict(x_train[:200], verbose=0), heard, hertz, column)
    report.figure("first_kernels", axes)
    shares = {kind: accuracy[kind] for kind in ("pictures", "shuffled")}
    report.figure("shuffled", shuffled_rows([x[kind][1][some[:2]] for kind in shares], labels, shares))
    report.model(network, names)
    written = report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"From waveforms {accuracy['waveforms']:.1%} of the sounds held out are named right; from "
        f"pictures of their frequencies the digit reader names {accuracy['pictures']:.1%}, and "
        f"{accuracy['shuffled']:.1%} where the rows of all are shuffled alike.",
        test_accuracy=accuracy["waveforms"],
        convnet_test_accuracy=accuracy["pictures"],
        shuffled_test_accuracy=accuracy["shuffled"],
        parameters=network.count_params(),
    )
    folder = safe(report.folder, "terminal")
    print(f"Have it listen to your own: python -m tutorials.predict {folder} recording.wav")
    return written


if __name__ == "__main__":
    run(main)
