"""Write a page that runs a model in the browser: one HTML file, without a server or a network connection."""

from .page import render, write_page
from .portable import portable

__all__ = ["portable", "render", "write_page"]
