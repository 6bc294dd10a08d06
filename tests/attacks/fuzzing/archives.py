"""Archives: good ones of photos and of texts, and hostile ones of every kind that is known."""

import bz2
import gzip
import io
import lzma
import os
import random as randomness
import stat
import struct
import tarfile
import zipfile

from fuzzing.images import picture
from fuzzing.mutators import number, on_bytes, places, write_number

PACKERS = {
    ".tar": bytes,
    ".tar.gz": lambda content: gzip.compress(content, mtime=0),
    ".tar.bz2": lambda content: bz2.compress(content),
    ".tar.xz": lambda content: lzma.compress(content, preset=0),
}
ZIP_LINES = {b"PK\x01\x02": 46, b"PK\x03\x04": 30, b"PK\x05\x06": 22}  # signature, and length of what follows


def entries(kind):
    """`[(name, content)]` of a small data set."""
    draws = randomness.Random(kind)
    if kind == "photos":
        found = []
        for label in ("ants", "bees"):
            for n in range(6):
                content = io.BytesIO()
                picture(200 + n + 50 * (label == "bees"), size=(48, 40)).save(content, "PNG")
                found.append((f"photos/{label}/{n}.png", content.getvalue()))
        return found
    words = [
        ["good", "bad", "film", "actor", "plot", "scene", "story", "music"],
        ["late", "parcel", "box", "door", "courier"],
    ]
    texts = [
        (label, " ".join(draws.sample(words[n], 4)))
        for n, label in enumerate(("film", "post"))
        for _ in "12345678"
    ]
    if kind == "table":
        rows = "".join(f'"{text} {n}",{label}\n' for n, (label, text) in enumerate(texts))
        return [("texts/all.csv", b"text,label\n" + rows.encode())]
    return [(f"texts/{label}/{n}.txt", f"{text} {n}".encode()) for n, (label, text) in enumerate(texts)]


def tar(members):
    """A tar archive of `(TarInfo, content)`."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content) if content else None)
    return file.getvalue()


def _plain(found):
    members = []
    for name, content in found:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        members.append((member, content))
    return members


def zipped(found, method=zipfile.ZIP_DEFLATED):
    """A zip archive of `(name or ZipInfo, content)`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in found:
            if isinstance(name, str):
                name = zipfile.ZipInfo(name)
                name.compress_type = method
            archive.writestr(name, content)
    return file.getvalue()


def good(kind):
    """A function that writes a good archive of a data set: tar, packed or not, or zip."""

    def write(random, folder):
        ending = random.choice((*PACKERS, ".zip", ".zip"))
        content = zipped(entries(kind)) if ending == ".zip" else PACKERS[ending](tar(_plain(entries(kind))))
        (folder / f"data{ending}").write_bytes(content)
        return folder / f"data{ending}"

    return write


def shards(random, folder):
    """Two tar files of photos, with labels beside them or as folders; returns the one to be spoiled."""
    ending = random.choice(("", ".cls", ".json"))
    for turn, name in enumerate(("data.tar", "other.tar")):
        found = []
        for place, (path, content) in enumerate(entries("photos")[turn::2]):
            _, label, file = path.split("/")
            found.append((f"{label}/{file}" if not ending else f"{place}.png", content))
            if ending:
                told = label if ending == ".cls" else f'{{"label": "{label}"}}'
                found.append((f"{place}{ending}", told.encode()))
        (folder / name).write_bytes(tar(_plain(found)))
    return folder / "data.tar"


NAMES = (
    "../escaped.png", "/tmp/escaped.png", "photos/../../escaped.png", "C:\\escaped.png", "..\\escaped.txt",
    "\\\\server\\share\\x.png", "photos/ants/\x1b[31m.png", "photos/ants/two\nlines.png",
    "photos/ants/" + "x" * 3000 + ".png", "photos/" + "d/" * 2000 + "x.png", "photos/ants/0.png",
    "photos/ants", "", ".", "/", "photos/ants/nul\0.png", "texts/film/\udcff.txt", "photos/<b>/1.png",
    "photos/=1+1/1.png",
    "CON", "photos/ants/x.png/inner.png",
)  # fmt: skip


def _odd_member(random):
    """A tar member that should not be in a data set."""
    name = random.choice(NAMES)
    member, content = tarfile.TarInfo(name), random.choice((b"", b"x", entries("photos")[0][1]))
    change = random.randrange(5)
    if change == 0:
        member.type = random.choice(
            (
                tarfile.SYMTYPE,
                tarfile.LNKTYPE,
                tarfile.CHRTYPE,
                tarfile.BLKTYPE,
                tarfile.FIFOTYPE,
                b"S",
                b"7",
                b"Z",
            )
        )
        member.linkname, content = random.choice(("/etc/passwd", "../../x", name, "photos/ants/0.png")), b""
    elif change == 1:
        headers = {"path": name, "size": "-1", "linkpath": "/etc/passwd", "GNU.sparse.major": "1"}
        headers |= {"GNU.sparse.map": "0,1" * 1000, "size ": "9" * 30, "hdrcharset": "BINARY", "mtime": "nan"}
        member.pax_headers = dict(random.sample(sorted(headers.items()), 3))
    elif change == 2:
        member.mode, member.uid, member.mtime = 0o7777, 2**31 - 1, -1
    member.size = len(content)
    return member, content


def odd_tar(random, path):
    """Odd members among good ones."""
    members = _plain(entries("photos") + entries("texts"))
    for _ in range(random.choice((1, 1, 5))):
        members.insert(random.randrange(len(members) + 1), _odd_member(random))
    content = tar(members)
    if random.random() < 0.3:  # a field of a header, whose checksum is put right
        at = 512 * random.randrange(len(content) // 512)
        field, size = random.choice(
            ((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8))
        )
        value = random.choice((b"7" * size, b"\x80" + b"\xff" * size, b"-1", b"\0", random.randbytes(size)))
        header = bytearray(content[at : at + 512])
        header[field : field + size] = value.ljust(size, b"\0")[:size]
        header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:]))
        content = content[:at] + bytes(header) + content[at + 512 :]
    path.write_bytes(random.choice(tuple(PACKERS.values()))(content))


def many(random, path):
    """Members without end, or bytes without end, in a few kilobytes; packed streams can be joined."""
    header = tarfile.TarInfo("photos/ants/1.png")
    what = random.randrange(4)
    if what == 0:
        block, times = header.tobuf() * 1000, 1200
    elif what == 1:
        header.size = 1 << random.choice((31, 33, 40))
        block, times = bytes(5_000_000), 500
    elif what == 2:
        header.type = tarfile.DIRTYPE
        block, times = header.tobuf() * 1000, 1200
    else:
        block, times = bytes(5_000_000), 500  # and no header: padding after the end
    packer = PACKERS[random.choice((".tar.gz", ".tar.xz"))]
    path.write_bytes(packer(header.tobuf()) + packer(block) * times)


def many_zipped(random, path):
    """A list of a million members, all the same one."""
    content = zipped([("photos/ants/1.png", b"")])
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    times = random.choice((70_000, 600_000))
    line = content[start:end] * times
    tail = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, times, times, len(line), start)
    tail += struct.pack("<4sIQI", b"PK\x06\x07", 0, start + len(line), 1)
    tail += struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(content[:start] + line + tail)


def odd_zip(random, path):
    """Odd members among good ones, and lines of the list that lie."""
    found = entries("photos") + entries("texts")
    for _ in range(random.choice((1, 1, 5))):
        member = zipfile.ZipInfo(random.choice(NAMES).replace("\udcff", "é"))
        kind = random.choice((0, 0, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR))
        member.external_attr = (kind | 0o777) << 16
        member.extra = random.choice((b"", b"\x01\0\x08\0" + b"\xff" * 8, b"\x01\0\xff\xff", os.urandom(0)))
        member.comment = random.choice((b"", b"PK\x01\x02" * 20))
        member.compress_type = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
        content = random.choice((b"/etc/passwd", b"", bytes(20_000_000), found[0][1]))
        found.insert(random.randrange(len(found) + 1), (member, content))
    path.write_bytes(lie(random, zipped(found)) if random.random() < 0.6 else zipped(found))


def lie(random, content):
    """Change a number in a line of a zip's list, in a member's own header, or in the last line."""
    signature, length = random.choice(sorted(ZIP_LINES.items()))
    found = list(places(content, signature))
    if not found:
        return content
    size = random.choice((2, 4))
    at = random.choice(found) + random.randrange(4, length - size + 1, 2)
    return write_number(content, at, size, number(random, size), "<")


def nested(random, path):
    """An archive in an archive."""
    inner = zipped(entries("photos"))
    for _ in range(random.choice((1, 5))):
        inner = zipped([("inner.zip", inner)])
    path.write_bytes(random.choice((inner, tar(_plain([("photos/ants/inner.tar", inner)])))))


def joined(random, path):
    """Two archives of different kinds in one file."""
    one, other = zipped(entries("texts")), gzip.compress(tar(_plain(entries("photos"))), mtime=0)
    path.write_bytes(random.choice((one + other, other + one, one + one, other + other)))


HARMS = (odd_tar, odd_tar, odd_zip, odd_zip, on_bytes(lie), many, many_zipped, nested, joined)
