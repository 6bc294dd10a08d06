"""Texts from folders, archives and tables: checked, as arrays, and in batches of similar length."""

from .copies import copy_groups, normalized
from .reading import read_texts
from .streaming import StreamedTexts
from .texts import Texts

__all__ = ["StreamedTexts", "Texts", "copy_groups", "normalized", "read_texts"]
