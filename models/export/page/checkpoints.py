"""Other weights of the same model, such as those of earlier moments of its training, for the page."""

import numpy as np

from ...checks.arguments import shown
from ...errors import ModelError
from .portable import portable

MOST = 50


def portable_checkpoints(model, checkpoints, **settings):
    """Write other weights of a model down, in the order and form of `portable`.

    Args:
        model: A Keras model, as `portable` takes it. It has its own weights afterwards.
        checkpoints: Sequence of pairs (name, weights): a text such as "epoch 3", and a list of arrays as
            `model.get_weights()` returns it; up to 50.
        **settings: As for `portable`, without `precision`: these weights are rounded to 16 bits.

    Returns:
        A list of {"name", "nodes", "weights"}: "nodes" has for each node its weights, {name: {"shape",
        "type", "start"}}, and "weights" are the bytes of all of them.

    Raises:
        ModelError: If weights do not fit the model, are too many, or the page cannot compute a layer.

    Example:
        >>> from models import LeNet5
        >>> model = LeNet5()
        >>> (found,) = portable_checkpoints(model, [("epoch 1", model.get_weights())])
        >>> found["name"], found["nodes"][2]["kernel"]["type"]
        ('epoch 1', 'float16')
    """
    pairs = _checked(model, checkpoints)
    own = model.get_weights()
    found = []
    try:
        for name, weights in pairs:
            model.set_weights(weights)
            plain = portable(model, precision="float16", **settings)
            _check_boxes(plain["nodes"])
            nodes = [node["weights"] for node in plain["nodes"]]
            found.append({"name": name, "nodes": nodes, "weights": plain["weights"]})
    finally:
        model.set_weights(own)
    return found


def _check_boxes(nodes):
    """What is recorded of a closed box is of the model's own weights."""
    for node in nodes:
        if node["kind"] == "recorded":
            raise ModelError(
                f"The page does not compute {shown(node['name'])} ({node['type']}), so that it cannot go "
                "back to checkpoints; leave them out."
            )


def _checked(model, checkpoints):
    wanted = [weight.shape for weight in model.weights]
    try:
        pairs = [(str(name), [np.asarray(each) for each in weights]) for name, weights in checkpoints]
    except (TypeError, ValueError):
        raise ModelError(
            f"write_page takes checkpoints as pairs (name, weights), not {shown(checkpoints)}."
        ) from None
    if len(pairs) > MOST:
        raise ModelError(f"write_page takes up to {MOST} checkpoints, not {len(pairs):,}; leave some out.")
    for name, weights in pairs:
        if [each.shape for each in weights] != [tuple(shape) for shape in wanted]:
            raise ModelError(
                f"The weights of checkpoint {shown(name)} are not those of {model.name}; give what its "
                "get_weights() returned."
            )
        if any(each.dtype.kind in "cOSUmM" for each in weights):
            raise ModelError(
                f"The weights of checkpoint {shown(name)} are not all real numbers; leave it out."
            )
        if not all(np.isfinite(each.astype("float32")).all() for each in weights):
            raise ModelError(f"The weights of checkpoint {shown(name)} are not all finite; leave it out.")
    return pairs
