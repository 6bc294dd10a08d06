"""WAV files: good ones of several kinds of samples, and headers that lie."""

import functools
import io
import struct

import numpy as np
from scipy.io import wavfile

from fuzzing.mutators import damage, number, on_bytes, write_number


@functools.cache
def samples():
    """Contents of good WAV files."""
    random, found = np.random.default_rng(0), []
    for kind in ("int16", "int32", "uint8", "float32", "float64"):
        for shape in ((3000,), (500, 2)):
            values = random.uniform(-1, 1, shape)
            if kind == "uint8":
                values = 127 * values + 128
            elif kind.startswith("int"):
                values *= np.iinfo(kind).max
            file = io.BytesIO()
            wavfile.write(file, 8000, values.astype(kind))
            found.append(file.getvalue())
    return found


def one_sound(random, folder):
    """Write one good sound."""
    (folder / "sound.wav").write_bytes(random.choice(samples()))
    return folder / "sound.wav"


def folder_of_sounds(random, folder):
    """Write six sounds of each of two classes, all different."""
    for label in ("bark", "meow"):
        (folder / "sounds" / label).mkdir(parents=True)
        for n in range(6):
            values = np.random.default_rng(random.randrange(2**32)).integers(-9999, 9999, 3000, "int16")
            wavfile.write(folder / "sounds" / label / f"{n}.wav", 8000, values)
    return folder / "sounds"


def chunks(random, content):
    """Change a chunk of the file, its name, length, place or content."""
    found, at = [], 12
    while at + 8 <= len(content):
        size = struct.unpack_from("<I", content, at + 4)[0]
        found.append(content[at : at + 8 + size])
        at += 8 + size + size % 2
    which, change = random.randrange(len(found)), random.randrange(7)
    if change == 0:
        found[which] = write_number(found[which], 4, 4, number(random, 4), "<")
    elif change == 1:
        place, size = random.choice(((8, 2), (10, 2), (12, 4), (16, 4), (20, 2), (22, 2)))
        found[0] = write_number(found[0], place, size, number(random, size), "<")
    elif change == 2:
        found.insert(
            which,
            random.choice((b"LIST", b"fact", b"data", b"fmt ", b"ds64")) + struct.pack("<I", 8) + bytes(8),
        )
    elif change == 3:
        found.pop(which)
    elif change == 4:
        found.reverse()
    elif change == 5:
        found[which] = found[which][:8] + damage(random, found[which][8:])
    else:
        values = np.array([np.nan, np.inf, -np.inf, 1e38, 1e-45] * 50, "float32").tobytes()
        header = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 1, 8000, 32000, 4, 32)
        found = [header, b"data" + struct.pack("<I", len(values)) + values]
    start = random.choice((b"RIFF", b"RIFF", b"RIFF", b"RIFX", b"RF64", b"riff"))
    length = random.choice((4 + sum(map(len, found)), 0, 0xFFFFFFFF))
    return start + struct.pack("<I", length) + b"WAVE" + b"".join(found)


HARMS = (on_bytes(chunks),)
