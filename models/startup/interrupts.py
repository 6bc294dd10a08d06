"""Ctrl-C, SIGTERM and a closed terminal: a command of the project ends with one sentence.

This is the first module that `python -m models` and the lessons load, so it imports next to nothing:
Ctrl-C must work from the first moment on, also while TensorFlow is being imported.
"""

import os
import signal
import sys
import time

FOLDERS = ("models", "tutorials", "benchmarks")  # a module or file in one of these is a command
AGAIN = 3.0  # seconds: a second signal within them is the same request, and must not stop the tidy-up
REASONS = {
    "SIGINT": "Stopped by Ctrl-C",
    "SIGTERM": "Stopped by SIGTERM, the request to end",
    "SIGHUP": "Stopped because the terminal was closed",
}


class Stopped(KeyboardInterrupt):
    """Raised by a signal that asks a command to end while it works.

    Args:
        number: The signal's number.
    """

    def __init__(self, number):
        super().__init__(number)
        self.number = number


class State:
    """Where this process is.

    Attributes:
        insists: Whether the next signal is not of the user's, but the last one's again.
        is_command: Whether Python was started with one of the project's commands. In a notebook, a
            test or another program, signals are not handled here.
        working: Whether `main` of the command has begun, so that there may be drafts to remove.
        ending: Whether a signal has stopped it, and its drafts are being removed.
        stopped: When the last signal came, by `time.monotonic()`.
        number: The number of that signal.
        terminal: A copy of standard error, which stays while notices are held back.
    """

    insists, is_command, working, ending = False, False, False, False
    stopped, number, terminal = -AGAIN, signal.SIGINT, 2


def start():
    """Make signals end this process with one sentence, if it is a command of the project."""
    if State.is_command or not _is_command():
        return
    State.is_command = True
    try:
        State.terminal = os.dup(2)
    except OSError:
        State.terminal = -1  # standard error is closed
    for name in REASONS:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # Where the parent process has a signal ignored, as nohup does, it stays ignored
        if number and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _on_signal)
    sys.unraisablehook = _on_dropped_exception


def begin():
    """Make signals raise `Stopped` from here on, since there may be drafts to remove."""
    State.working = True


def tidy_up():
    """Ignore further signals while drafts are removed, unless that takes more than 3 s."""
    State.ending = True


def end():
    """Ignore signals from here on: the results are complete."""
    if State.is_command:
        for name in REASONS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)


def requested():
    """Whether a signal came a moment ago: libraries turn `Stopped` into other errors."""
    return time.monotonic() - State.stopped < AGAIN


def sentence(number, kept="this run is not kept"):
    """The message when a signal ends a command.

    Args:
        number: The signal's number.
        kept: What happens to the results of this run.
    """
    reason = REASONS.get(signal.Signals(number).name, REASONS["SIGINT"])
    return f"{reason}: {kept}, and the results of earlier, complete runs are as they were."


def _is_command():
    """Whether Python was started with `-m` and a module of the project's, or with a file of its own."""
    argv = getattr(sys, "argv", None) or [""]
    if argv[0] == "-m":  # so it is while Python imports the packages that the module is in
        given = getattr(sys, "orig_argv", [])
        for place, option in enumerate(given[1:], start=1):
            if option[:1] == "-" and option[1:2] != "-" and "m" in option:  # -m, -um, -mtutorials.digits
                module = option.partition("m")[2] or "".join(given[place + 1 : place + 2])
                if module.partition(".")[0] in FOLDERS:
                    return True
        return False
    try:
        path = os.path.realpath(argv[0])
    except OSError:  # the current folder has been deleted
        return False
    root = os.path.realpath(__file__)[: -len("models/startup/interrupts.py")]
    return path.endswith(".py") and path.startswith(tuple(root + name + os.sep for name in FOLDERS))


def _on_signal(number, frame):
    insists, State.insists = State.insists, False
    if requested() or (insists and (State.ending or _is_unwinding())):
        return
    if State.ending:
        os._exit(128 + number)
    State.stopped, State.number = time.monotonic(), number
    if State.working:
        _send_again(AGAIN + 1)
        raise Stopped(number)
    # There is nothing to tidy up yet. An exception would not do: it would come up in the middle of an
    # import, where native code drops it or makes an ImportError of it
    State.ending = True
    try:  # noqa: SIM105  (contextlib is one import more)
        os.write(State.terminal, f"\n{sentence(number)}\n".encode())
    except OSError:
        pass  # nobody can read it
    os._exit(128 + number)


def _is_unwinding():
    """Whether what was interrupted are the last steps after a `Stopped`, such as a `finally`."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _on_dropped_exception(dropped):
    """Raise a `Stopped` again that was raised where Python ignores exceptions, such as in `__del__`."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    _send_again(0.05)


def _send_again(seconds):
    """Send the last signal once more, in case that native code drops `Stopped` without a word."""
    import threading

    again = threading.Timer(seconds, _insist)
    again.daemon = True
    again.start()


def _insist():
    if State.ending:
        return
    State.stopped, State.insists = -AGAIN, True
    if hasattr(signal, "pthread_kill"):  # not on Windows; it also wakes a thread that waits
        import threading

        signal.pthread_kill(threading.main_thread().ident, State.number)
    else:
        signal.raise_signal(State.number)
