"""What follows from a clause by the meaning of its verb: what was cut from one price to another has that other price now, and
whoever was named head coach is that.

Takes clauses; gives them and further ones. Each is as sure as the one it follows from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rtadapt.grammar import lexicon
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.inflection import inflected
from rtadapt.grammar.offices import office
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part
from rtadapt.words import word_set

_CHANGES = word_set("raise cut lower reduce increase lift rise fall drop climb go")
_BUYING = word_set("buy acquire purchase")
_BEATING = word_set("beat defeat")
_CONTESTS = word_set(
    """run-off runoff final play-off playoff semi-final semifinal quarter-final quarterfinal bout duel derby shoot-out
    shootout"""
)
"""What two meet in: whoever beats the other there has won it."""
_SPREAD = re.compile(r"from (?:(?!to ).)*? to (?P<to>[$€£]?\d.*)")
_VALUES = word_set("money percent measure duration number")


def _level(part: Part) -> Part | None:
    """What something was changed to: "to 4.75%", "from $9 to $7"."""
    if part.phrase is None:
        return None
    if part.preposition == "to":
        return part if part.phrase.kind in _VALUES else None
    spread = _SPREAD.fullmatch(part.text)
    if spread is None or part.phrase.kind not in _VALUES:
        return None
    value = re.sub(r"(?<=[$€£]) ", "", spread.group("to"))
    return replace(part, text=f"to {value}", phrase=replace(part.phrase, text=value, answer=value, count=""))


def _paid(clause: Clause) -> tuple[Clause, Clause] | None:
    """What was bought for a price, and that so much was paid for it."""
    what = next((part for part in clause.parts if part.role == "object" and part.governor == clause.lemma), None)
    sums = (part for part in clause.parts if part.preposition == "for" and part.phrase is not None)
    price = next((part for part in sums if part.phrase is not None and part.phrase.kind == "money"), None)
    if clause.lemma not in _BUYING or clause.passive or what is None or price is None or price.phrase is None:
        return None
    amount = replace(what, text=price.phrase.text, phrase=price.phrase, governor="pay")
    bought = replace(price, text=f"for {what.text}", phrase=None, essential=True)
    verb = "pay" if clause.tag == "VB" else inflected("pay", clause.tag)
    parts = tuple(amount if part is what else bought if part is price else part for part in clause.parts)
    told = replace(clause, parts=tuple(replace(part, phrase=None) if part is price else part for part in clause.parts))
    return told, replace(clause, verb=verb, lemma="pay", parts=parts)


def _is_side(phrase: Phrase | None) -> bool:
    return phrase is not None and phrase.named and phrase.kind in ("person", "org", "name")


def _won(clause: Clause) -> Clause | None:
    """Who won what, where one beat the other in it."""
    contest = next(
        (
            part
            for part in clause.parts
            if part.preposition == "in" and part.phrase is not None and part.phrase.named and part.phrase.noun in _CONTESTS
        ),
        None,
    )
    done = clause.tag == "VBD" or clause.auxiliaries[:1] in (("has",), ("have",), ("was",), ("were",))
    if clause.lemma not in _BEATING or contest is None or contest.phrase is None or not done:
        return None
    agent, beaten = (next((part.phrase for part in clause.parts if part.role == role), None) for role in ("agent", "object"))
    winner, loser = (agent, clause.subject) if clause.passive else (clause.subject, beaten)
    if not _is_side(winner) or not _is_side(loser) or winner is None:
        return None
    what = Part("object", contest.phrase.text, contest.index, phrase=contest.phrase, governor="win")
    when = tuple(part for part in clause.parts if part.role in ("score", "time"))
    return replace(clause, subject=winner, auxiliaries=(), verb="won", lemma="win", tag="VBD", parts=(what, *when))


def derived(clause: Clause) -> Iterator[Clause]:
    """The clause, and what else is so when it is."""
    bought = _paid(clause)
    yield from bought or office(clause) or (clause,)
    if (won := _won(clause)) is not None:
        yield won
    level = next(filter(None, map(_level, clause.parts)), None) if clause.lemma in _CHANGES else None
    if level is None or level.phrase is None:
        return
    changed = next((part.phrase for part in clause.parts if part.role == "object" and part.phrase is not None), None)
    changed = changed or clause.subject
    if changed.noun not in lexicon.QUANTITIES:
        return
    when = tuple(part for part in clause.parts if part.role == "time" and part.preposition in ("on", "from", "in", "next"))
    value = Part("attribute", level.phrase.text, level.index, phrase=level.phrase, governor="be")
    if clause.auxiliaries[:1] == ("will",):
        yield replace(clause, subject=changed, auxiliaries=("will",), verb="be", lemma="be", tag="VB", parts=(value, *when))
    elif clause.tag == "VBD" or clause.auxiliaries[:1] in (("has",), ("have",)):
        yield replace(clause, subject=changed, auxiliaries=(), verb="is", lemma="be", tag="VBZ", parts=(value,))
