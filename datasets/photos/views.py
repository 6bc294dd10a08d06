"""Copies that are mirrored, turned or cropped: codes of parts of photos nominate, their pixels decide.

A copy that was cropped to 85 % shows a part of the photo. So parts of every photo, of several sizes and at
several places, get a code: the signs of their lowest frequencies. All are brought to the same one of eight
orientations first, by the signs of two of these. The middle of a photo is then looked up among them.
"""

import functools

import numpy as np

SIDE = 32  # of thumbnails, in pixels
MIDDLE = 0.9  # of a photo that is looked up: a copy's square can reach a little beyond the photo's
SCALES = (0.85, 0.9, 0.95, 1.0)  # sides of copies relative to those of the photos
STEP = 0.05  # between the places of parts, about
FREQUENCIES = 8
VARIANTS, FLIPS = 3, 5  # orientations that are looked up, and least certain bits of which either value is

_U, _V = np.meshgrid(np.arange(FREQUENCIES), np.arange(FREQUENCIES))  # of across and down, [v, u]
# Lowest first; the mean and the two that say the orientation come last
ORDER = np.array(
    sorted(range(64), key=lambda n: (n in (0, 1, 8), _U.ravel()[n] + _V.ravel()[n], abs(_U - _V).ravel()[n]))
)


def _lefts():
    """(side, float (k,): where parts of this side begin) for each scale."""
    for scale in SCALES:
        side = MIDDLE * scale
        yield side, np.linspace(0, 1 - side, max(3, round((1 - side) / STEP) + 1))


def parts():
    """Parts of a photo that a copy's middle can show: float (parts, 3), left, top and side in [0, 1]."""
    return np.array([(x, y, side) for side, lefts in _lefts() for y in lefts for x in lefts])


@functools.cache
def _bases(middle):
    """For each side of parts the integrals of cosines over pixels, float32 (places * frequencies, SIDE)."""
    found = []
    for side, lefts in [(MIDDLE, np.array([(1 - MIDDLE) / 2]))] if middle else _lefts():
        place = ((np.linspace(0, 1, SIDE + 1) - lefts[:, None]) / side).clip(0, 1)[:, None]
        waves = np.pi * np.arange(1, FREQUENCIES)[:, None]
        integral = np.concatenate([place, np.sin(waves * place) / waves], 1)
        found.append(np.diff(integral, axis=-1).reshape(-1, SIDE).astype("float32"))
    return found


def coefficients(thumbnails, middle=False):
    """Lowest frequencies (cosine transform) of parts of photos.

    Args:
        thumbnails: uint8 (n, 32, 32).
        middle: Whether only the middle is wanted, instead of all `parts`.

    Returns:
        float32 (n, parts, 64), the frequency across running fastest.
    """
    grey = thumbnails - thumbnails.mean((1, 2), keepdims=True, dtype="float32")
    found = []
    for basis in _bases(middle):
        block = (basis @ (grey @ basis.T)).reshape(len(grey), -1, 8, len(basis) // 8, 8)
        found.append(block.swapaxes(2, 3).reshape(len(grey), -1, 64))
    return np.concatenate(found, 1)


def oriented(found, turns):
    """The frequencies of the same parts mirrored left to right, then upside down, then along the diagonal.

    Args:
        found: float32 (..., 64).
        turns: uint8 (...), the sum of 1, 2 and 4 for these.

    Returns:
        float32 (..., 64).
    """
    odd = np.stack([_U.ravel() % 2, _V.ravel() % 2]) == 1
    signs = np.array([[1 - 2.0 * (turn & 1 and a) for a in odd[0]] for turn in range(4)], "float32")
    signs *= np.array([[1 - 2.0 * (turn >> 1 and a) for a in odd[1]] for turn in range(4)], "float32")
    found = found * signs[turns & 3]
    across = found.reshape(*found.shape[:-1], 8, 8).swapaxes(-1, -2).reshape(found.shape)
    return np.where((turns >> 2 != 0)[..., None], across, found)


def usual_turns(found):
    """What brings parts to the usual orientation, as `oriented` takes it: uint8 (...)."""
    across, down = found[..., 1], found[..., 8]
    return ((across < 0) + 2 * (down < 0) + 4 * (np.abs(down) > np.abs(across))).astype("uint8")


def likely_turns(found):
    """The few orientations of which one is the usual one, if the frequencies are not quite certain.

    Args:
        found: float32 (n, 64).

    Returns:
        uint8 (VARIANTS, n), the likeliest first.
    """
    across, down = np.abs(found[:, 1]), np.abs(found[:, 8])
    change = np.arange(8, dtype="uint8")[:, None]
    doubt = (change & 1) * across**2 + (change >> 1 & 1) * down**2 + (change >> 2) * (across - down) ** 2
    return usual_turns(found) ^ np.argsort(doubt, axis=0, kind="stable")[:VARIANTS].astype("uint8")


def turned(pictures, turns):
    """Pictures (n, 32, 32) in the orientations that `oriented` means."""
    pictures = np.where((turns & 1 != 0)[:, None, None], pictures[:, :, ::-1], pictures)
    pictures = np.where((turns & 2 != 0)[:, None, None], pictures[:, ::-1], pictures)
    return np.where((turns & 4 != 0)[:, None, None], pictures.swapaxes(1, 2), pictures)


def codes(found):
    """The signs of frequencies, those of the lowest in the highest bits: uint64 (...)."""
    bits = np.packbits(found[..., ORDER] > 0, axis=-1)
    return np.ascontiguousarray(bits).view(">u8")[..., 0].astype("uint64")


def keys(found, bits):
    """What a part is looked up by: some of the highest bits of its code, with the least certain either way.

    Args:
        found: float32 (n, 64), oriented.
        bits: How many of the bits count.

    Returns:
        uint64 (n, 2 ** FLIPS).
    """
    weakest = np.argsort(np.abs(found[:, ORDER[:bits]]), axis=1, kind="stable")[:, :FLIPS]
    flips = np.uint64(1) << (bits - 1 - weakest).astype("uint64")
    either = (np.arange(2**FLIPS)[None] >> np.arange(FLIPS)[:, None] & 1).astype("uint64")
    return (codes(found) >> np.uint64(64 - bits))[:, None] ^ (flips @ either)
