"""CSV and TSV files of texts as people write them, and as they go wrong."""

import csv
import io
import os
import re
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datasets import DataError, reviews
from datasets.files import tables
from datasets.texts import read_texts

WORDS = ["a", "film", "of", "good", "bad", "story", "the", "and", "her,", "his;", "very", "“nice”"]
RANDOM = np.random.default_rng(0)


def sentence(number):
    return f"{' '.join(RANDOM.choice(WORDS, 6))} {number}"


ROWS = [(sentence(number), ("bad", "good")[number % 2]) for number in range(40)]


def written(rows, delimiter=",", **options):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, **options).writerows(rows)
    return buffer.getvalue()


def everything(loaded):
    """All texts with their labels by name, the training and the test part together."""
    (x_train, y_train), (x_test, y_test), names = loaded
    return sorted(
        (text, names[label]) for text, label in zip([*x_train, *x_test], [*y_train, *y_test], strict=True)
    )


def load(tmp_path, content, name="texts.csv", **options):
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return reviews.load_data(tmp_path / name, **options)


def refused(tmp_path, content, name="texts.csv", **options):
    """The one sentence with which a table is refused."""
    with pytest.raises(DataError) as caught:
        load(tmp_path, content, name, **options)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("header", [[("text", "label")], [("Phrase", "Mood")], []])
def test_every_separator_loads_with_and_without_a_header(tmp_path, delimiter, quoting, header):
    content = written(header + ROWS, delimiter, quoting=quoting)
    assert everything(load(tmp_path, content)) == sorted(ROWS)
    swapped = [row[::-1] for row in header + ROWS]
    assert everything(load(tmp_path, written(swapped, delimiter, quoting=quoting), "swapped.tsv")) == sorted(
        ROWS
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_make_no_difference(tmp_path, encoding, end):
    content = written([("text", "label"), *ROWS], lineterminator=end) + end * 3
    assert everything(load(tmp_path, content.encode(encoding))) == sorted(ROWS)


TEXTS = st.text(
    st.sampled_from(",;\"'\n\r ab|") | st.characters(exclude_characters="\0<", exclude_categories=["Cs"]),
    min_size=1,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS.filter(str.strip), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t"))
@example(texts=['"', '""', '",', 'a"b', "\r", "\n\n", "\ufeffx"], delimiter=",")
def test_texts_come_back_as_the_csv_module_wrote_them(tmp_path, texts, delimiter):
    rows = [(text if delimiter != "\t" else text.replace("\t", " "), "yes") for text in texts if text.strip()]
    table = tables.read_table(written([("text", "label"), *rows], delimiter), "texts.csv")
    assert [tuple(row) for row in table.rows[1:]] == rows
    file = tmp_path / "texts.csv"
    file.write_text(written([("text",), *((text,) for text, _ in rows)]), encoding="utf-8", newline="")
    assert read_texts(file) == [text for text, _ in rows]


def test_published_sentences_with_literal_quotation_marks_load(tmp_path):
    rows = [(sentence(number), str(number % 2)) for number in range(50)]
    for number, text in {
        3: '"Great" film',
        7: '"Open',
        11: 'half" closed',
        20: '"All of it"',
        30: 'He said ""',
    }.items():
        rows[number] = text, rows[number][1]
    content = "".join(f"{text}\t{label}\n" for text, label in rows)
    assert everything(load(tmp_path, content, "imdb_labelled.txt")) == sorted(rows)
    rows[0] = '"Open at the very start', rows[0][1]
    content = "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)
    assert everything(load(tmp_path, content, "train.tsv")) == sorted(rows)
    assert everything(load(tmp_path, content.partition("\n")[2], "texts.csv")) == sorted(rows)
    rows = [('"' * (not number) + text, label) for number, (text, label) in enumerate(ROWS)]
    content = "".join(f"{text}\t{label}\n" for text, label in rows)
    assert everything(load(tmp_path, content)) == sorted(rows)


def test_ten_thousand_sentences_load_in_well_under_a_second(tmp_path):
    rows = [(sentence(number), str(number % 5 + 1)) for number in range(10_000)]
    started = time.process_time()
    (x_train, y_train), (x_test, y_test), names = load(tmp_path, written(rows, "\t"), "texts.tsv")
    assert time.process_time() - started < 1
    assert (len(x_train), len(x_test), names) == (8_000, 2_000, ["1", "2", "3", "4", "5"])
    assert np.bincount(y_test).tolist() == [400] * 5
    assert y_train.dtype == y_test.dtype == "int64"


def with_columns(names, text, label):
    """ROWS in a wider table, the other columns full of numbers and of short words."""
    rows = []
    for number, (words, name) in enumerate(ROWS):
        row = [f"{number} id" if index % 2 else str(number) for index in range(len(names))]
        row[text], row[label] = words, name
        rows.append(row)
    return [names, *rows]


@pytest.mark.parametrize(
    ("names", "text", "label"),
    [
        (["Id", "ProductId", "UserId", "Score", "Time", "Summary", "Text"], 6, 3),
        (["tweet_id", "airline_sentiment", "airline_sentiment_confidence", "name", "text"], 4, 1),
        (["", "review", "sentiment"], 1, 2),
        (["text", "label", "label_text"], 0, 1),
        (["reviewText", "overallRating", "reviewer"], 0, 1),
        (["LABEL ", " Title", "Content"], 2, 0),
        (["id", "review_body", "star_rating"], 1, 2),
        (["id", "Comments", "Categories"], 1, 2),
    ],
)
def test_columns_are_guessed_from_telling_names(tmp_path, names, text, label):
    assert everything(load(tmp_path, written(with_columns(names, text, label)))) == sorted(ROWS)


def test_columns_are_named_by_name_or_number(tmp_path):
    content = written(with_columns(["x", "said", "y1", "mood"], 1, 3))
    for columns in {"text_column": "said", "label_column": "mood"}, {"text_column": "2", "label_column": "4"}:
        assert everything(load(tmp_path, content, **columns)) == sorted(ROWS)
    without = content.partition("\n")[2]
    assert everything(load(tmp_path, without, text_column="2", label_column="4")) == sorted(ROWS)
    assert everything(load(tmp_path, written([("a", "b"), *ROWS]), label_column="b")) == sorted(ROWS)


@pytest.mark.parametrize(
    ("names", "columns", "said"),
    [
        (
            ["x", "said", "y1", "mood"],
            {},
            r"columns 'x', 'said', 'y1', 'mood'; say with text_column= and label_col",
        ),
        (["x", "text", "y1", "mood"], {}, "say with label_column= which holds the labels"),
        (
            ["x", "text", "y1", "label"],
            {"text_column": "txt"},
            "no column 'txt', only 'x', 'text', .* text_column=",
        ),
        (["x", "text", "y1", "label"], {"label_column": "5"}, "no column '5'"),
        (["x", "text", "text", "label"], {}, "say with text_column= which"),
        (["x", "text", "text", "label"], {"text_column": "text"}, "two columns named 'text'"),
        (["x", "text", "y1", "label"], {"text_column": "label"}, "say with label_column="),
        (
            ["x", "text", "y1", "label"],
            {"text_column": "4", "label_column": "label"},
            "both be taken from column 4",
        ),
        (["x" * 50, "said", *"abcdefghijklmnop"], {}, r"'x{15}…x{14}', 'said', .*, \.\.\.; say with"),
    ],
)
def test_columns_that_are_not_obvious_or_not_there_are_listed(tmp_path, names, columns, said):
    assert re.search(said, refused(tmp_path, written(with_columns(names, 1, 3)), **columns))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (" \n\r\n", "is empty"),
        ("text,label\n", "no texts, or only empty"),
        ("text\ngood\nbad\n", "only one column, 'text'"),
        ("text,label\n,a\n  ,b\n", "only empty ones"),
        ("text,label\na,yes\nb,yes\n", "only one class, 'yes'"),
        ("text,label\na,yes\nb,yes\nc,no\n", r"'no' \(1\); every class needs 2"),
        (
            "text,label\na,yes\nb, \nc,no\nd,\n",
            r"2 texts set aside: texts\.csv, line 3 \(has no label\), texts\.csv, line 5",
        ),
        ("text,label\na,yes\nb,c,no\n", "3 cells in line 3 where its first row has 2"),
        ("text,label\na,yes\n\n\nb\n", "1 cell in line 5"),
        ('text,label\na,yes\n"b\nb",yes\n"c,no\nd,no\ne,no\n', "begins in line 5 which is not closed"),
        ('text,label\na,yes\n"b "c" d",no\n', "begins in line 3 which is not closed"),
        (
            "text,label\n" + "x" * 10_000_000 + ",yes\n",
            "more than 1,000,000 characters in the row .* line 2;",
        ),
        (
            'text,label\n"' + "a film\n" * 200_000 + '",yes\n',
            "more than 1,000,000 characters in the row .* line 2;",
        ),
        ('text,label\na,yes\n"' + "b,no\n" * 300_000, "in line 3; shorten it, or close its quotation mark"),
        (
            "text\tlabel\na\tyes\n" + "x" * 1_000_001 + "\tno\n",
            "line 3 of .* is a text of 1,000,001 characters",
        ),
        (b"text,label\ngood,yes\nb\xe4d,no\n", "is not UTF-8 text: byte 0xe4 in line 3"),
        (b"text,label\ngo\0od,yes\nbad,no\n", "zero byte in line 2"),
        ("text,label\n".encode("utf-16") + b"\x00", "is not UTF-16 text"),
        ("text,label\n" + "a,good\nb,bad\n" * 300 + "c,goood\n", r"'goood' \(1\) beside 'good' \(300\)"),
    ],
)
def test_broken_tables_are_refused(tmp_path, content, said):
    assert re.search(said, refused(tmp_path, content))


def test_texts_of_up_to_a_million_characters_are_taken(tmp_path):
    rows = [*ROWS, ("x" * 1_000_000, "good")]
    assert everything(load(tmp_path, written(rows))) == sorted(rows)
    assert csv.field_size_limit() == 131_072  # as Python has it


def test_empty_texts_are_left_out_with_their_labels(tmp_path, capsys):
    assert everything(load(tmp_path, written([*ROWS, (" ", "odd"), ("", "")]))) == sorted(ROWS)
    assert "(1 empty text left out)" in capsys.readouterr().out  # a row of nothing is no row


def test_line_breaks_of_web_pages_are_line_breaks(tmp_path):
    rows = [("A film.<br /><br>It <b>ends</b>.<BR/>", "good"), *ROWS]
    assert ("A film.\n\nIt <b>ends</b>.\n", "good") in everything(load(tmp_path, written(rows)))


def test_train_and_test_tables_are_kept_apart(tmp_path):
    (tmp_path / "train.csv").write_text(written([("text", "label"), *ROWS[:30]]))
    (tmp_path / "test.csv").write_text(written([("label", "id", "text")] + [(y, 0, x) for x, y in ROWS[30:]]))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no text of these")
    (x_train, _), (x_test, y_test), names = reviews.load_data(tmp_path)
    assert sorted(x_train) == sorted(x for x, _ in ROWS[:30])
    assert sorted((x, names[y]) for x, y in zip(x_test, y_test, strict=True)) == sorted(ROWS[30:])


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("id,text\n0,good\n", r"test\.csv has no column 'label', only 'id', 'text'"),
        ("text,label\nfine,excellent\n", r"lacks: 'excellent' \(1\)"),
        ("text,label\n", "no texts in its test part"),
    ],
)
def test_a_test_table_that_does_not_fit_is_refused(tmp_path, test, said):
    (tmp_path / "train.csv").write_text(written([("text", "label"), *ROWS]))
    (tmp_path / "test.csv").write_text(test)
    with pytest.raises(DataError, match=said):
        reviews.load_data(tmp_path)


def test_a_folder_of_one_table_is_that_table_and_of_several_is_refused(tmp_path):
    (tmp_path / "mine.csv").write_text(written(ROWS))
    assert everything(reviews.load_data(tmp_path)) == sorted(ROWS)
    (tmp_path / "yours.csv").write_text(written(ROWS))
    with pytest.raises(DataError, match="several tables, mine, yours"):
        reviews.load_data(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("one.txt", "A film,\nin two lines\t1", ["A film,\nin two lines\t1"]),
        ("one.csv", "Good\nBad\n", ["Good", "Bad"]),
        ("one.csv", "text\nGood\nBad\n", ["Good", "Bad"]),
        ("one.csv", "Great content\nBad review\n", ["Great content", "Bad review"]),
        ("one.csv", '"Good, really"\n"Bad"\n', ["Good, really", "Bad"]),
        ("two.tsv", "sentence\tlabel\nGood\t1\n", ["Good"]),
        ("two.tsv", "A good one\t1\nA bad one\t0\n", ["A good one", "A bad one"]),
        ("ids.csv", "id,review,x,y\n1,Good,a,b\n2,Bad,a,b\n", ["Good", "Bad"]),
    ],
)
def test_texts_to_classify_are_read(tmp_path, name, content, texts):
    (tmp_path / name).write_text(content)
    assert read_texts(tmp_path / name) == texts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Great, loved it\nBad, hated it\n", "say with text_column= which holds the texts"),
        ("Great, loved it\nBad\n", "1 cell in line 2 where its first row has 2"),
        ("a,b,c\nd,e,f\n", "say with text_column="),
        ("text\n\n", "holds no text"),
    ],
)
def test_texts_to_classify_that_are_not_obvious_are_refused(tmp_path, content, said):
    (tmp_path / "texts.csv").write_text(content)
    with pytest.raises(DataError, match=said):
        read_texts(tmp_path / "texts.csv")
    (tmp_path / "texts.csv").write_text("a,b,c\nd,e,f\n")
    assert read_texts(tmp_path / "texts.csv", text_column="3") == ["c", "f"]
    (tmp_path / "texts.csv").write_text("Great, it is\nBad, it is\n")
    assert read_texts(tmp_path / "texts.csv", text_column=1) == ["Great", "Bad"]


@pytest.mark.parametrize("content", ["a,b\n", "a\r\n", ",", "\t", ";;;;", "a|"])
def test_tables_of_more_lines_or_cells_than_memory_holds_are_refused(monkeypatch, content):
    monkeypatch.setattr(tables, "MAX_LINES", 1000)
    monkeypatch.setattr(tables, "MAX_SEPARATORS", 1000)
    with pytest.raises(DataError, match="more than 1,000 lines or 1,000 cells"):
        tables.read_table(content * 1001, "texts.csv")


@pytest.mark.parametrize(("start", "end"), [("", ""), ("a,b\n", ""), ("", "\na,b"), ("a\rb\r", "\r")])
def test_a_line_that_is_no_row_is_refused_before_it_is_taken_apart(monkeypatch, start, end):
    monkeypatch.setattr(tables, "MAX_LINE", 1000)
    with pytest.raises(DataError, match="a line of more than 1,000 characters"):
        tables.read_table(start + "x" * 1001 + end, "texts.csv")
    rows = tables.read_table("text,label\n" + f"{'x' * 900},good\n" * 10, "texts.csv").rows
    assert len(rows) == 11


@pytest.mark.parametrize("name", ["texts.csv", "texts.txt"])
def test_a_file_of_50_gb_is_refused_unread(tmp_path, name):
    with (tmp_path / name).open("wb") as file:
        file.truncate(50_000_000_000)
    with pytest.raises(DataError, match="50,000,000,000 bytes"):
        read_texts(tmp_path / name)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_among_texts_is_said_and_not_waited_for(tmp_path, kind):
    for name in ("bad", "good"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.txt").write_text("words")
    odd = tmp_path / "bad" / "1.txt"
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are neither pipes nor devices here")
    os.mkfifo(odd) if kind == "pipe" else odd.symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"1\.txt is no file but a pipe, a socket or a device"):
        reviews.load_data(tmp_path)


def test_a_pipe_named_like_the_movie_reviews_is_passed_over(tmp_path, monkeypatch):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes here")
    os.mkfifo(tmp_path / "aclImdb.tar.gz")
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path))
    assert reviews.locate("auto").path is None
