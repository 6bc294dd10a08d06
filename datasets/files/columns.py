"""Which columns of a table hold the texts, and which the labels."""

import re

from ..errors import DataError
from .names import from_csv, quoted
from .tables import count

# Column names, the likeliest first; a name's last word counts as well ("star_rating")
_TEXT_NAMES = (
    {"text", "review", "sentence", "comment", "content", "message", "tweet", "body", "document", "post"},
    {"phrase", "utterance", "question", "description", "headline", "title", "summary", "sms"},
)
_LABEL_NAMES = (
    {"label", "sentiment", "class", "category", "target", "polarity", "emotion", "intent", "topic"},
    {"rating", "stars", "star", "score", "grade", "type", "group", "y"},
)


def columns(table, text_column=None, label_column=None, labelled=True):
    """Find the column of the texts and that of the labels.

    Args:
        table: A `Table`.
        text_column: Its name, or its number from 1; several with commas between them, or as a sequence.
        label_column: The same for the labels.
        labelled: Whether labels are needed.

    Returns:
        `(text, label, header)`: two indices, and whether the first row is a header. The label
        is None where it is not needed and not found. Of several columns the text is a tuple.

    Raises:
        DataError: If there is no such column, or none is named and it is not obvious which.
    """
    names = [cell.strip() for cell in table.rows[0]]
    if several := _several(text_column, names):
        return _joined(table, several, label_column, labelled)
    text_column, label_column = (column and str(column) for column in (text_column, label_column))
    given = _index(table, names, text_column, "text"), _index(table, names, label_column, "label")
    by_name = [name for name in (text_column, label_column) if name and not name.isdecimal()]
    alone = [named(names, tiers, alone=True) is not None for tiers in (_TEXT_NAMES, _LABEL_NAMES)]
    text, label = _completed(table, *given, names)
    header = table.headed or bool(by_name) or all(alone)
    if not header:
        header = alone[0] if label is None or not labelled else _heads(table, label)
    if not header:  # what looked like names are cells
        text, label = _completed(table, *given, ())
    if not labelled and text is None and len(names) == 1:
        text = 0
    if not labelled and not header and given[0] is None and len(names) > 1 and _is_prose(table, text):
        text = None  # sentences with commas are no columns
    missing = [what for what, index in (("text", text), ("label", label)) if index is None]
    if missing and (labelled or "text" in missing):
        raise _unclear(table, names, missing if labelled else ["text"])
    if text == label:
        raise DataError(
            f"{table.name}: texts and labels would both be taken from column {text + 1}, "
            f"{_listed([names[text]])}; name two columns with text_column= and label_column=."
        )
    return text, label, header


def _several(wanted, names):
    """The names of several columns in `text_column=`, or None."""
    if isinstance(wanted, str):
        wanted = wanted.split(",") if "," in wanted and wanted.strip() not in names else [wanted]
    elif wanted is None or isinstance(wanted, int):
        return None
    wanted = [str(name) for name in wanted]
    return wanted if len(wanted) > 1 else None


def _joined(table, several, label_column, labelled):
    """As `columns`, where the texts are several columns."""
    _, label, header = columns(table, several[0], label_column, labelled)
    names = [cell.strip() for cell in table.rows[0]]
    text = tuple(dict.fromkeys(_index(table, names, name, "text") for name in several))
    if label in text and labelled:
        raise DataError(
            f"{table.name}: column {label + 1}, {_listed([names[label]])}, would be both text and "
            "label; name other columns with text_column= and label_column=."
        )
    return text, label, header or not all(name.strip().isdecimal() for name in several)


def text_of(row, text):
    """The text of a row.

    Args:
        row: List of str.
        text: The index of a column, or a tuple of several, whose cells are joined with a line break.

    Returns:
        str.
    """
    if isinstance(text, int):
        return from_csv(row[text])
    return "\n".join(from_csv(row[index]) for index in text if row[index].strip())


def other_texts(table, text, label, header):
    """Names of columns that look like texts as well, and are not read.

    Args:
        table: A `Table`.
        text, label, header: As `columns` returns them.

    Returns:
        List of str.
    """
    used = {label, *((text,) if isinstance(text, int) else text)}
    sample = table.rows[header : header + 1000]
    found = []
    for index, name in enumerate(table.rows[0]):
        cells = [row[index] for row in sample if row[index].strip()]
        words = sum(len(cell.split()) for cell in cells)
        if index not in used and cells and words >= 2 * len(cells) and len(set(cells)) > 0.5 * len(cells):
            found.append(name.strip() if header else f"column {index + 1}")
    return found


def _unclear(table, names, missing):
    if len(names) == 1:
        return DataError(
            f"{table.name} has only one column, {_listed(names)}, where texts and labels are needed; "
            "separate them with commas or tabs."
        )
    arguments = " and ".join(f"{what}_column=" for what in missing)
    return DataError(
        f"{table.name} has the columns {_listed(names)}; say with {arguments} which holds the "
        f"{' and which the '.join(what + 's' for what in missing)}, by name or by number from 1."
    )


def same_columns(table, like, text, label, header):
    """The columns of another table of the same data set, such as the test part.

    Args:
        table: The other table.
        like: The first one.
        text, label: Its columns of texts and labels.
        header: Whether its first row is a header.

    Raises:
        DataError: If it has no such columns.
    """
    names = [cell.strip() for cell in table.rows[0]]
    if header:

        def place(index, what):
            return _index(table, names, like.rows[0][index].strip(), what)

        several = None if isinstance(text, int) else tuple(place(index, "text") for index in text)
        return (place(text, "text") if several is None else several), place(label, "label")
    if len(names) != len(like.rows[0]):
        raise DataError(
            f"{table.name} has {count(len(names), 'column')} where {like.name} has "
            f"{len(like.rows[0])}; give both the same columns."
        )
    return text, label


def _completed(table, text, label, names):
    """Both columns, guessed by name or, of two columns, by content; None for what is not obvious."""
    known_text, known_label = named(names, _TEXT_NAMES), named(names, _LABEL_NAMES)
    if text is None and known_text != label:
        text = known_text
    if label is None and known_label != text:
        label = known_label
    if len(table.rows[0]) == 2:
        if text is None and label is None:
            text = _wordier(table)
        if text is None and label is not None:
            text = 1 - label
        elif label is None and text is not None:
            label = 1 - text
    return text, label


def _heads(table, label):
    """Whether the first row is a header: its cell is no number and not among the labels below it."""
    first, *below = (row[label].strip() for row in table.rows)
    return bool(below) and first not in below and not re.fullmatch(r"[-+.\d]+", first)


def _index(table, names, wanted, what):
    if wanted is None:
        return None
    wanted = wanted.strip()
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    if names.count(wanted) == 1:
        return names.index(wanted)
    if names.count(wanted) > 1:
        raise DataError(f"{table.name} has two columns named {quoted(wanted)}; give them different names.")
    raise DataError(
        f"{table.name} has no column {quoted(wanted)}, only {_listed(names)}; name one of them with "
        f"{what}_column=, or give its number from 1."
    )


def _listed(names):
    return ", ".join(quoted(name, 30) for name in names[:12]) + (", ..." if len(names) > 12 else "")


def named(names, tiers, alone=False):
    """The column with a name such as "text" or "label", the likelier names first; None if there are several.

    A name is one of the words or ends with one ("airline_sentiment"); if `alone` is asked for,
    it also has no spaces, as hardly a sentence does.
    """
    words = [re.findall("[a-z0-9]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", name).lower()) for name in names]
    for longest in 1, 3:
        for tier in tiers:
            found = [
                index
                for index, (name, parts) in enumerate(zip(names, words, strict=False))
                if 0 < len(parts) <= longest and not (alone and " " in name) and _singular(parts[-1]) & tier
            ]
            if found:
                return found[0] if len(found) == 1 else None
    return None


def _singular(word):
    """A word as it is, and as it may be in the singular."""
    return {word, word.removesuffix("s"), re.sub("ies$", "y", word)}


def _is_prose(table, text):
    """Whether what looks like columns may be parts of sentences: cells rarely begin with a space."""
    others = [cell for row in table.rows for index, cell in enumerate(row) if index != text]
    return any(row[-1].startswith(" ") for row in table.rows) or any(len(cell.split()) > 1 for cell in others)


def _wordier(table):
    """Which of two columns holds texts: the longer one, which also repeats itself less."""
    sample = table.rows[1:1001] or table.rows
    length = [sum(len(row[index]) for row in sample) for index in (0, 1)]
    variety = [len({row[index] for row in sample}) for index in (0, 1)]
    text = 0 if length[0] > length[1] else 1
    if length[0] != length[1] and variety[text] >= variety[1 - text]:
        return text
    return None
