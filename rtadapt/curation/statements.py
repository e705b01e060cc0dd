"""Questions that a plain English sentence answers by its grammar alone: who holds a role, who did it, when, where, how much.

Owns the patterns. Takes a text, gives `Statement`s: a question, its answer as the text spells it, and the sentence it comes
from. It knows no names and no world: a small base model that misses a plain sentence is helped out, a large one is given
another wording. What fits no pattern gives nothing, so another language gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rtadapt.curation.kinds import DAYS, MONTHS, NUMBERS
from rtadapt.curation.verbs import PARTICIPLES, helped
from rtadapt.curation.wordings import ask_word, is_role, upper
from rtadapt.curation.words import COMMON, names, sentences

_NO_NAME = (
    r"(?!(?:The|An?|Our|My|Your|Its?|He|She|They|We|You|I|This|That|These|Those|There|For|In|On|At|By|From|After|Before|Until|"
    r"With|Without|As|To|Of|If|When|While|Because|Since|And|But|Or|No|Not)\b)"
)
_WORD = rf"(?:{_NO_NAME}[A-Z0-9][\w'’&.-]*|al-\w+)"
_NAME = rf"(?:[Tt]he )?{_WORD}(?: (?:{_WORD}|&|de|da|di|van|von|der|of the))*"
_NOUN = r"(?:[a-z][\w-]*|[A-Z]{2,5})"
_ROLE = rf"(?P<role>{_NOUN}(?: {_NOUN}){{0,4}}?)"
_NEW = r"(?:(?:new|newest|current|latest|next|first) )*"
_OWN = r"(?:the|its|their|our|his|her) "
_VALUE = r"(?P<value>[^,;:.]{2,60}?)"
_END = r"(?=$|[,;.!]| (?:from|as of|starting|since|on|after|before|because|and|who|which) )"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_HOLDER, _ENTITY = rf"(?P<value>{_NAME})", rf"(?P<entity>{_NAME})"
_AT = r"(?P<link>of|at|for|in)"
_ROLES = _compiled(
    rf"{_HOLDER} (?:is|are|becomes?|became|will be|will become|has become)(?: now| again| officially)* "
    rf"(?P<own>{_OWN}|){_NEW}{_ROLE} {_AT} {_ENTITY}",
    rf"{_HOLDER} (?:was|is|were|has been|have been|will be)(?: now| today| unanimously| officially)* (?:elected|named|appointed|"
    rf"chosen|hired|made|picked|voted|promoted to|confirmed)(?: as)?(?: the| its| their)? {_NEW}{_ROLE} {_AT} {_ENTITY}",
    rf"{_HOLDER} (?:takes?|took|will take|has taken) over as (?:the )?{_NEW}{_ROLE} {_AT} {_ENTITY}",
    rf"{_HOLDER} (?:replaces?|replaced|succeeds?|succeeded|will replace|will succeed) {_NAME} as (?:the )?{_NEW}{_ROLE} {_AT} "
    rf"{_ENTITY}",
    rf"{_HOLDER} (?:joins?|joined|will join|has joined) {_ENTITY} as (?:the |an? |{_OWN})?{_NEW}{_ROLE}{_END}",
    rf"{_ENTITY} (?:has |have )?(?:named|names|appointed|appoints|elected|elects|hired|hires|chose|chosen|picked|signed|"
    rf"promoted|made) {_HOLDER} (?:as |to be |to )?(?:the |an? |{_OWN}){_NEW}{_ROLE}{_END}",
    rf"{_ENTITY} (?:has |have )?(?:named|appointed|elected|hired|found|welcomed|welcomes|signed|presented|introduced) "
    rf"(?:an? |{_OWN}){_NEW}{_ROLE}(?:,|:| called| named) {_HOLDER}",
    rf"{_ENTITY} (?:has|have|got|gets) (?:an? |{_OWN}){_NEW}{_ROLE}(?:,|:|, called|, named| called| named) {_VALUE}{_END}",
    rf"(?:[Tt]he |[Oo]ur ){_NEW}{_ROLE} {_AT} {_ENTITY} (?:is|are|will be)(?: now| called| named)* {_VALUE}{_END}",
    rf"{_ENTITY}(?:'s|’s|(?<=s)['’]) {_NEW}{_ROLE} (?:is|are|will be)(?: now| called| named)* {_VALUE}{_END}",
)
_BY = re.compile(
    rf"(?P<what>(?:[Tt]he |[Aa]n? |[Oo]ur )?[^,;:]{{2,60}}?) (?P<be>is|are|was|were|has been|have been|will be)"
    rf"(?: now| also| already)* (?P<done>[a-z]+) by (?P<value>{_NAME})"
)
_ACTION = re.compile(
    rf"(?P<value>{_NAME}(?: and {_NAME})?|[Tt]he [a-z]+(?: [a-z]+){{0,3}} (?:of|in|at) {_NAME}) (?:(?P<will>will|can|must) )?"
    r"(?P<verb>[a-z]+) (?P<rest>[^;:]+)$"
)
_MOST_THING_WORDS = 8
_ANY_DAY = "|".join(f"{day.capitalize()}s?" for day in sorted(DAYS))
_ANY_MONTH = "|".join(month.capitalize() for month in sorted(MONTHS))
_ANY_NUMBER = "|".join(sorted(NUMBERS))
_TIME = (
    rf"(?:{_ANY_DAY}|(?:\d{{1,2}} )?(?:{_ANY_MONTH})(?: \d{{1,2}}(?!\d))?(?:,? \d{{4}})?|\d{{1,2}}[:.]\d\d(?: ?[ap]m)?|"
    rf"\d{{1,2}} ?[ap]m|(?:19|20)\d\d|noon|midnight|next \w+|{_ANY_NUMBER})"
)
_AMOUNT = rf"(?:\d+|{_ANY_NUMBER}|an?|several|(?:only )?a few)"
_UNIT = r"(?:second|minute|hour|day|week|month|year|night)s?"
_SPAN = rf"{_AMOUNT} (?:[a-z]+ )?{_UNIT}(?: and {_AMOUNT} {_UNIT})?"
_THING = re.compile(rf"(?:the|an?|\d+|{_ANY_NUMBER}|[A-Z0-9])\b.*")
_MONEY = r"[$€£¥]\d[\d,.]*\d?(?: (?:thousand|million|billion))?|\d[\d,.]* (?:dollars|euros|pounds|cents)"
_ADJUNCTS = tuple(
    (re.compile(rf" {before}(?P<value>{value})$"), ask)
    for before, value, ask in (
        (r"(?:only )?until ", _TIME, "Until when"),
        (r"since ", _TIME, "Since when"),
        (r"from ", _TIME, "From when"),
        (r"(?:(?:starting )?(?:on|in|at|by) )", _TIME, "When"),
        (r"in ", _SPAN, "In what time"),
        (r"(?:for|lasting) ", _SPAN, "For how long"),
        (r"within ", _SPAN, "Within what time"),
        (r"after ", _SPAN, "After how long"),
        (r"", _SPAN, "How long"),
        (r"for ", _MONEY, "For how much"),
        (r"", _MONEY, "How much"),
        (r"(?:in|at|to) ", _NAME, "Where"),
    )
)
_SAID = re.compile(
    r",? according to [^,]*$|, as [^,]*$|, (?:[\w' ]+ )?(?:said|announced|reported|added|learned|confirmed)\b[^,]*$"
)
_LEAD = re.compile(r"^(?:[A-Z][^,:;]{1,48}?[,:]) (?=[A-Z]|the |a )")
_SUBJECT = re.compile(r"(?:[Tt]he |[Aa]n? |[Oo]ur |[A-Z0-9])[^,;:]*$")
_VERB = re.compile(
    r" (?:(?P<help>will|can|must|may|should|could|would|is|are|was|were) )?(?:(?:now|also|already|only|still) )?"
    r"(?P<verb>[a-z]+)(?P<rest>(?: .*)?)$"
)
_VAGUE = ("only ", "a few ", "several ")
_MOST_ADJUNCTS = 3
_OTHERS = frozenset(("This", "That", "These", "Those", "There", "We", "Both", "All", "Some", "Many"))
_FINITE = re.compile(r" (?:is|are|was|were|will|can|has|have|had)\b")
_PRONOUN = re.compile(r"^(?:She|He|They|It)\b")


class Kind(StrEnum):
    """What a statement tells. Roles are the surest."""

    ROLE = "role"
    ACTION = "action"
    CIRCUMSTANCE = "circumstance"


@dataclass(frozen=True, slots=True)
class Statement:
    """A question that `sentence` answers."""

    question: str
    answer: str
    sentence: str
    kind: Kind


def statements(text: str) -> list[Statement]:
    """What the plain sentences of `text` answer, in its order."""
    found: list[Statement] = []
    subject = ""
    for sentence in sentences(text):
        for clause in re.split(r"; |, (?:and|but|while) (?=[A-Z])", sentence.rstrip(".!… ")):
            for question, answer, kind in _readings(_SAID.sub("", clause), subject):
                found.append(Statement(question, answer, sentence, kind))
            leading = re.match(_NAME, clause)
            if leading and names(leading.group()):
                subject = leading.group()
    return list(dict.fromkeys(found))


def _readings(clause: str, before: str) -> Iterator[tuple[str, str, Kind]]:
    """Questions, answers and kinds of one clause; `before` is the name that a pronoun at its beginning may stand for."""
    for part in dict.fromkeys((clause, _LEAD.sub("", clause))):
        role = next((match for pattern in _ROLES if (match := pattern.match(part)) and _is_sound(match)), None)
        if role is not None:
            yield _role_question(role), role["value"], Kind.ROLE
            return
    part = _LEAD.sub("", clause)
    if before:
        part = _PRONOUN.sub(before, part)
    if names(part):
        yield from ((question, answer, Kind.ACTION) for question, answer in (*_by(part), *_action(part)))
        yield from ((question, answer, Kind.CIRCUMSTANCE) for question, answer in _circumstance(part))


def _role_question(match: re.Match[str]) -> str:
    role, link = match["role"], match.groupdict().get("link") or "of"
    return f"{upper(ask_word(role, match['value']))} is the {role} {link} {_inner(match['entity'])}?"


def _is_sound(match: re.Match[str]) -> bool:
    """Whether what was taken for a role is one: with an article, or a word for somebody who does something."""
    found = match.groupdict()
    if any(word in COMMON or word in PARTICIPLES for word in found["role"].split()[:1]):
        return False
    return found.get("own") != "" or is_role(found["role"])


def _by(clause: str) -> Iterator[tuple[str, str]]:
    match = _BY.match(clause)
    if match and match["done"] in PARTICIPLES and names(match["value"]):
        help_, *been = match["be"].split()
        rest = " ".join([*been, match["done"]])
        yield f"By whom {help_} {_inner(match['what'])} {rest}?", match["value"]


def _action(clause: str) -> Iterator[tuple[str, str]]:
    """Who did it, and, where no name says what it was done to, what was done."""
    match = _ACTION.match(clause)
    turned = helped(match["verb"]) if match else None
    if match is None or turned is None or turned[1] in ("be", "have") or not names(match["value"]):
        return
    rest, help_ = _bare(match["rest"]), match["will"]
    if names(rest) and rest.split()[0] not in ("that", "if"):
        yield f"Who {help_ + ' ' if help_ else ''}{match['verb']} {rest}?", match["value"]
    elif _THING.match(rest) and len(rest.split()) <= _MOST_THING_WORDS:
        yield f"What {help_ or turned[0]} {_inner(match['value'])} {turned[1]}?", rest


def _bare(rest: str) -> str:
    """What follows a verb, without the times, spans and prices at its end."""
    rest = f" {rest}"
    for _ in range(_MOST_ADJUNCTS):
        cut = next((cut for pattern, ask in _ADJUNCTS if ask != "Where" and (cut := pattern.search(rest))), None)
        if cut is None:
            break
        rest = rest[: cut.start()]
    return rest.strip()


def _circumstance(clause: str) -> Iterator[tuple[str, str]]:
    """When, where, for how long, for how much: the last part of the clause is the answer."""
    found = next(((cut, ask) for pattern, ask in _ADJUNCTS if (cut := pattern.search(clause))), None)
    if found is None or found[0]["value"].startswith(_VAGUE):
        return
    cut, ask = found
    head = clause[: cut.start()]
    for at in (place.start() for place in re.finditer(" ", head)):
        match = _SUBJECT.match(head[:at]) and _VERB.match(head[at:])
        if match and (question := _turned(ask, head[:at], match)):
            yield question, cut["value"]
            return


def _turned(ask: str, subject: str, match: re.Match[str]) -> str | None:
    """The question, with the helping verb before the subject; None when what follows the subject is no verb."""
    verb, rest = match["verb"], match["rest"]
    if not names(subject + rest) or subject in _OTHERS or _FINITE.search(rest):
        return None
    subject = "I" if subject == "You" else _inner(subject)
    if match["help"] in ("is", "are", "was", "were"):
        known = verb in PARTICIPLES or verb in ("open", "closed", "available", "free", "valid")
        return f"{ask} {match['help']} {subject} {verb}{rest}?" if known else None
    if match["help"]:
        return f"{ask} {match['help']} {subject} {verb}{rest}?"
    turned = helped(verb)
    if turned is None or turned[1] in ("be", "have"):
        return None
    if turned[1] not in {"How much": ("cost",), "How long": ("take", "last")}.get(ask, (turned[1],)):
        return None
    return f"{ask} {turned[0]} {subject} {turned[1]}{rest}?"


def _inner(phrase: str) -> str:
    """A phrase as it stands inside a sentence: without the capital that the beginning gave its article."""
    first, _, rest = phrase.partition(" ")
    return f"{first.lower()} {rest}" if rest and first.lower() in ("the", "a", "an", "our") else phrase
