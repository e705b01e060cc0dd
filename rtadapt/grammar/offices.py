"""Who holds an office once it was given to somebody: whoever was named head coach is asked for as the head coach.

Takes clauses; gives one more, with "is", where a text says that somebody was appointed to what one person at a time holds, and
the first one without the stiff question that the other makes needless ("What did Rovers name her as?").
"""

from __future__ import annotations

import re
from dataclasses import replace

from rtadapt.grammar import lexicon
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.kinds import is_person_noun
from rtadapt.grammar.owners import settled
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part
from rtadapt.words import word_set

_GIVEN = word_set("appoint name hire choose pick select install promote elect confirm")
_HELD_BY_ONE = word_set(
    """president chancellor premier minister mayor governor coach manager captain director chairman chairwoman chair chairperson
    principal editor ceo head leader boss commissioner"""
)
_CHIEF = re.compile(r"(?:(?:head|chief|managing|executive|general) )+[a-z]+(?: [a-z]+)?")
_NAME_AND_ROLE = re.compile(r"(?P<name>(?:[A-Z][\w.'’-]* ){1,3}[A-Z][\w.'’-]*) (?P<role>[a-z][a-z' -]*?)(?P<of> of .+)?")
_MANY = word_set("former first second third fourth fifth last vice deputy assistant joint")
_FRESH = re.compile(r"^(?:the |a |an |its |their |his |her )?(?:new |permanent |full-time )?")
_LATER = word_set("from next")
_LONG_AGO = re.compile(r"\b(?:1[5-9]|20)\d\d\b|\bthat year\b|;", re.IGNORECASE)
"""What tells of years tells of who held an office then."""
_OWNERS = ("org", "name", "place")
_OF = re.compile(r" (?:of|at|for) (?=[A-Z]|the |its |their )")


def office(clause: Clause) -> tuple[Clause, Clause] | None:
    """A clause and who is what by it, "Ana Ruiz is the chief executive of Northgate"; None where nobody was given an office."""
    if _LONG_AGO.search(clause.sentence) or any(part.role == "time" and part.preposition in _LATER for part in clause.parts):
        return None
    found = _given(clause) if clause.lemma in _GIVEN else _became(clause) if clause.lemma == "become" else None
    if found is None or not _done(clause):
        return None
    who, role, index = found
    held = _held(role, clause.subject if clause.lemma != "become" and not clause.passive else None)
    if held is None or who.kind != "person" or not who.named:
        return None
    what = Phrase(held, held, "person", role.noun, named=True)
    attribute = Part("attribute", held, index, phrase=what)
    holds = replace(clause, auxiliaries=(), verb="is", lemma="be", tag="VBZ", subject=who, parts=(attribute,))
    parts = tuple(replace(part, phrase=None) if part.index == index else part for part in clause.parts)
    return replace(clause, parts=parts), holds


def _done(clause: Clause) -> bool:
    return clause.tag == "VBD" or clause.auxiliaries[:1] in (("has",), ("have",), ("was",), ("were",))


def _given(clause: Clause) -> tuple[Phrase, Phrase, int] | None:
    """Who was given what: "named Ana Ruiz as its chief", "named Ana Ruiz chief", "Ana Ruiz was named chief"."""
    told = [part for part in clause.parts if part.phrase is not None]
    bare = next((part for part in told if part.role in ("title", "object")), None)
    role = next((part for part in told if part.preposition == "as"), None)
    role = role or next((part for part in told if part.role == "title" and part is not bare), None)
    if clause.passive:
        role = role or bare
        return None if role is None or role.phrase is None else (clause.subject, role.phrase, role.index)
    if bare is None or bare.phrase is None:
        return None
    if role is not None and role.phrase is not None:
        return bare.phrase, role.phrase, role.index
    both = split(bare.phrase)
    return None if both is None else (*both, bare.index)


def _became(clause: Clause) -> tuple[Phrase, Phrase, int] | None:
    role = next((part for part in clause.parts if part.role == "attribute" and part.phrase is not None), None)
    return None if role is None or role.phrase is None else (clause.subject, role.phrase, role.index)


def split(both: Phrase) -> tuple[Phrase, Phrase] | None:
    """A name and the office that the parser took into it: "Ana Ruiz chief executive"."""
    parts = _NAME_AND_ROLE.fullmatch(settled(both.text))
    if parts is None or not is_person_noun(parts["role"].split()[-1]):
        return None
    role = parts["role"] + (parts["of"] or "")
    return Phrase(parts["name"], parts["name"], "person", both.noun, named=True), Phrase(role, role, "person", both.noun)


def _held(role: Phrase, giver: Phrase | None) -> str | None:
    """The office with whose it is; None where several may hold it, or nobody knows whose it is."""
    text = settled(role.text)
    owned = re.fullmatch(r"(?P<owner>.+?)['’]s? (?P<role>[a-z].*)", text)
    of = _OF.search(text)
    name = _FRESH.sub("", owned["role"] if owned else text[: of.start()] if of else text)
    if " by " in text or not _one_holds(name) or any(word in lexicon.PAST_ROLES for word in name.split()):
        return None
    if owned:
        return f"the {name} of {owned['owner']}"
    if of:
        return f"the {name}{text[of.start() :]}" if role.named or text[of.end() : of.end() + 1].isupper() else None
    if giver is None or not giver.named or giver.kind not in _OWNERS:
        return None
    return f"the {name} of {giver.text}"


def _one_holds(name: str) -> bool:
    words = name.split()
    return bool(words) and (words[-1] in _HELD_BY_ONE or _CHIEF.fullmatch(name) is not None) and _MANY.isdisjoint(words)
