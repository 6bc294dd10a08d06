"""Watch short clips: only a network that knows the order of frames can tell what happens.

Every frame separately, frames through a memory (LSTM), and time as a direction (Conv3D).
"""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, LessonError, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import moving_shapes
from models import FrameByFrame, VideoConv3D, VideoLSTM
from tutorials.figures.charts import panels_of_curves
from tutorials.figures.video import film_strips, film_with_answers, ordered_and_shuffled
from tutorials.lesson.limits import check_memory, check_settings, fitting_batch
from tutorials.lesson.report import Report

NETWORKS = {"frame by frame": FrameByFrame, "LSTM": VideoLSTM, "Conv3D": VideoConv3D}


def main(
    epochs: int = 6,
    batch_size: int = 32,
    train_clips: int = 6400,
    frames: int = 8,
    size: int = 24,
    noise: float = 10.0,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train three networks on clips in which only the order of frames tells the class.

    Args:
        epochs: Passes over the training clips.
        batch_size: Clips per gradient step.
        train_clips: Number of clips to train on, a multiple of 8; a tenth of them validates.
        frames: Length of a clip, from 4 to 64.
        size: Height and width of a frame in pixels, from 16 to 128.
        noise: Standard deviation of the noise on each pixel, in grey levels, from 0 to 100.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    if train_clips < 16:
        raise LessonError(f"--train-clips must be 16 or more, not {train_clips}: 8 are to validate on.")
    keras.utils.set_random_seed(seed)
    test_clips = 1600
    if quick:
        epochs, train_clips, test_clips = 1, 160, 80
    check_memory("train_clips", train_clips, 4 * frames * size**2 * train_clips)

    # Data: clips (n, frames, size, size, 1) with pixels in [0, 255], eight with the same frames
    classes = moving_shapes.CLASS_NAMES
    (x, y), (x_test, y_test) = moving_shapes.load_data(train_clips, test_clips, frames, size, noise, seed)
    held_back = 8 * -(-train_clips // 80)  # whole sets of frames, so that none is on both sides
    x_val, y_val, x_train, y_train = x[:held_back], y[:held_back], x[held_back:], y[held_back:]
    x_shuffled = moving_shapes.shuffle_frames(x_test, seed)
    title = f"The same {frames} frames in eight orders are eight classes; each, backwards, is its opposite"
    report.figure("clips", film_strips(dict(zip(classes, x_train[:8], strict=True)), title))

    builders = (partial(builder, x_train.shape[1:], classes=len(classes)) for builder in NETWORKS.values())
    batch_size = fitting_batch(batch_size, len(x_train), *builders)
    steps = epochs * -(-len(x_train) // batch_size)
    trained, curves, accuracy, results = {}, {}, {}, {}
    for name, builder in NETWORKS.items():
        # Model, compile and fit: the same clips as often, in steps of the same size, for all three
        model = trained[name] = builder(x_train.shape[1:], classes=len(classes))
        model.summary()
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.003, steps)),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        curves[name] = model.fit(
            x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=VERBOSE,
            validation_data=(x_val, y_val), validation_batch_size=400,
        ).history  # fmt: skip

        # Evaluate: the test clips as they are, and with the frames of each clip shuffled
        answers = [model.predict(clips, batch_size=400, verbose=0) for clips in (x_test, x_shuffled)]
        in_order, shuffled = (float(np.mean(answer.argmax(1) == y_test)) for answer in answers)
        accuracy[name] = in_order, shuffled
        print(
            f"{name}: {in_order:.1%} of the test clips right, {shuffled:.1%} with the frames of each clip "
            f"shuffled, which moves a probability by up to {np.abs(answers[0] - answers[1]).max():.1g}.\n"
        )
        key = name.lower().replace(" ", "_")
        results |= {
            f"{key}_test_accuracy": in_order,
            f"{key}_shuffled_test_accuracy": shuffled,
            f"{key}_parameters": model.count_params(),
        }

    # Plot
    apart, memory, conv3d = accuracy.values()
    title = f"Separate frames: {apart[0]:.1%} right. LSTM: {memory[0]:.1%}, shuffled {memory[1]:.1%}"
    report.figure("accuracy", ordered_and_shuffled(accuracy, 1 / len(classes), title))
    ends = ", ".join(f"{name} {curve['val_loss'][-1]:.2f}" for name, curve in curves.items())
    passes = np.arange(1, epochs + 1)
    panels = {
        f"validation {metric}": (passes, {name: curve[f"val_{metric}"] for name, curve in curves.items()})
        for metric in ("loss", "accuracy")
    }
    title = f"Loss of guessing: {np.log(len(classes)):.2f}. At the end, {ends}"
    report.figure("learning_curves", panels_of_curves("pass over the training clips", panels, title))

    # The same weights, asked after every frame: (clips, frames, classes)
    watching = VideoLSTM(x_train.shape[1:], classes=len(classes), return_sequences=True)
    watching.set_weights(trained["LSTM"].get_weights())
    answers = watching.predict(x_test, batch_size=400, verbose=0)
    right = (answers.argmax(-1) == y_test[:, None]).mean(0)  # (frames,)
    print("The LSTM after each frame: right for", ", ".join(f"{share:.1%}" for share in right))
    if right[-1] > 2 / len(classes):
        print("It learned to answer at the end, so it takes what it has seen so far for a whole clip.")
    shown = [0, 3, 4, 7]  # one class of each pair, with the same frames
    film = {f"it {classes[n]}": x_test[n] for n in shown}
    title = f"LSTM, asked as it watches: {right[0]:.1%} right after frame 1, {right[-1]:.1%} after {frames}"
    report.animation("answers", *film_with_answers(film, answers[shown], classes, title), frames, 2)
    report.model(trained["LSTM"], classes)
    return report.close(
        moving_shapes.locate(),
        examples=len(x) + len(x_test),
        finding=f"Guessing is right for {1 / len(classes):.1%} of the test clips, separate frames for "
        f"{apart[0]:.1%}, the LSTM for {memory[0]:.1%} and Conv3D for {conv3d[0]:.1%}; with the frames of "
        f"each clip shuffled it is {apart[1]:.1%}, {memory[1]:.1%} and {conv3d[1]:.1%}.",
        **results,
    )


if __name__ == "__main__":
    run(main)
