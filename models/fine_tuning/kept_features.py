"""Features in files, so that computing those of many photos can be stopped at any moment and resumed."""

import hashlib
import io
from pathlib import Path

import numpy as np

from ..errors import ModelError
from ..training.checkpoints import DIGEST, replace_file


class KeptFeatures:
    """Features of photos whose pixels have a folder in which such things are kept; of others nothing is kept.

    Args:
        pixels: An array; or one that is decoded when needed, with the attributes `folder` and `digests`. If
            it has the methods `read_features` and `write_features`, these decide how features are kept.
        model: The Keras model that computes the features.
        rows: Of which of the photos, integers (n,).
        sizes: Image sizes.
        *settings: What else they depend on.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> kept = KeptFeatures(np.zeros((3, 8, 8, 3)), model, np.arange(3), (8,))
        >>> kept.write(0, np.zeros((1, 3, 1)))
        >>> kept.read(0) is None
        True
    """

    def __init__(self, pixels, model, rows, sizes, *settings):
        self.rows, self.sizes, settings = rows, sizes, (rows, sizes, *settings)
        self.tables = pixels if hasattr(pixels, "read_features") else None
        folder = getattr(pixels, "folder", None)
        self.folder = None if folder is None else Path(folder)
        if self.folder is None:
            return
        known = hashlib.sha256(repr([str(each) for each in settings]).encode())
        for each in (*pixels.digests, *settings, *model.get_weights(), *_layers(model)):
            known.update(each if isinstance(each, bytes) else np.ascontiguousarray(each).tobytes())
        self.name = f"features-{known.hexdigest()[:16]}"

    def read(self, start):
        """What was kept of the photos from this one on; None if that is nothing, or damaged."""
        if self.folder is None:
            return None
        if self.tables is not None:
            return self.tables.read_features(self.name, start, self.rows[start:], self.sizes)
        try:
            content = (self.folder / f"{self.name}-{start}.bin").read_bytes()
            digest, content = content[:DIGEST], content[DIGEST:]
            if hashlib.sha256(content).digest() == digest:
                return np.load(io.BytesIO(content), allow_pickle=False)
        except (OSError, ValueError):
            pass
        return None

    def write(self, start, values):
        """Keep the features of the photos from this one on."""
        if self.folder is None:
            return
        if self.tables is not None:
            rows = self.rows[start : start + len(values[0])]
            self.tables.write_features(self.name, start, values, rows, self.sizes)
            return
        file = io.BytesIO()
        np.save(file, values, allow_pickle=False)
        content = file.getvalue()
        try:
            path = self.folder / f"{self.name}-{start}.bin"
            replace_file(path, hashlib.sha256(content).digest() + content)
        except OSError as error:
            raise ModelError(
                f"Features cannot be kept in {self.folder} ({error.strerror}); make room there, or check the "
                "photos with another folder as checkpoint=."
            ) from error


def _layers(model):
    """What all layers are, without their names, which differ each time that a model is built: bytes each."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        else:
            settings = layer.get_config()
            settings.pop("name", None)
            yield repr((type(layer).__name__, sorted(settings.items()))).encode()
