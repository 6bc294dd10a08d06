"""Vectors of words from texts without labels: training, files, measures, and what they bring to texts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
