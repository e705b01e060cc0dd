"""Reading a request of the control plane: its body, and its JSON against a model.

Owns what a control body may be. Gives bytes or a validated model; raises Malformed, TooLarge, UnsupportedMediaType or
InvalidInput naming the field at fault.
"""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from rtadapt.api.problems import invalid
from rtadapt.errors import InvalidInput, Malformed, UnsupportedMediaType
from rtadapt.web.asked import Gone, read_body
from rtadapt.web.jsontext import load_json

CONTROL_BODY_BYTES = 64 * 1024
_CONTROL_DEPTH = 8

_M = TypeVar("_M", bound=BaseModel)


async def body_of(request: Request, max_bytes: int) -> bytes:
    """The whole body, at most `max_bytes` of it and within a minute."""
    try:
        return await read_body(request.scope, request.receive, max_bytes)
    except Gone as error:
        raise Malformed("the connection ended before the body did", field="body") from error


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
