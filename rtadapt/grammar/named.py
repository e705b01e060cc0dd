"""Which words of a parse are a name: the name beside a common noun, the number at its end, the role before it, and what cuts one.

Takes spaCy tokens; gives tokens or yes and no. `phrases` makes phrases of them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rtadapt.grammar.inflection import is_word
from rtadapt.grammar.kinds import is_person_noun
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

QUOTES = '"“”«»'
_OFFICE = word_set(
    """executive officer financial operating technology technical information marketing medical scientific legal product people
    justice minister general secretary inspector constable scientist economist engineer negotiator"""
)


def named_by(head: Token) -> Token:
    """The name that a common noun goes with: "her husband, the painter Owen Dunne" is about Owen Dunne; else the noun."""
    if head.pos_ != "NOUN" or head.tag_ == "NNS" or any(child.dep_ == "conj" for child in head.children):
        return head
    some = any(child.lower_ in ("a", "an", "one", "another", "some") for child in head.lefts)
    for child in head.rights:
        if child.dep_ == "appos" and child.pos_ in ("PROPN", "NOUN") and not (some and _goes_on(child)):
            found = named_by(child)
            if found.pos_ == "PROPN" and not any(part.dep_ == "conj" for part in found.children):
                return found
        if child.dep_ == "acl" and child.lower_ in ("named", "called", "dubbed", "known"):
            for part in child.rights:
                if part.dep_ in ("oprd", "dobj", "attr") and part.pos_ == "PROPN":
                    return part
    return head


def _goes_on(name: Token) -> bool:
    """Whether more than a comma follows a name beside "a successor": then it may be one of a list."""
    last = name.i + (numbers(name.nbor(1)) if name.i + 1 < len(name.doc) else 0)
    return last + 1 < len(name.doc) and name.doc[last + 1].text not in ",.;"


def numbers(token: Token) -> bool:
    """Whether a number is the last part of the name before it: the "4" of "the Lumo 4"."""
    return (
        bool(token.like_num) and token.text.isdigit() and token.i > 0 and token.nbor(-1).pos_ == "PROPN" and token.dep_ == "appos"
    )


def describes(token: Token) -> bool:
    """Whether a sentence begins with a role that stands before a name: "Midfielder Joao Seixas", "Rival Corbeau"."""
    role = is_person_noun(token.lower_) or token.lower_ == "rival"
    return role and bool(token.is_sent_start) and token.i + 1 < len(token.doc) and token.nbor(1).text[:1].isupper()


def after_office(tokens: list[Token]) -> list[Token]:
    """A name without the title that it begins with, and what else belongs to it: "Chief Financial Officer Ana Ruiz"."""
    rest = tokens[1:]
    while len(rest) > 1 and rest[0].lower_ in _OFFICE:
        rest = rest[1:]
    return rest


def names_left_out(run: list[Token], head: Token) -> bool:
    """Whether an answer would lack what is joined to it or the names it stands for: "protesters Ann Holt, 21, and Bo Reed"."""
    inside = {token.i for token in run}
    return any(
        child.i not in inside
        and (child.dep_ == "conj" or (child.dep_ == "appos" and child.pos_ == "PROPN" and head.tag_ == "NNS"))
        for child in head.rights
        if child.pos_ in ("NOUN", "PROPN", "NUM")
    )


def cut_title(tokens: list[Token]) -> bool:
    """Whether the words begin a title in quotation marks that a colon divides: “Thor: Love and …”. The parser cuts it there."""
    first = tokens[0]
    if first.i == 0 or first.nbor(-1).text not in QUOTES or sum(token.text in QUOTES for token in first.doc[: first.i]) % 2 == 0:
        return False
    title = itertools.takewhile(lambda token: token.text not in QUOTES, first.doc[first.i :])
    return any(token.text in (":", ";") for token in title)


def owns_the_name(owner: Token, head: Token) -> bool:
    """Whether what a name owns is no name without it: "Newton's First Law", "Rupert's Land"; not "France's Emmanuel Macron"."""
    owned = [token for token in head.doc[owner.i + 1 : head.i + 1] if token.tag_ != "POS"]
    plain = bool(owned) and all(token.pos_ in ("ADJ", "NOUN", "PROPN") and is_word(token.lower_) for token in owned)
    return owner.pos_ == "PROPN" and head.ent_type_ != "PERSON" and plain and not is_person_noun(head.lower_)


def torn(run: list[Token], head: Token) -> bool:
    """Whether a quotation mark cuts the run off from more of its phrase."""
    first = run[0]
    return (
        first.i > 1 and first.nbor(-1).text in QUOTES and first.nbor(-2) in head.subtree and first.nbor(-2).text not in (",", "(")
    )


def titled(token: Token) -> bool:
    """Whether a word is a name by how it is written: a capital inside ("TikTok"), or first in quotation marks."""
    if any(sign.isupper() for sign in token.text[1:]) and any(sign.islower() for sign in token.text):
        return True
    return token.text[:1].isupper() and token.i > 0 and token.nbor(-1).text in QUOTES and token.pos_ != "DET"
