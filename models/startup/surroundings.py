"""What a command of the project finds around it: streams, a terminal, the environment.

`python -m models` and the lessons share it. Nothing here takes time or loads a library.
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
    """Put right what libraries stumble over, if this process is a command of the project's.

    Streams that are closed are opened on the null device. A nonsensical COLUMNS or MPLBACKEND does
    not count. An import that fails ends in one sentence.
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
    """Print a sentence to standard error; where it cannot be read, do nothing."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(sentence, file=sys.stderr, flush=True)


@contextlib.contextmanager
def readable_output():
    """Around all that a command prints: output that cannot be written ends it, with one sentence at most.

    Raises:
        SystemExit: With 1, if standard output is full or gone. A reader that has left, as `head`
            does, is told nothing.
    """
    try:
        try:
            yield
        except KeyboardInterrupt:  # at once: a reader that waits would keep it from ending
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
    """An error of standard output, which is no error of another file."""


class _Output(io.TextIOWrapper):
    """Standard output whose errors can be told from those of other files."""

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
    """One sentence for a library that cannot be loaded; other errors are bugs, and keep their traceback."""
    if interrupts.State.working or not issubclass(kind, (ImportError, OSError, MemoryError)):
        sys.__excepthook__(kind, error, traceback)
        return
    say(
        f"Error: A library that the project needs cannot be loaded ({_in_short(error)}); install what "
        "requirements.txt lists, and see that this process may use enough memory and open enough files."
    )


def _in_short(error):
    """What an error says, on one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def _prepare_streams():
    """Open the null device in place of closed streams; else the next file that is opened takes their place.

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
    """Send what is still printed, at exit too, nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what is still waiting in there goes with it
        os.close(nowhere)
