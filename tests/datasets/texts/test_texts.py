"""Checked texts: copies, contradictions, rare classes, and splits, beside what was planted by hand."""

import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import DataError, reviews
from datasets.texts import Texts, normalized

RANDOM = np.random.default_rng(0)
WORDS = [f"word{n}" for n in range(400)]
CLASSES = "bad", "good"


def sentence(number):
    return f"{' '.join(RANDOM.choice(WORDS, 8))} number{number}"


def write(path, rows, header=("text", "label")):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([header, *rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    return path


def labelled(count, start=0):
    return [(sentence(start + n), CLASSES[n % 2]) for n in range(count)]


def said(capsys):
    return capsys.readouterr().out


def test_50_of_100_planted_copies_are_said_and_not_trained_on(tmp_path, capsys):
    train, test = labelled(400), labelled(100, 1000)
    for n in range(50):
        test[n] = train[n][0].upper() + "!!", train[n][1]
    write(tmp_path / "train.csv", train)
    write(tmp_path / "test.csv", test)
    (x_train, _), (x_test, _), _ = reviews.load_data(tmp_path)
    assert sorted(x_test) == sorted(text for text, _ in test)
    assert sorted(x_train) == sorted(text for text, _ in train[50:])
    out = said(capsys)
    assert "Note: 50 of 100 test texts are copies of training texts" in out
    assert "those 50 are not trained on" in out
    texts = Texts.check(tmp_path)
    assert len(texts.of("test")) == 100
    assert not {normalized(texts.texts[n]) for n in texts.of("test")} & {
        normalized(texts.texts[n]) for n in (*texts.of("train"), *texts.of("validation"))
    }
    assert [reason for _, reason in texts.quarantine] == ["is a copy of a test text"] * 50
    assert texts.quarantine[0][0] == "train.csv, line 2"


def test_300_sentences_in_four_typographic_variants_stay_together(tmp_path, capsys):
    rows = [
        (variant, label)
        for text, label in labelled(300)
        for variant in (text, text.upper(), f"“{text}”…", text.replace(" ", "  ") + " !")
    ]
    path = write(tmp_path / "texts.csv", rows)
    (x_train, _), (x_test, _), _ = reviews.load_data(path)
    assert len(x_test) == 240
    assert not {text.lower().strip("“”…! ").replace("  ", " ") for text in x_test} & {
        text.lower().strip("“”…! ").replace("  ", " ") for text in x_train
    }
    assert "1,200 texts are copies of each other, or nearly, in 300 groups" in said(capsys)
    texts = Texts.check(path)
    sides = {}
    for group, part in zip(texts.groups.tolist(), texts.parts.tolist(), strict=True):
        sides.setdefault(group, set()).add(part)
    assert len(sides) == 300
    assert all(len(parts) == 1 for parts in sides.values())
    assert {part for parts in sides.values() for part in parts} == {"train", "validation", "test"}


def test_near_copies_stay_together_and_leave_the_training_part(tmp_path):
    long = [(" ".join(RANDOM.choice(WORDS, 60)), CLASSES[n % 2]) for n in range(80)]
    near = [(f"{text} and one more word", label) for text, label in long]
    texts = Texts.check(write(tmp_path / "texts.csv", [*long, *near]))
    assert texts.parts[:80].tolist() == texts.parts[80:].tolist()
    assert len(set(texts.groups.tolist())) == 80
    write(tmp_path / "parts" / "train.csv", long)
    write(tmp_path / "parts" / "test.csv", [*near[:30], *labelled(20)])
    (x_train, _), (x_test, _), _ = reviews.load_data(tmp_path / "parts")
    assert sorted(x_train) == sorted(text for text, _ in long[30:])
    assert len(x_test) == 50


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.text("abAB .,", min_size=1, max_size=5).filter(str.strip), st.sampled_from(CLASSES)),
        max_size=40,
    ),
    seed=st.integers(0, 9),
)
def test_a_split_never_separates_copies(tmp_path, rows, seed):
    rows += [(f"{label} text {n}", label) for n in range(10) for label in CLASSES]
    texts = Texts.check(write(tmp_path / "texts.csv", rows), seed=seed)
    assert len(texts) == len(rows)
    parts = {}
    for text, part in zip(texts.texts, texts.parts.tolist(), strict=True):
        parts.setdefault(normalized(text), set()).add(part)
    assert all(len(where) == 1 for where in parts.values())
    for part in "train", "validation", "test":
        assert set(texts.labels[texts.of(part)]) == {0, 1}


def test_a_text_with_two_labels_is_said_with_an_example(tmp_path, capsys):
    rows = [*labelled(40), ("So good, really!", "good"), ("so good... really", "bad")]
    texts = Texts.check(write(tmp_path / "texts.csv", rows), verbose=1)
    note = (
        "1 text has more than one label: 'So good, really!' is 'good' (texts.csv, line 42) and 'bad' "
        "(texts.csv, line 43)."
    )
    assert note in texts.notes
    assert f"Note: {note}" in said(capsys)
    (found,) = (found for found in texts.findings if found.what == "two labels for one text")
    assert found.files == ["texts.csv, line 42", "texts.csv, line 43"]


def test_a_text_stays_with_its_file_line_and_label(tmp_path):
    rows = labelled(60)
    texts = Texts.check(write(tmp_path / "texts.csv", rows))
    assert [(texts.texts[n], texts.class_names[texts.labels[n]]) for n in range(60)] == rows
    assert texts.files == ["texts.csv"] * 60
    assert texts.rows.tolist() == list(range(2, 62))
    assert [len(texts.of(part)) for part in ("train", "validation", "test")] == [44, 4, 12]
    table = texts.split_table()
    assert table[0] == ("file", "line", "label", "split")
    assert table[5] == ("texts.csv", 6, rows[4][1], texts.parts[4])
    again, other = Texts.check(tmp_path / "texts.csv"), Texts.check(tmp_path / "texts.csv", seed=1)
    assert again.fingerprint == texts.fingerprint != other.fingerprint


def test_checked_texts_show_themselves(tmp_path):
    rows = [*labelled(40), ("<b>bold</b>", "NA"), ("", "good")]
    texts = Texts.check(write(tmp_path / "texts.csv", rows))
    assert repr(texts) == f"<Texts: {texts.summary}>"
    assert "40 texts of 2 classes (28 to train on, 4 to validate, 8 to test), 2 set aside" in texts.summary
    for text in str(texts), texts._repr_html_():
        assert "Set aside: 2" in text
        assert "texts.csv, line 42" in text
        assert "is empty" in text
    assert "<script" not in texts._repr_html_()
    with pytest.raises(DataError, match="part= is 'val'"):
        texts.of("val")
    assert texts.quarantine_table()[1] == ("texts.csv, line 42", "has no label but 'NA'")


def test_the_same_table_to_train_and_to_test_on_is_refused(tmp_path):
    rows = labelled(20)
    write(tmp_path / "train.csv", rows)
    write(tmp_path / "test.csv", rows)
    with pytest.raises(DataError, match="20 of 20 test texts .* 'bad' has no texts to train on"):
        reviews.load_data(tmp_path)


def test_copies_in_the_movie_reviews_are_only_reported(tmp_path, capsys):
    for part in "train", "test":
        for label in "pos", "neg":
            for n in range(6):
                path = tmp_path / "aclImdb" / part / label / f"{n}_1.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(sentence(0) if n else f"The same {label} film.")
    (x_train, _), (x_test, _), _ = reviews.load_data(tmp_path)
    assert len(x_train) == len(x_test) == 12
    assert "2 of 12 test texts are copies of training texts" in (out := said(capsys))
    assert "all are used, so that results stay comparable with those of others" in out


def test_a_class_of_one_text_is_left_out_and_said(tmp_path, capsys):
    rows = [*labelled(40), ("Only this.", "odd"), ("only this", "odd")]
    (x_train, _), (x_test, _), names = reviews.load_data(write(tmp_path / "texts.csv", rows))
    assert names == ["bad", "good"]
    assert sorted([*x_train, *x_test]) == sorted(text for text, _ in rows[:40])
    out = said(capsys)
    assert "1 class has a single text, copies not counted" in out
    assert "is left out: 'odd'" in out
    assert "texts.csv, line 42 (is the only text of its class, or a copy of it)" in out


def test_a_rare_class_is_said_with_the_share_of_the_other(tmp_path, capsys):
    rows = [(sentence(n), "ham" if n < 198 else "spam") for n in range(200)]
    (_, y_train), (_, y_test), names = reviews.load_data(write(tmp_path / "texts.csv", rows))
    assert names == ["ham", "spam"]
    assert y_train.sum() == y_test.sum() == 1
    assert "class 'ham' has 198 of 200 texts: always saying 'ham' would be right for 99%" in said(capsys)
    reviews.load_data(write(tmp_path / "even.csv", labelled(200)))
    assert "always saying" not in said(capsys)


def test_labels_of_numbers_written_in_two_ways_are_one(tmp_path, capsys):
    rows = [(sentence(n), ["1", "0", "1.0", "0.00"][n % 4]) for n in range(40)]
    (_, y_train), (_, y_test), names = reviews.load_data(write(tmp_path / "texts.csv", rows))
    assert names == ["0", "1"]
    assert np.bincount([*y_train, *y_test]).tolist() == [20, 20]
    assert "20 labels are written in two ways, and are read as one: '0.00' as '0', '1.0' as '1'" in said(
        capsys
    )
    rows = [(sentence(n), ["1.0", "1.5"][n % 2]) for n in range(40)]
    assert reviews.load_data(write(tmp_path / "texts.csv", rows))[2] == ["1.0", "1.5"]


def test_texts_whose_label_is_none_are_set_aside_and_counted(tmp_path, capsys):
    rows = [
        *labelled(40),
        *((sentence(n), label) for n, label in enumerate(["NA", "nan", "", "N/A", "null", "None"])),
    ]
    (x_train, _), (x_test, _), names = reviews.load_data(write(tmp_path / "texts.csv", rows))
    assert (len(x_train) + len(x_test), names) == (40, ["bad", "good"])
    assert (
        "6 texts set aside: texts.csv, line 42 (has no label but 'NA'), texts.csv, line 43 (has no label but "
        "'nan'), texts.csv, line 44 (has no label) and 3 more"
    ) in said(capsys)
    rows = [(sentence(n), ["none", "some"][n % 2]) for n in range(20)]  # a class may be called none
    assert reviews.load_data(write(tmp_path / "texts.csv", rows))[2] == ["none", "some"]
    (tmp_path / "texts.csv").unlink()
    rows = [*labelled(40), (sentence(41), "None")]
    assert reviews.load_data(write(tmp_path / "texts.csv", rows))[2] == ["bad", "good"]
    assert "1 text set aside: texts.csv, line 42 (has no label but 'None')" in said(capsys)


@pytest.mark.parametrize("name", ["dev", "valid", "validation"])
def test_a_validation_table_is_named_and_used_by_the_check(tmp_path, capsys, name):
    parts = {part: labelled(40, 100 * n) for n, part in enumerate(["train", name, "test"])}
    for part, rows in parts.items():
        write(tmp_path / f"{part}.csv", rows)
    (x_train, _), (x_test, _), _ = reviews.load_data(tmp_path)
    assert sorted(x_train) == sorted(text for text, _ in parts["train"])
    assert sorted(x_test) == sorted(text for text, _ in parts["test"])
    assert f"{name}.csv (40 texts to validate on) is not used here; Texts.check uses it" in said(capsys)
    texts = Texts.check(tmp_path)
    assert sorted(texts.texts[texts.of("validation")]) == sorted(text for text, _ in parts[name])
    (tmp_path / "test.csv").unlink()
    _, (x_test, _), _ = reviews.load_data(tmp_path)
    assert sorted(x_test) == sorted(text for text, _ in parts[name])
    assert f"{name}.csv (40 texts) is the part to test on" in said(capsys)
    texts = Texts.check(tmp_path)
    assert [len(texts.of(part)) for part in ("train", "validation", "test")] == [32, 40, 8]


def test_a_test_table_without_labels_gives_way_to_the_validation_table(tmp_path, capsys):
    train, dev = labelled(40), labelled(20, 100)
    write(tmp_path / "train.csv", train, ("sentence", "label"))
    write(tmp_path / "dev.csv", dev, ("sentence", "label"))
    write(tmp_path / "test.csv", [(n, sentence(n)) for n in range(9)], ("index", "sentence"))
    _, (x_test, _), _ = reviews.load_data(tmp_path)
    assert sorted(x_test) == sorted(text for text, _ in dev)
    assert "test.csv is not read (has no column 'label', only 'index', 'sentence')" in said(capsys)


def test_a_validation_table_that_does_not_fit_is_refused_only_where_it_is_needed(tmp_path, capsys):
    write(tmp_path / "train.csv", labelled(40))
    write(tmp_path / "dev.csv", [(n, sentence(n)) for n in range(9)], ("index", "sentence"))
    with pytest.raises(DataError, match=r"dev\.csv has no column 'text'"):
        reviews.load_data(tmp_path)
    write(tmp_path / "test.csv", labelled(20, 100))
    _, (x_test, _), _ = reviews.load_data(tmp_path)
    assert len(x_test) == 20
    assert "dev.csv is not read (has no column 'text', only 'index', 'sentence')" in said(capsys)
    (tmp_path / "test.csv").unlink()
    write(tmp_path / "dev.csv", [*labelled(20, 200), ("Odd.", "odd")])
    with pytest.raises(DataError, match="labels in its validation part that its training part lacks: 'odd'"):
        Texts.check(tmp_path)


def test_validation_texts_that_are_copies_are_not_trained_on(tmp_path):
    train, dev, test = labelled(40), labelled(20, 100), labelled(20, 200)
    dev[:4], test[:2], test[2] = train[:4], train[4:6], dev[10]
    for part, rows in {"train": train, "dev": dev, "test": test}.items():
        write(tmp_path / f"{part}.csv", rows)
    texts = Texts.check(tmp_path)
    assert [len(texts.of(part)) for part in ("train", "validation", "test")] == [34, 19, 20]
    assert "3 of 20 test texts are copies of other texts" in " ".join(texts.notes)
    assert "4 of 19 validation texts are copies of training texts" in " ".join(texts.notes)


def test_pairs_name_the_classes(tmp_path):
    rows = [f"film {n} was {word},{stars}" for n in range(20) for word, stars in (("bad", 1), ("good", 5))]
    (tmp_path / "stars.csv").write_text("\n".join(["text,stars", *rows]))
    texts = Texts.check(tmp_path / "stars.csv", label_column="stars")
    found, names = texts.pairs("train")
    assert len(found) == len(names) == len(texts.of("train"))
    assert all(name == ("1" if "bad" in text else "5") for text, name in zip(found, names, strict=True))
    assert set(texts.pairs("test")[1]) == {"1", "5"}
    with pytest.raises(DataError, match="name one of"):
        texts.pairs("holdout")


def test_of_one_text_it_is_said_in_the_singular(tmp_path, capsys):
    write(tmp_path / "train.csv", rows := labelled(40))
    write(tmp_path / "test.csv", rows[:1])
    reviews.load_data(tmp_path)
    assert "1 of 1 test text is a copy of training texts" in said(capsys)


def test_a_column_that_says_what_a_row_is_used_for_is_kept_to(tmp_path):
    rows = [(*row, ("train", "Dev", "TEST")[n % 3]) for n, row in enumerate(labelled(90))]
    texts = Texts.check(write(tmp_path / "t.csv", rows, ("text", "label", "split")))
    by_text = dict(zip(texts.texts, texts.parts.tolist(), strict=True))
    names = {"train": "train", "Dev": "validation", "TEST": "test"}
    assert by_text == {text: names[part] for text, _, part in rows}
    assert texts.rows[texts.of("test")].tolist() == list(range(4, 92, 3))


def test_rows_without_a_part_are_trained_on_and_those_of_an_unknown_one_set_aside(tmp_path):
    words = ["train", "test", "train", "test", "hold back"] * 18
    rows = [(*row, word) for row, word in zip(labelled(90), words, strict=True)]
    rows[::10] = [(*row[:2], "") for row in rows[::10]]
    texts = Texts.check(write(tmp_path / "t.csv", rows, ("text", "label", "split")))
    used = dict(zip(texts.texts, texts.parts.tolist(), strict=True))
    for text, _, word in rows:
        wanted = {"train": {"train", "validation"}, "": {"train", "validation"}, "test": {"test"}}.get(word)
        assert (text not in used) if wanted is None else used[text] in wanted
    assert any("'split' of t.csv is empty in 9 rows; these are trained on" in note for note in texts.notes)
    assert {reason for _, reason in texts.quarantine} == {
        "is of a part, 'hold back', which is no part of a split"
    }


def test_a_split_without_a_part_to_train_on_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", [(*row, "test") for row in labelled(60)], ("text", "label", "split"))
    with pytest.raises(DataError, match="Column 'split' of t.csv puts no row into the part to train on"):
        Texts.check(path)


@pytest.mark.parametrize("cells", [["a", "b"], ["1", "2"], ["", ""]])
def test_a_column_of_other_words_is_no_split(tmp_path, cells):
    rows = [(*row, cells[n % 2]) for n, row in enumerate(labelled(60))]
    path = write(tmp_path / "t.csv", rows, ("text", "label", "split"))
    plain = write(tmp_path / "plain.csv", [row[:2] for row in rows])
    assert Texts.check(path).parts.tolist() == Texts.check(plain).parts.tolist()


def test_apostrophes_that_keep_a_spreadsheet_from_running_a_text_are_taken_off(tmp_path):
    """They stand in tables that the project writes; `'n` or a quotation keep theirs."""
    rows = [(f"{mark}{sentence(n)}", CLASSES[n % 2]) for n, mark in enumerate(["'=", "'@", "'", "'-"] * 8)]
    texts = Texts.check(write(tmp_path / "t.csv", rows))
    expected = {text[1:] if text[1] in "=@-" else text for text, _ in rows}
    assert set(texts.texts) == expected
