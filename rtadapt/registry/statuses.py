"""Where events are on their path, as far as it is remembered.

Owns the statuses. Takes them from the control plane and the worker, whose commit writes them too; gives them to anyone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic_core import to_json

from rtadapt.records import EventStatus
from rtadapt.registry import codec
from rtadapt.registry.connection import Call, Connection

_STATUSES_A_SCRIPT = 500


class Statuses:
    """The part of the registry that knows of events."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note_events(self, statuses: Sequence[EventStatus]) -> set[str]:
        """Note where events are. A later state stays: unlearned < accepted < admitted < refused < learned.

        Gives those of their feeds that are not there (any more).
        """
        by_feed: dict[str, list[EventStatus]] = {}
        for status in statuses:
            by_feed.setdefault(status.feed, []).append(status)
        parts = [
            (feed, mine[start : start + _STATUSES_A_SCRIPT])
            for feed, mine in by_feed.items()
            for start in range(0, len(mine), _STATUSES_A_SCRIPT)
        ]
        answers = self._connection.run_all([*(self._noting(*part) for part in parts), *self._indexing(parts)])
        return {feed for (feed, _), is_there in zip(parts, answers, strict=False) if not is_there}

    def _noting(self, feed: str, statuses: Sequence[EventStatus]) -> Call:
        args = [*self._connection.bounds(), to_json([codec.ranked(status) for status in statuses]).decode()]
        return "status", [*codec.status_keys(feed), codec.feed_key(feed, "head")], args

    def _indexing(self, parts: Sequence[tuple[str, Sequence[EventStatus]]]) -> Iterator[Call]:
        """As few as hold what scripts may."""
        those: list[tuple[str, list[str]]] = []
        count = 0
        for feed, statuses in parts:
            if count + len(statuses) > _STATUSES_A_SCRIPT and those:
                yield self._connection.index(those)
                those, count = [], 0
            those.append((feed, [status.id for status in statuses]))
            count += len(statuses)
        if those:
            yield self._connection.index(those)

    def event_status(self, event_id: str, feeds: Iterable[str] = ()) -> EventStatus | None:
        """Where the event is, or None when it is not known (any more). Several feeds may have one of this id: `feeds` are looked
        into first, and then the one that was written last.
        """
        for feed in (*feeds, self._remembered(codec.INDEX, event_id)):
            text = self._remembered(codec.status_keys(feed), event_id) if feed is not None else None
            if feed is not None and text is not None:
                return codec.read_status(event_id, feed, text.partition(" ")[2])
        return None

    def _remembered(self, keys: Sequence[str], event_id: str) -> str | None:
        with self._connection.answered():
            found = (self._connection.redis.hget(key, event_id) for key in keys)
            return next((text for text in found if text is not None), None)
