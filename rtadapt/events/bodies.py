"""A request body cut into items: one object, an array, NDJSON, a CloudEvents batch, a feed, or one text: a story, or captions.

Owns the media types that `POST /v1/events` takes, and content encodings with their bound on what they unpack to.
Takes bytes and headers; gives one item per event, each with its value or with the reason why it can't be read.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from rtadapt.config import IntakeSettings
from rtadapt.errors import InvalidEvent, Malformed, RtadaptError, TooLarge, UnsupportedMediaType
from rtadapt.events.captions import MEDIA_TYPES as CAPTIONS
from rtadapt.events.newsxml import MEDIA_TYPES as XMLS
from rtadapt.events.newsxml import items_of_xml
from rtadapt.web.jsontext import load_json

NDJSON = frozenset(("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"))
BATCHES = frozenset(("application/cloudevents-batch+json",))
SINGLES = frozenset(("application/cloudevents+json", "application/vcon+json", "application/vcon"))
"""These, and any other `application/…+json`, hold one event."""
TEXTS = frozenset(("text/plain", *CAPTIONS))
JSON_FEED = "application/feed+json"
ACCEPTED = ("application/json", *sorted(SINGLES | BATCHES | NDJSON | TEXTS | XMLS | {JSON_FEED}))


@dataclass(frozen=True, slots=True)
class Item:
    """One would-be event. `index` is its place in the array, or its line in NDJSON, from 0."""

    index: int
    body: object = None
    error: RtadaptError | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """What a body holds. `single` says that it was one event and not a list that happens to have one."""

    items: list[Item]
    single: bool
    media_type: str


def unpack(raw: bytes, encoding: str, limits: IntakeSettings) -> bytes:
    """The body without its content encoding. Raises UnsupportedMediaType, Malformed, or TooLarge for a bomb."""
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        return raw
    if coding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType("the content encodings taken are identity and gzip", field="content-encoding")
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        body = unpacker.decompress(raw, limits.max_body_bytes + 1)
    except zlib.error as error:
        raise Malformed("the body is not gzip", field="body") from error
    if len(body) > limits.max_body_bytes:
        raise TooLarge(f"the body unpacks to more than {limits.max_body_bytes:,} bytes", field="body")
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("the gzip body is cut short or has something after it", field="body")
    return body


def split(raw: bytes, headers: Mapping[str, str], limits: IntakeSettings) -> Items:
    """The items of a body (already unpacked). `headers` have lower-case names.

    Raises Malformed, UnsupportedMediaType, TooLarge or InvalidEvent when the body can't be read as a whole.
    """
    media = media_type(headers.get("content-type", ""))
    if not raw.strip():
        raise Malformed("the body is empty", field="body")
    if media in TEXTS:
        return Items([Item(0, text_of(raw))], True, media)
    binary = "ce-specversion" in headers  # a CloudEvent whose attributes are headers: the body is one event's data
    if media in NDJSON and not binary:
        return Items(_lines(raw, limits), False, media)
    if media in XMLS:
        return _of_xml(raw, media, binary, limits)
    body = load_json(raw, limits.max_depth)
    if media == JSON_FEED and isinstance(body, dict) and isinstance(body.get("items"), list):
        body = body["items"]
    if media in BATCHES and not isinstance(body, list):
        raise InvalidEvent("the body must be an array in this content type", field="body")
    several = media in ("application/json", JSON_FEED) or media in BATCHES
    if isinstance(body, list) and several and not binary:
        _check_count(len(body), limits)
        return Items([Item(index, entry) for index, entry in enumerate(body)], False, media)
    if not isinstance(body, dict) and not binary:
        raise InvalidEvent("the body must be an object" + (" or an array of objects" if several else ""), field="body")
    return Items([Item(0, body)], True, media)


def media_type(content_type: str) -> str:
    """The media type alone, in lower case. Raises UnsupportedMediaType for one we don't take, or another charset."""
    media, *parameters = (part.strip() for part in content_type.split(";"))
    media = media.lower()
    if media not in ACCEPTED and not (media.startswith("application/") and media.endswith("+json")):
        raise UnsupportedMediaType(f"the content types taken are {', '.join(ACCEPTED)}", field="content-type")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType("the only character set taken is UTF-8", field="content-type")
    return media


def text_of(raw: bytes) -> str:
    """The bytes as UTF-8. Raises Malformed."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start} is not UTF-8", field="body") from error


def _lines(raw: bytes, limits: IntakeSettings) -> list[Item]:
    """NDJSON, line by line: a line that can't be read is its own item's error. Blank lines are skipped."""
    lines = [(index, line) for index, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")) if line.strip()]
    _check_count(len(lines), limits)
    items = []
    for index, line in lines:
        try:
            items.append(Item(index, load_json(line, limits.max_depth, "line")))
        except Malformed as error:
            items.append(Item(index, error=error))
    return items


def _of_xml(raw: bytes, media: str, binary: bool, limits: IntakeSettings) -> Items:
    """The items of a feed, or of a news message: one that can't be read is its own item's error."""
    if binary:
        raise UnsupportedMediaType("a CloudEvent's data is not read as XML: send the document itself", field="content-type")
    found, single = items_of_xml(raw)
    _check_count(len(found), limits)
    read = [
        Item(number, error=item) if isinstance(item, InvalidEvent) else Item(number, item) for number, item in enumerate(found)
    ]
    return Items(read, single, media)


def _check_count(count: int, limits: IntakeSettings) -> None:
    if count == 0:
        raise InvalidEvent("the body holds no events", field="body")
    if count > limits.max_events:
        raise TooLarge(f"the body holds {count:,} events; the limit is {limits.max_events:,}", field="body")
