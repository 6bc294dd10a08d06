"""Weights as Keras publishes them: downloaded once, and read."""

import contextlib
import hashlib
import os
import socket
import sys
import tempfile
from pathlib import Path

import keras

from models._errors import ModelError, Refused
from models._weight_files import REMEDY, naming, open_weights

ORIGIN = "https://storage.googleapis.com/tensorflow/keras-applications/"
TIMEOUT = 10  # seconds without a byte after which a download is given up


def download(origin, checksum=None):
    """Return the path of published weights in Keras's cache, downloading them if they are not there.

    The cache is the one that Keras's own `weights="imagenet"` fills, `$KERAS_HOME/models` or
    `~/.keras/models`, so what is there is not downloaded again. The download runs in a folder of
    its own beside it and is moved in, whole and checked, at the end: a half file is never seen.

    Args:
        origin: Address of the file, under Keras's.
        checksum: Its SHA-256 or MD5 in hexadecimal, None where none is published.

    Raises:
        ModelError: If the file cannot be had, or is not the one that was published.
    """
    cache = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    name = origin.rpartition("/")[2]
    origin = ORIGIN + origin
    path = cache / name
    with contextlib.suppress(OSError):
        if checksum is None and path.is_file() or checksum and _digest(path, checksum) == checksum:
            return path

    on_a_terminal = sys.stdout.isatty()
    if not on_a_terminal:  # Keras's download bar is for terminals
        keras.utils.disable_interactive_logging()
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=cache) as staging:
            file = keras.utils.get_file(name, origin, file_hash=checksum, cache_dir=staging, cache_subdir="")
            Path(file).replace(path)
    except Exception as error:  # get_file raises bare Exceptions
        # Keras words it "URL fetch failure on ADDRESS: CODE -- REASON"
        reason = " ".join(str(error).split(" -- ")[-1].split()).rstrip(".") or type(error).__name__
        raise ModelError(
            f"{origin} could not be downloaded ({reason}); "
            f"try again later, or fetch it by other means and put it at {path}."
        ) from error
    finally:
        socket.setdefaulttimeout(patience)
        if not on_a_terminal:
            keras.utils.enable_interactive_logging()
    return path


def _digest(path, checksum):
    kind = {64: "sha256", 32: "md5"}[len(checksum)]
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


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
