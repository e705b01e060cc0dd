"""What the middleware makes of a request's body, and writes itself, in plain ASGI.

Owns the shape of a completion request's JSON, the work beside the event loop, and the JSON answers that we give ourselves.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from rtadapt.errors import InvalidRequest, RtadaptError, anthropic_error, headers_of, openai_error
from rtadapt.web.asked import Message, Receive, Scope, Send, encoded
from rtadapt.web.jsontext import Shape, load_json

MESSAGES = "/v1/messages"
"""Anthropic's route: its clients understand its own errors alone."""
_SHAPE = Shape(depth=64, containers=50_000, commas=200_000)
"""Of a completion request's JSON. Near Python's own limit of depth what we could read could no longer be written or read
again; and what the parser makes of so many parts holds up every stream of this process while it does."""
_LARGE_BYTES = 64 * 2**10
"""A body above this is read and written beside the event loop."""

_BROKEN = b'data: {"error"', b"event: error"
"""How a piece of a stream begins in which the engine says that it failed: the status was sent long before."""

R = TypeVar("R")


async def beside(size_bytes: int, function: Callable[..., R], *arguments: Any) -> R:
    """`function(*arguments)`, off the event loop if it has that much to work on."""
    if size_bytes <= _LARGE_BYTES:
        return function(*arguments)
    return await asyncio.to_thread(function, *arguments)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object that `body` spells in UTF-8. Raises Malformed, InvalidRequest; the message never quotes the body."""
    value = load_json(body, _SHAPE)
    if not isinstance(value, dict):
        raise InvalidRequest("the body must be a JSON object", field="body")
    return value


def written(body: dict[str, Any], model: str) -> bytes:
    """The request's JSON with `model` in place of the one that it names."""
    return json.dumps({**body, "model": model}).encode()


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


class Noted:
    """A `send` that remembers the status it sent, 500 once a stream says that it failed; 0 while there was none."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.first_at: float | None = None
        """When the first byte of the body passed, by `time.perf_counter`."""

    async def __call__(self, message: Message) -> None:
        """Send on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif body := message.get("body"):
            if self.first_at is None:
                self.first_at = time.perf_counter()
            if body.startswith(_BROKEN):
                self.status = 500
        await self._send(message)


async def send_json(send: Send, status: int, value: Any, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Answer with `value` as JSON."""
    body = json.dumps(value).encode()
    ours = encoded((("content-type", "application/json"), ("content-length", str(len(body)))))
    await send({"type": "http.response.start", "status": status, "headers": ours + encoded(headers)})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, error: RtadaptError, path: str) -> None:
    """Answer with `error`, in the shape that clients of `path` know."""
    shape = anthropic_error if path == MESSAGES else openai_error
    await send_json(send, error.status, shape(error), headers_of(error).items())
