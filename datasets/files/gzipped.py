"""Tables compressed with gzip, unpacked within limits."""

import gzip
import io
import zlib

from ..errors import DataError
from .archives import FREE_GROWTH, MAX_GROWTH, MAX_KEPT

ENDING = ".gz"
PIECE = 1_000_000  # bytes


def unpacked(content, name):
    """The content of a file that gzip has compressed.

    Args:
        content: Its bytes.
        name: What messages call it.

    Returns:
        bytes.

    Raises:
        DataError: If it is damaged or truncated, or unpacks to more than 500 MB, or beyond 200 MB to more
            than 100 times its size.
    """
    most = min(MAX_KEPT, max(FREE_GROWTH, MAX_GROWTH * len(content)))
    pieces, total = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            while piece := file.read(PIECE):
                pieces.append(piece)
                total += len(piece)
                if total > most:
                    raise DataError(
                        f"{name} unpacks to more than {most:,} bytes, which is more than is taken of a "
                        "table; make several of it."
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(name) from error
    return b"".join(pieces)


def damaged(name):
    """What is said of a file that cannot be unpacked: a `DataError`."""
    return DataError(f"{name} is damaged or truncated; fetch or compress it again.")
