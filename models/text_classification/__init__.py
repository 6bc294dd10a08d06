"""Text in, class out: the vocabulary, training, and what single words contribute to a prediction."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
