"""Every format that is read, and what is set aside of it, beside the csv and json modules."""

import csv
import gzip
import io
import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import DataError, reviews
from datasets.files import archives, json_lines
from datasets.texts import Texts, read_texts

ROWS = [(f"this film number {n} is {label}", label) for n in range(20) for label in ("bad", "good")]
HEADER = ("text", "label")


def as_csv(rows, delimiter=","):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([HEADER, *rows])
    return buffer.getvalue()


def as_lines(rows, header=HEADER):
    return "".join(json.dumps(dict(zip(header, row, strict=True))) + "\n" for row in rows)


def everything(path, **options):
    (x_train, y_train), (x_test, y_test), names = reviews.load_data(path, **options)
    texts, labels = [*x_train, *x_test], [*y_train, *y_test]
    return sorted((text, names[label]) for text, label in zip(texts, labels, strict=True))


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("texts.jsonl", as_lines(ROWS)),
        ("texts.ndjson", as_lines(ROWS)),
        ("texts.csv.gz", gzip.compress(as_csv(ROWS).encode())),
        ("texts.TSV.GZ", gzip.compress(as_csv(ROWS, "\t").encode())),
        ("texts.jsonl.gz", gzip.compress(as_lines(ROWS).encode())),
    ],
)
def test_a_table_is_read_in_each_format_also_in_a_folder_and_to_classify(tmp_path, name, content):
    assert everything(written(tmp_path / name, content)) == sorted(ROWS)
    assert everything(tmp_path) == sorted(ROWS)
    assert read_texts(tmp_path / name) == [text for text, _ in ROWS]
    assert Texts.check(tmp_path / name).rows[0] == (1 if "json" in name or "nd" in name else 2)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(["text", "label", "x"]), VALUES), min_size=1, max_size=9)
)
def test_json_lines_give_what_the_json_module_reads(rows):
    rows.append({"text": "one"})
    content = "\n".join(json.dumps(row) for row in rows)
    table = json_lines.read_json_lines(content, "a.jsonl", aside := [])
    assert not aside
    for row, cells in zip(rows, table.rows[1:], strict=True):
        for name, cell in zip(table.rows[0], cells, strict=True):
            value = row.get(name)
            if value is None:
                assert cell == ""
            elif isinstance(value, str):
                assert cell == value
            else:
                assert json.loads(cell) == value


def test_json_lines_in_a_csv_file_are_read_and_said(tmp_path, capsys):
    path = written(tmp_path / "texts.csv", as_lines(ROWS))
    assert everything(path) == sorted(ROWS)
    assert f"{path} is read as JSON Lines, which it holds" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", [json.dumps([{"text": "a", "label": "b"}]), json.dumps({"text": "a", "label": "b"}, indent=1)]
)
@pytest.mark.parametrize("name", ["texts.csv", "texts.jsonl"])
def test_other_json_is_refused_in_a_sentence(tmp_path, name, content):
    with pytest.raises(DataError, match=r"no table but other JSON; write an object such as .* on each line"):
        reviews.load_data(written(tmp_path / name, content))


def test_lines_that_are_no_json_are_set_aside(tmp_path, capsys):
    bad = ["[1, 2]", "{", "[" * 100_000, '{"text": "half \\ud800", "label": "good"}']
    path = written(tmp_path / "texts.jsonl", as_lines(ROWS) + "\n".join(bad))
    assert everything(path) == sorted(ROWS)
    said = capsys.readouterr().out
    assert "4 texts set aside: texts.jsonl, line 41 (is no JSON object)" in said
    texts = Texts.check(path)
    assert texts.quarantine[-1] == ("texts.jsonl, line 44", "has half a character, a lone surrogate")
    with pytest.raises(DataError, match=r"Line 1 of .*texts\.jsonl is no JSON object"):
        reviews.load_data(written(path, "[1]\n" + "\n".join(bad) + "\n" + as_lines(ROWS[:8])))


def test_json_of_too_many_names_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "MAX_COLUMNS", 50)
    lines = "\n".join(json.dumps({f"name{n}": "x", "text": "y"}) for n in range(60))
    with pytest.raises(DataError, match="more than 50 names"):
        reviews.load_data(written(tmp_path / "texts.jsonl", lines))


def test_a_gzip_bomb_and_a_truncated_file_are_refused(tmp_path, monkeypatch):
    packed = gzip.compress(as_csv(ROWS).encode())
    with pytest.raises(DataError, match=r"texts\.csv\.gz is damaged or truncated"):
        reviews.load_data(written(tmp_path / "texts.csv.gz", packed[:-20]))
    with pytest.raises(DataError, match=r"texts\.csv\.gz is damaged or truncated"):
        reviews.load_data(written(tmp_path / "texts.csv.gz", b"\x1f\x8b" + b"x" * 100))
    monkeypatch.setattr("datasets.files.gzipped.FREE_GROWTH", 1_000_000)
    bomb = gzip.compress(b"a,b\n" * 10_000_000)
    assert len(bomb) * archives.MAX_GROWTH < 40_000_000
    with pytest.raises(DataError, match="unpacks to more than"):
        reviews.load_data(written(tmp_path / "texts.csv.gz", bomb))


def test_two_tables_of_one_name_are_refused(tmp_path):
    written(tmp_path / "train.csv", as_csv(ROWS))
    written(tmp_path / "train.jsonl", as_lines(ROWS))
    with pytest.raises(DataError, match=r"two tables called train, train\.csv and train\.jsonl"):
        reviews.load_data(tmp_path)


MAIL = [(f"About {n} things", f"this film number {n} is {label}", label) for n in range(20) for label in "ab"]


@pytest.mark.parametrize("columns", ["subject,body", ("subject", "body"), "1,2", "subject, body"])
def test_several_columns_of_text_are_joined(tmp_path, capsys, columns):
    path = written(tmp_path / "mail.jsonl", as_lines(MAIL, ("subject", "body", "category")))
    expected = sorted((f"{subject}\n{body}", label) for subject, body, label in MAIL)
    assert everything(path, text_column=columns) == expected
    assert "not read" not in capsys.readouterr().out
    assert read_texts(path, text_column=columns) == [f"{subject}\n{body}" for subject, body, _ in MAIL]
    with pytest.raises(DataError, match="no column 'head'"):
        reviews.load_data(path, text_column="head,body")
    with pytest.raises(DataError, match="would be both text and label"):
        reviews.load_data(path, text_column="body,category", label_column="category")


def test_other_columns_of_text_are_named_where_they_are_not_read(tmp_path, capsys):
    rows = [(subject, n, body, label) for n, (subject, body, label) in enumerate(MAIL)]
    rows = [(f"{subject} {n}", *others) for n, (subject, *others) in enumerate(rows)]
    path = written(tmp_path / "mail.jsonl", as_lines(rows, ("subject", "id", "body", "category")))
    reviews.load_data(path)
    assert (
        "the texts are those of column 'body'; not read are columns that may hold text as well: 'subject'"
    ) in capsys.readouterr().out


def test_files_that_are_not_read_are_counted_and_named(tmp_path, capsys):
    for number, (text, label) in enumerate(ROWS):
        (tmp_path / label).mkdir(exist_ok=True)
        ending = ".md" if label == "good" and number > 20 else ".txt"
        (tmp_path / label / f"{number}{ending}").write_text(text)
    (tmp_path / "README.md").write_text("Not a text of a class.")
    reviews.load_data(tmp_path)
    assert (
        "10 files are not read beside the .txt files (10 .md; the first is good/21.md); rename them to .txt"
    ) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"caf\xe9,good\n", "has a byte that is not UTF-8, 0xe9"),
        (b"a\0b,good\n", "has a zero byte"),
        (b"x" * 1_000_001 + b",good\n", "has a text of 1,000,001 characters, more than 1,000,000"),
        (b'"' + b"so\n" * 500_000 + b'",good\n', "has a text of 1,500,000 characters, more than 1,000,000"),
        (b"a,b,good\n", "has 3 cells where the first row has 2"),
    ],
)
def test_one_bad_row_is_set_aside_and_named(tmp_path, capsys, row, reason):
    lines = as_csv(ROWS).encode().splitlines(keepends=True)
    path = written(tmp_path / "texts.csv", b"".join([*lines[:9], row, *lines[9:]]))
    assert everything(path) == sorted(ROWS)
    assert f"Note: 1 text set aside: texts.csv, line 10 ({reason})." in capsys.readouterr().out
    texts = Texts.check(path)
    assert texts.quarantine == [("texts.csv, line 10", reason)]
    assert texts.rows[-1] == len(lines) + row.count(b"\n")


FRENCH = [
    (f"l'été numéro {n} était « très » réussi, à Besançon — 5 € 'près d’ici'", label)
    for n in range(20)
    for label in ("bon", "raté")
]


@pytest.mark.parametrize(
    ("encoding", "named"), [("cp1252", "cp1252"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")]
)
def test_a_clear_encoding_is_guessed_and_said(tmp_path, capsys, encoding, named):
    rows = FRENCH if encoding == "cp1252" else ROWS
    path = written(tmp_path / "texts.csv", as_csv(rows).encode(encoding))
    assert everything(path) == sorted(rows)
    said = capsys.readouterr().out
    assert f"is read as {named}, since it is not UTF-8" in said
    assert "name encoding= if that is wrong" in said
    if encoding == "cp1252":
        assert "'raté'" in said or "été" in said or "numéro" in said


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "фильм номер {} очень хороший"),
        ("iso8859_2", "książka numer {} była świetna, żółta łódź"),
        ("shift_jis", "この映画は第{}番です"),
        ("gbk", "这部电影很好看{}"),
        ("cp437", "der Käse war für {} Tage schön"),
        ("mac_roman", "l'été {} était très réussi"),
    ],
)
def test_another_encoding_is_not_guessed_but_asked_for(tmp_path, encoding, text):
    rows = [(text.format(n), "ab"[n % 2]) for n in range(40)]
    path = written(tmp_path / "texts.csv", as_csv(rows).encode(encoding))
    with pytest.raises(DataError, match=r"is not UTF-8 text.*name its encoding with encoding=\."):
        reviews.load_data(path)
    assert everything(path, encoding=encoding) == sorted(rows)
    assert read_texts(path, encoding=encoding) == [text for text, _ in rows]


def test_an_encoding_that_is_none_or_wrong_is_refused(tmp_path):
    path = written(tmp_path / "texts.csv", as_csv(FRENCH).encode("cp1252"))
    with pytest.raises(DataError, match="encoding= is 'klingon', which Python does not know"):
        reviews.load_data(path, encoding="klingon")
    for encoding in "utf-8", "ascii":
        with pytest.raises(DataError, match=f"{encoding} text; name another encoding"):
            reviews.load_data(path, encoding=encoding)
    for encoding in "rot13", "base64", "zlib":
        with pytest.raises(DataError, match="encoding"):
            reviews.load_data(path, encoding=encoding)


def test_a_folder_of_another_encoding_is_read_and_said(tmp_path, capsys):
    for number, (text, label) in enumerate(FRENCH):
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / f"{number}.txt").write_bytes(text.encode("cp1252"))
    assert everything(tmp_path) == sorted(FRENCH)
    assert "40 of 40 files are read as cp1252, since it is not UTF-8" in capsys.readouterr().out
    assert everything(tmp_path, encoding="cp1252") == sorted(FRENCH)


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_without_its_package_a_format_is_refused_in_a_sentence(tmp_path, monkeypatch, ending):
    package = {"parquet": "pyarrow", "xlsx": "openpyxl"}[ending]
    monkeypatch.setitem(sys.modules, package, None)
    path = written(tmp_path / f"texts.{ending}", b"PAR1 or PK")
    for call in reviews.load_data, read_texts, Texts.check:
        with pytest.raises(DataError, match=f"is read with {package}, which is not installed"):
            call(path)


def write_parquet(path, rows):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = dict(zip(HEADER, map(list, zip(*rows, strict=True)), strict=True))
    columns |= {"scores": [[1, 2]] * len(rows), "id": [*range(len(rows) - 1), None]}
    parquet.write_table(arrow.table(columns), path)


def write_xlsx(path, rows):
    book = pytest.importorskip("openpyxl").Workbook()
    for row in [(*HEADER, None), *((*row, n) for n, row in enumerate(rows)), (None, None, None)]:
        book.active.append(row)
    book.save(path)


@pytest.mark.extra
@pytest.mark.parametrize(("ending", "write"), [("parquet", write_parquet), ("xlsx", write_xlsx)])
def test_spreadsheets_are_read_and_damaged_ones_refused(tmp_path, ending, write):
    path = tmp_path / f"texts.{ending}"
    write(path, ROWS)
    assert everything(path) == sorted(ROWS)
    assert everything(tmp_path) == sorted(ROWS)
    assert read_texts(path) == [text for text, _ in ROWS]
    content = path.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 20):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged[: random.integers(len(content) // 2, len(content) + 1)])
        try:
            reviews.load_data(path)
        except DataError as error:
            assert "\n" not in str(error)
    path.write_bytes(content[:100])
    with pytest.raises(DataError, match=f"cannot be read as {ending}; save the table again, or as CSV"):
        reviews.load_data(path)
