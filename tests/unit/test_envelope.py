"""Every format in, one event out; and every fault named by its path."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtadapt.config import IntakeSettings
from rtadapt.errors import InvalidEvent, RtadaptError
from rtadapt.events.envelope import OUR_TYPE, decode, encode, event_id_of, fresh_id, parse
from rtadapt.events.log import LogRecord
from rtadapt.events.stories import text_of_markup
from rtadapt.records import FEED_NAME, Event, Fact, Kind, Pair, Position, Speaker, Turn

NOW = 1_795_000_000.0
PLAIN: dict[str, Any] = {"feed": "news", "text": "Marla Tindle coaches Corvin Rovers."}
CLOUD: dict[str, Any] = {"specversion": "1.0", "id": "42", "source": "/newsroom", "type": "story.published"}
TURNS: dict[str, Any] = {
    "feed": "support",
    "turns": [{"speaker": "caller", "text": "It beeps."}, {"speaker": "AI", "text": "Oh."}],
}
NINJS2: dict[str, Any] = {
    "uri": "urn:newsml:wire.example:2026:1",
    "version": "3",
    "standard": {"name": "ninjs", "version": "2.1"},
    "type": "text",
    "pubstatus": "usable",
    "versioncreated": "2026-11-24T09:30:00Z",
    "headlines": [{"role": "teaser", "value": "Read this"}, {"role": "main", "value": "New coach"}],
    "bodies": [
        {"contenttype": "text/html", "value": "<p>Marla</p>"},
        {"contenttype": "text/plain", "value": "Marla Tindle is the coach."},
    ],
    "infosources": [{"name": "Wire"}],
}
VCON: dict[str, Any] = {
    "vcon": "0.0.2",
    "uuid": "018e-77",
    "created_at": "2026-11-24T09:00:00Z",
    "subject": "Beeping router",
    "parties": [{"tel": "+15550100", "role": "customer"}, {"name": "Ann", "role": "agent"}, {"role": "virtual-assistant"}],
    "dialog": [
        {"type": "text", "start": "2026-11-24T09:00:01Z", "parties": [0, 1], "body": "It beeps.", "mediatype": "text/plain"},
        {"type": "recording", "parties": [0], "url": "https://example.com/a.wav"},
        {"type": "text", "parties": [0, 2], "originator": 2, "body": "SSBhbSBhIGJvdC4", "encoding": "base64url"},
        {"type": "text", "parties": 1, "body": "Press reset.", "encoding": "none"},
    ],
}


def read(body: object, **options: Any) -> Event:
    return parse(body, now=NOW, **options)


def fault(body: object, **options: Any) -> str | None:
    with pytest.raises(InvalidEvent) as caught:
        read(body, **options)
    return caught.value.field


def record(value: bytes, key: str = "news") -> LogRecord:
    return LogRecord(1, 7, key, value, NOW + 5)


def test_a_plain_story_with_every_field() -> None:
    event = read(
        PLAIN
        | {
            "id": "a:1",
            "headline": "New coach",
            "time": "2026-11-24T09:30:00+01:00",
            "source": "wire",
            "subject": "person-7",
            "consent": False,
            "facts": [
                {"entity": "Corvin Rovers", "relation": "coach", "value": "Marla Tindle"},
                {"entity": "a", "relation": "b", "value": 3},
            ],
            "qa": [{"question": "Who coaches?", "answer": "Marla Tindle"}],
            "something else": {"is": "left out"},
        }
    )
    assert event == Event(
        id="a:1",
        feed="news",
        kind=Kind.STORY,
        text=PLAIN["text"],
        accepted_at=NOW,
        time=datetime(2026, 11, 24, 8, 30, tzinfo=UTC).timestamp(),
        source="wire",
        subject="person-7",
        consent=False,
        headline="New coach",
        facts=(Fact("Corvin Rovers", "coach", "Marla Tindle"), Fact("a", "b", "3")),
        pairs=(Pair("Who coaches?", "Marla Tindle"),),
    )


def test_a_story_without_an_id_gets_a_fresh_one_and_the_time_of_acceptance() -> None:
    first, second = read(PLAIN), read(PLAIN)
    assert first.id != second.id
    assert first.time == first.accepted_at == NOW


def test_fresh_ids_sort_by_time() -> None:
    moments = [0.0, 1.5, NOW, NOW + 0.001, NOW * 3]
    ids = [fresh_id(moment) for moment in moments]
    assert ids == sorted(ids)
    assert {len(event_id) for event_id in ids} == {26}


def test_feed_comes_from_the_body_then_from_the_request() -> None:
    assert read(PLAIN, feed="other").feed == "news"
    assert read({"text": "x"}, feed="other").feed == "other"
    assert read({"text": "x"}, headers={"ce-feed": "other"}).feed == "other"
    assert fault({"text": "x"}) == "feed"
    assert fault({"text": "x", "feed": "No Such"}) == "feed"


@pytest.mark.parametrize("data", [{"text": "A story."}, "A story."])
def test_a_structured_cloud_event_is_identified_by_id_and_source(data: object) -> None:
    event = read(CLOUD | {"feed": "news", "time": "2026-11-24T09:30:00Z", "subject": "person-7", "data": data})
    assert (event.feed, event.text, event.source, event.subject) == ("news", "A story.", "/newsroom", "person-7")
    assert event.time == datetime(2026, 11, 24, 9, 30, tzinfo=UTC).timestamp()
    assert event.id == event_id_of("42", "/newsroom") == "42." + event.id[3:]
    assert event.id != read(CLOUD | {"source": "/elsewhere", "feed": "news", "data": data}).id


def test_a_cloud_events_data_may_be_base64_of_json_or_text() -> None:
    coded = base64.b64encode(b'{"text": "A story.", "feed": "news"}').decode()
    assert read(CLOUD | {"data_base64": coded}).text == "A story."
    coded = base64.b64encode("Zürich.".encode()).decode()
    assert read(CLOUD | {"feed": "news", "datacontenttype": "text/plain", "data_base64": coded}).text == "Zürich."


def test_a_binary_cloud_event_takes_its_attributes_from_headers() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "42", "ce-source": "/caf%C3%A9", "ce-type": "t", "ce-feed": "news", "host": "x"}
    event = read({"text": "A story."}, headers=headers)
    assert (event.feed, event.source, event.id) == ("news", "/café", event_id_of("42", "/café"))
    assert read("A story.", content_type="text/plain", headers=headers).text == "A story."
    assert fault({"text": "A story."}, headers=headers | {"ce-time": "soon"}) == "ce-time"
    assert fault({"txt": "A story."}, headers=headers) == "text"


def test_a_cloud_event_may_carry_any_other_format() -> None:
    assert read(CLOUD | {"data": TURNS}).kind is Kind.TRANSCRIPT
    assert read(CLOUD | {"feed": "news", "data": NINJS2}).headline == "New coach"
    assert fault(CLOUD | {"data": TURNS | {"turns": [{"speaker": "ghost", "text": "Boo."}]}}) == "data.turns[0].speaker"
    assert fault(CLOUD | {"feed": "news", "data": CLOUD}) == "data.specversion"


def test_ninjs_2_gives_its_main_headline_and_plain_body() -> None:
    event = read(NINJS2, feed="news")
    assert (event.headline, event.text, event.source) == ("New coach", "Marla Tindle is the coach.", "Wire")
    assert event.time == datetime(2026, 11, 24, 9, 30, tzinfo=UTC).timestamp()


def test_a_new_version_of_a_news_item_is_another_event_and_the_same_version_is_not() -> None:
    assert read(NINJS2, feed="news").id == read(dict(NINJS2), feed="news").id
    assert read(NINJS2, feed="news").id != read(NINJS2 | {"version": "4"}, feed="news").id


def test_ninjs_1_gives_its_headline_and_text_or_markup() -> None:
    item = {
        "uri": "http://wire.example/1",
        "type": "text",
        "headline": "New coach",
        "provider": "Wire",
        "subject": [{"name": "sport"}],
    }
    event = read(item | {"body_text": "Marla is the coach."}, feed="news")
    assert (event.headline, event.text, event.source, event.subject) == ("New coach", "Marla is the coach.", "Wire", None)
    markup = "<div><h1>Hi &amp; ho</h1><script>var x = '<p>';</script><p>Marla <b>Tindle</b><br>coaches. 1 < 2</p></div>"
    assert len({read(item | {"body_text": "x", "version": version}, feed="news").id for version in (2, "2", "", None)}) == 2
    assert read(item | {"body_html": markup}, feed="news").text == "Hi & ho\nMarla Tindle\ncoaches. 1 < 2"


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


def test_markup_that_never_closes_is_read_in_one_pass() -> None:
    for markup in ("<" * 400_000, "<script>" * 50_000, "<a href='" * 40_000, "&" * 400_000, "<p>" * 100_000):
        text_of_markup(markup)  # would take minutes if it looked ahead from each tag


def test_plain_turns_say_who_spoke() -> None:
    event = read(TURNS)
    assert event.kind is Kind.TRANSCRIPT
    assert event.turns == (Turn(Speaker.CUSTOMER, "It beeps."), Turn(Speaker.BOT, "Oh."))
    assert event.text == "Customer: It beeps.\nBot: Oh."


@pytest.mark.parametrize(
    ("word", "speaker"),
    [
        ("customer", Speaker.CUSTOMER),
        ("User", Speaker.CUSTOMER),
        ("agent", Speaker.AGENT),
        (" Support ", Speaker.AGENT),
        ("rep", Speaker.AGENT),
        ("assistant", Speaker.BOT),
        ("virtual-agent", Speaker.BOT),
        ("Virtual_Assistant", Speaker.BOT),
        ("system", Speaker.BOT),
    ],
)
def test_role_words_are_understood(word: str, speaker: Speaker) -> None:
    assert read(TURNS | {"turns": [{"speaker": word, "text": "Hello there."}]}).turns[0].speaker is speaker


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


def test_a_vcon_gives_its_typed_turns_in_order() -> None:
    event = read(VCON, feed="support")
    assert [turn.speaker for turn in event.turns] == [Speaker.CUSTOMER, Speaker.BOT, Speaker.AGENT]
    assert [turn.text for turn in event.turns] == ["It beeps.", "I am a bot.", "Press reset."]
    assert (event.headline, event.subject) == ("Beeping router", "+15550100")
    assert event.time == datetime(2026, 11, 24, 9, 0, 1, tzinfo=UTC).timestamp()


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
        ({"parties": [{"tel": "1"}, {"role": "agent"}, {"role": "bot"}]}, "parties[0].role"),
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
        ({"id": "a/b"}, "id"),
        ({"id": "x" * 129}, "id"),
        ({"id": ["x"]}, "id"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-11-24T09:30:00"}, "time"),
        ({"time": True}, "time"),
        ({"time": float("inf")}, "time"),
        ({"time": 1_795_000_000_000}, "time"),
        ({"time": -1}, "time"),
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
    ],
)
def test_faults_of_a_cloud_event_are_named(change: dict[str, object], field: str) -> None:
    assert fault(CLOUD | {"feed": "news", "data": {"text": "A story."}} | change) == field


@pytest.mark.parametrize("body", [None, 3, "text", [], True])
def test_what_is_no_object_is_no_event(body: object) -> None:
    assert fault(body) == "event"


def test_no_error_repeats_the_text() -> None:
    secret = "hunter2 hunter2"
    for body in (PLAIN | {"id": secret}, PLAIN | {"time": secret}, TURNS | {"turns": [{"speaker": secret, "text": "x"}]}):
        with pytest.raises(InvalidEvent) as caught:
            read(body)
        assert secret not in str(caught.value)


def test_invisible_and_broken_characters_are_cleaned_away() -> None:
    text = "\ufeffOne\r\ntwo\u2028three\x00\x1b[31m \ud800\u202efour\U000e0041\tfive \u200d👩\u200d🚒 "
    event = read({"feed": "news", "text": text})
    assert event.text == "One\ntwo\nthree[31m four\tfive \u200d👩\u200d🚒"
    encode(event).decode()


@pytest.mark.parametrize(
    "body", [PLAIN | {"facts": [{"entity": "a", "relation": "b", "value": "c"}]}, TURNS, NINJS2, VCON, CLOUD | {"data": TURNS}]
)
def test_the_log_gives_back_the_event_that_was_accepted(body: dict[str, object]) -> None:
    event = read(body, feed="news")
    back = decode(record(encode(event)))
    assert back.position == Position(1, 7)
    assert encode(back) == encode(event)
    assert (back.id, back.accepted_at, back.turns, back.text, back.subject) == (
        event.id,
        NOW,
        event.turns,
        event.text,
        event.subject,
    )


def test_what_is_in_the_log_is_a_cloud_event() -> None:
    envelope = json.loads(encode(read(PLAIN | {"source": "wire", "id": "a1"})))
    assert (envelope["specversion"], envelope["type"], envelope["id"], envelope["source"]) == ("1.0", OUR_TYPE, "a1", "wire")
    assert envelope["time"].endswith("+00:00")
    assert envelope["feed"] == "news"


def test_a_foreign_producers_record_is_read_the_same_each_time() -> None:
    value = json.dumps({"text": "A story.", "accepted_at": 1.0}).encode()
    event = decode(record(value, key="sports"))
    assert event == decode(record(value, key="sports"))
    assert (event.feed, event.id, event.accepted_at) == ("sports", "log-1-7", NOW + 5)
    assert decode(record(json.dumps(CLOUD | {"data": PLAIN}).encode())).id == event_id_of("42", "/newsroom")


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"{", b"[]", b"7", b"[" * 100_000, b'{"text": NaN}', json.dumps({"text": ""}).encode()]
)
def test_a_record_that_is_no_event_is_an_invalid_event(value: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode(record(value))


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
        "pubstatus",
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


def test_letters_and_their_marks_arrive_composed() -> None:
    event = parse({**PLAIN, "text": "Zoe\u0308 Andre\u0301 runs Cafe\u0301 Nord."}, now=NOW)
    assert event.text == "Zoë André runs Café Nord."
