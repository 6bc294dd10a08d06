"""Formulas as MathML, which browsers draw by themselves: no script, no font, no other host.

Sphinx's own way is MathJax, which the pages would load from another host or which would add megabytes.
"""

from latex2mathml.converter import convert
from sphinx.util import logging

NAME = "mathml"


def as_mathml(latex, block=False):
    """A formula as MathML, with its LaTeX as an annotation for who copies it.

    Args:
        latex: Without dollar signs.
        block: Whether it stands on a line of its own.

    Example:
        >>> from docs.mathml import as_mathml
        >>> "<msup>" in as_mathml("x^2")
        True
    """
    return convert(latex, display="block" if block else "inline")


def _convert(writer, node, block):
    try:
        return as_mathml(node.astext(), block)
    except Exception as error:  # whatever it makes of a typing error
        logging.getLogger(__name__).warning("no formula: %s (%s)", node.astext(), error, location=node)
        return f"<code>{writer.encode(node.astext())}</code>"


def _inline(writer, node):
    from docutils import nodes

    writer.body.append(_convert(writer, node, block=False))
    raise nodes.SkipNode


def _block(writer, node):
    from docutils import nodes

    writer.body.append(f'<div class="formula">{_convert(writer, node, block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """What Sphinx calls: the renderer is there by the name "mathml"."""
    app.add_html_math_renderer(NAME, (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
