"""How much memory a model takes to train and to answer: what is too large is refused before it is tried."""

import math

import keras

from .free_memory import about, free_memory, spoken
from .nesting import is_graph

__all__ = [
    "about",
    "answering_bytes",
    "free_memory",
    "memory_refusal",
    "short_number",
    "spoken",
    "training_bytes",
    "values_per_example",
]

# Bytes that training takes for each byte of the layers' outputs: the outputs are kept for the backward
# pass, and gradients of about as many are at work with them. Measured: 1.1 to 1.8 times the outputs
TRAINING = 2
# The same for an answer, for each byte of the largest output: a layer's input and output, and work space
ANSWERING = 4
# Values that a recurrent layer keeps for each step and unit, beside its output: its gates and states
KEPT_BY = {"LSTM": 6, "GRU": 5, "SimpleRNN": 3}


def values_per_example(model, unknown=None):
    """Numbers that all layers of a model give for one example, and keep for the backward pass.

    Args:
        model: A built model; models inside of it are counted as well.
        unknown: Length of the directions that the model leaves open, such as the words of a text or
            the height of an image.

    Returns:
        An int.

    Example:
        >>> from models import MLP
        >>> values_per_example(MLP()) == 784 + 784 + 784 + 512 + 10
        True
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

    Example:
        >>> from models import MLP
        >>> training_bytes(MLP(), batch_size=100)
        2299200
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

    Example:
        >>> from models import MLP
        >>> answering_bytes(MLP(), batch_size=100)
        1254400
    """
    return ANSWERING * 4 * batch_size * max(_values(model, unknown))


def memory_refusal(value, needed, power=1):
    """Why a setting needs more memory than is free, in words that follow its name.

    Args:
        value: Its value, a number.
        needed: Bytes that it needs, about.
        power: How the bytes grow with it: 1 for in proportion, 2 for with its square.

    Returns:
        Text that ends a sentence and says which value would fit; None if this one does.

    Example:
        >>> memory_refusal(32, needed=1000) is None, memory_refusal(32, needed=10**18).endswith(".")
        (True, True)
    """
    free = free_memory()
    if needed <= free:
        return None
    most = value * (free / needed) ** (1 / power)
    if isinstance(value, int):
        most = math.floor(most)
        zeros = max(0, len(str(most)) - 2)  # an estimate is no more precise than two digits
        most = most // 10**zeros * 10**zeros
    else:
        most = float(f"{0.95 * most:.1g}")
    advice = f"give at most {most}" if most else "free some memory"
    return f"of {short_number(value)} needs {about(needed)} of memory, and {spoken(free)} are free; {advice}."


def short_number(value):
    """A number as text, shortened in the middle where it is very long.

    Args:
        value: An int or a float.

    Example:
        >>> short_number(10**30), short_number(0.5)
        ('1000000000...0000 (31 digits)', '0.5')
    """
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 24 else f"{text[:10]}...{text[-4:]} ({len(text)} digits)"
