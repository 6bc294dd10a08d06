"""What a fine-tuning leaves for its reader: the table of findings, the figures, the page."""

import shlex
from dataclasses import dataclass

import numpy as np
from sklearn import metrics

from datasets.files.names import safe
from datasets.photos import Photos
from models.fine_tuning.scores import accuracy, calibration, class_scores
from models.inspection import grad_cam
from tutorials.figures.charts import confusion_matrix
from tutorials.figures.labels import plain
from tutorials.figures.photos import (
    augmented_views,
    captioned_photos,
    class_intervals,
    heat_overlays,
    phase_curves,
    reliability,
)
from tutorials.lesson.photo_report.page import Mistake, Page, Picture, write_page
from tutorials.lesson.report import as_unicode

SHOWN = 12  # mistakes, and photos with their Grad-CAM
SHOWN_NAMES = 3  # of files, in a line on the terminal


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
        photos: The `Photos` that it was trained on.
        rows: {part: which of them were used, (n,)}.
        model: The classifier: pixels -> probabilities.
        views: Array (k, views, size, size, 3): a few training photos as they are and changed.
        histories: {phase: `fit`'s history}.
        probabilities: {"validation" or "test": (n, classes)}.
        seconds: {what: seconds}.
        backbone, weights: Name of the pretrained network, and where its weights came from.
        commands: Pairs (what for, command line).
    """

    photos: Photos
    rows: dict
    model: object
    views: np.ndarray
    histories: dict
    probabilities: dict
    seconds: dict
    backbone: str
    weights: str
    commands: list

    def accuracy(self, part):
        """The `Share` of a part's photos that are told right, None where it has none."""
        if not len(self.rows[part]):
            return None
        return accuracy(self.photos.labels[self.rows[part]], self.probabilities[part].argmax(-1))


def print_findings(photos):
    """Say on the terminal what the check-up found."""
    aside = len(photos.quarantine)
    print(
        f"\nPhotos: {len(photos.files):,} of {len(photos.class_names):,} classes are used"
        + (f", {aside:,} set aside (see quarantine.csv)" if aside else ", none had to be set aside")
    )
    for finding in photos.findings:
        names = ", ".join(safe(file, "terminal") for file in finding.files[:SHOWN_NAMES])
        names += ", …" if len(finding.files) > SHOWN_NAMES else ""
        print(f"  {len(finding.files):>6,}  {finding.what:<20} {finding.action}: {names}")
    for part in ("train", "validation", "test"):
        counts = np.bincount(photos.labels[photos.parts == part], minlength=len(photos.class_names))
        listed = ", ".join(
            f"{count:,} {safe(name, 'terminal', 80)}"
            for name, count in zip(photos.class_names[:10], counts, strict=False)
        )
        print(f"  {counts.sum():>6,}  {part:<20} {listed}{', …' if len(counts) > 10 else ''}")
    print(flush=True)


def write_report(report, outcome, finding):
    """Draw the figures and write report.html.

    Args:
        report: The run's `Report`.
        outcome: An `Outcome`.
        finding: What came out, in one sentence.
    """
    photos, names = outcome.photos, list(outcome.photos.class_names)
    part = "test" if len(outcome.rows["test"]) else "validation"
    rows, probabilities = outcome.rows[part], outcome.probabilities[part]
    truth, answers = photos.labels[rows], probabilities.argmax(-1)
    scored = f"the {len(rows):,} {part} photos"
    share, scores = accuracy(truth, answers), class_scores(truth, answers, names)
    trust = calibration(truth, probabilities)
    wrong = np.flatnonzero(answers != truth)
    wrong = wrong[np.argsort(-probabilities[wrong].max(-1), kind="stable")][:SHOWN]
    right = np.flatnonzero(answers == truth)
    right = right[np.argsort(-probabilities[right].max(-1), kind="stable")]
    looked = np.concatenate([wrong[: SHOWN // 2], right[:: max(1, len(right) // SHOWN)]])[:SHOWN]
    weakest = min((score for score in scores if score.recall.of), key=lambda score: score.recall.value)

    pixels = photos.pixels[rows[looked]].astype("float32")
    maps = grad_cam(outcome.model, pixels, answers[looked])
    drawn = {
        "augmentation": (
            augmented_views(outcome.views[:, 0], outcome.views[:, 1:], "What training makes of a photo"),
            "Training photos, each beside views of it: mirrored, turned, zoomed, moved or lit otherwise.",
            "The first of each row is the photo as it is.",
        ),
        "curves": (
            phase_curves(
                outcome.histories,
                f"{outcome.accuracy('validation').value:.1%} of the validation photos told right",
            ),
            "Loss and accuracy after each pass, in training and in validation, for each phase.",
            "Phase by phase; the network kept is the one with the least validation loss.",
        ),
        "confusion_matrix": (
            confusion_matrix(
                metrics.confusion_matrix(truth, answers, labels=range(len(names))),
                names,
                f"{share.of - share.hits:,} of {share.of:,} {part} photos are taken for another class",
            ),
            "How often each class was taken for each other.",
            "Rows are the truth, columns what the network says.",
        ),
        "class_scores": (
            class_intervals(scores, f"Of {plain(weakest.name)}, {weakest.recall.value:.0%} are found"),
            "Precision and recall of each class with their 95 % intervals.",
            "The fewer photos, the wider the interval.",
        ),
        "calibration": (
            reliability(
                trust, f"Said and true probability differ by {100 * trust.error:.1f} points on average"
            ),
            "Share of right answers by the probability that the network gave them.",
            "On the diagonal, probabilities can be taken at their word.",
        ),
        "grad_cam": (
            heat_overlays(
                pixels,
                maps,
                [_lines(photos, rows[n], names, answers[n], probabilities[n]) for n in looked],
                "Where the network looks",
            ),
            "Photos, each beside itself under a map of what spoke for the answer.",
            "Grad-CAM of the answer given: bright is what raised it. Mistakes come first.",
        ),
    }
    if len(wrong):
        report.figure(
            "mistakes",
            captioned_photos(
                photos.pixels[rows[wrong]],
                [_lines(photos, rows[n], names, answers[n], probabilities[n]) for n in wrong],
                "The mistakes it was most sure of",
            ),
        )
    figures = {}
    for name, (axes, alt, caption) in drawn.items():
        report.figure(name, axes)
        figures[name] = Picture(report.path(f"{name}.png"), alt, caption)
    page = Page(
        title=f"A classifier of {len(names):,} classes of photos",
        finding=finding,
        used=len(photos.files),
        set_aside=len(photos.quarantine),
        test_accuracy=outcome.accuracy("test"),
        validation_accuracy=outcome.accuracy("validation"),
        seconds=outcome.seconds,
        backbone=outcome.backbone,
        weights=outcome.weights,
        settings=report.settings,
        findings=photos.findings,
        quarantine=photos.quarantine,
        class_names=names,
        photos={
            kind: np.bincount(photos.labels[where], minlength=len(names)).tolist()
            for kind, where in outcome.rows.items()
        },
        class_scores=scores,
        scored=scored,
        calibration_error=trust.error,
        figures=figures,
        mistakes=[
            Mistake(
                photos.pixels[rows[n]],
                photos.files[rows[n]],
                names[truth[n]],
                names[answers[n]],
                float(probabilities[n].max()),
            )
            for n in wrong
        ],
        commands=outcome.commands,
        environment=report.environment(),
    )
    with report.writing("report.html") as path:
        write_page(path, page)


def commands(folder):
    """How to use what a run left: pairs (what for, command line)."""
    where = shlex.quote(as_unicode(folder))
    return [
        ("Ask it about photos or folders of them", f"python -m tutorials.predict {where} photo.jpg more/"),
        ("The same as a table", f"python -m tutorials.predict {where} more/ --csv"),
    ]


def _lines(photos, row, names, answer, probabilities):
    said = f"says {names[answer]} ({probabilities[answer]:.0%})"
    return [photos.files[row], said, f"truth: {names[photos.labels[row]]}"]
