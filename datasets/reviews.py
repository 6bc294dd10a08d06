"""Texts with labels: the Large Movie Review Dataset, one's own texts, or generated film reviews."""

import io
import json
import warnings
from functools import partial

import numpy as np

from .files import folders
from .files.names import print_sentences, sentence
from .sources import DataError, Source, digest, download, user_folder
from .texts.checking import aside_note, check
from .texts.collecting import Found, Part, collect, refuse_columns
from .texts.copies import EXACT, NEAR
from .texts.locating import IMDB_CLASSES, find_texts, imdb_classes, imdb_in
from .texts.parts import as_arrays

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
IMDB_SIZE = 25_000  # of its training part, and of its test part


def locate(data="auto"):
    """Find labelled texts without reading them yet.

    Args:
        data: The Large Movie Review Dataset (its folder `aclImdb`, an archive of it, or a
            folder that holds either); or texts of your own: a CSV, TSV or JSON Lines file, also compressed
            as in .csv.gz, or Parquet or xlsx; a folder with
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
        source = find_texts(data)
        keras = source.path.suffix == ".npz" and source.path.is_file()
        return Source("imdb", source.path, KERAS_NOTE) if keras else source
    folder = user_folder()
    if folder and (path := imdb_in(folder)):
        return Source("imdb", path)
    try:
        paths = [download(name, ORIGIN + name, checksum) for name, checksum in CHECKSUMS.items()]
    except DataError as error:
        print(f"The Large Movie Review Dataset is not available: {sentence(error)}", flush=True)
        return EMBEDDED
    return Source("imdb", paths[0], KERAS_NOTE)


def load_data(source=None, text_column=None, label_column=None, encoding=None):
    """Load labelled texts.

    Args:
        source: What `locate` returned, or anything that `locate` takes; None for "auto".
        text_column: In a table: the column of the texts, by name or by number from 1; several are
            joined, as in "subject,body"; None to guess it.
        label_column: The same for the labels, one column.
        encoding: Of files that are not UTF-8, as Python names it, such as "cp1252"; None to guess it
            where it is clear.

    Returns:
        `(x_train, y_train), (x_test, y_test), class_names`: texts as object arrays (n,) of
        str, labels int64 (n,), and the list of class names in the order of the labels. Line
        breaks written as `<br />` are line breaks. The texts of both parts are shuffled, the same way on
        every call, and the last tenth of those for training, for validation, has no copies in the rest
        where that can be. The Large Movie Review Dataset, whose copies stay where they are, has 25,000 and
        25,000, half of each negative (0) and half positive (1); it is free for research (Maas et al.,
        Learning Word Vectors for Sentiment Analysis, ACL 2011). Texts that come in one part are split 80 to
        20, stratified, copies and near copies always on one side. Of texts that are given in two parts, what
        has a copy among the test texts is not trained on; of the Large Movie Review Dataset exact copies are
        only counted, so that results stay comparable. What is found is printed; `Texts.check` gives all.

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

        if text_column or label_column:
            refuse_columns(source)
        train, test = opinions.load_data()
        class_names, found = list(opinions.CLASS_NAMES), []
    else:
        imdb = source.name == "imdb"
        checked = check(
            _collect(source, text_column, label_column, encoding),
            source.path,
            IMDB_CLASSES if imdb else None,
            report_only=imdb,
            near=EXACT if imdb else NEAR,  # near copies among 50,000 take ten seconds
        )
        train, test, class_names = as_arrays(checked, together=not imdb)  # whose order is known
        if empty := sum(reason == "is empty" for _, reason in checked.aside):
            notes.append(f"{empty:,} empty {'text' if empty == 1 else 'texts'} left out")
        if imdb and not len(train[0]) == len(test[0]) == IMDB_SIZE:
            notes.append(f"the whole data set has {IMDB_SIZE:,} and {IMDB_SIZE:,}")
        found = [*checked.notes, *filter(None, [aside_note(checked.aside)])]
    where = f" in {source.path}" if source.path else ""
    note = f" ({'; '.join(notes)})" if notes else ""
    said = (
        f"Data: {source.name}{where}, {len(train[0]):,} texts to train on and {len(test[0]):,} to test on, "
        f"{len(class_names)} classes{note}."
    )
    print_sentences([said, *(f"Note: {note}." for note in found)])
    return train, test, class_names


def _collect(source, text_column, label_column, encoding):
    """The texts of a source with files, as a `Found`."""
    if source.path.suffix != ".npz":
        classes_of = partial(imdb_classes, path=source.path) if source.name == "imdb" else None
        return collect(source, text_column, label_column, encoding, classes_of)
    if text_column or label_column:
        refuse_columns(source)
    parts = _read_keras(source.path)
    return Found(
        {
            part: Part(
                texts, labels, [f"{source.path.name}, {part}"] * len(texts), list(range(1, len(texts) + 1))
            )
            for part, (texts, labels) in parts.items()
        }
    )


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
