"""The control plane as the command line asks it, over HTTP.

Owns one request: its time limit, its key, and what a refusal or silence is told as.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from rtadapt.errors import InvalidSettings, RtadaptError, Unavailable

_SECONDS = 60.0


class Refused(RtadaptError):
    """The control plane said no."""


def ask(url: str, path: str, body: Mapping[str, Any], key_file: Path | None) -> Any:
    """POST `body` and give the answer. Raises Refused with what it says, Unavailable where nobody answers."""
    headers = {} if key_file is None else {"authorization": f"Bearer {_key(key_file)}"}
    try:
        answer = httpx.post(f"{url.rstrip('/')}{path}", json=dict(body), headers=headers, timeout=_SECONDS)
        said = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(f"no control plane answers at {url}: start it, or name another with --url") from error
    if not answer.is_success:
        field = f"{said['field']}: " if said.get("field") else ""
        raise Refused(f"{field}{said.get('detail', f'HTTP {answer.status_code}')}")
    return said


def _key(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"--key-file: {path} could not be read: {type(error).__name__}", field="key-file") from error
