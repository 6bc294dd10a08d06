"""What a saved classifier holds: the model as Keras saves it, and what its inputs and classes are.

A `.keras` file is a zip archive. Beside Keras's own members this project writes one more into it,
`glass_zoo.json`:

    {"kind": "photos", "class_names": ["ants", "bees"], "settings": {"image_size": 320, ...}}

`keras.saving.load_model` does not look at it and loads the model as any other.
"""

import contextlib
import json
import os
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from ..checks.arguments import shown
from ..errors import ModelError
from .archives import ABOUT
from .saved_models import load_with_about, read_json

REMEDY = "save it again, or fetch the file again"
MOST_NAMES = 8 << 20  # bytes of labels.json, which earlier versions wrote beside a model


class About(NamedTuple):
    """What is known of a saved classifier beside its model.

    Attributes:
        kind: What it classifies: "photos" or "texts".
        class_names: Tuple of str, in index order.
        settings: {name: value} of what its inputs need, such as image_size.

    Example:
        >>> About("photos", ("ants", "bees"), {"image_size": 320}).class_names[1]
        'bees'
    """

    kind: str
    class_names: tuple
    settings: dict


def save_classifier(model, path, about):
    """Write a classifier as one `.keras` file with its class names inside.

    An older file of that name is replaced when the new one is complete.

    Args:
        model: A built Keras model.
        path: Where to; it ends in `.keras`.
        about: An `About`; its settings are what JSON can hold.

    Raises:
        ModelError: If the path is not one that can be written.

    Example:
        >>> from models import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "digits.keras"
        ...     save_classifier(MLP(), file, About("digits", tuple("0123456789"), {}))
        ...     load_classifier(file)[1].class_names[3]
        '3'
    """
    path = check_path(path, ".keras")
    content = json.dumps(about._asdict(), ensure_ascii=False)
    content = content.encode("utf-8", "backslashreplace")  # names of files need not be Unicode
    with replacing(path) as draft:
        model.save(draft)
        with zipfile.ZipFile(draft, "a") as archive:
            archive.writestr(ABOUT, content)


def load_classifier(path):
    """Load a classifier without trusting the file.

    Args:
        path: A `.keras` file.

    Returns:
        (the model, not compiled; its `About`, or None if the file says nothing of classes).

    Raises:
        ModelError: As `load_model` does, or if the names in it do not fit the model.

    Example: see `save_classifier`.
    """
    model, about = load_with_about(path)
    if about is None:
        return model, None
    if not isinstance(about, dict) or not isinstance(about.get("kind"), str):
        raise _damaged(path, "does not say what it classifies")
    names, settings = about.get("class_names"), about.get("settings")
    if not isinstance(settings, dict):
        raise _damaged(path, "has no settings")
    check_names(names, model, f"{path} is damaged: its {ABOUT}")
    return model, About(about["kind"], tuple(names), settings)


def classifier_file(owner, path):
    """The `.keras` file that a path names: itself, or model.keras in a folder of results.

    Args:
        owner: Name of the class that loads it, for messages.
        path: What a user gave.

    Raises:
        ModelError: If it is no path.

    Example:
        >>> classifier_file("PhotoClassifier", "ants.keras").name
        'ants.keras'
    """
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise ModelError(f"{owner}.load takes path as the name of a file, not {shown(path)}.")
    path = Path(path)
    return path / "model.keras" if path.suffix != ".keras" and path.is_dir() else path


def about_beside(path, model, kind):
    """The `About` of a classifier whose names lie beside it in labels.json, as earlier versions wrote them.

    Args:
        path: The `.keras` file.
        model: The model that was loaded from it.
        kind: What it classifies.

    Raises:
        ModelError: If there are no such names, or they do not fit.

    Example:
        >>> from models import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "labels.json").write_text(json.dumps(list("0123456789")))
        ...     about_beside(Path(folder, "model.keras"), MLP(), "digits").class_names[3]
        '3'
    """
    file = path.with_name("labels.json")
    names = read_json(file, MOST_NAMES, "give a file that save wrote")
    check_names(names, model, str(file))
    return About(kind, tuple(names), {})


@contextlib.contextmanager
def settings_of(path):
    """Say of settings that are refused that the file they come from is damaged.

    Args:
        path: The `.keras` file.

    Example:
        >>> try:
        ...     with settings_of("ants.keras"):
        ...         raise ModelError("seed= is -1.")
        ... except ModelError as error:
        ...     print(error)
        ants.keras is damaged (seed= is -1); save the classifier again.
    """
    try:
        yield
    except ValueError as error:
        raise ModelError(
            f"{path} is damaged ({str(error).rstrip('.')}); save the classifier again."
        ) from error


def check_names(names, model, where):
    """Refuse names that are not as many different texts as a model has classes.

    Args:
        names: Anything.
        model: A model with one output (n, classes), or (n, 1) for two classes.
        where: Where the names stand: the beginning of the sentence.

    Raises:
        ModelError: If they do not fit.

    Example:
        >>> from models import MLP
        >>> check_names(list("0123456789"), MLP(), "labels.json")
        >>> try:
        ...     check_names(["0", "1"], MLP(), "labels.json")
        ... except ModelError as error:
        ...     print(error)
        labels.json has 2 class names, and the model has 10 classes; save it again, or fetch the file again.
    """
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ModelError(f"{where} has no list of class names; {REMEDY}.")
    outputs = getattr(model, "outputs", None) or ()
    classes = outputs[0].shape[-1] if len(outputs) == 1 and len(outputs[0].shape) == 2 else None
    if classes is None or len(names) != max(2, classes):
        raise ModelError(
            f"{where} has {len(names):,} class names, and the model has {classes or 'none, or unknown'} "
            f"classes; {REMEDY}."
        )
    if len(set(names)) != len(names):
        raise ModelError(f"{where} has two classes of one name; {REMEDY}.")


def check_path(path, *endings):
    """A path that a file can be written to.

    Args:
        path: A str or `Path`.
        *endings: What it may end in.

    Returns:
        A `Path`; of a link, what it points to.

    Raises:
        ModelError: If it ends otherwise, its folder does not exist, or it is a folder or device.

    Example:
        >>> check_path("bees.keras", ".keras").name
        'bees.keras'
    """
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise ModelError(f"path= takes the name of a file that ends in {' or '.join(endings)}, not {path!r}.")
    path = Path(path)
    if path.suffix not in endings:
        raise ModelError(f"path={str(path)!r} must end in {' or '.join(endings)}.")
    with _writing(path):
        path = Path(os.path.realpath(path))
        if not path.parent.is_dir():
            raise ModelError(f"path={str(path)!r} lies in a folder that does not exist; make it first.")
        if os.path.lexists(path) and not stat.S_ISREG(path.stat().st_mode):
            raise ModelError(f"path={str(path)!r} is not a file; give another name.")
    return path


@contextlib.contextmanager
def replacing(path):
    """Write a file so that at every moment there is the old one or the new one, complete.

    Args:
        path: A `Path` that `check_path` returned.

    Yields:
        Path of a draft beside it, with the same ending. It takes the file's place when the block ends
        without an error, and is removed otherwise.

    Raises:
        ModelError: If the disk refuses.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "notes.txt") as draft:
        ...         _ = draft.write_text("new")
        ...     [file.name for file in Path(folder).iterdir()]
        ['notes.txt']
    """
    with (
        _writing(path),
        tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem[:60]}-") as folder,
    ):
        draft = Path(folder) / f"draft{path.suffix}"
        yield draft
        with draft.open("rb") as file, contextlib.suppress(OSError):  # on some systems only when writing
            os.fsync(file.fileno())
        if path.exists():
            draft.chmod(stat.S_IMODE(path.stat().st_mode))
        draft.replace(path)


@contextlib.contextmanager
def _writing(path):
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written ({(error.strerror or str(error)).lower()}); free some space there, or "
            "give another name."
        ) from error


def _damaged(path, what):
    return ModelError(f"{path} is damaged: its {ABOUT} {what}; {REMEDY}.")
