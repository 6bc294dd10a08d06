"""What can go wrong with a model by a user's doing."""


class ModelError(ValueError):
    """A model that cannot be built or loaded: one sentence that names what, and what to do."""


class Refused(ValueError):
    """What is wrong with a file, in words that follow its name; never leaves this package."""
