"""Writes docs/asyncapi.json and docs/event.schema.json from the code that reads and writes Kafka's topics: `make docs`.

Owns the wording of the document. The shapes are rtadapt/events/schema.py's and the log's own; tests/unit/test_wire.py fails when
the files and the code say different things.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rtadapt import __version__
from rtadapt.config import EventLogSettings
from rtadapt.events.envelope import encode, parse
from rtadapt.events.kafka import encode_letter
from rtadapt.events.schema import DIALECT, FEED, cloud_event_schema, event_schema
from rtadapt.records import DeadLetter, Position

PAGE = Path(__file__).with_name("asyncapi.json")
SCHEMA = Path(__file__).with_name("event.schema.json")

STORY = {"feed": "news", "id": "story-17", "source": "wire", "text": "Marla Tindle is the new head coach of Corvin Rovers."}
LETTER = DeadLetter("story-17", "news", Position(2, 41), "near_duplicate", "it says what story-16 said")
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", list: "array"}
_BINDING = "0.5.0"


def schema() -> str:
    """The schema of a plain event, as a file of its own."""
    return _written({"$schema": DIALECT, "$id": "https://rtadapt.github.io/event.schema.json"} | event_schema())


def page() -> str:
    """The AsyncAPI document."""
    log = EventLogSettings()
    return _written(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "rtadapt on Kafka",
                "version": __version__,
                "description": "What may be written to the topic of events, and what is found in the topic of dead letters."
                " Topics are called what `event_log.topic` and `event_log.dead_letter_topic` say; these are the defaults.",
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "channels": {
                "events": _channel(log.topic, ["event", "cloudEvent"], "Stories and transcripts, keyed by feed.", log.partitions),
                "deadLetters": _channel(log.dead_letter_topic, ["deadLetter"], "What was refused, and why; never its text.", 1),
            },
            "operations": {
                "learn": _operation("receive", "events", "Workers read it in order; the feed's name decides the partition."),
                "accept": _operation("send", "events", "`POST /v1/events` writes here, too."),
                "refuse": _operation("send", "deadLetters", "One letter for each event that is not learned."),
            },
            "components": {
                "messages": {
                    "event": _message("Event", STORY),
                    "cloudEvent": _message("CloudEvent", json.loads(encode(parse(STORY, now=1795000000.0)))),
                    "deadLetter": _message("DeadLetter", json.loads(encode_letter(LETTER))),
                },
                "schemas": {
                    "Event": event_schema(),
                    "CloudEvent": cloud_event_schema({"$ref": "#/components/schemas/Event"}),
                    "DeadLetter": _letter_schema(),
                },
            },
        }
    )


def _channel(address: str, messages: list[str], about: str, partitions: int) -> dict[str, Any]:
    return {
        "address": address,
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": address, "partitions": partitions, "bindingVersion": _BINDING}},
    }


def _operation(action: str, channel: str, about: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "description": about}


def _message(name: str, example: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": {"kafka": {"key": FEED, "bindingVersion": _BINDING}},
        "examples": [{"payload": example}],
    }


def _letter_schema() -> dict[str, Any]:
    """The members that a dead letter has on the wire."""
    members = json.loads(encode_letter(LETTER))
    properties = {name: {"type": _TYPES[type(value)]} for name, value in members.items()}
    return {"title": "DeadLetter", "type": "object", "properties": properties, "required": list(properties)}


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
