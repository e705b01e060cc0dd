"""News items as agencies send them: every ninjs and Superdesk's dialect, and what must not be learned yet, or ever."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rtadapt.errors import InvalidEvent
from rtadapt.events.envelope import decode
from rtadapt.events.log import LogRecord
from tests.support.event_bodies import CLOUD, NINJS2, NOW, PLAIN, fault, read

NINJS3: dict[str, Any] = {
    "standard": {"name": "ninjs", "version": "3.0"},
    "uri": "urn:wire.example:1",
    "version": "2",
    "versionCreated": "2026-11-24T09:30:00Z",
    "pubStatus": "usable",
    "infoSources": [{"name": "Wire"}],
    "headlines": [{"role": "main", "contentType": "text/html", "value": "Rovers <b>coach</b> &amp; more"}],
    "bodies": [{"role": "main", "contentType": "text/html", "value": "<p>Marla Tindle is the head coach of Corvin Rovers.</p>"}],
}
SUPERDESK: dict[str, Any] = {
    "guid": "urn:newsml:desk.example:2026-11-24:aa1",
    "version": "3",
    "type": "text",
    "pubstatus": "usable",
    "versioncreated": "2026-11-24T09:30:00+0000",
    "headline": "Tindle &amp; Rovers",
    "body_html": "<p>Marla Tindle is the new head coach of Corvin Rovers.</p>",
}
NITF = {"role": "nitf", "contentType": "text/vnd.IPTC.NITF", "value": "<nitf><body><p>Marla.</p></body></nitf>"}
MOMENT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC).timestamp()


def test_ninjs_3_is_read_by_its_camel_case_names() -> None:
    event = read(NINJS3, feed="news")
    assert event.text == "Marla Tindle is the head coach of Corvin Rovers."
    assert (event.headline, event.source, event.time) == ("Rovers coach & more", "Wire", MOMENT)
    assert event.id != read(NINJS3 | {"versionCreated": "2026-11-24T10:00:00Z"}, feed="news").id


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pubStatus": "canceled"}, "pubStatus"),
        ({"pubStatus": "withheld"}, "pubStatus"),
        ({"type": "event"}, "type"),
        ({"standard": {"name": "ninjs", "version": "4.0"}}, "standard.version"),
        ({"versionCreated": "yesterday"}, "versionCreated"),
        ({"bodies": [NITF]}, "bodies[0].contentType"),
        ({"bodies": [{"contentType": "text/html", "value": "<div>" * 3000 + "Marla."}]}, "bodies[0].value"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"),
    ],
)
def test_what_is_not_read_of_ninjs_3_is_refused_by_its_own_name(change: dict[str, object], field: str) -> None:
    assert fault(NINJS3 | change, feed="news") == field


def test_superdesk_names_an_item_by_guid_and_writes_html() -> None:
    event = read(SUPERDESK, feed="news")
    assert (event.headline, event.time) == ("Tindle & Rovers", MOMENT)
    assert event.text == "Marla Tindle is the new head coach of Corvin Rovers."
    assert event.id != read(SUPERDESK | {"version": "4"}, feed="news").id


@pytest.mark.parametrize(
    ("bodies", "text"),
    [
        ([NITF, {"role": "text", "contentType": "text/plain", "value": "The story."}], "The story."),
        ([{"role": "summary", "value": "In short."}, {"role": "main", "value": "The story."}], "The story."),
        ([{"role": "html5", "contentType": "text/html", "value": "<p>The <i>story</i>.</p>"}, NITF], "The story."),
        ([{"value": "<p>The story.</p>"}], "The story."),
        ([{"role": "main", "contentType": "text/plain", "value": "1 < 2 & <b>"}], "1 < 2 & <b>"),
        ([{"role": "main", "contentType": "text/plain", "value": ""}, {"value": "The story."}], "The story."),
    ],
)
def test_the_story_is_the_body_whose_role_and_type_say_so(bodies: list[dict[str, str]], text: str) -> None:
    assert read(NINJS3 | {"bodies": bodies}, feed="news").text == text


def test_names_that_ninjs_1_lets_agencies_choose_are_read() -> None:
    item = {"uri": "u:1", "headline_main": "New coach", "body_main": "Marla is the coach.", "body_richtext": "<p>Marla.</p>"}
    assert (read(item, feed="news").headline, read(item, feed="news").text) == ("New coach", "Marla is the coach.")


def test_a_short_item_without_a_body_is_its_description() -> None:
    item = {"uri": "u:1", "type": "text", "descriptions": [{"role": "text", "value": "Marla is the coach."}], "title": "Coach"}
    assert (read(item, feed="news").headline, read(item, feed="news").text) == ("Coach", "Marla is the coach.")


@pytest.mark.parametrize("body", [PLAIN, NINJS2 | {"feed": "news"}, SUPERDESK | {"feed": "news"}, NINJS3 | {"feed": "news"}])
def test_nothing_is_learned_before_its_embargo(body: dict[str, object]) -> None:
    for name in ("embargoed", "Embargo", "not_before"):
        assert fault(body | {name: "2999-01-01T00:00:00Z"}) == name
        assert fault(body | {name: "soon"}) == name
        assert read(body | {name: "2020-01-01T00:00:00Z"}).text == read(body).text
    assert fault(CLOUD | {"feed": "news", "data": body | {"embargoed": NOW + 1}}) == "data.embargoed"
    assert fault(CLOUD | {"feed": "news", "expirytime": NOW, "data": body}) == "expirytime"


def test_a_record_under_embargo_when_the_log_took_it_stays_refused() -> None:
    value = b'{"text": "Norvale Foods will close its plant.", "embargoed": 1795000100}'
    assert decode(LogRecord(0, 0, "news", value, 1795000100.0)).text
    with pytest.raises(InvalidEvent, match="embargoed"):
        decode(LogRecord(0, 0, "news", value, 1795000099.0))
