"""What can be found out about each photo alone, in parts of a thousand: each is decoded once, wherever."""

import sys
from functools import partial
from pathlib import Path

from .. import pool
from ..pixels import Unusable, formats
from .engines import applied, check_engine
from .parts import check_parquet, identity, is_part, read_part, remove_drafts, write_part

PART = 1000  # photos


def facts_in_parts(files, examine, size, out, engine="threads", verbose=0):
    """Decode photos in parts, each of which becomes a Parquet file; those that are there stay as they are.

    Args:
        files: List of `files.File`, which can be read at any time.
        examine: Function of a file, its content and a `pool.Room` that returns `(pixels, facts)`; of a
            module, so that it can be sent to other processes.
        size: Height and width of the squares, in pixels.
        out: Folder of the results.
        engine: "threads" or "ray".
        verbose: 1 for a progress bar, if the output is a terminal.

    Yields:
        (name of a file, `CompactFacts` or `Unusable`) in the order of the files. The names are new ones, so
            that nothing is left of the memory of a million files once these are not needed any more.

    Raises:
        DataError: If a package is missing, or a part cannot be written.
    """
    check_engine(engine)
    check_parquet()
    parts = [files[start : start + PART] for start in range(0, len(files), PART)]
    paths = [Path(out) / "facts" / f"part-{number:05}.parquet" for number in range(len(parts))]
    names = [identity(part, size) for part in parts]
    kept = [n for n, path in enumerate(paths) if is_part(path, names[n])]
    left = [(parts[n], paths[n], names[n]) for n in range(len(parts)) if n not in set(kept)]
    bar = _bar(len(parts), verbose)
    done = len(kept)
    for _ in applied(partial(_worker, examine, engine), left, engine):
        done += 1
        if bar:
            bar.update(done)
    remove_drafts(out)
    for part, path, name in zip(parts, paths, names, strict=True):
        found = read_part(path, name)
        if found is None or list(found) != [file.name for file in part]:  # damaged between its ends
            _decode_part(examine, None, (part, path, name))
            found = read_part(path, name)
        yield from found.items()


def _worker(examine, engine):
    """A function that decodes the photos of a part: on Ray in one thread, since others have theirs."""
    formats()  # before threads decode
    return partial(_decode_part, examine, 1 if engine == "ray" else None)


def _decode_part(examine, threads, part):
    files, path, name = part
    found = [
        (file.name, each if isinstance(each, Unusable) else each[1])
        for file, each in pool.each(files, examine, threads=threads)
    ]
    write_part(path, found, name)
    return len(found)


def _bar(total, verbose):
    if not verbose or not sys.stdout.isatty() or not total:
        return None
    import keras

    return keras.utils.Progbar(total, unit_name="part")
