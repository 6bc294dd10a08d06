"""The command line of every lesson: its flags, its quiet start, its one-sentence errors.

A lesson imports this module first, so that TensorFlow's start-up notices are not printed above the lesson's
output.
"""

import atexit
import contextlib
import gc
import importlib
import inspect
import logging
import math
import os
import signal
import sys
import time

_BEGUN = time.perf_counter()  # before Keras, which takes seconds to load

from models.startup import interrupts
from models.startup.quiet import without_notices
from models.startup.surroundings import readable_output, say
from tutorials.lesson import processes
from tutorials.lesson.flags import flag, header, in_flags, parse


@contextlib.contextmanager
def _uncollected():
    """Look for no garbage in the block, and in a lesson's process never in what the block makes.

    TensorFlow loads a million objects that all stay; looking through them takes most of a second.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if interrupts.State.is_command:
            gc.freeze()
        if enabled:
            gc.enable()


def _load_keras():
    """Import Keras and its backend, without their notices, or end in one sentence.

    Raises:
        SystemExit: With 1, where this process is a lesson; elsewhere whatever Keras raises.
    """
    try:
        with without_notices(shown_on_failure=not interrupts.State.is_command), _uncollected():
            import keras

            # The lessons' shapes and types are these, whatever keras.json says
            keras.config.set_image_data_format("channels_last")
            keras.config.set_floatx("float32")
            keras.ops.zeros(1)  # makes the backend look for its devices, which it also comments on
            keras.ops.transpose([[True]])  # and on how it turns a mask, as recurrent layers do
    except Exception as error:
        if not interrupts.State.is_command:
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        chosen = os.environ.get("KERAS_BACKEND")
        if chosen in ("jax", "torch") and getattr(error, "name", None) == chosen:
            todo = f"KERAS_BACKEND is {chosen!r}; install it (pip install {chosen}), or unset KERAS_BACKEND"
        elif chosen and chosen != "tensorflow":
            todo = f"KERAS_BACKEND is {chosen!r}; unset it, or set it to 'tensorflow', 'jax' or 'torch'"
        elif isinstance(error, (ImportError, OSError, MemoryError)):
            todo = "install what requirements.txt lists, and see that this process may use 4 GB of memory"
        else:
            folder = os.environ.get("KERAS_HOME") or "~/.keras"
            todo = f"look at {folder}/keras.json, or remove it"
        say(f"Error: Keras cannot be loaded ({reason.rstrip('.')}); {todo}.")
        sys.exit(1)


def _load_tensorflow(main):
    """Load TensorFlow without its notices, where another backend computes and the lesson sets a seed.

    `keras.utils.set_random_seed` loads it in any case. Its notice, that no GPU will be used, would be read as
    if it were about the backend that computes.
    """
    if "seed" in inspect.signature(main).parameters and os.environ.get("KERAS_BACKEND") in ("jax", "torch"):
        with contextlib.suppress(Exception), without_notices(shown_on_failure=False), _uncollected():
            importlib.import_module("tensorflow")


def _help():
    """Print what --help prints before Keras is loaded, if this process is a lesson and was asked for it."""
    if interrupts.State.is_command and not {"-h", "--help"}.isdisjoint(sys.argv):
        main = header(sys.modules["__main__"].__file__)
        if main:
            with readable_output():
                parse(main)


_help()
processes.begin()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
logging.getLogger("tensorflow").setLevel("ERROR")  # it warns of retracing wherever models are many
logging.getLogger("matplotlib").setLevel("ERROR")  # and matplotlib of a home folder that it may not use
_load_keras()

from datasets import DataError
from datasets.files.names import sentence
from models import ModelError

# For `fit` and `predict`: a progress bar on a terminal, one line an epoch in a file or pipe
VERBOSE = 1 if sys.stdout and sys.stdout.isatty() else 2
# Settings that decide how much memory a run needs, those first that are lowered most easily
OF_MEMORY = (
    "batch_size", "image_size", "views", "word_pairs", "train_images", "train_pictures", "train_letters",
    "train_clips", "frames", "size", "seconds", "hertz", "vocabulary_size",
)  # fmt: skip


class LessonError(ValueError):
    """A setting or folder that a lesson cannot use: one sentence that names it, and what to do.

    As in the library's errors, a setting is named as the argument of a function, such as `batch_size=`.
    """


def check_positive(**settings):
    """Refuse settings that are zero, negative or no finite number; None means "by default" and passes.

    Args:
        **settings: Numbers, or tuples of them, which must have one or more.

    Raises:
        LessonError: Names the setting and the value.
    """
    for name, given in settings.items():
        values = given if isinstance(given, tuple) else (given,)
        if not values:
            raise LessonError(f"{name}= names none; give one or more.")
        for value in values:
            if value is not None and not 0 < value < math.inf:
                number = "a finite number more" if value == math.inf else "more"
                raise LessonError(f"{name}= must be {number} than 0, not {value}.")


def begun():
    """The moment that a run's seconds count from, by `time.perf_counter()`.

    Of a command, that is before Keras was loaded; of a call in Python, now.
    """
    return _BEGUN if interrupts.State.is_command else time.perf_counter()


def run(main, resumable=False):
    """Call `main` with the flags of the command line, which its signature and docstring define.

    An expected error is shown as its one sentence and ends the program with 1, a flag that
    cannot be used with 2, Ctrl-C with 130, SIGTERM with 143. Anything else is a bug and keeps its
    traceback.

    Args:
        main: The lesson's main function.
        resumable: Whether its --resume goes on with a run that was stopped.
    """
    try:
        interrupts.begin()
        code = _exit_code(main)
        interrupts.end()
    except KeyboardInterrupt as stop:
        _stop(getattr(stop, "number", signal.SIGINT), resumable)
    except Exception:
        if not interrupts.requested():
            raise
        _stop(interrupts.State.number, resumable)  # a library made another error of it
    if code and interrupts.State.is_command:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
            sys.stderr.flush()
        _leave(code)
    if code is not None:
        sys.exit(code)


def _exit_code(main):
    """Call `main`, and show an expected error as its sentence: the exit code, None for success."""
    try:
        with readable_output():
            call = parse(main)
            _load_tensorflow(main)
            call()
        processes.wait()  # for those that compute the same
    except (DataError, ModelError, LessonError) as error:
        say(f"Error: {sentence(in_flags(str(error), main))}")
        return 1
    except Exception as error:
        if processes.is_lost(error) and not interrupts.requested():
            return processes.lost()
        if not _of_memory(error):
            raise
        names = [name for name in OF_MEMORY if name in inspect.signature(main).parameters]
        flags = ", ".join(map(flag, names))
        todo = f"lower {flags}" if flags else "end other programs, or take smaller inputs"
        say(f"Error: There is not enough memory for this run; {todo}.")
        return 1
    except SystemExit as stop:
        return stop.code
    return None


def _of_memory(error):
    """Whether an error, of Python's or of TensorFlow's, says that there is no more memory."""
    named = {kind.__name__ for kind in type(error).__mro__}
    return not named.isdisjoint({"MemoryError", "ResourceExhaustedError"})


def _stop(number, resumable):
    """End after a signal: say so, remove drafts, and leave."""
    interrupts.tidy_up()
    kept = {"kept": "the same command with --resume goes on with it"} if resumable else {}
    say(f"\n{interrupts.sentence(number, **kept)}")
    _leave(128 + number)


def _leave(code):
    """End the process as at any exit, but at once.

    The ordinary way out ends in an abort now and then, where a training step still runs in TensorFlow's
    threads. What was printed last may be lost, since nobody may be reading it any more.
    """
    processes.leave()
    atexit._run_exitfuncs()
    os._exit(code)
