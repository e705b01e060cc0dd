"""`rtadapt feeds`, `dead-letters` and `log`: an operator's words, over HTTP to a running control plane.

Owns the requests and how their answers are printed: one JSON object a line, so that they can be piped. The key comes
from a file, never from the command line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from rtadapt.errors import InvalidInput, NotFound, RtadaptError, Unavailable

_TIMEOUT_SECONDS = 30.0


class Operator:
    """One control plane at `url`. Every method gives the lines to print, and raises RtadaptError with what was answered."""

    def __init__(self, url: str, key_file: Path | None = None) -> None:
        key = key_file.read_text(encoding="utf-8").strip() if key_file is not None else ""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, headers=headers, trust_env=False)

    def feeds(self) -> Iterator[str]:
        """Every feed: its version, what it answers from, and why it stands still."""
        for feed in self._ask("GET", "/v1/feeds")["feeds"]:
            yield _line(feed)

    def delete_feed(self, feed: str) -> Iterator[str]:
        """Delete a feed."""
        yield _line(self._ask("DELETE", f"/v1/feeds/{feed}"))

    def letters(self, feed: str, reason: str, limit: int) -> Iterator[str]:
        """The newest dead letters."""
        asked = {"feed": feed, "reason": reason, "limit": str(limit)}
        for letter in self._ask("GET", "/v1/dead-letters", asked)["dead_letters"]:
            yield _line(letter)

    def letter(self, what: str, place: str) -> Iterator[str]:
        """`show`, `replay` or `drop` one dead letter."""
        method = {"show": "GET", "replay": "POST", "drop": "DELETE"}[what]
        yield _line(self._ask(method, f"/v1/dead-letters/{place}", body={"action": "replay"} if what == "replay" else None))

    def log(self) -> Iterator[str]:
        """Which log it is, and how its partitions stand."""
        yield _line(self._ask("GET", "/v1/log"))

    def begin_log(self, start: str) -> Iterator[str]:
        """Have the log count as a new one, read from its beginning or from its end."""
        yield _line(self._ask("POST", "/v1/log", body={"action": "begin", "read_from": start}))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, asked: dict[str, str] | None = None, body: Any = None) -> Any:
        try:
            response = self._http.request(method, path, params=asked, json=body)
            said = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"no control plane answers at {self._http.base_url}: {type(error).__name__}") from error
        if response.is_success:
            return said
        what = said.get("detail", "no reason given") if isinstance(said, dict) else "no reason given"
        kinds: dict[int, type[RtadaptError]] = {404: NotFound, 422: InvalidInput}
        raise kinds.get(response.status_code, Unavailable)(f"{response.status_code}: {what}")


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
