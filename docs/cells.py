"""The cells of a lesson's notebook, by its syntax tree."""

import ast
import inspect
import re
from typing import NamedTuple

from .source import Edit, LessonSourceError, Source, defined, names, own_nodes

WIDTH = 100  # of a comment, and of an import
QUIET = "tutorials.lesson.command"  # its import loads Keras quietly, whatever of it is used
HOW_TO_SET = (
    "Change a value, and run this cell and all below it again. What an exercise writes as a command, such as "
    "`--seed 1`, is the line `seed = 1` here."
)
STOP = "from tutorials.lesson.notebook import Finished  # ends a run before the last cell"


class Cell(NamedTuple):
    """A cell: "markdown" or "code", its text, and tags such as "parameters"."""

    kind: str
    text: str
    tags: tuple = ()


def lesson_cells(text, name, settings=None):
    """The cells of a lesson's notebook, but for the one that installs the project.

    Args:
        text: The content of the lesson's file.
        name: The lesson's name.
        settings: {name: value} of settings that are to differ from their defaults.

    Returns:
        List of `Cell`s. The docstring and the comment of each paragraph are Markdown; imports, settings and
        paragraphs are code; constants and helpers stand before the paragraph that first uses them.

    Raises:
        LessonSourceError: If `main` does what cannot be done in cells: see `_check`.

    Example:
        >>> from docs.cells import lesson_cells
        >>> text = '''"Count."
        ... def main(n: int = 3):
        ...     "Count.
        ...
        ...     Args:
        ...         n: How far.
        ...     "
        ...     # Data: all numbers
        ...     return range(n)
        ... '''.replace('"', '\"\"\"')
        >>> for cell in lesson_cells(text, "count"):
        ...     print(cell.kind, repr(cell.text)[:60])
        markdown '# Count'
        code 'from tutorials.count import main  # the script, whose defau
        markdown '## Settings\\n\\nChange a value, and run this cell and all be
        code '# How far.\\nn = 3'
        markdown '## Data\\n\\nAll numbers.'
        code 'range(n)'
    """
    source = Source(text, name)
    _check(source)
    edits = _edits(source)
    helping = (piece.node for piece in source.constants_and_helpers())
    used = names(*source.main.body, *source.main.args.defaults, *helping)  # not those of annotations
    helpers = _Helpers(source)
    cells = [Cell("markdown", _opening(source.docstring)), Cell("code", _imports(source, used, edits))]
    cells += helpers.needed_by(source.main.args)
    cells.append(Cell("markdown", f"## Settings\n\n{HOW_TO_SET}"))
    cells.append(Cell("code", settings_text(source.main, settings or {}), ("parameters",)))
    for pieces in source.paragraphs():
        nodes = [piece.node for piece in pieces]
        comment = source.comment(pieces)
        if comment:
            cells.append(Cell("markdown", _heading(comment)))
        cells += helpers.needed_by(*nodes)
        code = source.text(*pieces, edits=edits, indent=4, comment=not comment)
        if _ends_in_fit(nodes[-1]):
            code += ";"  # its History is not shown below the cell
        if any(_is_locals(node) for node in own_nodes(nodes)):
            code = f"{_all_settings(source.main)}\n{code}"
        cells.append(Cell("code", code))
    return cells


def _opening(docstring):
    first, _, rest = docstring.partition("\n")
    return f"# {first.rstrip('.')}\n\n{rest.strip()}".strip()


def _heading(comment):
    """Markdown of a paragraph's comment: "Data: images" is a heading and a sentence.

    Example:
        >>> from docs.cells import _heading
        >>> _heading("Fit: a tenth is for validation")
        '## Fit\\n\\nA tenth is for validation.'
    """
    head, _, rest = comment.partition(":")
    head, rest = head.strip().rstrip("."), rest.strip().replace("*", r"\*").replace("<", r"\<")
    if not rest:
        return f"## {head}"
    rest = rest if re.match(r"\w*[A-Z0-9_]", rest) else rest[0].upper() + rest[1:]
    return f"## {head}\n\n{rest}{'' if rest[-1] in '.?!' else '.'}"


def _imports(source, used, edits):
    """The imports of what the cells use, in the groups of the source; then the script's `main` itself."""
    groups, last = [[]], 0
    for node in source.imports():
        kept = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in used]
        if not kept and getattr(node, "module", "") != QUIET:
            continue
        if last and not source.lines[node.lineno - 2].strip():
            groups.append([])
        last = node.end_lineno
        groups[-1].append(_import(node, kept) + _comment_behind(source.lines[node.end_lineno - 1]))
    if any("Finished(" in edit.text for edit in edits):
        groups[-1].append(STOP)
    groups.append([f"from tutorials.{source.name} import main  # the script, whose defaults are those below"])
    return "\n\n".join("\n".join(group) for group in groups if group)


def _import(node, aliases):
    parts = [f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in aliases]
    if isinstance(node, ast.Import):
        return f"import {', '.join(parts)}"
    if not parts:
        return f"import {node.module}"
    line = f"from {node.module} import {', '.join(parts)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {node.module} import (", *(f"    {part}," for part in parts), ")"])


def _comment_behind(line):
    found = re.search(r"  # (?!noqa).*", line)
    return found.group() if found else ""


def settings_text(main, changed):
    """A line for each setting of a lesson, below its help from the docstring.

    Args:
        main: The tree of the lesson's function.
        changed: {name: value} of settings that are to differ from their defaults.

    Raises:
        LessonSourceError: If a changed setting is none of the lesson's.
    """
    helps = _helps(ast.get_docstring(main) or "")
    lines = []
    defaults = [*main.args.defaults, *filter(None, main.args.kw_defaults)]
    arguments = [*main.args.args, *main.args.kwonlyargs]
    unknown = set(changed) - {argument.arg for argument in arguments}
    if unknown:
        raise LessonSourceError(f"The lesson has no setting {sorted(unknown)[0]}.")
    for argument, default in zip(arguments, defaults, strict=True):
        text = helps.get(argument.arg, "")
        choices = _choices(argument.annotation)
        if choices:
            text = f"{text.rstrip('.')}: {choices}."
        value = repr(changed[argument.arg]) if argument.arg in changed else ast.unparse(default)
        value = value.replace("'", '"') if '"' not in value else value
        lines += [*_comment(text), f"{argument.arg} = {value}"]
    return "\n".join(lines)


def _helps(docstring):
    """{argument: its help} of the section Args of a docstring."""
    section = re.search(r"^Args:\n((?: +.*\n?|\n)+)", inspect.cleandoc(docstring), re.MULTILINE)
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", section.group(1) if section else "", re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _choices(annotation):
    """What a `Literal` allows, as text; "" for another annotation."""
    if not (isinstance(annotation, ast.Subscript) and getattr(annotation.value, "id", "") == "Literal"):
        return ""
    values = getattr(annotation.slice, "elts", [annotation.slice])
    *most, last = [f'"{value.value}"' for value in values]
    return f"{', '.join(most)} or {last}" if most else last


def _comment(text):
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 3 > WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [f"# {line}" for line in lines if line]


def _all_settings(main):
    """The line that makes a dict of all settings, which in the script is `locals()`."""
    items = [f'"{argument.arg}": {argument.arg}' for argument in [*main.args.args, *main.args.kwonlyargs]]
    line = f"settings = {{{', '.join(items)}}}"
    if len(line) <= WIDTH:
        return line
    lines = [""]
    for item in items:
        if len(lines[-1]) + len(item) > WIDTH - 8:
            lines.append("")
        lines[-1] += f"{item}, "
    return "\n".join(["settings = {", *(f"    {line.rstrip()}" for line in lines), "}"])


class _Helpers:
    """Constants and helper functions, each given once: before the cell that first uses it."""

    def __init__(self, source):
        self.source, self.given = source, set()
        self.pieces = {}
        for piece in source.constants_and_helpers():
            for name in defined(piece.node):
                self.pieces[name] = piece

    def needed_by(self, *nodes):
        """Cells of what these parts of the tree use, and what that uses in turn, in the file's order."""
        found, waiting = set(), list(nodes)
        while waiting:
            for name in names(waiting.pop()) & self.pieces.keys():
                piece = self.pieces[name]
                if piece.first not in self.given:
                    self.given.add(piece.first)
                    found.add(piece)
                    waiting.append(piece.node)
        ordered = sorted(found, key=lambda piece: piece.first)
        groups = []
        for piece in ordered:  # constants that follow each other are one cell
            follows = groups and groups[-1][-1].last + 1 == piece.first
            if follows:
                groups[-1].append(piece)
            else:
                groups.append([piece])
        return [Cell("code", self.source.text(*group)) for group in groups]


def _ends_in_fit(node):
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "fit"


def _is_locals(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "locals"


def _edits(source):
    """What differs in cells: `locals()` is `settings`, and what `main` returns is a cell's last value."""
    edits, last = [], source.main.body[-1]
    for node in own_nodes(source.main.body):
        if _is_locals(node):
            edits.append(Edit(node.lineno, node.col_offset, node.end_col_offset, "settings"))
        elif isinstance(node, ast.Return):
            value = node.value
            before, behind = ("", "") if node is last else ("raise Finished(", ")")
            edits.append(Edit(node.lineno, node.col_offset, value.col_offset, before))
            edits.append(Edit(value.end_lineno, value.end_col_offset, value.end_col_offset, behind))
    return edits


def _check(source):
    """Refuse what means another thing in cells than in a function.

    Raises:
        LessonSourceError: If a local variable of `main` has the name of something outside it that a helper
            may use, if it returns nothing, or if it declares names nonlocal or global.
    """
    outside = set()
    for node in source.tree.body:
        if node is not source.main:
            outside |= defined(node)
    shadowed = {
        node.lineno: name
        for node in source.main.body
        for name in defined(node) & outside
        if not isinstance(node, (ast.Import, ast.ImportFrom))
    }
    for line, name in sorted(shadowed.items()):
        raise LessonSourceError(
            f"{source.name}.py, line {line}: {name} is also the name of something outside main, which the "
            "notebook would overwrite; take another name."
        )
    for node in ast.walk(source.main):
        if isinstance(node, (ast.Nonlocal, ast.Global, ast.Yield, ast.YieldFrom)):
            what = type(node).__name__.lower()
            raise LessonSourceError(f"{source.name}.py, line {node.lineno}: main cannot use {what} in cells.")
        if isinstance(node, ast.Return) and node.value is None:
            raise LessonSourceError(f"{source.name}.py, line {node.lineno}: return needs a value to show.")
