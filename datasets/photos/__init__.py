"""Photos: decoded by the same function for training and prediction, and checked before use."""

from ..files.display import Finding
from .listing import list_photos
from .locating import locate
from .multi_label import MultiLabelPhotos
from .photos import Photos
from .reading import SUFFIXES, grey_photo, in_threads, read_files, read_photo, read_square, read_squares
from .samples import Sample, sample

__all__ = [
    "SUFFIXES",
    "Finding",
    "MultiLabelPhotos",
    "Photos",
    "Sample",
    "grey_photo",
    "in_threads",
    "list_photos",
    "locate",
    "read_files",
    "read_photo",
    "read_square",
    "read_squares",
    "sample",
]
