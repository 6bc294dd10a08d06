"""Loaders: files, downloads or generators in, NumPy arrays out."""

from datasets._source import DataError, Source

__all__ = ["DataError", "Source"]
