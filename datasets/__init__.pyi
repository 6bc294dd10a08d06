from . import digits, photos, reviews, tones, videos
from .photos import MultiLabelPhotos, Photos
from .sources import DataError, Source
from .texts import Texts

__all__ = [
    "DataError",
    "MultiLabelPhotos",
    "Photos",
    "Source",
    "Texts",
    "digits",
    "photos",
    "reviews",
    "tones",
    "videos",
]
