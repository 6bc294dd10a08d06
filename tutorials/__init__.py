"""The lessons. `python -m tutorials` lists them."""
