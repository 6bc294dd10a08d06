"""Loaders: files, downloads or generators in, NumPy arrays out."""

from .sources import DataError, Source

__all__ = ["DataError", "Source"]
