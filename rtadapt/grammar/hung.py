"""What the parser hung onto a noun and belongs to the whole clause: when, where, why, and for whom a price is.

Takes a preposition in a parse; gives yes and no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtadapt.grammar.kinds import is_person_noun
from rtadapt.grammar.named import team
from rtadapt.grammar.pieces import SUMS, Sentence
from rtadapt.grammar.prepositions import JOINED, REASONS, governed
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

# Nouns whose "in" says of what, not where: interest in Japan, a rise in France.
_TAKES_IN = word_set(
    """interest investment stake role belief trust confidence presence war growth rise fall increase decline drop change"""
)
_PAID = word_set("pay spend cost raise")
_AIMS = word_set(
    """bill bid plan proposal law motion offer attempt effort promise pledge vow request application right ability chance
    opportunity permission permit licence"""
)
_BESIDE = word_set("near outside")
_TIMES = word_set("""in on at by until till since before after from during within for through between around throughout""")


def stands_alone(prep: Token, sentence: Sentence) -> bool:
    """Whether a preposition hung onto a noun says when, where or why, and so belongs to the whole clause."""
    if prep.lower_ in JOINED and governed(prep)[0] in REASONS:
        return True
    if prep.dep_ != "prep":
        return False
    if prep.lower_ == "for" and prep.head.lemma_ in SUMS and any(child.dep_ == "pcomp" for child in prep.children):
        return True  # "fined the firm 4 million euros for selling old meat"
    noun = next((child for child in prep.children if child.dep_ == "pobj"), None)
    if noun is not None and prep.lower_ == "for" and prep.head.lemma_ in SUMS and prep.head.head.lemma_ in _PAID:
        return bool(prep.head.dep_ == "dobj")
    if noun is None or prep.lower_ not in _TIMES | {"near"} or prep.lower_ == "for":
        return False
    found = sentence.phrase(noun)
    if found is None or prep.head.lemma_ in _TAKES_IN:
        return False
    if found.kind in ("date", "year", "clock"):
        return True
    return found.kind == "place" and prep.lower_ in ("in", "at", "near")


def dated(prep: Token, sentence: Sentence) -> bool:
    """Whether a preposition leads to a date: "a zoo in Zurich in 2022"."""
    found = next((sentence.phrase(child) for child in prep.children if child.dep_ == "pobj"), None)
    return found is not None and found.kind in ("date", "year", "clock")


def of_somebody(prep: Token, named: Token, sentence: Sentence) -> bool:
    """Whether what is hung onto the name of a person or team says where it was: "found Peter Lang near the hut"."""
    if prep.dep_ != "prep" or prep.i < named.i or not (named.ent_type_ == "PERSON" or team(named)):
        return False
    return stands_alone(prep, sentence) or (prep.lower_ in _BESIDE and any(child.dep_ == "pobj" for child in prep.children))


def after_what(child: Token) -> str:
    """The sign or word before a piece of a clause; the sign that it begins with where the parser took one into it."""
    first = child.left_edge
    return str(first.text if first.is_punct and first != child else first.nbor(-1).text if first.i else "")


def role_before_name(noun: Token) -> bool:
    """Whether the parser took the role before a name for an object of its own: "drafted quarterback Jaylen Brooks"."""
    if noun.dep_ != "dobj" or noun.pos_ != "NOUN" or any(noun.children) or not is_person_noun(noun.lemma_.lower()):
        return False
    return any(other.dep_ == "dobj" and other.pos_ == "PROPN" and other.left_edge.i == noun.i + 1 for other in noun.head.rights)


def hangs_on_aim(clause: Token) -> bool:
    """Whether a "to" says what the noun before it is for, and not why something was done: "her bill to raise the wage"."""
    first = clause.left_edge
    before = first.nbor(-1) if first.i else first
    return bool(before.pos_ == "NOUN" and before.lemma_ in _AIMS and before.dep_ in ("dobj", "pobj") and before.i > clause.head.i)
