"""Notebooks and a site made from the lessons: `python -m docs.notebooks`, `python -m docs.site_builder`."""
