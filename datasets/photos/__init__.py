"""Photographs: decoded by one function for training and prediction alike, checked before use."""

from .photos import (
    SUFFIXES,
    Photos,
    Sample,
    check,
    grey_photo,
    locate,
    read_files,
    read_photo,
    read_square,
    sample,
)
from .review import Finding

__all__ = [
    "SUFFIXES",
    "Finding",
    "Photos",
    "Sample",
    "check",
    "grey_photo",
    "locate",
    "read_files",
    "read_photo",
    "read_square",
    "sample",
]
