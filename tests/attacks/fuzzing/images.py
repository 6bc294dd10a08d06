"""Images: good ones in every format that Pillow writes, and what can be wrong within a format."""

import functools
import io
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw

from fuzzing.mutators import damage, number, on_bytes, write_number

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")
OPTIONS = {  # beside each format's defaults
    "GIF": [{"save_all": True}],
    "JPEG": [{"progressive": True}, {"quality": 5, "subsampling": 2}],
    "PNG": [{"save_all": True}, {"bits": 2}],
    "TIFF": [
        {"compression": kind}
        for kind in ("tiff_lzw", "packbits", "tiff_deflate", "tiff_adobe_deflate", "jpeg", "group4", "zstd")
    ]
    + [{"save_all": True}, {"big_tiff": True}],
    "WEBP": [{"lossless": True}, {"save_all": True}],
}
# What Pillow writes, or only passes on, and does not read; IM is going away
NO_IMAGES = {"PDF", "EPS", "BUFR", "GRIB", "HDF5", "WMF", "PALM", "IM"}


def picture(seed, mode="RGB", size=(40, 30)):
    """A picture of soft colours with some noise."""
    random = np.random.default_rng(seed)
    soft = random.integers(0, 200, (4, 4, 3), "uint8")
    image = Image.fromarray(soft).resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(image) + random.integers(0, 50, (size[1], size[0], 3), "uint8")
    return Image.fromarray(pixels).convert("I" if mode == "I;16" else mode).convert(mode)


def seven(seed, mode="RGB"):
    """A 7 on plain paper."""
    image = Image.new("RGB", (120, 100), (255, 255, 255))
    x, y = 30 + seed, 20 + seed // 2
    ImageDraw.Draw(image).line([(x, y), (x + 40, y), (x + 15, y + 60)], (0, 0, 0), 9, "curve")
    return image.convert(mode)


@functools.cache
def formats():
    """`(format, ending, options)` of all that Pillow writes."""
    Image.init()
    endings = {kind: ending for ending, kind in Image.registered_extensions().items()}
    return [
        (kind, endings.get(kind, ".png"), options)
        for kind in sorted(set(Image.SAVE) - NO_IMAGES)
        for options in [{}, *OPTIONS.get(kind, [])]
    ]


def sample(random, draw=picture, modes=MODES):
    """`(ending, content)` of a good image in any format, kind of packing, and one of some modes."""
    while True:
        kind, ending, options = random.choice(formats())
        mode = random.choice(("RGB", "L", *modes))
        content = io.BytesIO()
        more = {"append_images": [draw(9, mode)]} if options.get("save_all") else {}
        if kind in ("JPEG", "PNG", "WEBP", "TIFF") and random.random() < 0.5:
            more["exif"] = Image.Exif()
            more["exif"].update({0x0112: random.randrange(10), 0x8769: {0x9003: "2020:01:01 00:00:00"}})
        try:
            draw(random.randrange(20), mode).save(content, kind, **options, **more)
        except Exception:  # no such mode in this format, or no such codec here
            continue
        return ending, content.getvalue()


def one_image(random, folder):
    """Write one good image."""
    ending, content = sample(random)
    (folder / f"image{ending}").write_bytes(content)
    return folder / f"image{ending}"


def one_digit(random, folder):
    """Write one good image of a digit."""
    ending, content = sample(random, seven, ("L", "RGBA"))
    (folder / f"image{ending}").write_bytes(content)
    return folder / f"image{ending}"


NAMES = (
    "\x1b[2J.png",
    "<img src=x>.jpg",
    "-rf.png",
    "=1+1.png",
    "two\nlines.gif",
    "x" * 240 + ".png",
    "é😀.png",
)


def folder_of_photos(random, folder):
    """Write 16 photos of two classes, and beside them five that the mutators may spoil."""
    for label in ("ants", "bees"):
        (folder / "photos" / label).mkdir(parents=True)
        for n in range(8):
            picture(100 + n + 50 * (label == "bees"), size=(48, 40)).save(
                folder / "photos" / label / f"{n}.png"
            )
    for n in range(5):
        ending, content = sample(random)
        name = random.choice((*NAMES, f"odd{n}{ending}", f"odd{n}{ending}"))
        (folder / "photos" / random.choice(("ants", "bees")) / name).write_bytes(content)
    return folder / "photos"


def spoil_odd_photos(random, path):
    """Spoil those of a folder's files that are not named by a number: the others stay good."""
    for file in sorted(path.glob("*/*")):
        if not file.stem.isdecimal() and file.is_file() and 0 < file.stat().st_size < 1_000_000:
            content = file.read_bytes()
            for _ in range(random.choice((1, 2))):
                content = random.choice((damage, *WITHIN))(random, content)
            file.write_bytes(content)


def add_odd_files(random, path):
    """Put what is no photo among photos: links, pipes, folders, empty and huge files."""
    place = path / random.choice(("ants", "bees"))
    odd = place / f"odd{random.randrange(1000)}.jpg"
    kind = random.randrange(6)
    if kind == 0:
        os.mkfifo(odd)
    elif kind == 1:
        odd.symlink_to(random.choice(("nowhere", odd.name, "..", "/dev/zero", "/dev/tty", "/proc/self/mem")))
    elif kind == 2:
        odd.mkdir()
        (odd / "deep.png").write_bytes(sample(random)[1])
    elif kind == 3:
        odd.touch()
    elif kind == 4:
        with odd.open("wb") as file:  # takes no room on the disk
            file.truncate(3_000_000_000)
    else:
        deep = place / "/".join("d" * 60 for _ in range(40))
        deep.mkdir(parents=True)


# What is wrong within a format


def _png_chunks(content):
    chunks, at = [], 8
    while at + 12 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        chunks.append((kind, content[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def _png(chunks):
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


_INSERTED = (
    b"PLTE",
    b"tRNS",
    b"iCCP",
    b"zTXt",
    b"tEXt",
    b"iTXt",
    b"eXIf",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"IDAT",
)


def png_chunks(random, content):
    """Change a PNG's chunks; their checksums stay right."""
    if not content.startswith(b"\x89PNG"):
        return _png_bomb(random)
    chunks = _png_chunks(content)
    at = random.randrange(len(chunks))
    kind, data = chunks[at]
    change = random.randrange(6)
    if change == 0:  # sizes, depth, colours, interlacing
        place, size = random.choice(((0, 4), (4, 4), (8, 1), (9, 1), (10, 1), (12, 1)))
        chunks[0] = (b"IHDR", write_number(chunks[0][1], place, size, number(random, size)))
    elif change == 1:
        chunks.insert(random.randrange(len(chunks) + 1), chunks[at])
    elif change == 2:
        chunks.pop(at)
    elif change == 3:
        chunks.insert(at, (random.choice(_INSERTED), random.randbytes(random.choice((0, 1, 12, 26, 768)))))
    elif change == 4:
        packed = zlib.compress(bytes(random.choice((10, 30_000_000))), 9)
        chunks.insert(1, (random.choice((b"iCCP", b"zTXt", b"iTXt")), b"x\0\0" + packed))
    else:
        chunks[at] = kind, damage(random, data)
    return _png(chunks)


def _png_bomb(random):
    """A few kilobytes that say they are many pixels."""
    width, height = random.choice(((12000, 12000), (30000, 30000), (2**31 - 1, 1), (60000, 3), (2, 80000)))
    header = struct.pack(">IIBBBBB", width, height, 8, random.choice((0, 2, 3, 6)), 0, 0, 0)
    palette = (b"PLTE", bytes(768))
    return _png([(b"IHDR", header), palette, (b"IDAT", zlib.compress(bytes(5_000_000))), (b"IEND", b"")])


def jpeg_segments(random, content):
    """Change the segments of a JPEG before its pixels."""
    if not content.startswith(b"\xff\xd8"):
        return damage(random, content)
    segments, at = [], 2
    while at + 4 <= len(content) and content[at + 1] != 0xDA:
        size = struct.unpack_from(">H", content, at + 2)[0]
        segments.append(content[at : at + 2 + size])
        at += 2 + size
    which = random.randrange(len(segments))
    frame = next((n for n, one in enumerate(segments) if one[1] in (0xC0, 0xC2)), which)
    change = random.randrange(6)
    if change == 0:  # height and width
        segments[frame] = write_number(segments[frame], random.choice((5, 7)), 2, number(random, 2))
    elif change == 1:  # components and how they are sampled
        segments[frame] = write_number(segments[frame], random.choice((4, 9, 11)), 1, number(random, 1))
    elif change == 2:
        segments.insert(which, segments[which])
    elif change == 3:
        segments.pop(which)
    elif change == 4:
        camera = b"Exif\0\0" + random.choice((b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0")) + random.randbytes(200)
        segments.insert(0, b"\xff\xe1" + struct.pack(">H", len(camera) + 2) + camera)
    else:
        segments[which] = segments[which][:4] + damage(random, segments[which][4:])
    return b"\xff\xd8" + b"".join(segments) + content[at:]


def tiff_entries(random, content):
    """Change an entry of a TIFF's first directory, or where the next directory is."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None or len(content) < 16:
        return damage(random, content)
    begin = struct.unpack_from(order + "I", content, 4)[0]
    if begin + 2 > len(content):
        return damage(random, content)
    entries = struct.unpack_from(order + "H", content, begin)[0]
    if random.random() < 0.15:  # a circle
        return write_number(content, begin + 2 + 12 * entries, 4, begin, order)
    at = begin + 2 + 12 * random.randrange(max(1, entries))
    place, size = random.choice(((0, 2), (2, 2), (4, 4), (8, 4), (8, 2)))
    value = random.choice((256, 257, 258, 259, 273, 279, 338)) if place == 0 else number(random, size)
    return write_number(content, at + place, size, value, order)


def header_numbers(random, content):
    """Change numbers in the first bytes, where most formats have their sizes."""
    for _ in range(random.choice((1, 2))):
        size = random.choice((1, 2, 4))
        at = random.randrange(2, max(3, min(64, len(content) - size)))
        content = write_number(content, at, size, number(random, size), random.choice("<>"))
    return content


def text_header(random, content):
    """A portable bitmap whose text says what is not so."""
    width, height, top = (random.choice((0, 1, 3, 12000, -1, 2**31, 10**30)) for _ in range(3))
    kind = random.choice(("P1", "P2", "P3", "P4", "P5", "P6", "Pf", "PF", "P7", "Pyx"))
    comment = random.choice(("", "#" + "x" * 100_000 + "\n"))
    return f"{kind}\n{comment}{width} {height}\n{top}\n".encode() + content[:2000]


WITHIN = (png_chunks, jpeg_segments, tiff_entries, header_numbers, text_header)
ONE = tuple(map(on_bytes, WITHIN))
FOLDER = (spoil_odd_photos, spoil_odd_photos, add_odd_files)
