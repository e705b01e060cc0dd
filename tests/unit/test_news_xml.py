"""News as XML documents: each item in them an event with the right text, id and time, and what is no news refused by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rtadapt.config import IntakeSettings
from rtadapt.errors import InvalidEvent, Malformed, RtadaptError, TooLarge, UnsupportedMediaType
from rtadapt.events.bodies import Items, split
from rtadapt.events.draft import event_id
from rtadapt.events.envelope import parse
from rtadapt.events.newsxml import MEDIA_TYPES
from rtadapt.records import Event
from tests.support.event_bodies import NOW

MOMENT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC).timestamp()
NITF = """<inlineXML contenttype="application/nitf+xml"><nitf xmlns="http://iptc.org/std/NITF/"><head><title>no</title></head>
  <body><body.head><hedline><hl1>no</hl1></hedline></body.head>
  <body.content><p>Marla Tindle is the head coach.</p><table><tr><td>Rovers</td><td>12</td></tr></table></body.content>
  </body></nitf></inlineXML>"""
NEWS_ITEM = f"""<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:newsml:wire.example:1" version="3"
  standard="NewsML-G2" standardversion="2.34">
  <itemMeta><itemClass qcode="ninat:text"/><provider qcode="nprov:wire"><name>Wire</name></provider>
    <versionCreated>2026-11-24T09:30:00Z</versionCreated><pubStatus qcode="stat:usable"/></itemMeta>
  <contentMeta><headline role="hldrole:short">Short</headline><headline role="hld:main">Rovers &amp; coach</headline>
    <description role="drol:summary">In short.</description></contentMeta>
  <contentSet>{NITF}</contentSet></newsItem>"""
RSS = """<?xml version="1.0"?>
  <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://m.example/">
  <channel><title>Wire</title><item><media:title>A picture</media:title><title>New coach</title>
    <guid isPermaLink="false">story 12</guid>
    <link>https://x.example/12</link><pubDate>Tue, 24 Nov 2026 09:30:00 GMT</pubDate><description>Short.</description>
    <content:encoded><![CDATA[<p>Marla Tindle <b>coaches</b>.</p>]]></content:encoded></item>
    <item><title>Nothing else</title></item>
    <item><description>AT&amp;amp;T buys &lt;b&gt;Norvale&lt;/b&gt;.</description></item></channel></rss>"""
RSS1 = """<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://x.example/"><title>Wire</title></channel>
  <item rdf:about="https://x.example/12"><title>Coach</title><description>Marla coaches.</description>
  <dc:date>2026-11-24T09:30:00Z</dc:date></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title>
  <entry><id>tag:x.example,2026:1</id><title type="html">New &amp;amp; old</title><updated>2026-11-24T09:30:00Z</updated>
    <summary>Short.</summary>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Marla</p><p>coaches.</p></div></content></entry>
  <entry><id>tag:x.example,2026:2</id><title>t</title><content type="html">&lt;p&gt;Ada leaves.&lt;/p&gt;</content></entry>
  <entry><id>tag:x.example,2026:3</id><title>t</title><content type="image/png" src="a.png"/>
    <summary>1 &lt; 2</summary></entry></feed>"""


def cut(text: str, media: str = "application/xml", **headers: str) -> Items:
    return split(text.encode(), {"content-type": media, **headers}, IntakeSettings(max_events=5))


def events(text: str) -> list[Event | str]:
    """Each item's event, or the field that it was refused for."""
    read: list[Event | str] = []
    for item in cut(text).items:
        try:
            if item.error is not None:
                raise item.error
            read.append(parse(item.body, feed="news", now=NOW))
        except RtadaptError as error:
            read.append(error.field or "")
    return read


def event(text: str) -> Event:
    [read] = events(text)
    assert isinstance(read, Event)
    return read


def test_a_newsml_item_is_its_story_headline_time_and_source() -> None:
    assert cut(NEWS_ITEM).single
    read = event(NEWS_ITEM)
    assert (read.headline, read.source, read.time) == ("Rovers & coach", "Wire", MOMENT)
    assert read.text == "Marla Tindle is the head coach.\nRovers | 12"
    assert read.id == event(NEWS_ITEM).id != event(NEWS_ITEM.replace('version="3"', 'version="4"')).id


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<inlineData contenttype="text/plain">1 &lt; 2</inlineData>', "1 < 2"),
        (
            '<inlineXML contenttype="application/xhtml+xml"><html xmlns="x"><body><p>A</p><p>B</p></body></html></inlineXML>',
            "A\nB",
        ),
        (
            '<inlineXML contenttype="text/xml"><x>no</x></inlineXML><inlineData contenttype="text/html">&lt;p&gt;A</inlineData>',
            "A",
        ),
        ('<remoteContent href="a.jpg"/>', "In short."),
    ],
)
def test_the_story_of_a_newsml_item_is_the_rendition_that_can_be_read(content: str, text: str) -> None:
    assert event(NEWS_ITEM.replace(NITF, content)).text == text


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("stat:usable", "stat:canceled", "pubStatus"),
        ('qcode="stat:usable"', 'uri="http://cv.iptc.org/newscodes/pubstatusg2/withheld"', "pubStatus"),
        ("ninat:text", "ninat:picture", "type"),
        ("<pubStatus", "<embargoed>2999-01-01T00:00:00Z</embargoed><pubStatus", "embargoed"),
        ("<pubStatus", "<embargoed/><pubStatus", "embargoed"),
        ('guid="urn:newsml:wire.example:1"', "", "uri"),
        ("application/nitf+xml", "text/xml", "bodies[0].contentType"),
    ],
)
def test_what_is_not_read_of_a_newsml_item_is_refused_by_name(old: str, new: str, field: str) -> None:
    text = NEWS_ITEM.replace(old, new)
    if "text/xml" in new:
        text = text.replace("<nitf", "<x").replace("</nitf", "</x").replace("In short.", "")
    assert events(text) == [field]


def test_a_news_message_is_its_items_one_by_one() -> None:
    package = NEWS_ITEM.replace("newsItem", "packageItem")
    message = f'<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><itemSet>{NEWS_ITEM}{package}</itemSet></newsMessage>'
    assert not cut(message).single
    assert events(message) == [event(NEWS_ITEM), "body"]


def test_an_rss_feed_is_its_items_with_the_whole_text_where_it_is_there() -> None:
    whole, bare, short = events(RSS)
    assert isinstance(whole, Event)
    assert (whole.headline, whole.text, whole.source) == ("New coach", "Marla Tindle coaches.", "Wire")
    assert (whole.id, whole.time) == (event_id("story 12"), MOMENT)
    assert bare == "description"
    assert isinstance(short, Event)
    assert short.text == "AT&T buys Norvale."
    assert (event(RSS1).id, event(RSS1).time, event(RSS1).source) == (event_id("https://x.example/12"), MOMENT, "Wire")


def test_an_atom_feed_is_its_entries_by_the_types_that_they_name() -> None:
    first, second, third = events(ATOM)
    assert isinstance(first, Event)
    assert (first.headline, first.text, first.id) == ("New & old", "Marla\ncoaches.", event_id("tag:x.example,2026:1"))
    assert (first.time, first.source) == (MOMENT, "Wire")
    assert isinstance(second, Event)
    assert isinstance(third, Event)
    assert (second.text, third.text) == ("Ada leaves.", "1 < 2")
    prefixed = ATOM.replace('<div xmlns="http', '<h:div xmlns:h="http').replace("</div>", "</h:div>")
    prefixed = prefixed.replace("<p>Marla</p><p>", "<h:title/><h:p>Marla</h:p><h:p>").replace("coaches.</p>", "coaches.</h:p>")
    assert events(prefixed)[0] == first
    entry = ATOM[ATOM.index("<entry>") : ATOM.index("</entry>") + 8].replace(
        "<entry>", '<entry xmlns="http://www.w3.org/2005/Atom">'
    )
    assert cut(entry).single
    assert event(entry).text == "Marla\ncoaches."


def test_a_json_feed_of_its_own_type_is_its_items() -> None:
    feed = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_text": "Marla coaches."}, 3]}'
    items = cut(feed, "application/feed+json")
    assert [item.body for item in items.items] == [{"id": "1", "content_text": "Marla coaches."}, 3]
    assert not items.single


@pytest.mark.parametrize("media", sorted(MEDIA_TYPES))
def test_every_xml_type_is_taken(media: str) -> None:
    assert len(cut(RSS, media).items) == 3


def test_a_feed_in_another_encoding_is_read_as_it_says() -> None:
    raw = RSS1.replace("Marla", "Zoë")
    body = b'<?xml version="1.0" encoding="iso-8859-1"?>' + raw.encode("iso-8859-1")
    [item] = split(body, {"content-type": "text/xml"}, IntakeSettings()).items
    assert parse(item.body, feed="news", now=NOW).text == "Zoë coaches."


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<rss>", Malformed),
        ("no", Malformed),
        ('<?xml version="1.0" encoding="klingon"?><rss/>', Malformed),
        ('<!DOCTYPE x [<!ENTITY a "b">]><rss><channel><item><title>&a;</title></item></channel></rss>', Malformed),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><rss/>', Malformed),
        ("<rss><channel>" + "<a>" * 5000, Malformed),
        ("<svg/>", InvalidEvent),
        ("<rss/>", InvalidEvent),
        ("<rss><channel>" + "<item/>" * 6 + "</channel></rss>", TooLarge),
    ],
)
def test_xml_that_is_no_news_is_refused_as_a_whole(text: str, error: type[RtadaptError]) -> None:
    with pytest.raises(error) as caught:
        cut(text)
    assert caught.value.field == "body"


def test_a_cloud_event_in_headers_holds_no_xml() -> None:
    with pytest.raises(UnsupportedMediaType):
        cut(RSS, **{"ce-specversion": "1.0"})
