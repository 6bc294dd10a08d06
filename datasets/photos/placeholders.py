"""Placeholders: images such as "image not found", in place of a photo that is missing."""

from collections import Counter

import numpy as np

# A placeholder is mostly of one colour and has few others ...
MOSTLY = 0.8
COLOURS = 64  # of 4,096
# ... where nine in ten images of its class are not mostly of one colour
USUALLY = 0.6
# It is a drawing, and no photo that is dark or overexposed: most of it is exactly one colour
EXACTLY = 0.6
NEAR = 6  # of 255: what differs less is the colour itself
# Overexposed photos are exactly white, too, but what is beside the white is nearly white, not ink
INK = 25  # of 255: how much half of the pixels beside the colour differ from it
FAINT_INK, CLIPPED = 12, 0.95  # less ink will do where nearly all is exactly one colour
REPEATED = 3  # files with the same pixels are a placeholder, whatever it looks like


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
            copies = Counter(photo.facts.square for photo in suspects)
            suspects = [
                photo for photo in suspects if photo.facts.drawn or copies[photo.facts.square] >= REPEATED
            ]
            if 9 * len({photo.facts.square for photo in suspects}) <= len(others):
                reason = "is nearly all of one colour, as a picture that says 'not found'"
                rejected |= {photo.name: ("placeholder", reason) for photo in suspects}
    return candidates.without(rejected)


def _is_plain(facts):
    return facts.flat > MOSTLY and facts.colours <= COLOURS


def is_drawn(pixels):
    """Whether an image that is mostly of one colour is a drawing rather than a dark or overexposed photo.

    Args:
        pixels: uint8 (height, width, 3).

    Returns:
        bool.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.placeholders import is_drawn
        >>> page = np.full((50, 50, 3), 255, "uint8")
        >>> page[20:30, 20:30] = 0
        >>> is_drawn(page), is_drawn(np.random.default_rng(0).integers(0, 9, (50, 50, 3), "uint8"))
        (True, False)
    """
    values = pixels.astype("int32") @ np.array([65536, 256, 1], "int32")
    found, counts = np.unique(values, return_counts=True)
    exact, most = counts.max() / values.size, found[counts.argmax()]
    if exact < EXACTLY:
        return False
    colour = np.array([most >> 16, most >> 8 & 255, most & 255])
    if (colour > 5).any() and (colour < 250).any():  # neither black nor white
        return True
    distance = np.abs(pixels.astype("int16") - colour).max(-1)
    ground = np.pad(distance <= NEAR, 1)
    beside = ground[:-2, 1:-1] | ground[2:, 1:-1] | ground[1:-1, :-2] | ground[1:-1, 2:]
    edge = distance[beside & (distance > NEAR)]
    ink = np.median(edge) if len(edge) else 0
    return bool(ink >= INK or (ink >= FAINT_INK and exact >= CLIPPED))
