"""Weights: those that come with the zoo, listed in zoo.json, and files of users."""

import hashlib
import json
import os
from pathlib import Path

from .errors import ModelError

FOLDER = Path(__file__).parent / "weights"
LIST = Path(__file__).with_name("zoo.json")


def zoo():
    """The zoo's list: for each builder its parameters and the weights that come with it."""
    return json.loads(LIST.read_text(encoding="utf-8"))


def load_weights(model, weights, builder, build=None, known=()):
    """Fill `model` with weights.

    Args:
        model: The model to fill.
        weights: None for none, the name of a set that comes with `builder`, or a file that
            Keras saved: `.weights.h5` or `.keras`.
        builder: Name of the builder.
        build: Function of a number of classes that builds the same model with that many; a
            named set keeps all but the last layer where the numbers of classes differ. Not
            needed where no set comes with the builder.
        known: Names of weights that the builder itself sets, for the message.

    Returns:
        `model`.

    Raises:
        ModelError: If the weights are unknown, missing, damaged, or do not fit the model.
    """
    if weights is None:
        return model
    named = {entry["name"]: entry for entry in zoo()[builder]["weights"]}
    entry = named.get(str(weights))
    path = FOLDER / entry["file"] if entry else Path(weights)
    if not os.path.exists(path):  # noqa: PTH110 (it accepts names that are too long)
        if entry:
            raise ModelError(
                f"{path} is missing; restore it from the project's repository, "
                f"or make it again with `{entry['command']}`."
            )
        known = "".join(f'use "{name}", or ' for name in [*named, *known])
        raise ModelError(
            f"{builder} has no weights {str(weights)!r}, and no such file exists; {known}name a file."
        )
    if not path.name.endswith((".weights.h5", ".keras")):
        raise ModelError(f"{path} must end in .weights.h5 or .keras, as Keras saves weights.")
    if entry and hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
        raise ModelError(
            f"{path} is damaged (its checksum differs from the list); "
            "restore it from the project's repository."
        )

    from .loading.weight_files import fill  # loads Keras, which the zoo's list does not need

    full = model
    if entry:
        full = build(entry["classes"])
        if full.output_shape == model.output_shape:
            full = model
    remedy = "build the model with the settings that the weights were trained with"
    fill(full, path, f"this {builder}", remedy)
    if full is not model:
        for target, source in zip(model.layers[:-1], full.layers[:-1], strict=True):
            target.set_weights(source.get_weights())
    return model
