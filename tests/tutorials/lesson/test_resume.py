"""A training that was stopped goes on as if it never had been, and what was left is not trusted blindly."""

import subprocess
import sys
import time
from pathlib import Path

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

from datasets.sources import MARKER
from models.fine_tuning.batches import training_batches
from models.training.checkpoints import TrainingState, training_variables
from tutorials.lesson.report import Report
from tutorials.lesson.resume import Unfinished

LESSON = Path(__file__).stem
PASSES = 7


def main(views=4, resume=False, seed=0, quick=False, outputs=Path("outputs")):
    return Report(main, settings=locals())


def begin(outputs, **settings):
    return Unfinished(main(outputs=outputs, **settings), settings.get("resume", False))


class Killed(BaseException):
    pass


class Kill(keras.callbacks.Callback):
    """Ends a training after a pass; before or after its state is written, by its place in the list."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.after:
            raise Killed


class Examples:
    """Few and noisy ones, so that validation turns for the worse."""

    weights = None

    def __init__(self, count, seed):
        random = np.random.default_rng(seed)
        self.x = random.normal(size=(count, 5)).astype("float32")
        self.y = np.eye(3, dtype="float32")[random.integers(3, size=count)]

    def __len__(self):
        return len(self.x)

    def batches(self, seed, first):
        return training_batches(
            lambda turn, index, places: (self.x[places], self.y[places]), self, 8, seed, first
        )


def train(unfinished, kill=None, before_state=False):
    """One part of a training, as a lesson has it; the network begins otherwise in every process."""
    keras.utils.set_random_seed(1 if not unfinished.resumed else 99)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.5),
            layers.BatchNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.1), "categorical_crossentropy", metrics=["accuracy"], run_eagerly=True
    )
    state = TrainingState(unfinished, "phase")
    kills = [] if kill is None else [Kill(kill)]
    validation = Examples(12, 1)
    model.fit(
        Examples(36, 0).batches([5, 0], state.epochs),
        validation_data=(validation.x, validation.y),
        epochs=PASSES,
        initial_epoch=state.epochs,
        steps_per_epoch=5,
        callbacks=[
            keras.callbacks.LearningRateScheduler(lambda done, rate=None: 0.1 * 0.9**done),
            *(kills if before_state else []),
            state,
            *([] if before_state else kills),
        ],
        shuffle=False,
        verbose=0,
    )
    return model, state


def assert_alike(one, other):
    for first, second in zip(one[0].get_weights(), other[0].get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    for first, second in zip(training_variables(one[0]), training_variables(other[0]), strict=True):
        np.testing.assert_array_equal(np.array(first), np.array(second))
    assert one[1].history == other[1].history
    assert one[1].epochs == other[1].epochs


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A training that nothing stopped."""
    return train(begin(tmp_path_factory.mktemp("whole")))


def test_the_history_holds_every_epoch(whole):
    history = whole[1].history
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"} <= set(history)
    assert all(len(values) == PASSES for values in history.values())


@pytest.mark.parametrize("before_state", [pytest.param(False, marks=pytest.mark.slow), True])
def test_killed_after_every_pass_it_ends_as_if_never_killed(whole, tmp_path, before_state):
    for kill in range(0, PASSES, 3 if before_state else 1):
        with pytest.raises(Killed):
            train(begin(tmp_path, resume=kill > 0), kill, before_state)
    assert_alike(train(begin(tmp_path, resume=True)), whole)
    # Once more, with no epoch left to do
    assert_alike(train(begin(tmp_path, resume=True)), whole)


def test_the_seconds_of_all_runs_are_added_up(tmp_path):
    with pytest.raises(Killed):
        train(begin(tmp_path), 3)
    state = TrainingState(begin(tmp_path, resume=True), "phase")
    assert state.epochs == 4
    assert 0 < state.seconds < 60


def test_without_resume_it_starts_anew(whole, tmp_path):
    with pytest.raises(Killed):
        train(begin(tmp_path), 3)
    unfinished = begin(tmp_path)
    assert {file.name for file in unfinished.folder.iterdir()} <= {"settings.json", "lock", MARKER}
    assert TrainingState(unfinished, "phase").epochs == 0


def test_nothing_to_resume_is_said_and_done_anew(tmp_path, capsys):
    unfinished = begin(tmp_path, resume=True)
    assert f"There is no unfinished run of {LESSON} in {tmp_path}: starting anew." in capsys.readouterr().out
    assert not unfinished.resumed


def test_other_settings_and_other_photos_are_refused_and_what_was_left_stays(tmp_path, collect):
    first = begin(tmp_path)
    first.check_data("abc")
    first.write("phase.state", b"something")
    del first
    collect()
    with pytest.raises(LessonError, match=r"differs from this one \(views was 4\); give the same settings"):
        begin(tmp_path, resume=True, views=5)
    with pytest.raises(LessonError, match=r"differs from this one \(data was abc\).*without --resume\."):
        begin(tmp_path, resume=True).check_data("abd")
    again = begin(tmp_path, resume=True)
    again.check_data("abc")
    assert (again.folder / "phase.state").read_bytes() == b"something"


def test_where_the_photos_are_not_known_no_more_nothing_is_gone_on_with(tmp_path):
    first = begin(tmp_path)
    first.check_data("abc")
    first.write("phase.state", b"something")
    (first.folder / "data.json").write_text("{")
    again = begin(tmp_path, resume=True)
    again.check_data("abd")
    assert not (again.folder / "phase.state").exists()


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A folder of an unfinished run, and its state as it should be."""
    outputs = tmp_path_factory.mktemp("state")
    with pytest.raises(Killed):
        train(begin(outputs), 1)
    unfinished = begin(outputs, resume=True)
    return unfinished, (unfinished.folder / "phase.state").read_bytes()


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_state_is_as_good_as_none(state, data):
    unfinished, sound = state
    cut = data.draw(st.integers(0, len(sound)))
    damaged = bytearray(sound[:cut])
    for place in data.draw(st.lists(st.integers(0, max(0, cut - 1)), max_size=3 if cut else 0, unique=True)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    (unfinished.folder / "phase.state").write_bytes(damaged)
    found = TrainingState(unfinished, "phase")
    assert found.epochs == (2 if damaged == sound else 0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b'"x"', b"[" * 100_000])
def test_damaged_settings_are_as_good_as_none(tmp_path, content):
    left = begin(tmp_path)
    left.write("settings.json", content)
    left.write("phase.state", b"something")
    assert not begin(tmp_path, resume=True).resumed
    assert not (left.folder / "phase.state").exists()


def test_what_the_user_put_there_stays(tmp_path):
    for resume in False, True:
        unfinished = begin(tmp_path, resume=resume)
        unfinished.write("phase.state", b"something")
        (unfinished.folder / "mine.state").write_text("mine")
        (unfinished.folder / "digits").mkdir(exist_ok=True)
        (unfinished.folder / "digits" / "0001.png").write_text("mine")
    unfinished.close()
    assert {file.name for file in unfinished.folder.rglob("*")} == {
        MARKER,
        "mine.state",
        "digits",
        "0001.png",
    }


def test_a_folder_of_that_name_that_no_run_made_is_refused(tmp_path, disk):
    folder = tmp_path / f".{LESSON}-unfinished"
    folder.mkdir()
    (folder / "settings.json").write_text("{}")
    before = disk.things_in(folder)
    with pytest.raises(LessonError, match=r"holds what no run of test_resume made, such as settings\.json"):
        begin(tmp_path)
    assert disk.things_in(folder) == before


def test_what_an_earlier_version_left_is_gone_on_with(tmp_path):
    begin(tmp_path).write("phase.state", b"something")
    folder = tmp_path / f".{LESSON}-unfinished"
    (folder / MARKER).unlink()
    for place in "train/3", "test/4":
        (folder / "digits" / place).mkdir(parents=True)
        (folder / "digits" / place / "0001.png").write_text("a digit")
    again = begin(tmp_path, resume=True)
    assert again.resumed
    assert not (folder / "digits").exists()
    again.close()
    assert not folder.exists()


def test_killed_at_any_event_it_resumes_or_leaves_nothing(tmp_path, disk):
    """The next start of the lesson, even one that does not resume, is the one that tidies up."""
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    with disk.recorded(outputs) as snapshots:
        unfinished = begin(outputs)
        unfinished.check_data("abc")
        unfinished.write("phase.state", b"something")
        unfinished.write("phase.state", b"something else")
        unfinished.close()
    for number, snapshot in enumerate(snapshots):
        top = tmp_path / str(number)
        top.mkdir()
        snapshot.put(top)
        del snapshot
        report = main(outputs=top)
        here = {entry.name for entry in top.iterdir()} - {report.path("").parent.name}
        state = top / f".{LESSON}-unfinished" / "phase.state"
        assert here == ({f".{LESSON}-unfinished"} if state.exists() else set())
        assert not state.exists() or state.read_bytes() in (b"something", b"something else")
        again = Unfinished(report, True)
        again.close()
        del report, again
        assert not list(top.iterdir())


def test_what_fails_before_there_is_anything_to_go_on_with_leaves_nothing(tmp_path, collect):
    unfinished = begin(tmp_path)
    unfinished.check_data("abc")
    folder = unfinished.folder
    del unfinished
    collect()
    assert not folder.exists()
    unfinished = begin(tmp_path)
    unfinished.write("phase.state", b"something")
    del unfinished
    collect()
    assert (folder / "phase.state").exists()


def test_a_complete_run_leaves_nothing_to_resume(tmp_path, capsys):
    unfinished = begin(tmp_path)
    unfinished.check_data("abc")
    unfinished.write("phase.state", b"something")
    unfinished.close()
    assert not unfinished.folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_two_runs_at_once_do_not_spoil_each_other(root, tmp_path):
    holder = (
        "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.lockf(file, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    left = begin(tmp_path)
    left.write("phase.state", b"of the other run")
    folder = left.folder
    del left
    other = subprocess.Popen(
        [sys.executable, "-c", holder, folder / "lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b"held\n"
    for resume in False, True:
        with pytest.raises(LessonError, match="Another run is at work in .*; wait for it, or name another"):
            begin(tmp_path, resume=resume)
    assert (folder / "phase.state").read_bytes() == b"of the other run"
    other.kill()
    other.communicate()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # its lock has gone with it
        try:
            assert not begin(tmp_path).resumed
            break
        except LessonError:
            time.sleep(0.05)
    assert not (folder / "phase.state").exists()
