"""Images of the letters X and O: the clean ones of the lectures, and harder ones."""

import numpy as np

from ..sources import DataError, Source

CLASS_NAMES = ("X", "O")
SIZE = 9  # height and width of every image in pixels

# Start and end of each letter's strokes, (row, column) in pixels from the image's centre
_OCTAGON = [(-3, -1), (-3, 1), (-1, 3), (1, 3), (3, 1), (3, -1), (1, -3), (-1, -3)]
_STROKES = (
    np.array([[(-3, -3), (3, 3)], [(-3, 3), (3, -3)]], float),
    np.array([*zip(_OCTAGON, [*_OCTAGON[1:], _OCTAGON[0]], strict=True)], float),
)

# The largest value of each setting, and its unit. With more, letters leave the image, shrink to a blot or
# fill up; rotated by more than 45 degrees, both look like letters rotated by less
LARGEST = {"translation": 2.0, "scaling": 0.5, "rotation": 45.0, "weight": 2.0}
UNITS = {
    "translation": "pixels",
    "scaling": "share of the size",
    "rotation": "degrees",
    "weight": "pixels",
}


def clean_letters():
    """The clean X and O of the lectures.

    Returns:
        `(x, o)`, float32 (9, 9, 1) each: -1 for background, 1 for ink. The X consists of both
        diagonals of the inner 7 x 7 pixels; the O is the outline of an octagon there.

    Example:
        >>> from datasets.generated.x_or_o import clean_letters
        >>> x, o = clean_letters()
        >>> int((x == 1).sum()), int((o == 1).sum())
        (13, 16)
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
    """Draw as many X as O, each a little different; with all settings at 0 they are the clean ones.

    Args:
        train: Number of letters to train on.
        test: Number of letters to test on.
        translation: A letter is translated by up to this many pixels, vertically and horizontally.
        scaling: It is larger or smaller by up to this share of its size.
        rotation: It is rotated by up to this many degrees, in either direction.
        weight: Its lines are up to this many pixels wider than the clean ones, which are 1
            pixel wide.
        seed: The same seed draws the same letters.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images float32 (n, 9, 9, 1), -1 for background to
        1 for ink, and labels uint8 (n,), 0 for X and 1 for O, as in `CLASS_NAMES`. Generated,
        so free of any licence.

    Raises:
        DataError: If a number of letters is under 2, or a setting is negative or beyond `LARGEST`.

    Example:
        >>> from datasets.generated import x_or_o
        >>> (x_train, y_train), (x_test, y_test) = x_or_o.load_data(train=20, test=10)
        Data: generated letters, 20 to train on and 10 to test on: moved by up to 1 pixels, scaled by up to \
25%, turned by up to 20 degrees, lines up to 1 pixels heavier.
        >>> x_train.shape, y_train[:4].tolist()
        ((20, 9, 9, 1), [0, 1, 0, 1])
    """
    if min(train, test) < 2:
        raise DataError(f"Letters need train= and test= of 2 or more, not {train} and {test}.")
    settings = {"translation": translation, "scaling": scaling, "rotation": rotation, "weight": weight}
    x, y = tricky_letters(train + test, **settings, seed=seed)
    print(
        f"Data: generated letters, {train:,} to train on and {test:,} to test on: moved by up to "
        f"{translation:g} pixels, scaled by up to {scaling:.0%}, turned by up to {rotation:g} degrees, "
        f"lines up to {weight:g} pixels heavier.",
        flush=True,
    )
    return (x[:train], y[:train]), (x[train:], y[train:])


def locate():
    """The `Source` of these pictures: they are generated.

    Returns:
        A `Source` without a path.

    Example:
        >>> from datasets.generated import x_or_o
        >>> str(x_or_o.locate())
        'generated'
    """
    return Source("generated")


def tricky_letters(count, translation=0.0, scaling=0.0, rotation=0.0, weight=0.0, seed=0):
    """Draw X and O alternately, with the settings of `load_data`.

    Args:
        count: Number of letters.
        translation, scaling, rotation, weight: As in `load_data`.
        seed: The same seed draws the same letters.

    Returns:
        `(images, labels)`: float32 (count, 9, 9, 1) and uint8 (count,).

    Raises:
        DataError: If a setting is negative or beyond `LARGEST`.

    Example:
        >>> from datasets.generated.x_or_o import tricky_letters
        >>> images, labels = tricky_letters(4, rotation=45)
        >>> images.shape, labels.tolist()
        ((4, 9, 9, 1), [0, 1, 0, 1])
    """
    settings = {"translation": translation, "scaling": scaling, "rotation": rotation, "weight": weight}
    for name, value in settings.items():
        if not 0 <= value <= LARGEST[name]:
            raise DataError(
                f"{name}= must be from 0 to {LARGEST[name]:g} ({UNITS[name]}), not {value}: "
                "rotated further, a letter looks as if it were rotated less."
                if name == "rotation"
                else f"{name}= must be from 0 to {LARGEST[name]:g} ({UNITS[name]}), not {value}: "
                "with more, letters leave the image, shrink to a blot, or fill up."
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
    """Draw one letter; by default the clean one.

    Args:
        letter: "X" or "O".
        down, right: Translation in pixels.
        scale: Size relative to the clean letter.
        degrees: Rotation, counterclockwise.
        line: Width of its lines in pixels; `scale` does not change it.

    Returns:
        float32 (9, 9, 1), -1 for background to 1 for ink.

    Example:
        >>> from datasets.generated.x_or_o import clean_letters, draw
        >>> bool((draw("O") > 0).sum() == (clean_letters()[1] > 0).sum())
        True
    """
    turn = np.deg2rad(degrees)
    # Rows count downwards, so this rotates (row, column) counterclockwise
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = (SIZE - 1) / 2 + np.array([down, right])
    strokes = scale * _STROKES[CLASS_NAMES.index(letter)] @ rotate.T + middle
    start, along = strokes[:, 0], strokes[:, 1] - strokes[:, 0]  # (strokes, 2)
    pixels = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"), -1)[:, :, None]
    # Position of the point of each stroke that is nearest to each pixel, 0 to 1: (9, 9, strokes)
    share = np.clip(((pixels - start) * along).sum(-1) / (along**2).sum(-1), 0, 1)
    distance = np.linalg.norm(pixels - start - share[..., None] * along, axis=-1).min(-1)
    # A line's edge goes from ink to background within 0.4 pixels. With softer edges the clean X would be
    # blurred over the pixels beside its diagonals
    ink = np.clip((line / 2 - distance) / 0.4 + 0.5, 0, 1)
    return (2 * ink - 1).astype("float32")[..., None]


def growing():
    """Letters with one setting at a third, two thirds and all of `LARGEST`; of scaling smaller ones.

    Of scaling it is a fifth, three fifths and all: of so few pixels an X at two thirds of its size is the
    same picture as at five sixths.

    Returns:
        `(images, lines, labels)`: float32 (24, 9, 9, 1), for each setting three X and three O; a line
        that describes each; and uint8 (24,).

    Example:
        >>> from datasets.generated.x_or_o import growing
        >>> images, lines, labels = growing()
        >>> images.shape, lines[:2]
        ((24, 9, 9, 1), ['moved 0.7 px', 'moved 1.3 px'])
    """
    pictures, lines = [], []
    for name, largest in LARGEST.items():
        for letter in CLASS_NAMES:
            for share in (0.2, 0.6, 1) if name == "scaling" else (1 / 3, 2 / 3, 1):
                amount = share * largest
                line, changed = {
                    "translation": (f"moved {amount:.1f} px", {"right": amount}),
                    "scaling": (f"{amount:.0%} smaller", {"scale": 1 - amount}),
                    "rotation": (f"turned {amount:.0f}°", {"degrees": amount}),
                    "weight": (f"{amount:.1f} px heavier", {"line": 1 + amount}),
                }[name]
                pictures.append(draw(letter, **changed))
                lines.append(line)
    return np.stack(pictures), lines, np.tile(np.repeat(np.arange(2, dtype="uint8"), 3), 4)
