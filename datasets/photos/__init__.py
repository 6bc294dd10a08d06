"""Photographs: decoded by one function for training and prediction alike, checked before use."""

from .files import locate
from .photos import Photos
from .reading import SUFFIXES, grey_photo, read_files, read_photo, read_square
from .review import Finding
from .samples import Sample, sample

__all__ = [
    "SUFFIXES",
    "Finding",
    "Photos",
    "Sample",
    "grey_photo",
    "locate",
    "read_files",
    "read_photo",
    "read_square",
    "sample",
]
