"""Write a page that runs a classifier of texts in the browser: one HTML file, without a network."""

from .page import about_megabytes, render_texts, write_text_page
from .portable import portable_texts

__all__ = ["about_megabytes", "portable_texts", "render_texts", "write_text_page"]
