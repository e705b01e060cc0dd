"""Which preposition a word is, with those that belong to it, the noun that it governs, and what it does in its clause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtadapt.grammar.phrases import Phrase
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

REASONS = frozenset(["because of", "due to", "owing to", "amid", "over", "thanks to", "on account of"])
_PLACES = word_set("""in at near on outside inside between along across off beneath under above around into to from through""")
JOINED = word_set("because due owing thanks ahead instead")


def governed(prep: Token) -> tuple[str, Token | None]:
    """A preposition with those that belong to it ("out of"), and the noun that it governs."""
    words = [prep]
    head = prep
    noun = None
    while True:
        noun = next((child for child in head.children if child.dep_ == "pobj" or _following(child)), noun)
        deeper = next(
            (child for child in head.children if child.dep_ in ("prep", "pcomp") and child.pos_ in ("ADP", "SCONJ")), None
        )
        if deeper is None or (noun is not None and head.lower_ not in JOINED):
            break
        words.append(deeper)
        head = deeper
    if prep.i + 1 < len(prep.doc) and (joined := f"{prep.lower_} {prep.nbor(1).lower_}") in REASONS:
        return joined, noun
    return " ".join(word.lower_ for word in words), noun


def _following(noun: Token) -> bool:
    """Whether a noun is what a participle that serves as a preposition governs: "closed following a landslide"."""
    return bool(noun.dep_ == "dobj" and noun.head.dep_ == "prep" and noun.head.tag_ == "VBG")


def role_of(prep: Token, preposition: str, found: Phrase) -> tuple[str, bool]:
    """The role of what a preposition leads to, and whether a clause says something else without it."""
    if found.noun in ("time", "way", "course", "case", "part", "result", "addition", "moment", "fact"):
        return "fixed", prep.lower_ in ("of", "to") and found.noun != "time"
    if prep.dep_ == "agent" and found.kind not in ("date", "year", "clock", "money", "percent", "number", "measure", "duration"):
        return "agent", True
    if preposition in REASONS and not (preposition == "over" and found.kind in ("duration", "number", "money", "date", "place")):
        return "reason", False
    if found.kind in ("date", "year", "clock", "duration"):
        return "time", False
    if found.kind == "place" and preposition in _PLACES:
        return "place", preposition in ("to", "from", "into", "through", "between")
    if preposition in ("near", "outside") and found.named and found.kind != "person":
        return "place", False
    if preposition in ("during", "before", "after", "until", "since", "following", "ahead of"):
        return "circumstance", False
    return "oblique", not (found.kind == "money" and preposition in ("for", "at"))
