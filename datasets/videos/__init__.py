"""Clips of your own, in a folder for each class: frames as images, animated GIF or WebP files, or films."""

from .loading import class_names, count_clips, list_clips, load_data, locate
from .reading import SUFFIXES, read_clip

__all__ = ["SUFFIXES", "class_names", "count_clips", "list_clips", "load_data", "locate", "read_clip"]
