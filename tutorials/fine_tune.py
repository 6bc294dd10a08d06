"""Fine-tune a pretrained network on your own photos.

How can a network learn to classify photos from only a few hundred of them? It begins with what another one
has learned. A *backbone* that was trained on a million photos turns pixels into features: edges in its first
layers, textures and parts of things in its last ones. Only what comes after them, the *head*, is particular
to its classes. So the head is replaced by a new one, for your classes, and trained in two phases:

1. **Feature extraction.** All layers of the backbone are frozen, and only the new head is trained. Frozen
   layers always compute the same features of a photo. So these are computed once, for the photo and some
   augmented versions of it, and cached: the epochs that follow take seconds.
2. **Fine-tuning.** The top of the backbone is unfrozen and trained as well, with a learning rate 30 times
   lower, since large steps would undo what it has learned. BatchNormalization stays frozen: the statistics of
   a few photos would replace those of a million. Weights after this phase are kept only if the validation
   loss is lower than before it.

What to look for: the training accuracy of phase 1 is often below that of validation, because training photos
are augmented and dropout is active. In report.html, see which photos are misclassified with high confidence
(wrong labels are often among them), whether Grad-CAM points to the thing or to its background, and how wide
the 95 % intervals are: of 20 test photos, 19 correct ones mean "76 to 99 %".

Try next:

    python -m tutorials.fine_tune --data photos/ --unfreeze 0                   # phase 1 alone
    python -m tutorials.fine_tune --data photos/ --views 1 --augmentation none  # does it overfit?
    python -m tutorials.fine_tune --data photos/ --weights none                 # without a trained backbone

The same in Python, with one call for both phases: `models.PhotoClassifier`.

To read: Yosinski et al., How transferable are features in deep neural networks?, 2014; Kornblith et al., Do
better ImageNet models transfer better?, 2019; the guide "Transfer learning & fine-tuning" on keras.io.
"""

import sys
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras

from models.checks.memory import answering_bytes
from models.export import formats
from models.fine_tuning.batches import AugmentedPhotos
from models.fine_tuning.evaluation import evaluate
from models.fine_tuning.features import AT_ONCE
from models.fine_tuning.time_budget import deadline_of
from models.fine_tuning.transfer import TransferClassifier, border_at, freeze
from models.fine_tuning.two_phases import EPOCHS, LEARNING_RATES, TwoPhases
from models.pretrained.backbones import Backbone, entry_of
from tutorials.lesson.limits import check_memory, check_settings
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.photo_report import (
    print_next_step,
    read_photos,
    record_results,
    save_and_check,
    write_figures_and_report,
)
from tutorials.lesson.report import Report
from tutorials.lesson.resume import Unfinished

AFTERWARDS = 15  # seconds of a budget that are left for evaluation, figures and checking what was saved


def main(
    data: str = "embedded",
    backbone: str | None = None,
    weights: str = "pretrained",
    image_size: int | None = None,
    unfreeze: float = 0.3,
    augmentation: Literal["standard", "strong", "none"] = "standard",
    mixing: Literal["none", "mixup", "cutmix"] = "none",
    flip: bool = True,
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
) -> Outcome:
    """Turn a folder of photos into a checked, saved classifier and a report.

    Args:
        data: Folder with a folder of photos for each class, if you like below train, val and test;
            a zip or tar archive of one; a table of paths and labels; or "embedded" for digits.
        backbone: Pretrained network, see python -m models; by default mobilenet, for digits convnet.
        weights: "pretrained" (downloaded once, then cached), a file that you have, or "none".
        image_size: Height and width that photos are brought to; by default what suits the backbone.
        unfreeze: Share of the backbone's depth that is trained in the second phase; 0 leaves it out.
        augmentation: How strongly training photos are augmented.
        mixing: Mix training photos, and their labels likewise.
        flip: Flip half of the augmented photos left to right; turn this off for text or digits.
        views: Versions of each training photo whose features are cached: itself and augmented ones.
        cache: Cache the features of frozen layers; otherwise all layers are computed in every epoch.
        epochs: Epochs of the second phase at most; it stops where the validation loss falls no more.
        batch_size: Photos in a batch.
        budget: Time for the whole run, such as 60s or 5m: views and epochs are cut to fit it.
        export: Write the classifier for another runtime as well.
        resume: Go on with a run that was stopped, from where it was.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    deadline = deadline_of(budget, AFTERWARDS)
    if export != "none":
        formats.check_export(export)
    entry = entry_of(backbone or ("convnet" if data == "embedded" else "mobilenet"))
    size = image_size or entry.tuning_size
    unfinished = Unfinished(report, resume)
    keras.utils.set_random_seed(seed)

    # Data: checked, split, as squares (n, size, size, 3) with pixels in [0, 255]. The backbone comes first,
    # so that missing weights are reported before many photos are read
    base = Backbone(entry.name, weights, size)
    check_memory("image_size", size, max(answering_bytes(base, AT_ONCE), 200 * size**2), power=2)
    source, photos, rows = read_photos(data, size, seed, quick, report.scratch)
    unfinished.check_data(photos.fingerprint)
    check_memory("views", views, 4 * views * len(rows["train"]) * len(photos.class_names))
    augmented = {"augmentation": augmentation, "flip": flip and data != "embedded", "mixing": mixing}
    train = AugmentedPhotos(photos, rows["train"], photos.class_weights(), **augmented, seed=seed)
    validation = AugmentedPhotos(photos, rows["validation"])

    # Model: the backbone, and a new head in place of its own. `training` cuts it at the border of phase 2:
    # frozen layers below it, and two models that share the layers above: `head`, and `top`, which ends in it
    classifier = TransferClassifier(base, len(photos.class_names), dropout=0.5)
    classifier.summary()
    border = border_at(base, unfreeze)
    limits = {"views": views, "epochs": EPOCHS | ({"top": epochs} if epochs else {})}
    if quick:
        limits = {"views": 2, "epochs": {"head": 1, "top": 1}}
    how = {
        "batch_size": batch_size,
        "cache": cache,
        "seed": seed,
        "checkpoint": unfinished,
        "verbose": VERBOSE,
    }
    training = TwoPhases(classifier, train, validation, border, **limits, **how)

    # Freeze, and compile: phase 1 trains the head alone, phase 2 the top of the backbone with it
    loss = {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}
    freeze(classifier)
    training.head.compile(keras.optimizers.Adam(LEARNING_RATES["head"]), **loss)
    if training.top:
        freeze(classifier, border)
        training.top.compile(keras.optimizers.Adam(LEARNING_RATES["top"]), **loss)
    training.plan(deadline)

    # Features: what the frozen layers compute of the photos, once for both phases
    training.extract_features()

    # Fit the head: the learning rate falls to 0; training stops early if the validation loss does not fall
    training.head.fit(
        training.batches("head"),
        callbacks=training.callbacks("head"),
        **training.settings("head"),
        verbose=VERBOSE,
    )

    # Fit the top: the learning rate is low, and rises before it falls
    if training.top:
        training.top.fit(
            training.batches("top"),
            callbacks=training.callbacks("top"),
            **training.settings("top"),
            verbose=VERBOSE,
        )

    # Save: from here on the trained model is not lost, whatever fails below
    report.settings |= {"backbone": entry.name, "image_size": size}
    report.model(classifier, photos.class_names)

    # Evaluate: the test photos are used here, once
    evaluations = {
        part: evaluate(classifier, photos, rows[part], part, training.batch_size)
        for part in ("test", "validation")
        if len(rows[part])
    }
    finding = record_results(report, source, photos, evaluations, training)
    save_and_check(report, photos, rows, classifier, evaluations["validation"], export)

    # Plot
    with report.unless_it_fails("report.html with its figures"):
        write_figures_and_report(report, photos, rows, evaluations, training, finding)
    outcome = report.finish()
    unfinished.close()
    print_next_step(report.folder)
    return outcome


if __name__ == "__main__":
    run(main, resumable=True)
