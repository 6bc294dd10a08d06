"""Weights as Keras publishes them: downloaded once, and read."""

import h5py

from models._errors import ModelError

ORIGIN = "https://storage.googleapis.com/tensorflow/keras-applications/"


def download(origin, checksum=None, validate=None, most=500_000_000):
    """Return the path of published weights in Keras's cache, downloading them if they are not there.

    The cache is the one that Keras's own `weights="imagenet"` fills, `$KERAS_HOME/models` or
    `~/.keras/models`, so what is there is not downloaded again, but checked.

    Args:
        origin: Address of the file, under Keras's.
        checksum: Its SHA-256 or MD5 in hexadecimal, None where none is published.
        validate: Function of a path that raises a `ModelError` if what is there does not fit.
        most: Bytes that the file may have.

    Raises:
        ModelError: If the file cannot be had, or is not the one that was published.
    """
    from datasets._download import DownloadError, cache_folder, fetch  # knows no data set

    try:
        path = cache_folder("models") / origin.rpartition("/")[2]
        return fetch(ORIGIN + origin, path, checksum, validate, most)
    except DownloadError as error:
        raise ModelError(str(error)) from error


def published_layers(path):
    """The weights in a file of Keras's older kind, `.h5`, which is how they are published.

    Args:
        path: A file.

    Returns:
        For each layer that has weights, in the file's order, a list of arrays; none if the file
        cannot be read. None for a file of a newer kind, `.weights.h5` or `.keras`.
    """
    if path.name.endswith((".weights.h5", ".keras")):
        return None
    try:
        with h5py.File(path) as file:
            whole = "layer_names" not in file.attrs and "model_weights" in file
            model = file["model_weights"] if whole else file
            layers = [model[name] for name in _names(model, "layer_names")]
            arrays = [[layer[name][()] for name in _names(layer, "weight_names")] for layer in layers]
    except (OSError, KeyError, RuntimeError):  # h5py's, on a file that is none of its own or damaged
        return []
    return [each for each in arrays if each]


def _names(group, attribute):
    """A list of names, which is spread over numbered attributes where it is too long for one."""
    parts = [attribute] if attribute in group.attrs else []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(f"{attribute}{len(parts)}")
    names = [name for part in parts for name in group.attrs[part]]
    return [name.decode() if isinstance(name, bytes) else name for name in names]
