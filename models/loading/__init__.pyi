from .saved_models import load_model, read_json

__all__ = ["load_model", "read_json"]
