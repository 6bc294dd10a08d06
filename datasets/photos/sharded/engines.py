"""A function applied to many items: in this process, or by Ray on a whole machine or a cluster."""

import contextlib
import importlib
import logging
import os
import pickle
import sys
from pathlib import Path

from ...sources import DataError
from .parts import check_parquet

ENGINES = ("threads", "ray")
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # its C++ part reports on what it tries again by itself
}


def check_engine(engine):
    """Refuse an engine that is unknown or not installed.

    Args:
        engine: "threads" or "ray".

    Raises:
        DataError: If there is no such engine, or Ray is not installed.

    Example:
        >>> from datasets.photos.sharded.engines import check_engine
        >>> check_engine("threads")
    """
    if engine not in ENGINES:
        raise DataError(f'engine= is {engine!r}; name "threads" or "ray".')
    if engine == "ray":
        try:
            importlib.import_module("ray.data")
        except ImportError as error:
            raise DataError(
                'engine="ray" needs Ray, which is not installed; install it (pip install "ray[data]"), or '
                'take engine="threads".'
            ) from error


def engine_of(engine, out, checkpoint):
    """The engine of a check whose results go to a folder; None where there is no such folder.

    Args:
        engine: "threads" or "ray".
        out: Folder for Parquet files, or None.
        checkpoint: Folder of the check that keeps no Parquet files, or None.

    Returns:
        `engine`, or None.

    Raises:
        DataError: If they do not go together, or a package is missing.

    Example:
        >>> from datasets.photos.sharded.engines import engine_of
        >>> engine_of("threads", None, None) is None
        True
    """
    check_engine(engine)
    if out is None:
        if engine != "threads":
            raise DataError('engine="ray" needs a folder for the results; name one as out=.')
        return None
    if checkpoint is not None:
        raise DataError("out= keeps what checkpoint= keeps, in Parquet files; name only one of the two.")
    if not isinstance(out, (str, Path)) or not str(out):
        raise DataError(f"out= is {out!r}; name a folder.")
    check_parquet()
    return engine


def applied(prepare, items, engine="threads"):
    """Apply a function to items, in any order.

    Args:
        prepare: Function without arguments that returns the function of an item. Each process that takes
            part calls it once. With Ray both must be importable where the workers run, as functions of a
            module or `functools.partial` of one.
        items: List; with Ray of what can be pickled.
        engine: "threads" for this process, or "ray". Where `RAY_ADDRESS` names a cluster, its machines take
            part: all must reach the same files, and have this project installed.

    Yields:
        What the function returns, as it comes.

    Raises:
        DataError: If Ray is asked for and not installed, or its cluster does not answer.
        ValueError: As `prepare` or the function raise it.

    Example:
        >>> from functools import partial
        >>> from datasets.photos.sharded.engines import applied
        >>> sorted(applied(lambda: len, ["ant", "butterfly"]))
        [3, 9]
    """
    check_engine(engine)
    if engine == "threads" or not items:
        work = prepare() if items else None
        for item in items:
            yield work(item)
        return
    yield from _by_ray(prepare, items)


def _by_ray(prepare, items):
    os.environ |= {name: os.environ.get(name, value) for name, value in QUIET.items()}
    import ray

    started = not ray.is_initialized()
    if started:
        _start(ray, os.environ.get("RAY_ADDRESS") or None)
    logging.getLogger("ray.data").setLevel("ERROR")  # else it prints its plan for every part of the work
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        rows = [{"item": pickle.dumps(item)} for item in items]
        # A block for each item: what a killed worker had begun is done again, and nothing else
        data = ray.data.from_items(rows, override_num_blocks=len(rows))
        workers = max(1, min(len(items), int(ray.cluster_resources().get("CPU", 1))))
        done = data.map(
            Worker, fn_constructor_args=(pickle.dumps(prepare),), compute=_actors(ray, workers), num_cpus=1
        )
        for row in done.iter_rows():
            result = pickle.loads(row["result"])
            if isinstance(result, ValueError):
                raise result
            yield result
    finally:
        if started:
            ray.shutdown()


def _start(ray, address):
    """Join the cluster at an address, or start Ray on this machine where there is none."""
    try:
        with _unheard():
            ray.init(
                address=address,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                runtime_env={"env_vars": _surroundings()},
            )
    except (ValueError, RuntimeError, OSError) as error:  # a ConnectionError is an OSError
        if address is None:
            raise
        raise DataError(
            f"RAY_ADDRESS is {address!r}, where no cluster of Ray answers; name the address that `ray start` "
            "has printed there, or unset it to use this machine alone."
        ) from error


@contextlib.contextmanager
def _unheard():
    """Discard what is written to standard error meanwhile, also by C++ code.

    Ray prints its log level there when it starts. Why it cannot start is in the error that it raises.
    """
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no such output
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _actors(ray, count):
    return ray.data.ActorPoolStrategy(size=count)


class Worker:
    """An actor of Ray, which keeps what it has prepared.

    Args:
        prepare: As for `applied`, pickled.

    Example:
        >>> import pickle
        >>> from datasets.photos.sharded.engines import Worker
        >>> worker = Worker(pickle.dumps(dict))  # of which every call is an error
        >>> worker.work
        {}
    """

    def __init__(self, prepare):
        self.work = pickle.loads(prepare)()

    def __call__(self, row):
        try:
            result = self.work(pickle.loads(row["item"]))
        except ValueError as error:  # a sentence for the user
            result = error
        return {"result": pickle.dumps(result)}


def _surroundings():
    """Environment of the workers: where this package is, if it is not installed, and one thread for each."""
    found = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1") | QUIET
    top = __name__.partition(".")[0]
    if top == "datasets":  # not installed as glass_zoo
        root = str(Path(sys.modules[top].__file__).parents[1])
        found["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return found
