"""The control plane as the command line asks it, over HTTP.

Owns one request: its time limit, its key, and what a refusal or silence is told as.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from rtadapt.errors import InvalidSettings, RtadaptError, Unavailable

_SECONDS = 60.0


class Refused(RtadaptError):
    """The control plane said no."""


def ask(
    urls: Sequence[str],
    path: str,
    body: Mapping[str, Any] | None,
    key_file: Path | None,
    method: str = "POST",
    query: Mapping[str, str] | None = None,
) -> Any:
    """Send `body` to the first of `urls` where somebody listens, and give the answer.

    Raises Refused with what it says, Unavailable where nobody answers, InvalidSettings for what is no address.
    """
    headers = {} if key_file is None else {"authorization": f"Bearer {_key(key_file)}"}
    for url in urls:
        _check(url)
        try:
            address = f"{url.rstrip('/')}{path}"
            answer = httpx.request(method, address, params=query, json=body, headers=headers, timeout=_SECONDS)
            return _said(url, answer)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
        except httpx.HTTPError as error:
            raise Unavailable(f"{url} does not answer: {type(error).__name__}") from error
    raise Unavailable(f"no control plane answers at {' or '.join(urls)}: start it, or name another with --url")


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
        field = f"{said['field']}: " if refused and said.get("field") else ""
        detail = str(said["detail"]) if refused else ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # somebody's, but not ours
        raise Unavailable(f"what answers at {url} is no control plane (HTTP {answer.status_code})") from error
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
