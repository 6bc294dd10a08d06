"""Accuracy and seconds of TextClassifier beside what an expert would try first, with scikit-learn.

    python benchmarks/texts.py                      # docstrings of installed packages, by package
    python benchmarks/texts.py --data tickets.csv --resplit --ways ours nb_svm tfidf pooled_lstm

The ways, each from raw texts to a fitted classifier, by turns:

- ours: `TextClassifier()`, all by default;
- nb_svm: words and punctuation, single and in pairs, weighted by naive Bayes' log-count ratios, then logistic
  regression, one class against the others (Wang and Manning 2012), with scikit-learn;
- tfidf: TF-IDF of words and pairs of words, then LogisticRegression, with scikit-learn;
- tfidf_letters: the same with TF-IDF of two to five letters within words beside it;
- pooled_lstm, bag and the other kinds of TextClassifier; lstm+vectors and so on, which begin with vectors of
  words that are learned from the training texts first; lstm+sentences and so on, which are also trained on
  the sentences of the texts, with 64 units, vectors of 64 numbers and 20,000 words; lstm+whitespace and so
  on, which split texts at white space, without punctuation.

For those of TextClassifier, the expected calibration error of the test texts is printed as well.

The penalties of both peers are chosen on a tenth of the training texts, and the peers are then fitted on all
of these. The test texts are used once a run. Runs differ in the seed; in those of docstrings, and with
--resplit, also in which texts are tested.
"""

import ast
import importlib.util
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import FeatureUnion

from datasets import reviews
from datasets.labels import split
from datasets.texts.copies import copy_groups
from models import TextClassifier
from models.scores import calibration
from models.text_classification import BUILDERS
from models.text_classification.ngrams import STRENGTHS

PACKAGES = "numpy", "scipy", "sklearn", "matplotlib", "keras", "tensorflow", "h5py", "hypothesis"
EACH = 1200  # docstrings of a package at most
MORE = "vectors", "sentences", "whitespace"
OF_SENTENCES = {"sentences": True, "vocabulary_size": 20_000, "units": 64, "embedding_dim": 64}
TOKENS = r"\w+|[^\w\s]"


def docstrings(seed):
    """First paragraphs of docstrings without the package's name, and the package: ((x, y), (x, y), names)."""
    texts, labels = [], []
    for number, package in enumerate(PACKAGES):
        folder = Path(importlib.util.find_spec(package).origin).parent
        found = {text for path in sorted(folder.rglob("*.py")) for text in _paragraphs(path, package)}
        chosen = np.random.default_rng(0).permutation(sorted(found))[:EACH]
        texts += [*chosen]
        labels += [number] * len(chosen)
    x, xt, y, yt = train_test_split(texts, labels, test_size=0.2, random_state=seed, stratify=labels)
    return (np.array(x, object), np.array(y)), (np.array(xt, object), np.array(yt)), PACKAGES


def _paragraphs(path, package):
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and (said := ast.get_docstring(node)):
            text = " ".join(said.split("\n\n")[0].replace(package, " ").split())
            if 30 < len(text) < 400:
                yield text


def drawn_anew(training, test, data, seed):
    """Other training and test texts of the same data: ((x, y), (x, y))."""
    x, y = (np.concatenate(both) for both in zip(training, test, strict=True))
    parts = split(list(x), y.tolist(), data, seed, copy_groups(list(x)).tolist())
    return [(x[rows], y[rows]) for rows in parts]


def ours(training, classes, seed, kind="ngrams"):
    """TextClassifier as it is: a function of texts that gives probabilities (n, classes)."""
    kind, _, more = kind.partition("+")
    settings = dict(OF_SENTENCES) if more == "sentences" else {}
    settings |= {"split": "whitespace"} if more == "whitespace" else {}
    if kind == "bag":
        settings.pop("units", None)
    vectors = {"unlabelled": []} if more == "vectors" else {}  # no texts but those of training
    classifier = TextClassifier(kind=kind, seed=seed, **settings).fit(*training, **vectors)
    return lambda texts: classifier.predict(texts).probabilities


def nb_svm(training, classes, seed):
    """NB-SVM with scikit-learn."""

    def fit(x, y, strength):
        counter = CountVectorizer(token_pattern=TOKENS, ngram_range=(1, 2), binary=True)
        counts = counter.fit_transform(x).astype("float32")
        parts = []
        for number in range(classes) if classes > 2 else [1]:
            one, others = (1 + np.asarray(counts[y_ok].sum(0)).ravel() for y_ok in (y == number, y != number))
            ratio = np.log((one / one.sum()) / (others / others.sum()))
            model = LogisticRegression(C=strength, solver="liblinear", dual=True, tol=1e-2, max_iter=200)
            parts.append((model.fit(counts.multiply(ratio).tocsr(), y == number), ratio))

        def predict(texts):
            found = counter.transform(texts)
            scores = [model.decision_function(found.multiply(ratio).tocsr()) for model, ratio in parts]
            return np.argmax(scores, 0) if classes > 2 else (scores[0] > 0).astype(int)

        return predict

    return _best(fit, training, STRENGTHS, seed)


def tfidf(training, classes, seed):
    """TF-IDF and logistic regression with scikit-learn."""

    def fit(x, y, strength):
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        model = LogisticRegression(C=strength, max_iter=300).fit(vectorizer.fit_transform(x), y)
        return lambda texts: model.predict(vectorizer.transform(texts))

    return _best(fit, training, [3.0, 10.0], seed)


def tfidf_letters(training, classes, seed):
    """TF-IDF of words and of letters, side by side, and logistic regression with scikit-learn."""

    def fit(x, y, strength):
        vectorizer = FeatureUnion(
            [
                ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
                ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
            ]
        )
        model = LogisticRegression(C=strength, max_iter=300).fit(vectorizer.fit_transform(x), y)
        return lambda texts: model.predict(vectorizer.transform(texts))

    return _best(fit, training, [3.0, 10.0], seed)


def _best(fit, training, strengths, seed):
    x, held, y, labels = train_test_split(*training, test_size=0.1, random_state=seed, stratify=training[1])
    correct = [np.mean(fit(x, y, strength)(held) == labels) for strength in strengths]
    return fit(*training, strengths[int(np.argmax(correct))])


WAYS = {"ours": ours, "nb_svm": nb_svm, "tfidf": tfidf, "tfidf_letters": tfidf_letters}


def main(
    data: str = "docstrings",
    ways: tuple[str, ...] = ("ours", "nb_svm", "tfidf"),
    runs: int = 3,
    resplit: bool = False,
) -> None:
    """Fit each way by turns and classify the test texts.

    Args:
        data: "docstrings", or labelled texts as for the lesson `sentiment`.
        ways: Which ways: ours, nb_svm, tfidf, tfidf_letters, or a kind of TextClassifier, as pooled_lstm,
            with +vectors, +sentences or +whitespace, or without.
        runs: Number of runs of each, from seeds 0, 1, 2 and so on.
        resplit: Put all texts together, and draw a fifth to test on in each run; copies stay on one side.
    """
    check_positive(runs=runs)
    known = *WAYS, *BUILDERS, *(f"{kind}+{more}" for kind in BUILDERS for more in MORE)
    if unknown := [way for way in ways if way not in known]:
        raise LessonError(f"--ways knows no {unknown[0]!r}; name some of {', '.join(known)}.")
    loaded = None if data == "docstrings" else reviews.load_data(reviews.locate(data))
    results = {way: [] for way in ways}
    for seed in range(runs):
        training, (texts, labels), names = loaded or docstrings(seed)
        if loaded and resplit:
            training, (texts, labels) = drawn_anew(training, (texts, labels), data, seed)
        if not seed:
            print(f"{len(training[0]):,} texts to train on, {len(texts):,} to test on, {len(names)} classes")
        for way in ways:
            began = time.perf_counter()
            predict = WAYS[way](training, len(names), seed) if way in WAYS else ours(training, 0, seed, way)
            seconds = time.perf_counter() - began
            found, said = predict(texts), ""
            if found.ndim > 1:  # probabilities
                said = f", calibration error {calibration(labels, found).error:.3f}"
                found = found.argmax(1)
            accuracy = np.mean(found == labels)
            results[way].append((100 * accuracy, seconds))
            print(f"run {seed}  {way:<12} {accuracy:.2%} after {seconds:.1f} s{said}", flush=True)
    for way, rows in results.items():
        (accuracy, seconds), spread = np.mean(rows, 0), np.std(rows, 0, ddof=min(1, runs - 1))[0]
        print(f"mean {way:<12} {accuracy:.2f} ± {spread:.2f} %, {seconds:.1f} s")


if __name__ == "__main__":
    run(main)
