"""Events in and out of their envelopes: CloudEvents 1.0, ninjs, vCon, captions and plain JSON in; CloudEvents out.

Owns the recognition of formats, the identity of events and the form they have in the log. Takes one parsed JSON value
(or a text, for CloudEvents' binary mode); gives one Event, or raises InvalidEvent naming the field at fault.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import threading
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from rtadapt.config import IntakeSettings
from rtadapt.errors import InvalidEvent, Malformed
from rtadapt.events.bodies import TEXTS
from rtadapt.events.captions import MEDIA_TYPES as CAPTIONS
from rtadapt.events.captions import turns_of_captions
from rtadapt.events.draft import MAX_NAME_CHARS, Draft, caller_id, derived_id
from rtadapt.events.fields import Fields, as_fields, clean, fault
from rtadapt.events.log import LogRecord
from rtadapt.events.markup import read_markup
from rtadapt.events.ninjs import is_ninjs, ninjs
from rtadapt.events.stories import check_in_force, feed_item, is_feed_item, is_plain, plain
from rtadapt.events.transcripts import plain_turns, with_turns
from rtadapt.events.vcon import is_vcon, vcon
from rtadapt.records import FEED_NAME, Event, Position
from rtadapt.web.jsontext import load_json

OUR_TYPE = "io.github.rtadapt.event.v1"
"""The CloudEvents `type` of what `encode` makes; its id is already an event id of ours."""

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TWO_DIGITS = [first + second for first in _DIGITS for second in _DIGITS]
_CE_HEADER = re.compile(r"ce-([a-z0-9]+)")
_NO_HEADERS: Mapping[str, str] = {}

_IDS_AT_ONCE = 100
_random = threading.local()
os.register_at_fork(after_in_child=lambda: vars(_random).clear())  # or parent and child would give the same ids


def parse(
    body: object,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] = _NO_HEADERS,
    now: float | None = None,
    feed: str = "",
    limits: IntakeSettings | None = None,
) -> Event:
    """The event that one item of a request means.

    `body` is a JSON value, or for `text/plain` a string. `headers` (names in lower case) carry the attributes of a
    CloudEvent in binary mode. `feed` is where it belongs when nothing in it says so. `now` is Unix seconds: what is under
    embargo then, or expired, is no event. Raises InvalidEvent, whose `field` is a path into `body` or the name of a header.
    """
    now = time.time() if now is None else now
    limits = limits or IntakeSettings()
    attributes = _attributes(headers)
    if "specversion" in attributes:
        draft = _with_attributes(Fields(attributes, "ce-"), _data_draft(body, "", content_type, now, limits), now)
    elif isinstance(body, str) and content_type in TEXTS:
        draft = _text_draft(body, "text", content_type, limits)
    else:
        draft = _draft(_root(body), now, limits)
    return _finish(draft, feed or attributes.get("feed", ""), now, "")


def encode(event: Event) -> bytes:
    """The event as a CloudEvents 1.0 JSON value for the log. `decode` gives the same event back."""
    data: dict[str, Any] = {"accepted_at": event.accepted_at, "time": event.time, "consent": event.consent}
    if event.turns:
        data["turns"] = [{"speaker": turn.speaker.value, "text": turn.text} for turn in event.turns]
    else:
        data["text"] = event.text
    if event.facts:
        data["facts"] = [{"entity": fact.entity, "relation": fact.relation, "value": fact.value} for fact in event.facts]
    if event.pairs:
        data["qa"] = [{"question": pair.question, "answer": pair.answer} for pair in event.pairs]
    data.update((name, value) for name in ("headline", "source", "subject") if (value := getattr(event, name)))
    envelope = {
        "specversion": "1.0",
        "type": OUR_TYPE,
        "id": event.id,
        "source": event.source or "rtadapt",
        "time": _iso(event.time),
        "feed": event.feed,
        "datacontenttype": "application/json",
        "data": data,
    }
    return to_json(envelope)


def decode(record: LogRecord, limits: IntakeSettings | None = None) -> Event:
    """The event in a record of the log: one of ours, or any format that `parse` knows from a foreign producer.

    The record's key names the feed when nothing in it does. A foreign event was accepted when the log took it, and
    without an id of its own it is named after its place, so that reading it again gives the same. Raises InvalidEvent.
    """
    limits = limits or IntakeSettings()
    if record.fault:
        raise fault("record", record.fault)
    if len(record.value) > limits.max_body_bytes:
        raise fault("record", f"takes {len(record.value):,} bytes; the limit is {limits.max_body_bytes:,}")
    try:
        body = load_json(record.value, limits.max_depth)
    except Malformed as error:
        raise InvalidEvent(str(error), field=error.field) from error
    fields = _root(body)
    accepted_at = record.appended_at
    if fields.body.get("type") == OUR_TYPE and isinstance(fields.body.get("data"), dict):
        accepted_at = fields.inner("data").moment("accepted_at") or accepted_at
    place = f"log-{record.partition}-{record.offset}"
    event = _finish(_draft(fields, accepted_at, limits), record.key, accepted_at, place)
    return replace(event, position=Position(record.partition, record.offset))


def fresh_id(now: float) -> str:
    """A new event id: 26 characters that sort by time (milliseconds), then 80 random bits, as a ULID has them."""
    bits: list[bytes] | None = getattr(_random, "bits", None)
    if not bits:  # the system is asked for many ids' at once
        drawn = secrets.token_bytes(10 * _IDS_AT_ONCE)
        _random.bits = bits = [drawn[at : at + 10] for at in range(0, len(drawn), 10)]
    number = (int(now * 1000) << 80) | int.from_bytes(bits.pop())
    return "".join([_TWO_DIGITS[number >> shift & 1023] for shift in range(120, -1, -10)])


def event_id_of(name: str, source: str) -> str:
    """The event id of the CloudEvent with id `name` from `source`."""
    return derived_id(name, source)


@lru_cache(maxsize=16)
def _iso(moment: float) -> str:
    """The moment in RFC 3339: events of one request that name none have the same."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a CloudEvent that are headers."""
    named = [(name, text) for name, text in headers.items() if name.startswith("ce-")]
    return {match[1]: urllib.parse.unquote(text) for name, text in named if (match := _CE_HEADER.fullmatch(name))}


def _root(body: object) -> Fields:
    """An event's own object: the paths of its fields begin with their names."""
    return Fields(body) if isinstance(body, dict) else as_fields(body, "event")


def _draft(fields: Fields, now: float, limits: IntakeSettings) -> Draft:
    """The draft in a JSON object, whichever format it has."""
    body = dict(fields.body)
    if "specversion" in body:
        media = _media_of(fields)
        draft = _data_draft(_cloud_event_data(fields, media, limits), fields.at("data"), media, now, limits)
        return _with_attributes(fields, draft, now)
    if is_plain(body):
        return plain(fields, limits)
    check_in_force(fields, now)
    if is_vcon(body):
        return vcon(fields, limits)
    if "turns" in body:
        return plain_turns(fields, limits)
    if is_ninjs(body):
        return ninjs(fields, limits)
    return (feed_item if is_feed_item(body) else plain)(fields, limits)


def _data_draft(data: object, path: str, media: str, now: float, limits: IntakeSettings) -> Draft:
    """The draft in a CloudEvent's data: an object in any other format, or a text of the type `media`."""
    if isinstance(data, str):
        return _text_draft(data, path.rpartition(".")[2] or "body", media, limits)
    fields = as_fields(data, path) if path else _root(data)
    if "specversion" in fields.body:
        raise fields.fault("specversion", "makes this a CloudEvent within a CloudEvent")
    return _draft(fields, now, limits)


def _text_draft(text: str, name: str, media: str, limits: IntakeSettings) -> Draft:
    """What is nothing but a text, which came in the field `name`: a story, or the captions of a conversation."""
    fields = Fields({name: text})
    if media in CAPTIONS:
        turns = turns_of_captions(fields, name, limits.max_text_chars * 4)
        return with_turns(Draft(text=""), turns, fields, name, limits)
    if "html" in media:
        return Draft(text=read_markup(fields, name, limits.max_text_chars))
    if media not in ("", "text/plain", "application/json") and not media.endswith("+json"):
        raise fault("datacontenttype", "is not one that is read: JSON, plain text, HTML, WebVTT or SRT")
    return Draft(text=fields.text(name, limits.max_text_chars, required=True))


def _media_of(fields: Fields) -> str:
    return fields.text("datacontenttype", MAX_NAME_CHARS).partition(";")[0].strip().lower()


def _with_attributes(fields: Fields, draft: Draft, now: float) -> Draft:
    """The draft with what the CloudEvent's attributes say about it. Its id and source together are its identity."""
    check_in_force(fields, now)
    if fields.text("specversion", MAX_NAME_CHARS) != "1.0":
        raise fields.fault("specversion", "must be 1.0")
    kind = fields.text("type", MAX_NAME_CHARS, required=True)
    source = fields.text("source", 2048, required=True)
    name = fields.text("id", 2048, required=True)
    ours = kind == OUR_TYPE
    moment = fields.moment("time")
    return replace(
        draft,
        id=caller_id(fields) if ours else event_id_of(name, source),
        feed=fields.text("feed", MAX_NAME_CHARS) or draft.feed,
        time=draft.time if draft.time is not None else moment,
        source=draft.source if ours or draft.source else source[:MAX_NAME_CHARS],
        subject=draft.subject or fields.text("subject", MAX_NAME_CHARS) or None,
    )


def _cloud_event_data(fields: Fields, media: str, limits: IntakeSettings) -> object:
    """The data of a CloudEvent in structured mode."""
    if fields.has("data"):
        if fields.has("data_base64"):
            raise fields.fault("data_base64", "stands beside data: a CloudEvent has one of them")
        return fields.body["data"]
    if not fields.has("data_base64"):
        raise fields.fault("data", "is missing")
    coded = fields.body["data_base64"]
    if not isinstance(coded, str):
        raise fields.fault("data_base64", "must be a string")
    try:
        raw = base64.b64decode(coded, validate=True)
        if media in ("", "application/json") or media.endswith("+json"):
            return load_json(raw, limits.max_depth, fields.at("data_base64"))
        return clean(raw.decode())
    except Malformed as error:
        raise InvalidEvent(str(error), field=error.field) from error
    except (binascii.Error, ValueError) as error:
        raise fields.fault("data_base64", "is not base64 of JSON or of UTF-8 text") from error


def _finish(draft: Draft, feed: str, accepted_at: float, fallback_id: str) -> Event:
    """The event, once its feed and id are settled: the draft's, or `fallback_id`, or a fresh one."""
    named = draft.feed or feed
    if not named:
        raise fault("feed", "is missing: name it in the event, in the query (`?feed=`) or in the header ce-feed")
    if not FEED_NAME.fullmatch(named):
        raise fault("feed", "must be 1 to 63 of the characters a-z 0-9 _ - and begin with a letter or digit")
    return Event(
        id=draft.id or fallback_id or fresh_id(accepted_at),
        feed=named,
        kind=draft.kind,
        text=draft.text,
        accepted_at=accepted_at,
        time=accepted_at if draft.time is None else draft.time,
        source=draft.source,
        subject=draft.subject,
        consent=draft.consent,
        headline=draft.headline,
        turns=draft.turns,
        facts=draft.facts,
        pairs=draft.pairs,
    )
