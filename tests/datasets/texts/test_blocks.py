"""A table that is read in blocks has the rows that it has when it is read at once."""

import gzip
from pathlib import Path

import pytest

from datasets import DataError
from datasets.files import tables
from datasets.files.folders import Tree
from datasets.texts import blocks
from datasets.texts.blocks import table_blocks
from datasets.texts.reading import open_table

ROWS = [("text", "label"), *((f'film {n}, so "good"\nor so', ("good", "bad")[n % 2]) for n in range(30))]


def quoted(rows, separator=","):
    cells = (['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows)
    return "".join(separator.join(row) + "\r\n" for row in cells)


ODD = quoted(ROWS[:20]) + "one,two,three\r\n\r\n" + quoted(ROWS[20:]) + "too,many,cells,here\r\n"
TABLES = {
    "commas.csv": quoted(ROWS).encode(),
    "marked.csv": b"\xef\xbb\xbf" + quoted(ROWS, ";").encode(),
    "odd.csv": ODD.encode(),
    "wrong_bytes.csv": quoted(ROWS).replace("film 7", "caf\udce9 7").encode("utf-8", "surrogateescape"),
    "utf16.csv": quoted(ROWS).encode("utf-16"),
    "western.csv": quoted(ROWS).replace("film", "für Élise, dès").encode("cp1252"),
    "packed.csv.gz": gzip.compress(quoted(ROWS).encode()),
    "literal.tsv": "".join(f'film {n} is 5" long\tgood\n' for n in range(30)).encode(),
    "bare.csv": b"".join(b"film %d was fine,%d\n" % (n, n % 2) for n in range(30)),
    "objects.jsonl": b'{"text": "Fine", "stars": 5}\n' * 9 + b"oops\n" + b'{"stars": 1, "text": "Bad"}\n' * 8,
    "called.csv": b'{"text": "So good!", "label": null, "more": [1]}\n' * 12,
}  # fmt: skip


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    monkeypatch.setattr(blocks, "ROWS", 4)


@pytest.mark.parametrize("name", TABLES)
def test_its_blocks_are_the_table(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(TABLES[name])
    expected_aside, aside, notes = [], [], []
    expected, expected_notes = open_table(
        Tree(tmp_path, {(name,): path}, set()), (name,), None, expected_aside
    )
    found = list(table_blocks(path, None, aside, notes))
    assert len(found) > 2 and all(table.rows[0] == expected.rows[0] for table in found)
    rows = [found[0].rows[0], *(row for table in found for row in table.rows[1:])]
    lines = [found[0].lines[0], *(line for table in found for line in table.lines[1:])]
    assert rows == expected.rows and lines == expected.lines and found[0].headed == expected.headed
    assert sorted(aside) == sorted(expected_aside) and bool(notes) == bool(expected_notes)


@pytest.mark.extra
def test_the_blocks_of_parquet_are_the_table(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {"text": [f"film {n}" for n in range(30)], "label": [n % 2 for n in range(30)], "x": [[1]] * 30}
    parquet.write_table(arrow.table(columns), tmp_path / "films.parquet")
    expected, _ = open_table(Tree(tmp_path, {("films.parquet",): tmp_path / "films.parquet"}, set()),
                             ("films.parquet",))  # fmt: skip
    found = list(table_blocks(tmp_path / "films.parquet"))
    assert [found[0].rows[0], *(row for table in found for row in table.rows[1:])] == expected.rows
    assert len(found) > 5 and found[0].headed
    (tmp_path / "films.parquet").write_bytes(b"PAR1 and so on")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        list(table_blocks(tmp_path / "films.parquet"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("films.csv.gz", gzip.compress(quoted(ROWS * 2000).encode())[:-300], "damaged or truncated"),
        ("films.csv.gz", b"no gzip", "damaged or truncated"),
        ("films.csv", (quoted(ROWS) + '"never closed,good\n').encode(), "quotation mark"),
        ("films.csv", b"\n\n", "is empty"),
        ("films.csv", b"\0" * 9000, "no text"),
        ("films.jsonl", b"no\nobjects\n", "holds no JSON objects"),
        ("films.json.csv", b'[{"text": "So good!"}]', "other JSON"),
        ("films.xlsx", b"", "not read in blocks"),
        ("films.csv", b"x" * 2000, "a line of more than"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(name, content, said, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_LINE", 1000)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said) as refused:
        list(table_blocks(tmp_path / name))
    assert "\n" not in str(refused.value)


def test_an_encoding_can_be_named(tmp_path):
    path = Path(tmp_path, "films.csv")
    path.write_bytes("text,label\nдобро,1\nзло,0\n".encode("cp1251"))
    assert [row for table in table_blocks(path, "cp1251") for row in table.rows][1] == ["добро", "1"]
    with pytest.raises(DataError, match="cp9999"):
        list(table_blocks(path, "cp9999"))
    with pytest.raises(DataError, match="is not ascii text"):
        list(table_blocks(path, "ascii"))
