"""Further ways to ask the same, and two that are kept back for judging.

Takes a clause and the ways to ask for a part of it; gives the question, the wordings that are taught and the probes. The
frames of the probes are in `PROBE_FRAMES` and nowhere else; no question or wording uses them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain
from zlib import crc32

from rtadapt.grammar.asking import Asking
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.inflection import inflected
from rtadapt.grammar.owners import settled
from rtadapt.grammar.paraphrase import paraphrases, synonyms
from rtadapt.grammar.pieces import Part
from rtadapt.grammar.questions import Question, active, ask, in_place, passive
from rtadapt.grammar.wellformed import names_something

_MOST_WORDINGS = 12
_MOST_PARAPHRASES = 5

TAUGHT_FRAMES = ("Can you tell me {embedded}?", "Do you know {embedded}?", "Could you say {embedded}?", "Tell me {embedded}.")
GREETED_FRAMES = ("Hi, {lowered}?", "Hello. {direct}?", "One question: {lowered}?", "Please tell me {embedded}.")
PROBE_FRAMES = (
    "I'd like to know {embedded}.",
    "Please remind me {embedded}.",
    "I'm trying to find out {embedded}.",
    "{direct}, by the way?",
    "Quick question: {lowered}?",
    "Sorry, {lowered} again?",
)
_MOST_WORDS = 18
_OBJECTS = ("object", "title", "recipient")
_CLEFT = {
    "Who": "Who {be} it that",
    "What": "What {be} it that",
    "When": "When {be} it that",
    "Where": "Where {be} it that",
    "Why": "Why {be} it that",
}

_NOUNS = (
    ("chief executive officer", "CEO"), ("chief executive", "CEO"), ("CEO", "chief executive"),
    ("CFO", "chief financial officer"), ("boss", "head"), ("premier", "prime minister"), ("coach", "trainer"),
    ("spokeswoman", "speaker"), ("spokesman", "speaker"), ("headquarters", "head office"), ("warranty", "guarantee"),
    ("fee", "charge"), ("chairman", "chair"), ("chairwoman", "chair"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that is asked first, its other wordings, and the probes."""

    question: str
    wordings: tuple[str, ...]
    probes: tuple[str, ...]


def worded(clause: Clause, asked: Part | None, askings: list[Asking]) -> Asked:
    """All the ways to ask for `asked` (the subject when None). `askings` has at least one."""
    short = ask(clause, asked, askings[0], full=False)
    full = ask(clause, asked, askings[0], full=True)
    if asked is None and len(full.direct.split()) <= _MOST_WORDS and not names_something(short.direct):
        short = full
    others = [ask(clause, asked, other, full=False) for other in askings[1:] if other.answer == askings[0].answer]
    turned = _turned(clause, asked, askings[0])
    seed = crc32(short.direct.encode())
    lasting = clause.lemma == "be" and asked is not None and asked.phrase is not None and asked.phrase.kind == "duration"
    otherwise, kept_back = ((), "") if lasting else paraphrases(short.direct)
    long = full.direct if len(full.direct.split()) <= _MOST_WORDS else ""
    found = [
        long,
        *otherwise[:_MOST_PARAPHRASES],
        *(other.direct for other in others),
        *(other.direct for other in turned),
        *_reworded(clause, asked, askings[0], short),
        _framed(TAUGHT_FRAMES[seed % len(TAUGHT_FRAMES)], short),
        _framed(TAUGHT_FRAMES[(seed + 1) % len(TAUGHT_FRAMES)], others[0] if others else full if long else short),
        in_place(clause, asked, askings[0]),
        _typed(turned[0] if turned else short),
        _framed(TAUGHT_FRAMES[(seed + 2) % len(TAUGHT_FRAMES)], short),
        *(_framed(GREETED_FRAMES[(seed + at) % len(GREETED_FRAMES)], short) for at in range(len(GREETED_FRAMES))),
    ]
    wordings = tuple(dict.fromkeys(text for text in found if text and text != short.direct))[:_MOST_WORDINGS]
    return Asked(short.direct, wordings, _probes(clause, asked, short, others, seed, kept_back))


def _turned(clause: Clause, asked: Part | None, asking: Asking) -> list[Question]:
    """The same asked of the passive, or of the active."""
    agent = next((part for part in clause.parts if part.role == "agent"), None)
    if agent is not None and asked is not agent:
        other = active(clause, agent)
        if other is None or asking.plural:
            return []
        return [ask(other, other.parts[0] if asked is None else asked, asking, full=False)]
    target = next((part for part in clause.parts if part.role == "object"), None)
    if (
        clause.instruction
        or target is None
        or target.phrase is None
        or not target.phrase.named
        or target.text != settled(target.text)
        or asked is target
    ):
        return []
    other = passive(clause, target)
    if other is None:
        return []
    if asked is None:
        return [] if asking.plural else [ask(other, other.parts[0], Asking(asking.words, "by"), full=False)]
    return [ask(other, asked, asking, full=False)]


def _reworded(clause: Clause, asked: Part | None, asking: Asking, short: Question) -> list[str]:
    """Other verbs and nouns for the same."""
    found: list[str] = []
    for synonym in synonyms(clause.lemma, with_object=clause.passive or any(part.role in _OBJECTS for part in clause.parts)):
        if any(part.role == "fixed" or part.preposition.startswith("out") for part in clause.parts) or (
            clause.passive and " " in synonym
        ):
            continue
        if clause.lemma == "name" and not _of_somebody(clause):
            continue  # what was named after a river was not appointed
        if clause.lemma == "lead" and not any(
            part.role == "object" and part.phrase and part.phrase.named for part in clause.parts
        ):
            continue  # who leads a race does not run it
        if clause.lemma == "raise" and any(part.phrase is not None and part.phrase.kind == "money" for part in clause.parts):
            continue  # nor is money that was raised increased
        verb, _, particle = synonym.partition(" ")
        parts = (Part("fixed", particle, -2), *clause.parts) if particle else clause.parts
        other = replace(clause, lemma=verb, verb=inflected(verb, clause.tag) if clause.tag != "VB" else verb, parts=parts)
        found.append(ask(other, asked, asking, full=False).direct)
    for noun, other_noun in _NOUNS:
        if re.search(rf"\b{noun}\b", short.direct):
            found.append(re.sub(rf"\b{noun}\b", other_noun, short.direct))
            break
    if clause.lemma == "cost" and asked is not None and asked.role == "object":
        found += [f"What is the price of {clause.subject.text}?", f"What's the price of {clause.subject.text}?"]
    if asked is not None and asked.role == "measure" and asked.preposition == "old":
        found += [f"What is {clause.subject.text}'s age?", f"What age is {clause.subject.text}?"]
    contracted = re.sub(r"^(Who|What|When|Where|How) is (?=the |[A-Z])", r"\1's ", short.direct)
    if contracted != short.direct:
        found.append(contracted)
    if owned := re.fullmatch(
        r"Who is the ([a-z][a-z -]*) of ((?:the )?[A-Z](?:(?! (?:in|of|at|for) )[^?]){0,40})\?", short.direct
    ):
        found += [f"Who is {owned.group(2)}'s {owned.group(1)}?"]
    if clause.lemma == "be" and asked is None and short.direct.startswith(("Who is the ", "What is the ")):
        role = short.direct.split(" is ", 1)[1].rstrip("?")
        found += [f"{role[:1].upper()}{role[1:]}: {short.words.lower()} is it?", f"What is the name of {role}?"]
    return found


def _of_somebody(clause: Clause) -> bool:
    """Whether what something is done to is a person."""
    objects = [part.phrase for part in clause.parts if part.role == "object"]
    return any(phrase is not None and phrase.kind == "person" for phrase in ([clause.subject] if clause.passive else objects))


def _probes(
    clause: Clause, asked: Part | None, short: Question, others: list[Question], seed: int, kept_back: str
) -> tuple[str, ...]:
    first = _framed(PROBE_FRAMES[seed % 3], short)
    if kept_back:
        return first, _framed(PROBE_FRAMES[3 + seed % 3], Question(kept_back, kept_back, short.words))
    if short.words in _CLEFT and clause.lemma != "be" and seed % 2:
        past = clause.tag == "VBD" or clause.auxiliaries[:1] in (("was",), ("were",), ("had",))
        cleft = _CLEFT[short.words].format(be="was" if past else "is")
        return first, f"{cleft} {short.embedded[len(short.words) + 1 :]}?"
    return first, _framed(PROBE_FRAMES[3 + seed % 3], others[0] if others else short)


def _framed(frame: str, question: Question) -> str:
    direct = question.direct.removesuffix("?")
    return frame.format(embedded=question.embedded, direct=direct, lowered=direct[:1].lower() + direct[1:])


def _typed(question: Question) -> str:
    """As it is typed in a hurry."""
    return question.direct.removesuffix("?").lower()


def probe_openings() -> tuple[str, ...]:
    """How a probe can begin or end, for telling that no taught wording does."""
    ends = (", by the way?", " again?")
    starts = tuple(frame.split("{")[0] for frame in PROBE_FRAMES if not frame.startswith("{"))
    clefts = tuple(frame.format(be=be) for frame in _CLEFT.values() for be in ("is", "was"))
    return tuple(chain(starts, clefts, ends))
