"""Placeholders: images such as "image not found", in place of a photo that is missing."""

import numpy as np

# A placeholder is mostly of one colour and has few others ...
MOSTLY = 0.8
COLOURS = 64  # of 4,096
# ... where nine in ten images of its class are not mostly of one colour
USUALLY = 0.6


def reject_placeholders(candidates):
    """Reject placeholders, unless the other images of the class look like that, too, as drawings do.

    The user's test photos have no influence on the others.

    Args:
        candidates: A `Candidates`.

    Returns:
        A new `Candidates`.
    """
    photos = candidates.photos
    labels = np.array([photo.label for photo in photos], object)
    flat = np.array([photo.facts.flat for photo in photos])
    plain = np.array([_is_plain(photo.facts) for photo in photos], bool)
    judging = np.array([photo.part != "test" for photo in photos], bool)
    rejected = {}
    for label in set(labels[plain]):
        others = flat[~plain & (labels == label) & judging]
        if len(others) < 4 or np.quantile(others, 0.9) > USUALLY:
            continue
        for part in judging, ~judging:
            suspects = [photos[row] for row in np.flatnonzero(plain & (labels == label) & part)]
            if 9 * len({photo.facts.square for photo in suspects}) <= len(others):
                reason = "is nearly all of one colour, as a picture that says 'not found'"
                rejected |= {photo.name: ("placeholder", reason) for photo in suspects}
    return candidates.without(rejected)


def _is_plain(facts):
    return facts.flat > MOSTLY and facts.colours <= COLOURS
