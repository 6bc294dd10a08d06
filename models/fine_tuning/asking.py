"""Choose unlabelled photos whose labels would help a classifier most, and write a page to label them on."""

from pathlib import Path

import numpy as np

from ..checks.arguments import whole
from ..errors import ModelError
from ..labelling.asked import Asked, check_page, shown, written
from ..labelling.label_next import pick
from ..labelling.label_page.page import write_label_page
from ..sibling import datasets_module
from .abstention import features_and_answers
from .feature_chunks import in_16_bits
from .predictions import photo_files, photos_read


def ask(model, inputs, size, class_names, count=20, page=None, labelled=(), seed=0):
    """Choose the photos whose labels would help most, and write a page to label them on, if one is named.

    Args:
        model: A classifier whose heads `features_and_answers` finds.
        inputs: A path or a list of paths, of photos or of folders of photos.
        size: Height and width of the squares that the model was trained on.
        class_names: In index order.
        count: How many photos to ask for; fewer if there are fewer.
        page: Where to write the page; None for nowhere. One of an earlier call is replaced, any other file is
            not.
        labelled: As for `write_label_page`.
        seed: Decides between photos that are equally uncertain.

    Returns:
        `Asked`.

    Raises:
        ModelError: If no photo can be read, or the page cannot be written.

    Example:
        >>> import keras
        >>> layers = [keras.layers.Flatten(), keras.layers.Dense(2, name="predictions")]
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), *layers])
        >>> try:
        ...     ask(model, "missing.jpg", 8, ["ants", "bees"])
        ... except ModelError as error:
        ...     print(error)
        There is no photo to ask for: missing.jpg does not exist; name an image file.
    """
    whole(most=10_000)("ask", "count", count)
    page = check_page(page)
    files, reasons = photo_files(inputs)
    skipped = {files[row]: reason for row, reason in reasons.items()}
    files = [file for row, file in enumerate(files) if row not in reasons]
    read, answers, features = _examined(model, files, size, skipped) if files else ([], None, None)
    if not read:
        why = "".join(f"{shown(name)} {reason}" for name, reason in list(skipped.items())[:1])
        raise ModelError(f"There is no photo to ask for: {why}.")
    chosen = [read[row] for row in pick(answers, features, count, seed)]
    read_squares = datasets_module("photos").read_squares
    squares = dict(zip(chosen, read_squares(chosen, size), strict=True))
    chosen = [file for file in chosen if not isinstance(squares[file], Exception)]
    whole_paths = [str(Path(file).absolute()) for file in chosen]
    pixels = [squares[file] for file in chosen]
    page = written(page, write_label_page, pixels, whole_paths, class_names, labelled)
    return Asked(page, chosen, skipped)


def labelled_rows(source, table):
    """Rows of labelled photos for a page, named by whole paths.

    Args:
        source: What `Photos.source` is.
        table: What `Photos.split_table` returned.

    Returns:
        List of (path, label, part). None of photos that are not files of their own, as in an archive: then
        the table of new labels stands for itself.

    Example:
        >>> from datasets import Source
        >>> labelled_rows(Source("photos", Path("photos.zip")), [("file", "label", "split")])
        []
    """
    top = getattr(source, "path", None)
    if top is None:
        return []
    top = Path(top).absolute()
    top = top if top.is_dir() else top.parent  # of a table
    rows = [(str(top / file), label, part) for file, label, part in table[1:]]
    return rows if all(Path(file).is_file() for file, _, _ in rows) else []


def _examined(model, files, size, skipped):
    """(files that could be read, probabilities (n, classes), features (n, features)); adds to `skipped`."""
    both, read, answers, features, first = features_and_answers(model), [], [], [], None
    for places, pixels, unreadable in photos_read(files, size):
        skipped |= {files[place]: reason for place, reason in unreadable.items()}
        read += [files[place] for place in places]
        if places:
            found = both.predict(pixels.astype("float32"), batch_size=32, verbose=0)
            answers.append(found.pop("answers"))
            found = np.concatenate(list(found.values()), 1)
            first = found if first is None else first
            features.append(in_16_bits(found, like=first))
    return (read, np.concatenate(answers), np.concatenate(features)) if read else ([], None, None)
