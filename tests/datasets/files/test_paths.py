"""Paths in people's tables: none on another machine is ever asked for, and all others are followed."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import Photos
from datasets.files.paths import Elsewhere, Resolver, check

SHARES = [
    r"\\server\share\x.png",
    "//server/share/x.png",
    r"\/server/share\x.png",
    r"/\server\share\x.png",
    r"\\?\UNC\server\share\x.png",
    r"\\.\UNC\server\share\x.png",
    "//?/UNC/server/share/x.png",
    r"\??\UNC\server\share\x.png",
    r"\\server@SSL\DavWWWRoot\x.png",
    r"\\?\GLOBALROOT\Device\Mup\server\x.png",
    "  //server/share/x.png",
    r"'\\server\share\x.png".replace("'", "\u2003"),
]
ADDRESSES = [
    "http://server/x.png",
    "HTTPS:\\\\server\\x.png",
    "smb://server/x.png",
    "file:///etc/x.png",
    "FILE:x",
]
DEVICES = [r"\\.\PhysicalDrive0", r"\\.\pipe\x", "//./COM1"]
LOCAL = [
    "x.png",
    "/home/me/x.png",
    "../x.png",
    r"C:\photos\x.png",
    r"\\?\C:\photos\x.png",
    "a//b.png",
    "12:30/x.png",
    "con.png",
    "~/x.png",
    "httpd.png",
]


@pytest.mark.parametrize("path", SHARES + ADDRESSES + DEVICES)
def test_paths_elsewhere_are_known_by_their_text(path):
    with pytest.raises(Elsewhere, match="share|address|device"):
        check(path)


@pytest.mark.parametrize("path", LOCAL)
def test_paths_on_this_machine_are_let_pass(path):
    check(path, on_windows=False)


@pytest.mark.parametrize(
    "path", ["CON", "nul.png", r"photos\aux.jpg", "COM1", "lpt9.x.png", "NUL:x", "con .png"]
)
def test_names_of_devices_are_refused_where_they_are_some(path):
    check(path, on_windows=False)
    with pytest.raises(Elsewhere, match="device"):
        check(path, on_windows=True)


def test_links_are_followed_as_the_system_does(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").touch()
    (tmp_path / "one").symlink_to("a/b")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "file").symlink_to(tmp_path / "one" / "x")
    (tmp_path / "circle").symlink_to("circle")
    resolver = Resolver()
    for path in ("one/x", "a/up/one/../b/x", "file", "one/..", "none/x", ".", "a//b/./x", "a/up/"):
        path = f"{tmp_path}/{path}"
        assert resolver.real(path) == os.path.realpath(path)
    with pytest.raises(OSError, match="links"):
        resolver.real(str(tmp_path / "circle"))
    with pytest.raises(OSError, match="links"):
        resolver.real(str(tmp_path / "circle" / "x"))


@pytest.fixture
def asked(monkeypatch):
    """The paths with which the system is asked for anything."""
    paths = []

    def recording(function):
        def call(path, *arguments, **options):
            paths.append(os.fspath(path) if not isinstance(path, int) else "")
            return function(path, *arguments, **options)

        return call

    for name in ("stat", "lstat", "open", "readlink", "scandir", "listdir", "access"):
        monkeypatch.setattr(os, name, recording(getattr(os, name)))
    monkeypatch.setattr("io.open", recording(open))
    return paths


def with_photos(folder, count=10):
    rows = []
    for number in range(count):
        name = f"{('ants', 'bees')[number % 2]}{number}.png"
        pixels = np.random.default_rng(number).integers(0, 256, (20, 24, 3), "uint8")
        Image.fromarray(pixels).save(folder / name)
        rows.append((name, name[:4]))
    return rows


def table(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label"), *rows])
    return path


def test_no_row_of_a_table_reaches_another_machine(tmp_path, asked):
    rows = with_photos(tmp_path) + [(path, "ants") for path in SHARES + ADDRESSES + DEVICES]
    found = Photos.check(table(tmp_path / "t.csv", rows), 16)
    assert len(found.files) == 10
    assert len(found.quarantine) == len(set(map(str.strip, SHARES + ADDRESSES + DEVICES)))
    for name, reason in found.quarantine:
        assert "network share" in reason or "is an address" in reason, name
    assert any(path.endswith("ants0.png") for path in asked)  # the recorder does record
    assert not [path for path in asked if "server" in path or "pipe" in path or "Drive" in path]


@pytest.mark.parametrize("through", ["link.png", "folder/x.png", "chain.png"])
def test_no_link_reaches_another_machine(tmp_path, asked, through):
    (tmp_path / "link.png").symlink_to("//server/share/x.png")
    (tmp_path / "folder").symlink_to("//server/share")
    (tmp_path / "chain.png").symlink_to("link.png")
    rows = [*with_photos(tmp_path), (through, "ants")]
    found = Photos.check(table(tmp_path / "t.csv", rows), 16)
    assert dict(found.quarantine)[through].startswith("is a link to what is on a network share")
    assert not [path for path in asked if "server" in path]


def test_no_link_in_a_folder_reaches_another_machine(tmp_path, asked):
    (tmp_path / "ants").mkdir()
    (tmp_path / "bees").mkdir()
    for name, label in with_photos(tmp_path):
        (tmp_path / name).rename(tmp_path / label / name)
    (tmp_path / "ants" / "x.png").symlink_to("//server/share/x.png")
    (tmp_path / "more").symlink_to("//server/share")
    asked.clear()
    found = Photos.check(tmp_path, 16)
    assert {name for name, _ in found.quarantine} == {"ants/x.png", "more"}
    assert not [path for path in asked if "server" in path]


def test_files_outside_the_tables_folder_are_used_and_counted(tmp_path, capsys):
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.mkdir(), outer.mkdir()
    rows = with_photos(outer)
    rows = [(str(outer / rows[0][0]), "ants"), *((f"../outer/{name}", label) for name, label in rows[1:8])]
    for name in ("ants8.png", "bees9.png"):
        (inner / name).symlink_to(outer / name)
        rows.append((name, name[:4]))
    (inner / "within.png").write_bytes((outer / "ants0.png").read_bytes()[:-1] + b"\x83")
    rows.append(("../inner/within.png", "ants"))
    found = Photos.check(table(inner / "t.csv", rows), 16, verbose=1)
    assert len(found.files) == 11
    note = "The table names 10 files that lie outside its own folder."
    assert f"\n{note}\n" in capsys.readouterr().out
    assert found.notes == (note,)
    assert Photos.check(table(outer / "t.csv", with_photos(outer)), 16).notes == ()


def test_a_folder_that_is_reached_by_a_link_is_the_tables_own(tmp_path):
    (tmp_path / "real").mkdir()
    table(tmp_path / "real" / "t.csv", with_photos(tmp_path / "real"))
    (tmp_path / "link").symlink_to("real")
    assert Photos.check(tmp_path / "link" / "t.csv", 16).notes == ()


def test_rows_that_no_file_system_knows_are_set_aside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    many = [(name, label) for name, label in with_photos(tmp_path, 40)]
    odd = {
        "a\0b.png": "has a zero byte",
        "~/photo.png": "begins with ~",
        "n" * 5000 + ".png": "cannot be read (",
        "d/" * 2500 + "x.png": "cannot be read (",
        "/dev/null": "is no file but a folder, a pipe or a device",
        ".": "is no file but a folder, a pipe or a device",
        "x\x1b[31m\u202e.png": "does not exist",
    }
    found = Photos.check(table(tmp_path / "t.csv", many + [(name, "ants") for name in odd]), 16)
    reasons = dict(found.quarantine)
    assert len(found.files) == 40
    assert len(reasons) == len(odd)
    assert all(name.isprintable() and len(name) < 4200 for name in reasons)
    for name, reason in odd.items():
        begin = name[:3].encode("unicode_escape").decode()
        (known,) = [each for each in reasons if each.startswith(begin)]
        assert reasons[known].startswith(reason)


def test_a_table_that_spreadsheets_can_open_is_read_back(tmp_path):
    from datasets.files.names import safe

    rows = []
    for number, name in enumerate(
        ["=1+1.png", "-2.png", "@x.png", "a;=b.png", "caf\udce9.png", "l\nb.png"] * 2
    ):
        name = name if number < 6 else f"={number}{name}"
        pixels = np.random.default_rng(number).integers(0, 256, (20, 24, 3), "uint8")
        try:
            Image.fromarray(pixels).save(tmp_path / name)
        except OSError:
            pytest.skip("this file system takes no such names")
        rows.append((name, ("=ants()", "-bees")[number % 2]))
    cells = [[safe(cell, "csv") for cell in row] for row in rows]
    found = Photos.check(table(tmp_path / "t.csv", cells), 16)
    assert found.quarantine == []
    assert len(found.files) == 12
    assert set(found.class_names) == {"=ants()", "-bees"}
    again = [[safe(cell, "csv") for cell in row] for row in found.split_table()[1:]]
    path = table(tmp_path / "again.csv", [row[:2] for row in again])
    assert Photos.check(path, 16).split_table() == found.split_table()
    assert Path(path).is_file()
