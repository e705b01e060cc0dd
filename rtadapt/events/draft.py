"""What a format gives to the envelope: an event that has no id, feed or acceptance time yet, or only its own.

Owns the bounds that all formats share, and the fields that ours allow beside any text: facts, question/answer
pairs, consent, subject.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from rtadapt.config import IntakeSettings
from rtadapt.events.fields import Fields
from rtadapt.records import EventKind, Fact, Pair, Turn

EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}")
"""What an event id may be: it is a path segment and part of a Redis key. Other names are digested into one."""

MAX_ID_CHARS = 2048

MAX_HEADLINE_CHARS = 500
MAX_NAME_CHARS = 256
MAX_VALUE_CHARS = 1000
MAX_STRUCTURED = 200
"""Facts, and question/answer pairs, that one event may carry."""


@dataclass(slots=True)
class Draft:
    """An event on its way in. Empty `id` and `feed` mean that the format named none."""

    text: str
    kind: EventKind = EventKind.STORY
    id: str = ""
    feed: str = ""
    time: float | None = None
    source: str = ""
    subject: str | None = None
    consent: bool = True
    headline: str = ""
    turns: tuple[Turn, ...] = ()
    facts: tuple[Fact, ...] = ()
    pairs: tuple[Pair, ...] = ()


def caller_id(fields: Fields, name: str = "id") -> str:
    """The id that the caller chose, as `event_id`, or empty. Any string is an id, and so is a whole number."""
    chosen = fields.body.get(name)
    if isinstance(chosen, int) and not isinstance(chosen, bool):
        chosen = str(chosen)
    if chosen is None:
        return ""
    if not isinstance(chosen, str) or not chosen.strip() or len(chosen) > MAX_ID_CHARS:
        raise fields.fault(name, f"must be a string of 1 to {MAX_ID_CHARS:,} characters")
    return event_id(chosen)


def event_id(name: str) -> str:
    """The event id of something that is called `name`: the name itself, or a digest of one that can't stand in a path."""
    return name if EVENT_ID.fullmatch(name) else _digest(name)[:32]


def derived_id(name: str, *rest: str) -> str:
    """A stable id for something that is identified by `name` within `rest`: readable where `name` is, and unique.

    CloudEvents are identified by id and source together, ninjs items by uri and version.
    """
    where = _digest("\n".join(rest))[:12]
    if not EVENT_ID.fullmatch(name) or len(name) > 100:
        name = _digest(name)[:24]
    return f"{name}.{where}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def facts_of(fields: Fields, limits: IntakeSettings) -> tuple[Fact, ...]:
    """`facts: [{entity, relation, value}]`."""
    if not fields.has("facts"):
        return ()
    facts = tuple(
        Fact(
            entry.text("entity", MAX_NAME_CHARS, required=True),
            entry.text("relation", MAX_NAME_CHARS, required=True),
            entry.value("value", MAX_VALUE_CHARS),
        )
        for entry in fields.each("facts", MAX_STRUCTURED)
    )
    if sum(len(fact.entity) + len(fact.relation) + len(fact.value) for fact in facts) > limits.max_text_chars:
        raise fields.fault("facts", f"are longer than {limits.max_text_chars:,} characters together")
    return facts


def pairs_of(fields: Fields, limits: IntakeSettings) -> tuple[Pair, ...]:
    """`qa: [{question, answer}]`."""
    if not fields.has("qa"):
        return ()
    pairs = tuple(
        Pair(entry.text("question", MAX_VALUE_CHARS, required=True), entry.value("answer", MAX_VALUE_CHARS))
        for entry in fields.each("qa", MAX_STRUCTURED)
    )
    if sum(len(pair.question) + len(pair.answer) for pair in pairs) > limits.max_text_chars:
        raise fields.fault("qa", f"are longer than {limits.max_text_chars:,} characters together")
    return pairs


def common(fields: Fields, limits: IntakeSettings) -> dict[str, object]:
    """The fields that every plain format of ours may carry, as keyword arguments of Draft."""
    return {
        "id": caller_id(fields),
        "feed": fields.text("feed", MAX_NAME_CHARS),
        "time": fields.moment("time"),
        "source": fields.text("source", MAX_NAME_CHARS),
        "subject": fields.text("subject", MAX_NAME_CHARS) or None,
        "consent": fields.flag("consent", True),
        "headline": fields.text("headline", MAX_HEADLINE_CHARS),
        "facts": facts_of(fields, limits),
        "pairs": pairs_of(fields, limits),
    }
