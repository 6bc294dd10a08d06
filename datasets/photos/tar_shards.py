"""Photos in several tar files, as WebDataset lays them out: 000017.jpg beside 000017.cls or 000017.json.

Labels may also be the names of folders inside the tar files. Of each tar file only the headers and the labels
are read at first; photos are read where they lie, in any order, and nothing is extracted.
"""

import json
import tarfile
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from ..files._tar import Header, Sparse, Tar
from ..files.names import quoted, shown
from ..sources import DataError
from .files import MAX_NAME, File, bounded, too_many_bytes, why
from .layout import part_in_name
from .pixels import MAX_BYTES, Unusable, endings

MAX_LABEL = 100_000  # bytes of a label's file
LABELS = ".cls", ".json"
KEYS = "label", "class", "cls", "class_name", "category"  # of a label in JSON
EACH = 4096  # bytes of long headers that a member may have on average


def in_tar_shards(files, open_file, read_piece):
    """The photos in several tar files.

    Args:
        files: The `files.Files` of a folder; those that are no tar files are set aside.
        open_file: Function of a `files.File` that opens it, to be read and moved in.
        read_piece: Function of a `files.File` that returns a function of (start, size) that returns bytes; it
            can be pickled.

    Returns:
        A `Files`.

    Raises:
        DataError: If there is no photo with a label.
    """
    found = replace(files, found=[], rejected=dict(files.rejected), folders=set(), places={})
    unlabelled = []
    for file in files.found:
        if PurePosixPath(file.path[-1]).suffix.lower() != ".tar":
            found.rejected[file.name] = "not an image", "is no tar file, where the others are"
            continue
        try:
            with open_file(file) as stream:
                photos, labels = _members(file, stream, read_piece(file), found.rejected)
        except OSError as error:
            found.rejected[file.name] = "not readable", why(error)
            continue
        except (tarfile.TarError, EOFError, Sparse, ValueError, OverflowError):
            found.rejected[file.name] = "damaged", "is no tar file that can be read to its end"
            continue
        part = part_in_name(file)
        for key, photo in photos:
            label = _label_of(key, photo, labels)
            if isinstance(label, Unusable):
                unlabelled.append(photo.name)
                found.rejected[photo.name] = label.kind, str(label)
            else:
                found.found.append(photo)
                found.places[photo.name] = part, label
    if not found.found:
        hint = f", such as {unlabelled[0]}, which has no label" if unlabelled else ""
        raise DataError(
            f"{shown(files.source)} holds tar files, but no photo with a label in them{hint}; give each "
            "photo a file beside it whose name ends in .cls, or a folder of its class."
        )
    found.found.sort(key=lambda photo: photo.name)
    return found


def _members(file, stream, read, rejected):
    """([(key, `File` of a photo)], {key: [label, or an `Unusable`]}) of a tar file that is open."""
    photos, labels, known = [], {}, Counter()
    with Tar(fileobj=stream, mode="r", tarinfo=Header) as archive:
        while (member := archive.next()) is not None:
            archive.left += EACH
            archive.members = []  # it would keep all
            names = tuple(part for part in member.name.split("/") if part not in ("", "."))
            if not names or member.isdir() or (".." not in names and any(each[0] == "." for each in names)):
                continue
            folder, (stem, ending) = names[:-1], _divided(names[-1])
            key, name = (*folder, stem), bounded(f"{file.name}/{shown('/'.join(names))}", file.name)
            if ending in LABELS and member.isreg():
                content = archive.extractfile(member).read(MAX_LABEL + 1)
                labels.setdefault(key, []).append(_label(names[-1], ending, content))
            elif "." + ending.rpartition(".")[2] in endings():
                known[name] += 1
                name += "_" * (known[name] - 1)
                if fault := _fault(member, names):
                    rejected[name] = fault
                    continue
                piece = partial(_read, read, member.offset_data, member.size)
                photos.append((key, File(name, names, member.size, piece, changed=file.changed)))
    twice = {name for name, count in known.items() if count > 1}
    for _, photo in photos:
        if photo.name.rstrip("_") in twice or photo.name in twice:
            rejected[photo.name] = "twice", "has the name of another photo in its tar file"
    return [each for each in photos if each[1].name not in rejected], labels


def _fault(member, names):
    """`(kind, reason)` of a member that is not read, or None."""
    if ".." in names:
        return "not readable", "has a name that leads out of the tar file"
    if not member.isreg():
        return "link", "is no file but a link or a device"
    if member.size > MAX_BYTES:
        return "huge", str(too_many_bytes())
    return None


def _divided(name):
    """The part of a file's name that it shares with its label's, and its ending in lower case."""
    stem, dot, ending = name.partition(".")
    return stem, (dot + ending).lower()


def _label(name, ending, content):
    """The label in a file beside a photo; an `Unusable` where there is none."""
    fault = Unusable("without a class", f"has no label that can be read in {shown(name)} beside it")
    if len(content) > MAX_LABEL:
        return fault
    try:
        text = content.decode("utf-8-sig").strip()
        if ending == ".json":
            told = json.loads(text)
            text = next((told[key] for key in KEYS if key in told), None) if isinstance(told, dict) else told
            text = str(text) if isinstance(text, (str, int)) and not isinstance(text, bool) else ""
    except (ValueError, RecursionError):  # of text that is neither UTF-8 nor JSON
        return fault
    return text if text and len(text) <= MAX_NAME and "\n" not in text else fault


def _label_of(key, photo, labels):
    """The label of a photo, from the files beside it, or else its folder; an `Unusable` where it has none."""
    told = labels.get(key, [])
    for fault in told:
        if isinstance(fault, Unusable):
            return fault
    if len(set(told)) > 1:
        named = " and ".join(map(quoted, sorted(set(told))[:2]))
        return Unusable("without a class", f"has two labels, {named}")
    if told:
        return told[0]
    if len(photo.path) > 1:
        return photo.path[-2]
    reason = "has no label: neither a .cls or .json file beside it, nor a folder in the tar file"
    return Unusable("without a class", reason)


def _read(read, start, size):
    content = read(start, size)
    if len(content) < size:
        raise Unusable("truncated", "is cut off")
    return content
