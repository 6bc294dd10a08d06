"""Make names of a user's folders and files safe for a figure.

Such names may contain dollar signs, which matplotlib reads as formulas, line breaks, hundreds of
characters, or characters that no installed font has.
"""

import functools
import unicodedata

import matplotlib
from matplotlib import font_manager
from matplotlib.font_manager import FontProperties

from datasets.files.names import cut

MISSING = "□"  # shown for a character that no font has
# Fonts of operating systems for characters that matplotlib's own font lacks; the first one found is used
FURTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)

# matplotlib takes each character from the first of these fonts that has it
matplotlib.rcParams["font.family"] = [
    *matplotlib.rcParams["font.family"],
    *[name for name in FURTHER_FONTS if name in {font.name for font in font_manager.fontManager.ttflist}][:1],
]

MONOSPACE = [
    "monospace",
    *matplotlib.rcParams["font.family"],
]  # characters that it lacks come from the others


def plain(name, longest=24, legend=False):
    """A name as one line that matplotlib shows unchanged.

    Args:
        name: Any string.
        longest: Characters to keep; Chinese ones count twice. The middle of a longer name is left
            out, because names often differ at their ends.
        legend: Whether the text goes into a legend, where matplotlib ignores names that begin with "_".

    Returns:
        The text, with dollar signs escaped.
    """
    letters = [_shown(letter) for letter in " ".join(cut(str(name), 9 * longest).split())]
    if _width(letters) > longest:
        head, tail = letters[:longest], letters[: -longest - 1 : -1]
        while _width(head) > longest - 1 - longest // 3:
            head = head[:-1]
        while _width(tail) > longest // 3:
            tail = tail[:-1]
        letters = [*head, "…", *tail[::-1]]
    text = "".join(letters).replace("$", r"\$")
    return f" {text}" if legend and text.startswith("_") else text


def distinct(names, longest=24):
    """Names as by `plain`, with a number added where several would look the same.

    Args:
        names: List of strings.
        longest: Characters of each name to keep, without its number.

    Returns:
        List of different texts, one for each name.
    """
    texts = [plain(name, longest) for name in names]
    numbered = [f"{text} ({n})" for n, text in enumerate(texts)]
    mixed = [text if texts.count(text) == 1 else other for text, other in zip(texts, numbered, strict=True)]
    return mixed if len(set(mixed)) == len(mixed) else numbered  # a name may end in a number already


def _width(letters):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in letters)


def _shown(letter):
    if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn"} or ord(letter) not in _known_letters():
        return MISSING
    return letter


@functools.cache
def _known_letters():
    """Code points that one of the fonts has."""
    files = {
        font_manager.findfont(FontProperties(family=[family]))
        for family in matplotlib.rcParams["font.family"]
    }
    return frozenset(point for file in files for point in font_manager.get_font(file).get_charmap())
