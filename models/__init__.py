"""Builders of uncompiled Keras models, and what can be done with a model.

Every public name is listed in `__init__.pyi`, where editors look them up, and is imported when it is first
used, so that `python -m models` lists the zoo without loading Keras.
"""

from .startup import interrupts

interrupts.start()  # first; it does nothing unless this is `python -m models` or a lesson

import lazy_loader

from .startup import surroundings

surroundings.prepare()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
