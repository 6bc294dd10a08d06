"""A page that runs a model in the browser: one HTML file that needs no other, no server, no network."""

from .page import render, write_page
from .portable import portable

__all__ = ["portable", "render", "write_page"]
