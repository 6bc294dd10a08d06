"""Checks before work is done: of arguments, and of the memory that a model needs."""
