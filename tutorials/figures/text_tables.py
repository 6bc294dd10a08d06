"""Tables of numbers as text to print."""

import numpy as np


def cells(table, digits=2, cut=True):
    """The numbers of a matrix as strings, in the lectures' format.

    Args:
        table: Array (height, width).
        digits: Decimals, used where the table holds numbers that are not whole.
        cut: Whether further decimals are cut off, so that 7/9 is 0.77, or rounded.

    Returns:
        List of rows of strings.
    """
    table = np.asarray(table, "float64")
    if not (table % 1).any():
        return [[f"{number + 0.0:.0f}" for number in row] for row in table]
    if cut:  # the small addition prevents 0.55, stored as 0.5499999, from being cut to 0.54
        table = np.trunc(table * 10**digits + np.sign(table) * 1e-4) / 10**digits
    return [[f"{number:.{digits}f}" for number in row] for row in table.round(digits) + 0.0]


def side_by_side(tables, digits=2, cut=True, width=110):
    """Matrices side by side, each below its caption, as many as fit into a line.

    Args:
        tables: {caption: array (height, width)}.
        digits, cut: As for `cells`.
        width: Characters per line.

    Returns:
        Text of several lines.
    """
    blocks = []
    for caption, table in tables.items():
        rows = cells(table, digits, cut)
        widest = max(len(text) for row in rows for text in row)
        lines = [caption, *(" ".join(text.rjust(widest) for text in row) for row in rows)]
        longest = max(map(len, lines))
        blocks.append([line.ljust(longest) for line in lines])
    text, line = [], []
    for block in [*blocks, None]:
        if line and (block is None or sum(len(b[0]) + 4 for b in [*line, block]) - 4 > width):
            tallest = max(map(len, line))
            padded = [b + [" " * len(b[0])] * (tallest - len(b)) for b in line]
            text += ["    ".join(parts).rstrip() for parts in zip(*padded, strict=True)] + [""]
            line = []
        line.append(block)
    return "\n".join(text)


def percent_rows(rows, columns):
    """A table of percentages with one row for each name.

    Args:
        rows: {name: {column: share}}. A missing column is left empty.
        columns: Column headings, in order.

    Returns:
        Text of several lines.
    """
    widest = max(map(len, rows))
    lines = [" " * widest + "".join(f"{column:>9}" for column in columns)]
    for name, shares in rows.items():
        texts = (f"{shares[column]:.1%}" if column in shares else "" for column in columns)
        lines.append((name.ljust(widest) + "".join(f"{text:>9}" for text in texts)).rstrip())
    return "\n".join(lines)


def four_steps(patch, feature):
    """The lectures' filtering of one patch: line up, multiply, add, divide.

    Args:
        patch: Array (height, width), a part of the image.
        feature: Array of the same shape.

    Returns:
        Text of several lines. The last number is a pixel of the filtered image.
    """
    patch, feature = np.asarray(patch), np.asarray(feature)
    products = patch * feature
    terms = " ".join(f"{'+' if number >= 0 else '−'} {abs(number):g}" for number in products.flat)
    total = products.sum()
    (quotient,), *_ = cells([[total / products.size + 0.0]])
    quotient = quotient if "." in quotient else f"{quotient}.00"
    return (
        side_by_side({"1. line up": patch, "with the feature": feature, "2. multiply": products})
        + f"3. add:    {terms.removeprefix('+ ')} = {total:g}\n"
        + f"4. divide: {total:g} / {products.size} = {quotient}\n"
    )
