"""Loaders: files, downloads or generators in, NumPy arrays out.

Every public name is listed in `__init__.pyi`, where editors look them up, and is imported when it is first
used, so that `import datasets` loads neither NumPy nor Pillow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
