"""The shape of a fact: what exactly is asked of whom, what kind of answer it has, and whether it can have several.

Owns the difference between questions that share their words: "Who will be coach?" and "Who is coach?", "Who beat Kelby?" and
"Whom did Kelby beat?", the price in Canada and the one in Mexico; and between what is so until it changes (a mayor, a price)
and what happened (a goal, a win), which nothing later makes untrue. Takes readings, gives shapes; pure. The word lists are
English; a question in another language is the same as another only if their words are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from rtadapt.reading.asking import asking_key
from rtadapt.reading.readings import Reading
from rtadapt.words import COMMON, flat_words, names, numbers, stem, word_set


class Values(StrEnum):
    """How many answers can be right at once. OPEN: one, until an event gives two."""

    ONE = "one"
    OPEN = "open"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a reading asks and answers. Two readings ask the same when their `asks` share one; without any, nothing is
    the same. `key` is what is asked, the entity aside, in words. `kind` is the answer's, `wanted` the kinds that the question
    asks for, empty when it doesn't say.
    """

    key: str
    asks: frozenset[str]
    kind: str
    wanted: frozenset[str]
    values: Values


_WH = word_set("who whom whose what which where when why how")
_POLITE = word_set("could can would will may do does did")
_PEOPLE = word_set("you i we anyone anybody someone somebody")
_DAYS = word_set(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december spring summer autumn winter"""
)
_TIMES = _DAYS | word_set(
    "today tomorrow tonight yesterday morning afternoon evening night noon midnight week weeks month months year years day days"
)
_FIGURES = word_set(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty fifty sixty
    seventy eighty ninety hundred thousand million billion dozen half none"""
)
_MONEY = re.compile(r"[$€£¥₹]|\b(?:dollars?|euros?|pounds?|cents?|yen|rupees?|usd|eur|gbp|francs?|crowns?)\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b\d{1,2}:\d\d\b|\b\d{1,2}\s?(?:am|pm|a\.m|p\.m|o'clock)|^\W*(?:in )?(?:19|20)\d\d\W*$", re.IGNORECASE)
_ROLES = frozenset(
    stem(word)
    for word in word_set(
        """coach manager mayor ceo executive president captain chair chairman chairwoman chairperson minister chancellor king
        queen pope governor boss editor principal headmaster secretary treasurer owner capital price cost status headquarters
        population age address temperature deadline version speed limit height length weight width fee fare rate salary"""
    )
)
_SEVERAL = frozenset(
    stem(word)
    for word in word_set(
        """member brother sister child son daughter product player scorer sponsor partner director shareholder founder rival
        friend colleague actor star candidate goal song album book film award language colour color symptom feature ingredient
        victim suspect winner guest speaker supplier customer neighbour neighbor"""
    )
)
_TOLL = frozenset(
    stem(word) for word in word_set("die died dead kill injure hurt wound missing evacuate affect infect displace arrest")
)
_BECOMING = word_set("named appointed elected chosen hired promoted picked installed confirmed become became took made")
_HAPPENED = word_set(
    """beat won built sold bought made took got went wrote led ran held gave lost hit met said told saw came left found paid sent
    cut broke spoke chose drew drove fell flew grew rose sang sank shot spent stole struck taught threw was were did had"""
)
_ONCE = word_set("former formerly ex previous previously")
_MIGHT = word_set("might could would should")
_PRICE = stem("price")
_SAME_WORD = {stem("cost"): _PRICE, stem("charge"): _PRICE, stem("ceo"): stem("executive")}
_PRESENT = word_set("is are am do does s")
_THINGS = word_set("who whom what which")
_DOES = word_set("did does do has have had will by")
_ADVERBS = word_set("where when how many much")
_MEASURES = word_set("many much old far long high big often deep heavy tall")
_SMALL = word_set("the a an on at in about by from since until")
_UNSAID = word_set("about who what which why how know tell say happen new")
_PLACE = r"(?:in|at|for)\s+(?:the\s+)?([A-Z]\w+(?:\s+[A-Z]\w+)*)"
_FIRST_PLACE = re.compile(_PLACE.replace("in|at|for", "In|At|For"))
_WANTED = {
    "who": frozenset(("name",)),
    "whom": frozenset(("name",)),
    "when": frozenset(("time", "number")),
    "how": frozenset(("number", "money", "time")),
}
_AMENDS = re.compile(r"\b(?:correction|corrects?|corrected|erratum)\b", re.IGNORECASE)
_GIVES_WAY = re.compile(
    r"\b(?:instead of|rather than|no longer|in fact|replac\w+|succe(?:ed|ss)\w*|takes? over|took over)\b", re.IGNORECASE
)
_SOME = re.compile(r"\b(?:who|what)(?:'s|’s| is)? (?:a|an|one of|another|some)\b|\b(?:who|what) are\b|\bamong\b", re.IGNORECASE)
_PLURAL = re.compile(r"\b(?:[Ww]hich|[Ww]hat) ([a-z]+s)\b")


def corrects(text: str) -> bool:
    """Whether `text` says that something else that was said is not, or no longer, so."""
    return bool(_AMENDS.search(text) or _GIVES_WAY.search(text))


def kind_of(answer: str) -> str:
    """`money`, `time`, `number`, `name` or `other`."""
    words = [word for word in re.findall(r"[\w'’-]+", answer) if word.casefold() not in _SMALL]
    plain = [word.casefold() for word in words]
    digits = bool(numbers(answer))
    if _MONEY.search(answer) and (digits or _FIGURES & set(plain)):
        return "money"
    named = bool(words) and words[0][:1].isupper() and not words[-1][:1].islower()
    if named and (plain[0] not in _DAYS if digits else not set(plain) <= _TIMES | _FIGURES):
        return "name"
    if _CLOCK.search(answer) or _DAYS & set(plain) or (not digits and _TIMES & set(plain)):
        return "time"
    return "number" if digits or _FIGURES & set(plain[:1]) else "other"


def alike(one: str, other: str) -> bool:
    """Whether an answer of one kind can take the place of one of the other."""
    return one == other or {one, other} <= {"money", "number", "time"}


def shape_of(reading: Reading) -> Shape:
    """The shape of what a reading says."""
    kind = kind_of(reading.answer)
    asked = _asked(reading.question, reading.entity)
    tense = _tense(reading.question, reading.entity)
    acts = _PRICE not in asked and _acts(reading.question, reading.entity)
    limits = _limits(reading, kind)
    first = f"{tense}>" if acts else tense
    key = " ".join([first, *sorted(asked | limits)])
    fixed = limits | {part for word in reading.entity.split() for part in _subject(word)}
    alike_asked = () if _vague(asked, reading.entity) else (asked, *_also_asked(reading, tense, asked))
    asks = frozenset(" ".join([first, *sorted(fixed | one)]) for one in alike_asked)
    return Shape(key, asks, kind, _wanted(reading.question), _values(reading, tense, asked, kind))


def _asked(question: str, entity: str) -> frozenset[str]:
    """The stems of what is asked, the entity aside; empty when it is asked for anything at all."""
    stems = {_SAME_WORD.get(part, part) for part in asking_key(question, entity).split()} - _UNSAID
    words = flat_words(question)
    if any(word.endswith("n") and after == "t" for word, after in pairwise(words)):
        stems.add("not")
    return frozenset(stems - _ADVERBS if _PRICE in stems else stems)


def _subject(word: str) -> list[str]:
    """The parts of one word of an entity: a name as it is, another word as its stem."""
    parts = [part for part in flat_words(word) if part not in COMMON]
    return [stem(part) for part in parts] if word[:1].islower() else parts


def _vague(asked: frozenset[str], entity: str) -> bool:
    """Whether a question asks for anything at all about a name, and so nothing in particular."""
    return not asked and not any(word[:1].islower() and word not in COMMON for word in entity.split())


def _tense(question: str, entity: str) -> str:
    """`now`, `then`, `later` or `maybe`."""
    named = set(flat_words(entity))
    words = flat_words(question)
    polite = {at for at, (word, after) in enumerate(pairwise(words)) if word in _POLITE and after in _PEOPLE}
    said = [word for at, word in enumerate(words) if at not in polite and word not in named]
    pairs = set(pairwise(said))
    if {"will", "shall"} & set(said) or pairs & {("going", "to"), ("won", "t")}:
        return "later"
    if _MIGHT & set(said):
        return "maybe"
    if _ONCE & set(said):
        return "then"
    if _BECOMING & set(said) and _ROLES & {stem(word) for word in said}:
        return "now"
    lower = set(re.findall(r"\b[a-z]\w*", question))
    return "then" if _is_past(said, lower) else "now"


def _is_past(words: list[str], lower: set[str]) -> bool:
    """Whether a question asks for what happened or was: did, was, or a past verb soon after the question word."""
    if {"did", "was", "were", "had"} & set(words):
        return True
    at = next((number for number, word in enumerate(words) if word in _WH), len(words))
    for word in words[at + 1 : at + 4]:
        if word in _PRESENT:
            return False
        if word in _HAPPENED or (word.endswith("ed") and len(word) > 4 and word in lower):
            return True
    return False


def _acts(question: str, entity: str) -> bool:
    """Whether the entity is the one who does it: "Whom did Kelby beat?", not "Who beat Kelby?"."""
    words = [word for word in flat_words(question) if word != "the"]
    named = [word for word in flat_words(entity) if word != "the"]
    at = next((at for at in range(1, len(words)) if named and words[at : at + len(named)] == named), 0)
    if not at or not _THINGS & set(words):
        return False
    before, after = words[at - 1], words[at + len(named)] if at + len(named) < len(words) else ""
    if before in ("is", "are", "was", "were"):
        return after.endswith("ing")
    return after != "s" and before in _DOES | _THINGS


def _also_asked(reading: Reading, tense: str, asked: frozenset[str]) -> list[frozenset[str]]:
    """What the wordings and the relation ask, as far as it is no less than what the question asks."""
    found = {_asked(wording, reading.entity) for wording in reading.wordings if _tense(wording, reading.entity) == tense}
    if reading.relation:
        found.add(_asked(reading.relation, reading.entity) | (asked & _ADVERBS))
    return [one for one in found if one and not one < asked]


def _limits(reading: Reading, kind: str) -> set[str]:
    """What limits a fact to a place, a time or a variant: other names, days and figures of its question.

    Of the sentence only a place that it begins with, or that follows the figure: "$49 in Mexico".
    """
    found = [word for name in names(reading.question) for word in flat_words(name)]
    found += [*numbers(reading.question), *(word for word in flat_words(reading.question) if word in _DAYS and word != "may")]
    if kind in ("money", "number"):
        near = re.search(re.escape(reading.answer) + r"\s+" + _PLACE, reading.sentence)
        found += [word for match in (_FIRST_PLACE.match(reading.sentence), near) if match for word in flat_words(match[1])]
    about = {*flat_words(reading.entity), *flat_words(reading.answer), *COMMON}
    return {word for word in found if word not in about and stem(word) not in _ROLES}


def _wanted(question: str) -> frozenset[str]:
    """The kinds of answer that a question asks for."""
    words = flat_words(question)
    first = next((word for word in words if word in _WH), "")
    if first == "how" and not _MEASURES & set(words):
        return frozenset()
    return _WANTED.get(first, frozenset())


def _values(reading: Reading, tense: str, asked: frozenset[str], kind: str) -> Values:
    """How many answers the question can have."""
    if tense == "then":
        mended = _AMENDS.search(reading.sentence) or (kind == "number" and asked & _TOLL)
        return Values.ONE if mended else Values.MANY
    if kind in ("name", "other"):
        plural = _PLURAL.search(reading.question)
        several = plural is not None and plural[1] not in COMMON and not plural[1].endswith("ss")
        if several or _SOME.search(reading.question) or (asked & _SEVERAL and not asked & _ROLES):
            return Values.MANY
    return Values.ONE if asked & _ROLES or (kind == "time" and "when" in asked) else Values.OPEN
