"""How much memory is free, and how much a model needs: what is too large is refused before it is tried."""

import math
import os
import sys
from pathlib import Path

import keras

from models._errors import ModelError
from models._graphs import is_graph

UNKNOWN = 16 << 30  # bytes taken to be free where the system does not tell
NO_LIMIT = 1 << 60  # bytes: control groups write some such number for "no limit"
# Bytes that training takes for each byte of the layers' outputs: the outputs are kept for the backward
# pass, and gradients of about as many are at work with them. Measured: 1.1 to 1.8 times the outputs
TRAINING = 2
# The same for an answer, for each byte of the largest output: a layer's input and output, and work space
ANSWERING = 4
# Values that a recurrent layer keeps for each step and unit, beside its output: its gates and states
KEPT_BY = {"LSTM": 6, "GRU": 5, "SimpleRNN": 3}


def free_memory(root="/"):
    """Bytes that this process can still take: the least of what the machine and its limits leave.

    Args:
        root: Folder that holds proc and sys.

    Returns:
        An int. Where the system does not tell, 16 GiB.
    """
    root = Path(root)
    free = [_of_machine(root), *_of_groups(root), _of_process(root)]
    return max(0, min((each for each in free if each is not None), default=UNKNOWN))


def values_per_example(model, unknown=None):
    """Numbers that all layers of a model give for one example, and keep for the backward pass.

    Args:
        model: A built model; models inside of it are counted as well.
        unknown: Length of the directions that the model leaves open, such as the words of a text or
            the height of an image.

    Returns:
        An int.
    """
    return sum(_values(model, unknown))


def _values(model, unknown):
    """The same, of one operation after the other."""
    for operation in getattr(model, "operations", None) or model.layers:
        if is_graph(operation):
            yield from _values(operation, unknown)
            continue
        node = operation._inbound_nodes[0]
        for output in keras.tree.flatten(node.output_tensors):
            yield math.prod(unknown or 1 if side is None else side for side in output.shape[1:])
        both = [getattr(operation, way, None) for way in ("forward_layer", "backward_layer")]
        for layer in filter(None, [operation, *both]):
            if kept := KEPT_BY.get(type(layer).__name__):
                yield kept * layer.units * (node.input_tensors[0].shape[1] or unknown or 1)


def training_bytes(model, batch_size, unknown=None):
    """About how many bytes it takes to train a model on one batch, weights not counted.

    Args:
        model: A built model.
        batch_size: Examples a batch.
        unknown: See `values_per_example`.

    Returns:
        An int. Measured peaks were from a third of it to all of it.
    """
    return TRAINING * 4 * batch_size * values_per_example(model, unknown)


def answering_bytes(model, batch_size, unknown=None):
    """About how many bytes it takes to let a model answer for one batch: nothing is kept for training.

    Args:
        model: A built model.
        batch_size: Examples a batch.
        unknown: See `values_per_example`.

    Returns:
        An int.
    """
    return ANSWERING * 4 * batch_size * max(_values(model, unknown))


def spoken(size):
    """A number of bytes as people say it, such as "310 GB"; from 1,000 TB on "more than 1,000 TB"."""
    for unit, bytes_each in (("TB", 10**12), ("GB", 10**9)):
        if size >= bytes_each:
            amount = size / bytes_each if size < 10**18 else math.inf
            if amount >= 1000:
                return "more than 1,000 TB"
            return f"{amount:.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
    return f"{max(1, round(size / 10**6))} MB"


def check_sizes(builder, weights=None, **sizes):
    """Refuse sizes that are no whole numbers from 1 on, and weights that do not fit in memory.

    Args:
        builder: Name of the builder, for the message.
        weights: {names of arguments: number of weights that they ask for}.
        **sizes: {name of the argument: value, or a sequence of values}.

    Raises:
        ModelError: Names the argument, its value, and what is possible.
    """
    for name, value in sizes.items():
        for each in value if isinstance(value, (tuple, list)) else [value]:
            if not 1 <= each < 2**31:
                raise ModelError(f"{builder} needs {name} from 1 to 2,147,483,647, not {value}.")
    free = free_memory()
    for names, count in (weights or {}).items():
        if 4 * count > free:
            raise ModelError(
                f"{builder} needs {spoken(4 * count)} of memory for its weights, and {spoken(free)} are "
                f"free; give a smaller {names}."
            )


def _of_machine(root):
    """Bytes that programs can take without swapping; None where the system does not tell."""
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    for pages in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):  # macOS knows only the second: all that there is
        try:
            return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            continue
    return None


def _of_groups(root):
    """Bytes that each control group around this process leaves, version 1 or 2."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        limit, usage, cached = names if controllers else ("memory.max", "memory.current", "inactive_file")
        folder = top / path.lstrip("/")
        for group in [folder, *folder.parents]:  # a limit of any of them holds
            most, used = _number(group / limit), _number(group / usage)
            if most is not None and used is not None and most < NO_LIMIT:
                yield most - used + _cached(group / "memory.stat", cached)
            if group == top:
                break


def _number(file):
    """The number in a file; None where there is none, as for "max"."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _cached(file, name):
    """Bytes of files that a control group holds in memory and can drop."""
    try:
        told = dict(line.split() for line in file.read_text().splitlines())
        return int(told.get(name, 0))
    except (OSError, ValueError):
        return 0


def _of_process(root):
    """Bytes that `ulimit -v` leaves this process; None where there is no such limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        return limit - int((root / "proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return limit
