"""Paths that users' files contain: which must not be opened, and where the others lead.

A check whether `\\\\server\\share\\x` exists sends the user's name and a hash of the password to that server.
So the text of a path is checked before it is passed to any function of the operating system.
"""

# A `Path` would change the text before it is checked
# ruff: noqa: PTH109, PTH115, PTH117, PTH118, PTH120, PTH206
import os
import re

_LINKS = 40  # in a chain, as operating systems allow

_local = re.compile(r"//[?.]/[A-Za-z]:(/|$)")  # a drive, in the notation for long paths
_address = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(//|$)|file:", re.IGNORECASE)
_device = re.compile(
    r"(?i)(^|/)(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9\u00b9\u00b2\u00b3])\s*([.:][^/]*)?$"
)


class Elsewhere(ValueError):
    """A path that must not be opened; the message continues a sentence that begins with the path."""


def check(path, on_windows=os.name == "nt"):
    """Refuse a path whose text leads to another machine, or names a device.

    Args:
        path: Text from a file, with slashes of either kind.
        on_windows: Whether names such as CON are devices.

    Raises:
        Elsewhere: If it is a network share, an address such as `https://...`, or a device.

    Example:
        >>> from datasets.files.paths import Elsewhere, check
        >>> check("photos/1.jpg")
        >>> try:
        ...     check("https://example.com/1.jpg")
        ... except Elsewhere as error:
        ...     print(error)
        is an address, not a file; download it, and name the file
    """
    text = path.strip().replace("\\", "/")
    if text.startswith(("//", "/??/")) and not _local.match(text):
        raise Elsewhere("is on a network share, or a device, which is not looked at; copy it to this machine")
    if _address.match(text):
        raise Elsewhere("is an address, not a file; download it, and name the file")
    if on_windows and _device.search(text):
        raise Elsewhere("is the name of a device; rename the file")


class Resolver:
    """Follows links, those of each folder only once, and stops before one that leads to another machine.

    Example:
        >>> from datasets.files.paths import Resolver
        >>> Resolver().real("/photos/../1.jpg")
        '/1.jpg'
    """

    def __init__(self):
        self._folders = {}

    def real(self, path):
        """Where a path leads after all links, as `os.path.realpath` finds it.

        Args:
            path: Text that `check` accepts. The file need not exist.

        Returns:
            An absolute path without links.

        Raises:
            Elsewhere: If one of the links leads to another machine, which is not contacted.
            OSError: If links form a loop.
        """
        path = os.path.join(os.getcwd(), path)
        folder, name = os.path.split(path)
        if name in ("", ".", ".."):
            return self._follow(path)
        if folder not in self._folders:
            self._folders[folder] = self._follow(folder)
        return self._follow(name, self._folders[folder])

    def _follow(self, path, here=""):
        drive, rest = os.path.splitdrive(path)
        here = here if here else drive + os.sep
        waiting, links = _parts(rest), 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                here = os.path.dirname(here)
                continue
            try:
                target = os.readlink(os.path.join(here, part))
            except (OSError, ValueError):  # it is no link, or not there
                here = os.path.join(here, part)
                continue
            check(target)
            links += 1
            if links > _LINKS:
                raise OSError(40, "too many levels of links")
            drive, rest = os.path.splitdrive(target)
            if os.path.isabs(target):
                here = drive + os.sep
            waiting += _parts(rest)
        return here


def _parts(path):
    """The names in a path, the last one first."""
    if os.altsep:
        path = path.replace(os.altsep, os.sep)
    return [part for part in reversed(path.split(os.sep)) if part not in ("", ".")]
