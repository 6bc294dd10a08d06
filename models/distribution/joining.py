"""Joining the processes that train together, on this machine or on several."""

import atexit
import contextlib
import importlib.util
import os
import sys

from ..errors import ModelError

SILENCE = 20  # seconds after which a process that is not heard of is given up
PARTING = 20  # seconds that a process waits at its end for the others to end
PATIENCE = 300  # seconds that the first process waits for the others, and these for it
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
        jax.distributed.initialize(
            coordinator,
            processes,
            rank,
            initialization_timeout=PATIENCE,
            heartbeat_timeout_seconds=SILENCE,
            shutdown_timeout_seconds=PARTING,
        )
    except (RuntimeError, ValueError, OSError) as error:  # all that a cluster's own library raises
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise ModelError(
            f"The other processes cannot be joined ({reason}); call join before anything is computed, and "
            "name coordinator=, processes= and rank= where the cluster does not tell them."
        ) from error
    with _quiet_output():
        wait()


def _is_address(text):
    """Whether a text is HOST:PORT."""
    host, colon, port = str(text).rpartition(":")
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
