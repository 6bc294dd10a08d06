"""Weights as Keras publishes them: downloaded once, and read."""

from ..errors import ModelError, Refused
from ..loading.weight_files import REMEDY, naming, open_weights
from ..sibling import datasets_module

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
    files = datasets_module("files.download")
    try:
        path = files.cache_folder("models") / origin.rpartition("/")[2]
        return files.fetch(ORIGIN + origin, path, checksum, validate, most)
    except files.DownloadError as error:
        raise ModelError(str(error)) from error


def published_layers(path, needed):
    """The weights in a file of Keras's older kind, `.h5`, which is how they are published.

    Args:
        path: A file that ends in `.h5`.
        needed: Bytes of the weights that are wanted; far larger files are refused unread.

    Returns:
        For each layer that has weights, in the file's order, a list of arrays.

    Raises:
        ModelError: If the file cannot be read, is damaged, or has parts that no weights file needs.
    """
    saved = open_weights(path, needed)
    with naming(path, REMEDY):
        names = saved.names("", "layer_names")
        # A whole model has its weights one level deeper
        start = "" if names is not None else "model_weights/"
        names = saved.names("model_weights", "layer_names") if names is None else names
        if names is None:
            raise Refused("does not say which layers it has, as files do that Keras published")
        layers = [
            [f"{start}{name}/{each}" for each in saved.names(f"{start}{name}", "weight_names") or ()]
            for name in names
        ]
        if missing := [each for layer in layers for each in layer if each not in saved.arrays]:
            raise Refused(f"is damaged: {missing[0]} is not in it")
        return [[saved.read(each) for each in layer] for layer in layers if layer]
