"""Write a page that runs a model in the browser: one HTML file, without a server or a network connection."""

from ..html import Written
from .half import page_bytes
from .page import render, write_page
from .portable import portable

__all__ = ["Written", "page_bytes", "portable", "render", "write_page"]
