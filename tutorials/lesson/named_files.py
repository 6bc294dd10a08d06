"""The files that the inputs of `tutorials.predict` stand for: those named, and those in folders."""

import sys
from pathlib import Path

from tutorials.lesson.command import LessonError

from datasets.files.names import sentence, shown
from datasets.files.tables import count


def named_in(inputs, reader):
    """Every named file or text, and in every named folder the files of the reader's kind.

    Args:
        inputs: Paths, or texts.
        reader: A `tutorials.predict.Reader`.

    Yields:
        str. A folder without such files is yielded itself, if there are other inputs. Which files of a folder
        are not read is printed.

    Raises:
        LessonError: If the only input is a folder without such files.
    """
    for name in map(str, inputs):
        if not is_folder(name):
            yield name
            continue
        found = files_in(name, reader)
        if not found and len(inputs) == 1:
            raise LessonError(no_files(name, reader))
        if found and (skipped := _skipped(name, reader)):
            print(sentence(f"{shown(name)} also holds {skipped}, not read."), file=sys.stderr, flush=True)
        yield from map(str, found or [name])  # of which its reader says that it is none


def files_in(folder, reader):
    """The files in a folder and below it that a reader takes, sorted."""
    if reader.list_files:
        return reader.list_files(folder)
    return sorted(file for file in _files(folder) if file.suffix.lower() in reader.suffixes)


def no_files(folder, reader):
    """What is said of a folder without files that a reader takes."""
    only = f", only {skipped}" if (skipped := _skipped(folder, reader)) else ""
    return f"{folder} holds no {reader.noun} files{only}; name a folder that does."


def _files(folder):
    return (file for file in Path(folder).rglob("*") if not file.is_dir())


def _skipped(folder, reader):
    """Which files of a folder are not read, by their endings; "" for none."""
    if reader.list_files:  # folders are clips, and photos lie among the results of lessons
        return ""
    endings = {}
    for file in sorted(_files(folder)):
        if file.suffix.lower() not in reader.suffixes and not file.name.startswith("."):
            endings.setdefault(file.suffix.lower() or "no ending", []).append(file)
    if not endings:
        return ""
    total = sum(map(len, endings.values()))
    kinds = ", ".join(f"{len(files):,} {shown(end)}" for end, files in sorted(endings.items())[:5])
    first = next(files[0] for _, files in sorted(endings.items()))
    return f"{count(total, 'file')} ({kinds}; the first is {shown(first.name)})"


def is_folder(name):
    """Whether a name is that of a folder; not where it is a long text, or nothing."""
    return bool(name.strip()) and _is(Path.is_dir, name)  # Path("") is the current folder


def is_file(name):
    """Whether a name is that of a file; not where it is a long text."""
    return _is(Path.is_file, name)


def _is(kind, name):
    try:
        return kind(Path(name))
    except (OSError, ValueError):
        return False
