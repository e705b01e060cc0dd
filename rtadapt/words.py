"""Text as words, sentences and names, without a model and without a word list of any language but small ones of English.

Owns what counts as the same text (`flat`), where a sentence ends, which words are names, and a light stem. Takes and
gives plain strings; everything here is pure. Capital letters carry most of the weight, so text without them has no
names, and a language that writes all nouns large has many.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as one text."""
    return frozenset(text.split())


_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Kana and Han are written without spaces: each sign counts as a word, so that a part of a text can be found in it."""
_MARKS = "".join(map(chr, (code for code in range(0x300, 0x1F000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))))
"""Vowel signs and accents, which `\\w` leaves out: two names in Devanagari may differ in nothing else."""
_FLAT = re.compile(rf"[{_UNSPACED}][{_MARKS}]*|(?:[^\W_{_UNSPACED}][{_MARKS}]*)+")
_TOKEN = re.compile(r"\w+(?:['’.-]\w+)*")
_POSSESSIVE = re.compile(r"['’](?:s|S)?$")
_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\W_])|(?<=[。！？])|\n+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"“])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|vs|Jr|Sr|Inc|Ltd|Co|Corp|Bros|Gov|Sen|Rep|Gen|Lt|Col|Capt|Sgt|Rev|Mt|Ft|Jan|Feb|Aug|Sept|Oct|Nov|Dec|U\.S|U\.K|U\.N|approx|e\.g|i\.e|ca)\.$"
    r"|\b(?:am|bis|dem|den|der|vom|zum) \d{1,2}\.$"
)
_LONGEST_ABBREVIATION = 16
_CONNECTORS = word_set("de da di du del della der den des van von la le al el bin ibn dos das y e ter ten zu")
_STARTS = re.compile(r"[.!?:\n\"“”‘«…]\s*$|^\s*[-–—]\s*$")
_UNIT_SIGNS = "$€£¥₹#"
_FEW, _RARE = 4, 0.05

COMMON = word_set(
    """a about after again all also although always am an and any are as at be became because been before being both but by
    can could did do does done down each either else ever every few for from had has have he hello her here hers hi him
    his how i if in into is it its just last later let like many may me meanwhile mine more most much must my never next
    no nobody nor not nothing now of off ok on once one only or other our ours out over own perhaps please same shall she
    should since so some soon still such sure than thank thanks that the their theirs them then there these they this
    those though through to today tomorrow too under until up upon us very was we well were what when where whether which
    while who whom whose why will with within without would yes yesterday yet you your yours"""
)
"""English words that name nothing, whatever their first letter."""

NEGATIONS = word_set("no not never none nobody nothing neither nor without isn't wasn't won't can't cannot doesn't didn't")
"""Words that turn a sentence into its opposite."""


def flat_words(text: str) -> list[str]:
    """The words of `text`, each compatibility-normalised and case-folded; punctuation and signs are gone.

    Letters and their marks are taken as they come: events bring them composed.
    """
    return [word for found in _FLAT.findall(text) for word in _FLAT.findall(unicodedata.normalize("NFKC", found).casefold())]


@lru_cache(maxsize=8192)
def flat(text: str) -> str:
    """Text in the form in which two spellings count as the same: words and single spaces."""
    return " ".join(flat_words(text))


def holds(text: str, part: str) -> bool:
    """Whether the words of `part` stand in `text` as whole words in a row. An empty part stands nowhere."""
    wanted = flat(part)
    return bool(wanted) and f" {wanted} " in f" {flat(text)} "


def span(text: str, part: str) -> str | None:
    """`part` as `text` spells it, with a currency sign before it or a percent sign after it; None when it isn't there."""
    wanted = flat_words(part)
    places = [(word, match) for match in _FLAT.finditer(text) for word in flat_words(match.group())]
    words = [word for word, _ in places]
    for start in range(len(words) - len(wanted) + 1 if wanted else 0):
        if words[start : start + len(wanted)] == wanted:
            begin, end = places[start][1].start(), places[start + len(wanted) - 1][1].end()
            begin -= begin > 0 and text[begin - 1] in _UNIT_SIGNS
            end += text[end : end + 1] in ("%", "°", "€")
            return text[begin:end]
    return None


def sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, trimmed. A line end ends a sentence; an initial or a common abbreviation doesn't."""
    found: list[str] = []
    held = ""
    last = 0
    for cut in [*(match for match in _BREAK.finditer(text)), None]:
        piece = text[last : cut.start() if cut else len(text)]
        held += piece
        last = cut.end() if cut else len(text)
        if cut and "\n" not in cut.group() and _ends_shortened(held):
            held += cut.group()
            continue
        if held.strip():
            found.append(held.strip())
        held = ""
    return found


def tokens(text: str) -> list[tuple[str, bool]]:
    """The words of `text` as written, without possessive endings, each with whether it begins a sentence or a quotation."""
    found: list[tuple[str, bool]] = []
    last = 0
    for match in _TOKEN.finditer(text):
        between = text[last : match.start()]
        shortened = bool(found) and between.startswith(".") and _ends_shortened(f"{found[-1][0]}.")
        initial = not found or (bool(_STARTS.search(between.rstrip(" "))) and not shortened)
        found.append((_POSSESSIVE.sub("", match.group()), initial))
        last = match.end()
    return found


def _ends_shortened(text: str) -> bool:
    """Whether a text ends in an initial or an abbreviation. Looks at its end alone: it is asked at every stop."""
    return _ABBREVIATION.search(text, max(0, len(text) - _LONGEST_ABBREVIATION)) is not None


def names(text: str) -> list[str]:
    """The names in `text`, in order, repeats included: runs of capitalised words, with a number that follows them
    ("Quill 5"; not "Creamery 2.3", nor the beginning of "22,400").

    A word that begins a sentence counts when a name goes on after it, when it holds a digit, or when it stands
    capitalised inside another sentence too.
    """
    return list(_names(text))


@lru_cache(maxsize=256)
def _names(text: str) -> tuple[str, ...]:
    words = tokens(text)
    inside = {word for word, initial in words if not initial and word[:1].isupper() and word.casefold() not in COMMON}
    found: list[str] = []
    run: list[str] = []

    def close() -> None:
        while run and run[-1] in _CONNECTORS:
            run.pop()
        if run:
            found.append(" ".join(run))
        run.clear()

    for at, (word, initial) in enumerate(words):
        if initial:
            close()
        after = at + 1
        while after < len(words) and words[after][0] in _CONNECTORS and not words[after][1]:
            after += 1
        following = words[after] if after < len(words) else ("", True)
        if _is_name(word) and not (initial and word.casefold() in COMMON):
            goes_on = not following[1] and (_is_name(following[0]) or following[0].isdigit())
            if initial and not (goes_on or word in inside or any(sign.isdigit() for sign in word)):
                continue
            run.append(word)
        elif run and word in _CONNECTORS:
            run.append(word)
        elif run and run[-1] not in _CONNECTORS and word[:1].isdigit() and "." not in word and not following[0].isdigit():
            run.append(word)
            close()
        else:
            close()
    close()
    return tuple(found)


def _is_name(word: str) -> bool:
    return word[:1].isupper() and (len(word) > 1 or not word.isascii()) and word.casefold() not in COMMON


def numbers(text: str) -> list[str]:
    """The words of `text` that hold a digit, flat."""
    return [word for word in flat_words(text) if any(sign.isdigit() for sign in word)]


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A flat English word without its common endings, so that coach, coaches, coached and coaching agree."""
    if any(sign.isdigit() for sign in word):
        return word
    for _ in range(3):
        shorter = _strip(word)
        if shorter == word:
            break
        word = shorter
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def _strip(word: str) -> str:
    for ending, kept in (("ies", 3), ("ing", 3), ("ed", 3), ("ers", 3), ("er", 3), ("or", 4)):
        if word.endswith(ending) and len(word) - len(ending) >= kept:
            return word[: -len(ending)]
    if word.endswith("es") and len(word) > 4 and word[-3] in "shxz":
        return word[:-2]
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        return word[:-1]
    return word


def spoken_of(texts: Sequence[str], names: Iterable[str]) -> set[int]:
    """The places of those among `texts` that speak of one of `names`, the most important name first.

    Whole words only. A name of one word counts where a text writes it with a large letter, or in a script that has none:
    "api" in "capital" and "harbour" are words, not names. A name that is found in many texts is a word, too. No more than
    half of the texts are given, beyond a few: later names are let go.
    """
    starts: defaultdict[str, list[tuple[int, list[str]]]] = defaultdict(list)
    for rank, name in enumerate(dict.fromkeys(names)):
        words = flat_words(name)
        if words:
            starts[words[0]].append((rank, words))
    found: defaultdict[int, set[int]] = defaultdict(set)
    for place, text in enumerate(texts):
        words = flat_words(text)
        for at, word in enumerate(words):
            for rank, wanted in starts.get(word, ()):
                if words[at : at + len(wanted)] == wanted and (len(wanted) > 1 or _is_written_large(word, text)):
                    found[rank].add(place)
    spoken: set[int] = set()
    for rank in sorted(found):
        if len(found[rank]) <= max(_FEW, len(texts) * _RARE) and len(spoken | found[rank]) <= max(_FEW, len(texts) // 2):
            spoken |= found[rank]
    return spoken


def _is_written_large(word: str, text: str) -> bool:
    if word.upper() == word.lower():
        return True
    written = re.findall(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text, re.IGNORECASE)
    return any(one != one.lower() for one in written)
