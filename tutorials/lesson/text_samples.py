"""Random samples of texts: for quick runs, and of texts that stay in their files."""

from dataclasses import replace

import numpy as np

from datasets import Texts
from datasets.files.folders import PACKED, PLAIN, ending

SAMPLE = 400  # texts of a quick run
LARGE = 200_000_000  # bytes of tables that are read row by row: in memory they take about 20 times as much
PACKED_SIZE = 4  # how many times its size a compressed table is taken to be
STREAMABLE = (*PLAIN, *PACKED, ".parquet")
SAMPLED = {"train": 10_000, "validation": 2000, "test": 50_000}  # of a stream: what is looked at


def sample(texts, most):
    """Some of the texts, of all parts and classes alike.

    Args:
        texts: A `Texts`.
        most: How many, about.

    Returns:
        A `Texts`; the same if it has no more.
    """
    rows, every = np.arange(len(texts)), -(-len(texts) // most)
    order = np.lexsort((rows, texts.labels, texts.parts))
    kept = np.sort(order[::every])
    columns = {name: getattr(texts, name)[kept] for name in ("texts", "labels", "parts", "rows", "groups")}
    return replace(texts, **columns, files=[texts.files[row] for row in kept])


def streamed(source, columns, settings):
    """Check texts row by row, and draw some of them to look at.

    Args:
        source: A `Source`.
        columns: {name: value} of the columns and the encoding, as for `Texts.stream`.
        settings: The lesson's.

    Returns:
        (`Texts`, a random sample; {}, as their true classes are not known; the texts to train on).
    """
    found = Texts.stream(source, **columns, seed=settings["seed"], verbose=0)
    print(f"\n{found}\n", flush=True)
    texts = found.sample(SAMPLED, settings["seed"])
    if settings["quick"]:
        texts = sample(texts, SAMPLE)
    return texts, {}, texts if settings["quick"] else found


def is_large(source):
    """Whether texts are in tables that are read row by row.

    Args:
        source: A `Source`.
    """
    paths = [source.path] if source.path.is_file() else source.path.glob("*.*")
    endings = [(path, ending(path.name)) for path in paths]
    sizes = [
        path.stat().st_size * (PACKED_SIZE if end in PACKED else 1)
        for path, end in endings
        if end in STREAMABLE and path.is_file()
    ]
    return sum(sizes) > LARGE
