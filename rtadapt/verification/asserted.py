"""Whether an English text says, as a fact of now, that the answer of a reading is the answer to its question.

Owns finding the sentence that carries the answer and putting the checks in order. Takes a reading and its passage's text;
gives the reason why it may not be taught, or None. Needs no model but the parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtadapt.reading.readable import readable
from rtadapt.reading.readings import Reading
from rtadapt.reading.values import canonical, numbers_in
from rtadapt.records import Speaker
from rtadapt.verification import contrast, cues, fits, operators, roles, sources
from rtadapt.verification.about import about, stands
from rtadapt.verification.english import Line, sentences_of
from rtadapt.verification.question import Asked, asked, is_name, lemma_of, terms_of
from rtadapt.verification.verdicts import Reason
from rtadapt.words import flat_words, holds, word_set

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_SUBJECT_WEIGHT = 4
_MAKERS = word_set("author writer composer founder inventor creator designer architect painter sculptor")
"""Who made something has made it, whatever became of them."""
_COUNT = re.compile(r"-?\d+(?:\.\d+)?")
_NEAR = 2
"""How many sentences before its own a statement may take its subject from."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A sentence that carries the answer, where in it, and the question's terms that stand in it and near it."""

    line: Line
    spot: Span | None
    own: frozenset[str]
    near: frozenset[str]


def asserted(reading: Reading, text: str) -> Reason | None:
    """Why the reading may not be taught from `text`, as far as parsing tells; None when nothing speaks against it."""
    text = readable(text)
    asks = asked(reading.question)
    lines = sentences_of(text)
    if not about(asks, reading.answer, text, lines):
        return Reason.NOT_ABOUT_TEXT
    if holds(reading.question, reading.answer) and asks.kind != "polar" and " or " not in reading.question:
        return Reason.ANOTHER
    affirmed = _yes_or_no(reading.answer) if asks.kind == "polar" else None
    if affirmed is None and not stands(reading.answer, reading.question, text, lines):
        return Reason.NOT_IN_TEXT
    found = _carriers(reading, asks, lines, affirmed is not None)
    if not found:
        return Reason.ANOTHER
    reasons = [_refused(one, reading, asks, lines, affirmed) for one in found]
    if Reason.NEGATED in reasons or Reason.DENIED in reasons:
        return Reason.DENIED if Reason.DENIED in reasons else Reason.NEGATED
    return None if None in reasons else reasons[0]


def _yes_or_no(answer: str) -> bool | None:
    first = (flat_words(answer) or [""])[0]
    return {"yes": True, "no": False}.get(first)


def _carriers(reading: Reading, asks: Asked, lines: Sequence[Line], polar: bool) -> list[_Found]:
    """The sentences that carry the answer, those that share most with the question first; all that share as much."""
    terms = [terms_of(line.span) for line in lines]
    found: list[_Found] = []
    for at, line in enumerate(lines):
        if reading.sentence and not _overlap(line.span.text, reading.sentence):
            continue
        spot = None if polar else fits.spot_of(line.span, reading.answer) or _number_of(line.span, reading.answer)
        near = frozenset().union(*terms[max(0, at - _NEAR) : at + 1])
        found.append(_Found(line, spot, asks.covered(terms[at]), asks.covered(near)))
    spotted = [one for one in found if one.spot is not None]
    chosen = spotted or [one for one in found if one.own]
    if not spotted and not polar:
        spoken = terms_of(asked(reading.answer).doc)
        chosen.sort(
            key=lambda one: -len({term for term in spoken if any(cues.alike(term, other) for other in terms_of(one.line.span))})
        )
        return chosen[:1]
    whole = max((len(one.near) for one in found), default=0)
    chosen = [one for one in chosen if 2 * len(one.near) >= whole]
    subject = terms_of(token for token in asks.doc if token.dep_ in ("nsubj", "nsubjpass")) if polar else frozenset()
    scores = [2 * len(one.own) + len(one.near) + _SUBJECT_WEIGHT * bool(one.own & subject) for one in chosen]
    return [one for one, score in zip(chosen, scores, strict=True) if score == max(scores)]


def _number_of(sentence: Span, answer: str) -> Span | None:
    """The spot of an answer's one number, when its words stand apart: 80 crowns in `from 80 to 95 crowns`."""
    counted = [word for word in canonical(answer) if _COUNT.fullmatch(word)]
    return fits.spot_of(sentence, counted[0]) if len(counted) == 1 else None


def _overlap(sentence: str, part: str) -> bool:
    return sentence in part or part in sentence or holds(part, sentence) or holds(sentence, part)


def _refused(found: _Found, reading: Reading, asks: Asked, lines: Sequence[Line], affirmed: bool | None) -> Reason | None:
    """The first check that the sentence fails."""
    line, sentence = found.line, found.line.span
    if line.speaker in (Speaker.CUSTOMER, Speaker.BOT):
        return Reason.SPEAKER
    if sentence.text.rstrip(" \"”'").endswith("?"):
        return Reason.HEDGED
    before = lines[line.number - 1].span if line.number else None
    if affirmed is not None:
        return _polar(found, asks, affirmed, lines)
    token = found.spot.root if found.spot is not None else _anchor(sentence, asks)
    named = found.spot is not None and _names_whom(found.spot, asks)
    anchors = [token, *_predicates(sentence, asks, token)]
    if any(operators.negation(anchor, asks) for anchor in anchors) or operators.weakened(token, asks):
        return Reason.NEGATED
    if sources.hearsay(sentence, asks, _around(anchors), reading.by == "stated"):
        return Reason.HEDGED
    if not asks.carries(cues.REPORT_NOUNS - {"it", "this", "that"}):
        earlier = [other.span for other in lines[: line.number + 1]]
        if reason := sources.only_reported(token, earlier):
            return reason
    described = {word.i for child in token.children if child.dep_ == "relcl" for word in child.subtree}
    said = [anchor for anchor in anchors if anchor.i in described and anchor.pos_ == "VERB"] or anchors
    if not named and (reason := next((reason for anchor in said if (reason := operators.modality(anchor, asks))), None)):
        return reason
    if operators.fiction(token, asks, before):
        return Reason.FICTION
    statement = found.own | (terms_of(found.spot) if found.spot is not None else frozenset())
    for other in lines:
        if other is not line and sources.denied(
            other.span, other.number > line.number, sentence, statement, reading.answer, asks
        ):
            return Reason.DENIED
    if _misstated(token, asks):
        return Reason.DENIED
    if (not named and any(operators.over(anchor, asks) for anchor in anchors)) or (
        found.spot is not None and (fits.former(found.spot, asks) or fits.left_behind(found.spot, asks))
    ):
        return Reason.OVER
    if found.spot is not None and _ended(found.spot, asks, lines, line):
        return Reason.OVER
    if found.spot is not None and sources.quotes_bystander(sentence, found.spot):
        return Reason.SPEAKER
    return _unfit(found, asks, lines)


def _names_whom(spot: Span, asks: Asked) -> bool:
    """Whether who somebody is, or how old, is said in a noun phrase, beside a name: no matter of the verb."""
    if asks.doc[:].root.lemma_ != "be" or asks.kind not in ("who", "how_old") or asks.past:
        return False
    head = spot.root
    while head.dep_ in ("appos", "compound", "nummod", "amod", "npadvmod", "nmod") and head.head.pos_ in ("NOUN", "PROPN"):
        head = head.head
    within = terms_of(token for token in head.subtree if not any(up.dep_ == "relcl" for up in (token, *token.ancestors)))
    return head.pos_ in ("NOUN", "PROPN") and bool(asks.covered(within))


def _around(anchors: Sequence[Token]) -> frozenset[int]:
    """The numbers of the words at which a statement hangs, up to the sentence's root."""
    return frozenset(token.i for anchor in anchors for token, _ in operators.chain(anchor))


def _unfit(found: _Found, asks: Asked, lines: Sequence[Line]) -> Reason | None:
    spot, sentence = found.spot, found.line.span
    if spot is None:
        return None
    if not fits.slot(spot, asks):
        return Reason.ANOTHER
    if roles.swapped(spot, sentence, asks) or contrast.belongs_elsewhere(spot, sentence, asks):
        return Reason.ANOTHER
    if (
        fits.part_of_measure(spot, asks)
        or fits.other_holder(spot, asks)
        or fits.held_by_other(spot, asks)
        or _other_subject(found, asks, lines)
    ):
        return Reason.ANOTHER
    return None


def _anchor(sentence: Span, asks: Asked) -> Token:
    """Where a statement hangs whose answer has no spot of its own: the verb that the question asks with, else the root."""
    for token in sentence:
        if token.pos_ == "VERB" and asks.covered(terms_of([token])):
            return token
    return sentence.root


def _predicates(sentence: Span, asks: Asked, answer: Token) -> list[Token]:
    """The words of the sentence that say what the question asks with, where they hang below the answer's own clause."""
    clause = operators.verb_of(answer)
    hung = [child for child in clause.children if child.dep_ in ("xcomp", "dobj", "prep", "attr", "oprd", "dative")]
    hung += [child for child in answer.children if child.dep_ in ("relcl", "acl", "appos")]
    below = [token for child in hung for token in child.subtree]
    return [token for token in below if token.pos_ in ("VERB", "NOUN") and token != answer and asks.covered(terms_of([token]))]


def _polar(found: _Found, asks: Asked, affirmed: bool, lines: Sequence[Line]) -> Reason | None:
    """A question for yes or no is answered by a sentence that says most of it, in the polarity of the answer."""
    sentence = found.line.span
    if 2 * len(found.near) < len(asks.terms) + 1 or any(
        number not in numbers_in(sentence.text) for number in numbers_in(asks.doc.text)
    ):
        return Reason.NOT_ABOUT_TEXT
    token = _anchor(sentence, asks)
    if sources.hearsay(sentence, asks, _around([token]), stated=True):
        return Reason.HEDGED
    if reason := operators.modality(token, asks):
        return reason
    lemmas = {word.lemma_.lower() for word in sentence}
    opposite = any(cues.OPPOSITES.get(word, frozenset()) & lemmas and word not in lemmas for word in asks.lemmas)
    refused = bool(lemmas & (cues.NEGATIVE_VERBS - {"miss", "stop"})) and not asks.carries(cues.NEGATIVE_VERBS)
    positive = not (operators.negation(token, asks) or opposite or refused)
    if positive != affirmed:
        return Reason.NEGATED
    for other in lines:
        if other.number > found.line.number and sources.denied(other.span, True, sentence, found.own, "\n", asks):
            return Reason.DENIED
    return Reason.OVER if operators.over(token, asks) else None


def _misstated(token: Token, asks: Asked) -> bool:
    """Whether the sentence itself says that the statement was an error."""
    if asks.carries(cues.DENIALS | cues.FALSE_WORDS):
        return False
    for found, _ in operators.chain(token):
        words = {child.lower_ for child in found.children if child.dep_ == "advmod"}
        if words & cues.FALSE_WORDS or found.lemma_.lower() in ("misstate", "misreport", "misspell", "misidentify"):
            return True
    return False


def _ended(spot: Span, asks: Asked, lines: Sequence[Line], line: Line) -> bool:
    """Whether the text says that the answer has left what it is asked for: resigned, sacked, replaced, closed."""
    if asks.past or asks.carries(cues.ENDED_BY_SELF | cues.ENDED_BY_OTHERS | cues.BACKWARD | _MAKERS):
        return False
    names = {token.lower_ for token in spot if is_name(token)} or (asks.names if asks.kind == "who" else frozenset())
    if not names:
        return False
    for other in lines:
        for verb in other.span:
            if verb.pos_ not in ("VERB", "AUX") or any(child.dep_ == "neg" for child in verb.children):
                continue
            lemmas = lemma_of(verb)
            passive = any(child.dep_ in ("nsubjpass", "auxpass") for child in verb.children)
            part = roles.roles(verb)
            gone = part["agent"] if lemmas & cues.ENDED_BY_SELF and not passive else set()
            gone = gone | (part["patient"] if lemmas & cues.ENDED_BY_OTHERS else set())
            words = {token.lower_ for token in other.span if token.i in gone}
            if words & names and not (part["agent"] & gone and _elsewhere(verb, asks)):
                return True
    return False


def _elsewhere(verb: Token, asks: Asked) -> bool:
    """Whether what somebody left is named, and is not what the question is about: left Getafe to coach Osasuna."""
    left = [child for child in verb.children if child.dep_ in ("dobj", "prep")]
    named = {token.lower_ for child in left for token in child.subtree if is_name(token)}
    return bool(named) and not any(word in asks.names for name in named for word in flat_words(name))


def _other_subject(found: _Found, asks: Asked, lines: Sequence[Line]) -> bool:
    """Whether the answer is said of somebody whom the question doesn't name, while it names others."""
    spot, sentence = found.spot, found.line.span
    if spot is None or not asks.names:
        return False
    owner = spot.root.head
    if (
        spot.root.dep_ in ("appos", "npadvmod", "nummod")
        and is_name(owner)
        and owner.ent_type_ == "PERSON"
        and numbers_in(spot.text)
    ):
        words = {word for token in [owner, *owner.children] if is_name(token) for word in flat_words(token.text)}
        if not words & asks.names:
            return True
    here = {word for token in sentence if is_name(token) for word in flat_words(token.text)}
    if here & asks.names:
        return False
    verb = operators.verb_of(spot.root)
    subject = next((child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")), None)
    if subject is None or not is_name(subject) or spot.start <= subject.i < spot.end:
        return False
    return subject.ent_type_ in ("ORG", "PERSON", "GPE", "PRODUCT") and verb.lemma_ not in cues.SAY_VERBS
