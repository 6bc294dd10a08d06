r"""Fine-tune a pretrained network on your own photos.

## The question

How can a network learn to classify photos from a few hundred of them, and how far can you trust it? Without
photos, the lesson takes scans of digits.

## The idea

A **backbone** is a network that was trained on many images, without its last layer. It turns a photo into
**features**, such as edges, textures and parts of things. Only the last layer, the **head**, is particular to
the old classes, and is replaced:

1. **Linear probe.** All layers of the backbone are **frozen**: training does not change their weights. A few
   hundred photos could not determine so many. Features are computed once, and only the head is fitted to
   them. With 256 features of a digit and 10 classes the head has $(256 + 1) \cdot 10 = 2{,}570$ parameters.
   This is the **baseline**. How strongly large weights are penalized (**regularization**) is chosen by
   **cross-validation**: the photos are divided into five **folds**, and each is predicted by a head that was
   fitted to the other four.
2. **Fine-tuning.** The top of the backbone is copied, unfrozen and trained, at a low learning rate, since
   large steps would undo what it has learned. For digits that is one dense layer with
   $(1{,}152 + 1) \cdot 256 = 295{,}168$ parameters; the $416 + 4{,}640 = 5{,}056$ below it stay frozen.
   `BatchNormalization` is frozen as well: it keeps the mean and the spread of a million photos. The result is
   used only if accuracy *and* cross-entropy are better on the photos held out in three folds.

Answers are averaged over several **views** of a photo: two or three sizes, each also mirrored. Digits have
one.

A classifier is **calibrated** if 80 % of all answers with a confidence of 80 % are correct. To this end its
probabilities $p_k$ are changed by a **temperature** $t$, fitted to photos held out:

$$q_k = \frac{p_k^{1 / t}}{\sum_j p_j^{1 / t}}$$

## Before you run it

With 50 training photos of each digit, what accuracy will probes reach? Will fine-tuning add to it?

## How to read the figures

- `augmentation`: photos, and changed versions that fine-tuning also learns from.
- `curves`: each fold of fine-tuning. Validation can be better than training, which is measured on changed
  photos and with features dropped at random.
- `confusion_matrix`: correct answers are on the diagonal.
- `class_scores`: **precision** is the share of correct ones among the predictions of a class, **recall**
  among its photos.
- `calibration`: on the dotted line, accuracy equals confidence.
- `grad_cam`: by Grad-CAM, bright pixels raised the predicted class. Are they on the background?
- `mistakes`: the most confident misclassifications.
- `more_photos`: accuracy of probes fitted to fewer photos.

## What it means

Compare the classifier with its baseline, and look at the interval: 19 of 20 correct test photos mean 76 to
99 %. All this holds for photos taken in the same way. `report.html` lists labels that may be wrong.

## Exercises

1. How many parameters has a head for 3 classes?
2. Probes alone: `python -m tutorials.fine_tune --effort quick`. What did fine-tuning add?
3. Random weights in the backbone: `python -m tutorials.fine_tune --weights none`.

<details><summary>Solutions</summary>

1. $(256 + 1) \cdot 3 = 771$.
2. The usual run prints whether the fine-tuned network was taken. If not, both classifiers are the same.
3. Accuracy falls, but is far above chance: random features tell digits apart, too. Pretraining was worth the
   difference.

</details>

## Read more

Yosinski et al., *How transferable are features in deep neural networks?* (2014). Kornblith et al., *Do better
ImageNet models transfer better?* (2019).

Next: `classify_texts` does the same for texts.
"""

import sys
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras

from models.checks.memory import answering_bytes
from models.distribution import shared
from models.export import formats
from models.fine_tuning.abstention import trusted
from models.fine_tuning.batches import AugmentedPhotos
from models.fine_tuning.evaluation import cross_validation
from models.fine_tuning.features import AT_ONCE
from models.fine_tuning.multi_scale import MultiScaleClassifier, at_sizes, fit_probes, tuned_size
from models.fine_tuning.own_backbone import backbone_entry, built_backbone
from models.fine_tuning.transfer import border_at
from models.fine_tuning.tuning import EPOCHS, LEARNING_RATE, FineTuning
from models.training.time_budget import deadline_of
from tutorials.lesson.limits import check_memory, check_settings
from tutorials.lesson.multi_label import check_multi_label, train_multi_label
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.photo_report import (
    about,
    ask_for_labels,
    check_unlabelled,
    evaluate_test_photos,
    print_next_step,
    read_photos,
    record_results,
    save_and_check,
    seconds_afterwards,
    write_figures_and_report,
)
from tutorials.lesson.report import Report
from tutorials.lesson.resume import Unfinished
from tutorials.lesson.training_log import check_tensorboard, write_log


def main(
    data: str = "embedded",
    backbone: str | None = None,
    weights: str = "pretrained",
    image_size: int | None = None,
    effort: Literal["quick", "normal", "best"] = "normal",
    unfreeze: float = 0.3,
    augmentation: Literal["standard", "strong", "none"] = "standard",
    mixing: Literal["none", "mixup", "cutmix"] = "none",
    flip: bool = True,
    views: int = 3,
    cache: bool = True,
    epochs: int | None = None,
    batch_size: int = 32,
    budget: str | None = None,
    export: Literal["none", "onnx", "litert"] = "none",
    unlabelled: str | None = None,
    multi_label: bool = False,
    tensorboard: bool = False,
    resume: bool = False,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Turn a folder of photos into a checked, saved classifier and a report.

    Args:
        data: Folder with a folder of photos for each class, if you like below train, val and test;
            a zip or tar archive of one; a table of paths and labels; or "embedded" for digits.
        backbone: Pretrained network, see python -m models; by default mobilenet, for digits convnet. Or
            a .keras file of your own: it takes pixels from 0 to 255, and its head is left out. Or hub: and
            the name or folder of a preset of KerasHub.
        weights: "pretrained" (downloaded once, then cached), a file that you have, or "none".
        image_size: Height and width that photos are brought to; by default two or three that suit them.
        effort: Probes alone, in seconds; fine-tuning as well; or that with one image size more.
        unfreeze: Share of the backbone's depth that is fine-tuned; 0 for probes alone.
        augmentation: How strongly training photos are augmented.
        mixing: Mix training photos, and their labels likewise.
        flip: Flip half of the augmented photos left to right; turn this off for text or digits.
        views: Versions of each training photo whose features are cached: itself and augmented ones.
        cache: Cache the features of frozen layers; otherwise all layers are computed in every epoch.
        epochs: Epochs of fine-tuning in each of three folds; by default 12.
        batch_size: Photos in a batch.
        budget: Time for the whole run, such as 60s or 5m: views and epochs are cut to fit it.
        export: Write the classifier for another runtime as well.
        unlabelled: Folder of photos without labels; label.html asks for those that would help most.
        multi_label: Learn any number of labels a photo, from a table: joined by | or ; or , or in several
            rows, or a column of 0 and 1 for each label.
        tensorboard: Write the log of the epochs for TensorBoard as well.
        resume: Go on with a run that was stopped, from where it was.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    check_unlabelled(unlabelled)
    if multi_label:
        check_multi_label(main, locals())
    report = Report(main, settings=locals())
    if multi_label:
        return train_multi_label(report)
    loading = report.seconds()
    deadline = deadline_of(budget, loading)
    if export != "none":
        formats.check_export(export)
    check_tensorboard(tensorboard)
    entry = backbone_entry(backbone or ("convnet" if data == "embedded" else "mobilenet"))
    unfinished = Unfinished(report, resume)
    keras.utils.set_random_seed(seed)

    # Data: checked, split, as squares (n, size, size, 3) with pixels in [0, 255]. The backbone comes first,
    # so that missing weights are reported before many photos are read
    base = built_backbone(entry, weights, image_size)
    largest = image_size or entry.tuning_size
    check_memory("image_size", largest, max(answering_bytes(base, AT_ONCE), 200 * largest**2), power=2)
    source, photos, sizes, rows = read_photos(data, entry, image_size, effort, seed, quick, report.scratch)
    unfinished.check_data(photos.fingerprint + entry.fingerprint)
    check_memory("views", views, 4 * views * len(rows["known"]) * len(photos.class_names))
    classes, class_weights = len(photos.class_names), photos.class_weights()
    flip = flip and data != "embedded"

    # Baseline: linear probes on features of the frozen backbone, at each of the image sizes
    frozen = at_sizes(base, sizes)
    probes = fit_probes(frozen, photos, rows["known"], sizes, flip, class_weights, seed, VERBOSE)
    baseline = MultiScaleClassifier(frozen, classes, sizes, flip)
    probes.assign(baseline)
    baseline.summary()

    # Model: a copy of the backbone's top and a softmax layer, on features of the frozen layers below
    augmented = {"augmentation": augmentation, "flip": flip, "mixing": mixing, "size": tuned_size(sizes)}
    known = AugmentedPhotos(photos, rows["known"], class_weights, **augmented, seed=seed)
    border = None if effort == "quick" else border_at(base, unfreeze)
    limits = {"views": 2, "epochs": 1} if quick else {"views": views, "epochs": epochs or EPOCHS}
    how = {"batch_size": batch_size, "cache": cache, "seed": seed, "flip": flip}
    training = FineTuning(
        base, known, probes, border, **limits, **how, checkpoint=unfinished, verbose=VERBOSE
    )
    if training.top:
        training.top.summary()
        loss = {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}
        training.top.compile(keras.optimizers.Adam(LEARNING_RATE), **loss)
    training.plan(deadline and deadline - seconds_afterwards(loading, probes, rows))
    training.extract_features()

    # Fit: on each fold; the learning rate rises, and then falls to 0
    with shared(training.top):  # with --processes, by all of them together
        for part in training.parts():
            training.top.fit(
                training.batches(part),
                callbacks=training.callbacks(part),
                **training.settings(part),
                verbose=VERBOSE,
            )
    write_log(report, training, tensorboard)

    # Calibrate: a temperature, from predictions of photos that a model did not see; and when not to answer
    unseen = cross_validation(photos, rows["known"], training.mixed())
    of_unseen = unseen.probabilities, unseen.labels
    classifier, trust = trusted(training.classifier(), *of_unseen, probes.features, seed)

    # Save: from here on the trained model is not lost, whatever fails below
    report.settings |= {"backbone": entry.name, "image_size": sizes[-1]}
    report.model(classifier, photos.class_names, about(report.settings, photos, unseen, trust))

    # Evaluate: the test photos are used here, once
    evaluations = evaluate_test_photos(classifier, baseline, training.share, photos, rows["test"], batch_size)
    evaluations["cross-validation"] = unseen
    finding = record_results(report, source, photos, evaluations, classifier, training)
    save_and_check(report, photos, rows, evaluations, classifier, export)
    if unlabelled:
        ask_for_labels(report, source, photos, classifier, unlabelled)

    # Plot
    with report.unless_it_fails("report.html with its figures"):
        write_figures_and_report(report, photos, rows, evaluations, classifier, training, finding)
    outcome = report.finish()
    unfinished.close()
    print_next_step(report.folder)
    return outcome


if __name__ == "__main__":
    run(main, resumable=True)
