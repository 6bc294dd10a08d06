"""A process in which hostile input is tried; it may hang, grow or die, and the runner notices.

Started with the names of the kinds that it will be asked for, so that their modules are loaded
before the clock runs. Reads a case a line from standard input, `{"kind", "seed", "folder"}`, and
answers each with a line.
"""

import contextlib
import json
import os
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

from fuzzing import watching
from fuzzing.mutators import damage_file
from fuzzing.targets import TARGETS, is_own

PROJECT = Path(__file__).parents[3]
PARTS = ("input", "outputs", "cwd", "home", "tmp")
MEGABYTE = 1 << 20


def make(target, seed, folder):
    """Write the input of a case: a good one for a negative seed, else a spoiled one.

    Returns:
        Its path below `folder`.
    """
    draws = random.Random(seed)
    path = target.good(draws, folder)
    if seed < 0:
        return path
    within = draws.choice((0, 1, 1, 2)) if target.harms else 0
    anywhere = draws.choice((0, 1, 2) if within else (1, 2)) if target.damaged else 0
    changes = [draws.choice(target.harms) for _ in range(max(within, not anywhere))]
    for change in [*changes, *[damage_file] * anywhere]:
        try:
            change(draws, path)
        except Exception:  # an earlier change left nothing for this one to work on
            break
    return path


def attempt(kind, seed, folder):
    """Try one case.

    Returns:
        A dictionary with "outcome" ("result" or "refused"), "said", and "failures": pairs of a short
        name and all that is known of it.
    """
    target = TARGETS[kind]
    for part in PARTS:
        (folder / part).mkdir()
    _enter(folder)
    path = make(target, seed, folder / "input")
    before = watching.snapshot(folder / "input")
    for name in ("stdout.txt", "stderr.txt"):  # what was said in the making does not count
        os.truncate(folder / name, 0)
    print(json.dumps({"made": path.name}), file=ANSWERS, flush=True)

    outcome, said, failures = "result", "", []
    rss, cpu = watching.start_peak(), time.process_time()
    may_write = [folder / part for part in ("tmp", target.writes) if part]
    with _limited(target), watching.watch(may_write) as seen:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                target.use(path, folder / "outputs")
        except BaseException as error:
            outcome, said = "refused", str(error)
            if is_own(error):
                failures += watching.not_one_sentence(said)
                if target.must_work or seed < 0:
                    failures.append(("good input is refused", said))
            else:
                failures.append((_place(error), traceback.format_exc()))
    cpu, peak = time.process_time() - cpu, (watching.peak() - rss) // MEGABYTE
    if cpu > target.seconds:
        failures.append(("slow", f"took {cpu:.1f} s of processor time where {target.seconds} are allowed"))
    if peak > target.megabytes:
        failures.append(("memory", f"took {peak:,} MB of memory where {target.megabytes:,} are allowed"))
    failures += [(what.partition(":")[0], what) for what in seen]
    changed = target.changes or watching.changes
    failures += [("changes its input", what) for what in changed(before, watching.snapshot(folder / "input"))]
    for part in ("cwd", "home", "tmp"):
        failures += [(f"leaves files in {part}", left) for left in map(str, (folder / part).iterdir())]
    sys.stdout.flush()
    sys.stderr.flush()
    failures += watching.noise(folder / "stderr.txt", target.command and outcome == "refused")
    if target.command:
        failures += watching.unfit_for_a_terminal(folder / "stdout.txt")
    return {"outcome": outcome, "said": said, "failures": failures, "cpu": cpu, "peak": peak}


def _enter(folder):
    """Give the case a current folder, a home and a place for temporary files of its own."""
    os.chdir(folder / "cwd")
    home, temporary = str(folder / "home"), str(folder / "tmp")
    os.environ |= {"HOME": home, "KERAS_HOME": home, "TMPDIR": temporary, "TMP": temporary, "TEMP": temporary}
    tempfile.tempdir = temporary
    for number, name in ((1, "stdout.txt"), (2, "stderr.txt")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)


@contextlib.contextmanager
def _limited(target):
    """Let an allocation fail that is far beyond what the case may take, before the machine suffers."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = watching.status("VmSize") + (2 * target.megabytes + 1024) * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _place(error):
    """An error's kind and the deepest place in the project that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(PROJECT)]
    own = [frame for frame in own if "site-packages" not in frame.filename] or frames
    return f"{type(error).__name__} in {Path(own[-1].filename).name}, {own[-1].name}"


def main():
    """Answer cases until standard input ends."""
    cases = os.fdopen(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for kind in sys.argv[1:]:
        TARGETS[kind].load()
    watching.install()
    print(json.dumps({"ready": True}), file=ANSWERS, flush=True)
    for line in cases:
        case = json.loads(line)
        answer = attempt(case["kind"], case["seed"], Path(case["folder"]))
        os.chdir(PROJECT)
        print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    # What is attacked may print: answers have a way of their own
    ANSWERS = os.fdopen(os.dup(1), "w")
    main()
