"""Questions that a plain English sentence answers by its grammar alone: who holds a role, who did it, when, where, how much.

Takes a text, gives `Statement`s: a question, its answer as the text spells it, and the sentence it comes from; `sentences.py` has
the patterns. It knows no names and no world: a small base model that misses a plain sentence is helped out, a large one is
given another wording. What fits no pattern gives nothing, so another language gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rtadapt.curation.kinds import is_bare_figure
from rtadapt.curation.sentences import (
    ACTION,
    ADJUNCTS,
    BY,
    COUNT,
    FINITE,
    LEAD,
    MEASURE,
    NAME,
    OTHERS,
    PRONOUN,
    ROLES,
    SAID,
    SUBJECT,
    THING,
    TITLE,
    VAGUE,
    VERB,
    WHEN_ABOUT,
)
from rtadapt.curation.verbs import PARTICIPLES, helped
from rtadapt.curation.wordings import ask_word, is_role, upper
from rtadapt.words import COMMON, names, sentences

_MOST_THING_WORDS = 8
_MOST_ADJUNCTS = 3


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
    subject, several = "", False
    for sentence in sentences(text):
        for clause in re.split(r"; |, (?:and|but|while) (?=[A-Z])", sentence.rstrip(".!… ")):
            clause = WHEN_ABOUT.sub("", SAID.sub("", clause))
            before = "" if several and clause.startswith("It ") else subject
            for question, answer, kind in _readings(clause, before, text):
                found.append(Statement(question, answer, sentence, kind))
            leading = re.match(NAME, clause)
            if leading and names(leading.group()):
                subject = leading.group()
            several = len(set(names(clause))) > 1
    return list(dict.fromkeys(found))


def _readings(clause: str, before: str, text: str) -> Iterator[tuple[str, str, Kind]]:
    """Questions, answers and kinds of one clause; `before` is the name that a pronoun at its beginning may stand for."""
    for part in dict.fromkeys((clause, LEAD.sub("", clause))):
        role = next((match for pattern in ROLES if (match := pattern.match(part)) and _is_sound(match)), None)
        if role is not None:
            yield (
                _role_question(role["role"], role.groupdict().get("link"), role["entity"], role["value"]),
                role["value"],
                Kind.ROLE,
            )
            return
        title = TITLE.match(part)
        of = title and re.search(rf"{re.escape(title['role'])} (of|at|for) ({NAME})", text)
        if title and of:
            yield _role_question(title["role"], of[1], of[2], title["value"]), title["value"], Kind.ROLE
            return
    part = LEAD.sub("", clause)
    if before:
        part = PRONOUN.sub(before, part)
    if _has_name(part):
        yield from ((question, answer, Kind.ACTION) for question, answer in (*_by(part), *_action(part)))
        yield from ((question, answer, Kind.CIRCUMSTANCE) for question, answer in (*_quantity(part), *_circumstance(part)))


def _role_question(role: str, link: str | None, entity: str, value: str) -> str:
    return f"{upper(ask_word(role, value))} is the {role} {link or 'of'} {_inner(entity)}?"


def _is_sound(match: re.Match[str]) -> bool:
    """Whether what was taken for a role is one: with an article, or a word for somebody who does something."""
    found = match.groupdict()
    if not _has_name(found["entity"]) or any(word in COMMON or word in PARTICIPLES for word in found["role"].split()[:1]):
        return False
    return found.get("own") != "" or is_role(found["role"])


def _has_name(phrase: str) -> bool:
    """Whether a capitalised word stands in it that is more than an article."""
    return any(word[:1].isupper() and word.casefold() not in COMMON for word in phrase.split())


def _by(clause: str) -> Iterator[tuple[str, str]]:
    match = BY.match(clause)
    if match and match["done"] in PARTICIPLES and names(match["value"]):
        help_, *been = match["be"].split()
        what, rest = _inner(match["what"]), " ".join([*been, match["done"]])
        if help_ in ("was", "were", "has", "have"):
            yield f"Who {PARTICIPLES[match['done']]} {what}?", match["value"]
        yield f"By whom {help_} {what} {rest}?", match["value"]


def _action(clause: str) -> Iterator[tuple[str, str]]:
    """Who did it, and, where no name says what it was done to, what was done."""
    match = ACTION.match(clause)
    turned = helped(match["verb"]) if match else None
    if match is None or turned is None or turned[1] in ("be", "have") or not names(match["value"]):
        return
    rest, help_ = _bare(match["rest"]), match["will"]
    if _goes_on(rest) or (turned[0] == "do" and helped(rest.partition(" ")[0])):
        return
    if names(rest) and rest.split()[0] not in ("that", "if"):
        yield f"Who {help_ + ' ' if help_ else ''}{match['verb']} {rest}?", match["value"]
    elif THING.match(rest) and len(rest.split()) <= _MOST_THING_WORDS:
        yield f"What {help_ or turned[0]} {_inner(match['value'])} {turned[1]}?", rest


def _bare(rest: str) -> str:
    """What follows a verb, without the times, spans and prices at its end."""
    rest = f" {rest}"
    for _ in range(_MOST_ADJUNCTS):
        cut = next((cut for pattern, ask in ADJUNCTS if ask != "Where" and (cut := pattern.search(rest))), None)
        if cut is None:
            break
        rest = rest[: cut.start()]
    return rest.strip()


def _goes_on(rest: str) -> bool:
    """Whether another verb follows: what is asked would be only half of what is said."""
    return bool(FINITE.search(rest)) or any(helped(word) for word in re.findall(r" and (\w+)", f" {rest}"))


def _quantity(clause: str) -> Iterator[tuple[str, str]]:
    """How high it is, how many it has."""
    if measure := MEASURE.match(clause):
        yield f"How {measure['how']} is {_inner(measure['what'])}?", measure["value"]
    if count := COUNT.match(clause):
        yield (
            f"How many {count['things']} {'does' if count['verb'] == 'has' else 'do'} {_inner(count['what'])} have?",
            count["value"],
        )


def _circumstance(clause: str) -> Iterator[tuple[str, str]]:
    """When, where, for how long, for how much: the last part of the clause is the answer."""
    cuts = ((pattern.search(clause), ask) for pattern, ask in ADJUNCTS)
    found = next(((cut, ask) for cut, ask in cuts if cut and not (ask == "Where" and is_bare_figure(cut["value"]))), None)
    if found is None or found[0]["value"].startswith(VAGUE):
        return
    cut, ask = found
    head = clause[: cut.start()]
    for at in (place.start() for place in re.finditer(" ", head)):
        match = SUBJECT.match(head[:at]) and VERB.match(head[at:])
        if match and (question := _turned(ask, head[:at], match)):
            yield question, cut["value"]
            return


def _turned(ask: str, subject: str, match: re.Match[str]) -> str | None:
    """The question, with the helping verb before the subject; None when what follows the subject is no verb."""
    verb, rest = match["verb"], match["rest"]
    if not names(subject + rest) or subject in OTHERS or _goes_on(rest):
        return None
    subject = "I" if subject == "You" else _inner(subject)
    if match["help"] in ("is", "are", "was", "were", "has", "have", "had"):
        known = verb in PARTICIPLES or verb in ("been", "open", "closed", "available", "free", "valid")
        return f"{ask} {match['help']} {subject} {verb}{rest}?" if known else None
    if match["help"]:
        return f"{ask} {match['help']} {subject} {verb}{rest}?"
    turned = helped(verb)
    last = rest.rpartition(" ")[2]
    if turned is None or turned[1] in ("be", "have") or (turned[0] != "did" and (helped(last) or ("",))[0] == "does"):
        return None
    if turned[1] not in {"How much": ("cost",), "How long": ("take", "last")}.get(ask, (turned[1],)):
        return None
    return f"{ask} {turned[0]} {subject} {turned[1]}{rest}?"


def _inner(phrase: str) -> str:
    """A phrase as it stands inside a sentence: without the capital that the beginning gave its article."""
    first, _, rest = phrase.partition(" ")
    return f"{first.lower()} {rest}" if rest and first.lower() in ("the", "a", "an", "our") else phrase
