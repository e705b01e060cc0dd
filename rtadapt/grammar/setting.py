"""What a story is about and where it plays, so that "the club", "the city" and "the council" can be told from others.

Takes the parsed lines of a story; gives its subject and its place. A question that names nothing gets the place: "How many
homes lost power in Odalys?".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.grammar.asking import Asking
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.mentions import NOT_PLACED
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part
from rtadapt.grammar.wellformed import names_something
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_OPENING_SENTENCES = 1
_NO_PLACE = word_set("DATE TIME EVENT WORK_OF_ART MONEY LAW LANGUAGE CARDINAL")
_TELLING = word_set("number money percent duration score measure year date clock")
# Bodies and people of which a town or a country has its own.
_LOCAL = word_set(
    """council mayor police government parliament court school schools station hospital authority fire storm turnout
    governor president minister firefighter resident driver homes home people ministry army library senate committee bank
    ban election vote voter teacher student child worker family assembly measure festival"""
)
_OFFICES = word_set("mayor governor president city town")
_ELSEWHERE = word_set("elsewhere abroad overseas nationwide worldwide")
_BUILT = word_set("library hospital school station council museum")


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a story plays; empty where that can't be told or there are several places. `opening` says that a sentence is the
    story's first, in which nothing points back."""

    place: str = ""
    opening: bool = False
    spoken: bool = False


def setting_of(docs: Sequence[Doc]) -> Setting:
    """The only place of the first sentence that has one, among the first few."""
    sentences = [sent for doc in docs for sent in doc.sents][:_OPENING_SENTENCES]
    for sentence in sentences:
        found = set(_places(sentence))
        if found:
            return Setting(found.pop() if len(found) == 1 else "")
    return Setting()


def _places(sentence: Span) -> Iterator[str]:
    for token in sentence:
        if token.pos_ != "PROPN" or token.dep_ != "pobj" or token.ent_type_ in _NO_PLACE:
            continue
        inside = token.head.lower_ == "in" and token.head.head.lemma_ not in NOT_PLACED
        of_mayor = token.head.lower_ == "of" and token.head.head.lemma_.lower() in _OFFICES
        of_its_own = token.head.lower_ == "of" and token.head.head.pos_ == "NOUN" and token.head.head.lemma_ in _BUILT
        if inside or of_mayor or of_its_own:
            name = _name(token)
            if name:
                yield name


def _name(token: Token) -> str:
    words = [token]
    while words[0].i > token.sent.start and words[0].nbor(-1).pos_ == "PROPN" and words[0].nbor(-1) in token.subtree:
        words.insert(0, words[0].nbor(-1))
    last = token.i + 1
    if last < len(token.doc) and (token.doc[last].pos_ == "PROPN" or token.doc[last].tag_ == "POS"):
        return ""
    text = token.doc[words[0].i : last].text
    return text if re.fullmatch(r"[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*){0,3}", text) else ""


def anchored(clause: Clause, part: Part | None, asked: Phrase, askings: list[Asking], setting: Setting) -> Clause | None:
    """The clause with the story's place, where it names nothing else and what is asked could be of that place."""
    place = setting.place
    subject = clause.subject
    others = " ".join([subject.text if part else "", *(other.text for other in clause.parts if other is not part)])
    if not place or not askings or clause.instruction or names_something(f"x {others}") or place in asked.text:
        return None
    if part is not None and (part.role == "place" or askings[0].words == "Where"):
        return None
    if any(other.role == "place" or other.text in _ELSEWHERE for other in clause.parts):
        return None
    if subject.text.startswith("the ") and subject.noun in lexicon.BARE_REFERENCES and not is_local(subject):
        return None
    local = is_local(subject) or any(other.phrase is not None and is_local(other.phrase) for other in clause.parts)
    counted = bool(subject.count) or bool(asked.count)
    telling = counted or asked.kind in _TELLING or (part is not None and part.role in ("reason", "votes", "measure"))
    if not (local and (telling or subject.text.startswith("the "))) and not (counted and part is None):
        return None
    if is_local(subject) and subject.text.startswith("the ") and " " not in subject.text[4:].replace("city ", ""):
        return replace(clause, subject=replace(subject, text=f"{subject.text} in {place}"))
    return replace(clause, parts=(*clause.parts, Part("place", f"in {place}", 10_000, "in")))


def is_local(phrase: Phrase) -> bool:
    """Whether a phrase names a body or people of which every place has its own."""
    return phrase.noun in _LOCAL and not phrase.named
