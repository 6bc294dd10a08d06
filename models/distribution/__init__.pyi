from .joining import is_first, join, joined, leave, wait
from .launching import launch
from .training import DataParallel, everywhere, from_first, shared

__all__ = [
    "DataParallel",
    "everywhere",
    "from_first",
    "is_first",
    "join",
    "joined",
    "launch",
    "leave",
    "shared",
    "wait",
]
