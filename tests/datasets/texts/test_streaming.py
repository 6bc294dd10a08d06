"""Streamed texts: every row once, copies in one part, bad rows counted, the same at every reading."""

import csv
import itertools
import random
import zipfile
from collections import Counter

import numpy as np
import pytest

from datasets import DataError, Photos, Texts
from datasets.files import tables
from datasets.texts import blocks
from datasets.texts.copies import normalized
from datasets.texts.sampling import Draw


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    monkeypatch.setattr(blocks, "ROWS", 50)


def save(path, rows, header=("text", "label")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def films(count, first=0):
    return [
        (f"film {n} was so {('good', 'bad')[n % 2]}", ("+", "-")[n % 2]) for n in range(first, first + count)
    ]


def everything(texts, *parts):
    """[(text, label, part)] of all blocks."""
    found = []
    for block in texts.blocks(*parts or ("train", "validation", "test")):
        names = [texts.class_names[label] for label in block.labels]
        found += zip(block.texts, names, block.parts.tolist(), strict=True)
    return found


def test_each_row_is_in_one_part_and_copies_are_in_the_same(tmp_path):
    rows = films(600)
    copies = [(f"  {text.upper()}!! ", label) for text, label in rows]
    mixed = rows + copies
    random.Random(0).shuffle(mixed)
    texts = Texts.stream(save(tmp_path / "films.csv", mixed))
    found = everything(texts)
    assert Counter((text, label) for text, label, _ in found) == Counter(mixed)
    parts = {}
    for text, _, part in found:
        assert parts.setdefault(normalized(text), part) == part
    shares = Counter(part for *_, part in found)
    assert {part: count.sum() for part, count in texts.counts.items()} == shares
    assert 0.15 < shares["test"] / 1200 < 0.25 and 0.05 < shares["validation"] / 1200 < 0.11
    trained = [text for text, _, part in found if part != "test"]
    assert texts.words == sum(len(text.split()) for text in trained)
    assert texts.characters == sum(map(len, trained)) and len(texts) == 1200
    again, other = Texts.stream(tmp_path / "films.csv"), Texts.stream(tmp_path / "films.csv", seed=1)
    assert everything(again) == found and everything(again, "test") == [
        row for row in found if row[2] == "test"
    ]
    assert {row for row in everything(other) if row[2] == "test"} != {
        row for row in found if row[2] == "test"
    }
    assert "films.csv" in str(texts) and "near copies" in str(texts) and "1,200 texts" in repr(texts)


def test_several_tables_of_several_formats_are_one_stream(tmp_path):
    first = save(tmp_path / "one.csv", films(200))
    second = tmp_path / "two.jsonl"
    objects = "".join(f'{{"label": "{label}", "text": "{text}"}}\n' for text, label in films(200, 200))
    second.write_text(objects)
    found = everything(Texts.stream([first, second]))
    assert {(text, label) for text, label, _ in found} == set(films(400))


def test_training_texts_that_are_copies_of_given_test_texts_are_set_aside(tmp_path):
    test, own = films(60), films(300, 1000)
    save(tmp_path / "test.csv", test)
    copied = [(f"{text.title()}...", label) for text, label in test[:40]]
    save(tmp_path / "train.csv", [*own, *copied])
    texts = Texts.stream(tmp_path)
    found = everything(texts)
    assert {(text, label) for text, label, part in found if part == "test"} == set(test)
    assert {(text, label) for text, label, part in found if part != "test"} == set(own)
    assert texts.set_aside == 40 and texts.quarantine[0] == (
        "train.csv, line 302",
        "is a copy of a test text",
    )
    assert any("40 texts are not used, since they are copies" in note for note in texts.notes)


def test_a_column_tells_the_part_and_its_copies_are_set_aside(tmp_path):
    rows = [(*row, ("train", "dev", "test")[n % 3]) for n, row in enumerate(films(300))]
    rows += [
        ("Film 2 was so good!", "+", "train"),
        ("film 1 was so bad", "-", "train"),
        ("film", "+", "other"),
    ]
    rows.sort(key=lambda row: row[2] == "train")  # the rows to train on come last
    texts = Texts.stream(save(tmp_path / "films.csv", rows, ("text", "label", "split")))
    assert {part: int(count.sum()) for part, count in texts.counts.items()} == dict.fromkeys(
        texts.counts, 100
    )
    reasons = Counter(reason for _, reason in texts.quarantine)
    assert reasons == {
        "is a copy of a test text": 1,
        "is a copy of a validation text": 1,
        "is of a part, 'other', which is no part of a split": 1,
    }


def test_bad_rows_are_counted_and_the_first_ones_listed(tmp_path):
    path = tmp_path / "films.csv"
    odd = itertools.cycle([b"one,two,three\n", b"caf\xe9,+\n", b"no label,NA\n", b" ,+\n"])
    rows = [f"{text} é,{label}\n".encode() for text, label in films(900)]  # clearly UTF-8
    for place in range(0, 900, 4):
        rows[place] += next(odd)
    path.write_bytes(b"text,label\n" + b"".join(rows))
    texts = Texts.stream(path)
    assert len(texts) == 900 and texts.set_aside == 225 and len(texts.quarantine) == 100
    reasons = Counter(reason for _, reason in texts.quarantine)
    assert len(reasons) == 4 and "has a byte that is not UTF-8, 0xe9" in reasons
    assert any(note.startswith("225 texts set aside: films.csv, line 3 (") for note in texts.notes)
    path.write_bytes(b"text,label\n" + b"one,two,three\n" * 400 + b"".join(rows))
    with pytest.raises(DataError, match=r"rows cannot be read; the first is films.csv, line 2"):
        Texts.stream(path)


def test_labels_are_checked_as_in_memory(tmp_path):
    numbers = [(text, ("1", "1.0", "0")[n % 3]) for n, (text, _) in enumerate(films(300))]
    texts = Texts.stream(save(tmp_path / "numbers.csv", numbers))
    assert texts.class_names == ("0", "1") and any("written in two ways" in note for note in texts.notes)
    assert Counter(label for _, label, _ in everything(texts)) == {"1": 200, "0": 100}
    with pytest.raises(DataError, match="look like typos"):
        typos = [
            (text, "Good" if n == 7 else ("good", "bad")[n % 2]) for n, (text, _) in enumerate(films(200))
        ]
        Texts.stream(save(tmp_path / "typos.csv", typos))
    with pytest.raises(DataError, match="only one class"):
        Texts.stream(save(tmp_path / "one.csv", [(text, "good") for text, _ in films(200)]))
    with pytest.raises(DataError, match="different labels"):
        Texts.stream(
            save(tmp_path / "many.csv", [(text, f"{n} stars") for n, (text, _) in enumerate(films(10_500))])
        )


def test_a_class_whose_only_text_would_be_to_test_on_is_left_out(tmp_path):
    for n in range(40):
        rows = [*films(300), (f"lone {n}", "rare")]
        texts = Texts.stream(save(tmp_path / "films.csv", rows))
        if "rare" not in texts.class_names:
            break
    assert any("too rare" in note and "'rare'" in note for note in texts.notes)
    assert len(texts) == 300 == len(everything(texts)) and texts.set_aside == 1


def test_what_is_no_stream_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "data" / "good").mkdir(parents=True)
    (tmp_path / "data" / "good" / "1.txt").write_text("So good!")
    with pytest.raises(DataError, match="only tables are streamed"):
        Texts.stream(tmp_path / "data")
    with pytest.raises(DataError, match="too few of them to be streamed"):
        Texts.stream(save(tmp_path / "few.csv", films(3)))
    with pytest.raises(DataError, match="does not exist"):
        Texts.stream(tmp_path / "none.csv")
    with pytest.raises(DataError, match="no tables"):
        Texts.stream([])
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as packed:
        packed.write(tmp_path / "few.csv", "few.csv")
    with pytest.raises(DataError, match="no table that can be streamed"):
        Texts.stream(tmp_path / "texts.zip")


def test_a_file_that_changes_after_the_check_is_noticed(tmp_path):
    texts = Texts.stream(save(tmp_path / "films.csv", films(300)))
    save(tmp_path / "films.csv", films(301))
    with pytest.raises(DataError, match="has changed since it was checked"):
        everything(texts)


def test_other_labels_of_as_many_texts_are_noticed(tmp_path):
    texts = Texts.stream(save(tmp_path / "films.csv", films(300)))
    save(tmp_path / "films.csv", [(text, {"+": "-", "-": "+"}[label]) for text, label in films(300)])
    with pytest.raises(DataError, match="has changed since it was checked"):
        everything(texts)


def test_a_table_that_is_only_a_header_is_left_out(tmp_path):
    empty, full = save(tmp_path / "empty.csv", []), save(tmp_path / "films.csv", films(300))
    with pytest.raises(DataError, match=r"empty.csv holds no texts, only one row; name a file"):
        Texts.stream(empty)
    for both in ([empty, full], [full, empty]):
        texts = Texts.stream(both)
        assert len(everything(texts)) == 300
        assert texts.notes[0] == "empty.csv is not read (it has one row, a header or not)."


def test_a_sample_is_drawn_from_all_blocks_alike(tmp_path):
    texts = Texts.stream(save(tmp_path / "films.csv", films(1000)))
    some = texts.sample({"train": 200, "test": 10**6})
    assert len(some.of("train")) == 200 and len(some.of("test")) == texts.counts["test"].sum()
    numbers = [int(text.split()[1]) for text in some.texts[some.of("train")]]
    assert len(set(numbers)) == 200 and 400 < np.mean(numbers) < 600
    rows = dict(zip(some.texts, some.rows.tolist(), strict=True))
    assert all(line == int(text.split()[1]) + 2 for text, line in rows.items()) and set(some.files) == {
        "films.csv"
    }
    drawn = np.zeros(20)
    for seed in range(400):
        draw = Draw(20, 5, seed)
        drawn[np.concatenate([draw.of_next(3), 3 + draw.of_next(15), 18 + draw.of_next(2)])] += 1
    assert (
        drawn.sum() == 2000 and drawn.min() > 60 and drawn.max() < 145
    )  # 100 each: the binomial's sigma is 9


def test_where_a_table_is_too_large_for_memory_streams_are_named_and_only_for_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_LINES", 1000)
    table, large = save(tmp_path / "films.csv", films(2000)), tmp_path / "large.csv"
    with pytest.raises(DataError, match=r"than 1,000 lines .*; make several of it, or read it row by row"):
        Texts.check(table)
    assert len(Texts.stream(table)) == 2000
    with pytest.raises(DataError, match=r"more than 1,000 lines .*; make several of it\.$"):
        Photos.check(table)
    with large.open("wb") as file:
        file.truncate(50_000_000_000)
    with pytest.raises(DataError, match=r"50,000,000,000 bytes .* row by row with Texts\.stream\.$"):
        Texts.check(large)


def test_all_rows_that_are_not_used_are_counted_where_the_first_are_listed(tmp_path):
    rows = [*films(300), *[("So so.", "NA")] * 150]
    texts = Texts.stream(save(tmp_path / "films.csv", rows))
    assert (texts.set_aside, len(texts.quarantine)) == (150, 100)
    for shown in str(texts), texts._repr_html_():
        assert "Set aside: 150" in shown and "140 more" in shown and "quarantine for the first 100" in shown
    assert repr(texts).startswith("<StreamedTexts: ") and "150 set aside" in repr(texts)
