"""A parsed sentence, the pieces of a clause in it, and the adjuncts that are asked for in a way of their own.

Takes spaCy tokens; gives `Part`. `parts` gathers them, verb by verb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtadapt.grammar.phrases import Phrase, References, phrase

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_TITLE_WORDS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a clause after its verb. `role` says what it does; `phrase` is what can be asked for, if anything."""

    role: str
    text: str
    index: int
    preposition: str = ""
    phrase: Phrase | None = None
    essential: bool = True
    governor: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A parsed sentence with what its words refer to, what its names are, and whether an agent says it to the asker.
    `body` is the club, company or place that the story is about at this point, where that is plain."""

    span: Span
    references: References
    names: Mapping[str, str]
    agent: bool = False
    body: str = ""

    def phrase(self, head: Token, without: frozenset[int] = frozenset()) -> Phrase | None:
        """The phrase of a noun of this sentence."""
        return phrase(head, self.references, self.names, without)


def special(prep: Token, preposition: str, noun: Token) -> Part | None:
    """Adjuncts with a question of their own: "by 31 votes to 14", "at the age of 91"."""
    number = next((child for child in noun.children if child.dep_ == "nummod"), None)
    if preposition == "by" and noun.lemma_ in ("vote", "margin", "point") and number is not None:
        last = noun
        after = next((other for other in noun.doc[noun.i + 1 : noun.i + 3] if other.like_num), None)
        if after is not None and noun.nbor(1).lower_ == "to":
            last = after
        span = noun.doc[number.left_edge.i : last.i + 1].text
        role = "votes" if noun.lemma_ == "vote" else "oblique"
        return Part(role, f"by {span}", prep.i, "by", Phrase(span, span, "number", "vote"), role != "votes", prep.head.lemma_)
    if preposition == "at" and noun.lemma_ == "age":
        of = next((child for child in noun.children if child.lower_ == "of"), None)
        years = next((child for child in of.children if child.like_num), None) if of is not None else None
        if years is not None:
            age = Phrase(years.text, years.text, "number", "age")
            return Part("age", f"at the age of {years.text}", prep.i, "at", age, False, prep.head.lemma_)
    return None


def who_pays(head: Token, found: Phrase, sentence: Sentence) -> Part | None:
    """The one that is fined or paid, where the parser took its name into the sum: "fined Hollis Foods 2 million pounds"."""
    number = next((child for child in head.lefts if child.dep_ in ("nummod", "quantmod")), None)
    named = next((child for child in head.lefts if child.pos_ == "PROPN" and child.dep_ in ("nmod", "compound")), None)
    if found.kind != "money" or number is None or named is None or named.i > number.i or head.dep_ != "dobj":
        return None
    name = sentence.phrase(named)
    return None if name is None else Part("recipient", name.text, named.i, phrase=name, governor=head.head.lemma_)


def sum_of(head: Token) -> Phrase:
    """The amount alone: number and currency."""
    number = next(child for child in head.lefts if child.dep_ in ("nummod", "quantmod"))
    amount = head.doc[number.left_edge.i : head.i + 1].text
    return Phrase(amount, amount, "money", head.lemma_)


def plain(clause: Token) -> bool:
    """Whether a clause is short and holds no quotation."""
    words = list(clause.subtree)
    return len(words) <= 12 and not any(token.text in '"“”«»' for token in words)


def meaning(head: Token) -> Part:
    """What something means, in the text's own words: it is only ever an answer."""
    tokens = [token for token in head.subtree if not (token.dep_ == "mark" and token.head == head)]
    words = "".join(token.text_with_ws for token in tokens).strip(" ,;.")
    return Part("meaning", f"that {words}", head.left_edge.i, phrase=Phrase(words, words, "clause", head.lemma_))


def bracketed(child: Token) -> bool:
    """Whether a piece stands in brackets: a source, a translation."""
    return child.left_edge.i > 0 and child.left_edge.nbor(-1).text in ("(", "[")


def speech(tokens: list[Token]) -> bool:
    """Whether words stand in quotation marks that are more than a title or an expression."""
    marks = [at for at, token in enumerate(tokens) if token.text in '"“”«»']
    if not marks:
        return False
    inside = tokens[marks[0] + 1 : marks[-1]]
    return len(marks) != 2 or len(inside) > _TITLE_WORDS or any(token.dep_ in ("nsubj", "nsubjpass") for token in inside)
