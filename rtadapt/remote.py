"""A control plane or a replica as the command line asks it, over HTTP.

Owns one request: its time limit, its key, and what a refusal or silence is told as.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from rtadapt.errors import InvalidSettings, RtadaptError, Unavailable

_SECONDS = 60.0


class Refused(RtadaptError):
    """It said no."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is sent as it is."""

    content: bytes
    media_type: str


def ask(
    urls: Sequence[str],
    path: str,
    body: Mapping[str, Any] | Raw | None,
    key_file: Path | None,
    method: str = "POST",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = _SECONDS,
) -> Any:
    """Send `body` to the first of `urls` where somebody listens, and give the answer.

    Raises Refused with what it says, Unavailable where nobody answers, InvalidSettings for what is no address.
    """
    sent = dict(headers or {}) | ({} if key_file is None else {"authorization": f"Bearer {_key(key_file)}"})
    what: dict[str, Any] = {"json": body}
    if isinstance(body, Raw):
        what = {"json": None, "content": body.content}
        sent["content-type"] = body.media_type
    for url in urls:
        _check(url)
        try:
            address = f"{url.rstrip('/')}{path}"
            answer = httpx.request(method, address, params=query, headers=sent, timeout=seconds, **what)
            return _said(url, answer)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
        except httpx.HTTPError as error:
            raise Unavailable(f"{url} does not answer: {type(error).__name__}") from error
    raise Unavailable(f"nobody answers at {' or '.join(urls)}: start it, or name another with --url")


def _check(url: str) -> None:
    try:
        good = url.startswith(("http://", "https://")) and bool(httpx.URL(url).host) and bool(urlsplit(url).hostname)
    except (httpx.InvalidURL, ValueError):
        good = False
    if not good:
        raise InvalidSettings(f"--url: {url} is no address of the form http://host:port", field="url")


def _said(url: str, answer: httpx.Response) -> Any:
    try:
        said = answer.json()
        refused = not answer.is_success
        told = said.get("error", said) if refused else {}  # a replica answers in OpenAI's shape
        field = f"{told['field']}: " if told.get("field") else ""
        detail = str(told["message"] if "message" in told else told["detail"]) if refused else ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # somebody's, but not ours
        raise Unavailable(f"what answers at {url} is none of rtadapt's (HTTP {answer.status_code})") from error
    if refused:
        hint = "; name a key that may do it with --key-file" if answer.status_code == httpx.codes.UNAUTHORIZED else ""
        raise Refused(f"{field}{detail}{hint}")
    return said


def _key(path: Path) -> str:
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text"
        raise InvalidSettings(f"--key-file: {path}: {why}", field="key-file") from error
    if len(key.split()) != 1 or not key.isascii():
        raise InvalidSettings(f"--key-file: {path} holds one key and nothing else", field="key-file")
    return key
