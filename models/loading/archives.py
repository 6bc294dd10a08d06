"""The parts of a `.keras` file, each of them checked."""

import io
import stat
import zipfile
import zlib
from typing import NamedTuple

from ..errors import Refused
from .files import parse_json

MOST_CONFIG = 16 << 20  # bytes; a vocabulary of 200,000 words takes 6 MB
MOST_METADATA = 64 << 10
MOST_ABOUT = 8 << 20  # bytes; 10,000 classes with names of 800 bytes
MOST_DIRECTORY = 1 << 20  # bytes of the list of members
MOST_MEMBERS = 1000
EXPANSION, FREE_BYTES = 32, 16 << 20  # how many times its size a member may unpack to, and what any may
WEIGHTS = "model.weights.h5"
NEEDED = ("config.json", "metadata.json", WEIGHTS)
ABOUT = "glass_zoo.json"  # what this project adds: the names of the classes; Keras does not read it


class Archive(NamedTuple):
    """What a `.keras` file holds.

    Attributes:
        version: Of the Keras that saved it, such as "3.8.0".
        weights: Content of its HDF5 file of weights, not checked yet.
        config: Its configuration, not checked yet; None if it was not asked for.
        assets: {name: content} of its vocabularies.
        about: What this project added about the classes, not checked yet; None if there is nothing.
    """

    version: str
    weights: bytes
    config: dict | None
    assets: dict
    about: object = None


class _ShortList(io.BytesIO):
    """A file that does not give a zip's list of members if that is long."""

    opening = True

    def read(self, size=-1):
        if self.opening and (size or 0) > MOST_DIRECTORY:
            raise Refused("lists more members than a model has")
        return super().read(size)


def read_archive(content, with_config=True):
    """Take a `.keras` file apart.

    Args:
        content: The whole file, bytes.
        with_config: Whether the configuration and the vocabularies are needed, too.

    Returns:
        An `Archive`.

    Raises:
        Refused: Says what is wrong, in words that follow the file's name.
    """
    file = _ShortList(content)
    try:
        with zipfile.ZipFile(file) as archive:
            file.opening = False
            members = _members(archive)
            version = _version(_read(archive, members["metadata.json"], MOST_METADATA))
            config, assets, about = None, {}, None
            if with_config:
                config = _json(archive, members["config.json"], MOST_CONFIG)
                if ABOUT in members:
                    about = _json(archive, members[ABOUT], MOST_ABOUT)
                assets = {
                    name: _read(archive, member, MOST_CONFIG)
                    for name, member in members.items()
                    if name not in (*NEEDED, ABOUT)
                }
            return Archive(version, _read(archive, members[WEIGHTS]), config, assets, about)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        whole = str(error) != "File is not a zip file"
        raise Refused("is damaged" if whole else "is damaged or no .keras file") from error


def _members(archive):
    """{name: member} of an archive with nothing in it but what Keras writes."""
    members = {}
    for member in archive.infolist():
        name = member.filename
        if member.is_dir() and not member.file_size:
            continue
        asset = name.startswith("assets/") and name.endswith("/vocabulary.txt")
        odd = {"", ".", ".."} & set(name.split("/")) or any(letter in name for letter in "\\:\0")
        if odd or not (asset or name in (*NEEDED, ABOUT)):
            raise Refused(f"has a part that is in no model that Keras saves ({name[:100]!r})")
        if name in members:
            raise Refused(f"has the same part twice ({name[:100]!r})")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or member.flag_bits & 1:
            raise Refused(f"has a link or a locked file in it ({name[:100]!r})")
        if member.file_size > EXPANSION * member.compress_size + FREE_BYTES:
            raise Refused(f"has a part that unpacks to {member.file_size:,} bytes ({name[:100]!r})")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(f"is compressed in a way that Keras does not use ({name[:100]!r})")
        members[name] = member
    if missing := [name for name in NEEDED if name not in members]:
        raise Refused(f"is damaged or no .keras file: it has no {missing[0]}")
    if len(members) > MOST_MEMBERS:
        raise Refused(f"has {len(members):,} parts, more than any model")
    return members


def _read(archive, member, most=None):
    if most is not None and member.file_size > most:
        raise Refused(f"has a {member.filename} of {member.file_size:,} bytes, more than any model needs")
    return archive.read(member)


def _version(content):
    try:
        metadata = parse_json(content)
    except ValueError as error:
        raise Refused(f"is damaged: its metadata.json cannot be read ({_first(error)})") from error
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    if not isinstance(version, str) or not version[:1].isdigit() or len(version) > 40:
        raise Refused("is damaged: its metadata.json does not say which Keras saved it")
    return version


def _json(archive, member, most):
    try:
        return parse_json(_read(archive, member, most))
    except ValueError as error:
        raise Refused(f"is damaged: its {member.filename} cannot be read ({_first(error)})") from error


def _first(error):
    return str(error).partition(": ")[0][:80].lower()
