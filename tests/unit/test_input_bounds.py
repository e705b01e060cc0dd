"""Input of every kind that is out to hurt: an event or an error that names a field, with memory in proportion to its bytes."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtadapt.config import IntakeSettings
from rtadapt.errors import RtadaptError
from rtadapt.events.bodies import ACCEPTED, split
from rtadapt.events.envelope import parse
from rtadapt.events.mail import text_of_mail
from rtadapt.events.markup import text_of_markup
from tests.support.event_bodies import NOW

SIZE = 50_000
BYTES_PER_BYTE = 60


def take(raw: bytes, media: str) -> int:
    """How many events there are in a body. Anything but an error that names its field is a fault of ours."""
    taken = 0
    try:
        items = split(raw, {"content-type": media}, IntakeSettings())
    except RtadaptError as error:
        assert 400 <= error.status < 500
        assert error.field
        return 0
    for item in items.items:
        try:
            if item.error is not None:
                raise item.error
            parse(item.body, content_type=items.media_type, feed="news", now=NOW)
            taken += 1
        except RtadaptError as error:
            assert 400 <= error.status < 500
            assert error.field
    return taken


def filled(pattern: str) -> str:
    return pattern * (SIZE // len(pattern.encode()))


def vcon(body: str, media: str) -> str:
    dialog = [{"type": "text", "parties": [0], "mediatype": media, "body": body}]
    return json.dumps({"vcon": "0", "parties": [{"role": "agent"}], "dialog": dialog})


HURTING: list[tuple[str, Callable[[], str]]] = [
    ("application/json", lambda: filled("[")),
    ("application/json", lambda: "[" + filled("{},") + "{}]"),
    ("application/json", lambda: '{"text": "' + filled("\\u0041\\u0301") + '"}'),
    ("application/json", lambda: '{"id": "1", "content_html": "' + filled("<b><p>") + '"}'),
    ("application/json", lambda: vcon(filled("--x\n"), "multipart/mixed; boundary=x")),
    ("application/json", lambda: vcon(filled("On Friday, K <k@x.example> "), "multipart/mixed; boundary=x")),
    ("application/json", lambda: vcon(filled("> "), "message/rfc822")),
    ("application/x-ndjson", lambda: filled("{}\n")),
    ("text/vtt", lambda: "WEBVTT\n\n" + filled("00:00.000 --> 00:01.000\nAgent: a\n\n")),
    ("text/vtt", lambda: "WEBVTT\n\n00:00.000 --> 00:01.000\n" + filled("<v ")),
    ("text/srt", lambda: "1\n00:00:00,000 --> 00:00:01,000\n" + filled("a b-")),
    ("application/xml", lambda: "<rss><channel>" + filled("<item/>") + "</channel></rss>"),
    ("application/xml", lambda: filled("<a>")),
    ("application/xml", lambda: "<rss><channel><item><description>" + filled("&lt;p>") + "</description></item></channel></rss>"),
    ("application/xml", lambda: '<!DOCTYPE a [<!ENTITY b "' + filled("x") + '">]><rss a="&b;&b;&b;"/>'),
]


@pytest.mark.parametrize(("media", "made"), HURTING)
def test_memory_stays_in_proportion_to_the_bytes(media: str, made: Callable[[], str]) -> None:
    raw = made().encode()
    take(raw[:1000], media)
    tracemalloc.start()
    try:
        take(raw, media)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < BYTES_PER_BYTE * len(raw), peak / len(raw)


_tags = st.sampled_from(
    [
        "<rss>",
        "</rss>",
        "<channel>",
        "</channel>",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
        "<description>",
        "</description>",
        "<entry>",
        "</entry>",
        "<p>",
        "<td>",
        "&lt;\n    ",
        "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "</feed>",
        "<content type='xhtml'>",
        "</content>",
        "<newsItem guid='a'>",
        "<itemMeta>\n    ",
        "</itemMeta>",
        "</newsItem>",
        "<contentSet>",
        "</contentSet>",
        "<inlineXML>",
        "</inlineXML>",
        "<inlineData>",
        "</inlineData>",
        "<!-- x -->",
        "<![CDATA[x]]>",
        "<?x y?>\n    ",
        "&nbsp;",
        "&#0;",
        "WEBVTT\n\n",
        "00:00.000 --> 00:01.000\n",
        "<v Agent>",
        "Agent: ",
        "Kim: ",
        "- ",
        ">> ",
        "\n\n",
    ]
)
_texts = st.lists(_tags | st.text(max_size=8), max_size=25).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=_texts, media=st.sampled_from(ACCEPTED))
def test_any_document_is_events_or_errors_that_name_a_field(text: str, media: str) -> None:
    take(text.encode("utf-8", "surrogatepass"), media)


@settings(max_examples=200, deadline=None)
@given(text=_texts, media=st.sampled_from(["text/html", "message/rfc822", "multipart/x"]))
def test_any_markup_and_any_mail_is_text_or_refused(text: str, media: str) -> None:
    try:
        assert isinstance(text_of_markup(text) if media == "text/html" else text_of_mail(media, text), str)
    except ValueError as error:
        assert str(error)
