"""What content systems export: any id, any usual time, and items of JSON Feed, RSS and Atom."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from rtadapt.events.draft import EVENT_ID, event_id
from rtadapt.events.envelope import decode, encode
from tests.support.event_bodies import CLOUD, PLAIN, fault, read, record

ITEM = {
    "feed": "news",
    "id": "https://cms.example/?p=12",
    "title": "New &amp; old coach",
    "content_html": "<p>Marla Tindle coaches Corvin Rovers.</p>",
    "date_published": "2026-11-24T09:30:00+01:00",
}


def test_an_item_of_a_json_feed_is_a_story() -> None:
    event = read(ITEM)
    assert (event.headline, event.text) == ("New & old coach", "Marla Tindle coaches Corvin Rovers.")
    assert event.time == datetime(2026, 11, 24, 8, 30, tzinfo=UTC).timestamp()
    assert event.id == event_id(ITEM["id"]) == read(ITEM | {"content_html": "<p>Other.</p>"}).id
    assert read(ITEM | {"date_modified": "2026-11-25T09:30:00Z"}).time > event.time
    assert fault({"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [ITEM], "feed": "news"}) == "items"


def test_an_item_of_an_rss_feed_is_a_story() -> None:
    item = {
        "title": "New coach",
        "guid": "tag:x.example,2026:1",
        "pubDate": "Tue, 24 Nov 2026 09:30:00 GMT",
        "link": "https://x.example",
    }
    event = read(item | {"description": "Short.", "content:encoded": "<p>The <b>whole</b> story.</p>"}, feed="news")
    assert (event.text, event.id) == ("The whole story.", event_id("tag:x.example,2026:1"))
    assert event.time == datetime(2026, 11, 24, 9, 30, tzinfo=UTC).timestamp()
    assert read(item | {"description": "AT&amp;T &lt;up&gt;"}, feed="news").text == "AT&T <up>"


@pytest.mark.parametrize("name", ["a/b", "https://cms.example/?p=12", "新闻 12", "x" * 129, " 7 ", "urn:x:{1}", "é" * 2000])
def test_any_string_is_an_id(name: str) -> None:
    event = read(PLAIN | {"id": name})
    assert EVENT_ID.fullmatch(event.id)
    assert event.id == event_id(name)
    assert decode(record(encode(event))).id == event.id
    assert event.id != read(PLAIN | {"id": name + "."}).id


@pytest.mark.parametrize(
    ("spelled", "moment"),
    [
        ("2026-11-24t09:30:00z", (2026, 11, 24, 9, 30)),
        ("2026-11-24T09:30:60Z", (2026, 11, 24, 9, 30, 59)),
        ("2026-11-24T09:30:00+0000", (2026, 11, 24, 9, 30)),
        ("Tue, 24 Nov 2026 10:30:00 +0100", (2026, 11, 24, 9, 30)),
        ("24 Nov 2026 09:30:00 GMT", (2026, 11, 24, 9, 30)),
        ("1931-05-01T12:00:00Z", (1931, 5, 1, 12)),
    ],
)
def test_times_are_read_as_feeds_write_them(spelled: str, moment: tuple[int, ...]) -> None:
    event = read(PLAIN | {"time": spelled})
    assert event.time == datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]
    assert decode(record(encode(event))).time == event.time


@pytest.mark.parametrize("text", ["मोदी ने कहा", "科文流浪者队周一宣布。", "สวัสดีครับ", "שָׁלוֹם", "👩‍🚒", "می‌خواهم"])
def test_text_of_any_script_comes_through_the_log_as_it_was(text: str) -> None:
    event = read(PLAIN | {"text": text})
    assert event.text == text
    assert decode(record(encode(event))).text == text


@pytest.mark.parametrize("media", ["application/json", "application/json; charset=utf-8"])
def test_cloud_events_of_the_conformance_cases_have_their_attributes(media: str) -> None:
    attributes = {
        "type": "com.example.someevent",
        "time": "2018-04-05T03:56:24Z",
        "id": "1234-1234-1234",
        "source": "/mycontext/sub",
    }
    structured = read({"specversion": "1.0", "datacontenttype": media, **attributes, "data": {"text": "Hello."}}, feed="news")
    headers = {"ce-specversion": "1.0", "content-type": media} | {f"ce-{name}": value for name, value in attributes.items()}
    assert read({"text": "Hello."}, headers=headers, feed="news") == structured
    assert structured.time == datetime(2018, 4, 5, 3, 56, 24, tzinfo=UTC).timestamp()
    assert structured.source == "/mycontext/sub"
    assert fault({"message": "Hello World!"}, headers=headers, feed="news") == "text"


def test_the_type_of_a_cloud_events_data_is_heeded() -> None:
    event = CLOUD | {"feed": "news", "datacontenttype": "text/html", "data": "<p>A story.</p>"}
    assert read(event).text == "A story."
    assert fault(event | {"datacontenttype": "application/xml"}) == "datacontenttype"
    assert json.loads(encode(read(event)))["data"]["text"] == "A story."
