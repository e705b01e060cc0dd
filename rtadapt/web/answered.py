"""Writing an answer of our own, in plain ASGI: JSON, and an error in the shape that clients of its path know.

Owns which path speaks which tongue: OpenAI's routes, Anthropic's, and our own, where an error is a problem document (RFC 9457).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from rtadapt.errors import RtadaptError, anthropic_error, headers_of, openai_error, problem
from rtadapt.web.asked import Send, encoded

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
Shape = Callable[[RtadaptError], dict[str, object]]
_OPENAIS = ("/v1/completions", CHAT, "/v1/responses", "/v1/models")


async def send_json(
    send: Send, status: int, value: Any, headers: Iterable[tuple[str, str]] = (), media_type: str = "application/json"
) -> None:
    """Answer with `value` as JSON."""
    body = json.dumps(value).encode()
    ours = encoded((("content-type", media_type), ("content-length", str(len(body)))))
    await send({"type": "http.response.start", "status": status, "headers": ours + encoded(headers)})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, error: RtadaptError, path: str, otherwise: Shape = problem) -> None:
    """Answer with `error`, in the shape that clients of `path` know; on a path that is nobody's, `otherwise`."""
    shape = otherwise
    if _is_below(path, MESSAGES):
        shape = anthropic_error
    elif any(_is_below(path, known) for known in _OPENAIS):
        shape = openai_error
    media_type = "application/problem+json" if shape is problem else "application/json"
    await send_json(send, error.status, shape(error), headers_of(error).items(), media_type)


def _is_below(path: str, known: str) -> bool:
    return path == known or path.startswith(known + "/")
