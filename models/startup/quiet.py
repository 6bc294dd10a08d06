"""Suppress the notices that native libraries write to standard error."""

import contextlib
import logging
import os
import sys
import tempfile


@contextlib.contextmanager
def without_notices(shown_on_failure=True):
    """Suppress what native code writes to standard error.

    Args:
        shown_on_failure: Whether to show it if the block fails.
    """
    try:
        sys.stderr.flush()
        terminal = os.dup(2)
    except (OSError, ValueError, AttributeError):  # standard error is closed or full: nothing to suppress
        yield
        return
    with _scratch() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            if shown_on_failure and held.seekable():
                held.seek(0)
                os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _scratch():
    """A temporary file; where there is no folder for one, the null device."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return open(os.devnull, "r+b")  # noqa: PTH123


def without_retracing_notices():
    """Let TensorFlow not warn that it compiles models, where several models are used one after the other.

    Its advice, to build a function once, does not apply there. Other warnings stay.
    """
    logging.getLogger("tensorflow").addFilter(_is_no_retracing)


def _is_no_retracing(record):
    return "triggered tf.function retracing" not in record.getMessage()
