"""Convolutions with kernels set by hand."""

# The lectures' three features of an X, each named after what it matches
FEATURES = {
    "backslash": ((1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "crossing": ((1, -1, 1), (-1, 1, -1), (1, -1, 1)),
    "slash": ((-1, -1, 1), (-1, 1, -1), (1, -1, -1)),
}
