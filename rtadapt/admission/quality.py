"""Whether a text is language at all, by cheap counts that hold for any script.

Owns the counts and their limits. Takes a text, gives the first thing that is wrong with it or None. It says nothing about
whether a text is true or well written; the base model's own loss is judged in `admit`.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

_LONG_RUN = re.compile(r"[A-Za-z0-9+/=_]{60,}")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_WORD = re.compile(r"[A-Za-z0-9+/=]{6,}")
_MIXED = re.compile(r"[a-z][A-Z]|[A-Za-z]\d+[A-Za-z]|\d[a-z]+[A-Z\d]|[+/=]")
_VOWELS = frozenset("aeiouy")

_LEAST_LETTERS = 0.4
_MOST_BROKEN = 0.02
_MOST_RUNS = 0.3
_MOST_MIXED = 0.5
_LEAST_NEW_LINES = 0.3
_LEAST_COMPRESSED = 0.12
_LEAST_VOWELS = ((80, 0.26), (30, 0.15))
"""Share of vowels among so many Latin letters: struck at random they come to 0.23, in words to 0.35 and more."""


def noise(text: str) -> str | None:
    """What makes `text` noise, in words that quote nothing of it; None for what may be language."""
    bare = _URL.sub(" ", text)
    signs = [sign for sign in bare if not sign.isspace()]
    if not signs:
        return "it holds nothing but links and spaces"
    if sum(unicodedata.category(sign)[0] in "LM" for sign in signs) < _LEAST_LETTERS * len(signs):
        return "most of it is not letters"
    if sum(sign == "\ufffd" or unicodedata.category(sign) in ("Cn", "Co", "Cc") for sign in signs) > _MOST_BROKEN * len(signs):
        return "it holds broken characters"
    if sum(map(len, _LONG_RUN.findall(bare))) > _MOST_RUNS * len(signs):
        return "it is made of runs that are no words"
    words = _WORD.findall(bare)
    if len(words) >= 8 and sum(bool(_MIXED.search(word)) for word in words) > _MOST_MIXED * len(words):
        return "its words mix cases and digits as encoded data does"
    return _repetition(text) or _consonants(bare)


def _repetition(text: str) -> str | None:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) >= 6 and len(set(lines)) < _LEAST_NEW_LINES * len(lines):
        return "the same lines come again and again"
    raw = text.encode()
    if len(raw) >= 200 and len(zlib.compress(raw, 6)) < _LEAST_COMPRESSED * len(raw):
        return "the same words come again and again"
    words = text.casefold().split()
    if len(words) >= 12 and len(set(words)) <= min(6, max(2, len(words) // 8)):
        return "the same words come again and again"
    return None


def _consonants(text: str) -> str | None:
    """Latin letters struck at random have too few vowels."""
    letters = [sign for sign in unicodedata.normalize("NFKD", text).casefold() if sign.isascii() and sign.isalpha()]
    vowels = sum(letter in _VOWELS for letter in letters)
    if any(len(letters) >= count and vowels < share * len(letters) for count, share in _LEAST_VOWELS):
        return "it has too few vowels to be words"
    return None
