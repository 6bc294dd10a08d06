"""The flags --processes, --coordinator and --rank: a lesson in several processes that train together.

A lesson takes them if it trains within `models.distribution.shared`. They are no settings of its `main`: its
results are the same, however many processes compute them. All of this comes before Keras is loaded.
"""

import argparse
import ast
import os
import sys
import tempfile
from inspect import Parameter
from pathlib import Path
from typing import Literal

from models.distribution.joining import State, is_first, join, joined, leave, wait  # noqa: F401 (the command takes two from here)
from models.distribution.launching import LOST, UNKEPT, WORKER, launch, watch_parent
from models.errors import ModelError
from models.startup import interrupts
from models.startup.surroundings import say

HELP = {
    "processes": "Processes that train together, on JAX: so many on this machine; with --coordinator or "
    '--rank, or as "cluster", those of a cluster, each of which runs this command.',
    "coordinator": "Host and port of the cluster's first process; by default from the environment.",
    "rank": "Number of this process in the cluster, from 0; by default from the environment.",
}
FLAGS = {
    "processes": (int | Literal["cluster"], 1),
    "coordinator": (str | None, None),
    "rank": (int | None, None),
}
_folders = []
RESUMABLE = "the same command with --resume goes on with it."


def takes_processes(file):
    """Whether a command trains within `shared`, read from its file without running it.

    Args:
        file: Path of a lesson.
    """
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "models.distribution" for node in ast.walk(tree)
    )


def parameters():
    """The flags as parameters of a function."""
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in FLAGS.items()
    ]


def begin():
    """Start the processes and end with their exit code, or join those that were started; before Keras loads.

    Raises:
        SystemExit: If this process has started others, or cannot.
    """
    file = getattr(sys.modules["__main__"], "__file__", None)
    if not interrupts.State.is_command or not file or not takes_processes(file):
        return
    given = _given(sys.argv[1:])
    try:
        if WORKER in os.environ:
            watch_parent()
            _join()
        elif given.processes == "cluster" or given.coordinator or given.rank is not None:
            _join(given.coordinator, _number(given.processes), given.rank)
        elif _number(given.processes) not in (None, 1):
            unkept = RESUMABLE if "resumable=True" in Path(file).read_text(encoding="utf-8") else UNKEPT
            interrupts.State.working = True  # signals go to the processes
            sys.exit(launch(_own_command(), _number(given.processes), unkept))
    except ModelError as error:
        say(f"Error: {_in_flags(error)}")
        sys.exit(1)


def of_main(settings):
    """The settings of a lesson's `main` in this process, without the flags of this module.

    Only the first process's results go where the user wants them; the others compute the same, and write it
    to a temporary folder.

    Args:
        settings: {name: value} from the command line.

    Raises:
        ModelError: If several processes are asked for where this process cannot start them.
    """
    if settings.get("processes", 1) != 1 and joined() == 1:
        raise ModelError(
            "Several processes need the lesson to be run as a command, such as python -m tutorials.digits."
        )
    settings = {name: value for name, value in settings.items() if name not in FLAGS}
    if is_first() or "outputs" not in settings:
        return settings
    folder = tempfile.TemporaryDirectory(prefix="results-", dir=os.environ.get(WORKER))
    _folders.append(folder)  # until this process ends
    return settings | {"outputs": Path(folder.name)}


def is_lost(error):
    """Whether an error says that another process is gone; then that is to be spoken of.

    Args:
        error: Of JAX's, in a process that has joined others.
    """
    signs = "Gloo", "gloo", "coordination", "Connection reset", "Connection closed", "heartbeat", "Socket"
    return joined() > 1 and any(sign in str(error) for sign in signs)


def lost():
    """Say that another process is gone, where nobody else does; returns the exit code."""
    if WORKER in os.environ:
        return LOST  # the process that has started this one knows which
    say(f"Error: Another process of this run has ended or cannot be reached: {UNKEPT}")
    return 1


def _join(*arguments):
    join(*arguments)
    State.together = True
    if not is_first():  # they say the same as the first
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


def _given(arguments):
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in FLAGS:
        parser.add_argument(f"--{name}")
    try:
        found = parser.parse_known_args(arguments)[0]
        found.rank = None if found.rank is None else int(found.rank)
    except (SystemExit, ValueError):  # a flag without a value, or with a wrong one: tyro says so later
        found = argparse.Namespace(processes=None, coordinator=None, rank=None)
    return found


def _number(text):
    """A number of processes; None where it is none, which is refused later."""
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


def _own_command():
    """The command line of this process, for others like it."""
    return [sys.executable, *sys.orig_argv[1:]]


def _in_flags(error):
    text = str(error)
    for name in FLAGS:
        text = text.replace(f"{name}= ", f"--{name} ").replace(f"{name}=,", f"--{name},")
    return text
