"""Pictures of the letters X and O: the lectures' clean ones, and trickier cases."""

import numpy as np

from ..sources import DataError, Source

CLASS_NAMES = ("X", "O")
SIZE = 9  # height and width of every picture in pixels

# Corners of each letter's strokes in pixels from the picture's centre: (row, column), from - to
_OCTAGON = [(-3, -1), (-3, 1), (-1, 3), (1, 3), (3, 1), (3, -1), (1, -3), (-1, -3)]
_STROKES = (
    np.array([[(-3, -3), (3, 3)], [(-3, 3), (3, -3)]], float),
    np.array([*zip(_OCTAGON, [*_OCTAGON[1:], _OCTAGON[0]], strict=True)], float),
)

# The most of each knob, and its unit. More, and letters leave the picture, shrink to a blot or
# fill up; turned by more than 45 degrees, both look like letters turned by less
LARGEST = {"translation": 2.0, "scaling": 0.5, "rotation": 45.0, "weight": 2.0}
UNITS = {
    "translation": "pixels",
    "scaling": "share of the size",
    "rotation": "degrees",
    "weight": "pixels",
}


def clean_letters():
    """The lectures' X and their O.

    Returns:
        (X, O), float32 (9, 9, 1) each: -1 for paper, 1 for ink. X has both diagonals of its
        inner 7 x 7; O has the outline of an octagon there.
    """
    x = np.full((9, 9, 1), -1, "float32")
    for i in range(1, 8):
        x[i, i] = x[i, 8 - i] = 1
    o = np.full((9, 9, 1), -1, "float32")
    for i in range(3, 6):
        o[1, i] = o[7, i] = o[i, 1] = o[i, 7] = 1
    o[2, 2] = o[2, 6] = o[6, 2] = o[6, 6] = 1
    return x, o


def load_data(train=2000, test=1000, translation=1.0, scaling=0.25, rotation=20.0, weight=1.0, seed=0):
    """Draw as many X as O, each a little different; with every knob at 0 all are the clean ones.

    Args:
        train: Number of letters to train on.
        test: Number of letters held out.
        translation: A letter is moved by up to this many pixels, down or up and right or left.
        scaling: It is larger or smaller by up to this share of its size.
        rotation: It is turned by up to this many degrees, either way.
        weight: Its lines are up to this many pixels heavier than the clean ones, which are 1
            pixel wide.
        seed: The same seed draws the same letters.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: pictures float32 (n, 9, 9, 1), -1 for paper to
        1 for ink, and labels uint8 (n,), 0 for X and 1 for O, as in `CLASS_NAMES`. Generated,
        so free of any licence.

    Raises:
        DataError: If a number of letters is under 2, or a knob is negative or beyond `LARGEST`.
    """
    if min(train, test) < 2:
        raise DataError(f"Letters need train and test of 2 or more, not {train} and {test}.")
    knobs = {"translation": translation, "scaling": scaling, "rotation": rotation, "weight": weight}
    x, y = tricky_letters(train + test, **knobs, seed=seed)
    print(
        f"Data: generated letters, {train:,} to train on and {test:,} to test on: moved by up to "
        f"{translation:g} pixels, scaled by up to {scaling:.0%}, turned by up to {rotation:g} degrees, "
        f"lines up to {weight:g} pixels heavier.",
        flush=True,
    )
    return (x[:train], y[:train]), (x[train:], y[train:])


def locate():
    """The `Source` of these pictures: they are generated."""
    return Source("generated")


def tricky_letters(count, translation=0.0, scaling=0.0, rotation=0.0, weight=0.0, seed=0):
    """Draw X and O by turns, with the knobs of `load_data`.

    Args:
        count: Number of letters.
        translation, scaling, rotation, weight: As in `load_data`.
        seed: The same seed draws the same letters.

    Returns:
        Pictures float32 (count, 9, 9, 1) and labels uint8 (count,).

    Raises:
        DataError: If a knob is negative or beyond `LARGEST`.
    """
    knobs = {"translation": translation, "scaling": scaling, "rotation": rotation, "weight": weight}
    for name, value in knobs.items():
        if not 0 <= value <= LARGEST[name]:
            raise DataError(
                f"{name} must be from 0 to {LARGEST[name]:g} ({UNITS[name]}), not {value}: "
                "turned further, a letter looks as if it were turned less."
                if name == "rotation"
                else f"{name} must be from 0 to {LARGEST[name]:g} ({UNITS[name]}), not {value}: "
                "with more, letters leave the picture, shrink to a blot, or fill up."
            )
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype="uint8") % 2
    pictures = [
        draw(
            CLASS_NAMES[label],
            down=random.uniform(-translation, translation),
            right=random.uniform(-translation, translation),
            scale=1 + random.uniform(-scaling, scaling),
            degrees=random.uniform(-rotation, rotation),
            line=1 + random.uniform(0, weight),
        )
        for label in labels
    ]
    return np.stack(pictures), labels


def draw(letter, down=0.0, right=0.0, scale=1.0, degrees=0.0, line=1.0):
    """Draw one letter; as it stands, the lectures' clean one.

    Args:
        letter: "X" or "O".
        down, right: How far it is moved, in pixels.
        scale: How many times as large it is.
        degrees: How far it is turned, counterclockwise.
        line: How wide its lines are, in pixels; `scale` does not change that.

    Returns:
        Picture float32 (9, 9, 1), -1 for paper to 1 for ink.
    """
    turn = np.deg2rad(degrees)
    # Rows count downwards, so a counterclockwise turn of (row, column) is this one
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = (SIZE - 1) / 2 + np.array([down, right])
    strokes = scale * _STROKES[CLASS_NAMES.index(letter)] @ rotate.T + middle
    start, along = strokes[:, 0], strokes[:, 1] - strokes[:, 0]  # (strokes, 2)
    pixels = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"), -1)[:, :, None]
    # How far along each stroke the point nearest to each pixel lies, 0 to 1: (9, 9, strokes)
    share = np.clip(((pixels - start) * along).sum(-1) / (along**2).sum(-1), 0, 1)
    distance = np.linalg.norm(pixels - start - share[..., None] * along, axis=-1).min(-1)
    # A line's edge goes from ink to paper within 0.4 pixels: softer, and the clean X would be
    # smeared over the pixels beside its diagonals
    ink = np.clip((line / 2 - distance) / 0.4 + 0.5, 0, 1)
    return (2 * ink - 1).astype("float32")[..., None]


def growing():
    """Each knob alone, turned up to a third, two thirds and all of `LARGEST`; smaller, not larger.

    Returns:
        Pictures float32 (24, 9, 9, 1), for each knob three X and three O; a line that
        describes each; and labels uint8 (24,).
    """
    pictures, lines = [], []
    for knob, largest in LARGEST.items():
        for letter in CLASS_NAMES:
            for amount in (largest / 3, 2 * largest / 3, largest):
                line, changed = {
                    "translation": (f"moved {amount:.1f} px", {"right": amount}),
                    "scaling": (f"{amount:.0%} smaller", {"scale": 1 - amount}),
                    "rotation": (f"turned {amount:.0f}°", {"degrees": amount}),
                    "weight": (f"{amount:.1f} px heavier", {"line": 1 + amount}),
                }[knob]
                pictures.append(draw(letter, **changed))
                lines.append(line)
    return np.stack(pictures), lines, np.tile(np.repeat(np.arange(2, dtype="uint8"), 3), 4)
