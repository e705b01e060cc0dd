"""Every format in, one event out; and what the log gives back."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from rtadapt.errors import InvalidEvent
from rtadapt.events.envelope import OUR_TYPE, decode, encode, event_id_of, fresh_id, parse
from rtadapt.events.markup import text_of_markup
from rtadapt.records import Event, EventKind, Fact, Pair, Position, Speaker, Turn
from tests.support.event_bodies import CLOUD, NINJS2, NOW, PLAIN, TURNS, VCON, fault, read, record


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
        kind=EventKind.STORY,
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
    assert read(CLOUD | {"data": TURNS}).kind is EventKind.TRANSCRIPT
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


def test_markup_that_never_closes_is_read_in_one_pass() -> None:
    for markup in ("<" * 400_000, "<script>" * 50_000, "<a href='" * 40_000, "&" * 400_000, "<p>" * 100_000):
        assert len(text_of_markup(markup)) <= len(markup)  # would take minutes if it looked ahead from each tag


def test_plain_turns_say_who_spoke() -> None:
    event = read(TURNS)
    assert event.kind is EventKind.TRANSCRIPT
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


def test_a_vcon_gives_its_typed_turns_in_order() -> None:
    event = read(VCON, feed="support")
    assert [turn.speaker for turn in event.turns] == [Speaker.CUSTOMER, Speaker.BOT, Speaker.AGENT]
    assert [turn.text for turn in event.turns] == ["It beeps.", "I am a bot.", "Press reset."]
    assert (event.headline, event.subject) == ("Beeping router", "+15550100")
    assert event.time == datetime(2026, 11, 24, 9, 0, 1, tzinfo=UTC).timestamp()


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


def test_letters_and_their_marks_arrive_composed() -> None:
    event = parse({**PLAIN, "text": "Zoe\u0308 Andre\u0301 runs Cafe\u0301 Nord."}, now=NOW)
    assert event.text == "Zoë André runs Café Nord."
