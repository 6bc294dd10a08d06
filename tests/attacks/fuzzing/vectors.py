"""Text files of word vectors: both forms, and counts, numbers and encodings that lie."""

import numpy as np

from fuzzing.mutators import on_bytes
from fuzzing.tables import odd_encoding, odd_newlines

WORDS = ("the", "film", "été", ". . .", "new york", "1950s", "don't")
CELLS = (
    "nan",
    "inf",
    "1e999",
    "-",
    "",
    " ",
    "0x1p3",
    "1_0",
    "１",
    "\0",
    "\x85",
    "\u202e",
    "9" * 5000,
    "1,5",
    "+",
)


def good(random, folder):
    """Write forty words, with or without word2vec's first line."""
    rows = np.random.default_rng(random.randrange(2**32)).normal(size=(40, 6))
    lines = [
        f"{WORDS[n] if n < len(WORDS) else f'word{n}'} {' '.join(f'{x:.5f}' for x in row)}"
        for n, row in enumerate(rows)
    ]
    header = [f"{len(rows)} {rows.shape[1]}"] if random.random() < 0.5 else []
    path = folder / "vectors.txt"
    path.write_text("\n".join([*header, *lines, ""]), encoding="utf-8")
    return path


def odd_header(random, content):
    """Announce other counts, up to ones that no memory holds."""
    counts = ("0", "1", "40", "6", "7", str(2**31), str(2**63), "9" * 400, "-1", "٣", "4.0")
    first = f"{random.choice(counts)} {random.choice(counts)}\n".encode()
    return first + content


def odd_numbers(random, content):
    """Put odd values in the place of some numbers."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(random.choice((1, 1, 5))):
        row = random.randrange(len(lines))
        cells = lines[row].split(" ")
        cells[random.randrange(len(cells))] = random.choice(CELLS)
        lines[row] = " ".join(cells)
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def long_lines(random, content):
    """One line of many numbers, or of one word without end."""
    line = random.choice((b"word" + b" 1" * 300_000, b"x" * 3_000_000, b" " * 1_000_000, b"1 " * 4_000))
    return random.choice((line + b"\n" + content, content + line))


HARMS = tuple(map(on_bytes, (odd_header, odd_numbers, odd_numbers, long_lines, odd_encoding, odd_newlines)))
