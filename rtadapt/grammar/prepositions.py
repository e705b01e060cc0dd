"""Which preposition a word is, with those that belong to it, and the noun that it governs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

REASONS = frozenset(["because of", "due to", "owing to", "amid", "over", "thanks to", "on account of"])
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
