from . import digits, photos, reviews, tones
from .photos import Photos
from .sources import DataError, Source

__all__ = ["DataError", "Photos", "Source", "digits", "photos", "reviews", "tones"]
