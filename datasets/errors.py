"""What can go wrong with data."""


class DataError(ValueError):
    """Data that cannot be used: one sentence that names the file and says what to do."""
