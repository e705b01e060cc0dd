"""The subject of a clause as it can stand in a question: without a date hung onto it, and definite where a name makes it so.

Takes the noun in a parse; gives its phrase. "A wildfire that broke out on Saturday near Kalamos has destroyed 31 houses" is
about the wildfire near Kalamos.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part, Sentence

if TYPE_CHECKING:
    from spacy.tokens import Token

_DATED = frozenset(("date", "year", "clock"))
_PLACING = frozenset(("in", "at", "near", "on", "of", "outside", "off"))


def settled_subject(noun: Token, sentence: Sentence) -> Phrase | None:
    """The phrase of a subject."""
    aside = frozenset(child.i for child in noun.children if _is_time(child, sentence))
    relative = next((child for child in noun.rights if child.dep_ in ("relcl", "acl")), None)
    indefinite = noun.pos_ == "NOUN" and any(child.lower_ in ("a", "an") for child in noun.lefts if child.dep_ == "det")
    if not indefinite or noun.i in sentence.references:
        return sentence.phrase(noun, aside)
    without = aside | ({relative.i} if relative is not None else frozenset())
    found = sentence.phrase(noun, without)
    if found is None or (found.named and relative is None):
        return found if relative is None else sentence.phrase(noun, aside)
    place = _place(relative, sentence) if relative is not None and not found.named else ""
    if relative is None or not (found.named or place):
        return sentence.phrase(noun, aside)
    text = re.sub(r"^(?:a|an) ", "the ", f"{found.text} {place}".strip(), flags=re.IGNORECASE)
    return replace(found, text=text, named=True)


def _place(relative: Token, sentence: Sentence) -> str:
    """Where what a relative clause says happened: "near the Greek village of Kalamos"."""
    for prep in relative.children:
        if prep.dep_ != "prep" or prep.lower_ not in _PLACING:
            continue
        found = next((sentence.phrase(child) for child in prep.children if child.dep_ == "pobj"), None)
        if found is not None and found.named and found.kind not in _DATED | {"person"}:
            return f"{prep.lower_} {found.text}"
    return ""


def times_of(noun: Token, sentence: Sentence) -> Iterator[Part]:
    """The times that the parser hung onto a subject: "a court in Trieste on Monday"."""
    for prep in noun.children:
        if _is_time(prep, sentence):
            found = next((sentence.phrase(child) for child in prep.children if child.dep_ == "pobj"), None)
            if found is not None:
                yield Part("time", f"{prep.lower_} {found.text}", 9_000 + prep.i, prep.lower_, found, essential=False)


def _is_time(prep: Token, sentence: Sentence) -> bool:
    if prep.dep_ != "prep" or prep.lower_ != "on" or prep.head.pos_ not in ("NOUN", "PROPN"):
        return False
    found = next((sentence.phrase(child) for child in prep.children if child.dep_ == "pobj"), None)
    return found is not None and found.kind in _DATED
