"""Choose unlabelled texts whose labels would help a classifier most."""

from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from ..checks.arguments import shown
from ..errors import ModelError
from ..labelling.label_next import CANDIDATES, pick, uncertainty
from ..sibling import datasets_module
from .arguments import texts as text_array
from .ngram_counts import count_ngrams

POOL = 2000  # of the most uncertain texts features are computed, or of as many as `pick` looks at
SIZE = 50  # features of a text
MOST_CHARACTERS = 5_000_000  # of labelled texts that go into the page


def unlabelled_texts(owner, inputs, text_column=None, encoding=None):
    """Read texts without labels.

    Args:
        owner: Name of the method, for messages.
        inputs: List of str, the texts; or the path of a table, of a .txt file, or of a folder of these.
        text_column, encoding: As of `read_texts`.

    Returns:
        (list of str, {where: why it could not be read}). Empty texts are left out.

    Raises:
        ModelError: If it is neither, or there is no text.
        DataError: If the file cannot be read.

    Example:
        >>> unlabelled_texts("ask", ["Late again.", " "])
        (['Late again.'], {})
    """
    if not isinstance(inputs, (str, Path)):
        texts, skipped = list(text_array(owner, "texts", inputs)), {}
    else:
        texts, skipped = _read(Path(inputs), text_column, encoding)
    texts = [text for text in texts if text.strip()]
    if not texts:
        why = "".join(f"; {shown(name)} {reason}" for name, reason in list(skipped.items())[:1])
        raise ModelError(f"{owner} finds no text to ask for in {shown(inputs)}{why}.")
    return texts, skipped


def _read(path, text_column, encoding):
    reading, error_of = datasets_module("texts.reading"), datasets_module("sources").DataError
    if not path.is_dir():
        return _texts_and_reasons(path.name, reading.read_rows(path, text_column, encoding))
    texts, skipped = [], {}
    names = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in reading.SUFFIXES]
    for file in names:
        name = file.relative_to(path).as_posix()
        try:
            found, reasons = _texts_and_reasons(name, reading.read_rows(file, text_column, encoding))
        except error_of as error:
            skipped[name] = str(error).removeprefix(f"{file} ").rstrip(".")
            continue
        texts += found
        skipped |= reasons
    return texts, skipped


def _texts_and_reasons(name, rows):
    reasons = {f"{name}, text {n + 1:,}": reason for n, (_, reason) in enumerate(rows)}
    odd = {where: reason for where, reason in reasons.items() if reason not in ("", "is empty")}
    return [text for text, reason in rows if not reason], odd


def choose_texts(texts, predict, count, known=(), seed=0):
    """Choose the texts whose labels would help a classifier most.

    Those that it cannot decide and that differ from each other, see `pick`: of copies only one, and none that
    has a label already.

    Args:
        texts: Sequence of n str.
        predict: Function of a list of k str -> probabilities (k, classes).
        count: How many to choose; fewer if there are fewer.
        known: Texts that have labels.
        seed: Decides between texts that are equally uncertain.

    Returns:
        Integers (count,), the one that helps most first.

    Example:
        >>> probabilities = {"a": [0.5, 0.5], "b": [0.9, 0.1], "c": [0.4, 0.6]}
        >>> predict = lambda texts: np.array([probabilities[text] for text in texts])
        >>> choose_texts(["a", "A!", "b", "c"], predict, count=2, known=["C."]).tolist()
        [0, 2]
    """
    normalized = datasets_module("texts.copies").normalized
    taken, rows = set(map(normalized, known)), []
    for row, text in enumerate(texts):
        form = normalized(text) or text
        if form not in taken:
            taken.add(form)
            rows.append(row)
    if not rows:
        return np.zeros(0, int)
    rows = np.array(rows)
    probabilities = np.asarray(predict([texts[row] for row in rows]))
    unsure = uncertainty(probabilities)
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    pool = shuffled[np.argsort(-unsure[shuffled], kind="stable")][: max(POOL, CANDIDATES * count)]
    features = text_features([texts[row] for row in rows[pool]], seed)
    return rows[pool[pick(probabilities[pool], features, count, seed)]]


def text_features(texts, seed=0):
    """A few numbers for each text: latent semantic analysis, the truncated SVD of TF-IDF of its n-grams.

    Args:
        texts: Sequence of n str.
        seed: Of the SVD.

    Returns:
        float (n, k), k up to 50.

    Reference:
        Deerwester et al., Indexing by latent semantic analysis, 1990.

    Example:
        >>> found = text_features(["late parcel", "parcel late", "wrong invoice", "an invoice"])
        >>> distances = np.linalg.norm(found[:, None] - found, axis=-1)
        >>> bool(distances[0, 1] < distances[0, 2])
        True
    """
    try:
        counts = count_ngrams(texts, len(texts), classes=2).matrix
    except ModelError:  # no text has a word
        return np.zeros((len(texts), 1))
    size = min(SIZE, *(side - 1 for side in counts.shape))
    if size < 1:
        return np.zeros((len(texts), 1))
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts.astype("float64"))
    return TruncatedSVD(size, random_state=seed).fit_transform(weighted)


def labelled_rows(given):
    """Labelled texts as rows of the table that a page saves.

    Args:
        given: The `Given` that a classifier was fitted on; None after it was loaded.

    Returns:
        List of (text, label), or with parts (text, label, part). None if they are longer than 5,000,000
        characters together: then the table of new labels stands for itself.

    Example:
        >>> from models.text_classification.given import given_texts
        >>> labelled_rows(given_texts("fit", ["So good.", "Bad."], ["good", "bad"]))
        [('So good.', 'good'), ('Bad.', 'bad')]
    """
    if given is None:
        return []
    if given.checked is not None:
        names = given.checked.class_names
        rows = zip(given.checked.texts, given.checked.labels, given.checked.parts.tolist(), strict=True)
        rows = [(text, names[label], part) for text, label, part in rows]
    else:
        rows = list(zip(*given.known(), strict=True))
        if given.validation is not None:
            parts = ["train"] * len(given.texts) + ["validation"] * len(given.validation[0])
            rows = [(*row, part) for row, part in zip(rows, parts, strict=True)]
    return rows if sum(len(row[0]) for row in rows) <= MOST_CHARACTERS else []
