"""Reading a request: its body, bounded while it streams in, and its JSON against a model.

Owns the bounds, because a `content-length` may be absent or a lie. Gives bytes or a validated model; raises
Malformed, TooLarge, UnsupportedMediaType or InvalidInput naming the field at fault.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from rtadapt.api.problems import invalid
from rtadapt.errors import InvalidInput, Malformed, TooLarge, UnsupportedMediaType
from rtadapt.events.jsontext import load_json

_BODY_SECONDS = 60.0
CONTROL_BODY_BYTES = 64 * 1024
_CONTROL_DEPTH = 8

_M = TypeVar("_M", bound=BaseModel)


async def body_of(request: Request, max_bytes: int) -> bytes:
    """The whole body, at most `max_bytes` of it and within a minute."""
    too_large = TooLarge(f"the body is larger than {max_bytes:,} bytes", field="body")
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > max_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise too_large
    except TimeoutError as error:
        raise Malformed(f"the body did not arrive within {_BODY_SECONDS:.0f} seconds", field="body") from error
    except ClientDisconnect as error:
        raise Malformed("the connection ended before the body did", field="body") from error
    return bytes(body)


async def json_of(request: Request) -> dict[str, object]:
    """The small JSON object in a control request's body; an empty body is an empty object."""
    raw = await body_of(request, CONTROL_BODY_BYTES)
    if not raw.strip():
        return {}
    # A page of another site can send a form or plain text without asking first, but not this type.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("the content type taken here is application/json", field="content-type")
    value = load_json(raw, _CONTROL_DEPTH)
    if not isinstance(value, dict):
        raise InvalidInput("the body must be an object", field="body")
    return value


async def model_of(request: Request, model: type[_M]) -> _M:
    """The body as `model`."""
    value = await json_of(request)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid(error) from error
