"""Folders and archives of texts, and batches of texts of like length."""
