from .backbones import Backbone
from .table import BACKBONES, Entry, entry_of

__all__ = ["BACKBONES", "Backbone", "Entry", "entry_of"]
