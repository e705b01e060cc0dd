"""A completion request's body: bounded in size, depth and parts, UTF-8 alone, and read beside the event loop if it is large."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtadapt.errors import Malformed
from rtadapt.serving import http

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='"\\\\[]{},:ab\u00e9', max_size=12),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(alphabet='"\\\\{}[],x', max_size=4), inner, max_size=6),
    max_leaves=200,
)


def nested(depth: int) -> bytes:
    return b'{"a": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=4), values, max_size=6))
def test_what_is_shallow_is_read_as_it_is_whatever_its_strings_hold(value: dict[str, object]) -> None:
    padded = {"brackets": "[{" * 100} | value
    assert http.parse_object(json.dumps(padded).encode()) == json.loads(json.dumps(padded))


@pytest.mark.parametrize("before", [b"", b'"[[[\\"]]]", ', rb'"\\\\", ', rb'"\\\"{", '])
def test_depth_is_counted_outside_of_strings(before: bytes) -> None:
    assert http.parse_object(b'{"a": [' + before + b"[" * 62 + b"]" * 62 + b"]}")
    with pytest.raises(Malformed, match="nested"):
        http.parse_object(b'{"a": [' + before + b"[" * 63 + b"]" * 63 + b"]}")


def test_the_deepest_that_is_read_and_the_first_that_is_not() -> None:
    assert http.parse_object(nested(64))
    with pytest.raises(Malformed, match="nested"):
        http.parse_object(nested(65))


@pytest.mark.parametrize("part", [b"[],", b"{},", b"1,", b'"",'])
def test_a_body_of_too_many_parts_is_refused_before_it_is_read(part: bytes) -> None:
    with pytest.raises(Malformed, match="too many parts"):
        http.parse_object(b'{"a": [' + part * (2**20 // len(part)) + b"0]}")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_nothing_but_utf_8_is_read(encoding: str) -> None:
    with pytest.raises(Malformed):
        http.parse_object(('{"model": "caf\u00e9", "x": ' + "[" * 50_000).encode(encoding))
    with pytest.raises(Malformed):
        http.parse_object('{"model": "caf\u00e9"}'.encode(encoding))


async def test_large_work_leaves_the_event_loop_free_and_small_work_stays_on_it() -> None:
    here = threading.get_ident()
    assert await http.beside(64 * 2**10, threading.get_ident) == here
    assert await http.beside(64 * 2**10 + 1, threading.get_ident) != here
