"""Copies among texts: the same but for case, punctuation and white space, or nearly the same.

Near copies are found with MinHash and locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and
Ullman, *Mining of massive datasets*, chapter 3). Each pair that these propose is verified with its true
Jaccard similarity.
"""

import functools
import hashlib
import html
import re
import unicodedata

import numpy as np

NEAR = 0.8  # Jaccard similarity of their shingles from which two texts are near copies
EXACT = 2  # a similarity that none has: exact copies only
SHINGLE = 3  # words
BANDS, ROWS = 16, 4  # a pair of similarity 0.8 is missed with a probability of (1 - 0.8^4)^16 = 0.0002
CHUNK = 1_000_000  # words that are hashed at once
CROWD = (
    30  # texts of a bucket that are compared each with each; of more, each with its neighbour and the first
)

_EMOTICON = re.compile(r"(?:(?<=\s)|^)(?:[:;=][-'^]?[()\[\]dpo/|\\]+|<3)(?=\s|$)")
# Scripts without spaces between words: each character is a word. Thai, Lao, Khmer, Myanmar, kana, Chinese
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_words = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_unspaced = re.compile(rf"[{_UNSPACED}]")
_letters = re.compile(r"[^\W\d_]")
_entity = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Soft hyphen, zero-width characters and marks of direction, which separate no words
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)
_ASCII = str.maketrans({letter: " " for letter in map(chr, range(128)) if not letter.isalnum()} | {
    letter: letter for letter in "$+<=>^`|~"  # symbols, which are not punctuation
})  # fmt: skip


def unspaced_share(texts):
    """The share of letters that are of a script without spaces between words, such as Chinese or Thai.

    Args:
        texts: Sequence of str.

    Returns:
        float from 0 to 1; 0 if there are no letters.

    Example:
        >>> unspaced_share(["这部电影很好", "映画は良い"]), unspaced_share(["A good film."])
        (1.0, 0.0)
    """
    unspaced = sum(len(_unspaced.findall(text)) for text in texts)
    others = sum(len(_letters.findall(_unspaced.sub("", text))) for text in texts)
    return unspaced / max(1, unspaced + others)


def normalized(text):
    """A text without what differs between its copies: case, punctuation, white space, forms of characters.

    Args:
        text: A str.

    Returns:
        A str: NFKC, case folded, punctuation and white space a single space, HTML's entities as what they
        mean, without zero-width characters and soft hyphens. Emoji and emoticons are kept, and so is a text
        of nothing but punctuation.

    Example:
        >>> normalized("“Well-written”,  NOT dull…"), normalized("Fine :-)"), normalized("?!")
        ('well written not dull', 'fine :-)', '?!')
    """
    if "&" in text:
        text = _entity.sub(lambda found: html.unescape(found[0]), text)
    if text.isascii():
        text = text.lower()
    else:
        text = text.translate(_INVISIBLE)
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = _EMOTICON.split(text) if ":" in text or ";" in text or "=" in text or "<3" in text else [text]
    faces = _EMOTICON.findall(text) if len(kept) > 1 else []
    plain = [_without_punctuation(part) for part in kept]
    joined = " ".join([plain[0], *(f"{face} {part}" for face, part in zip(faces, plain[1:], strict=True))])
    return " ".join(joined.split()) or " ".join(text.split())


def _without_punctuation(text):
    if text.isascii():
        return text.translate(_ASCII)
    return text.translate(_punctuation)


class _Punctuation(dict):
    """What `str.translate` asks of each character, remembered."""

    def __missing__(self, code):
        letter = chr(code)
        drop = unicodedata.category(letter)[0] in "PZC"
        self[code] = " " if drop else code
        return self[code]


_punctuation = _Punctuation()


def copy_groups(texts, near=NEAR):
    """Number texts by groups of copies.

    Args:
        texts: Sequence of n str.
        near: Jaccard similarity of their sets of three successive words from which texts are near copies;
            above 1, such as `EXACT`, for none. In scripts without spaces each character is a word. Texts of
            fewer than three words have exact copies only.

    Returns:
        int64 (n,): the same number for texts of one group, numbered in the order in which they first come.
        Which texts are in one group does not depend on their order.

    Example:
        >>> copy_groups(["A good film!", "Too long.", "a good  film"])
        array([0, 1, 0])
    """
    keys = [normalized(text) for text in texts]
    unique = sorted(set(keys))
    parents = list(range(len(unique)))
    if near <= 1:
        for first, second in near_pairs(unique, near, parents):
            _unite(parents, first, second)
    place = {key: _root(parents, number) for number, key in enumerate(unique)}
    numbers = {}
    groups = [numbers.setdefault(place[key], len(numbers)) for key in keys]
    return np.array(groups, "int64")


def near_pairs(texts, near=NEAR, parents=None):
    """Pairs of normalized texts whose sets of three successive words are similar.

    Args:
        texts: List of different normalized str, sorted.
        near: The Jaccard similarity from which on they are.
        parents: A list for union-find: pairs that it joins already are not looked at again.

    Yields:
        `(first, second)`: indices of two texts, each pair once.

    Example:
        >>> text = "the film has a plot that nobody can follow to the "
        >>> list(near_pairs([text + "end", text + "last"]))
        [(0, 1)]
    """
    words = _Hashes()
    hashes, rows = _signatures(texts, words)
    if len(rows) < 2:
        return
    seen = set()
    shingles = functools.lru_cache(maxsize=4096)(lambda row: np.unique(_shingles([texts[row]], words)[0]))
    for band in range(BANDS):
        part = hashes[:, band * ROWS : (band + 1) * ROWS].astype("uint64")
        keys = _mixed(part @ _odd(ROWS, seed=band + 2))
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        for bucket in np.split(order, ends) if len(ends) < len(order) - 1 else ():
            for first, second in _compared(rows[bucket]) if len(bucket) > 1 else ():
                if parents is not None and _root(parents, first) == _root(parents, second):
                    continue
                if (first, second) in seen:
                    continue
                seen.add((first, second))
                if jaccard(shingles(first), shingles(second)) >= near:
                    yield first, second


def _compared(members):
    """The pairs of a bucket that are compared."""
    members = members.tolist()
    if len(members) <= CROWD:
        return [(one, other) for n, one in enumerate(members) for other in members[n + 1 :]]
    return [*zip(members, members[1:], strict=False), *((members[0], other) for other in members[2:])]


def jaccard(first, second):
    """The Jaccard similarity of two sets.

    Args:
        first, second: Arrays of different numbers.

    Returns:
        float: how many are in both, as a share of those in either; 0 for two empty sets.

    Example:
        >>> jaccard(np.array([1, 2, 3]), np.array([2, 3, 4]))
        0.5
    """
    both = len(np.intersect1d(first, second, assume_unique=True))
    either = len(first) + len(second) - both
    return both / either if either else 0.0


def _signatures(texts, words):
    """MinHash signatures: uint32 (k, hashes) and which texts they belong to, (k,)."""
    signatures, rows, start = [np.empty((0, BANDS * ROWS), "uint32")], [], 0
    while start < len(texts):
        end, letters = start, 0
        while end < len(texts) and letters < 5 * CHUNK:
            letters += len(texts[end])
            end += 1
        shingles, sizes = _shingles(texts[start:end], words)
        members = np.flatnonzero(sizes)
        rows.append(members + start)
        if len(members):
            offsets = np.concatenate([[0], np.cumsum(sizes[members])[:-1]])
            found = np.empty((len(members), BANDS * ROWS), "uint32")
            for number, factor in enumerate(_odd(BANDS * ROWS, seed=1)):
                found[:, number] = np.minimum.reduceat(((shingles * factor) >> np.uint64(32)), offsets)
            signatures.append(found)
        start = end
    return np.concatenate(signatures), np.concatenate(rows) if rows else np.empty(0, int)


def _shingles(texts, words):
    """The hashes of three successive words of all texts in turn, uint64, and how many each text has."""
    spaced = [_words.findall(text) if _unspaced.search(text) else text.split() for text in texts]
    sizes = np.array([len(found) for found in spaced])
    ids = np.fromiter((words[word] for found in spaced for word in found), "uint64", sizes.sum())
    if len(ids) < SHINGLE:
        return np.empty(0, "uint64"), np.zeros(len(texts), int)
    factors = _odd(SHINGLE, seed=0)
    mixed = _mixed(sum(ids[n : len(ids) - SHINGLE + 1 + n] * factor for n, factor in enumerate(factors)))
    inside = np.ones(len(ids), bool)  # no shingle runs over the end of a text
    ends = np.cumsum(sizes)
    for n in range(SHINGLE - 1):
        inside[(ends - 1 - n)[sizes > n]] = False
    return mixed[inside[: len(mixed)]], np.maximum(0, sizes - SHINGLE + 1)


class _Hashes(dict):
    """The 64 bits of each word, the same in every process."""

    def __missing__(self, word):
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self[word] = int.from_bytes(digest, "little")
        return self[word]


def _mixed(numbers):
    """Bits of numbers spread over all 64, one to one (the finalizer of splitmix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _odd(count, seed):
    """Odd factors of 64 bits, always the same."""
    return np.random.default_rng(seed).integers(2**63, size=count, dtype="uint64") * np.uint64(2) + np.uint64(
        1
    )


def _root(parents, number):
    while parents[number] != number:
        parents[number] = number = parents[parents[number]]
    return number


def _unite(parents, first, second):
    first, second = sorted((_root(parents, first), _root(parents, second)))
    parents[second] = first
