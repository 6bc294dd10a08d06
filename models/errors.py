"""Errors that a user can correct."""


class ModelError(ValueError):
    """A model that cannot be built or loaded: one sentence that names what is wrong, and what to do."""


class Refused(ValueError):
    """What is wrong with a file, in words that follow its name. `models` turns it into a `ModelError`."""
