"""What sort of thing a name or a noun is, for asking "which company" or "which country", and not "what" of people.

Takes a phrase, or its clause; gives a common noun, or yes and no.
"""

from __future__ import annotations

import re

from rtadapt.grammar import lexicon
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.phrases import Phrase
from rtadapt.words import word_set

_COMPANIES = word_set(
    """Inc Inc. Corp Corp. Co Co. Ltd Labs Foods Motors
    Holdings Systems Industries Technologies Robotics Pharmaceuticals Software Group"""
)
TITLING = word_set("name call elect appoint declare dub crown title rename label term consider vote make deem")
_HONOURING = word_set("name elect appoint crown")
_OF_PEOPLE = ("er", "or", "ee", "ian", "ant", "ite")
_OF_THINGS = word_set(
    """water paper river number computer tower order letter power weather winter summer server ferry fee committee employee
    restaurant plant giant guarantee degree tree coffee error sector motor factor door floor corridor labor tractor reactor
    offer center theater shelter transfer matter newspaper cover chapter monster disaster quarter barrier layer"""
)


def first_of(clause: Clause) -> str:
    """The noun that says what sort of thing a subject is called: "England will become the first country to ban it"."""
    if clause.lemma == "be" and not clause.auxiliaries:
        return ""
    said = next((part.phrase for part in clause.parts if part.role == "attribute" and part.phrase is not None), None)
    if said is None or said.text.startswith(("a ", "an ")):
        return ""  # which rival became a rival?
    return said.noun if said.kind in ("thing", "org") and said.noun.islower() and not said.plural else ""


def maybe_people(asked: Phrase) -> bool:
    """Whether a noun may name people by its ending, so that neither "who" nor "what" is sure: "tweeters", "evacuees"."""
    noun = asked.noun.lower()
    return noun.endswith(_OF_PEOPLE) and noun not in _OF_THINGS


def is_titled(clause: Clause) -> bool:
    """Whether a name was given a title that people have, whatever else the name is taken for: "was named best player"."""
    titles = [part.phrase for part in clause.parts if part.role == "title" and part.phrase is not None]
    several = clause.subject.named and len(clause.subject.answer.split()) > 1
    return several and clause.passive and clause.lemma in _HONOURING and any(map(maybe_people, titles))


def sort_of(asked: Phrase) -> str:
    """The common noun that says what sort of thing a name is, taken from the name itself."""
    last = asked.text.split()[-1]
    place = re.match(r"(?:the )?(city|town|state|county|province|village|island|port) of [A-Z]", asked.text)
    if place:
        return place.group(1)
    if asked.kind == "name" and last in lexicon.PLACE_ENDINGS and not asked.text.startswith("the "):
        return ""
    if asked.kind not in ("org", "name", "place") or not last[:1].isupper():
        return ""
    if last in lexicon.PLACE_ENDINGS | {
        "University",
        "College",
        "School",
        "Hospital",
        "Museum",
        "Bank",
        "Court",
        "Council",
        "Party",
        "Union",
        "Ministry",
        "Committee",
        "Commission",
        "Agency",
    }:
        return last.lower()
    if last in _COMPANIES:
        return "company"
    return "airline" if last in ("Airlines", "Airways") else ""


def is_level(asked: Phrase) -> bool:
    """Whether a phrase is how much or how many, and nothing else: "1.75%", "7 pounds"."""
    return asked.kind in ("money", "percent", "measure", "number") or bool(
        asked.count and (len(asked.text.split()) <= 2 or " per " in asked.text)
    )
