"""The bytes of one file, if it is one and not too large."""

from ..errors import DataError
from .names import shown


def content_of(path, limit, wanted, shorten, replace):
    """The bytes of a file; those of one that is too large are not read.

    Args:
        path: A `Path`.
        limit: Bytes that it may have.
        wanted: What to name instead of what is no file, such as "a clip".
        shorten: What to do about a file that is too large, such as "cut it into clips".
        replace: What to do about an empty one, such as "replace or remove it".

    Returns:
        bytes.

    Raises:
        DataError: If there is no such file, it may not be read, is too large, or is empty.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "a.gif")
        ...     _ = file.write_bytes(b"GIF89a")
        ...     content_of(file, 100, "a clip", "cut it into clips", "replace or remove it")
        b'GIF89a'
    """
    try:
        if not path.is_file():
            what = "is a folder, not a file" if path.is_dir() else "does not exist"
            raise DataError(f"{shown(path)} {what}; name {wanted}.")
        size = path.stat().st_size
        with path.open("rb") as file:
            content = file.read(size + 1) if size <= limit else b""  # no more, even if it grows
    except PermissionError as error:
        raise DataError(f"{shown(path)} may not be read; change its permissions.") from error
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read ({error.strerror}); name another file.") from error
    if size > limit:
        raise DataError(f"{shown(path)} has {size:,} bytes where at most {limit:,} are taken; {shorten}.")
    if not content:
        raise DataError(f"{shown(path)} is empty; {replace}.")
    return content
