"""The lessons. `python -m tutorials` lists them."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120  (pathlib takes time)


def _refuse_other_packages():
    """See that `datasets` and `models` mean this repository's packages, also where others have these names.

    Raises:
        ImportError: If another package of one of these names has been imported already.
        SystemExit: The same, where a lesson is run as a command: the sentence alone is printed.
    """
    for name in "datasets", "models":
        places = [os.path.realpath(place) for place in getattr(sys.modules.get(name), "__path__", ())]
        if not places or os.path.join(ROOT, name) in places:  # noqa: PTH118
            continue
        message = (
            f"Another package named {name} is loaded from {places[0]}, and the lessons need the one in "
            f"{ROOT}; restart Python, and import the lesson before anything that imports {name}."
        )
        program = sys.argv[0]  # "-m" while Python looks for the module
        if program == "-m" or (
            program.endswith(".py") and os.path.realpath(program).startswith(ROOT + os.sep)
        ):
            sys.exit(f"Error: {message}")
        raise ImportError(message)
    sys.path.insert(0, ROOT)  # what is not imported yet is found here first


_refuse_other_packages()

import models  # noqa: F401  (at once: from here on Ctrl-C ends a lesson with one sentence)
