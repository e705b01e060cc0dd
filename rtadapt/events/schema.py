"""The JSON Schema of an event in our own form, plain and as a CloudEvent, made from the bounds that the readers hold it to.

What a schema allows is taken, as far as a schema can say it; more is taken than it allows: other formats, other words for who
spoke, other spellings of a time. The API document and docs/asyncapi.json are made with it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rtadapt.config import IntakeSettings
from rtadapt.events.draft import MAX_HEADLINE_CHARS, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_STRUCTURED, MAX_VALUE_CHARS
from rtadapt.events.envelope import OUR_TYPE
from rtadapt.events.fields import EARLIEST_TIME, LATEST_TIME
from rtadapt.records import FEED_NAME, Fact, Pair, Speaker, Turn

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FEED: dict[str, Any] = {"type": "string", "pattern": f"^{FEED_NAME.pattern}$", "description": "the feed that learns it"}
_SEEN = r"\S"
"""A text needs something that a reader sees."""


def event_schema(limits: IntakeSettings | None = None) -> dict[str, Any]:
    """A story or a transcript as plain JSON."""
    limits = limits or IntakeSettings()
    properties: dict[str, Any] = {
        "feed": FEED,
        "text": _text(limits.max_text_chars, "the story"),
        "turns": {
            "type": "array",
            "minItems": 1,
            "maxItems": limits.max_turns,
            "description": f"what was said, in order, {limits.max_text_chars:,} characters together at most",
            "items": _object(Turn, {"speaker": _speaker(), "text": _text(limits.max_text_chars, "what was said")}),
        },
        "id": _text(MAX_ID_CHARS, "its identity: the same id with another text is a correction; without one it is new each time"),
        "time": _moment("when it happened; without one, when it was accepted"),
        "source": _text(MAX_NAME_CHARS, "who says it", least=0),
        "headline": _text(MAX_HEADLINE_CHARS, "what stands above it", least=0),
        "subject": _text(MAX_NAME_CHARS, "the person whom it is about", least=0),
        "consent": {"type": "boolean", "default": True, "description": "false: it is not learned"},
        "embargoed": _moment("before this moment it is refused"),
        "expires": _moment("after this moment it is refused"),
        "facts": _listed(Fact, {"entity": MAX_NAME_CHARS, "relation": MAX_NAME_CHARS, "value": MAX_VALUE_CHARS}, "what it says"),
        "qa": _listed(Pair, {"question": MAX_VALUE_CHARS, "answer": MAX_VALUE_CHARS}, "what can be asked about it"),
    }
    return {
        "title": "Event",
        "type": "object",
        "description": "A story (`text`) or a transcript (`turns`). On Kafka the record's key names a feed that is not named.",
        "properties": properties,
        "anyOf": [{"required": ["text"]}, {"required": ["turns"]}],
    }


def cloud_event_schema(event: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent 1.0 in structured mode with an event, for which `event` is the schema or a reference, as its data."""
    return {
        "title": "CloudEvent",
        "type": "object",
        "description": "`id` and `source` together are its identity. Any `type` is taken;"
        f" records with `{OUR_TYPE}` are those that rtadapt wrote itself.",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": _text(MAX_ID_CHARS, "its id within its source"),
            "source": _text(MAX_ID_CHARS, "who says it"),
            "type": _text(MAX_NAME_CHARS, "what happened"),
            "time": {"type": "string", "format": "date-time", "description": "when it happened"},
            "subject": _text(MAX_NAME_CHARS, "the person whom it is about", least=0),
            "feed": FEED,
            "datacontenttype": {"const": "application/json"},
            "data": event,
        },
        "required": ["specversion", "id", "source", "type", "data"],
    }


def _object(record: type, properties: dict[str, Any]) -> dict[str, Any]:
    """An object with the members that our record has, each of which is required."""
    assert set(properties) == {field.name for field in fields(record)}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _listed(record: type, members: dict[str, int], about: str) -> dict[str, Any]:
    items = _object(record, {name: _text(limit, "") for name, limit in members.items()})
    return {"type": "array", "maxItems": MAX_STRUCTURED, "description": about, "items": items}


def _text(limit: int, about: str, least: int = 1) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string", "maxLength": limit}
    if least:
        made |= {"minLength": least, "pattern": _SEEN}
    return made | ({"description": about} if about else {})


def _speaker() -> dict[str, Any]:
    about = "who spoke; the role words of the help desks are taken too"
    return {"enum": [speaker.value for speaker in Speaker], "description": about}


def _moment(about: str) -> dict[str, Any]:
    kinds = [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": EARLIEST_TIME, "maximum": LATEST_TIME}]
    return {"anyOf": kinds, "description": f"{about}; RFC 3339 or Unix seconds"}
