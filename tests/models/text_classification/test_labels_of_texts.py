"""Which labels of texts may be wrong, and which texts to label next."""

import csv
import json
import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from datasets import Texts
from models import ModelError, TextClassifier
from models.labelling.wrong_labels import find_suspects
from models.text_classification.asking import choose_texts, text_features
from models.text_classification.ngrams import out_of_fold

TOPICS = {
    "delivery": "parcel courier late arrived van doorstep tracking depot missing driver",
    "invoice": "charged refund card bill paid twice bank amount price receipt",
    "account": "password login email locked profile reset username sign code settings",
}
FILLING = "please hello today again thanks you the my is was not since still very"


def messages(count, seed=0):
    """Made-up messages and their topics, words of other topics among them."""
    random, names = np.random.default_rng(seed), list(TOPICS)
    texts, labels = [], []
    for n in range(count):
        own = TOPICS[names[n % 3]].split()
        other = TOPICS[names[int(random.integers(3))]].split()
        words = [*random.choice(own, 3), *random.choice(other, 1), *random.choice(FILLING.split(), 5)]
        texts.append(" ".join(random.permutation(words)) + f" {n}")
        labels.append(names[n % 3])
    return texts, labels


@pytest.fixture(scope="module")
def planted():
    """Texts, labels of which ten are wrong, and the rows of these."""
    texts, labels = messages(240)
    rows = np.random.default_rng(1).permutation(240)[:10]
    names = list(TOPICS)
    for row in rows:
        labels[row] = names[(names.index(labels[row]) + 1) % 3]
    return texts, labels, rows


@pytest.fixture(scope="module")
def fitted(planted):
    return TextClassifier().fit(*planted[:2])


def test_planted_wrong_labels_come_first_as_with_scikit_learn(planted, fitted):
    texts, labels, rows = planted
    found = fitted.suspects()
    ours = np.intersect1d(found.rows[: len(rows)], rows)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10.0))
    numbers = np.unique(labels, return_inverse=True)[1]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    theirs = cross_val_predict(model, texts, numbers, cv=folds, method="predict_proba")
    order = np.argsort(theirs[np.arange(len(numbers)), numbers])
    assert len(ours) >= len(np.intersect1d(order[: len(rows)], rows)) - 1 and len(ours) >= 8
    assert 5 <= found.confident <= 15
    first = found[0]
    assert first.text == texts[found.rows[0]] and first.file == f"text {found.rows[0] + 1}"
    assert first.label == labels[found.rows[0]] != first.likely
    assert found.table()[0][-1] == "text" and found.table()[1][-1] == first.text
    assert "texts whose labels may be wrong" in repr(found) and first.text[:20] in str(found)


def test_of_texts_whose_classes_overlap_few_are_shown_when_no_label_is_wrong():
    """Labels drawn from the probabilities themselves are right, however improbable some of them are."""
    random = np.random.default_rng(0)
    probabilities = random.dirichlet([0.3] * 8, 4000)
    labels = (probabilities.cumsum(1) > random.random((4000, 1))).argmax(1)
    names, where = list("abcdefgh"), ["x"] * 4000
    found = find_suspects(probabilities, labels, where, names, where)
    assert 0 < found.confident < 0.02 * 4000
    assert all(each.probability < found.sure < 0.07 for each in found[: found.confident])
    assert find_suspects(probabilities, labels, where, names).confident > 2 * found.confident  # of photos
    clear = np.where(np.eye(8)[labels] == 1, 0.993, 0.001)
    assert find_suspects(clear, labels, where, names, where).confident == 0
    labels[:40] = (labels[:40] + 1) % 8
    assert find_suspects(clear, labels, where, names, where).confident == 40


def test_each_text_is_judged_by_classifiers_that_never_saw_it():
    """The words of each text are its own, so that nothing but the text itself speaks for its label."""
    random = np.random.default_rng(0)
    texts = [" ".join("".join(random.choice([*"abcdefghijklmnop"], 9)) for _ in range(4)) for _ in range(60)]
    labels = np.arange(60) % 2
    found = out_of_fold(texts, labels, classes=2)
    assert 0.25 < np.mean(found.argmax(1) == labels) < 0.75
    learned = TextClassifier().fit(texts, labels.tolist())
    assert learned.evaluate(texts, labels.tolist()).accuracy.value == 1
    np.testing.assert_allclose(found.sum(1), 1)


@pytest.mark.parametrize("as_table", [False, True])
def test_copies_do_not_vouch_for_each_other(as_table, tmp_path):
    """Copies with the same wrong label would confirm it if they were in other folds."""
    texts, labels = messages(120)
    copies = ["my parcel was late and the courier is missing" + "!" * n for n in range(6)]
    texts, labels = texts + copies, labels + ["invoice"] * 6
    if as_table:
        rows = [(*row, "train") for row in zip(texts, labels, strict=True)]
        rows += [(f"{text} more", label, "test") for text, label in zip(*messages(30, 8), strict=True)]
        with (tmp_path / "m.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label", "split"), *rows])
        checked = Texts.check(tmp_path / "m.csv")
        found = TextClassifier().fit(checked).suspects()
    else:
        found = TextClassifier().fit(texts, labels).suspects()
    assert set(copies) <= {each.text for each in found[:8]}


def test_suspects_of_checked_texts_are_named_by_file_and_line_and_never_of_the_test_part(tmp_path):
    texts, labels = messages(150)
    labels[7] = "invoice" if labels[7] != "invoice" else "delivery"
    with (tmp_path / "m.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *zip(texts, labels, strict=True)])
    checked = Texts.check(tmp_path / "m.csv")
    suspects = TextClassifier().fit(checked).suspects()
    used = {
        f"m.csv, line {checked.rows[row]}" for part in ("train", "validation") for row in checked.of(part)
    }
    assert suspects and {each.file for each in suspects} <= used
    line = next(row for row, text in zip(checked.rows, checked.texts, strict=True) if text == texts[7])
    assert f"m.csv, line {line}" in {each.file for each in suspects}


def test_a_loaded_one_has_no_texts_to_look_at(fitted, tmp_path):
    fitted.save(tmp_path / "x.keras")
    with pytest.raises(ModelError, match="does not hold the texts that it was trained on"):
        TextClassifier.load(tmp_path / "x.keras").suspects()


def test_classes_with_one_text_and_copies_alone():
    few = TextClassifier().fit(["good film", "so good", "bad", "so bad", "?"], ["a", "a", "b", "b", "c"])
    assert len(few.suspects()) <= 5
    same = TextClassifier().fit(["good", "Good!"], ["a", "b"])
    with pytest.raises(ModelError, match="are copies of each other"):
        same.suspects()


def test_asked_for_are_undecided_texts_without_copies_and_without_labelled_ones(fitted, planted):
    texts = [
        planted[0][0].upper() + "!",
        "parcel bill",
        "Parcel, bill.",
        "password invoice",
        *messages(60, 5)[0],
    ]
    rows = choose_texts(texts, lambda some: fitted.predict(some).probabilities, 12, planted[0])
    assert 0 not in rows and not {1, 2} <= set(rows.tolist()) and len(set(rows.tolist())) == 12
    margins = np.sort(fitted.predict(texts).probabilities, 1)
    margins = margins[:, -1] - margins[:, -2]
    assert margins[rows].mean() < margins.mean() - 0.2


def test_features_are_those_of_scikit_learn_up_to_signs():
    """Texts of the same topic are nearer to each other than to others."""
    texts, labels = messages(90)
    found = text_features(texts)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    near = unit @ unit.T
    same = np.equal.outer(labels, labels) & ~np.eye(90, dtype=bool)
    assert near[same].mean() > near[~same & ~np.eye(90, dtype=bool)].mean() + 0.05
    assert text_features(["?", ""]).shape[0] == 2 and text_features(["one"]).shape == (1, 1)


HOSTILE = [
    "=HYPERLINK(\"http://evil\")", "-2+3+cmd|' /C calc'!A0", "</script><script>alert(1)</script>",
    'say "no", then\nleave;\n@SUM(1)', "蚂蚁 parcel", "\u202eright to left", "'quoted", "+49 30",
]  # fmt: skip


def test_the_page_saves_a_table_that_is_read_back_as_it_was(fitted, planted, tmp_path):
    """The page's own parts of a table, put together as its script does, give `Texts.check` every text."""
    rows = [(f"{text} {n}", label) for n, text in enumerate(HOSTILE) for label in TOPICS] + [
        *zip(*messages(60), strict=True)
    ]
    texts, labels = map(list, zip(*rows, strict=True))
    classifier = TextClassifier().fit(texts, labels, validation=messages(30, 3))
    new = [f"{text} new" for text in HOSTILE]
    asked = classifier.ask(new, count=8, page=tmp_path / "label.html")
    assert sorted(asked.files) == sorted(new) and str(asked).startswith("8 texts to label in ")
    page = (tmp_path / "label.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and page.count("<script") == 2
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert [item["text"] for item in data["items"]] == asked.files
    lines = [f"{item['cell']},{data['classes'][0]['cell']}{data['rest']}\n" for item in data["items"]]
    (tmp_path / "labels.csv").write_text(data["start"] + "".join(lines), encoding="utf-8", newline="")
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "-2"))]
    read = Texts.check(tmp_path / "labels.csv")
    assert len(read.of("validation")) == 30 and "\u202e" not in "".join(read.texts)
    given = {text.replace("\u202e", r"\u202e") for text in [*texts, *new, *messages(30, 3)[0]]}
    assert given == set(read.texts)
    label = dict(zip(read.texts, read.labels, strict=True))
    assert {read.class_names[label[text]] for text in given if text.endswith(" new")} == {
        classifier.class_names_[0]
    }


def test_it_asks_from_tables_and_folders_and_says_what_it_skipped(fitted, tmp_path):
    (tmp_path / "new.csv").write_bytes(b"text,day\nwhere is it,1\n,2\nbill \xff parcel,3\nlogin code,4\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.txt").write_text("parcel bill")
    (tmp_path / "more" / "b.txt").write_text("")
    asked = fitted.ask(tmp_path / "new.csv", page=tmp_path / "one.html")
    assert sorted(asked.files) == ["login code", "where is it"] and len(asked.skipped) == 1
    assert "1 text skipped" in str(asked)
    assert str(asked).startswith("2 texts to label in ")
    asked = fitted.ask(str(tmp_path / "more"), page=tmp_path / "one.html")
    assert asked.files == ["parcel bill"] and list(asked.skipped) == ["b.txt"]
    with pytest.raises(ModelError, match="finds no text without a label"):
        fitted.ask([messages(1)[0][0]], page=tmp_path / "two.html")
    with pytest.raises(ModelError, match="finds no text to ask for"):
        fitted.ask(["  "], page=tmp_path / "two.html")
    with pytest.raises(ModelError, match="is not a page of examples to label"):
        fitted.ask(["parcel"], page=tmp_path / "new.csv")
    assert not (tmp_path / "two.html").exists()


def test_it_writes_no_page_that_nobody_named(fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = fitted.ask(["where is the parcel bill"])
    assert asked.page is None and not list(tmp_path.iterdir())
    assert str(asked) == "1 text to label:\n  where is the parcel bill"
