"""The lessons. `python -m tutorials` lists them."""

import sys
from pathlib import Path

for _name in "datasets", "models":
    _file = getattr(sys.modules.get(_name), "__file__", None)
    if _file and Path(_file).parents[1] != Path(__file__).parents[1]:
        raise ImportError(
            f"Another package named {_name} is loaded from {Path(_file).parent}, and the lessons need "
            f"the one in {Path(__file__).parents[1]}; restart Python and import the lesson before it."
        )

import models  # noqa: F401  (at once: from here on Ctrl-C ends a lesson with one sentence)
