r"""Classify short video clips: which networks use the order of the frames?

## The question

A video is a sequence of images. Is it enough to look at each of them, or does a network need to know which
comes first?

## The idea

A shape moves (to the left, to the right, up or down), grows, shrinks or turns: eight classes. For every class
there are clips with *the same frames* in another order, so that a single frame says nothing about the class.
Three networks look at the clips:

1. **Frame by frame.** A small convolutional network classifies each frame; the eight answers are averaged.
   An average does not depend on the order, so that this network *cannot* be better than the chance level,
   $1 / 8 = 0.125$.
2. **LSTM.** The features of each frame go into a recurrent layer, which keeps a state $h_t$ and updates it
   frame by frame from the frame $x_t$ and its last state. In its plain form

   $$h_t = \tanh(W x_t + U h_{t-1} + b)$$

   The weights are the same at every step: parameters are shared *over time*, as a kernel's are over space.
   An LSTM has four such parts: three *gates* decide what to forget, what to store and what to put out. With
   $m = 32$ inputs and $n = 48$ units it has $4 \cdot (32 + 48 + 1) \cdot 48 = 15{,}552$ parameters.
3. **Conv3D.** A kernel that is also three frames long slides over height, width and time, so that it can
   see a motion directly.

## Before you run it

What will shuffling the frames of the test clips do to each network? Which of the last two has more
parameters?

## How to read the figures

- `clips`: a row for each class, each with the same frames in another order.
- `accuracy`: frames in order and shuffled; the line is the chance level.
- `learning_curves`: the loss of the frame-by-frame network stays near $\log 8 \approx 2.08$, which is that
  of guessing.
- `predictions` (animated): the LSTM's probabilities after each frame. Watch when it begins to be sure.

## What it means

Where the order carries the information, a network must be able to use it, by recurrence or by convolution
over time. It does *not* mean that an LSTM is always better for video: for many real clips one frame (a
football pitch) tells the class. With frames shuffled both fall back to chance, which shows that they do use
the order.

## Exercises

1. Count a `SimpleRNN` of 48 units on 32 inputs: $W$, $U$ and $b$.
2. `python -m tutorials.video --frames 16`: which network's number of parameters changes?
3. `python -m tutorials.video --noise 60`: which network loses more? Is that a result, or one seed?

<details><summary>Solutions</summary>

1. $(32 + 48 + 1) \cdot 48 = 3{,}888$: a quarter of the LSTM's.
2. Only Conv3D's: it flattens all frames before its dense layer. The LSTM's weights are shared over time.
3. Compare `accuracy` with and without the noise, and repeat both with `--seed 1` and `--seed 2`: believe a
   difference that is the same in all of them, and larger than that from seed to seed.

</details>

## Read more

Hochreiter and Schmidhuber, *Long short-term memory* (1997). Tran et al., *Learning spatiotemporal features
with 3D convolutional networks* (2015).

Next: `few_examples` begins with a network that is already trained.
"""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, LessonError, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.files.names import safe
from datasets.generated import moving_shapes
from models import FrameByFrame, VideoConv3D, VideoLSTM
from tutorials.figures.charts import panels_of_curves
from tutorials.figures.video import film_strips, film_with_predictions, ordered_and_shuffled
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.report import Report, predict_command
from tutorials.lesson.videos import (
    comparison,
    conclusion,
    default_epochs,
    film,
    linear_baseline,
    load_clips,
    strips,
)

NETWORKS = {"frame by frame": FrameByFrame, "LSTM": VideoLSTM, "Conv3D": VideoConv3D}


def main(
    epochs: int | None = None,
    batch_size: int = 32,
    train_clips: int = 6400,
    frames: int = 8,
    size: int = 24,
    noise: float = 10.0,
    data: str = "auto",
    grey: bool = False,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train three networks on clips whose classes differ only in the order of the frames.

    Args:
        epochs: Number of epochs; by default 6, and more if you have few clips.
        batch_size: Clips per batch.
        train_clips: Number of generated training clips, a multiple of 8; a tenth is the validation split.
        frames: Frames per clip, from 4 to 64; of your own clips so many are taken in equal steps.
        size: Height and width of a frame in pixels, from 16 to 128.
        noise: Standard deviation of the noise on each generated pixel, in grey levels, from 0 to 100.
        data: Folder with one folder of clips for each class (folders of frames, GIF, WebP, MP4), or with such
            folders under train and test; "moving_photos" for a camera that moves over photos; "auto" or
            "embedded" for moving shapes.
        grey: Take your own clips in grey; generated ones always are.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    if train_clips < 16:
        raise LessonError(f"--train-clips must be 16 or more, not {train_clips}: 8 are the validation split.")
    keras.utils.set_random_seed(seed)
    train_clips, test_clips = (80, 80) if quick else (train_clips, 1600)

    # Data: clips (n, frames, size, size, channels) with pixels in [0, 255], labels (n,)
    clips = load_clips(data, train_clips, test_clips, frames, size, noise, seed, quick, grey)
    (x_train, y_train), (x_test, y_test), classes = clips.training, clips.test, clips.names
    x_shuffled = moving_shapes.shuffle_frames(x_test, seed)
    report.figure("clips", film_strips(*strips(clips)))

    builders = [partial(builder, x_train.shape[1:], classes=len(classes)) for builder in NETWORKS.values()]
    batch_size = fitting_batch(batch_size, len(x_train), *builders)
    epochs = epochs or (1 if quick else default_epochs(clips, batch_size))
    report.settings |= {"epochs": epochs, "grey": x_train.shape[-1] == 1}
    steps = epochs * -(-len(x_train) // batch_size)
    trained, histories, accuracy, results = {}, {}, {}, linear_baseline(clips)
    for name, builder in NETWORKS.items():
        # Model, compile and fit: all three with the same clips, epochs and learning rates
        model = trained[name] = builder(x_train.shape[1:], classes=len(classes))
        model.summary()
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.003, steps)),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=quick,  # faster than compiling a graph for a small sample
        )
        histories[name] = model.fit(
            x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=VERBOSE,
            validation_data=clips.validation, validation_batch_size=400,
        ).history  # fmt: skip

        # Evaluate: the test clips with frames in order, and with the frames of each clip shuffled
        predicted = [model.predict(some, batch_size=400, verbose=0) for some in (x_test, x_shuffled)]
        in_order, shuffled = (float(np.mean(each.argmax(1) == y_test)) for each in predicted)
        accuracy[name] = in_order, shuffled
        print(
            f"{name}: test accuracy {in_order:.1%}, with shuffled frames {shuffled:.1%}; shuffling changes a "
            f"probability by up to {np.abs(predicted[0] - predicted[1]).max():.1g}.\n"
        )
        key = name.lower().replace(" ", "_")
        results |= {
            f"{key}_test_accuracy": in_order,
            f"{key}_shuffled_test_accuracy": shuffled,
            f"{key}_parameters": model.count_params(),
        }

    # Plot
    report.figure("accuracy", ordered_and_shuffled(accuracy, clips.chance(), comparison(clips, accuracy)))
    panels = {
        f"validation {metric}": (
            np.arange(1, epochs + 1),
            {n: h[f"val_{metric}"] for n, h in histories.items()},
        )
        for metric in ("loss", "accuracy")
    }
    best = min(histories, key=lambda name: histories[name]["val_loss"][-1])
    ends = f"{best} ends lowest, at {histories[best]['val_loss'][-1]:.2f}"
    title = f"Of the validation losses (chance level {clips.guessing():.2f}), that of {ends}"
    report.figure("learning_curves", panels_of_curves("epoch", panels, title))

    # LSTM with the same weights, now with a prediction after every frame: (clips, frames, classes)
    stepwise = VideoLSTM(x_train.shape[1:], classes=len(classes), return_sequences=True)
    stepwise.set_weights(trained["LSTM"].get_weights())
    probabilities = stepwise.predict(x_test, batch_size=400, verbose=0)
    by_frame = (probabilities.argmax(-1) == y_test[:, None]).mean(0)  # accuracy (frames,)
    print("Accuracy of the LSTM after each frame:", ", ".join(f"{share:.1%}" for share in by_frame))
    if by_frame[-1] > 2 * clips.chance():
        print("It was trained on whole clips, so it treats the frames so far as a whole clip.")
    title = f"LSTM accuracy: {by_frame[0]:.1%} after frame 1, {by_frame[-1]:.1%} after frame {frames}"
    animation = film_with_predictions(*film(clips, probabilities), title)
    report.animation("predictions", *animation, frames, 2)
    report.model(trained["LSTM"], classes)
    if clips.set_aside:
        report.table("set_aside", [("file", "reason"), *clips.set_aside])
    finding = conclusion(clips, accuracy)
    written = report.close(clips.source, examples=clips.count(), finding=finding, **results)
    command = predict_command(report.folder, "clip.gif")
    print(f"Classify clips of your own: {safe(command, 'terminal', 400)}")
    return written


if __name__ == "__main__":
    run(main)
