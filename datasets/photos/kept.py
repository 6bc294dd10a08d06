"""What was found out about each file, kept in a folder, so that a check that was killed goes on.

Each line is one photo, as JSON after its checksum. A line that is incomplete, or of a file that has changed,
counts as nothing: that photo is decoded again.
"""

import base64
import contextlib
import json
import zlib
from dataclasses import asdict
from pathlib import Path

import PIL

from ..files.names import shown
from ..sources import DataError
from .candidates import Facts
from .known import checked
from .pixels import Unusable
from .quality import Quality

BYTES = "digest", "square", "hash", "thumbnail"
VERSION = 1  # of what is found out; with another one all photos are decoded again
MADE = '{"made_by": "Glass Zoo"'  # with which every such file begins
AT_ONCE = 64  # photos that are written together


class Kept:
    """Facts of files that were decoded before.

    Args:
        folder: Where they are kept; None to keep nothing.
        size: Height and width of the squares, in pixels.

    Raises:
        DataError: If the folder cannot be written, or has another file of that name.
    """

    def __init__(self, folder, size):
        self.file, self.lines, self.known = None, [], {}
        if folder is None:
            return
        self.folder = folder
        path = Path(folder) / f"checked-{size}.jsonl"
        head = json.dumps(
            {"made_by": "Glass Zoo", "version": VERSION, "size": size, "pillow": PIL.__version__}
        )
        with self._writing():
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.file = path.open("a+", encoding="utf-8", errors="replace", newline="\n")
            self.file.seek(0)
            first = self.file.readline()
            if first != head + "\n":
                if not (first.startswith(MADE) or MADE.startswith(first)):
                    self.file.close()
                    raise DataError(
                        f"{shown(path)} is another file, which would be replaced; name another folder as "
                        "checkpoint=."
                    )
                self.file.truncate(0)
                self.lines.append(head)
            self._read()

    def _read(self):
        for line in self.file:
            if not line.endswith("\n"):  # killed while it was written
                self.lines.append("")
                break
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                check, content = line[:8], line[9:-1]
                if int(check, 16) == zlib.crc32(content.encode()):
                    known = json.loads(content)
                    self.known.pop(known["name"], None)  # the last line counts, even if it is of no use
                    found = _as_facts(known["facts"]) if "facts" in known else Unusable(*known["unusable"])
                    self.known[known["name"]] = known["file"], checked(found)

    @contextlib.contextmanager
    def _writing(self):
        try:
            yield
        except OSError as error:
            raise DataError(
                f"What is found out about the photos cannot be kept in {shown(self.folder)} "
                f"({error.strerror}); make room there, or name another folder as checkpoint=."
            ) from error

    def found(self, file):
        """What was found out about a file, if it has not changed: `Facts`, an `Unusable`, or None."""
        known, found = self.known.get(file.name, (None, None))
        return found if file.changed is not None and known == [file.size, file.changed] else None

    def add(self, file, found):
        """Keep what was found out about a file: `Facts` or an `Unusable`."""
        if self.file is None or file.changed is None:
            return
        line = {"name": file.name, "file": [file.size, file.changed]}
        if isinstance(found, Unusable):
            line["unusable"] = found.kind, str(found)
        else:
            line["facts"] = _as_json(found)
        line = json.dumps(line)
        self.lines.append(f"{zlib.crc32(line.encode()):08x} {line}")
        if len(self.lines) >= AT_ONCE:
            self.write()

    def write(self):
        """Write what was added since the last time."""
        if self.file is not None and self.lines:
            with self._writing():
                self.file.write("\n".join(self.lines) + "\n")
                self.file.flush()
            self.lines = []

    def close(self):
        """Write the rest."""
        self.write()
        if self.file is not None:
            self.file.close()


def _as_json(facts):
    def text(content):
        return base64.b85encode(content).decode()

    known = {name: getattr(facts, name) for name in ("side", "drawn", "seen")}
    known |= {"flat": float(facts.flat), "colours": int(facts.colours), "drawn": bool(facts.drawn)}
    known |= {name: text(getattr(facts, name)) for name in BYTES}
    known |= {"traits": sorted(facts.traits), "quality": facts.quality and asdict(facts.quality)}
    return known


def _as_facts(known):
    content = {name: base64.b85decode(known[name]) for name in BYTES}
    quality = known["quality"] and Quality(**known["quality"])
    return Facts(**known | content | {"traits": frozenset(known["traits"]), "quality": quality})
