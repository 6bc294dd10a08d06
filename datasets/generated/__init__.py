"""Data that the lessons make up: it needs no download, and its truth is known."""
