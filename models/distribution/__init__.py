"""Training on many devices and machines, with `keras.distribution` on JAX.

Every process runs the same program on the same data. Within `shared`, each batch is divided among all devices
of all processes, and the weights become what one process makes of the same batches.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
