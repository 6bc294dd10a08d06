"""Texts with labels: the Large Movie Review Dataset, one's own texts, or generated film reviews."""

import io
import json
import re
import warnings
from pathlib import Path

import numpy as np

from .files import archives as _archives
from .files import folders
from .files.names import sentence, shown, shown_apart
from .sources import DataError, Source, digest, download, results_in, user_folder
from .texts.parts import as_arrays, without_empty
from .texts.reading import read_classes, read_tables

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
KERAS_NOTE = "Keras's form of them, without capital letters and punctuation"
WORDS = "imdb_word_index.json"
CHECKSUMS = {  # as Keras has them; of the words only an MD5 is published
    "imdb.npz": "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    WORDS: "bfafd718b763782e994055a2d397834f",
}
EMBEDDED = Source(
    "embedded",
    note="generated reviews, not the Large Movie Review Dataset: results are not those of real reviews",
)
OTHERS = {".json", ".jsonl", ".ods", ".parquet", ".pdf", ".pkl", ".doc", ".docx", ".xls", ".xlsx"}
IMDB_CLASSES = ("negative", "positive")
IMDB_SIZE = 25_000  # of its training part, and of its test part


def locate(data="auto"):
    """Find labelled texts without reading them yet.

    Args:
        data: The Large Movie Review Dataset (its folder `aclImdb`, an archive of it, or a
            folder that holds either); or texts of your own: a CSV or TSV file, a folder with
            `train.csv` and `test.csv`, or a folder (or archive) with a folder of .txt files for
            each class, if you like below `train` and `test`; "embedded" for generated reviews;
            "auto" for the Large Movie Review Dataset in the folder GLASS_ZOO_DATA, else Keras's
            cache or download of it, else generated reviews.

    Returns:
        A `Source` for `load_data`: named "imdb", "texts" or "embedded".

    Raises:
        DataError: If `data` is given and holds no texts.

    Example:
        >>> from datasets import reviews
        >>> print(reviews.locate("embedded"))
        embedded
    """
    if isinstance(data, Source):
        return data
    if str(data) == "embedded":
        return EMBEDDED
    if str(data) != "auto":
        try:
            return _find(Path(data))
        except OSError as error:
            raise DataError(
                f"{data} cannot be read ({error.strerror}); change that, or name another."
            ) from error
    folder = user_folder()
    if folder and (path := _imdb_in(folder)):
        return Source("imdb", path)
    try:
        paths = [download(name, ORIGIN + name, checksum) for name, checksum in CHECKSUMS.items()]
    except DataError as error:
        print(f"The Large Movie Review Dataset is not available: {sentence(error)}", flush=True)
        return EMBEDDED
    return Source("imdb", paths[0], KERAS_NOTE)


def load_data(source=None, text_column=None, label_column=None):
    """Load labelled texts.

    Args:
        source: What `locate` returned, or anything that `locate` takes; None for "auto".
        text_column: In a CSV or TSV file: the column of the texts, by name or by number from
            1; None to guess it.
        label_column: The same for the labels.

    Returns:
        `(x_train, y_train), (x_test, y_test), class_names`: texts as object arrays (n,) of
        str, labels int64 (n,), and the list of class names in the order of the labels. Line
        breaks written as `<br />` are line breaks. Training texts are shuffled, the same way
        on every call. The Large Movie Review Dataset has 25,000 and 25,000, half of each
        negative (0) and half positive (1); it is free for research (Maas et al., Learning Word
        Vectors for Sentiment Analysis, ACL 2011). Texts that come in one part are split 80 to 20,
        stratified, equal texts always on one side.

    Raises:
        DataError: If a file is missing, damaged, hostile, or does not hold labelled texts.

    Example:
        >>> from datasets import reviews
        >>> train, test, class_names = reviews.load_data("embedded")  # doctest: +ELLIPSIS
        Data: embedded, 6,000 texts to train on and 1,500 to test on, 2 classes (generated reviews, ...
        >>> len(train[0]), len(train[1]), class_names
        (6000, 6000, ['negative', 'positive'])
    """
    source = locate("auto" if source is None else source)
    notes = [source.note] if source.note else []
    if source.path is None:
        from .generated import opinions

        _refuse_columns(source, text_column, label_column)
        train, test = opinions.load_data()
        class_names = list(opinions.CLASS_NAMES)
    else:
        parts = _read(source, text_column, label_column)
        parts, empty = without_empty(parts)
        if empty:
            notes.append(f"{empty:,} empty {'text' if empty == 1 else 'texts'} left out")
        names = IMDB_CLASSES if source.name == "imdb" else None
        train, test, class_names = as_arrays(parts, source.path, names)
        if source.name == "imdb" and not len(train[0]) == len(test[0]) == IMDB_SIZE:
            notes.append(f"the whole data set has {IMDB_SIZE:,} and {IMDB_SIZE:,}")
    where = f" in {source.path}" if source.path else ""
    note = f" ({'; '.join(notes)})" if notes else ""
    said = (
        f"Data: {source.name}{where}, {len(train[0]):,} texts to train on and {len(test[0]):,} to test on, "
        f"{len(class_names)} classes{note}."
    )
    print(sentence(said), flush=True)
    return train, test, class_names


def _imdb_in(folder):
    """The Large Movie Review Dataset in a folder: its own folder, or an archive of it."""
    if (folder / "aclImdb").is_dir():
        return folder / "aclImdb"
    names = (path for path in folder.glob("aclImdb*") if path.name.lower().endswith(_archives.SUFFIXES))
    archives = (path for path in names if path.is_file())  # a pipe would be waited for
    return next(iter(sorted(archives)), None)


def _find(path):
    """The texts that a user names, as a Source."""
    if not path.exists():
        raise DataError(f"{path} does not exist; name a file or folder of labelled texts with data=.")
    if path.is_dir():
        if found := _imdb_in(path):
            return Source("imdb", found)
        return Source("imdb" if _is_imdb(path) else "texts", path)
    if not path.is_file():
        raise DataError(f"{path} is neither a file nor a folder; name one with data=.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; name a file of labelled texts.")
    if path.suffix == ".npz":
        return Source("imdb", path, KERAS_NOTE)
    if path.suffix.lower() in OTHERS:
        raise DataError(f"{path} is no table of plain text; save it as CSV and name that file.")
    if _archives.is_archive(path):
        imdb = path.name.startswith("aclImdb") or _archives.top_folder(path) == "aclImdb"
        return Source("imdb" if imdb else "texts", path)
    return Source("texts", path)


def _is_imdb(folder):
    """Whether a folder of any name is laid out and named as the reviews are, "0_3.txt"."""
    classes = [folder / part / label for part in ("train", "test") for label in ("neg", "pos")]
    if folder.name == "aclImdb" or not all(found.is_dir() for found in classes):
        return folder.name == "aclImdb"
    return bool(re.fullmatch(r"\d+_\d+\.txt", next(classes[0].iterdir(), folder).name))


def _read(source, text_column, label_column):
    """Texts and labels by part: `{"train": (texts, labels)}`, and "test" if there is one."""
    path = source.path
    if path.suffix == ".npz":
        parts = _read_keras(path)
    elif path.is_dir() or _archives.is_archive(path):
        tree = folders.open_tree(path)
        if tree.results:
            print(f"Not read as data: {results_in(map(shown, tree.results))}.", flush=True)
        classes = folders.class_folders(tree)
        if source.name == "imdb":
            classes = _as_imdb(classes, path)
        if not classes:
            return read_tables(tree, folders.tables(tree), text_column, label_column)
        names = shown_apart([name for found in classes.values() for name in found])
        parts = {
            part: read_classes(tree, {names[name]: files for name, files in found.items()})
            for part, found in classes.items()
        }
    else:
        tree = folders.Tree(path.parent, {(path.name,): path}, set())
        return read_tables(tree, {"train": (path.name,)}, text_column, label_column)
    _refuse_columns(source, text_column, label_column)
    return parts


def _refuse_columns(source, *columns):
    if any(columns):
        raise DataError(
            f"The data ({source}) is no table, so it has no columns; leave out text_column= and "
            "label_column=, or name a table with data=."
        )


def _as_imdb(classes, path):
    """The reviews of the Large Movie Review Dataset, its classes called as in every other form of it."""
    if {part: set(found) for part, found in classes.items()} != dict.fromkeys(
        ("train", "test"), {"neg", "pos"}
    ):
        raise DataError(
            f"{path} does not hold reviews in train/neg, train/pos, test/neg and test/pos; fetch the "
            "Large Movie Review Dataset again."
        )
    return {part: {name: found[name[:3]] for name in IMDB_CLASSES} for part, found in classes.items()}


def _read_keras(path):
    """Keras's form of the reviews: numbers of words, and what the words are."""
    contents = []
    for file, checksum in zip((path, path.with_name(WORDS)), CHECKSUMS.values(), strict=True):
        if not file.is_file():
            raise DataError(f"{file} is missing; put it beside {path.name}.")
        contents.append(folders.read_file(file))
        if digest(contents[-1], checksum) != checksum:
            raise DataError(f"{file} is not the file that Keras provides, or is damaged; fetch it again.")
    words = {number: word for word, number in json.loads(contents[1]).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)  # of its age
        # Its lists are pickled, which is safe to load only because the checksum is Keras's
        with np.load(io.BytesIO(contents[0]), allow_pickle=True) as file:
            return {
                part: (
                    [" ".join(words[number] for number in review) for review in file[f"x_{part}"]],
                    [IMDB_CLASSES[label] for label in file[f"y_{part}"]],
                )
                for part in ("train", "test")
            }
