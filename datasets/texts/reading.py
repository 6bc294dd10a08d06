"""Texts from files: one text in a .txt file, one in each row of a table, one class in each folder."""

import re
from pathlib import Path

from ..files import folders, tables
from ..files.names import from_csv
from ..labels import as_names
from ..sources import DataError

SUFFIXES = {".txt", ".csv", ".tsv"}  # of files that `read_texts` reads


def read_texts(path, text_column=None):
    """Read texts without labels, to classify them.

    Args:
        path: A .txt file, which is one text, or a CSV or TSV file with a text in each row.
        text_column: The column of the texts, by name or by number from 1; None to guess it.

    Returns:
        List of str. Line breaks written as `<br />` become line breaks.

    Raises:
        DataError: If the file cannot be read or holds no text.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from datasets.texts import read_texts
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "texts.csv"
        ...     _ = file.write_text("text,stars\\nA good film.,5\\nToo long.,2\\n")
        ...     read_texts(file)
        ['A good film.', 'Too long.']
    """
    path = Path(path)
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise DataError(f"{path} {what}; name a .txt, .csv or .tsv file.")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name another file.") from error
    content = tables.decode(folders.read_file(path), path)
    if path.suffix.lower() not in folders.TABLES:
        tables.check_length(content, path)
        texts = [with_line_breaks(content)]
    else:
        table = tables.read_table(content, str(path))
        text, _, header = tables.columns(table, text_column, labelled=False)
        texts = [with_line_breaks(row[text]) for row in table.rows[header:]]
    if not any(text.strip() for text in texts):
        raise DataError(f"{path} holds no text; name a file that does.")
    return texts


def read_classes(tree, classes):
    """Read labelled texts from folders, one for each class.

    Args:
        tree: A `datasets.files.folders.Tree` of a folder or an archive.
        classes: {class: names of its files in the tree}.

    Returns:
        `(texts, labels)`: two lists of n str.

    Raises:
        DataError: If a file cannot be read or is no text.

    Example:
        >>> from pathlib import Path
        >>> from datasets.files.folders import Tree
        >>> tree = Tree(Path("films.zip"), {("good", "1.txt"): b"So good!", ("bad", "1.txt"): b"Bad."}, set())
        >>> read_classes(tree, {"good": [("good", "1.txt")], "bad": [("bad", "1.txt")]})
        (['So good!', 'Bad.'], ['good', 'bad'])
    """
    texts, labels = [], []
    for label, files in classes.items():
        for parts in files:
            text = tree.text(parts)
            tables.check_length(text, tree.name(parts))
            texts.append(with_line_breaks(text))
            labels.append(label)
    return texts, as_names(labels, tree.path)


def read_tables(tree, files, text_column=None, label_column=None):
    """Read labelled texts from a table for each part.

    Args:
        tree: A `datasets.files.folders.Tree` of a folder or an archive.
        files: {part, such as "train": name of its table in the tree}.
        text_column: The column of the texts, by name or by number from 1; None to guess it.
        label_column: The same for the labels.

    Returns:
        {part: (texts, labels)}, lists of n str each.

    Raises:
        DataError: If a table cannot be read, its columns are not clear, or a text has no label.

    Example:
        >>> from pathlib import Path
        >>> from datasets.files.folders import Tree
        >>> table = b"text,label\\nSo good!,good\\nBad.,bad\\n"
        >>> tree = Tree(Path("films.zip"), {("films.csv",): table}, set())
        >>> read_tables(tree, {"train": ("films.csv",)})
        {'train': (['So good!', 'Bad.'], ['good', 'bad'])}
    """
    result, first = {}, None
    for part, parts in files.items():
        table = tables.read_table(tree.text(parts), tree.name(parts))
        if first is None:
            text, label, header = tables.columns(table, text_column, label_column)
            first = table
        else:
            text, label = tables.same_columns(table, first, text, label, header)
        rows = table.rows[header:]
        texts = [with_line_breaks(row[text]) for row in rows]
        labels = as_names([from_csv(row[label].strip()) for row in rows], table.name)
        unlabelled = [
            line
            for line, words, name in zip(table.lines[header:], texts, labels, strict=True)
            if words.strip() and not name
        ]
        if unlabelled:
            raise DataError(
                f"{table.name} has {len(unlabelled):,} texts without a label, the first in line "
                f"{unlabelled[0]:,}; write labels to them, or remove them."
            )
        result[part] = texts, labels
    return result


def with_line_breaks(text):
    r"""A text in which line breaks that are written as in HTML are line breaks.

    Args:
        text: Any str.

    Returns:
        A str.

    Example:
        >>> with_line_breaks("Good.<br /><br>So good!")
        'Good.\n\nSo good!'
    """
    return re.sub(r"<br\s*/?>", "\n", text, flags=re.IGNORECASE) if "<" in text else text
