"""JSON that is well formed and says what it should not, and JSON that is not well formed."""

import copy
import json

ODD = (
    None, True, False, 0, -1, 1, 2, 3.5, 1e308, -1e308, 10**30, 2**31, 2**63, 40_000, float("nan"),
    float("inf"), "",
    " ", "x" * 100_000, "../../x", "/etc/passwd", "\x1b[2J", "two\nlines", "<script>alert(1)</script>",
    "=1+1",
    "\u202egnp", "nul\0", "\ud800", "digits", "fine_tune", "sentiment", "sound", "losses", [], {},
    [None], [[]],
    {"": ""}, [0] * 1000, ["a"] * 300, [["x"]], ["\x1b[31m", "b"], [1, 2], "uint8", "float16", "string",
    "complex64",
)  # fmt: skip


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def nodes(value, path=()):
    """Every place in a JSON value, as the keys that lead to it."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from nodes(below, (*path, key))


def replaced(value, path, new):
    """A copy of the value with another one in a place; a function gets the old one."""
    value = copy.deepcopy(value)
    if not path:
        return new(value) if callable(new) else new
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new(holder[path[-1]]) if callable(new) else new
    return value


def odd_value(random, value):
    """Put an odd value in a place."""
    new = random.choice((*ODD, deep(900)))
    return replaced(value, random.choice(list(nodes(value))), new)


def without_key(random, value):
    """Leave a key or an item out."""
    place = random.choice([path for path in nodes(value) if path] or [()])
    if not place:
        return None

    def less(holder):
        holder.pop(place[-1])
        return holder

    return replaced(value, place[:-1], less)


def swapped(random, value):
    """Put in one place what stands in another."""
    one, other = (random.choice(list(nodes(value))) for _ in range(2))
    source = value
    for key in other:
        source = source[key]
    return replaced(value, one, copy.deepcopy(source))


def text(random, value):
    """The value written in a way that readers stumble over."""
    plain = json.dumps(value)
    what = random.randrange(9)
    if what == 0:
        return b"[" * random.choice((1000, 200_000))
    if what == 1:
        return b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    if what == 2:
        return plain.encode("utf-16")
    if what == 3:
        return b"\xef\xbb\xbf" + plain.encode()
    if what == 4:
        return plain.encode()[: random.randrange(len(plain))]
    if what == 5:
        return plain.replace(":", ': 1, "lesson":', 1).encode()
    if what == 6:
        return plain.encode() + random.choice((b"\0", b"{}", b"\xff\xfe", b"\n" * 1_000_000))
    if what == 7:
        return b"9" * random.choice((5000, 2_000_000))
    return b""


def spoil(random, value):
    """Bytes of a spoiled value."""
    if random.random() < 0.2:
        return text(random, value)
    for _ in range(random.choice((1, 1, 2))):
        value = random.choice((odd_value, odd_value, without_key, swapped))(random, value)
    return json.dumps(value).encode()
