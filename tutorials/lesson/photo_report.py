"""Around the training of the lesson `fine_tune`: photos, tables, exports, checks, figures, the report."""

import inspect
from pathlib import Path

from tutorials.lesson.command import LessonError

import numpy as np

from datasets import Photos, digits
from datasets.files.names import safe, shown
from datasets.photos import locate
from models import PhotoClassifier
from models.evaluation import Evaluation
from models.export import formats
from models.fine_tuning.asking import ask, labelled_rows
from models.fine_tuning.bundles import extras, trained_on
from models.fine_tuning.evaluation import evaluate
from models.fine_tuning.learning_curve import learning_curve
from models.fine_tuning.multi_scale import image_sizes, largest_size
from models.fine_tuning.predictions import photo_files
from models.fine_tuning.report.speakers import speakers
from models.fine_tuning.report.summary import scored_photos, shown_mistakes, summary, suspicions
from models.labelling.wrong_labels import find_suspects
from models.loading.saved_classifiers import About
from models.report.next_steps import next_steps
from models.report.report import Figure, write_report
from models.training.time_budget import as_seconds
from tutorials.figures.fine_tuning import misclassified, more_photos, report_figures
from tutorials.lesson.report import predict_command, print_next_steps
from tutorials.lesson.rescore import Disagreement, agreements

PARTS = ("train", "validation", "test")
PHOTOS = {"test": "test photos", "cross-validation": "photos in cross-validation"}
CHECKED = 40  # photos, about, that a fresh process classifies as well
SAMPLE = 48  # photos of each part in a quick run, about
ASKED = 20  # photos to label next
# What comes after the training takes so many times as long as Keras takes to load: the check of what was
# saved loads it again, and slow machines are slow at both. In a notebook it is loaded already
AFTERWARDS, LOADING = 5, 4
CURVE = 10  # seconds that the learning curve may take; with less of a budget left it is left out
AUGMENTED = 4  # training photos whose augmented versions are shown


def read_photos(data, entry, image_size, effort, seed, quick, scratch):
    """Check the photos, and say what was found.

    Args:
        data: The lesson's setting: "embedded" for digits, else where the photos are.
        entry: The backbone's entry of the table.
        image_size: Height and width of the squares, in pixels; None for sizes that suit the photos.
        effort: The lesson's setting.
        seed: Of the split.
        quick: Whether a sample is enough.
        scratch: A folder for what the run needs meanwhile.

    Returns:
        (the `Source` to name in the results; `Photos`, at the largest of the sizes; the image sizes,
        ascending; {"train", "validation" and "test", and the first two as "known": rows of the photos to use,
        (n,)}).
    """
    if data == "embedded":
        source = digits.EMBEDDED
        where = digits.save_photos(scratch / "digits", 10 if quick else 50)
    else:
        source = where = locate(data)
    largest = largest_size(entry, image_size, effort)
    photos = Photos.check(where, largest, seed, scratch=scratch, verbose=1)
    print(f"\n{photos}\n", flush=True)
    sizes = image_sizes(photos.sides, entry, image_size, effort)
    print(why_sizes(photos.sides, entry, image_size, sizes), flush=True)
    rows = {part: photos.of(part) for part in PARTS}
    if quick:
        rows = {part: which[:: max(1, len(which) // SAMPLE)] for part, which in rows.items()}
    rows["known"] = np.sort(np.concatenate([rows["train"], rows["validation"]]))
    return source, photos.at(sizes[-1]), sizes, rows


def why_sizes(sides, entry, image_size, sizes):
    """Say which image sizes were chosen, and why."""
    listed = " and ".join(", ".join(map(str, sizes)).rsplit(", ", 1))
    if image_size or len(sizes) == 1:
        return f"Image size: {listed} pixels, as {'asked for' if image_size else 'the backbone takes them'}."
    side = round(float(np.median(sides)))
    return (
        f"Image sizes: {listed} pixels. The photos' shorter side is {side:,} pixels (median), and the "
        f"backbone was trained at {entry.image_size}."
    )


def about(settings, photos, unseen, trust):
    """What model.keras holds beside the model, as `PhotoClassifier.save` writes it.

    Args:
        settings: The lesson's.
        photos: What `Photos.check` returned.
        unseen: `Evaluation` of photos by models that did not see them.
        trust: What `trusted` returned.

    Returns:
        An `About`.
    """
    names = {*inspect.signature(PhotoClassifier).parameters} & {*settings}
    kept = {name: settings[name] for name in names - {"weights", "budget"}}
    return About("photos", photos.class_names, kept | extras(trust, trained_on(photos, unseen)))


def evaluate_test_photos(classifier, baseline, share, photos, which, batch_size):
    """Classify the test photos with the classifier and with the baseline.

    Args:
        classifier: The trained model.
        baseline: Linear probes alone.
        share: How much the fine-tuned network counts. At 0 the classifier is the baseline with a temperature,
            which changes no answer: the photos go through it once.
        photos: What `Photos.check` returned.
        which: Rows of the test photos, (n,).
        batch_size: Photos in a batch.

    Returns:
        {"test", "baseline_test": `Evaluation`}; empty without test photos.
    """
    if not len(which):
        return {}
    test = evaluate(classifier, photos, which, "test", batch_size)
    if not share:
        answers = test.class_names, test.examples, test.labels, test.probabilities
        return {"test": test, "baseline_test": Evaluation("baseline_test", *answers)}
    return {"test": test, "baseline_test": evaluate(baseline, photos, which, "baseline_test", batch_size)}


def record_results(report, source, photos, evaluations, classifier, training):
    """Write the metrics, which are kept from then on as the model is.

    Args:
        report: The run's `Report`.
        source: Where the photos came from.
        photos: What `Photos.check` returned.
        evaluations: {"test", "baseline_test", "cross-validation": `Evaluation`}, the one that counts first.
        classifier: The trained model.
        training: The `FineTuning` that trained it.

    Returns:
        What came out, in a sentence or two.
    """
    part, evaluation = next(iter(evaluations.items()))
    finding = (
        f"Of {len(evaluation):,} {PHOTOS[part]} of {len(photos.class_names):,} classes {evaluation.accuracy} "
        f"are classified correctly, after {sum(training.seconds.values()):.0f} s of training on "
        f"{len(training.photos):,} photos."
    )
    if baseline := evaluations.get("baseline_test"):
        finding += f" The baseline, linear probes alone: {100 * baseline.accuracy.value:.1f} %."
    report.record(
        source,
        examples=len(photos.files),
        finding=finding,
        **{f"{name.replace('-', '_')}_accuracy": each.accuracy.value for name, each in evaluations.items()},
        balanced_accuracy=evaluation.balanced_accuracy,
        share_of_fine_tuned=training.share,
        photos_used=len(photos.files),
        photos_set_aside=len(photos.quarantine),
        parameters=classifier.count_params(),
        **{f"{name.replace(' ', '_')}_seconds": seconds for name, seconds in training.seconds.items()},
    )
    return finding


def seconds_afterwards(loading, probes, rows):
    """How long a run will take from the end of its training on, by what was measured before.

    Args:
        loading: Seconds that Keras took to load.
        probes: The `Probes` of the training photos.
        rows: {part: which of the photos are used, (n,)}. Test photos go through classifier and baseline.

    Returns:
        Seconds for evaluation, figures, report, and the check of what was saved.
    """
    each = probes.seconds["features"] / len(rows["known"])
    return AFTERWARDS * max(LOADING, loading) + 2 * each * len(rows["test"])


def save_and_check(report, photos, rows, evaluations, classifier, export="none"):
    """Write the tables and the export, and check what was saved in a fresh process.

    Args:
        report: The run's `Report`, which holds the saved model already.
        photos: What `Photos.check` returned.
        rows: {part: which of the photos were used, (n,)}.
        evaluations: {"test": `Evaluation`}, whose predictions a fresh process repeats; where there is none,
            the training photos are classified.
        classifier: The trained model.
        export: "none", "onnx" or "litert".
    """
    with report.unless_it_fails("split.csv and quarantine.csv"):
        report.table("split", photos.split_table())
        report.table("quarantine", photos.quarantine_table())
    saved = [report.path("model.keras")]
    if export != "none":
        with report.unless_it_fails(f"{export} file"), report.writing(formats.FILES[export]) as file:
            formats.export(classifier, file, photos.size)
            saved.append(file)
    with report.unless_it_fails("check in a fresh process", passes=Disagreement):
        part = "test" if "test" in evaluations else "known"
        every = max(1, len(rows[part]) // CHECKED)
        some = rows[part][::every]
        if part == "test":
            expected = evaluations[part].probabilities[::every]
        else:
            expected = classifier.predict(photos.pixels[some].astype("float32"), verbose=0)
        files = [photos.files[row] for row in some]
        differences = agreements(saved, photos.source, files, photos.size, expected)
        worst = max(differences.values())
        print(f"\nLoaded again in a fresh process, probabilities differ by {worst:.1g} at most.")


def write_figures_and_report(report, photos, rows, evaluations, classifier, training, finding):
    """Draw the figures and write report.html.

    Args:
        report: The run's `Report`.
        photos: What `Photos.check` returned.
        rows: {part: which of the photos were used, (n,)}.
        evaluations: {part: `Evaluation`}.
        classifier: The trained model.
        training: The `FineTuning` that trained it.
        finding: What came out, in one sentence.
    """
    some = np.arange(min(AUGMENTED, len(training.photos)))
    versions = np.stack([training.photos.version(number, some)[0] for number in range(6)], axis=1)
    drawn = report_figures(photos, rows, evaluations, classifier, versions, training.histories)
    scored, which, _ = scored_photos(evaluations, rows)
    if (axes := misclassified(photos, which, scored)) is not None:
        report.figure("mistakes", axes)
    found = {}
    with report.unless_it_fails("suspects.csv"):
        found |= suspicions(photos, rows["known"], write_suspects(report, photos, rows, training.probes))
    with report.unless_it_fails("training photos beside the mistakes"):
        wrong = shown_mistakes(scored)
        answers = scored.predictions[wrong], scored.labels[wrong]
        found["speakers"] = speakers(training, photos, rows["known"], np.asarray(which)[wrong], *answers)
    budget = report.settings["budget"]
    if budget is None or as_seconds(budget) - report.seconds() > CURVE:
        with report.unless_it_fails("estimate of what more photos would bring"):
            found |= what_more_would_bring(photos, rows["known"], training, drawn)
    found["steps"] = next_steps(
        scored,
        photos.class_names,
        np.bincount(photos.labels[rows["known"]], minlength=len(photos.class_names)),
        suspects=found.get("suspects_in_all", 0),
        asked=report.path("label.html").exists(),
        forecast=found.get("more_photos"),
        set_aside=len(photos.quarantine),
    )
    figures = {}
    for name, (axes, alt, caption) in drawn.items():
        report.figure(name, axes)
        figures[name] = Figure(report.path(f"{name}.png"), alt, caption)
    content = summary(
        photos,
        evaluations,
        rows,
        finding,
        seconds=training.seconds,
        total_seconds=report.seconds(),
        backbone=report.settings["backbone"],
        weights=report.settings["weights"],
        settings=report.settings,
        figures=figures,
        commands=commands(report.folder),
        environment=report.environment(),
        **found,
    )
    with report.writing("report.html") as path:
        write_report(path, content)


def check_unlabelled(unlabelled):
    """Refuse a folder without photos, before anything takes time.

    Args:
        unlabelled: The lesson's setting: a folder or a photo; None for none.

    Raises:
        LessonError: If there is nothing to read.
    """
    if unlabelled is None:
        return
    files, reasons = photo_files(unlabelled)
    if reasons or not any(Path(file).is_file() for file in files):
        raise LessonError(f"unlabelled= {shown(unlabelled)} holds no photos; name a folder of some.")


def ask_for_labels(report, source, photos, classifier, unlabelled):
    """Write label.html, on which a person labels the photos that would help most.

    Args:
        report: The run's `Report`.
        source: Where the photos came from.
        photos: What `Photos.check` returned.
        classifier: The trained model.
        unlabelled: The lesson's setting: a folder of photos.
    """
    labelled = labelled_rows(source, photos.split_table())
    with report.unless_it_fails("label.html"), report.writing("label.html") as page:
        seed = report.settings["seed"]
        asked = ask(classifier, unlabelled, photos.size, photos.class_names, ASKED, page, labelled, seed)
        for file, reason in list(asked.skipped.items())[:5]:
            print(f"Not asked for: {safe(file, 'terminal')} {reason}.")


def write_suspects(report, photos, rows, probes):
    """Write suspects.csv: training and validation photos whose labels may be wrong.

    Args:
        report: The run's `Report`.
        photos: What `Photos.check` returned.
        rows: {"known": rows of the photos that the probes were fitted on, (n,)}.
        probes: The `Probes`.

    Returns:
        The `Suspects`.
    """
    known = rows["known"]
    files = [photos.files[row] for row in known]
    suspects = find_suspects(probes.out_of_fold, photos.labels[known], files, photos.class_names)
    report.table("suspects", suspects.table())
    return suspects


def what_more_would_bring(photos, known, training, drawn):
    """Estimate what more photos would bring, and draw it.

    Args:
        photos: What `Photos.check` returned.
        known: Rows of the photos that the probes were fitted on, (n,).
        training: The `FineTuning`.
        drawn: {name: (Axes, alternative text, caption)}, to which "more_photos" is added.

    Returns:
        {"more_photos": a `Forecast` or None}.
    """
    labels = photos.labels[known]
    weights = None if training.photos.weights is None else training.photos.weights[labels]
    curve = learning_curve(training.probes, labels, len(photos.class_names), weights, training.seed)
    if curve is None:
        return {}
    forecast = curve.forecast(seed=training.seed)
    drawn["more_photos"] = more_photos(curve, forecast)
    return {"more_photos": forecast}


def commands(folder):
    """How to use what a run left: pairs (what for, command line)."""
    return [
        ("Classify photos or folders of them", predict_command(folder, "photo.jpg more/")),
        ("The same as a table", predict_command(folder, "more/ --csv")),
    ]


def print_next_step(folder):
    """Say how to go on: open the report, or classify photos."""
    print_next_steps(folder, "photos", commands(folder)[0][1])
