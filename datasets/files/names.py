"""Names that come from a user's folders, files and tables, made safe for the place where they go.

Such a name may hold anything: escape sequences that drive a terminal, line breaks, letters that turn the
reading direction or cannot be seen, halves of letters, formulas that a spreadsheet runs, HTML.

The ways out: `safe(name, place)` for one name and one place, `sentence(error)` for a message with
names in it, `shown(name)` where a name enters and is kept, `file_names(names)` for files called after names.
"""

import html
import numbers
import re
import sys
import unicodedata

NAME = 200  # characters of one name on a terminal
SENTENCE = 2000  # characters of a message on a terminal
FILE_BYTES = 255  # of a file name, on the usual file systems

# Letters that are not to be seen, though Unicode calls them printable: fillers, blanks, selectors
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
# Letters that change what the text around them does: controls, line ends, halves of letters, turned direction
_ACTIVE = "\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_unseen = re.compile(f"[{_UNSEEN}]")
_active = re.compile(f"[{_ACTIVE}]")
# Joiners belong to the spelling between letters of Arabic and of the scripts of India, and within emoji
_SPELLED = "\u0600-\u08ff\u0900-\u0dff"
_joined = re.compile(
    rf"(?<=[{_SPELLED}])[\u200c\u200d](?=[{_SPELLED}])"
    "|(?<=[\u2190-\u2bff\U0001f000-\U0001faff])(?:\ufe0f\u200d?|\u200d(?=[\u2640-\u2bff\U0001f000-\U0001faff]))"
)
# Where a spreadsheet may find a formula: at the start of a cell, and behind what it may take for the end of
# one, since where people write 0,5 it separates cells by semicolons. The sign may be of full width, and may
# stand behind spaces and what is not seen
_FORMULA = r"'*(?:[^\S\t\n]|[\u00ad\u200b-\u200f\u2060\ufeff])*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]"
_START = r"(?:^|(?<=[;\t\n]))"
_formula = re.compile(rf"{_START}(?={_FORMULA})|^(?='*[\t\r\n])")
_marked = re.compile(rf"{_START}'(?={_FORMULA})|^'(?='*[\t\r\n])")
_number = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_escape = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4}|[nrt])")
_NOT_IN_FILE_NAMES = re.compile(r'[/\\:*?"<>|\s]+')
_RESERVED = re.compile(r"(?i)(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|(COM|LPT)[0-9¹²³])(?=\.|$)")


class _Html(str):
    """Text in which all that is special in HTML is escaped, which templates then leave alone."""

    __slots__ = ()

    def __html__(self):
        return str(self)


def shown(text):
    r"""A name on one line that can be kept and printed: what cannot be seen is written with backslashes.

    Args:
        text: Any string, or what `str` makes one of.

    Returns:
        The same string if all of it can be seen; else with `\n`, `\x1b`, `\u202e` and the like in it.
    """
    text = str(text)
    if text.isprintable() and not _unseen.search(text):
        return text
    spelled = {at for found in _joined.finditer(text) for at in range(*found.span())}
    return "".join(
        letter if n in spelled or (letter.isprintable() and not _unseen.match(letter)) else _written(letter)
        for n, letter in enumerate(text)
    )


def safe(text, place, longest=None):
    """A name as it may be written in some place.

    Args:
        text: The name. For "csv" any value: numbers and None are returned as they are.
        place: Where it goes:
            "terminal": one line as by `shown`, in letters that standard output can encode;
            "csv": a cell that no spreadsheet takes for a formula, by an apostrophe before = + - @ at its
            start, and behind a semicolon, tab or line break in it. Numbers such as -0.5 stay, line breaks
            and tabs inside a text too; `from_csv` is the way back;
            "html": text for HTML, escaped for elements and quoted attributes alike; a template of
            Jinja2 does not escape it once more;
            "file": a part of a file name that every system takes, of 255 bytes at most, never empty; see
            `file_names` for several that are to differ.
        longest: Characters to keep, an ellipsis in the middle; by default 200 for "terminal",
            elsewhere all.

    Returns:
        The text as a string.

    Raises:
        ValueError: If there is no such place.
    """
    if place == "csv":
        return _cell(text, longest)
    if place == "html":
        return _Html(html.escape(cut(_active.sub(_written_match, str(text)), longest)))
    if place == "file":
        return _file_name(str(text), min(longest or FILE_BYTES, FILE_BYTES))
    if place != "terminal":
        raise ValueError(f"{place!r} is no place for a name; it is terminal, csv, html or file.")
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    text = cut(shown(text), longest or NAME)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("…", "...").encode(encoding, "backslashreplace").decode(encoding)
    return text


def sentence(error):
    """An error or a notice with names in it, as one line for a terminal.

    Args:
        error: The exception, or its text.

    Returns:
        As `safe(error, "terminal")`, of up to 2,000 characters.
    """
    return safe(error, "terminal", SENTENCE)


def print_sentences(sentences, verbose=1):
    """Print each sentence on a line of its own, safely, if `verbose` is not 0.

    Args:
        sentences: Iterable of strings with names in them.
        verbose: 0 to print nothing.
    """
    for text in sentences if verbose else ():
        print(sentence(text), flush=True)


def cut(text, longest=None):
    """A text of at most so many characters: of a longer one the middle gives way to an ellipsis."""
    if longest is None or len(text) <= longest:
        return text
    tail = (longest - 1) // 2
    return text[: longest - 1 - tail] + "…" + text[len(text) - tail :]


def quoted(name, longest=80):
    """A name in quotation marks, on one line, for a message that lists several."""
    return repr(cut(str(name), longest))


def unshown(text):
    """What `shown` made this text of, if there is anything in it that `shown` writes."""
    return _escape.sub(lambda found: found[0].encode("ascii").decode("unicode_escape"), text)


def from_csv(cell):
    """What a cell was before `safe(cell, "csv")` put an apostrophe before it."""
    return _marked.sub("", cell)


def file_names(names):
    """Parts of file names called after names, all different, on systems without capital letters too.

    Args:
        names: Iterable of strings.

    Returns:
        List of as many strings, each as by `safe(name, "file")`, numbered where two would be the same.
    """
    taken, found = set(), []
    for name in names:
        candidate, number = safe(name, "file"), 1
        while unicodedata.normalize("NFC", candidate).casefold() in taken:
            number += 1
            candidate = f"{_file_name(str(name), FILE_BYTES - len(str(number)) - 1)}-{number}"
        taken.add(unicodedata.normalize("NFC", candidate).casefold())
        found.append(candidate)
    return found


def _written(letter):
    """A letter as an escape of ASCII letters."""
    return letter.encode("unicode_escape", "surrogatepass").decode()


def _written_match(found):
    return _written(found[0])


def _cell(value, longest):
    if value is None or isinstance(value, numbers.Number):
        return value
    text = cut(_active.sub(_written_match, str(value).replace("\r\n", "\n")), longest)
    return text if _number.fullmatch(text) else _formula.sub("'", text)


def _file_name(text, most):
    """A file name's part of at most `most` bytes."""
    text = _NOT_IN_FILE_NAMES.sub("_", shown(unicodedata.normalize("NFC", text)))
    text = text.lstrip(".-~ ")
    text = _RESERVED.sub(lambda found: f"_{found[0]}", text, count=1) if _RESERVED.match(text) else text
    text = text.encode("utf-8")[:most].decode("utf-8", "ignore")
    return text.rstrip(". ") or "_"


def shown_apart(names):
    """How names are shown, different ones differently: {name: how}; those that can be, as they are."""
    result, taken = {}, set()
    for name in sorted(set(names), key=lambda name: (shown(name) != name, name)):
        text = shown(name)
        while text in taken:
            text += "_"
        taken.add(text)
        result[name] = text
    return result
