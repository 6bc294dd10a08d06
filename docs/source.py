"""A lesson's source as statements with their comments: what its notebook is made of.

Nothing is run or imported here. `Source` reads a file into its syntax tree and hands out pieces of text, with
the comments above each statement and edits made at the places that the tree names.
"""

import ast
import io
import re
import tokenize
from typing import NamedTuple

FOR_TOOLS = re.compile(r"[ \t]+# (?:fmt: skip|noqa\b[^\n]*)$", re.MULTILINE)


class LessonSourceError(ValueError):
    """A lesson that no notebook can be made of: one sentence with its file, its line, and what to do."""


class Piece(NamedTuple):
    """A statement and the lines that belong to it, from the first comment above it.

    Args:
        node: The statement.
        first, last: Numbers of its lines, from 1; the comments directly above it included.
    """

    node: ast.stmt
    first: int
    last: int


class Edit(NamedTuple):
    """Text in place of columns `start` to `end` of a line; columns count bytes, as the syntax tree's do."""

    line: int
    start: int
    end: int
    text: str


class Source:
    """The text of a lesson, and what the syntax tree says about it.

    Args:
        text: The content of the file.
        name: The lesson's name, for messages.

    Raises:
        LessonSourceError: If it has no docstring, or no function `main`.

    Example:
        >>> from docs.source import Source
        >>> text = "'Two.'\\n# A part\\nHALF = 0.5\\n\\n\\ndef main(n=1):\\n    return n * HALF\\n"
        >>> source = Source(text, "two")
        >>> print(*map(source.text, source.constants_and_helpers()))
        # A part
        HALF = 0.5
    """

    def __init__(self, text, name):
        self.name, self.lines = name, text.splitlines()
        self.tree = ast.parse(text)
        self.docstring = ast.get_docstring(self.tree)
        functions = [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        self.main = next((node for node in functions if node.name == "main"), None)
        if not self.docstring or self.main is None:
            raise LessonSourceError(f"{name}.py needs a docstring and a function main.")
        self._in_strings = _lines_in_strings(text)

    def piece(self, node):
        """The lines of a statement, with its decorators and the comments directly above it."""
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        while first > 1 and self.lines[first - 2].lstrip().startswith("#"):
            first -= 1
        return Piece(node, first, node.end_lineno)

    def imports(self):
        """The import statements at the top, in order."""
        return [node for node in self.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]

    def constants_and_helpers(self):
        """What the file defines beside `main`: constants, functions and classes, as `Piece`s in order."""
        kinds = ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef
        return [
            self.piece(node) for node in self.tree.body if isinstance(node, kinds) and node is not self.main
        ]

    def paragraphs(self):
        """The body of `main` without its docstring: lists of `Piece`s, divided where a line is empty."""
        found = []
        for node in self.main.body[bool(ast.get_docstring(self.main)) :]:
            piece = self.piece(node)
            if not found or not self.lines[piece.first - 2].strip():
                found.append([])
            found[-1].append(piece)
        return found

    def comment(self, pieces):
        """The comment that a paragraph begins with, in one line; "" where it begins with none."""
        lines = (line.strip() for line in self.lines[pieces[0].first - 1 : pieces[0].node.lineno - 1])
        return " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))

    def text(self, *pieces, edits=(), indent=0, comment=True):
        """The text of pieces that follow each other.

        Args:
            *pieces: `Piece`s, in order.
            edits: `Edit`s to make in it.
            indent: Spaces to take away at the beginning of lines; the inside of strings stays as it is.
            comment: Whether the comment above the first statement is part of it.
        """
        first, last = pieces[0].first if comment else pieces[0].node.lineno, pieces[-1].last
        lines = {number: self.lines[number - 1].encode() for number in range(first, last + 1)}
        for line, start, end, text in sorted(edits, reverse=True):
            if line in lines:
                lines[line] = lines[line][:start] + text.encode() + lines[line][end:]
        decoded = (
            line.decode() if number in self._in_strings else line.decode().removeprefix(" " * indent)
            for number, line in lines.items()
        )
        return FOR_TOOLS.sub("", "\n".join(decoded))


def _lines_in_strings(text):
    """Numbers of the lines that begin inside a string, where spaces are part of it."""
    kinds = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    return {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in kinds
        for line in range(token.start[0] + 1, token.end[0] + 1)
    }


def names(*nodes):
    """Every name that is read, written or deleted anywhere in these parts of the tree."""
    return {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)}


def defined(node):
    """The names that a statement gives a value to, nested functions' own names left out.

    Example:
        >>> import ast
        >>> from docs.source import defined
        >>> sorted(defined(ast.parse("for n, m in x:\\n    y = n\\ndef f():\\n    z = 1")))
        ['f', 'm', 'n', 'y']
    """
    found, waiting = set(), [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, (ast.FunctionDef, ast.ClassDef)):
            found.add(each.name)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
        elif isinstance(each, ast.alias):
            found.add(each.asname or each.name.partition(".")[0])
        if not isinstance(each, (ast.FunctionDef, ast.ClassDef, ast.Lambda, *COMPREHENSIONS)):
            waiting.extend(ast.iter_child_nodes(each))
    return found


COMPREHENSIONS = ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp


def own_nodes(statements):
    """All nodes of statements, but not those of functions and classes defined in them."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
