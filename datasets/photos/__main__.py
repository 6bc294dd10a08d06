"""Check photos from the command line: `python -m datasets.photos check DATA`."""

import argparse
import inspect
import os
import re
import sys

from ..errors import DataError
from .photos import Photos

OPTIONS = {
    "image_size": (int, "height and width of the squares that photos are cropped to, in pixels"),
    "seed": (int, "the same seed gives the same split"),
    "out": (str, "folder for Parquet files of what was found out about each photo"),
    "engine": (str, '"threads", or "ray" for all processors of a machine or a cluster'),
}


def main(arguments=None):
    """Check photos, print what was found, and return the exit status.

    Args:
        arguments: List of str; None for those of the command line.

    Returns:
        0, or 2 if the photos cannot be used.

    Example:
        >>> from datasets.photos.__main__ import main
        >>> main(["check", "missing"])
        2
    """
    parser = argparse.ArgumentParser("python -m datasets.photos", description="Check photos before use.")
    check = parser.add_subparsers(required=True).add_parser("check", help="check photos and print tables")
    check.add_argument(
        "data",
        help="a folder with a folder of photos for each class, or of tar or Parquet files; a table; an "
        "archive; an address such as s3://bucket/photos; or the folder of results of an earlier check",
    )
    defaults = inspect.signature(Photos.check).parameters
    for name, (kind, about) in OPTIONS.items():
        default = defaults[name].default
        told = f"{about}; {default} by default" if default is not None else about
        check.add_argument("--" + name.replace("_", "-"), type=kind, default=default, help=told)
    settings = vars(parser.parse_args(arguments))
    try:
        photos = Photos.check(settings.pop("data"), verbose=1, **settings)
        print(f"\n{photos}", flush=True)
    except DataError as error:
        print(f"Error: {_in_flags(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(
            "Stopped. What was found out is kept in the folder of the results, if you named one.",
            file=sys.stderr,
        )
        return 130
    return 0


def _in_flags(message):
    """A message in which arguments of `Photos.check`, such as `image_size=`, are written as flags."""
    message = re.sub(r"(?<![^\s(])data=(?=[\s.,;:)]|$)", "DATA", message)
    for name in OPTIONS:
        flag = "--" + name.replace("_", "-")
        message = re.sub(rf"(?<![^\s(]){name}=(?=[\s.,;:)]|$)", flag, message)
        message = re.sub(rf"(?<![^\s(]){name}=(?=[\"'])", f"{flag} ", message)
    return message


if __name__ == "__main__":
    sys.exit(main())
