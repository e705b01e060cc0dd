"""Who scored, where a match report only says whose goals they were: "thanks to three touchdowns from Deshawn Price".

Takes a parsed sentence; gives clauses with "scored".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtadapt.grammar.assertion import asserted
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part, Sentence
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

_SCORES = word_set("goal touchdown try run point penalty header basket homer")
_WON = word_set("beat defeat win draw edge thrash overcome rout come reach secure seal hold fight")
_MOST_ROLE_WORDS = 4


def scored(sentence: Sentence) -> Iterator[Clause]:
    """That somebody scored so many, on the day of the match."""
    root = sentence.span.root
    if root.tag_ != "VBD" or root.lemma_ not in _WON or not asserted(root):
        return
    for noun in sentence.span:
        count = next((child for child in noun.lefts if child.dep_ == "nummod" and child.i == noun.i - 1), None)
        by = noun.i + 1 < sentence.span.end and noun.nbor(1).lower_ in ("from", "by")
        name = _name(noun.nbor(1)) if by and noun.lemma_ in _SCORES and count is not None else []
        if count is None or not name:
            continue
        text = noun.doc[name[0].i : name[-1].i + 1].text
        goals = Phrase(
            f"{count.text} {noun.text}", f"{count.text} {noun.text}", "thing", noun.lemma_, True, False, count.text, noun.text
        )
        parts = (Part("object", goals.text, noun.i, phrase=goals, governor="score"), *_when(root, sentence))
        who = Phrase(text, text, "person", name[-1].text, named=True)
        yield Clause(who, (), "scored", "score", "VBD", parts, sentence.span.text.strip())


def _name(by: Token) -> list[Token]:
    """The one person behind "from", with or without a role; nobody where there are several or the name is no person's."""
    rest = list(by.doc[by.i + 1 : by.sent.end])
    role = list(itertools.takewhile(lambda token: token.is_alpha and token.text.islower(), rest))
    name = list(itertools.takewhile(lambda token: token.pos_ == "PROPN", rest[len(role) :]))
    after = rest[len(role) + len(name) :]
    ends = bool(after) and after[0].text in (".", ",") and not (len(after) > 1 and after[1].pos_ in ("PROPN", "NUM"))
    person = len(name) > 1 and len(role) <= _MOST_ROLE_WORDS and name[-1].ent_type_ in ("PERSON", "")
    return name if person and ends and "and" not in [word.lower_ for word in role] else []


def _when(root: Token, sentence: Sentence) -> Iterator[Part]:
    for prep in root.rights:
        found = next((sentence.phrase(child) for child in prep.children if child.dep_ == "pobj"), None)
        if prep.dep_ == "prep" and found is not None and found.kind == "date":
            yield Part("time", f"{prep.lower_} {found.text}", prep.i, prep.lower_)
