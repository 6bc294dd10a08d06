"""Every lesson killed at every file-system event: the next start finds or makes complete results.

A lesson runs once, and a snapshot of the disk is taken before each event: that is what SIGKILL would
have left (the last tests here kill real processes and compare). Each snapshot is put on the disk,
the lesson is begun anew, and what is there then must be in order.
"""

import contextlib
import gc
import hashlib
import importlib
import inspect
import io
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datasets import Source
from datasets.sources import MARKER
from models.fine_tuning import features
from tutorials import __main__ as listing
from tutorials.lesson import exchange
from tutorials.lesson.report import Report

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal, nor pipes"),
]
VARIANTS = {
    **{lesson: {} for lesson in listing.LESSONS},
    "fine_tune without its cache": {"cache": False},
    "fine_tune with its cache on disk": {},
}
LEAST = 30  # snapshots of a lesson that are tried, however little time there is


def main(seed=0, quick=False, outputs=Path("outputs")):
    """The shortest lesson: files and the end."""
    report = begin(main, Path(outputs), seed=seed)
    for name in "curve.png", "late.txt":
        report.path(name).write_text(f"{name} of {seed}")
    return report.close(Source("mnist"), examples=7, finding="So.", accuracy=0.5)


def begin(main, outputs, **settings):
    """Begin a lesson as it begins itself, without any training: this is when it recovers."""
    defaults = {name: one.default for name, one in inspect.signature(main).parameters.items()}
    with contextlib.redirect_stdout(io.StringIO()):
        return Report(main, defaults | {"outputs": outputs} | settings)


def listed(folder):
    """(kind, {name: content}) of results, which must be what their marker says."""
    marker = json.loads((folder / MARKER).read_text())
    contents = {name: (folder / name).read_bytes() for name in marker["files"]}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()} == marker[
        "files"
    ]
    return marker["kind"], contents


class Before:
    """Older, complete results of a lesson, with all that a user may have put there."""

    def __init__(self, main, outputs, disk):
        self.main, self.disk, self.lesson = main, disk, Path(inspect.getfile(main)).stem
        outputs.mkdir()
        report = begin(main, outputs)
        report.path("old.png").write_text("old")
        report.path("model.keras").write_text("old")
        with contextlib.redirect_stdout(io.StringIO()):
            report.close(Source("mnist"), 7, "Old.", accuracy=0.1)
        folder = outputs / self.lesson
        disk.put_users_things(folder)
        folder.chmod(0o700)
        (outputs / "mine.txt").write_text("mine")
        (outputs / f".{self.lesson}-mine").mkdir()
        (outputs / f".{self.lesson}-mine" / "x").write_text("mine")
        self.siblings = {"mine.txt", f".{self.lesson}-mine"}
        self.old = listed(folder)[1]
        own = {*self.old, MARKER}
        self.mine = {name: thing for name, thing in disk.things_in(folder).items() if name not in own}

    def check(self, snapshot, top, new):
        """Put a snapshot on the disk, begin the lesson anew, and look."""
        snapshot.put(top)
        inodes = self._inodes(top)
        report = begin(self.main, top)
        folder, event = top / self.lesson, snapshot.event
        kind, files = listed(folder)
        assert kind == "complete", event
        assert files in (self.old, new), event
        there = self.disk.things_in(folder)
        mine = {name: there[name] for name in self.mine}
        assert {name: thing[:-1] for name, thing in mine.items()} == {
            name: thing[:-1] for name, thing in self.mine.items()
        }, event
        assert {name: thing[-1] for name, thing in mine.items()} == inodes, event
        assert set(there) == {*mine, MARKER, *files}, event
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, event
        left = {entry.name for entry in top.iterdir()} - {self.lesson, report.path("").parent.name}
        assert left >= self.siblings, event
        left -= self.siblings
        kept, unfinished = f"{self.lesson}-kept", f".{self.lesson}-unfinished"
        if kept in left:
            kind, kept_files = listed(top / kept)
            assert kind == "model", event
            assert {"model.keras", "labels.json", "metrics.json"} <= set(kept_files), event
            assert kept_files["model.keras"] == new["model.keras"], event
            assert json.loads(kept_files["metrics.json"])["lesson"] == self.lesson
        if unfinished in left:
            assert (
                list((top / unfinished).glob("*.state")) or (top / unfinished / "activations.json").exists()
            )
        assert left <= {kept, unfinished}, event
        if saved_a_model(snapshot, self.lesson):
            assert kept in left or files == new, event
        del report
        now = {entry.name for entry in top.iterdir()}
        assert now == left | self.siblings | {self.lesson}, event
        shutil.rmtree(top)

    def _inodes(self, top):
        """{name: inode} of the user's things, wherever the kill has left them."""
        found = {}
        for path, entry in self.disk.things_in(top).items():
            name = re.sub(rf"^({self.lesson}|\.{self.lesson}-draft-[^/]+/(results|old))/", "", path)
            if name != path and name in self.mine and self.mine[name][0] == entry[0]:
                found[name] = entry[-1]
        return found


def saved_a_model(snapshot, lesson):
    """Whether a model of the new run was on the disk, whole and listed."""
    marker = re.compile(rf"\.{lesson}-draft-[^/]+/results/{re.escape(MARKER)}")
    return any(
        marker.fullmatch(path) and b'"model.keras"' in entry[5] and b'"old.png"' not in entry[5]
        for path, entry in snapshot.entries.items()
    )


def drawn(snapshots, seed):
    """All snapshots in the order in which they are tried: the end and the beginning first, others as drawn.

    Photos that a lesson writes to train on are hundreds of events that are all alike.
    """
    plain = [n for n, one in enumerate(snapshots) if "/scratch/" not in one.event]
    first = plain[: LEAST // 2] + plain[-LEAST:]
    rest = [n for n in range(len(snapshots)) if n not in first]
    random.Random(seed).shuffle(rest)
    return [snapshots[n] for n in dict.fromkeys([*first, *sorted(rest, key=lambda n: n not in plain)])]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    """What a killed process has written is there without it: it is for power cuts, and takes long."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def seconds(request):
    """Time for the snapshots of one lesson."""
    return request.config.getoption("--attack-seconds", default=60) / len(VARIANTS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_lesson_killed_at_any_event(variant, tmp_path, disk, seconds, monkeypatch):
    lesson = variant.partition(" ")[0]
    teach = importlib.import_module(f"tutorials.{lesson}").main
    outputs = tmp_path / "outputs"
    before = Before(teach, outputs, disk)
    settings = {"data": "embedded"} if "data" in inspect.signature(teach).parameters else {}
    if "on disk" in variant:
        monkeypatch.setattr(features, "IN_MEMORY", 0)
    with contextlib.redirect_stdout(io.StringIO()), disk.recorded(outputs) as snapshots:
        teach(**settings, **VARIANTS[variant], quick=True, outputs=outputs)
    new = listed(outputs / lesson)[1]
    assert new != before.old
    assert len(snapshots) > 40
    deadline = time.monotonic() + seconds
    for number, snapshot in enumerate(drawn(snapshots, seed=lesson)):
        if number > 1.5 * LEAST and time.monotonic() > deadline:
            break
        top = tmp_path / f"{number}"
        top.mkdir()
        before.check(snapshot, top, new)
    print(f"{variant}: {number + 1} of {len(snapshots)} moments")


@pytest.mark.parametrize("at_once", [True, False])
def test_killed_while_it_recovers(tmp_path, disk, monkeypatch, at_once):
    """A kill at any event of a run, and another at any event of the start after it."""
    if not at_once:
        monkeypatch.setattr(exchange, "_exchange_call", lambda: None)
    outputs = tmp_path / "outputs"
    before = Before(main, outputs, disk)
    with contextlib.redirect_stdout(io.StringIO()), disk.recorded(outputs) as snapshots:
        main(seed=1, outputs=outputs)
    new, tried = listed(outputs / before.lesson)[1], 0
    for number, snapshot in enumerate(snapshots):
        top = tmp_path / f"first {number}"
        top.mkdir()
        snapshot.put(top)
        with disk.recorded(top) as later:
            begin(main, top)
        shutil.rmtree(top)
        step = 2 if number % 3 == 0 else 9
        for inner in later[number % step :: step]:
            top = tmp_path / f"second {number}"
            top.mkdir()
            before.check(inner, top, new)
            tried += 1
    assert tried > 100


# Real kills


def without_names(snapshot):
    """What is on a disk, but for the names and numbers that differ from run to run."""
    told = {}
    for path, (kind, mode, _, _, _, content, _) in snapshot.entries.items():
        path = re.sub(r"-draft-[a-z0-9_]{8}", "-draft-X", path)
        if kind == stat.S_IFREG and path.endswith(("json", ".draft")):
            content = re.sub(rb'"outputs": "[^"]*"', b"", content)
            content = re.sub(rb"[0-9a-f]{64}|[0-9a-f]{16}|-draft-\w+|\d+\.\d+", b"X", content)
        told[path] = kind, mode, content
    return told


def test_a_real_kill_leaves_what_the_snapshot_shows(tmp_path, disk):
    """At every event of the shortest lesson a process that it has forked is killed."""
    outputs = tmp_path / "outputs"
    before = Before(main, outputs, disk)
    start = disk.Snapshot(outputs)
    recorder = disk.Recorder(outputs)
    shown = []
    recorder.add = lambda event: shown.append(disk.Snapshot(outputs, event))
    with contextlib.redirect_stdout(io.StringIO()), disk.listening(recorder):
        main(seed=1, outputs=outputs)
    new = listed(outputs / before.lesson)[1]
    assert len(shown) > 40
    for number in range(len(shown)):
        top = tmp_path / "killed" / "outputs"
        top.mkdir(parents=True)
        start.put(top)
        child = os.fork()
        if not child:
            kill_at(number, top, disk)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL, number
        real = disk.Snapshot(top, f"a real kill at event {number}")
        assert without_names(real) == without_names(shown[number]), shown[number].event
        shutil.rmtree(top)
        top.mkdir()
        before.check(real, top, new | metrics_in(real))
        shutil.rmtree(top.parent)


def metrics_in(snapshot):
    """The metrics of the new run in a snapshot: they hold how long it took."""
    return {
        Path(path).name: entry[5]
        for path, entry in snapshot.entries.items()
        if path.endswith("/metrics.json") and b'"So."' in entry[5]
    }


def kill_at(number, top, disk):
    """In a forked process: run the shortest lesson, and be killed at an event."""
    try:
        recorder, count = disk.Recorder(top), [0]

        def add(_):
            if count[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count[0] += 1

        recorder.add = add
        with contextlib.redirect_stdout(io.StringIO()), disk.listening(recorder):
            main(seed=1, outputs=top)
    finally:
        os._exit(1)


REAL = """
import os, runpy, signal, sys
event, part, outputs = sys.argv[1:4]
sys.argv = ["lesson", "--quick", "--outputs", outputs]

def kill(happens, arguments):
    if happens == event and part in " ".join(map(str, arguments)):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
runpy.run_module("tutorials.x_or_o", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("event", "part", "is_new"),
    [
        ("open", "letters.png", False),
        ("tutorials.exchange", "results", True),  # all is there by then: the next start finishes it
        ("os.remove", "results/old.png", True),
    ],
)
def test_a_real_lesson_really_killed(root, tmp_path, disk, event, part, is_new):
    teach = importlib.import_module("tutorials.x_or_o").main
    outputs = tmp_path / "outputs"
    before = Before(teach, outputs, disk)
    done = subprocess.run(
        [sys.executable, "-c", REAL, event, part, str(outputs)],
        cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = disk.Snapshot(outputs, f"{event} {part}")
    assert any("-draft-" in path for path in left.entries)
    begin(teach, outputs)
    kind, files = listed(outputs / "x_or_o")
    assert ("old.png" not in files) == is_new
    (tmp_path / "again").mkdir()
    before.check(left, tmp_path / "again", files)
    gc.collect()
