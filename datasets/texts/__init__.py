"""Texts from folders, archives and tables: checked, as arrays, and in batches of similar length."""

from .copies import copy_groups, normalized
from .reading import read_texts
from .texts import Texts

__all__ = ["Texts", "copy_groups", "normalized", "read_texts"]
