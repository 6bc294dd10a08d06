"""The lesson `fine_tune` for several labels a photo: from a table to a saved classifier."""

import csv
import inspect

from tutorials.lesson.command import VERBOSE, LessonError

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from datasets import MultiLabelPhotos, Source
from datasets.digits import EMBEDDED
from datasets.files.names import safe
from datasets.generated.mosaics import save_mosaics
from datasets.photos import locate
from models import MultiLabelClassifier
from models.export import formats
from models.fine_tuning.bundles import pooled_features
from models.fine_tuning.multi_label.evaluation import MultiLabelEvaluation
from models.fine_tuning.multi_scale import largest_size
from models.fine_tuning.own_backbone import backbone_entry, built_backbone
from tutorials.figures.multi_label import label_bars, surest_mistakes
from tutorials.lesson.report import predict_command
from tutorials.lesson.rescore import Disagreement, agreements

UNUSED = (
    "unfreeze", "augmentation", "mixing", "views", "cache", "epochs", "batch_size", "budget", "unlabelled",
    "tensorboard", "resume",
)  # fmt: skip
DIGITS = 400  # mosaics of embedded digits
SAMPLE = 120  # photos of a quick run
CHECKED = 40  # photos, about, that a fresh process predicts as well


def check_multi_label(main, settings):
    """Refuse settings that say nothing to probes for several labels, before anything takes time.

    Args:
        main: The lesson's function.
        settings: Its arguments.

    Raises:
        LessonError: If one of them is not its default.
    """
    defaults = inspect.signature(main).parameters
    given = [f"{name}=" for name in UNUSED if settings[name] != defaults[name].default]
    if given:
        raise LessonError(
            f"multi_label= fits probes alone, without training epochs; leave out {', '.join(given)}."
        )


def train_multi_label(report):
    """Check the photos, fit and evaluate a `MultiLabelClassifier`, and leave it with its scores.

    Args:
        report: The run's `Report`.

    Returns:
        The `Outcome` of the run.
    """
    settings = report.settings
    if settings["export"] != "none":
        formats.check_export(settings["export"])
    digits = settings["data"] == "embedded"
    entry = backbone_entry(settings["backbone"] or ("convnet" if digits else "mobilenet"))
    keras.utils.set_random_seed(settings["seed"])
    # Before many photos are read: its weights may be missing
    built_backbone(entry, settings["weights"], settings["image_size"])

    # Data: labels (n, labels), 0 or 1
    photos = _photos(settings, entry, report.scratch)
    print(f"\n{photos}\n", flush=True)

    # Fit: logistic regression for each label on features of the frozen backbone
    flip = settings["flip"] and not digits
    how = {name: settings[name] for name in ("weights", "image_size", "seed")}
    classifier = MultiLabelClassifier(settings["backbone"] or entry.name, flip=flip, **how)
    classifier.fit(photos, verbose=int(VERBOSE == 1), effort=settings["effort"])
    photos = photos.at(classifier.image_size_)
    report.settings |= {"backbone": entry.name, "image_size": classifier.image_size_}
    report.model(classifier.model, classifier.class_names, classifier.about())

    # Evaluate: the test photos are used here, once
    tested = len(photos.of("test")) > 0
    evaluation = classifier.evaluate(photos) if tested else classifier.cross_validation_
    baseline = _baseline(classifier, photos, entry.image_size) if tested else None
    print(f"\n{evaluation}", flush=True)
    _record(report, photos, classifier, evaluation, baseline)
    _save_and_check(report, photos, classifier, evaluation)

    # Plot
    rows = photos.of("test") if tested else np.flatnonzero(photos.parts != "test")
    with report.unless_it_fails("figures"):
        report.figure("labels", label_bars(evaluation, baseline))
        if (axes := surest_mistakes(photos, rows, evaluation)) is not None:
            report.figure("mistakes", axes)
    outcome = report.finish()
    command = predict_command(report.folder, "photo.jpg more/")
    print(f"Label other photos: {safe(command, 'terminal', 400)}")
    return outcome


def _photos(settings, entry, scratch):
    """The checked photos; of a quick run, a sample."""
    quick, seed = settings["quick"], settings["seed"]
    if settings["data"] == "embedded":
        source = save_mosaics(scratch / "digits", SAMPLE if quick else DIGITS, seed=seed)
    else:
        source = locate(settings["data"])
    largest = largest_size(entry, settings["image_size"], settings["effort"])
    photos = MultiLabelPhotos.check(source, largest, seed, scratch, verbose=1)
    return photos.sample(SAMPLE, seed) if quick else photos


def _baseline(classifier, photos, usual):
    """Test photos by scikit-learn's logistic regression on features of one image size, as an evaluation."""
    size = min(classifier.probes_.features, key=lambda size: abs(size - usual))
    known, rows = np.flatnonzero(photos.parts != "test"), photos.of("test")
    features = classifier.probes_.features[size], pooled_features(classifier.model, photos.pixels, rows)[size]
    fitted = OneVsRestClassifier(LogisticRegression(max_iter=1000)).fit(features[0], photos.labels[known])
    files = [photos.files[row] for row in rows]
    halves = np.full(len(photos.class_names), 0.5)
    return MultiLabelEvaluation(
        "baseline", photos.class_names, files, photos.labels[rows], fitted.predict_proba(features[1]), halves
    )


def _record(report, photos, classifier, evaluation, baseline):
    """Write the metrics, which are kept from then on as the model is."""
    unseen = classifier.cross_validation_
    what = "test photos" if evaluation.part == "test" else "photos in cross-validation"
    finding = (
        f"For {len(photos.class_names)} labels of {len(evaluation):,} {what}, mean average precision is "
        f"{evaluation.mean_average_precision:.3f}, where guessing reaches {evaluation.mean_chance:.3f}; all "
        f"labels are correct for {evaluation.exact_match}."
    )
    results = {"cross_validation_mean_average_precision": unseen.mean_average_precision}
    if baseline is not None:
        finding += (
            f" The baseline, scikit-learn's logistic regression: {baseline.mean_average_precision:.3f}."
        )
        results |= {
            "test_mean_average_precision": evaluation.mean_average_precision,
            "baseline_test_mean_average_precision": baseline.mean_average_precision,
            "baseline_test_macro_f1": baseline.macro_f1,
        }
    report.record(
        EMBEDDED if report.settings["data"] == "embedded" else photos.source,
        examples=len(photos.files),
        finding=finding,
        **results,
        chance_mean_average_precision=evaluation.mean_chance,
        macro_f1=evaluation.macro_f1,
        micro_f1=evaluation.micro_f1,
        hamming_loss=evaluation.hamming_loss,
        exact_match=evaluation.exact_match.value,
        labels=len(photos.class_names),
        photos_used=len(photos.files),
        photos_set_aside=len(photos.quarantine),
        parameters=classifier.model.count_params(),
        **{f"{name}_seconds": seconds for name, seconds in classifier.probes_.seconds.items()},
    )


def _save_and_check(report, photos, classifier, evaluation):
    """Write the tables and the export, and check what was saved in a fresh process."""
    with report.unless_it_fails("split.csv, quarantine.csv and label_scores.csv"):
        report.table("split", photos.split_table())
        report.table("quarantine", photos.quarantine_table())
        report.table("label_scores", evaluation.table())
    saved, export = [report.path("model.keras")], report.settings["export"]
    if export != "none":
        with report.unless_it_fails(f"{export} file"), report.writing(formats.FILES[export]) as file:
            classifier.export(file)
            saved.append(file)
    with report.unless_it_fails("check in a fresh process", passes=Disagreement):
        some = np.arange(0, len(photos.files), max(1, len(photos.files) // CHECKED))
        expected = classifier.model.predict(photos.pixels[some].astype("float32"), verbose=0)
        files = [str((photos.folder / photos.files[row]).absolute()) for row in some]
        report.scratch.mkdir(exist_ok=True)
        listed = report.scratch / "checked.csv"
        with listed.open("w", newline="", encoding="utf-8") as table:
            csv.writer(table).writerows(
                [("file", "label"), *((safe(file, "csv"), "photo") for file in files)]
            )
        worst = max(agreements(saved, Source("checked", listed), files, photos.size, expected).values())
        print(f"\nLoaded again in a fresh process, probabilities differ by {worst:.1g} at most.")
