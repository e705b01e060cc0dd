"""Reading one HTTP request and writing one small answer, in plain ASGI.

Owns the bounds of a request body in size, time and depth, the headers we read and write, and the JSON answers that we
give ourselves.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from rtadapt.errors import InvalidRequest, RtadaptError, TooLarge, Unavailable, openai_error
from rtadapt.serving.engine import Message, Receive, Scope, Send

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_RETRY_AFTER_SECONDS = "1"
_BODY_SECONDS = 60.0
_MAX_DEPTH = 64
"""Of a completion request's JSON. Near Python's own limit what we could read could no longer be written or read again."""
_MAX_CONTAINERS = 50_000
_MAX_COMMAS = 200_000
"""Of a completion request's JSON: what the parser makes of these holds up every stream of this process while it does."""
_LARGE_BYTES = 64 * 2**10
"""A body above this is read and written beside the event loop."""

R = TypeVar("R")

Headers = list[tuple[bytes, bytes]]


class Gone(Exception):
    """The client left before the request was complete: nobody is there to answer."""


def header(scope: Scope, name: str) -> str | None:
    """The first value of a request header, or None."""
    wanted = name.encode()
    for key, value in scope["headers"]:
        if key.lower() == wanted:
            return bytes(value).decode("latin-1")
    return None


def request_id(scope: Scope) -> str:
    """The caller's x-request-id if it is a sane one, else a new one."""
    given = header(scope, "x-request-id")
    return given if given is not None and _SANE_ID.fullmatch(given) else secrets.token_hex(16)


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """The whole request body. Raises TooLarge as soon as it is known to be, InvalidRequest after a minute, and Gone."""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _read_body(scope, receive, limit_bytes)
    except TimeoutError:
        raise InvalidRequest(f"the body did not arrive within {_BODY_SECONDS:.0f} seconds", field="body") from None


async def _read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    length = header(scope, "content-length") or ""
    if length.isdigit() and int(length) > limit_bytes:
        raise TooLarge(f"the request body is over the limit of {limit_bytes} bytes", field="body")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size > limit_bytes:
            raise TooLarge(f"the request body is over the limit of {limit_bytes} bytes", field="body")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def beside(size_bytes: int, function: Callable[..., R], *arguments: Any) -> R:
    """`function(*arguments)`, off the event loop if it has that much to work on."""
    if size_bytes <= _LARGE_BYTES:
        return function(*arguments)
    return await asyncio.to_thread(function, *arguments)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object that `body` spells in UTF-8. Raises InvalidRequest; the message never quotes the body."""
    _check_shape(body)
    try:
        value = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"byte {error.start} of the body is not UTF-8", field="body") from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"the body is no JSON: {error.msg} at character {error.pos}", field="body") from None
    except ValueError:  # a number too long
        raise InvalidRequest("the body is no JSON that can be read", field="body") from None
    if not isinstance(value, dict):
        raise InvalidRequest("the body must be a JSON object", field="body")
    return value


def _check_shape(body: bytes) -> None:
    """Raises InvalidRequest for JSON that is nested too deep or falls into too many parts, before anything is made of it.

    Works on all bytes at once: quotes say what lies in strings, and what is left are brackets and commas.
    """
    if body.count(b"[") + body.count(b"{") <= _MAX_DEPTH and body.count(b",") <= _MAX_COMMAS:
        return
    marks = np.frombuffer(body.replace(b"\\\\", b"").replace(b'\\"', b""), dtype=np.uint8)
    outside = np.cumsum(marks == ord('"'), dtype=np.int32) & 1 == 0
    brackets = marks & 0xDF  # makes one of { and [, and one of } and ]
    opening, closing = (brackets == ord("[")) & outside, (brackets == ord("]")) & outside
    depth = np.cumsum(opening.astype(np.int8) - closing.astype(np.int8), dtype=np.int32)
    if int(depth.max(initial=0)) > _MAX_DEPTH:
        raise InvalidRequest(f"the JSON is nested more than {_MAX_DEPTH} deep", field="body")
    if int(opening.sum()) > _MAX_CONTAINERS or int(((marks == ord(",")) & outside).sum()) > _MAX_COMMAS:
        raise InvalidRequest("the JSON has too many parts", field="body")


def text_field(body: dict[str, Any], name: str) -> str | None:
    """The string at `name`, or None when it is not there. Raises InvalidRequest when it is something else."""
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise InvalidRequest(f"{name} must be a string", field=name)


def with_headers(scope: Scope, changes: dict[str, str]) -> Scope:
    """A copy of `scope` in which these request headers have these values."""
    names = {name.encode() for name in changes}
    kept = [(key, value) for key, value in scope["headers"] if key.lower() not in names]
    return {**scope, "headers": kept + encoded(changes.items())}


def encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers as ASGI carries them. The base model may be named in letters that no header can hold."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` once more, then whatever comes after (the client leaving)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def naming(send: Send, headers: dict[str, str]) -> Send:
    """A `send` that puts `headers` on the response in place of any of the same name."""
    names = {name.encode() for name in headers}
    ours = encoded(headers.items())

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
            message = {**message, "headers": kept + ours}
        await send(message)

    return named


class Noted:
    """A `send` that remembers the status it sent; 0 while there was none."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def send_json(send: Send, status: int, value: Any, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Answer with `value` as JSON."""
    body = json.dumps(value).encode()
    ours = encoded((("content-type", "application/json"), ("content-length", str(len(body)))))
    await send({"type": "http.response.start", "status": status, "headers": ours + encoded(headers)})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, error: RtadaptError) -> None:
    """Answer with `error` in OpenAI's shape."""
    headers = [("retry-after", _RETRY_AFTER_SECONDS)] if isinstance(error, Unavailable) else []
    if error.status == 401:
        headers.append(("www-authenticate", "Bearer"))
    await send_json(send, error.status, openai_error(error), headers)
