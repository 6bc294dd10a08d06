from .backbones import Backbone
from .hub_presets import preset_model
from .table import BACKBONES, Entry, entry_of

__all__ = ["BACKBONES", "Backbone", "Entry", "entry_of", "preset_model"]
