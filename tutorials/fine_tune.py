"""Fine-tune a pretrained network on your own photos.

Photos are checked and split; a new head is trained on the frozen network, then its top as well.
"""

import shlex
import time
from pathlib import Path
from typing import Literal

from tutorials._command import VERBOSE, LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits, photos
from models.backbones import BACKBONES, Backbone
from models.transfer import TransferClassifier, border_at, freeze, split
from tutorials._exports import FILES, check_export, export
from tutorials._photo_report import Outcome, print_findings, write_report
from tutorials._report import Report
from tutorials._rescore import agreements
from tutorials._resume import KeepState, Unfinished
from tutorials._timing import Deadline, as_seconds, plan, predict_seconds, spoken, step_seconds
from tutorials._views import Kept, Views, live

STEP_SIZES = {"head": 1e-2, "top": 3e-4}  # at the start of each phase; towards its end they go to 0
PASSES = {"head": 40, "top": 20}
SHRINK = 0.1  # how strongly the head's weights are held small: with few photos that is worth the most
TAIL_SECONDS = 15  # after training: scoring, figures, and a fresh process that checks what was saved


def main(
    data: str = "embedded",
    backbone: str | None = None,
    weights: str = "pretrained",
    image_size: int | None = None,
    unfreeze: float = 0.3,
    policy: Literal["standard", "strong", "none"] = "standard",
    mixing: Literal["none", "mixup", "cutmix"] = "none",
    mirror: bool = True,
    views: int = 6,
    cache: bool = True,
    epochs: int | None = None,
    batch_size: int = 32,
    budget: str | None = None,
    export: Literal["none", "onnx", "litert"] = "none",
    resume: bool = False,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Turn a folder of photos into a checked, saved classifier and a report.

    Args:
        data: Folder with a folder of photos for each class, if you like below train, val and test;
            a zip or tar archive of one; a table of paths and labels; or "embedded" for digits.
        backbone: Pretrained network, see python -m models; by default mobilenet, for digits convnet.
        weights: "pretrained" (downloaded once, then cached), a file that you have, or "none".
        image_size: Height and width that photos are brought to; by default what suits the backbone.
        unfreeze: Share of the backbone's depth that is trained in the second phase; 0 leaves it out.
        policy: How strongly training photos are changed, to make more of few.
        mixing: Mix training photos, and their labels likewise.
        mirror: Whether half of the training photos are mirrored; not where left is not right.
        views: How often each training photo is seen otherwise, and kept so.
        cache: Compute what frozen layers make of each view once and keep it; else in every pass.
        epochs: Passes of the second phase at most; it stops where validation photos gain no more.
        batch_size: Photos per gradient step.
        budget: Time for the whole run, such as 60s or 5m: views and passes are cut to fit it.
        export: Write the classifier for another runtime as well.
        resume: Go on with a run that was stopped, from where it was.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    started = time.perf_counter()
    report = Report(main, settings=locals())
    check_positive(image_size=image_size, views=views, epochs=epochs, batch_size=batch_size)
    budget_seconds = as_seconds(budget)
    if export != "none":
        check_export(export)
    embedded = data == "embedded"
    name = backbone or ("convnet" if embedded else "mobilenet")
    if name not in BACKBONES:
        raise LessonError(f"--backbone must be one of {', '.join(BACKBONES)}, not {name!r}.")
    keras.utils.set_random_seed(seed)
    unfinished = Unfinished(report, resume)

    # Backbone: first, so that missing weights are told before many photos are looked at
    size = image_size or BACKBONES[name].image_size
    base = Backbone(name, weights, size)

    # Data: squares (n, size, size, 3) with pixels in [0, 255], labels, and a part for each
    source = digits.save_photos(unfinished.folder / "digits", 5 if quick else 50) if embedded else data
    data_set = photos.check(source, size, seed, scratch=unfinished.folder)
    unfinished.check_data(data_set.fingerprint)
    print_findings(data_set)
    classes = len(data_set.class_names)
    rows = {part: np.flatnonzero(data_set.parts == part) for part in ("train", "validation", "test")}
    if quick:
        rows = {part: where[:: max(1, len(where) // 48)] for part, where in rows.items()}
    train = Views(
        data_set.pixels,
        data_set.labels,
        rows["train"],
        classes,
        data_set.class_weights(),
        policy,
        mirror and not embedded,
        mixing,
        seed,
    )
    validation, test = (
        Views(data_set.pixels, data_set.labels, rows[part], classes) for part in ("validation", "test")
    )

    # Model: all up to the border stays as it is, in both phases; BatchNormalization does above it too
    classifier = TransferClassifier(base, classes)
    classifier.get_layer("predictions").kernel_regularizer = keras.regularizers.L2(SHRINK)
    classifier.summary()
    border = border_at(base, unfreeze)
    frozen, top = split(classifier, border)  # pixels -> activations, activations -> classes
    _, head = split(classifier)  # features -> classes
    networks = {"head": head, "top": top} if cache else {"head": classifier, "top": classifier}
    passes = PASSES | {"top": epochs or PASSES["top"]}
    if border is None:
        del networks["top"]
    if quick:
        views, passes = 2, dict.fromkeys(PASSES, 1)

    # Compile
    def compile(phase):
        freeze(classifier, border if cache or phase == "top" else None)
        networks[phase].compile(
            optimizer=keras.optimizers.Adam(STEP_SIZES[phase]),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )
        return networks[phase]

    steps = {phase: step_seconds(compile(phase), batch_size) for phase in networks}
    photo = predict_seconds(frozen, train, batch_size) if cache else 0.0
    left = budget_seconds and budget_seconds - (time.perf_counter() - started) - TAIL_SECONDS
    views, passes, seconds = plan(left, photo, len(train), views, steps, passes, batch_size)
    print(f"Training will take about {spoken(seconds)}, or less if it stops early.", flush=True)

    # What the frozen layers make of each view: computed once, for both phases
    clock = time.perf_counter()
    if cache:
        print(f"\nFrozen layers, once for each of {views} views of {len(train):,} photos", flush=True)
        kept = Kept(frozen, train, views, unfinished.folder / "activations.bin").compute(batch_size)
        kept_validation = Kept(frozen, validation, 1).compute(batch_size)
        batches, held_out = {"top": kept}, {"top": kept_validation}
        features = keras.Model(top.input, top.get_layer("dropout").input)
        batches["head"] = kept.through(features, batch_size)
        held_out["head"] = kept_validation.through(features, batch_size)
    times = {"activations": time.perf_counter() - clock}

    # Fit: the head, then the top of the backbone with it
    histories = {}
    for phase, network in networks.items():
        print(f"\nPhase {len(histories) + 1}: {'the head' if phase == 'head' else 'the top as well'}", flush=True)
        clock = time.perf_counter()
        if not cache:
            compile(phase)
        stopping = keras.callbacks.EarlyStopping(patience=8, restore_best_weights=True)
        state = KeepState(unfinished, phase, stopping)
        order = [seed, list(PASSES).index(phase)]
        network.fit(
            batches[phase].batches(batch_size, order, state.passes)
            if cache
            else live(train, batch_size, order, state.passes),
            validation_data=held_out[phase].batches(batch_size) if cache else live(validation, batch_size),
            epochs=passes[phase],
            initial_epoch=passes[phase] if state.stopped else state.passes,
            callbacks=[
                keras.callbacks.LearningRateScheduler(
                    lambda done, phase=phase: STEP_SIZES[phase] * (1 + np.cos(np.pi * done / passes[phase])) / 2
                ),
                stopping,
                Deadline(left and started + budget_seconds - TAIL_SECONDS),
                state,
            ],
            verbose=VERBOSE,
        )
        histories[phase] = state.history
        times[phase] = time.perf_counter() - clock + state.seconds

    # Evaluate: the test photos are used here, once
    probabilities = {
        part: classifier.predict(live(some, batch_size), verbose=0) if len(some) else np.empty((0, classes))
        for part, some in (("validation", validation), ("test", test))
    }  # (n, classes)

    # Save, and see that the saved files say the same, in a process that knows nothing else
    report.model(classifier, data_set.class_names)
    report.table("split", data_set.split_table())
    report.table("quarantine", data_set.quarantine_table())
    saved = [report.path("model.keras")]
    if export != "none":
        saved.append(report.path(FILES[export]))
        tutorials_export(classifier, saved[-1], size)
    files = [data_set.files[row] for row in rows["validation"]]
    agreements(saved, data_set.source, files, size, probabilities["validation"])
    ...


if __name__ == "__main__":
    run(main)
