"""`rtadapt feeds`, `dead-letters` and `log`: an operator's words, over HTTP to a running control plane.

Owns the requests and how their answers are printed: one JSON object a line, so that they can be piped. The key comes
from a file, never from the command line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rtadapt.remote import ask


class Operator:
    """One control plane, at the first of `urls` where somebody listens.

    Every method gives the lines to print, and raises RtadaptError with what was answered.
    """

    def __init__(self, urls: Sequence[str], key_file: Path | None = None) -> None:
        self._urls = urls
        self._key_file = key_file

    def feeds(self) -> Iterator[str]:
        """Every feed: its version, what it answers from, and why it stands still."""
        for feed in self._ask("GET", "/v1/feeds")["feeds"]:
            yield _line(feed)

    def delete_feed(self, feed: str) -> Iterator[str]:
        """Delete a feed."""
        yield _line(self._ask("DELETE", f"/v1/feeds/{quote(feed, safe='')}"))

    def letters(self, feed: str, reason: str, limit: int) -> Iterator[str]:
        """The newest dead letters."""
        asked = {"feed": feed, "reason": reason, "limit": str(limit)}
        for letter in self._ask("GET", "/v1/dead-letters", asked)["dead_letters"]:
            yield _line(letter)

    def letter(self, what: str, place: str) -> Iterator[str]:
        """`show`, `replay` or `drop` one dead letter."""
        method = {"show": "GET", "replay": "POST", "drop": "DELETE"}[what]
        body = {"action": "replay"} if what == "replay" else None
        yield _line(self._ask(method, f"/v1/dead-letters/{quote(place, safe='')}", body=body))

    def log(self) -> Iterator[str]:
        """Which log it is, and how its partitions stand."""
        yield _line(self._ask("GET", "/v1/log"))

    def begin_log(self, start: str) -> Iterator[str]:
        """Have the log count as a new one, read from its beginning or from its end."""
        yield _line(self._ask("POST", "/v1/log", body={"action": "begin", "read_from": start}))

    def _ask(self, method: str, path: str, asked: dict[str, str] | None = None, body: Any = None) -> Any:
        return ask(self._urls, path, body, self._key_file, method, asked)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
