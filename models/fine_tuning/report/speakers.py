"""Training photos that speak for a mistake: what the report shows beside it."""

import numpy as np

from ...report.report import Speaker
from ..influence import advocates
from ..multi_scale import at_sizes, multi_scale_features

MOST = 20_000  # photos that the probes were fitted on; the values of more would take gigabytes


def speakers(training, photos, known, rows, answers, others, count=3):
    """The training photos that speak most for each of some answers, by the linear probes.

    Only photos of the predicted class are taken: those of others may speak for it, too, since they are unlike
    the classified one, but show nobody why. What fine-tuning added to an answer is not explained.

    Args:
        training: The `FineTuning`, of which the probes and the backbone are used.
        photos: What `Photos.check` returned.
        known: Which of the photos the probes were fitted on, integers (n,).
        rows: Which photos were classified, integers (m,).
        answers: Index of the class that each was predicted as, integers (m,).
        others: Index of the class that it was given, integers (m,).
        count: Training photos for each, at most.

    Returns:
        List of m lists of `Speaker`, the one that speaks most first. Empty with more than 20,000 photos.

    Example:
        >>> speakers(None, None, [], [], [], [])
        []
    """
    if not len(rows) or len(known) > MOST:
        return []
    probes, labels = training.probes, photos.labels[known]
    sizes = tuple(probes.probes)
    backbone = at_sizes(training.backbone, sizes)
    examples = multi_scale_features(backbone, photos.pixels, np.asarray(rows), sizes, training.flip)
    weights = None if training.photos.weights is None else training.photos.weights[labels]
    found = advocates(probes.probes, probes.features, labels, examples, answers, others, len(labels), weights)
    known = np.asarray(known)
    return [
        [_speaker(photos, known[each.row]) for each in some if labels[each.row] == answer][:count]
        for some, answer in zip(found, answers, strict=True)
    ]


def _speaker(photos, row):
    return Speaker(photos.pixels[row], photos.files[row], photos.class_names[photos.labels[row]])
