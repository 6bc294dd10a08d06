"""The command line of every lesson: its flags, its quiet start, its one-sentence errors.

A lesson imports this module first, so that TensorFlow's start-up notices do not stand above
what the lesson has to say.
"""

import atexit
import contextlib
import functools
import inspect
import io
import logging
import os
import re
import sys
import tempfile
from pathlib import Path

import tyro


@contextlib.contextmanager
def without_notices():
    """Hold back what native code writes to standard error; show it if the block fails."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
logging.getLogger("tensorflow").setLevel("ERROR")  # it warns of retracing wherever models are many
with without_notices():
    import keras

    keras.ops.zeros(1)  # makes the backend look for its devices, which it also comments on
    keras.ops.transpose([[True]])  # and on how it turns a mask, as recurrent layers do

from datasets import DataError
from datasets import _names as names
from models import ModelError

# For `fit` and `predict`: a progress bar on a terminal, one line an epoch in a file or pipe
VERBOSE = 1 if sys.stdout.isatty() else 2


class LessonError(ValueError):
    """A setting or folder that a lesson cannot use: one sentence that names it, and what to do."""


def check_positive(**settings):
    """Refuse settings that are zero or negative; None means "by default" and passes.

    Raises:
        LessonError: Names the flag and the value.
    """
    for name, value in settings.items():
        if value is not None and not value > 0:
            raise LessonError(f"--{name.replace('_', '-')} must be more than 0, not {value}.")


def run(main, resumable=False):
    """Call `main` with the flags of the command line, which its signature and docstring define.

    An expected error is shown as its one sentence and ends the program with 1, a flag that
    cannot be used with 2, Ctrl-C with 130. Anything else is a bug and keeps its traceback.

    Args:
        main: The lesson's main function.
        resumable: Whether its --resume goes on with a run that was stopped.
    """
    with contextlib.suppress(AttributeError):  # a terminal that cannot show a box still runs
        sys.stdout.reconfigure(errors="replace")
    try:
        _parse(main)()
    except (DataError, ModelError, LessonError) as error:
        print(f"Error: {names.sentence(error)}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        kept = "the same command with --resume goes on with it" if resumable else "this run is not kept"
        print(
            f"\nStopped by Ctrl-C: {kept}, and the results of earlier, complete runs are as they were.",
            file=sys.stderr,
            flush=True,
        )
        # Tidy up as at any exit, but at once: a step that still runs in TensorFlow's threads now
        # and then makes the ordinary way out end in an abort
        atexit._run_exitfuncs()
        os._exit(130)
    except BrokenPipeError:  # whoever read along has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _parse(main):
    """`main` with its settings taken from the command line, ready to be called."""

    @functools.wraps(main)
    def with_settings(*arguments, **settings):
        return functools.partial(main, *arguments, **settings)

    file = Path(inspect.getfile(main))
    frame = io.StringIO()
    try:
        with contextlib.redirect_stderr(frame):
            return tyro.cli(
                with_settings,
                prog=f"python -m {file.parent.name}.{file.stem}",
                config=(tyro.conf.DisallowNone, tyro.conf.FlagCreatePairsOff),
            )
    except SystemExit as stop:
        if stop.code:  # tyro explains in a framed box; its first paragraph is the error
            lines = [line.strip("│ ") for line in frame.getvalue().splitlines()[1:]]
            border = [not line or line[0] in "─╰-" and set(line) <= set("─╰╯-") for line in lines]
            begin = border.index(False)  # where no box can be shown, a line of "-" comes first
            end = border.index(True, begin) if True in border[begin:] else None
            sentence = " ".join(lines[begin:end]).rstrip(".")
            if flag := re.match(r"Error parsing (--[\w-]+):.*'(.*)'", sentence):
                sentence = f"{flag[1]} cannot be {flag[2]!r}"
            print(
                f"Error: {names.sentence(sentence)}; --help lists the flags and their values.",
                file=sys.stderr,
            )
        raise
