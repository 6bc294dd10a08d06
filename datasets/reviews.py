"""Reviews to judge: the Large Movie Review Dataset, one's own texts, or generated ones."""

import io
import json
import re
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from .files import archives as _archives
from .files import folders, tables
from .files.names import from_csv, quoted, sentence, shown, shown_apart
from .labels import as_names, check_labels, in_order, split
from .sources import DataError, Source, digest, download, results_in, user_folder

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
SUFFIXES = {".txt", ".csv", ".tsv"}  # of files that `read_texts` reads
OTHERS = {".json", ".jsonl", ".ods", ".parquet", ".pdf", ".pkl", ".doc", ".docx", ".xls", ".xlsx"}
IMDB_CLASSES = ("negative", "positive")
IMDB_SIZE = 25_000  # of its training part, and of its test part


def locate(data="auto"):
    """Find reviews without reading them yet.

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
        DataError: If `data` is given and holds no reviews.
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
        print(f"No movie reviews at hand: {sentence(error)}", flush=True)
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
        parts, empty = _without_empty(parts)
        if empty:
            notes.append(f"{empty:,} empty {'text' if empty == 1 else 'texts'} left out")
        train, test, class_names = _as_arrays(parts, source)
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


def read_texts(path, text_column=None):
    """Read texts without labels, to classify them.

    Args:
        path: A .txt file, which is one text, or a CSV or TSV file with a text in each row.
        text_column: The column of the texts, by name or by number from 1; None to guess it.

    Returns:
        List of str.

    Raises:
        DataError: If the file cannot be read or holds no text.
    """
    path = Path(path)
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise DataError(f"{path} {what}; name a .txt, .csv or .tsv file.")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name another file.") from error
    content = tables.decode(folders.read_file(path), path)
    if path.suffix.lower() not in folders.TABLES:
        tables.check_length(content, path)
        texts = [_with_line_breaks(content)]
    else:
        table = tables.read_table(content, str(path))
        text, _, header = tables.columns(table, text_column, labelled=False)
        texts = [_with_line_breaks(row[text]) for row in table.rows[header:]]
    if not any(text.strip() for text in texts):
        raise DataError(f"{path} holds no text; name a file that does.")
    return texts


def _imdb_in(folder):
    """The Large Movie Review Dataset in a folder: its own folder, or an archive of it."""
    if (folder / "aclImdb").is_dir():
        return folder / "aclImdb"
    names = (path for path in folder.glob("aclImdb*") if path.name.lower().endswith(_archives.SUFFIXES))
    archives = (path for path in names if path.is_file())  # a pipe would be waited for
    return next(iter(sorted(archives)), None)


def _find(path):
    """The reviews that a user names, as a Source."""
    if not path.exists():
        raise DataError(f"{path} does not exist; name a file or folder of reviews with --data.")
    if path.is_dir():
        if found := _imdb_in(path):
            return Source("imdb", found)
        return Source("imdb" if _is_imdb(path) else "texts", path)
    if not path.is_file():
        raise DataError(f"{path} is neither a file nor a folder; name one with --data.")
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
            return _read_tables(tree, folders.tables(tree), text_column, label_column)
        names = shown_apart([name for found in classes.values() for name in found])
        parts = {
            part: _read_classes(tree, {names[name]: files for name, files in found.items()})
            for part, found in classes.items()
        }
    else:
        tree = folders.Tree(path.parent, {(path.name,): path}, set())
        return _read_tables(tree, {"train": (path.name,)}, text_column, label_column)
    _refuse_columns(source, text_column, label_column)
    return parts


def _refuse_columns(source, *columns):
    if any(columns):
        raise DataError(
            f"The data ({source}) is no table, so it has no columns; leave out --text-column and "
            "--label-column, or name a table with --data."
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


def _read_classes(tree, classes):
    texts, labels = [], []
    for label, files in classes.items():
        for parts in files:
            text = tree.text(parts)
            tables.check_length(text, tree.name(parts))
            texts.append(_with_line_breaks(text))
            labels.append(label)
    return texts, as_names(labels, tree.path)


def _read_tables(tree, files, text_column, label_column):
    result, like = {}, None
    for part, parts in files.items():
        table = tables.read_table(tree.text(parts), tree.name(parts))
        if like is None:
            text, label, header = tables.columns(table, text_column, label_column)
            like = table
        else:
            text, label = tables.same_columns(table, like, text, label, header)
        rows = table.rows[header:]
        texts = [_with_line_breaks(row[text]) for row in rows]
        labels = as_names([from_csv(row[label].strip()) for row in rows], table.name)
        unlabelled = [
            line
            for line, words, name in zip(table.lines[header:], texts, labels, strict=True)
            if words.strip() and not name
        ]
        if unlabelled:
            raise DataError(
                f"{table.name} has {len(unlabelled):,} texts without a label, the first in line "
                f"{unlabelled[0]:,}; write labels to them, or remove them."
            )
        result[part] = texts, labels
    return result


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


def _with_line_breaks(text):
    return re.sub(r"<br\s*/?>", "\n", text, flags=re.IGNORECASE) if "<" in text else text


def _without_empty(parts):
    """The same parts without texts that have no letters, and how many those were."""
    full = {
        part: [(text, label) for text, label in zip(*both, strict=True) if text.strip()]
        for part, both in parts.items()
    }
    empty = sum(len(parts[part][0]) - len(pairs) for part, pairs in full.items())
    return {part: tuple(zip(*pairs, strict=True)) or ((), ()) for part, pairs in full.items()}, empty


def _as_arrays(parts, source):
    texts, labels = parts["train"]
    check_labels(labels, source.path)
    class_names = list(IMDB_CLASSES) if source.name == "imdb" else in_order(set(labels))
    if "test" in parts:
        unknown = Counter(parts["test"][1])
        for name in class_names:
            unknown.pop(name, None)
        if unknown:
            listed = ", ".join(f"{quoted(label)} ({count:,})" for label, count in unknown.most_common(10))
            raise DataError(
                f"{source.path} has labels in its test part that its training part lacks: {listed}; "
                "correct them, or leave those texts out."
            )
        if not parts["test"][0]:
            raise DataError(f"{source.path} has no texts in its test part; add some, or remove that part.")
    else:
        train, test = split(texts, labels, source.path)
        parts = {
            part: ([texts[index] for index in chosen], [labels[index] for index in chosen])
            for part, chosen in (("train", train), ("test", test))
        }
    x, y = _arrays(*parts["train"], class_names)
    order = np.random.default_rng(0).permutation(len(x))
    return (x[order], y[order]), _arrays(*parts["test"], class_names), class_names


def _arrays(texts, labels, class_names):
    x = np.empty(len(texts), object)
    x[:] = texts
    numbers = {name: number for number, name in enumerate(class_names)}
    return x, np.array([numbers[label] for label in labels], "int64")
