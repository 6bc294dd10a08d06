"""Builders of uncompiled Keras models, and what can be done with a model.

Every public name is listed in `__init__.pyi`, where editors look them up, and is imported when it is first
used, so that `python -m models` lists the zoo without loading Keras.
"""

from .startup import interrupts

interrupts.start()  # first; it does nothing unless this is `python -m models` or a lesson

import os

import lazy_loader

from .startup import surroundings

surroundings.prepare()
# TensorFlow reads this when it is loaded. On processors without AVX-512, as in most laptops, it leaves oneDNN
# out unless told otherwise. With it MobileNet trains in half the time, and a Conv3D in a twentieth
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no {name!r}; it has {', '.join(__all__)}")
    return _load(name)
