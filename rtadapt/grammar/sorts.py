"""What sort of thing a name or a noun is, for asking "which company" or "which country", and not "what" of people.

Takes a phrase, or its clause; gives a common noun, or yes and no.
"""

from __future__ import annotations

import re

from rtadapt.grammar import lexicon
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import MENUS, Part
from rtadapt.words import word_set

_COMPANIES = word_set(
    """Inc Inc. Corp Corp. Co Co. Ltd Labs Foods Motors
    Holdings Systems Industries Technologies Robotics Pharmaceuticals Software Group"""
)
TITLING = word_set("name call elect appoint declare dub crown title rename label term consider vote make deem")
_HONOURING = word_set("name elect appoint crown")
_LIGHT = word_set("""way place part aim care advantage shape note toll effect landfall charge sale use""")
AGENTIVE_BUT = word_set("""be cost contain measure weigh include mean have consist last weigh exist remain become total""")
_THINGS_DO = word_set("""lie stand open close flow run begin start end work use cause help need require""")
CHANGES = word_set(
    """rise fall gain drop jump climb increase decrease decline slip grow shed surge plunge soar tumble advance raise cut lift
    lower reduce trim lose add"""
)
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


def is_where_to(part: Part) -> bool:
    """Whether a piece of what somebody can do says where to do it: "in the app", "under My Orders"."""
    where = (
        part.phrase is not None and part.preposition in ("in", "under", "at", "via", "on") and part.role in ("oblique", "place")
    )
    return where and part.phrase is not None and (part.preposition == "under" or part.phrase.noun in MENUS)


def is_level(asked: Phrase) -> bool:
    """Whether a phrase is how much or how many, and nothing else: "1.75%", "7 pounds"."""
    return asked.kind in ("money", "percent", "measure", "number") or bool(
        asked.count and (len(asked.text.split()) <= 2 or " per " in asked.text)
    )


def worth_asking(asked: Phrase) -> bool:
    """Whether a phrase says more than one plain noun: not "prices", "talks", "ways"."""
    if asked.noun in _LIGHT and not asked.count and len(asked.answer.split()) < 3:
        return False
    return asked.named or bool(asked.count) or asked.kind not in ("thing", "person") or len(asked.answer.split()) > 1


def rest_of(asked: Phrase) -> str:
    """What a share is a share of: "of the vote"."""
    before, of, after = asked.text.partition(" of ")
    return f"of {after}" if of and before else ""


def opinion(clause: Clause) -> bool:
    """Whether a clause says what somebody calls something, in their own words."""
    return clause.lemma in ("call", "describe", "dub", "brand") and any(sign in clause.sentence for sign in '"“')


def could_be_anybody(clause: Clause) -> bool:
    """Whether the subject is a bare name that does something: neither "who" nor "what" is sure of "Washington met them"."""
    subject = clause.subject
    bare = subject.named and subject.kind in ("name", "place") and len(subject.text.removeprefix("the ").split()) == 1
    return bare and not clause.passive and clause.lemma not in _THINGS_DO | AGENTIVE_BUT | CHANGES
