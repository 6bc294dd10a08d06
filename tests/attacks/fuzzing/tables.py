"""Tables: good ones of texts and of photos, and what people, programs and attackers make of them."""

import codecs
import gzip
import json

from fuzzing.images import picture
from fuzzing.mutators import on_bytes

LABELS = ("film", "post")


def texts(random, folder):
    """Write a table of texts and labels."""
    separator, ending = random.choice(((",", ".csv"), ("\t", ".tsv"), (";", ".csv"), ("|", ".tab")))
    newline = random.choice(("\n", "\r\n", "\r"))
    rows = [f"good story {n}{separator}{LABELS[n % 2]}" for n in range(30)]
    header = [f"text{separator}label"] if random.random() < 0.8 else []
    path = folder / f"texts{ending}"
    path.write_bytes(newline.join([*header, *rows, ""]).encode())
    return path


def text_lines(random, folder):
    """Write texts and labels as JSON Lines, under their own ending or another."""
    path = folder / random.choice(("texts.jsonl", "texts.ndjson", "texts.csv"))
    rows = [json.dumps({"text": f"good story {n}", "n": n, "label": LABELS[n % 2]}) for n in range(30)]
    path.write_text("\n".join([*rows, ""]))
    return path


def packed_texts(random, folder):
    """Write a table of texts that gzip has compressed."""
    path = texts(random, folder)
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    return packed


def photos(random, folder):
    """Write photos, and a table of their files, labels and parts beside them."""
    rows = ["file,label,split"]
    for n in range(24):
        picture(300 + n, size=(40, 40)).save(folder / f"{n}.png")
        rows.append(f"{n}.png,{('ants', 'bees')[n % 2]},{('train', 'train', 'val', 'test')[n // 2 % 4]}")
    (folder / "photos.csv").write_bytes("\n".join([*rows, ""]).encode())
    return folder / "photos.csv"


def labels(random, folder):
    """24 photos, and a table of their labels."""
    path = photos(random, folder)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], *(line.replace("bees", "bees|ants") for line in lines[5:]), ""]))
    return path


CELLS = (
    "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "\\\\server\\share\\x.png", "//server/share/x.png",
    "../../x.png", "/dev/zero", "/dev/tty", "/proc/self/mem", "/proc/self/fd/0", ".", "..", "/", "", " ",
    "\x1b[2J", "nul\0",
    "\udcff", "x" * 300, "y" * 5000, '"', '""', '"""', "\u202e", "<script>", "0.png/", "0.png/../0.png",
    "~/x.png", "file:///x", "\r", "é" * 200, "9" * 400, "nan", "1e999", "\ufeff", "CON", "C:\\x.png",
    "0.PNG", "./0.png",
    "%00", "$(id)",
)  # fmt: skip


def odd_cells(random, content):
    """Put odd values into some cells, in quotation marks or bare."""
    lines = content.decode("utf-8", "surrogateescape").splitlines()
    for _ in range(random.choice((1, 1, 3, 20))):
        row = random.randrange(len(lines))
        separator = next((one for one in "\t;|," if one in lines[row]), ",")
        cells = lines[row].split(separator)
        cell = random.choice(CELLS)
        cells[random.randrange(len(cells))] = random.choice((cell, '"' + cell.replace('"', '""') + '"'))
        lines[row] = separator.join(cells)
    return "\n".join([*lines, ""]).encode("utf-8", "surrogateescape")


def odd_encoding(random, content):
    """Write the table in another encoding, or say that it is in one that it is not in."""
    text = content.decode("utf-8", "replace")
    encoded = text.encode(
        random.choice(("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "cp500")), "replace"
    )
    marks = (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)
    latin = text.replace("o", "ö").encode("latin-1", "replace")
    return random.choice(marks) + random.choice((encoded, latin, content))


def odd_newlines(random, content):
    ends = (b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r\n", b"\x85", b"\x0c\n", b"\xe2\x80\xa8", b"\0\n")
    return b"".join(line + random.choice(ends) for line in content.splitlines())


def odd_rows(random, content):
    """Rows of other lengths, none at all, very many, or one without end."""
    lines = content.splitlines()
    row, what = random.randrange(len(lines)), random.randrange(7)
    if what == 0:
        lines[row] += b",more" * random.choice((1, 300, 200_000))
    elif what == 1:
        lines[row] = b'"' + b"x" * random.choice((200_000, 2_000_000))
    elif what == 2:
        lines[row] = b"," * random.choice((1, 100_000))
    elif what == 3:
        lines = lines[:1]
    elif what == 4:
        lines = [line + b"," * 30_000 for line in lines]
    elif what == 5:
        lines += [lines[-1]] * 100_000
    else:
        lines[row : row + 1] = [b'"' * n for n in range(1, 400)]
    return b"\n".join([*lines, b""])


def odd_labels(random, content):
    """A label for each row, one for all, or one beside its typo."""
    lines = content.decode("utf-8", "replace").splitlines()
    separator = next((one for one in "\t;|," if one in lines[0]), ",")
    rows = [line.split(separator) for line in lines]
    value = random.choice((lambda n: str(n), lambda n: "one", lambda n: "films" if n == 3 else "film"))
    changed = [[row[0], value(n), *row[2:]] for n, row in enumerate(rows)]
    return "\n".join([lines[0], *map(separator.join, changed), ""]).encode()


HARMS = tuple(map(on_bytes, (odd_cells, odd_cells, odd_encoding, odd_newlines, odd_rows, odd_labels)))
# Of a table of photos only the table is changed, not the photos beside it
