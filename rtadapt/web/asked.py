"""Reading a request, in plain ASGI: its headers, its id, its body.

Owns the bounds of a body in size and time, whoever asked for what: a `content-length` may be absent or a lie.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from rtadapt.errors import Malformed, TooLarge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Headers = list[tuple[bytes, bytes]]

BODY_SECONDS = 60.0
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


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
    """The caller's x-request-id if it is a sane one, else a new one. The same each time that it is asked for."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        given = header(scope, "x-request-id")
        state["request_id"] = given if given is not None and _SANE_ID.fullmatch(given) else secrets.token_hex(16)
    return str(state["request_id"])


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be, Malformed after a minute, and Gone."""
    length = header(scope, "content-length") or ""
    if length.isascii() and length.isdigit() and int(length[:20]) > limit_bytes:
        raise _too_large(limit_bytes)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, limit_bytes)
    except TimeoutError:
        raise Malformed(f"the body did not arrive within {BODY_SECONDS:.0f} seconds", field="body") from None


async def _read(receive: Receive, limit_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit_bytes:,} bytes", field="body")


def encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers as ASGI carries them. The base model may be named in letters that no header can hold."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]


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
