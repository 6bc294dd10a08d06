"""Letters in figures that matplotlib's own font does not have, such as Chinese ones in names of classes."""

import contextlib
import warnings

import matplotlib
from matplotlib import font_manager

# Fonts with the letters of many scripts, as systems have them
FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
    "Arial Unicode MS",
)


def use_installed_fonts():
    """Let figures take letters that the usual font lacks from other fonts of this machine."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    more = [name for name in FONTS if name in installed]
    if more and matplotlib.rcParams["font.family"] == ["sans-serif"]:
        matplotlib.rcParams["font.family"] = ["sans-serif", *more]


@contextlib.contextmanager
def missing_letters(said):
    """Within this, letters that no font has become boxes, and one sentence says so instead of a warning each.

    Args:
        said: A set, which keeps that it was said.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    others = [each for each in caught if not str(each.message).startswith("Glyph ")]
    for each in others:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    if len(others) < len(caught) and "letters" not in said:
        said.add("letters")
        print(
            "Some letters are in no font of this machine, and are boxes in figures; a font such as Noto Sans "
            "CJK, once installed, is used.",
            flush=True,
        )
