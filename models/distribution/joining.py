"""Joining the processes that train together, on this machine or on several."""

import atexit
import contextlib
import importlib.util
import os
import socket
import sys
import threading
import time

from ..errors import ModelError

SILENCE = 20  # seconds after which a process that is not heard of is given up
PARTING = 20  # seconds that a process waits at its end for the others to end
PATIENCE = 300  # seconds that the first process waits for the others, and these for it
NOTICE = 20  # seconds after which it says that it waits
WORKER = "GLASS_ZOO_WORKER"  # set in processes that `launch` starts: a folder for what they do not keep
# What Keras calls them; `keras.distribution.initialize` reads the same
COORDINATOR, PROCESSES, RANK = (
    f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
)
NEEDED = "Several processes train together on JAX only"


class State:
    """Where this process is.

    Attributes:
        together: Whether all processes compute the same, step by step, so that they may ask each other: in a
            command that they run together, and while a classifier is trained on all of them.

    Example:
        >>> State.together
        False
    """

    together = False


def check_jax():
    """Refuse where JAX is missing, or where Keras computes with something else.

    Raises:
        ModelError: Says what to install or to set.

    Example:
        >>> import keras
        >>> try:
        ...     check_jax()
        ... except ModelError as error:
        ...     print(str(error).partition(";")[0])
        Several processes train together on JAX only
    """
    if not importlib.util.find_spec("jax"):
        raise ModelError(f"{NEEDED}; install it with pip install jax, and set KERAS_BACKEND=jax.")
    keras = sys.modules.get("keras")
    chosen = keras.backend.backend() if keras else os.environ.get("KERAS_BACKEND", "jax")
    if chosen != "jax":
        raise ModelError(
            f"{NEEDED}; KERAS_BACKEND is {chosen!r}, set KERAS_BACKEND=jax before Keras is loaded."
        )


def join(coordinator=None, processes=None, rank=None):
    """Join the other processes; each of them calls this first, before anything is computed.

    What is not given is taken from the environment: `KERAS_DISTRIBUTION_JOB_ADDRESSES`, `…_NUM_PROCESSES`
    and `…_PROCESS_ID`, or what SLURM, Kubernetes, Open MPI or a TPU pod say, as `jax.distributed.initialize`
    knows them.

    Args:
        coordinator: Host and port of the first process, such as "10.0.0.1:1234".
        processes: Number of processes.
        rank: Number of this process, from 0.

    Raises:
        ModelError: If JAX is missing or has begun to compute, or the others cannot be found.

    Example:
        >>> try:
        ...     join("127.0.0.1:1234", processes=2, rank=2)
        ... except ModelError as error:
        ...     print(str(error).partition(",")[0])
        rank= is 2
    """
    given = os.environ.get
    coordinator = coordinator or (given(COORDINATOR) or "").partition(",")[0] or None
    processes, rank = _whole(processes, PROCESSES), _whole(rank, RANK)
    if processes is not None and processes < 1:
        raise ModelError(f"processes= must be 1 or more, not {processes}.")
    if rank is not None and not 0 <= rank < (processes or rank + 1):
        raise ModelError(
            f"rank= is {rank}, and must be from 0 to {(processes or 1) - 1}, as processes count."
        )
    if coordinator is not None and not _is_address(coordinator):
        raise ModelError(
            f"coordinator= is {coordinator!r}; name the first process's host and a free port from 1 to "
            "65535, such as 10.0.0.1:1234."
        )
    check_jax()
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    with contextlib.suppress(AttributeError):  # earlier versions have none
        jax.config.update("jax_enable_preemption_service", False)  # it takes SIGTERM, which then ends nothing
    try:
        if rank == 0 and coordinator is not None:
            _check_port(coordinator)
        _connect(jax, coordinator, processes, rank)
    except ModelError:
        raise
    except Exception as error:  # a cluster's own library raises many, such as KeyError
        reason = " ".join(str(error).split())[:300].rstrip(".")
        todo = "name coordinator=, processes= and rank= where the cluster does not tell them"
        if "before any" in reason:  # so JAX begins to say that it has computed already
            todo = "call join before anything is computed"
        raise ModelError(f"The other processes cannot be joined ({reason}); {todo}.") from error
    with _quiet_output():
        wait()


def _check_port(coordinator):
    """Refuse a port that is taken: JAX would listen there as well, and each would get some of the calls."""
    port = int(coordinator.rpartition(":")[2])
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("", port))
        except OSError as error:
            raise ModelError(
                f"coordinator= is {coordinator!r}, but port {port} cannot be listened on here "
                f"({(error.strerror or str(error)).lower()}); name a free one in all processes."
            ) from error


def _connect(jax, coordinator, processes, rank):
    """Wait for the other processes in a thread, so that this one still hears Ctrl-C and the like."""
    failed, done, began = [], threading.Event(), time.monotonic()

    def connect():
        try:
            jax.distributed.initialize(
                coordinator,
                processes,
                rank,
                initialization_timeout=2 * PATIENCE,  # at whose end JAX aborts the process
                heartbeat_timeout_seconds=SILENCE,
                shutdown_timeout_seconds=PARTING,
            )
        except BaseException as error:
            failed.append(error)
        done.set()

    threading.Thread(target=connect, daemon=True).start()
    where = f" at {coordinator}" if coordinator else ""
    missing = f"the first process{where}" if rank else "all of the other processes"
    told = WORKER in os.environ  # where they are started together, nobody need be told
    try:
        while not done.wait(0.1):
            if time.monotonic() - began > PATIENCE:
                raise ModelError(
                    f"This process has waited {PATIENCE} s for {missing}; start them within that time, with "
                    "the same coordinator= and processes=, where they can reach each other."
                )
            if not told and time.monotonic() - began > NOTICE:
                told = True
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    print(f"Waiting for {missing}, {PATIENCE} s at most.", file=sys.stderr, flush=True)
    except BaseException:  # also for Ctrl-C: JAX would wait at the end of this process
        _end_without_the_others(jax)
        raise
    if failed:
        raise failed[0]


def _is_address(text):
    """Whether a text is HOST:PORT; a host with colons, of IPv6, is in brackets."""
    host, colon, port = str(text).rpartition(":")
    if any(letter.isspace() for letter in host) or (":" in host.strip("[]")) != host.startswith("["):
        return False
    return bool(host and colon) and port.isascii() and port.isdecimal() and 1 <= int(port[:9]) <= 65535


@contextlib.contextmanager
def _quiet_output():
    """Hold back what native code writes to standard output when processes are connected."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def leave():
    """Let this process end without the others: JAX would wait for them at the end, and they for it.

    Example:
        >>> leave()
    """
    if jax := _jax_in_use():
        _end_without_the_others(jax)


def _end_without_the_others(jax):
    with contextlib.suppress(AttributeError):
        atexit.unregister(jax._src.api.clean_up)


def joined():
    """The number of processes that this one has joined, itself included; 1 where it is alone.

    Example:
        >>> joined()
        1
    """
    jax = _jax_in_use()
    return jax.process_count() if jax else 1


def is_first():
    """Whether this is the first of the processes: the one that writes.

    Example:
        >>> is_first()
        True
    """
    jax = _jax_in_use()
    return jax.process_index() == 0 if jax else True


def wait():
    """Wait for the other processes, such as until the first has written a file; each of them must call this.

    Example:
        >>> wait()
    """
    if joined() > 1:
        from jax.experimental.multihost_utils import sync_global_devices

        sync_global_devices("wait")


def _jax_in_use():
    """JAX, if this process has joined others; nothing is loaded for that."""
    jax = sys.modules.get("jax")
    return jax if jax and hasattr(jax, "distributed") and jax.distributed.is_initialized() else None


def _whole(value, name):
    """A whole number, or what the environment says under this name."""
    value = os.environ.get(name) if value is None else value
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ModelError(f"{name} must be a whole number, not {value!r}.") from None
