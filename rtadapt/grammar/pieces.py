"""A parsed sentence, the pieces of a clause in it, and the adjuncts that are asked for in a way of their own.

Takes spaCy tokens; gives `Part`. `parts` gathers them, verb by verb.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtadapt.grammar.lexicon import TIME_NOUNS
from rtadapt.grammar.phrases import Phrase, References, phrase
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_TITLE_WORDS = 6
SUMS = word_set("euro pound dollar cent yen rupee franc crown")
MENUS = word_set("app account website site portal settings menu profile dashboard store shop branch")
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAYS = re.compile(rf"(?:on|from) (\d{{1,2}}(?:, \d{{1,2}})* (?:and|to) \d{{1,2}} {_MONTH})\b", re.IGNORECASE)
_CLOCK = r"(?:\d{1,2}(?::\d\d)?(?: ?[ap]\.?m\b\.?)?|noon|midnight)"
_DAY = "(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|weekdays|weekends)"
_HOURS = re.compile(rf"from {_CLOCK} (?:to|until|till) {_CLOCK}(?:,? (?:on |from )?{_DAY}(?:(?: to | and | through ){_DAY})?)?")
_OFTEN = word_set("every each once twice")
_TRADES = word_set("buy acquire purchase sell")


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
    if (days := days_of(prep, noun)) is not None:
        return days
    if preposition == "at" and noun.lemma_ == "age":
        of = next((child for child in noun.children if child.lower_ == "of"), None)
        years = next((child for child in of.children if child.like_num), None) if of is not None else None
        if years is not None:
            age = Phrase(years.text, years.text, "number", "age")
            return Part("age", f"at the age of {years.text}", prep.i, "at", age, False, prep.head.lemma_)
    return None


def votes_of(number: Token) -> Part | None:
    """The votes for and against: "voted 71 to 48"."""
    span = number.doc[number.i : number.i + 3]
    if len(span) < 3 or not number.like_num or span[1].lower_ != "to" or not span[2].like_num:
        return None
    return Part("votes", span.text, number.i, phrase=Phrase(span.text, span.text, "number", "vote"), essential=False)


def how_often(head: Token) -> Part | None:
    """How often something happens: "every three months", "twice a week"."""
    span = head.doc[head.left_edge.i : head.i + 1]
    if len(span) < 2 or span[0].text not in _OFTEN or head.lemma_ not in TIME_NOUNS:
        return None
    if span[0].lower_ not in ("every", "each") and span[1].lower_ not in ("a", "an", "every", "each"):
        return None
    return Part("frequency", span.text, head.i, phrase=Phrase(span.text, span.text, "frequency", head.lemma_))


def of_the_reason(prep: Token, found: Phrase, parts: list[Part]) -> bool:
    """Whether a preposition belongs to the reason right before it, to which it is then added: "over a fault in the brakes"."""
    reason = parts[-1] if parts else None
    if reason is None or reason.phrase is None:
        return False
    menu = prep.lower_ == "under" and reason.phrase.noun in MENUS  # "in the app under Settings"
    if not menu and (reason.role != "reason" or found.named or prep.lower_ not in ("in", "of", "with", "to")):
        return False
    said = prep.doc[prep.i : prep.right_edge.i + 1].text
    before = prep.doc[: prep.i].text_with_ws.rstrip()
    if not before.endswith(reason.phrase.answer):
        return False
    whole = replace(reason.phrase, answer=f"{reason.phrase.answer} {said}")
    parts[-1] = replace(reason, text=f"{reason.text} {prep.lower_} {found.text}", phrase=whole)
    return True


def by_its_maker(prep: Token, found: Phrase, parts: list[Part]) -> bool:
    """Whether "by" says whose work the object before it is, to which it is then added: "bought a portrait by Elsa Marten"."""
    made = parts[-1] if parts and parts[-1].role == "object" else None
    if (
        made is None
        or made.phrase is None
        or prep.lower_ != "by"
        or any(c.dep_ == "auxpass" for c in prep.head.lefts)
        or not found.named
        or made.index != prep.i - 1
    ):
        return False
    text = f"{made.text} by {found.text}"
    parts[-1] = replace(made, text=text, phrase=replace(made.phrase, text=text, answer=f"{made.phrase.answer} by {found.answer}"))
    return True


def days_of(prep: Token, noun: Token) -> Part | None:
    """Several days of a month, which the parser tears apart: "on 3 and 4 May"."""
    found = _DAYS.match(prep.doc[prep.i : prep.i + 8].text) if noun.like_num and prep.lower_ in ("on", "from") else None
    if found is None:
        return None
    said = found.group(1) if prep.lower_ == "on" else found.group()
    role = "time" if prep.lower_ == "on" else "hours"
    return Part(role, found.group(), prep.i, prep.lower_, Phrase(said, said, "date", noun.text), False, prep.head.lemma_)


def hours(parts: list[Part], span: Span) -> list[Part]:
    """The parts with opening hours as one: "from 9 am to 4 pm on weekdays"."""
    found = _HOURS.search(span.text)
    if found is None or not re.search(r"\d ?[ap]\.?m|:|noon|midnight", found.group()):
        return parts
    within = span.char_span(*found.span())
    inside = [part for part in parts if within is not None and within.start <= part.index < within.end]
    if within is None or not inside or inside[0].index != within.start:
        return parts
    whole = Part(
        "hours", found.group(), within.start, phrase=Phrase(found.group(), found.group(), "clock", "hour"), essential=False
    )
    return [whole, *(part for part in parts if part not in inside)]


def with_year(found: Phrase | None, prep: Token, noun: Token) -> Phrase | None:
    """A date with what follows and belongs to it: the "next year" of "from July next year"."""
    years = (child for child in prep.rights if child.dep_ == "npadvmod" and child.lemma_ in TIME_NOUNS)
    further = next((child for child in years if child.left_edge.i == noun.i + 1), None)
    if found is None or further is None:
        return found
    words = further.doc[further.left_edge.i : further.i + 1].text
    return replace(found, text=f"{found.text} {words}", answer=f"{found.answer} {words}")


def who_pays(head: Token, found: Phrase, sentence: Sentence) -> tuple[Part, Phrase] | None:
    """Who is fined or paid, and how much, where the parser took the name into the sum: "fined Hollis Foods 2 million pounds"."""
    number = next((child for child in head.lefts if child.dep_ in ("nummod", "quantmod")), None)
    named = next((child for child in head.lefts if child.pos_ == "PROPN" and child.dep_ in ("nmod", "compound")), None)
    if found.kind != "money" or number is None or named is None or named.i > number.i or head.dep_ != "dobj":
        return None
    name = sentence.phrase(named)
    amount = head.doc[number.left_edge.i : head.i + 1].text
    whom = None if name is None else Part("recipient", name.text, named.i, phrase=name, governor=head.head.lemma_)
    return None if whom is None else (whom, Phrase(amount, amount, "money", head.lemma_))


def further(head: Token, loose: list[Token]) -> list[Token]:
    """What else belongs to the clause: a price hung somewhere onto what is sold ("a stake in Fizzette for 85 euros"), and the
    date to which another leads that is among `loose` ("delayed its release from June to May")."""
    if any(prep.lower_ == "from" for prep in loose):
        return [prep for prep in head.rights if prep.dep_ == "prep" and prep.lower_ == "to" and prep not in loose]
    if loose or head.dep_ != "dobj" or head.head.lemma_ not in _TRADES:
        return []
    found = (prep for prep in head.subtree if prep.dep_ == "prep" and prep.lower_ == "for")
    return [prep for prep in found if any(child.lemma_ in SUMS or child.ent_type_ == "MONEY" for child in prep.children)][:1]


def of_the_report(child: Token, verb: Token) -> bool:
    """Whether a date that the parser hung onto what is reported is that of the report: "said on Monday it would close"."""
    if verb.dep_ != "ccomp" or child.dep_ not in ("prep", "npadvmod") or not verb.head.i < child.i < verb.i:
        return False
    return bool(verb.head.i + 1 == child.left_edge.i) and child.right_edge.nbor(1).text != ","


def whose(tokens: list[Token], head: Token) -> bool:
    """Whether nobody can tell whose something is in a clause within what stands under `head`: "to see where its readers go"."""
    own = (token for token in tokens if token.tag_ == "PRP$")
    within = (next((up for up in token.ancestors if up.pos_ in ("VERB", "AUX")), head) for token in own)
    return any(verb != head and verb.dep_ in ("ccomp", "relcl", "advcl") for verb in within)


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
