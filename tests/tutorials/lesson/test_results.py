"""Nothing of the user's is lost in a results folder, and a kill at any moment leaves complete results."""

import errno
import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from tutorials.lesson.command import LessonError

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import Source
from datasets.sources import MARKER
from tutorials.lesson import exchange as _exchange
from tutorials.lesson import placing
from tutorials.lesson.report import Report

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes and modes")
LESSON = Path(__file__).stem


def main(data="auto", seed=0, quick=False, outputs=Path("outputs")):
    return Report(main, settings=locals())


def run(outputs, content="new", names=("curve.png", "metrics.json"), model=None, close=True):
    """A lesson in short: files, a model, the end."""
    report = main(outputs=outputs)
    for name in names:
        if name != "metrics.json":
            report.path(name).write_text(content)
    if model:
        report.model(model, ["a", "b"])
    report.path("late.txt").write_text(content)
    if close:
        report.close(Source("mnist"), examples=7, finding=content, accuracy=0.5)
    return report


@pytest.fixture(scope="module")
def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])


def listed(folder):
    """{name: content} of what the marker lists, which must be what is there."""
    marker = json.loads((folder / MARKER).read_text())
    contents = {name: (folder / name).read_bytes() for name in marker["files"]}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()} == marker[
        "files"
    ]
    assert marker["lesson"] == LESSON
    return marker["kind"], contents


def test_a_folder_that_no_run_made_is_refused_before_any_work(tmp_path, disk, collect):
    folder = tmp_path / LESSON
    (folder / "bark").mkdir(parents=True)
    (folder / "bark" / "one.wav").write_bytes(b"mine")
    before = disk.things_in(tmp_path)
    with pytest.raises(
        LessonError, match=rf"{LESSON} holds what no run of {LESSON} made, such as bark; move"
    ):
        main(outputs=tmp_path)
    collect()
    assert disk.things_in(tmp_path) == before


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 100_000, '{"lesson": "x"}', "3", '{"made_by": "Glass Zoo"}']
)
def test_a_marker_that_makes_no_sense_is_none(tmp_path, content):
    (tmp_path / LESSON).mkdir()
    (tmp_path / LESSON / MARKER).write_text(content)
    with pytest.raises(LessonError, match="holds what no run of"):
        main(outputs=tmp_path)
    assert (tmp_path / LESSON / MARKER).read_text() == content


def test_a_marker_cannot_name_files_elsewhere(tmp_path):
    run(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    marker = json.loads((tmp_path / LESSON / MARKER).read_text())
    marker["files"]["../mine.txt"] = hashlib.sha256(b"mine").hexdigest()
    (tmp_path / LESSON / MARKER).write_text(json.dumps(marker))
    with pytest.raises(LessonError, match="holds what no run of"):
        main(outputs=tmp_path)
    assert (tmp_path / "mine.txt").exists()


def test_results_of_another_lesson_and_changed_ones_are_refused_by_name(tmp_path):
    run(tmp_path)
    (tmp_path / LESSON / "curve.png").write_text("painted over")
    with pytest.raises(LessonError, match=rf"{LESSON}/curve.png was changed since .* move it to keep it"):
        main(outputs=tmp_path)
    (tmp_path / LESSON / "curve.png").rename(tmp_path / "curve.png")
    run(tmp_path)
    (tmp_path / LESSON / "curve.png").unlink()
    (tmp_path / LESSON / "curve.png").mkdir()
    with pytest.raises(LessonError, match="curve.png was changed since"):
        main(outputs=tmp_path)
    (tmp_path / LESSON / "curve.png").rmdir()
    marker = (tmp_path / LESSON / MARKER).read_text()
    (tmp_path / LESSON / MARKER).write_text(marker.replace(LESSON, "sound"))
    with pytest.raises(LessonError, match=rf"holds results of sound, which {LESSON} does not replace"):
        main(outputs=tmp_path)


def test_all_that_is_the_users_stays_to_the_inode(tmp_path, disk):
    run(tmp_path, "old", ["old.png"])
    folder = tmp_path / LESSON
    disk.put_users_things(folder)
    folder.chmod(0o700)
    own = {"old.png", "late.txt", "metrics.json", MARKER}
    before = {name: thing for name, thing in disk.things_in(folder).items() if name not in own}
    run(tmp_path, "new", ["new.png"])
    after = disk.things_in(folder)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"new.png", "late.txt", "metrics.json", MARKER}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [entry.name for entry in tmp_path.iterdir()] == [LESSON]


def test_a_new_folder_has_the_usual_mode(tmp_path):
    before = os.umask(0o027)
    try:
        run(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / LESSON).stat().st_mode) == 0o750


def test_an_empty_folder_is_taken_and_one_that_was_looked_at(tmp_path):
    (tmp_path / LESSON).mkdir(mode=0o710)
    (tmp_path / LESSON / ".DS_Store").write_text("by the desktop")
    run(tmp_path)
    assert listed(tmp_path / LESSON)[0] == "complete"
    assert (tmp_path / LESSON / ".DS_Store").read_text() == "by the desktop"
    assert stat.S_IMODE((tmp_path / LESSON).stat().st_mode) == 0o710


def test_a_users_file_keeps_its_name_and_the_new_one_gets_another(tmp_path, capsys):
    run(tmp_path, "old", ["a.png"])
    (tmp_path / LESSON / "b.png").write_text("mine")
    report = main(outputs=tmp_path)
    (tmp_path / LESSON / "metrics.json").write_text("changed while it ran")
    report.path("b.png").write_text("new")
    report.close(Source("mnist"), examples=7, finding="So.", accuracy=0.5)
    said = capsys.readouterr().out
    assert "b.png is yours and stays; the new one is b-2.png." in said
    assert "metrics.json is yours and stays; the new one is metrics-2.json." in said
    assert (tmp_path / LESSON / "b.png").read_text() == "mine"
    assert (tmp_path / LESSON / "metrics.json").read_text() == "changed while it ran"
    assert set(listed(tmp_path / LESSON)[1]) == {"b-2.png", "metrics-2.json"}
    run(tmp_path, names=["c.png"])
    assert (tmp_path / LESSON / "b.png").read_text() == "mine"
    assert not (tmp_path / LESSON / "b-2.png").exists()


def test_what_comes_into_the_folder_while_it_is_exchanged_stays(tmp_path, monkeypatch):
    run(tmp_path)
    folder = tmp_path / LESSON
    (folder / "notes").write_text("first")
    exchange = _exchange.exchange

    def late(new, old):
        (folder / "came.txt").write_text("mine")
        (folder / "edited").write_text("second")
        (folder / "edited").replace(folder / "notes")  # as editors save
        return exchange(new, old)

    monkeypatch.setattr(placing, "exchange", late)
    run(tmp_path)
    assert (folder / "came.txt").read_text() == "mine"
    assert {file.read_text() for file in folder.glob("notes*")} == {"first", "second"}


# Links and what cannot be used


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "outputs").mkdir()
    (tmp_path / "big disk").mkdir(mode=0o700)
    (tmp_path / "outputs" / LESSON).symlink_to("../big disk")
    run(tmp_path / "outputs")
    run(tmp_path / "outputs")
    assert (tmp_path / "outputs" / LESSON).readlink() == Path("../big disk")
    assert listed(tmp_path / "big disk")[0] == "complete"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["big disk", "outputs"]
    assert [entry.name for entry in (tmp_path / "outputs").iterdir()] == [LESSON]


@pytest.mark.parametrize("target", ["nowhere", LESSON])
def test_a_link_that_leads_nowhere_is_refused_by_name(tmp_path, target):
    (tmp_path / LESSON).symlink_to(target)
    with pytest.raises(LessonError, match=rf"{LESSON} is a link to {target}, where there is no folder"):
        main(outputs=tmp_path)
    assert (tmp_path / LESSON).readlink() == Path(target)


def test_settings_that_name_what_is_replaced_are_refused(tmp_path, monkeypatch):
    run(tmp_path)
    (tmp_path / LESSON / "photos").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / LESSON / "photos")
    for data in tmp_path / LESSON, tmp_path / LESSON / "photos", tmp_path / "link":
        with pytest.raises(LessonError, match=rf'data="{data}" lies in .*{LESSON}, which this run replaces'):
            main(data=str(data), outputs=tmp_path)
    main(data=str(tmp_path), outputs=tmp_path)
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path / LESSON / "photos"))
    with pytest.raises(LessonError, match='GLASS_ZOO_DATA=".*" lies in'):
        main(outputs=tmp_path)


def test_names_that_are_no_unicode_are_written_with_backslashes(tmp_path, model):
    outputs = tmp_path / os.fsdecode(b"caf\xe9")
    report = main(data=os.fsdecode(b"caf\xe9s"), outputs=outputs)
    report.model(model, [os.fsdecode(b"caf\xe9"), "tea"])
    written = report.close(Source("photos", Path(os.fsdecode(b"caf\xe9s"))), 7, "So.", accuracy=0.5).metrics
    folder = outputs / LESSON
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8")) == written
    assert written["settings"]["data"] == r"caf\udce9s"
    assert json.loads((folder / "labels.json").read_text(encoding="utf-8")) == [r"caf\udce9", "tea"]


# Results of an earlier version, which listed names in a file .files


def earlier(folder, *own):
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps({"lesson": LESSON}))
    for name in own:
        (folder / name).write_text("by an earlier version")
    (folder / ".files").write_text("\n".join(sorted([*own, "metrics.json"])))


def test_results_of_an_earlier_version_are_replaced(tmp_path, disk):
    folder = tmp_path / LESSON
    earlier(folder, "old.png")
    disk.put_users_things(folder)
    own = {"old.png", "metrics.json", ".files"}
    before = {name: thing for name, thing in disk.things_in(folder).items() if name not in own}
    run(tmp_path)
    after = disk.things_in(folder)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"curve.png", "late.txt", "metrics.json", MARKER}


def test_what_was_changed_in_them_long_after_is_refused(tmp_path):
    folder = tmp_path / LESSON
    earlier(folder, "old.png")
    os.utime(folder / "old.png", (2e9, 2e9))
    with pytest.raises(LessonError, match=r"old\.png was changed since"):
        main(outputs=tmp_path)


def test_its_drafts_and_folders_of_the_user_with_such_names_stay(tmp_path, disk, collect):
    for name in f".{LESSON}-abcd1234", f".{LESSON}-mine", f".{LESSON}-draft-mine", f".{LESSON}-unfinished":
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    (tmp_path / f".{LESSON}-draft-linked0").symlink_to(f".{LESSON}-mine")
    before = disk.things_in(tmp_path)
    main(outputs=tmp_path)
    collect()
    assert disk.things_in(tmp_path) == before


# The system refuses


def refuse(number):
    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    return refused


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV, errno.EACCES])
def test_where_the_exchange_is_refused_both_results_are_kept(tmp_path, monkeypatch, disk, number, collect):
    run(tmp_path, "old")
    disk.put_users_things(tmp_path / LESSON)
    before = disk.things_in(tmp_path)
    monkeypatch.setattr(placing, "exchange", refuse(number))
    with pytest.raises(
        LessonError, match=rf"could not be replaced \(.*: the new results are in .*{LESSON}-kept"
    ):
        run(tmp_path, "new")
    collect()
    after = disk.things_in(tmp_path)
    assert {name: after[name] for name in before} == before
    files = listed(tmp_path / f"{LESSON}-kept")[1]
    assert files["late.txt"] == b"new"
    assert {file.name for file in (tmp_path / f"{LESSON}-kept").iterdir()} == {*files, MARKER}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [LESSON, f"{LESSON}-kept"]


@pytest.mark.parametrize("at_once", [True, False])
def test_where_something_cannot_be_moved_all_goes_back(tmp_path, monkeypatch, disk, at_once, collect):
    run(tmp_path, "old")
    disk.put_users_things(tmp_path / LESSON)
    before = disk.things_in(tmp_path)
    rename = Path.rename
    if not at_once:
        monkeypatch.setattr(placing, "exchange", lambda *_: False)

    def stubborn(self, target):
        if self.name == "photos" and LESSON in str(target):
            refuse(errno.EBUSY)()
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(LessonError, match=r"device or resource busy\): the new results are in"):
        run(tmp_path, "new")
    collect()
    after = disk.things_in(tmp_path)
    assert {name: after[name] for name in before} == before
    assert listed(tmp_path / f"{LESSON}-kept")[1]["late.txt"] == b"new"


def test_without_links_and_exchange_all_stays_too(tmp_path, monkeypatch, disk):
    run(tmp_path, "old")
    disk.put_users_things(tmp_path / LESSON)
    before = disk.things_in(tmp_path / LESSON)
    monkeypatch.setattr(_exchange, "_exchange_call", lambda: None)
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    run(tmp_path, "new")
    after = disk.things_in(tmp_path / LESSON)
    own = {"curve.png", "late.txt", "metrics.json", MARKER}
    assert {name: after[name] for name in set(before) - own} == {
        name: thing for name, thing in before.items() if name not in own
    }
    assert listed(tmp_path / LESSON)[1]["late.txt"] == b"new"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
def test_without_roots_rights():
    """Folders that may not be written are moved all the same; what belongs to another is refused."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    (top / "outputs").mkdir()
    os.chown(top / "outputs", 65534, 65534)
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            code = _as_nobody(top / "outputs")
        finally:
            os._exit(code)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert (top / "outputs" / LESSON / "closed" / "x").read_text() == "mine"
        os.chown(top / "outputs" / LESSON, 1234, 1234)
    finally:
        shutil.rmtree(top)


def _as_nobody(outputs):
    run(outputs)
    folder = outputs / LESSON
    (folder / "closed").mkdir()
    (folder / "closed" / "x").write_text("mine")
    (folder / "closed").chmod(0o555)
    run(outputs)
    assert stat.S_IMODE((folder / "closed").stat().st_mode) == 0o555
    assert [entry.name for entry in outputs.iterdir()] == [LESSON]
    folder.chmod(0o555)
    try:
        main(outputs=outputs)
    except LessonError as error:
        assert "permission denied" in str(error)
        return 0
    return 2


# Runs that end early, and runs side by side


def test_a_trained_model_is_kept_whatever_comes_after(tmp_path, model, capsys, collect):
    run(tmp_path, "old")
    report = run(tmp_path, "new", model=model, close=False)
    del report
    collect()
    said = capsys.readouterr().err
    assert f"model of a run that was stopped is kept in {tmp_path / LESSON}-kept." in said
    kind, files = listed(tmp_path / f"{LESSON}-kept")
    assert kind == "model"
    assert set(files) == {"curve.png", "model.keras", "labels.json", "metrics.json"}
    keras.saving.load_model(tmp_path / f"{LESSON}-kept" / "model.keras")
    assert json.loads(files["metrics.json"])["settings"]["seed"] == 0
    assert listed(tmp_path / LESSON)[1]["late.txt"] == b"old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [LESSON, f"{LESSON}-kept"]


def test_of_two_runs_at_once_the_last_one_stays_and_no_draft_is_taken_for_a_dead_one(tmp_path, disk):
    first, second = main(outputs=tmp_path), main(outputs=tmp_path)
    first.path("first.png").write_text("1")
    second.path("second.png").write_text("2")
    first.close(Source("mnist"), 7, "First.", accuracy=0.5)
    disk.put_users_things(tmp_path / LESSON)
    second.close(Source("mnist"), 7, "Second.", accuracy=0.5)
    assert set(listed(tmp_path / LESSON)[1]) == {"second.png", "metrics.json"}
    assert (tmp_path / LESSON / "notes.txt").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == [LESSON]


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_runs_and_a_user_in_any_order_lose_nothing(tmp_path, disk, data):
    """The user adds and removes things between runs that write files of drawn names."""
    outputs = Path(tempfile.mkdtemp(dir=tmp_path))
    folder = outputs / LESSON
    names = st.sampled_from(["a.png", "b.png", "c.csv", "d"])
    run(outputs)
    mine = {}
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(names)
        if not os.path.lexists(folder / name):
            kind = data.draw(st.sampled_from(["file", "folder", "link", "pipe"]))
            {"file": lambda path: path.write_text("mine"), "folder": Path.mkdir, "pipe": os.mkfifo}.get(
                kind, lambda path: path.symlink_to("nowhere")
            )(folder / name)
            mine[name] = disk.things_in(folder)[name]
        run(outputs, "new", data.draw(st.lists(names, unique=True)))
        there = disk.things_in(folder)
        assert {name: there[name] for name in mine} == mine
        assert set(there) == {*mine, MARKER, *listed(folder)[1]}
        assert [entry.name for entry in outputs.iterdir()] == [LESSON]


# Kills


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("older", [True, False])
def test_killed_at_any_event_it_is_in_order_at_the_next_start(
    tmp_path, disk, model, at_once, older, monkeypatch
):
    if not at_once:
        monkeypatch.setattr(_exchange, "_exchange_call", lambda: None)
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    old, mine = None, {}
    if older:
        run(outputs, "old", ["old.png"])
        old = listed(outputs / LESSON)[1]
        disk.put_users_things(outputs / LESSON)
        (outputs / LESSON).chmod(0o700)
        own = {*old, MARKER}
        mine = {
            name: thing[:-1] for name, thing in disk.things_in(outputs / LESSON).items() if name not in own
        }
    with disk.recorded(outputs) as snapshots:
        run(outputs, "new", ["new.png"], model=model)
    new = listed(outputs / LESSON)[1]
    assert len(snapshots) > 30
    for number, snapshot in enumerate(snapshots):
        top = tmp_path / str(number)
        top.mkdir()
        snapshot.put(top)
        report = main(outputs=top)
        kept = [entry.name for entry in top.iterdir() if entry.name != report.path("").parent.name]
        folder = top / LESSON
        if old is not None or folder.exists():
            kind, files = listed(folder)
            assert kind == "complete" and files in (old, new), snapshot.event
            there = disk.things_in(folder, inodes=False)
            assert {name: there[name] for name in mine} == mine, snapshot.event
            assert set(there) == {*mine, MARKER, *files}, snapshot.event
            assert not older or stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert set(kept) <= {LESSON, f"{LESSON}-kept"}, snapshot.event
        if f"{LESSON}-kept" in kept:
            assert listed(top / f"{LESSON}-kept")[1]["model.keras"] == new["model.keras"]
        elif any(
            name.endswith(f"results/{MARKER}") and b"model.keras" in entry[5]
            for name, entry in snapshot.entries.items()
        ):
            assert listed(folder)[1]["model.keras"] == new["model.keras"], snapshot.event
        del report
        shutil.rmtree(top)


def test_while_results_are_exchanged_the_users_files_are_always_there(tmp_path, disk):
    run(tmp_path, "old")
    disk.put_users_things(tmp_path / LESSON)
    with disk.recorded(tmp_path) as snapshots:
        run(tmp_path, "new")
    for snapshot in snapshots:
        there = {Path(name).name for name in snapshot.entries if Path(name).parent == Path(LESSON)}
        assert there >= {"notes.txt", "secret", "broken link", "linked folder", "pipe", "socket", ".hidden"}
        assert there >= {"metrics.json", "curve.png", MARKER}
