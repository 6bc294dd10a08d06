"""Files that others may have made, read whole, within bounds."""

import json
import stat
from pathlib import Path

from ..errors import ModelError

DEEPEST = 100  # lists and dicts in each other, in JSON


def read_file(path, most, remedy):
    """The content of a regular file.

    Args:
        path: Its path.
        most: Bytes that it may have.
        remedy: What to do about a file that cannot be used: the end of the sentence.

    Returns:
        Its bytes.

    Raises:
        ModelError: If there is no such file, it is a folder, a pipe or a device, it is larger, or it
            cannot be read.
    """
    path = Path(path)
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise ModelError(f"{path} is a folder, not a file; {remedy}.")
        if not stat.S_ISREG(info.st_mode):  # to open a pipe would be to wait for somebody to write
            raise ModelError(f"{path} is a pipe, a device or the like, not a file; {remedy}.")
        if info.st_size > most:
            raise ModelError(f"{path} has {info.st_size:,} bytes, where {most:,} are the most; {remedy}.")
        with path.open("rb") as file:
            return file.read(info.st_size)  # read(most) would ask for that much memory at once
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({(error.strerror or str(error)).lower()}); {remedy}."
        ) from error
    except ValueError as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{str(path)!r} is no name of a file; {remedy}.") from error
    except MemoryError as error:
        raise ModelError(f"{path} does not fit into memory; {remedy}.") from error


def parse_json(content):
    """What is in JSON.

    Args:
        content: Bytes of UTF-8.

    Returns:
        The value.

    Raises:
        ValueError: If it is no JSON, or more than 100 levels deep.
    """
    try:
        value = json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError(f"more than {DEEPEST} levels deep") from error
    level = [value]
    for _ in range(DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [one for each in inner if isinstance(each, (list, type({}.values()))) for one in each]
        if not level:
            return value
    raise ValueError(f"more than {DEEPEST} levels deep")
