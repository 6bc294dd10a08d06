"""Bytes that are not UTF-8 as text: in another encoding if it is clear, else with the wrong bytes marked."""

import codecs
import re

from ..errors import DataError
from .tables import FEW_ZEROS, decode

ENOUGH = 3  # lines that are not UTF-8, from which on another encoding is thought of
SAMPLE = 5_000_000  # bytes that are looked at
HIGH_LETTERS = 0.3  # share of the letters that are beyond ASCII in a text of Western Europe, at most
ADVICE = "save the file as UTF-8, or name its encoding with encoding="
_WESTERN = "äöüßéèêëàâçîïôûùñáíóúãõåæøœÄÖÜÉÈÊËÀÂÇÎÏÔÛÙÑÁÍÓÚÃÕÅÆØŒ‘’“”„‚–—…•€£©®™«»¿¡°§´ª½º\xa0"
_escaped = re.compile("[\udc80-\udcff]")
_torn = re.compile(r"(?<=[a-z])[“”„‚«»€£©®°§](?=[a-z])")  # such a sign within a word: another encoding
_odd = re.compile("[\0\ud800-\udfff]")


def decode_leniently(content, name, encoding=None):
    """Bytes as text, where some bytes may be wrong.

    Args:
        content: The bytes.
        name: What messages call their file.
        encoding: Its name in Python if it is known; None for UTF-8, or UTF-16 with its mark.

    Returns:
        `(text, note, error)`: the text, in which bytes that are not UTF-8 are surrogates (see `odd`); what
        was guessed, or ""; and the sentence of the `DataError` that a strict reader would have raised, or "".

    Raises:
        DataError: If there is no such encoding, the bytes are not in it, or they are UTF-16 that is damaged.
    """
    if encoding is not None:
        return decode_as(content, name, encoding), "", ""
    try:
        return decode(content, name, advice=ADVICE), "", ""
    except DataError as error:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise
        if found := guess(content):
            return content.decode(found), said(found, content), ""
        text = content.decode("utf-8-sig", "surrogateescape")
        if text.count("\0") > FEW_ZEROS * len(text) and text.count("\0") > 1:
            raise
        return text, "", str(error)


def encoding_of(start, name, encoding=None):
    """How to read a file piece by piece, by its beginning.

    Args:
        start: Its first bytes, `SAMPLE` of them, or all.
        name: What messages call it.
        encoding: Its name in Python if it is known; None for UTF-8, or UTF-16 with its mark.

    Returns:
        `(encoding, errors, note)`: both as for `open`, and what was guessed, or "". Bytes that are not UTF-8
        are surrogates then (see `odd`).

    Raises:
        DataError: If there is no such encoding, or it is no text.
    """
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            decode_as(b" ", name, encoding)
        return encoding, "strict", ""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "strict", ""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        zeros = decoder.decode(start).count("\0")  # a letter may be cut off at the end
    except UnicodeDecodeError:
        whole = start[: start.rfind(b"\n") + 1] or start
        if found := guess(whole) or guess(start[: len(start) // 2 * 2]):
            return found, "replace", said(found, start[: len(start) // 2 * 2])
        zeros = start.count(b"\0")
    if zeros > 1 and zeros > FEW_ZEROS * len(start):
        decode(start, name, advice=ADVICE)
    return "utf-8-sig", "surrogateescape", ""


def decode_as(content, name, encoding):
    """Bytes in a known encoding as text.

    Raises:
        DataError: If there is no such encoding, or the bytes are not in it.
    """
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise DataError(
            f"encoding= is {encoding!r}, which Python does not know; name one such as cp1252."
        ) from error
    except (UnicodeError, ValueError) as error:
        raise DataError(f"{name} is not {encoding} text; name another encoding with encoding=.") from error
    if not isinstance(text, str) or "\0" in text:
        raise DataError(f"{name} is no {encoding} text; name another encoding with encoding=.")
    return text.removeprefix("\ufeff")


def guess(content):
    """The encoding of bytes that are not UTF-8, where it is clear.

    Args:
        content: The bytes.

    Returns:
        "utf-16-le", "utf-16-be", "cp1252", or None. UTF-16 is clear where every second byte is zero, cp1252
        where several lines are not UTF-8, none has other letters in UTF-8, and all signs are common in it.
    """
    sample = content[:SAMPLE]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = sample[first::2].count(0), sample[1 - first :: 2].count(0)
        if zeros > 0.4 * len(sample) / 2 and not others and len(content) > 20 and not len(content) % 2:
            return encoding if _decodes(content, encoding) else None
    if 0 in sample or not _decodes(content, "cp1252"):
        return None
    text = sample.decode("utf-8", "surrogateescape")
    wrong = len(_escaped.findall(text))
    if wrong < sum(letter > "\x7f" for letter in text):  # some are UTF-8
        return None
    if sum(bool(_escaped.search(line)) for line in text.splitlines()) < ENOUGH:
        return None
    text = sample.decode("cp1252")
    high = [letter for letter in text if letter > "\x7f"]
    letters = sum(map(str.isalpha, text))
    known = sum(letter in _WESTERN for letter in high)
    few = sum(map(str.isalpha, high)) <= HIGH_LETTERS * letters
    return "cp1252" if known >= 0.99 * len(high) and few and not _torn.search(text) else None


def _decodes(content, encoding):
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def said(encoding, content):
    """The note about an encoding that was guessed, with a word as an example."""
    text = content[:SAMPLE].decode(encoding, "ignore")
    word = next((word for word in text.split() if not word.isascii()), "")
    example = f" ({word[:30]!r} is in it)" if word else ""
    return f"read as {encoding}, since it is not UTF-8{example}; name encoding= if that is wrong"


def odd(text):
    """What is wrong with a text of `decode_leniently`: a reason, or None.

    Args:
        text: A str.

    Returns:
        str or None.
    """
    if not (found := _odd.search(text)):
        return None
    if found[0] == "\0":
        return "has a zero byte"
    code = ord(found[0])
    return f"has a byte that is not UTF-8, {code - 0xDC00:#04x}" if 0xDC80 <= code <= 0xDCFF else (
        "has half a character, a lone surrogate"
    )  # fmt: skip
