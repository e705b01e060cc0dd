"""Every fault of a body named by its path, whatever the bytes are."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtadapt.config import IntakeSettings
from rtadapt.errors import InvalidEvent, RtadaptError
from rtadapt.events.envelope import decode, encode, parse
from rtadapt.events.log import LogRecord
from rtadapt.records import FEED_NAME
from tests.support.event_bodies import CLOUD, NINJS2, NOW, PLAIN, TURNS, VCON, fault, read, record


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "video"}, "type"),
        ({"pubstatus": "canceled"}, "pubstatus"),
        ({"uri": None}, "uri"),
        ({"version": {"major": 1}}, "version"),
        ({"version": True}, "version"),
        ({"bodies": [{"contenttype": "text/plain"}]}, "bodies[0].value"),
        ({"bodies": None}, "body_text"),
        ({"bodies": [3]}, "bodies[0]"),
        ({"versioncreated": "yesterday"}, "versioncreated"),
        ({"headlines": "x"}, "headlines"),
        ({"headlines": [{"value": 3}]}, "headlines[0].value"),
    ],
)
def test_faults_of_a_news_item_are_named(change: dict[str, object], field: str) -> None:
    assert fault(NINJS2 | change, feed="news") == field


@pytest.mark.parametrize(
    ("turns", "field"),
    [
        ([], "turns"),
        ("x", "turns"),
        ([{"speaker": "user", "text": "a"}, {"speaker": "Maria", "text": "b"}], "turns[1].speaker"),
        ([{"text": "a"}], "turns[0].speaker"),
        ([{"speaker": "user"}], "turns[0].text"),
        ([{"speaker": "user", "text": "\x00 "}], "turns[0].text"),
        ([{"speaker": "user", "text": ["a"]}], "turns[0].text"),
        (["user: hello"], "turns[0]"),
        ([{"speaker": "user", "text": "a"}] * 401, "turns"),
        ([{"speaker": "user", "text": "a" * 9_000}] * 3, "turns"),
    ],
)
def test_faults_of_turns_are_named(turns: object, field: str) -> None:
    assert fault({"feed": "support", "turns": turns}) == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"dialog": []}, "dialog"),
        ({"dialog": [{"type": "recording"}]}, "dialog"),
        ({"dialog": [{"type": "text", "parties": [3], "body": "x"}]}, "dialog[0].parties"),
        ({"dialog": [{"type": "text", "parties": [True], "body": "x"}]}, "dialog[0].parties"),
        ({"dialog": [{"type": "text", "originator": -1, "body": "x"}]}, "dialog[0].originator"),
        ({"dialog": [{"type": "text", "body": "x"}]}, "dialog[0].parties"),
        ({"dialog": [{"type": "text", "parties": [0]}]}, "dialog[0].body"),
        ({"dialog": [{"type": "text", "parties": [0], "body": "x", "mimetype": "image/png"}]}, "dialog[0].mimetype"),
        ({"dialog": [{"type": "text", "parties": [0], "body": "x", "encoding": "rot13"}]}, "dialog[0].encoding"),
        ({"dialog": [{"type": "text", "parties": [0], "body": "/w", "encoding": "base64url"}]}, "dialog[0].body"),
        ({"dialog": [{"type": "text", "parties": [0], "body": "!SGVsbG8", "encoding": "base64url"}]}, "dialog[0].body"),
        ({"parties": [{"role": "ghost"}, {"role": "agent"}, {"role": "bot"}]}, "parties[0].role"),
        ({"parties": [{"name": "Kim"}, {"role": "agent"}, {"role": "bot"}]}, "parties[0].role"),
        ({"parties": [{"tel": "1"}, {"role": "customer"}, {"role": "bot"}]}, "parties[0].role"),
    ],
)
def test_faults_of_a_vcon_are_named(change: dict[str, object], field: str) -> None:
    assert fault(VCON | change, feed="support") == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": None}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n\x00\u200b"}, "text"),
        ({"text": 7}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"headline": "x" * 501}, "headline"),
        ({"id": ""}, "id"),
        ({"id": " "}, "id"),
        ({"id": "x" * 2049}, "id"),
        ({"id": ["x"]}, "id"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-11-24T09:30:00"}, "time"),
        ({"time": True}, "time"),
        ({"time": float("inf")}, "time"),
        ({"time": 1_795_000_000_000}, "time"),
        ({"time": -60_000_000_000}, "time"),
        ({"time": "0001-01-01T00:00:00+23:59"}, "time"),
        ({"consent": "false"}, "consent"),
        ({"consent": 0}, "consent"),
        ({"source": {}}, "source"),
        ({"facts": {}}, "facts"),
        ({"facts": [{"entity": "a", "relation": "b"}]}, "facts[0].value"),
        ({"facts": [{"entity": "a", "relation": "b", "value": float("inf")}]}, "facts[0].value"),
        ({"facts": [{"entity": "a", "relation": "b", "value": True}]}, "facts[0].value"),
        ({"facts": [{"entity": "a", "relation": "b", "value": "c"}, 3]}, "facts[1]"),
        ({"facts": [{"entity": "a", "relation": "b", "value": "c"}] * 201}, "facts"),
        ({"facts": [{"entity": "a", "relation": "b", "value": "c" * 999}] * 30}, "facts"),
        ({"qa": [{"question": "q"}]}, "qa[0].answer"),
        ({"qa": [{"question": "q" * 999, "answer": "a"}] * 30}, "qa"),
    ],
)
def test_faults_of_a_plain_story_are_named(change: dict[str, object], field: str) -> None:
    assert fault(PLAIN | change) == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": 1.0}, "specversion"),
        ({"id": None}, "id"),
        ({"id": 42}, "id"),
        ({"source": ""}, "source"),
        ({"type": None}, "type"),
        ({"time": "x"}, "time"),
        ({"data": None}, "data"),
        ({"data": [1]}, "data"),
        ({"data": {"text": ""}}, "data.text"),
        ({"data": ""}, "data"),
        ({"data": None, "data_base64": "%%"}, "data_base64"),
        ({"data": None, "data_base64": base64.b64encode(b"{").decode()}, "data_base64"),
        ({"data": None, "data_base64": 7}, "data_base64"),
        ({"data_base64": "eyJ0ZXh0IjoiYiJ9"}, "data_base64"),
    ],
)
def test_faults_of_a_cloud_event_are_named(change: dict[str, object], field: str) -> None:
    assert fault(CLOUD | {"feed": "news", "data": {"text": "A story."}} | change) == field


@pytest.mark.parametrize("body", [None, 3, "text", [], True])
def test_what_is_no_object_is_no_event(body: object) -> None:
    assert fault(body) == "event"


def test_no_error_repeats_the_text() -> None:
    secret = "hunter2 hunter2"
    for body in (PLAIN | {"feed": secret}, PLAIN | {"time": secret}, TURNS | {"turns": [{"speaker": secret, "text": "x"}]}):
        with pytest.raises(InvalidEvent) as caught:
            read(body)
        assert secret not in str(caught.value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

_names = st.sampled_from(
    [
        "feed",
        "text",
        "id",
        "time",
        "source",
        "subject",
        "consent",
        "headline",
        "facts",
        "qa",
        "turns",
        "vcon",
        "parties",
        "dialog",
        "uri",
        "type",
        "bodies",
        "body_text",
        "body_html",
        "headlines",
        "specversion",
        "data",
        "data_base64",
        "datacontenttype",
        "versioncreated",
        "version",
        "uuid",
        "created_at",
        "pubStatus",
        "guid",
        "embargoed",
        "analysis",
        "body_main",
        "content_html",
        "title",
    ]
)

_bodies = st.dictionaries(_names, _json, max_size=10)


def _mutated(base: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _bodies.map(lambda changes: {**base, **changes})


@settings(max_examples=600, deadline=None)
@given(
    body=_json | _bodies | st.sampled_from([PLAIN, TURNS, NINJS2, VCON, CLOUD]).flatmap(_mutated),
    feed=st.sampled_from(["", "news", "x y"]),
)
def test_any_json_is_an_event_or_an_error_that_names_a_field(body: Any, feed: str) -> None:
    limits = IntakeSettings(max_text_chars=200)
    try:
        event = parse(body, now=NOW, feed=feed, limits=limits)
    except RtadaptError as error:
        assert 400 <= error.status < 500
        assert error.field
        return
    assert event.text
    assert len(event.text) <= 200
    assert FEED_NAME.fullmatch(event.feed)
    back = decode(LogRecord(0, 0, event.feed, encode(event), NOW), limits)
    assert encode(back) == encode(event)


@settings(max_examples=300, deadline=None)
@given(value=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_in_the_log_are_an_event_or_an_invalid_event(value: bytes) -> None:
    try:
        decode(record(value))
    except InvalidEvent as error:
        assert error.field
