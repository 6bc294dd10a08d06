"""The surroundings of a command: standard streams, the terminal, environment variables.

`python -m models` and the lessons use it. Nothing here takes time or loads a library.
"""

import contextlib
import errno
import io
import os
import shutil
import sys

from . import interrupts

NARROWEST = 40  # columns: Keras refuses to print a model's summary in a narrower terminal


def prepare():
    """Correct surroundings in which libraries fail, if this process is a command of the project.

    Closed streams are opened on the null device. Invalid values of COLUMNS and MPLBACKEND are replaced.
    An import that fails ends the command with one sentence.
    """
    if not interrupts.State.is_command:
        return
    _prepare_streams()
    sys.excepthook = _while_starting
    os.environ["MPLBACKEND"] = "agg"  # figures go to files; with an unknown name matplotlib does not load
    columns = os.environ.get("COLUMNS", "")
    if not columns.isdecimal() or int(columns) < NARROWEST:
        os.environ.pop("COLUMNS", None)
        if shutil.get_terminal_size().columns < NARROWEST:
            os.environ["COLUMNS"] = "80"


def say(sentence):
    """Print a sentence to standard error; if that cannot be written, do nothing."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(sentence, file=sys.stderr, flush=True)


@contextlib.contextmanager
def readable_output():
    """End a command if its output cannot be written, with one sentence at most.

    Raises:
        SystemExit: With 1, if standard output is full or closed. Nothing is printed where the reader has
            closed a pipe, as `head` does.
    """
    try:
        try:
            yield
        except KeyboardInterrupt:  # do not flush: that can block if the reader is slow
            raise
        except BaseException:
            _flush()
            raise
        _flush()
    except (_OutputError, BrokenPipeError) as error:
        _discard_output()
        if error.errno != errno.EPIPE:
            say(
                f"Error: Standard output cannot be written ({(error.strerror or str(error)).lower()}); free "
                "some space there, or send the output elsewhere."
            )
        sys.exit(1)


def _flush():
    if sys.stdout:  # a program without a console has none
        sys.stdout.flush()


class _OutputError(OSError):
    """An error of standard output, not of another file."""


class _Output(io.TextIOWrapper):
    """Standard output whose errors are `_OutputError`s."""

    def write(self, text):
        with _named():
            return super().write(text)

    def flush(self):
        with _named():
            super().flush()


@contextlib.contextmanager
def _named():
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _OutputError(error.errno, error.strerror) from error


def _while_starting(kind, error, traceback):
    """Print one sentence for a library that cannot be loaded; other errors keep their traceback."""
    if interrupts.State.working or not issubclass(kind, (ImportError, OSError, MemoryError)):
        sys.__excepthook__(kind, error, traceback)
        return
    say(
        f"Error: A library that the project needs cannot be loaded ({_in_short(error)}); install what "
        "requirements.txt lists, and see that this process may use enough memory and open enough files."
    )


def _in_short(error):
    """The message of an error, on one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def _prepare_streams():
    """Open the null device for closed streams; otherwise the next file that is opened gets their number.

    Standard output becomes an `_Output`.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    for name, mode in ("stdin", "r"), ("stdout", "w"), ("stderr", "w"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
    encoding, at_once = sys.stdout.encoding, sys.stdout.line_buffering
    # "replace": a terminal that cannot show a letter, such as the lines of a table, shows "?"
    sys.stdout = sys.__stdout__ = _Output(sys.stdout.detach(), encoding, "replace", None, at_once)


def _discard_output():
    """Discard what is printed from here on, at exit too."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what is still in its buffer is discarded, too
        os.close(nowhere)
