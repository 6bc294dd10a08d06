"""Write a page that runs a model in the browser: one HTML file, without a server or a network connection."""

from ..html import Written
from .beside import Beside
from .page import render, write_page
from .portable import portable
from .size import page_bytes
from .sounds import render_sounds, write_sound_page

__all__ = [
    "Beside",
    "Written",
    "page_bytes",
    "portable",
    "render",
    "render_sounds",
    "write_page",
    "write_sound_page",
]
