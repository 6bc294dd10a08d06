"""What can go wrong with data."""


class DataError(ValueError):
    """Data that cannot be used: one sentence that names the file or argument and says what to do.

    Example:
        >>> from datasets import DataError, digits
        >>> try:
        ...     digits.locate("nowhere")
        ... except DataError as error:
        ...     print(error)
        nowhere does not exist; name a folder that does as data=.
    """


class TooLargeError(DataError):
    """A table that is larger than what is read into memory.

    Example:
        >>> issubclass(TooLargeError, DataError)
        True
    """
