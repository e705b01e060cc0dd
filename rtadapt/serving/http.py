"""What the middleware makes of a request's body and of its answer, in plain ASGI.

Owns the shape of a completion request's JSON, the work beside the event loop, and what is noted or put right of the engine's
answer as it passes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from rtadapt.errors import InvalidRequest, anthropic_shape
from rtadapt.web.asked import Message, Receive, Scope, Send, encoded, naming
from rtadapt.web.jsontext import Shape, load_json

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


class InAnthropicsShape:
    """A `send` for Anthropic's route: what the engine, or its framework, says in another error's shape becomes Anthropic's."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Send on; an error's answer once all of it is there."""
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                body = json.dumps(anthropic_shape(self._start["status"], _message_in(bytes(self._body)))).encode()
                ours = {"content-type": "application/json", "content-length": str(len(body))}
                await naming(self._send, ours)(self._start)
                await self._send({"type": "http.response.body", "body": body})


def _message_in(body: bytes) -> str:
    """What an error's body says, whichever of vLLM's, FastAPI's and our own it is."""
    try:
        said = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")[:500]
    said = said.get("error", said) if isinstance(said, dict) else said
    told = next((said[name] for name in ("message", "detail") if name in said), said) if isinstance(said, dict) else said
    return told if isinstance(told, str) else json.dumps(told)
