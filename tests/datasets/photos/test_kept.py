"""What was found out about photos, in files that another hand changed: found out again, or one sentence."""

import base64
import importlib.util
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets import DataError, Photos


@pytest.fixture
def folder(tmp_path):
    """Six photos of noise."""
    random = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(3):
            pixels = random.integers(0, 255, (40, 40, 3), dtype="uint8")
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def change(path, what, value):
    """Write a value into the facts of each photo, with the right checksum."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    changed = [head]
    for line in lines:
        known = json.loads(line[9:])
        known["facts"][what] = value
        text = json.dumps(known)
        changed.append(f"{zlib.crc32(text.encode()):08x} {text}")
    path.write_text("\n".join(changed) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "value"),
    [
        *((what, base64.b85encode(b"\1" * 7).decode()) for what in ("digest", "square", "hash", "thumbnail")),
        *(("side", value) for value in (None, -1, 10**30, float("inf"), True)),
        *((what, value) for what in ("flat", "seen") for value in (None, "x", [1], float("nan"), 2.0)),
        *(("traits", value) for value in ("x", [1], ["</script>"])),
        ("quality", {"bright": "x", "dark": 1.0, "details": 1.0, "noise": 1.0}),
    ],
)
def test_facts_of_another_kind_are_found_out_again(folder, tmp_path, what, value):
    first = Photos.check(folder, 28, checkpoint=tmp_path / "kept")
    change(tmp_path / "kept" / "checked-28.jsonl", what, value)
    again = Photos.check(folder, 28, checkpoint=tmp_path / "kept")
    assert (again.fingerprint, again.digests) == (first.fingerprint, first.digests)
    assert again.findings == first.findings and again.quarantine == first.quarantine == []


def test_a_line_of_a_hundred_thousand_brackets_counts_as_nothing(folder, tmp_path):
    Photos.check(folder, 28, checkpoint=tmp_path)
    line = "[" * 100_000
    with (tmp_path / "checked-28.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"{zlib.crc32(line.encode()):08x} {line}\n")
    assert len(Photos.check(folder, 28, checkpoint=tmp_path).files) == 6


def test_another_file_of_that_name_stays_as_it_is(folder, tmp_path):
    mine = tmp_path / "checked-28.jsonl"
    for content in b'{"name": "mine"}\n', b"no line end", b"\xff\xfe":
        mine.write_bytes(content)
        with pytest.raises(DataError, match="is another file"):
            Photos.check(folder, 28, checkpoint=tmp_path)
        assert mine.read_bytes() == content
    for begun in (
        "",
        '{"made_by"',
        '{"made_by": "Glass Zoo", "version": 0}\n',
    ):  # killed, or an earlier version
        mine.write_text(begun)
        assert len(Photos.check(folder, 28, checkpoint=tmp_path).files) == 6


@pytest.mark.extra
def test_parquet_files_of_another_kind_are_decoded_again_or_refused(folder, tmp_path):
    if importlib.util.find_spec("pyarrow") is None:
        pytest.skip("pyarrow of requirements-extra.txt is not installed")
    import pyarrow
    from pyarrow import parquet

    first = Photos.check(folder, 28, out=tmp_path / "out")
    part, saved = next((tmp_path / "out" / "facts").iterdir()), tmp_path / "out" / "photos.parquet"

    def with_column(table, name, value):
        column = pyarrow.array([value] * len(table))
        return table.set_column(table.column_names.index(name), name, column).replace_schema_metadata(
            table.schema.metadata
        )

    table = parquet.read_table(part)
    wrong = {"thumbnail": b"abc", "hash": b"1234567", "side": -1, "traits": ["zz"], "name": "../../passwd"}
    for name, value in wrong.items():
        parquet.write_table(with_column(table, name, value), part)
        assert Photos.check(folder, 28, out=tmp_path / "out").digests == first.digests
    parquet.write_table(table.drop_columns(["hash"]), part)
    assert Photos.check(folder, 28, out=tmp_path / "out").digests == first.digests

    table = parquet.read_table(saved)
    about = json.loads(table.schema.metadata[b"glass_zoo"])
    bad = ("size", -1), ("size", float("inf")), ("findings", [[1, 2, 3]]), ("notes", "x"), ("fingerprint", 3)
    for name, value in bad:
        content = json.dumps(about | {name: value}).encode()
        parquet.write_table(table.replace_schema_metadata({b"glass_zoo": content}), saved)
        with pytest.raises(DataError, match="damaged"):
            Photos.load(tmp_path / "out")
    for name, value in ("part", "zz"), ("reason", 1), ("name", 1):
        parquet.write_table(with_column(table, name, value), saved)
        with pytest.raises(DataError, match="damaged"):
            Photos.load(tmp_path / "out")
