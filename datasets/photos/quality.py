"""Photos that are very dark or bright, blurred or full of noise: they are used, and the user is told.

A fault is marked only where it is plain: of good photos less than one in a hundred is. Blur is compared with
the other photos, since drawings and scans have other details than photos.
"""

from dataclasses import dataclass

import numpy as np

from ..files.display import Finding

DARK = 64  # of 255: 99 % of a very dark photo is darker
BRIGHT = 225  # of 255: 95 % of a very bright photo is brighter
BLURRED = 0.07  # of the details that photos of this data set usually have ...
BLURRED_MOST = 0.06  # ... and never more than this, where all photos are full of details
NOISY = 9.5  # of 255: standard deviation of the noise where the photo is smoothest
USUAL = 0.3  # details of photos, where there are too few to compare with
ENOUGH = 20  # photos to compare with
MOST = 0.5  # of the photos: what more have is how these photos are, and no fault
WIDE = 0.35  # least share of a photo that its middle square usually is


@dataclass(frozen=True, slots=True)
class Quality:
    """How bright, sharp and noisy the square of a photo is.

    Attributes:
        bright: What 99 % of the pixels are darker than, in [0, 255].
        dark: What 5 % of the pixels are darker than, in [0, 255].
        details: Variance of the Laplacian over that of the pixels.
        noise: Standard deviation of the noise where the photo is smoothest.

    Example:
        >>> from datasets.photos.quality import Quality
        >>> Quality(bright=20.0, dark=0.0, details=0.3, noise=0.1).bright
        20.0
    """

    bright: float
    dark: float
    details: float
    noise: float


def measure(pixels):
    """How bright, sharp and noisy a photo is.

    Args:
        pixels: uint8 (height, width, 3).

    Returns:
        A `Quality`; None for less than 16 x 16 pixels, which tell too little.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.quality import measure
        >>> noise = np.random.default_rng(0).normal(100, 20, (64, 64, 1)).repeat(3, 2).astype("uint8")
        >>> 17 < measure(noise).noise < 21
        True
    """
    if min(pixels.shape[:2]) < 16:
        return None
    grey = pixels.astype("float32") @ np.array([0.299, 0.587, 0.114], "float32")
    across, down = np.diff(grey, 2, axis=1), np.diff(grey, 2, axis=0)
    laplacian = across[1:-1] + down[:, 1:-1]
    # What a plane and straight edges leave nothing of (Immerkaer 1996), in blocks of 8 x 8 pixels
    rough = np.abs(np.diff(across, 2, axis=0))
    height, width = (side // 8 * 8 for side in rough.shape)
    blocks = rough[:height, :width].reshape(height // 8, 8, width // 8, 8).mean((1, 3))
    return Quality(
        bright=float(np.quantile(grey, 0.99)),
        dark=float(np.quantile(grey, 0.05)),
        details=float(laplacian.var() / max(grey.var(), 25)),
        noise=float(np.quantile(blocks, 0.2) * np.sqrt(np.pi / 2) / 6),
    )


def note_quality(candidates):
    """Note photos that are very dark, very bright, blurred, full of noise, or very wide or tall.

    Args:
        candidates: A `Candidates`.

    Returns:
        A new `Candidates` with the same photos and more findings.

    Example:
        >>> from datasets.photos.candidates import Candidate, Candidates, Facts
        >>> from datasets.photos.quality import Quality, note_quality
        >>> night, day = (Quality(bright, 0.0, details=0.3, noise=0.1) for bright in (20.0, 200.0))
        >>> given = (b"", b"", frozenset(), 90, b"", b"", 0.1, 900)
        >>> facts = [Facts(*given, quality=each) for each in (night, day)]
        >>> photos = tuple(Candidate(f"{n}.jpg", None, "ants", each) for n, each in enumerate(facts))
        >>> note_quality(Candidates("zoo", photos, frozenset(), {})).findings[0].files
        ['0.jpg']
    """
    photos = [photo for photo in candidates.photos if photo.facts.quality]
    measured = {photo.name: photo.facts.quality for photo in photos}
    judging = [photo.facts.quality.details for photo in photos if photo.part != "test"]
    usual = float(np.median(judging)) if len(judging) >= ENOUGH else USUAL
    least = min(BLURRED * usual, BLURRED_MOST)
    marked = {
        "very dark": [name for name, each in measured.items() if each.bright < DARK],
        "very bright": [name for name, each in measured.items() if each.dark > BRIGHT],
        "noise": [name for name, each in measured.items() if each.noise > NOISY],
    }
    unlit = {*marked["very dark"], *marked["very bright"]}  # of which nobody can tell whether they are sharp
    marked["blurred"] = [
        name for name, each in measured.items() if each.details < least and name not in unlit
    ]
    found = [
        Finding(what, names, "used; see whether they show their class")
        for what, names in marked.items()
        if names and len(names) <= MOST * len(candidates.photos)
    ]
    return candidates.noting(*found, *_wide(candidates.photos))


def _wide(photos):
    """A finding about photos whose middle square is a small part of them, in a list."""
    wide = {photo.name: photo.facts.seen for photo in photos if photo.facts.seen < WIDE}
    if not wide:
        return []
    least, most = (f"{100 * share:.0f}" for share in (min(wide.values()), max(wide.values())))
    middle = f"{least} %" if least == most else f"{least} to {most} %"
    return [Finding("very wide or tall", list(wide), f"only the middle {middle} is seen")]
