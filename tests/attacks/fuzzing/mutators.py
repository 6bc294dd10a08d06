"""Damage that knows nothing of a format, or only that it holds lengths and numbers."""

import struct

# Where counts, sizes and signs change their meaning
NUMBERS = [
    0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000,
    0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF,
]  # fmt: skip
WORDS = {1: "B", 2: "H", 4: "I", 8: "Q"}
MOST = 4_000_000  # bytes to which damage may let a file grow


def number(random, size):
    """An awkward number of so many bytes."""
    value = random.choice(NUMBERS) + random.choice((0, 0, 0, -1, 1))
    return value % (1 << (8 * size))


def write_number(content, at, size, value, order=">"):
    """The same bytes with a number of 1, 2, 4 or 8 bytes written into them."""
    packed = struct.pack(order + WORDS[size], value % (1 << (8 * size)))
    return content[:at] + packed + content[at + size :]


def places(content, mark):
    """Where some bytes stand in others."""
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + 1)


def flip_bits(random, content):
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 5, 30))):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)


def set_bytes(random, content):
    at = random.randrange(len(content))
    length = random.choice((1, 2, 4, 16, 200))
    value = random.choice((b"\0", b"\xff", bytes([random.randrange(256)]), random.randbytes(length)))
    return content[:at] + (value * length)[:length] + content[at + length :]


def cut_off(random, content):
    return content[: random.randrange(len(content))]


def take_out(random, content):
    at = random.randrange(len(content))
    return content[:at] + content[at + random.choice((1, 2, 4, 100, 5000)) :]


def insert(random, content):
    at = random.randrange(len(content) + 1)
    return content[:at] + random.randbytes(random.choice((1, 2, 4, 100, 5000))) + content[at:]


def duplicate(random, content):
    one, other = sorted(random.randrange(len(content) + 1) for _ in range(2))
    times = min(random.choice((1, 1, 3, 50)), MOST // (other - one + 1))
    return (content[:other] + content[one:other] * times + content[other:])[: max(MOST, len(content))]


def splice(random, content):
    """The beginning of the file, and from there on another place of it."""
    return content[: random.randrange(len(content))] + content[random.randrange(len(content)) :]


def change_number(random, content):
    """Put an awkward number in the place of some bytes."""
    size = random.choice((1, 2, 4, 8))
    at = random.randrange(max(1, len(content) - size))
    return write_number(content, at, size, number(random, size), random.choice("<>"))


def change_length(random, content):
    """Put an awkward number in the place of one that may be a length: it is no larger than the file."""
    size, order = random.choice((2, 4, 8)), random.choice("<>")
    begin = random.randrange(len(content))
    for at in (
        *range(begin, min(begin + 4000, len(content) - size)),
        *range(min(begin, len(content) - size)),
    ):
        if 0 < struct.unpack_from(order + WORDS[size], content, at)[0] <= len(content):
            return write_number(content, at, size, number(random, size), order)
    return change_number(random, content)


BYTES = (
    flip_bits, set_bytes, cut_off, take_out, insert, duplicate, splice, change_number, change_length
)  # fmt: skip


def damage(random, content):
    """Damage bytes in one of these ways; an empty file stays empty."""
    return random.choice(BYTES)(random, content) if content else content


def damage_file(random, path):
    """Damage a file, or one of the files in a folder."""
    file = one_file(random, path)
    file.write_bytes(damage(random, file.read_bytes()))


def one_file(random, path):
    """A file itself, or one of the files in a folder."""
    if not path.is_dir():
        return path
    files = (file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    return random.choice(sorted(file for file in files if file.stat().st_size <= MOST))


def on_bytes(change):
    """A function of a file out of one of its bytes; a folder has one of its files changed."""

    def harm(random, path):
        file = one_file(random, path)
        file.write_bytes(change(random, file.read_bytes()))

    return harm
