"""Fine-tune a pretrained network on your own photos.

Photos are checked and split; a new head is trained on the frozen network, then its top as well.
"""

import sys
import time
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits, photos
from datasets.files.names import safe
from models.checks.memory import answering_bytes
from models.export import formats
from models.fine_tuning.transfer import TransferClassifier, border_at, freeze, split
from models.pretrained.backbones import Backbone, entry_of
from tutorials.lesson.limits import check_memory, check_settings, fitting_batch
from tutorials.lesson.photo_report.report import Outcome, commands, print_findings, write_report
from tutorials.lesson.report import Report
from tutorials.lesson.rescore import Disagreement, agreements
from tutorials.lesson.resume import KeepState, Unfinished
from tutorials.lesson.timing import Deadline, as_seconds, photo_seconds, plan, spoken, step_seconds
from tutorials.lesson.views import AT_ONCE, Kept, Live, Views, steps_in

STEP_SIZES = {"head": 1e-2, "top": 3e-4}  # the longest of each phase
PASSES = {"head": 20, "top": 20}
SHRINK = 0.05  # how small the head's weights are held: with few photos that is worth more than views
AFTERWARDS = 15  # seconds kept of a budget for scoring, figures and checking what was saved


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
    check_settings(locals())
    report = Report(main, settings=locals())
    started = time.perf_counter()
    budget_seconds = as_seconds(budget)
    if export != "none":
        formats.check_export(export)
    embedded = data == "embedded"
    pretrained = entry_of(backbone or ("convnet" if embedded else "mobilenet"))
    size = image_size or pretrained.tuning_size
    unfinished = Unfinished(report, resume)
    keras.utils.set_random_seed(seed)

    # Data: squares (n, size, size, 3) with pixels in [0, 255], labels and a part for each. The backbone
    # comes first, so that missing weights are told before many photos are looked at
    source = digits.EMBEDDED if embedded else photos.locate(data)
    base = Backbone(pretrained.name, weights, size)
    check_memory("image_size", size, max(answering_bytes(base, AT_ONCE), 200 * size**2), power=2)
    where = digits.save_photos(report.scratch / "digits", 10 if quick else 50) if embedded else source
    found = photos.Photos.check(where, size, seed, scratch=report.scratch, verbose=1)
    unfinished.check_data(found.fingerprint)
    print_findings(found)
    classes = len(found.class_names)
    rows = {part: np.flatnonzero(found.parts == part) for part in ("train", "validation", "test")}
    if quick:
        rows = {part: where[:: max(1, len(where) // 48)] for part, where in rows.items()}
    changes = {"policy": policy, "mirror": mirror and not embedded, "mixing": mixing, "seed": seed}
    train = Views(found, rows["train"], found.class_weights(), **changes)
    check_memory("views", views, 4 * views * len(train) * classes)
    validation, test = Views(found, rows["validation"]), Views(found, rows["test"])

    # Model: what lies up to the border stays frozen in both phases, and BatchNormalization everywhere
    classifier = TransferClassifier(base, classes, dropout=0.5)
    classifier.get_layer("predictions").kernel_regularizer = keras.regularizers.L2(SHRINK)
    classifier.summary()
    border = border_at(base, unfreeze)
    features, head = split(classifier)  # pixels -> features, features -> probabilities
    frozen, top = split(classifier, border)  # pixels -> activations, activations -> probabilities
    networks = {"head": head, "top": top} if border else {"head": head}
    frozen = {"head": features.output, "top": frozen.output}
    frozen = keras.Model(features.input, {phase: frozen[phase] for phase in networks}, name="frozen")
    if not cache:
        networks = dict.fromkeys(networks, classifier)
    batch_size = fitting_batch(batch_size, len(train), *networks.values())
    passes = {"head": 1, "top": 1} if quick else PASSES | {"top": epochs or PASSES["top"]}

    # Compile, and measure a few steps: the weights are as before afterwards
    def compile(phase):
        freeze(classifier, border if cache or phase == "top" else None)
        networks[phase].compile(
            optimizer=keras.optimizers.Adam(STEP_SIZES[phase]),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )
        return networks[phase]

    clock = time.perf_counter()
    weighted = train.weights is not None
    per_pass = steps_in(len(train), batch_size)
    steps = {phase: (per_pass, step_seconds(compile(phase), batch_size, weighted)) for phase in networks}
    photo = photo_seconds(frozen, train, views > 1) if cache else 0.0
    deadline = budget and started + budget_seconds - AFTERWARDS
    left = budget and max(0.0, deadline - time.perf_counter())
    views, passes, seconds = plan(left, photo, len(train), steps, 2 if quick else views, passes)
    times = {"measuring": time.perf_counter() - clock}
    print(f"\nTraining will take about {spoken(seconds)}, less where it stops early.", flush=True)

    # What the frozen layers make of the photos: computed once, for both phases
    clock = time.perf_counter()
    data_for = Live(train), Live(validation)
    if cache:
        print(f"Frozen layers see {len(train):,} photos in {views} views each, once", flush=True)
        data_for = Kept(frozen, train, views, unfinished.folder), Kept(frozen, validation, 1)
        for each in data_for:
            each.compute()
    times["activations"] = time.perf_counter() - clock

    # Fit: the head, then the top of the backbone with it
    histories = {}
    for phase, network in networks.items():
        print(f"\nPhase {len(histories) + 1}: {'the new head' if phase == 'head' else 'the top as well'}")
        clock = time.perf_counter()
        if not cache:
            compile(phase)
        before = network.get_weights()
        stopping = keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)
        state = KeepState(unfinished, phase, stopping)
        draws = {"seed": [seed, list(PASSES).index(phase)], "first": state.passes}

        def step_size(done, step_size=None, phase=phase):
            """Falls to 0; in phase 2 it rises first, since long steps would undo what was learned."""
            share = (done + 0.5) / passes[phase]
            shape = (1 + np.cos(np.pi * share)) / 2 if phase == "head" else np.sin(np.pi * share)
            return STEP_SIZES[phase] * shape

        network.fit(
            data_for[0].training(phase, batch_size, **draws),
            validation_data=data_for[1].validation(phase, batch_size),
            epochs=passes[phase],
            initial_epoch=passes[phase] if state.stopped else state.passes,
            steps_per_epoch=per_pass,
            callbacks=[
                keras.callbacks.LearningRateScheduler(step_size),
                stopping,
                Deadline(deadline),
                state,
            ],
            shuffle=False,  # the batches come in an order of their own, which a resumed run repeats
            verbose=VERBOSE,
        )
        histories[phase] = state.history
        if phase == "top" and min(state.history["val_loss"]) > min(histories["head"]["val_loss"]):
            print("The validation photos gain nothing from this phase: what was before it is kept.")
            network.set_weights(before)
        times[phase] = state.seconds + time.perf_counter() - clock

    # Save: from here on the trained model is not lost, whatever fails below
    report.settings |= {"backbone": pretrained.name, "image_size": size}
    report.model(classifier, found.class_names)

    # Evaluate: the test photos are used here, once
    outcome = Outcome(
        photos=found,
        rows=rows,
        model=classifier,
        views=np.stack([train.see(view, np.arange(min(4, len(train))))[0] for view in range(6)], axis=1),
        histories=histories,
        probabilities={
            part: classifier.predict(Live(some).validation(part, batch_size), verbose=0) if some else None
            for part, some in (("validation", validation), ("test", test))
        },  # (n, classes) each
        seconds=times,
        backbone=pretrained.name,
        weights=weights,
        commands=commands(report.folder),
    )
    scored = {part: outcome.accuracy(part) for part in ("test", "validation") if len(rows[part])}

    part, share = next(iter(scored.items()))
    finding = (
        f"Of {share.of:,} {part} photos of {classes:,} classes {share} are told right, after "
        f"{sum(times.values()):.0f} s of training on {len(train):,} photos."
    )

    report.record(
        source,
        examples=len(found.files),
        finding=finding,
        **{f"{part}_accuracy": share.value for part, share in scored.items()},
        photos_used=len(found.files),
        photos_set_aside=len(found.quarantine),
        parameters=classifier.count_params(),
        **{f"{name}_seconds": seconds for name, seconds in times.items()},
    )
    with report.unless_it_fails("split.csv and quarantine.csv"):
        report.table("split", found.split_table())
        report.table("quarantine", found.quarantine_table())
    saved = [report.path("model.keras")]
    if export != "none":
        with report.unless_it_fails(f"{export} file"), report.writing(formats.FILES[export]) as file:
            formats.export(classifier, file, size)
            saved.append(file)

    # See that a process that knows nothing but the files comes to the same
    with report.unless_it_fails("check in a fresh process", passes=Disagreement):
        files = [found.files[row] for row in rows["validation"]]
        differences = agreements(saved, found.source, files, size, outcome.probabilities["validation"])
        worst = max(differences.values())
        print(f"\nLoaded again in a fresh process, probabilities differ by {worst:.1g} at most.")

    # Plot
    with report.unless_it_fails("report.html with its figures"):
        write_report(report, outcome, finding)
    written = report.finish()
    unfinished.close()
    page = report.folder / "report.html"
    ask = safe(outcome.commands[0][1], "terminal", 400)
    print(f"Open {safe(page, 'terminal')}, or ask it: {ask}" if page.exists() else ask)
    return written


if __name__ == "__main__":
    run(main, resumable=True)
