"""Names from a user's folders, files and tables, made safe for the place where they are written.

Such a name may contain anything: escape sequences that control a terminal, line breaks, letters that change
the reading direction or are invisible, surrogates, formulas that a spreadsheet runs, HTML.

`safe(name, place)` is for one name and one place, `sentence(error)` for a message with names in it, and
`shown(name)` for a name that is read and kept.
"""

import html
import numbers
import re
import sys

NAME = 200  # characters of one name on a terminal
SENTENCE = 2000  # characters of a message on a terminal

# Letters that are invisible though Unicode calls them printable: fillers, blanks, selectors
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
# Letters that affect the text around them: control characters, line ends, surrogates, reading direction
_ACTIVE = "\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_unseen = re.compile(f"[{_UNSEEN}]")
_active = re.compile(f"[{_ACTIVE}]")
# Joiners are part of the spelling between letters of Arabic and of Indian scripts, and within emoji
_SPELLED = "\u0600-\u08ff\u0900-\u0dff"
_joined = re.compile(
    rf"(?<=[{_SPELLED}])[\u200c\u200d](?=[{_SPELLED}])"
    "|(?<=[\u2190-\u2bff\U0001f000-\U0001faff])(?:\ufe0f\u200d?|\u200d(?=[\u2640-\u2bff\U0001f000-\U0001faff]))"
)
# Where a spreadsheet may find a formula: at the start of a cell, and after a character that may end one:
# where people write 0,5 cells are separated by semicolons. The sign may be of full width, and may follow
# spaces and invisible letters
_FORMULA = r"'*(?:[^\S\t\n]|[\u00ad\u200b-\u200f\u2060\ufeff])*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]"
_START = r"(?:^|(?<=[;\t\n]))"
_formula = re.compile(rf"{_START}(?={_FORMULA})|^(?='*[\t\r\n])")
_marked = re.compile(rf"{_START}'(?={_FORMULA})|^'(?='*[\t\r\n])")
_number = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_escape = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4}|[nrt])")


class _Html(str):
    """Text in which all that is special in HTML is escaped, so that templates do not escape it again."""

    __slots__ = ()

    def __html__(self):
        return str(self)


def shown(text):
    r"""A name on one line that can be kept and printed: invisible letters become escape sequences.

    Args:
        text: Any string, or what `str` turns into one.

    Returns:
        The same string if all of it is visible; else with `\n`, `\x1b`, `\u202e` and the like in it.

    Example:
        >>> from datasets.files.names import shown
        >>> print(shown("two\nlines"))
        two\nlines
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
            "csv": a cell that no spreadsheet takes for a formula: an apostrophe is put before = + - @ at
            its start, and after a semicolon, tab or line break. Numbers such as -0.5 stay as they are, and
            so do line breaks and tabs inside a text; `from_csv` is the inverse;
            "html": text for HTML, escaped for elements and quoted attributes; a template of Jinja2 does
            not escape it again.
        longest: Characters to keep, with an ellipsis in the middle; by default 200 for "terminal",
            elsewhere all.

    Returns:
        The text as a string.

    Raises:
        ValueError: If there is no such place.

    Example:
        >>> from datasets.files.names import safe
        >>> safe("=1+1", "csv"), str(safe("<b>", "html"))
        ("'=1+1", '&lt;b&gt;')
    """
    if place == "csv":
        return _cell(text, longest)
    if place == "html":
        return _Html(html.escape(cut(_active.sub(_written_match, str(text)), longest)))
    if place != "terminal":
        raise ValueError(f"place= is {place!r}; give terminal, csv or html.")
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

    Example:
        >>> from datasets.files.names import sentence
        >>> print(sentence(ValueError("ants\\x1b[2J.jpg is empty.")))
        ants\\x1b[2J.jpg is empty.
    """
    return safe(error, "terminal", SENTENCE)


def print_sentences(sentences, verbose=1):
    """Print each sentence on a line of its own, safely, if `verbose` is not 0.

    Args:
        sentences: Iterable of strings with names in them.
        verbose: 0 to print nothing.

    Example:
        >>> from datasets.files.names import print_sentences
        >>> print_sentences(["Data: 3 photos."])
        Data: 3 photos.
    """
    for text in sentences if verbose else ():
        print(sentence(text), flush=True)


def cut(text, longest=None):
    """Shorten a text: the middle of a longer one is replaced by an ellipsis.

    Args:
        text: A string.
        longest: Characters at most; None for all.

    Returns:
        str.

    Example:
        >>> from datasets.files.names import cut
        >>> cut("a long name", 6)
        'a l…me'
    """
    if longest is None or len(text) <= longest:
        return text
    tail = (longest - 1) // 2
    return text[: longest - 1 - tail] + "…" + text[len(text) - tail :]


def quoted(name, longest=80):
    """A name in quotation marks, on one line, for a message that lists several.

    Args:
        name: Any string.
        longest: Characters of it at most.

    Returns:
        str.

    Example:
        >>> from datasets.files.names import quoted
        >>> quoted("two\\nlines")
        "'two\\\\nlines'"
    """
    return repr(cut(str(name), longest))


def unshown(text):
    """The text that `shown` turned into this one; the inverse of `shown`.

    Args:
        text: What `shown` returned.

    Returns:
        str.

    Example:
        >>> from datasets.files.names import shown, unshown
        >>> unshown(shown("two\\nlines"))
        'two\\nlines'
    """
    return _escape.sub(lambda found: found[0].encode("ascii").decode("unicode_escape"), text)


def from_csv(cell):
    """The text that `safe(text, "csv")` turned into this cell.

    Args:
        cell: Of a CSV file.

    Returns:
        str.

    Example:
        >>> from datasets.files.names import from_csv
        >>> from_csv("'=1+1")
        '=1+1'
    """
    return _marked.sub("", cell)


def shown_apart(names):
    """How names are shown, so that different names stay different.

    Args:
        names: Iterable of strings.

    Returns:
        Dictionary from a name to how it is shown: as it is, if it can be.

    Example:
        >>> from datasets.files.names import shown_apart
        >>> shown_apart(["a\\n", r"a\\n"])
        {'a\\\\n': 'a\\\\n', 'a\\n': 'a\\\\n_'}
    """
    result, taken = {}, set()
    for name in sorted(set(names), key=lambda name: (shown(name) != name, name)):
        text = shown(name)
        while text in taken:
            text += "_"
        taken.add(text)
        result[name] = text
    return result


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
