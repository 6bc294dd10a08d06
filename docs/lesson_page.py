"""A lesson's page: its notebook as it was run, with captions, downloads and results."""

import copy

import nbformat


def lesson_page(book, lesson, minutes, row=None, live=""):
    """The notebook that Sphinx makes a lesson's page of.

    Args:
        book: The notebook with its outputs; it stays as it is.
        lesson: Its name.
        minutes: How long a run takes.
        row: The lesson's `Row` in the table of lessons, whose results are shown; None for none.
        live: HTML that is shown below the text, such as a page in a frame.

    Returns:
        An `nbformat` notebook: without the cell that installs the project, and with a cell for each figure,
        below the one that drew it, which gives it its caption.
    """
    page = nbformat.v4.new_notebook(metadata=copy.deepcopy(book.metadata))
    opening, *cells = copy.deepcopy(book.cells)
    title, _, text = opening.source.partition("\n")
    parts = title, _ways(lesson, minutes), text.strip(), _results(row), live
    opening.source = "\n\n".join(filter(None, parts))
    page.cells.append(opening)
    for cell in cells:
        if "install" in cell.metadata.get("tags", ()):
            continue
        if cell.cell_type != "code":
            page.cells.append(cell)
            continue
        parts = _divided(joined(cell.outputs))
        cell.outputs = parts[0]
        page.cells.append(cell)
        for number, outputs in enumerate(parts[1:]):
            page.cells.append(_with_caption(outputs, f"{cell.id}-{number}"))
    return page


def _ways(lesson, minutes):
    seconds = round(60 * minutes)
    files = (
        f"{{download}}`the script <files/{lesson}.py>` or {{download}}`the notebook <files/{lesson}.ipynb>`"
    )
    command = f"`python -m tutorials.{lesson}`, about {seconds} seconds on two cores"
    return f":::{{div}} ways\nRun it: {command}. Download {files}.\n:::"


def _results(row):
    if row is None:
        return ""
    return f'<p class="ways">Mean ± standard deviation over several seeds: {row.results}</p>'


def joined(outputs):
    """Outputs with pieces of one text that follow each other made one; their order stays.

    Example:
        >>> import nbformat
        >>> from docs.lesson_page import joined
        >>> pieces = [nbformat.v4.new_output("stream", text=text) for text in ("Epoch", " 1")]
        >>> figure = nbformat.v4.new_output("display_data")
        >>> [output.get("text") for output in joined([*pieces, figure, pieces[0]])]
        ['Epoch 1', None, 'Epoch']
    """
    found = []
    for output in map(copy.deepcopy, outputs):
        is_more = found and output.output_type == found[-1].output_type == "stream"
        if is_more and output.name == found[-1].name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def _divided(outputs):
    """Outputs in parts: each figure, and whatever stands before, between or behind figures."""
    parts, after_figure = [[]], False
    for output in outputs:
        is_figure = "figure" in output.get("metadata", {})
        if is_figure or after_figure:
            parts.append([])
        parts[-1].append(output)
        after_figure = is_figure
    return parts


def _with_caption(outputs, identifier):
    """A cell that shows outputs, without code; a figure gets a caption, and a text in place of it."""
    cell = nbformat.v4.new_code_cell("# a figure", id=identifier, outputs=outputs, execution_count=1)
    cell.metadata.tags = ["remove-input"]
    about = outputs[0].get("metadata", {})
    if "figure" in about:
        title = " ".join(about.get("title", "").split()) or about["figure"]
        cell.metadata.mystnb = {
            "image": {"alt": title},
            "figure": {"caption": f"**{about['figure']}**: {_plain(title)}"},
        }
    return cell


def _plain(text):
    """A text in which Markdown sees no marks."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]<>#$|" else letter for letter in text)
