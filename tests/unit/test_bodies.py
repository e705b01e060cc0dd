"""Bodies cut into items: media types, encodings, NDJSON, and JSON that is out to hurt."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtadapt.config import IntakeSettings
from rtadapt.errors import InvalidEvent, Malformed, RtadaptError, TooLarge, UnsupportedMediaType
from rtadapt.events.bodies import ACCEPTED, TEXTS, Items, split, unpack
from rtadapt.web.jsontext import load_json, within_depth

LIMITS = IntakeSettings(max_body_bytes=10_000, max_events=5)


def cut(raw: bytes, content_type: str = "application/json", **headers: str) -> Items:
    return split(raw, {"content-type": content_type, **headers}, LIMITS)


def test_an_object_is_single_and_an_array_is_not() -> None:
    assert cut(b'{"a": 1}').single
    items = cut(b'[{"a": 1}, 7, null]')
    assert not items.single
    assert [item.body for item in items.items] == [{"a": 1}, 7, None]


def test_ndjson_is_read_line_by_line_and_keeps_line_numbers() -> None:
    items = cut(b'\xef\xbb\xbf{"a": 1}\n\n{"b": \r\n"two"\n[1]', "application/x-ndjson").items
    assert [item.index for item in items] == [0, 2, 3, 4]
    assert items[0].body == {"a": 1}
    assert isinstance(items[1].error, Malformed)
    assert items[2].body == "two"


@pytest.mark.parametrize("media", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"'])
def test_content_types_are_read_as_http_writes_them(media: str) -> None:
    assert cut(b"{}", media).media_type == "application/json"


@pytest.mark.parametrize(
    "media", ["", "text/html", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "json", ";"]
)
def test_other_content_types_are_refused_by_name(media: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        cut(b"{}", media)
    assert caught.value.field == "content-type"


def test_a_cloud_event_in_headers_has_one_event_in_its_body() -> None:
    headers = {"ce-specversion": "1.0"}
    assert cut(b'{"a": 1}\n', "application/x-ndjson", **headers).single
    assert cut(b'[{"a": 1}]', **headers).single
    with pytest.raises(Malformed):
        cut(b'{"a": 1}\n{"a": 2}', "application/x-ndjson", **headers)


def test_vendor_json_types_are_taken_as_one_event() -> None:
    assert cut(b"{}", "application/vnd.example.story+json").single


def test_a_batch_type_needs_an_array_and_a_single_type_an_object() -> None:
    with pytest.raises(InvalidEvent):
        cut(b"{}", "application/cloudevents-batch+json")
    with pytest.raises(InvalidEvent):
        cut(b"[]", "application/cloudevents+json")


@pytest.mark.parametrize(
    "raw", [b"", b" \n ", b"\x00", b"{", b'{"a"', b"nul", b"\xff\xfe{}", b"{} {}", b"NaN", b'{"a": Infinity}', b"'a'"]
)
@pytest.mark.parametrize("media", sorted(set(ACCEPTED) - TEXTS))
def test_what_is_no_json_is_malformed(raw: bytes, media: str) -> None:
    if "nd" in media or "jsonl" in media:
        try:
            items = cut(raw, media).items
        except RtadaptError as error:
            assert error.field == "body"
        else:
            assert all(item.error is not None and item.error.field == "line" for item in items)
        return
    with pytest.raises(Malformed) as caught:
        cut(raw, media)
    assert caught.value.field == "body"


def test_counts_are_bounded_and_nothing_is_no_batch() -> None:
    with pytest.raises(TooLarge):
        cut(b"[1,2,3,4,5,6]")
    with pytest.raises(TooLarge):
        cut(b"1\n" * 6, "application/x-ndjson")
    with pytest.raises(InvalidEvent):
        cut(b"[]")


def test_plain_text_is_one_story() -> None:
    assert cut("Zürich.".encode(), "text/plain").items[0].body == "Zürich."
    with pytest.raises(Malformed):
        cut(b"\xff", "text/plain")


def test_gzip_is_unpacked() -> None:
    assert unpack(gzip.compress(b"hello"), "GZIP", LIMITS) == b"hello"
    assert unpack(b"hello", "identity", LIMITS) == b"hello"


def test_a_gzip_bomb_stops_at_the_limit() -> None:
    with pytest.raises(TooLarge):
        unpack(gzip.compress(b"0" * 50_000_000), "gzip", LIMITS)


PACKED = gzip.compress(b"hello", mtime=0)  # the time would be part of the tests' names, and two processes' names must agree


@pytest.mark.parametrize("raw", [b"", b"hello", PACKED[:-3], PACKED + b"more"], ids=["empty", "bare", "cut", "trailed"])
def test_broken_gzip_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        unpack(raw, "gzip", LIMITS)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_content_encodings_are_refused_by_name(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        unpack(b"", encoding, LIMITS)
    assert caught.value.field == "content-encoding"


def test_nesting_is_bounded_before_anything_recurses() -> None:
    for deep in (b"[" * 1_000_000, b'{"a":' * 500_000, b"[" * 25 + b"]" * 25):
        with pytest.raises(Malformed, match="nested"):
            load_json(deep, 24)
    assert load_json(b"[" * 24 + b"]" * 24, 24)


def test_brackets_in_strings_are_no_nesting() -> None:
    text = "[[[{{{" * 100 + '\\" [[['
    assert load_json(json.dumps([text, text]).encode(), 2) == [text, text]
    assert not within_depth(b'"\\\\" [[[', 2)


def test_many_siblings_are_no_nesting() -> None:
    assert load_json(b"[" + b",".join([b"{}"] * 5_000) + b"]", 2)


def test_huge_numbers_are_read_and_duplicate_keys_are_fine() -> None:
    assert load_json(b"1" * 300, 4) == int("1" * 300)
    assert load_json(b"-" + b"9" * 100_000, 4) == float("-inf")
    assert load_json(b"1e999", 4) == float("inf")
    assert load_json(b'{"a": 1, "a": 2}', 4) == {"a": 2}


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=300), media=st.sampled_from(ACCEPTED), encoding=st.sampled_from(["", "gzip"]))
def test_any_bytes_are_items_or_an_error_that_names_a_field(raw: bytes, media: str, encoding: str) -> None:
    try:
        items = cut(unpack(raw, encoding, LIMITS), media)
    except RtadaptError as error:
        assert 400 <= error.status < 500
        assert error.field
    else:
        assert items.items


@settings(max_examples=300, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.text(max_size=10) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=30,
    )
)
def test_depth_is_counted_as_the_parser_nests(value: object) -> None:
    def depth(value: object) -> int:
        if isinstance(value, dict):
            return 1 + max((depth(inner) for inner in value.values()), default=0)
        return 1 + max((depth(inner) for inner in value), default=0) if isinstance(value, list) else 0

    raw = json.dumps(value).encode()
    assert within_depth(raw, depth(value))
    assert depth(value) == 0 or not within_depth(raw, depth(value) - 1)
