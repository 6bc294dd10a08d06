"""What is measured in a process of its own, so that its time and its memory are not those of others."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from tutorials.lesson.command import LessonError


def measured_apart(what, *arguments):
    """Run a module of this repository, which prints what it measured as a line of JSON, and give that.

    Args:
        what: What is measured, for the sentence where it fails, such as "1,000 photos".
        *arguments: The module's name and its flags.

    Returns:
        What the line holds.

    Raises:
        LessonError: If the process fails or is killed.
    """
    told = run_apart(what, *arguments)
    return json.loads(next(line for line in reversed(told.splitlines()) if line.startswith("{")))


def run_apart(what, *arguments, watched=None):
    """Run a module of this repository, and give what it prints.

    Args:
        what, *arguments: As for `measured_apart`.
        watched: Function that is called with the number of the process once it has begun.

    Returns:
        str.

    Raises:
        LessonError: If the process fails or is killed.
    """
    command = [sys.executable, "-m", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as child:
        try:
            if watched is not None:
                watched(child.pid)
            told, wrong = child.communicate()
        except BaseException:  # such as Ctrl-C: it is not left behind
            child.kill()
            raise
    if child.returncode < 0:
        raise LessonError(
            f"{what} failed (its process was killed by signal {-child.returncode}; there may be too little "
            "memory)."
        )
    if child.returncode:
        last = (wrong.strip() or f"exit code {child.returncode}").splitlines()[-1]
        raise LessonError(f"{what} failed ({last.removeprefix('Error: ').rstrip('.')}).")
    return told


def most_memory():
    """The most bytes of memory that this process has had at a moment.

    On Linux `getrusage` starts with what the process that started this one had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
