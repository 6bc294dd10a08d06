from .custom_layers import read_custom_layers
from .saved_models import load_model, read_json

__all__ = ["load_model", "read_custom_layers", "read_json"]
