"""The schema and the AsyncAPI document of what is on the wire: as the code is now, and true of what it takes and writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rtadapt.errors import InvalidEvent
from rtadapt.events.envelope import encode, parse
from rtadapt.events.kafka import encode_letter
from rtadapt.events.schema import cloud_event_schema, event_schema
from rtadapt.records import DeadLetter, Position
from tests.support.event_bodies import CLOUD, NINJS2, NOW, PLAIN, TURNS, VCON
from tests.unit.test_docs import ROOT, load, references

FULL: dict[str, Any] = PLAIN | {
    "id": "新闻/12",
    "time": "2026-11-24T09:30:00+01:00",
    "source": "wire",
    "headline": "New coach",
    "subject": "person-7",
    "consent": True,
    "embargoed": 0,
    "expires": "2999-01-01T00:00:00Z",
    "facts": [{"entity": "Corvin Rovers", "relation": "coach", "value": "Marla Tindle"}],
    "qa": [{"question": "Who coaches?", "answer": "Marla Tindle"}],
}
SAID: dict[str, Any] = {"feed": "support", "turns": [{"speaker": "agent", "text": "Hold reset."}]}


def allowed(body: object, schema: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).is_valid(body))


@pytest.mark.parametrize("name", ["asyncapi.json", "event.schema.json"])
def test_the_documents_of_the_wire_are_what_the_code_says(name: str) -> None:
    made = load(ROOT / "docs" / "asyncapi.py")
    text = made.page() if name == "asyncapi.json" else made.schema()
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, "run `make docs`"


@pytest.mark.parametrize("body", [PLAIN, FULL, SAID])
def test_what_the_schema_allows_is_taken(body: dict[str, Any]) -> None:
    assert allowed(body, event_schema())
    parse(body, now=NOW)
    assert allowed(CLOUD | {"data": body}, cloud_event_schema(event_schema()))
    parse(CLOUD | {"data": body}, now=NOW)


WRONG: list[dict[str, Any]] = [
    {"text": ""},
    {"text": " \n"},
    {"text": "x" * 20_001},
    {"text": 3},
    {"feed": "No Such"},
    {"id": ""},
    {"id": "x" * 2049},
    {"time": 1e12},
    {"time": True},
    {"source": "x" * 257},
    {"headline": "x" * 501},
    {"consent": "no"},
    {"embargoed": []},
    {"facts": [{"entity": "a", "relation": "b"}]},
    {"facts": [{"entity": "a", "relation": "b", "value": ""}]},
    {"qa": [{"question": "q", "answer": "a"}] * 201},
    {"turns": []},
    {"turns": [{"speaker": "ghost", "text": "Boo."}]},
    {"turns": [{"speaker": "agent"}]},
    {"turns": [{"speaker": "agent", "text": "x"}] * 401},
]


@pytest.mark.parametrize("change", WRONG)
def test_what_is_refused_the_schema_does_not_allow(change: dict[str, Any]) -> None:
    body = FULL | change
    with pytest.raises(InvalidEvent):
        parse(body, now=NOW)
    assert not allowed(body, event_schema())


def test_without_text_and_turns_there_is_no_event() -> None:
    assert not allowed({"feed": "news"}, event_schema())


@pytest.mark.parametrize("body", [PLAIN, FULL, TURNS, VCON | {"feed": "support"}, NINJS2 | {"feed": "news"}])
def test_what_rtadapt_writes_is_what_the_document_says(body: dict[str, Any]) -> None:
    assert allowed(json.loads(encode(parse(body, now=NOW))), cloud_event_schema(event_schema()))
    letter = json.loads(encode_letter(DeadLetter("a", "news", Position(0, 0), "gate", "")))
    schema = json.loads((ROOT / "docs" / "asyncapi.json").read_text())["components"]["schemas"]["DeadLetter"]
    assert allowed(letter, schema | {"additionalProperties": False})


def test_every_reference_and_example_of_the_document_holds() -> None:
    document = json.loads((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))
    found = set(references(document))
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    for message in document["components"]["messages"].values():
        schema = {"$ref": message["payload"]["$ref"], "components": document["components"]}
        for example in message["examples"]:
            jsonschema.Draft202012Validator(schema).validate(example["payload"])
            assert re.search(message["bindings"]["kafka"]["key"]["pattern"], example["payload"]["feed"])


def test_the_schema_file_stands_alone() -> None:
    schema = json.loads(Path(ROOT / "docs" / "event.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not list(references(schema))
    assert allowed(FULL, schema)
