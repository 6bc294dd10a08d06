"""The lessons. `python -m tutorials` lists them."""

import models  # noqa: F401  (at once: from here on Ctrl-C ends a lesson with one sentence)
