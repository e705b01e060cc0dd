"""`rtadapt push`, `ask` and `status`: what one says to a running system from a terminal, over HTTP.

Owns the requests, and how the answers are printed: pushes as one JSON object a line, answers as they are, how the system is in a
few lines for people.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.remote import Raw, Refused, ask

_MEDIA = {
    **dict.fromkeys((".ndjson", ".jsonl"), "application/x-ndjson"),
    ".json": "application/json",
    ".xml": "application/xml",
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
}
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 600.0
_FEEDS_SHOWN = 50
_DECIDED = ("learned", "refused", "unlearned")


def body_of(file: Path, content: bytes, media_type: str) -> Raw:
    """A file's content as it is pushed: as what it is called, or `media_type` where that is said; else as plain text."""
    return Raw(content, media_type or _MEDIA.get(file.suffix.lower(), "text/plain"))


@dataclass(frozen=True, slots=True)
class Teller:
    """One system, at the first of `urls` where somebody listens. Every method raises RtadaptError with what was answered."""

    urls: Sequence[str]
    key_file: Path | None = None

    def push(self, body: Raw | dict[str, Any], feed: str) -> list[dict[str, Any]]:
        """Push; gives what became of each event."""
        items: list[dict[str, Any]] = ask(self.urls, "/v1/events", body, self.key_file, query={"feed": feed})["items"]
        return items

    def decided(self, items: Sequence[dict[str, Any]], seconds: float) -> Iterator[dict[str, Any]]:
        """Each accepted event once it is learned or refused. Raises Unavailable when that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        for item in items:
            if item["status"] == "accepted":
                yield self._decided(item["id"], str(item["token"]).partition(".")[0], deadline)

    def _decided(self, event_id: str, feed: str, deadline: float) -> dict[str, Any]:
        path = f"/v1/events/{quote(event_id, safe='')}"
        while True:
            found: dict[str, Any] = ask(self.urls, path, None, self.key_file, "GET", {"feed": feed})
            if found["status"] in _DECIDED:
                return found
            if time.monotonic() >= deadline:
                raise Unavailable(f"{event_id} is {found['status']}, and neither learned nor refused yet: ask again later")
            time.sleep(_LOOK_SECONDS)

    def answer(self, model: str, question: str, after: str = "") -> str:
        """What a model answers: an alias, a version or the base; with `after`, once it has learned that event."""
        asked = {"model": model, "messages": [{"role": "user", "content": question}]}
        headers = {"x-rtadapt-after": after} if after else {}
        said = ask(self.urls, "/v1/chat/completions", asked, self.key_file, headers=headers, seconds=_ANSWER_SECONDS)
        try:
            return str(said["choices"][0]["message"]["content"])
        except (LookupError, TypeError) as error:
            raise Refused("what answers completions there gave none") from error

    def overview(self) -> dict[str, Any]:
        """How the system is: feeds in trouble first."""
        query = {"limit": str(_FEEDS_SHOWN), "versions": "0", "sort": "trouble"}
        page: dict[str, Any] = ask(self.urls, "/v1/overview", None, self.key_file, "GET", query)
        return page


def is_well(page: dict[str, Any]) -> bool:
    """Whether every part of the system works, and no feed that is shown stands still."""
    workers, replicas = page["workers"].values(), page["replicas"].values()
    return (
        bool(workers and replicas)
        and all(said.get("ready") and said.get("alive") is not False for said in workers)
        and not any(said.get("not_followed") for said in replicas)
        and not any(feed["quarantine"] for feed in page["feeds"])
        and page["waiting_known"]
    )


def status_lines(page: dict[str, Any], clock: Callable[[], float] = time.time) -> Iterator[str]:
    """The overview in a few lines."""
    letters = "an unknown number of" if page["dead_letters"] is None else page["dead_letters"]
    waits = _waits(page, clock) if page["waiting_known"] else "what waits is not known yet"
    yield f"{page['total']} feeds; {waits}; {letters} dead letters"
    for feed in page["feeds"]:
        yield f"feed     {feed['feed']}: {_feed(feed, clock)}"
    if page["next"] is not None:
        yield f"         and {page['matching'] - len(page['feeds'])} more feeds"
    for name, said in page["workers"].items() or [("none", {})]:
        state = "a step hangs" if said.get("alive") is False else "works" if said.get("ready") else "starts, or lacks a part"
        yield f"worker   {name}" + (
            f": {state}, {said.get('lag')} records not read" if said else ": events are accepted and wait"
        )
    for name, said in page["replicas"].items() or [("none", {})]:
        lost = said.get("not_followed")
        yield f"replica  {name}" + (
            f": does not follow {', '.join(lost)}" if lost else f": {said.get('loaded')} adapters" if said else ""
        )


def _feed(feed: dict[str, Any], clock: Callable[[], float]) -> str:
    route = feed["route"] or {"stable": 0, "canary": None, "follow": True}
    said = [f"answers from version {route['stable']}" if route["stable"] else "answers from the base model"]
    if feed["newest"] > route["stable"]:
        said.append(f"the newest is {feed['newest']}")
    if route["canary"] is not None:
        said.append(f"version {route['canary']} is tried")
    if not route["follow"]:
        said.append("does not follow")
    if feed["quarantine"]:
        said.append(f"stands still: {feed['quarantine']['reason']}")
    return "; ".join([*said, _waits(feed, clock)])


def _waits(those: dict[str, Any], clock: Callable[[], float]) -> str:
    if those["waiting_since"] is None:
        return "nothing waits"
    return f"{those['waiting_events']} events wait, the oldest for {max(0, round(clock() - those['waiting_since']))} s"


def question_of(text: str) -> str:
    """A question that is one. Raises InvalidSettings."""
    if not text.strip():
        raise InvalidSettings("say what to ask", field="question")
    return text
