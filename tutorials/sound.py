r"""Classify sounds with a convolutional network on their spectrograms.

## The question

Convolutional networks were made for images. Can one tell a rising tone from a falling one, or a trill from
a drum?

## The idea

A recording is one long row of numbers: at 8,000 hertz, one second has 8,000 samples. Single samples say
little, since the same tone looks different each time, depending on where its wave begins (its phase). A
**spectrogram** shows what stays: how strong each frequency is at each time. It is cut from short,
overlapping windows. Here a window has 256 samples, and the next one begins 128 samples later, so that one
second gives

$$\left\lfloor \frac{8000 - 256}{128} \right\rfloor + 1 = 61$$

columns. The Fourier transform of 256 samples has $256 / 2 + 1 = 129$ frequencies, from 0 to 4,000 hertz, so
that a row is $4000 / 128 = 31.25$ hertz high. The result is an image of 129×61 values, and a rising tone is
a rising line in it.

In this model the spectrogram is a layer. It is a convolution, too: sines and cosines of each frequency
slide over the waveform. That is why `summary()` counts $2 \cdot 129 \cdot 256 = 66{,}048$ non-trainable
parameters: these kernels are computed, not learned.

Three networks are compared. One takes waveforms, with the spectrogram inside. The digit classifier of
`digits` takes spectrograms as images; and a third takes images whose rows of frequency are shuffled, all in
the same way. Beside them stands logistic regression on what one would measure first: the mean spectrum, the
whole spectrogram, and statistics over time (of each frequency the mean, the deviation and the change).

## Before you run it

The noise has a tenth of the sound's power (10 decibels). Can you tell the classes apart in the waveforms?
Which of the three networks will be worst, and will it be better than the linear models?

## How to read the figures

- `waveforms_and_spectrograms`: the same sounds twice. Time runs to the right; frequency runs upwards.
- `first_kernels`: kernels of the first layer, the patch of a spectrogram that activates each most, and how
  much each class activates it.
- `shuffled`: two sounds, each with its rows in order and shuffled. No value is missing in the second; its
  neighbours are.
- `baselines`: accuracies with their 95 % intervals, and the chance level.
- `confusion_matrix` and `learning_curves`: as in `digits`.

## What it means

A convolutional network works on all data whose neighbours belong together, along time as well as along
frequency. With shuffled rows it still does far better than chance, since each column remains intact and
*when* something sounds can be seen; it loses what lines tell. A linear model adds up values at fixed places,
and a tone can begin at any time and pitch: that is why the networks are ahead. The sounds here are generated
and easy; recordings in a street are harder.

## Exercises

1. How many columns has a recording of two seconds? Check with `--seconds 2`.
2. Make it harder: `python -m tutorials.sound --decibels -5`. Which classes are confused first?
3. Record three words five times each, a folder for each word: `--data my_words/`.
   Is the network better than the linear models? Add `--page`, and speak into `outputs/sound/page.html`.

<details><summary>Solutions</summary>

1. $\lfloor (16000 - 256) / 128 \rfloor + 1 = 124$.
2. See `confusion_matrix`. With the default seed these are trilled sounds, mostly taken for steady ones.
3. With three test sounds even 3 of 3 has an interval from 44 to 100 %: nothing can be said yet.

</details>

## Read more

Hershey et al., *CNN architectures for large-scale audio classification* (2017).

Next: `video` adds a time axis to images.
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
from models.scores import Share
from tutorials.figures.charts import confusion_matrix, learning_curves
from tutorials.figures.sound import (
    accuracies_with_intervals,
    first_kernels,
    shuffled_rows,
    waveforms_and_spectrograms,
)
from tutorials.lesson.limits import check_memory, check_settings
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.sound_pages import page_of_sounds
from tutorials.lesson.report import Report, predict_command
from tutorials.lesson.sounds import KEYS, baselines, beside_the_linear, conclusion

SHOWN = 6  # classes at most in a figure


def main(
    epochs: int | None = None,
    seconds: float = 1.0,
    hertz: int = 8000,
    decibels: float = 10.0,
    data: str = "auto",
    page: bool = False,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train a network on waveforms, and another on their spectrograms, in order and shuffled.

    Args:
        epochs: Number of epochs; by default 10, and more if you have few sounds.
        seconds: Length of a sound; longer ones are cut, shorter ones are padded with silence.
        hertz: Sampling rate; your own sounds are resampled to it.
        decibels: Signal-to-noise ratio of the generated sounds.
        data: Folder with one folder of WAV, FLAC, OGG or MP3 files for each class, or with such folders
            under train and test; "auto" or "embedded" for generated sounds.
        page: Also write page.html, on which one records or drops a sound and sees what every layer computes.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)

    # Data: waveforms (n, seconds · hertz) in [-1, 1], labels (n,)
    source = tones.locate(data)
    names, set_aside = tones.class_names(source), []
    train, test = (100, 50) if quick else (1000, 500)
    sounds = tones.count_files(source) or train + test
    check_memory("seconds", seconds, 40 * sounds * seconds * hertz)  # waveforms, three spectrograms of each
    (x_train, y_train), (x_test, y_test) = tones.load_data(
        source, train, test, seconds, hertz, decibels, seed, set_aside
    )
    if quick:  # sounds of your own are all loaded
        x_train, y_train, x_test, y_test = x_train[:100], y_train[:100], x_test[:50], y_test[:50]
    steps = -(-len(x_train) * 17 // (20 * 32))  # batches per epoch: 32 sounds each, 15 % for validation
    epochs = report.settings["epochs"] = epochs or (1 if quick else max(10, 250 // steps))

    # Models: one computes a spectrogram of the waveform inside. The other, the digit classifier, gets
    # spectrograms as images: with rows of frequency in order, and shuffled in the same way for all
    network = SoundConvNet(x_train.shape[1:], len(names), sampling_rate=hertz)
    network.summary()
    check_memory("seconds", seconds, training_bytes(network, 100))
    first = keras.Model(network.inputs, [network.get_layer(name).output for name in ("normalise", "conv1")])
    x = {"waveforms": (x_train, x_test)}
    spectrograms = [first.predict(sounds, verbose=0)[0] for sounds in (x_train, x_test)]
    order = np.random.default_rng(seed).permutation(spectrograms[0].shape[1])
    x["in order"] = [np.clip(51 * values, 0, 255) for values in spectrograms]  # pixels; the mean is black
    x["shuffled"] = [images[:, order] for images in x["in order"]]
    models = {"waveforms": network}
    for kind in "in order", "shuffled":
        models[kind] = ConvNet(x[kind][0].shape[1:], len(names), (8, 16), dense_units=64, dropout=0.3)

    # Baselines: always the largest class, and logistic regression on three descriptions of a spectrogram
    predictions = baselines(spectrograms[0], y_train, spectrograms[1], seed)

    history = {}
    for kind, model in models.items():
        # Compile
        print(f"\nTraining on {kind}: {model.count_params():,} parameters")
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, epochs * steps)),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=quick,  # faster than compiling a graph for a small sample
        )

        # Fit: 15 % of the training sounds are the validation split
        settings = {"batch_size": 32, "epochs": epochs, "validation_split": 0.15, "verbose": VERBOSE}
        history[kind] = model.fit(x[kind][0], y_train, **settings).history

        # Evaluate: on the test sounds
        predictions[kind] = model.predict(x[kind][1], batch_size=100, verbose=0).argmax(-1)
    right = {kind: predicted == y_test for kind, predicted in predictions.items()}
    shares = {kind: Share(int(each.sum()), len(each)) for kind, each in right.items()}
    compared = beside_the_linear(right)

    # Plot
    counts = metrics.confusion_matrix(y_test, predictions["waveforms"], labels=range(len(names)))
    title = f"{shares['waveforms'].value:.1%} of {len(y_test):,} test sounds are classified correctly"
    report.figure("confusion_matrix", confusion_matrix(counts, names, title))
    title = f"Validation accuracy after epoch {epochs}: {history['waveforms']['val_accuracy'][-1]:.1%}"
    report.figure("learning_curves", learning_curves(history["waveforms"], title, "sounds"))
    report.figure("baselines", accuracies_with_intervals(shares, compared))
    some = np.unique(y_test, return_index=True)[1][:SHOWN]  # one sound of each class
    labels = [names[label] for label in y_test[some]]
    column = network.get_layer("spectrogram").frame_step / hertz  # seconds
    axes = waveforms_and_spectrograms(x_test[some], spectrograms[1][some], labels, hertz, column)
    report.figure("waveforms_and_spectrograms", axes)
    kernels = network.get_layer("conv1").get_weights()[0][:, :, 0]  # (frequency, time, features)
    classes = [names[label] for label in y_train[:200]]
    axes = first_kernels(kernels, *first.predict(x_train[:200], verbose=0), classes, hertz, column)
    report.figure("first_kernels", axes)
    both = {kind: shares[kind].value for kind in ("in order", "shuffled")}
    report.figure("shuffled", shuffled_rows([x[kind][1][some[:2]] for kind in both], labels, both))
    report.model(network, names)
    page_of_sounds(page, report, network, x_test, y_test, names, hertz)
    if set_aside:
        report.table("set_aside", [("file", "reason"), *set_aside])
    written = report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=conclusion(shares, compared),
        **{f"{key}test_accuracy": shares[kind].value for kind, key in KEYS.items()},
        parameters=network.count_params(),
    )
    command = predict_command(report.folder, "recording.wav")
    print(f"Classify sounds of your own: {safe(command, 'terminal', 400)}")
    return written


if __name__ == "__main__":
    run(main)
