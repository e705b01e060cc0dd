"""What `loadtests.fuzz` gives its bytes to: each target reads them as one part of ours does, or raises an error of ours.

Imported by a process that counts branches, which it can of what is imported then.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from rtadapt.config import IntakeSettings
from rtadapt.errors import RtadaptError
from rtadapt.events.bodies import split, unpack
from rtadapt.events.captions import MEDIA_TYPES as CAPTIONS
from rtadapt.events.captions import turns_of_captions
from rtadapt.events.envelope import decode, encode, parse
from rtadapt.events.fields import Fields
from rtadapt.events.log import LogRecord
from rtadapt.events.markup import read_markup
from rtadapt.events.newsxml import MEDIA_TYPES as XMLS
from rtadapt.events.newsxml import items_of_xml
from rtadapt.records import Event
from rtadapt.web.jsontext import load_json
from tests.support.event_bodies import CLOUD, NINJS2, NOW, PLAIN, TURNS, VCON

_LIMITS = IntakeSettings()
_TYPES = (
    "application/json",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/feed+json",
    "application/vcon+json",
    "text/plain; charset=utf-8",
    *sorted(CAPTIONS),
    *sorted(XMLS),
)
_BODIES = [json.dumps(value).encode() for value in (PLAIN, CLOUD | {"data": PLAIN}, TURNS, NINJS2, VCON)]
_HTML = b"<p>The mill opened.<table><tr><td>Monday<td>9<script>x</script></table><!-- no --><![CDATA[ <b>so</b> ]]>"
_CUES = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Agent>Within 30 days.\n\n1\n00:00:03,000 --> 00:00:04,000\nCUSTOMER: Thanks.\n"
_FEED = b"""<rss version='2.0'><channel><item><guid>1</guid><title>Mill</title>
<description>It opened.</description></item></channel></rss>"""


def body(data: bytes) -> None:
    """A request: its first byte chooses the content type, the next one whether it is a CloudEvent in binary mode, or gzip."""
    media, how = (data[0] % len(_TYPES), data[1] % 8) if len(data) > 1 else (0, 0)
    headers = {"content-type": _TYPES[media]}
    if how == 1:
        headers |= {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/desk", "ce-type": "story"}
    items = split(unpack(data[2:], "gzip" if how == 2 else "", _LIMITS), headers, _LIMITS)
    for item in items.items:
        if item.error is None:
            _event(item.body, items.media_type, headers)


def record(data: bytes) -> None:
    """A record of the log that somebody else wrote."""
    _same(decode(LogRecord(0, 0, "news", data, NOW)))


def envelope(data: bytes) -> None:
    """One JSON value."""
    _same(parse(load_json(data, _LIMITS.max_depth), now=NOW, feed="news"))


def markup(data: bytes) -> None:
    """A field of HTML."""
    read_markup(Fields({"text": data.decode("utf-8", "replace")}), "text", _LIMITS.max_text_chars)


def captions(data: bytes) -> None:
    """A file of captions."""
    turns_of_captions(Fields({"text": data.decode("utf-8", "replace")}), "text", _LIMITS.max_text_chars)


def xml(data: bytes) -> None:
    """A feed, or a news message."""
    items_of_xml(data)


def seeds(name: str) -> list[bytes]:
    """What a target begins with."""
    alone = {"markup": [_HTML], "captions": [_CUES], "xml": [_FEED]}
    if name != "body":
        return alone.get(name, _BODIES)
    fitting = [[_FEED] if kind in XMLS else [_CUES] if kind in CAPTIONS else _BODIES for kind in _TYPES]
    return [bytes((place, how)) + text for place, texts in enumerate(fitting) for text in texts for how in (0, 1)]


def held(target: Callable[[bytes], None], data: bytes) -> None:
    """Read it, or be refused as the caller's fault."""
    try:
        target(data)
    except RtadaptError as error:
        assert 400 <= error.status < 500, error


def _event(value: object, media_type: str, headers: dict[str, str]) -> None:
    try:
        _same(parse(value, content_type=media_type, headers=headers, now=NOW, feed="news"))
    except RtadaptError as error:
        assert 400 <= error.status < 500, error


def _same(event: Event) -> None:
    """What the log keeps of an event is that event."""
    again = decode(LogRecord(0, 0, event.feed, encode(event), event.accepted_at))
    told = ("id", "feed", "kind", "text", "time", "source", "subject", "consent", "headline", "turns", "facts", "pairs")
    changed = [name for name in told if getattr(again, name) != getattr(event, name)]
    assert not changed, changed
