"""More ways to ask the same question: general forms of English that every relation can take.

Owns the forms. Takes a question, or a relation and an entity; gives distinct wordings in a fixed order, bounded. What
bends when facts are learned is the bridge from an unseen wording to the fact, so each fact is taught in several: plain,
embedded, requested, as keywords, typed in a hurry, begun and left to complete. A question that is not English gets only
what holds in any language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtadapt.words import COMMON, flat, flat_words, tokens, word_set

_ROLE = re.compile(
    r"(?:(?<!numb)(?<!lett)(?<!pap)(?<!out)(?<!be)(?<!off)(?<!wat)(?<!wint)er|or|ist|(?<!m)ent|ant|ian|man|woman|(?<!b)eer|ess)$"
    r"|(?:coach|boss|chief|chef|cook|head|host|guide|pilot|nurse|judge|king|queen|lead|star|champion|librarian|ceo|cfo|cto|vet|clerk|captain|landlord|guard"
    r"|general|deputy|secretary|principal|dean|sheriff|surgeon|spokesperson|chairperson)$"
)
_QUESTION = re.compile(r"(?:who|whom|whose|what|when|where|which|why|how|in which|by whom|since when|for how)\b", re.IGNORECASE)
_OF = re.compile(
    r"(?P<ask>who|what|where|when) (?:is|are|was|were) (?:now |currently )?(?:the )?(?:new |current |latest )?"
    r"(?P<relation>[^\W\d_][\w' -]{1,48}?) (?P<link>of|at|for|on|in|to) (?P<entity>.{2,80}?)(?: now| currently| today)?\?*",
    re.IGNORECASE,
)
_OWNED = re.compile(
    r"(?P<ask>who|what|where|when) (?:is|are|was|were) (?P<entity>.{2,80}?)(?:'s|’s|s'|s’) (?:new |current |latest )?"
    r"(?P<relation>[^\W\d_][\w' -]{1,48}?)(?: now| currently| today)?\?*",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"(?:who|what|which [\w -]{2,30}?|how many [\w-]{2,30}) (?!is\b|are\b|was\b|were\b|do\b|does\b|did\b|has\b|have\b|had\b|can\b"
    r"|could\b|should\b|will\b|would\b)[a-z]\w*(?:s|ed)\b.*",
    re.IGNORECASE,
)
_BEING = re.compile(r"(?P<ask>who|what|where|when) (?P<verb>is|are|was|were) (?P<rest>(?:the|an?) [^,;:]{2,90})", re.IGNORECASE)
_VERBAL = re.compile(r"\b(?:[a-z]+ing|[a-z]+ed|called|made|sold|based|held|to)\b(?! of| at)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart: who or what is the `relation` `link` `entity`. `entity` keeps its article."""

    ask: str
    relation: str
    entity: str
    link: str = "of"


def is_role(relation: str) -> bool:
    """Whether `relation` sounds like something that somebody is: coach, treasurer, librarian."""
    return bool(_ROLE.search(relation.strip().casefold().partition(" of ")[0]))


def ask_word(relation: str, value: str) -> str:
    """Whether one asks who or what for a value of `relation`."""
    named = value[:1].isupper() and not any(sign.isdigit() for sign in value)
    return "who" if named and is_role(relation) else "what"


def take_apart(question: str, entity: str) -> Asked | None:
    """The relation that a plain question asks of `entity`, or None when the question is of another shape."""
    text = question.strip().rstrip("?").strip()
    for pattern in (_OWNED, _OF):
        match = pattern.fullmatch(text)
        if match and flat(match["entity"]) in (flat(entity), f"the {flat(entity)}"):
            link = match["link"] if pattern is _OF else "of"
            if match["relation"] == match["relation"].lower() or match["relation"].isupper():
                return Asked(match["ask"].lower(), match["relation"], match["entity"], link)
    return None


def forms(asked: Asked) -> list[str]:
    """Wordings of one relation of one entity, questions first, then requests, keywords, and sentences to complete."""
    w, r, e, link = asked.ask, asked.relation, asked.entity, asked.link
    bare = re.sub(r"^the ", "", e, flags=re.IGNORECASE)
    owned = f"{e}{chr(39) if e.endswith('s') else chr(39) + 's'} {r}"
    noun = f"the {r} {link} {e}"
    made = [
        f"{upper(w)} is {noun}?",
        f"{upper(w)} is {owned}?",
        f"Do you know {w} {noun} is?",
        f"Can you tell me {w} {owned} is?",
        f"{bare}: {r}?",
        f"Tell me {noun}.",
        f"{upper(w)} is the new {r} {link} {e}?",
        f"Tell me {w} {owned} is.",
        f"Could you tell me {w} {noun} is?",
        f"{r} of {bare}?",
        f"{upper(noun)} is",
        f"Hi, {w} is {noun}?",
        f"{w} is {noun}".lower(),
        f"Please tell me {w} {noun} is.",
        f"{bare} {r}",
        f"{upper(w)} is {noun} now?",
        f"Name {noun}.",
        f"I want to know {w} {noun} is.",
        f"Complete: {noun} is",
        f"{r} {bare}".lower(),
        f"Hello! {upper(w)} is {owned}?",
        f"What about {noun}?",
        f"Any idea {w} {owned} is?",
        f"{upper(owned)} is",
    ]
    if w == "who":
        made.insert(4, f"Who serves as {r} of {e}?")
        made.insert(12, f"Who is {r} at {e}?")
    return distinct(made)


def around(question: str, entity: str = "") -> list[str]:
    """Light re-wordings of any question about `entity`, the question itself aside."""
    bare = question.strip().rstrip("?").rstrip()
    if not _QUESTION.match(bare):
        return distinct([bare.lower()], but=question) if question.rstrip().endswith("?") else []
    low = bare[:1].lower() + bare[1:]
    inner = embedded(bare, entity)
    made = [f"Do you know {inner}?", f"Can you tell me {inner}?"] if inner else []
    made += [f"Tell me, {low}?", low.lower(), f"Hi, {low}?"]
    made += [f"Tell me {inner}.", f"I want to know {inner}."] if inner else [f"Question: {low}?"]
    made += [_keywords(bare), f"Hello! {bare}?", f"Please, {low}?", f"One question: {low}?", f"So {low}?", f"{low}, please?"]
    return distinct(made, but=question)


def embedded(question: str, entity: str = "") -> str | None:
    """The question as a part of another ("who the coach of X is"), where that is sure to be grammatical."""
    bare = question.strip().rstrip("?").rstrip()
    low = bare[:1].lower() + bare[1:]
    if _SUBJECT.fullmatch(bare):
        return low
    match = _BEING.fullmatch(bare)
    if match and not _VERBAL.search(match["rest"]):
        return f"{match['ask'].lower()} {match['rest']} {match['verb']}"
    state = re.fullmatch(rf"(who|what|where|when) (is|are|was|were) ((?:the )?{re.escape(entity)}) (.+)", bare, re.IGNORECASE)
    if entity and state:
        return f"{state[1].lower()} {state[3]} {state[2]} {state[4]}"
    return None


def is_question(wording: str) -> bool:
    """Whether a wording is a whole question or request, as a person would put it: neither keywords nor a beginning."""
    words = flat_words(wording)
    return len(words) >= 4 and wording.endswith(("?", ".")) and words[0] in _OPENERS


_OPENERS = word_set("who what where when which how why do can could tell please hi hello name any i in one question so")


def upper(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def distinct(wordings: list[str], but: str = "") -> list[str]:
    """The wordings without repeats, as they are compared (`flat` and the sign at the end), and without `but`."""
    found = {but.strip().casefold(): ""}
    for wording in wordings:
        if wording.strip():
            found.setdefault(wording.strip().casefold(), wording)
    return [wording for wording in found.values() if wording]


def _keywords(question: str) -> str:
    return " ".join(word for word, _ in tokens(question) if word.casefold() not in COMMON)
