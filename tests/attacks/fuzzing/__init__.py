"""Hostile files, made from good ones and tried on every loader.

`targets.py` is the table of what is attacked. A case is a kind of input and a seed: from these
`worker.py` makes the same hostile file every time, and tries it in a process that may hang, grow
or die. `runner.py` feeds such a process, and collects what is neither a result nor one of the
project's own errors.
"""
