from . import digits, photos, reviews, tones, videos
from .photos import MultiLabelPhotos, Photos
from .sources import DataError, Source

__all__ = [
    "DataError",
    "MultiLabelPhotos",
    "Photos",
    "Source",
    "digits",
    "photos",
    "reviews",
    "tones",
    "videos",
]
