"""Texts from folders, archives and tables, as arrays, and in batches of similar length."""

from .reading import read_texts

__all__ = ["read_texts"]
