"""The registry: what each feed has learned, what its alias answers from, and who may move either.

Owns the keys below `rtadapt:` of a Redis-protocol server. Workers commit, replicas report readiness, operators move
routes, and everybody follows. What holds, whatever crashes and however many processes write:

- **The head is the only commit point.** `commit` checks the owner's epoch, the parent version and the positions, and
  writes head, version record and event statuses in one script: all or nothing. Of many commits on one parent exactly
  one wins, and none with an earlier epoch than the newest `claim`.
- **Numbers only grow.** A version gets the number after the last one ever given, and none is reused; a rejected batch moves the
  positions and keeps the version; a rollback moves the route and leaves the head; a rewind moves the head back too, and the
  versions since are abandoned: nothing goes to them any more.
- **Positions never go back**, in any partition.
- **A repeated command happens once.** Commits and route changes carry an id, so a command that is sent again because
  its answer was lost is answered as if it had not been. After Unavailable a commit may or may not have happened: the
  worker reads the head and sees.
- **Routes move forward by readiness, anywhere by word.** A version becomes stable once every live replica that
  has not stalled holds it or has failed to load it, and at least one holds it; the newest such version, and only while
  the route follows. Resume alone makes it follow; canary, rollback, pause, and promoting any but the newest version stop that. A
  route can only be moved to a version that exists and whose adapter is kept (0, the base model, always is).
- **A feed is known by its incarnation**, drawn when it is made. One that was lost and made again has another, and
  `trust` gives it a new one by an operator's word.
- **State in keys, news by stream.** `changes` only says where to look: an entry that was lost or trimmed is a delay,
  because followers also read the keys again now and then.
- **Cluster-safe.** One script touches keys of one feed only (or one global key); the rest is separate and repeatable.

How safe an acknowledged commit is from the server's own end is the server's setting: see embedded.py for ours.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rtadapt.records import EventStatus, Position
from rtadapt.registry import codec
from rtadapt.registry.connection import Call
from rtadapt.registry.routes import Action
from rtadapt.registry.tallies import Tallies

__all__ = ["Action", "Change", "Registry"]

_STREAM_ID = re.compile(r"\d{1,20}(-\d{1,20})?")
_STATUSES_A_SCRIPT = 500
_CHANGES_A_READ = 1000
_ATTEMPTS_LIFETIME_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Change:
    """Something about a feed is new: `kind` is `feed`, `head` or `route`."""

    feed: str
    kind: str


class Registry(Tallies):
    """All of it: heads and versions (heads.py), routes and replicas (routes.py), the way back (rewinding.py), what
    answers came to (tallies.py), and here news, statuses, reading and floors.

    Thread-safe. Every method raises Unavailable when the server does not answer in time, and InvalidInput for a name
    that cannot be a feed's.
    """

    def changes(self, after: str = "", block_seconds: float = 0.0) -> tuple[str, list[Change]]:
        """What changed since `after`, waiting up to `block_seconds` for something; and the id to ask from next.

        Start with `after=""`: it gives the place of now, without news; then read the keys, then follow. An id that the
        server does not know, or no longer, is no error. Waits at most half of `timeout_seconds` at a time.
        """
        with self._answered():
            if not _STREAM_ID.fullmatch(after):
                newest = self._redis.xrevrange(codec.CHANGES, count=1)
                return (newest[0][0] if newest else "0-0"), []
            wait_ms = int(min(block_seconds, self.settings.timeout_seconds / 2) * 1000)
            found = self._redis.xread({codec.CHANGES: after}, count=_CHANGES_A_READ, block=wait_ms if wait_ms > 0 else None)
        entries = found[0][1] if found else []
        if not entries:
            return after, []
        return entries[-1][0], [Change(fields.get("feed", ""), fields.get("kind", "")) for _, fields in entries]

    def note_events(self, statuses: Sequence[EventStatus]) -> None:
        """Note where events are. A later state stays: unlearned < accepted < admitted < refused < learned."""
        by_feed: dict[str, list[EventStatus]] = {}
        for status in statuses:
            by_feed.setdefault(status.feed, []).append(status)
        calls: list[Call] = []
        for feed, mine in by_feed.items():
            for start in range(0, len(mine), _STATUSES_A_SCRIPT):
                part = mine[start : start + _STATUSES_A_SCRIPT]
                args = [*self._bounds(), codec.compact([codec.ranked(status) for status in part])]
                calls += [("status", codec.status_keys(feed), args), self._index(feed, [status.id for status in part])]
        self._run_all(calls)

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
        with self._answered():
            found = (self._redis.hget(key, event_id) for key in keys)
            return next((text for text in found if text is not None), None)

    def note_worker(self, worker: str, info: Mapping[str, Any]) -> None:
        """`worker` is there for another `replica_ttl_seconds`, by the server's clock, and this is how it gets on."""
        lifetime = int(self.settings.replica_ttl_seconds * 1000)
        self._run("replicas", [codec.WORKERS], [worker, lifetime, codec.compact(info)])

    def forget_worker(self, worker: str) -> None:
        """`worker` stops."""
        with self._answered():
            self._redis.hdel(codec.WORKERS, worker)

    def live_workers(self) -> dict[str, dict[str, Any]]:
        """What every worker said last that is still there, by its name."""
        return self._noted(codec.WORKERS)

    def note_reading(self, worker: str, report: Mapping[str, Any]) -> None:
        """What reads for `worker`, and how it did in the reading exam. Say it again before `status_ttl_seconds` end."""
        lifetime = int(self.settings.status_ttl_seconds * 1000)
        self._run("replicas", [codec.READING], [worker, lifetime, codec.compact(report)])

    def readings(self) -> dict[str, dict[str, Any]]:
        """What every worker noted last, by its name."""
        return self._noted(codec.READING)

    def _noted(self, key: str) -> dict[str, dict[str, Any]]:
        noted = codec.pairs(self._run("replicas", [key], []))
        return {worker: json.loads(report.partition("|")[2]) for worker, report in sorted(noted.items())}

    def log_number(self, identity: str) -> int:
        """The number of the event log with this identity: 0 for the first one ever, a new one for each that comes later."""
        return int(self._run("log", [codec.logs_key(self.log_name)], [identity]))

    def begin_attempt(self, stage: str, places: Sequence[Position]) -> list[int]:
        """Something is begun at each of the places; gives how often it was, without having been ended."""
        key, names = codec.attempts_key(self.log_name, stage), [f"{place.partition}.{place.offset}" for place in places]
        return [int(count) for count in self._run("attempt", [key], [_ATTEMPTS_LIFETIME_MS, *names])]

    def end_attempt(self, stage: str, places: Sequence[Position]) -> None:
        """It ended, well or not."""
        with self._answered():
            names = [f"{place.partition}.{place.offset}" for place in places]
            self._redis.hdel(codec.attempts_key(self.log_name, stage), *names)

    def attempts(self, stage: str) -> dict[Position, int]:
        """Where something was begun that has not ended, and how often."""
        with self._answered():
            begun = self._redis.hgetall(codec.attempts_key(self.log_name, stage))
        return {Position(*map(int, place.split("."))): int(count) for place, count in begun.items()}

    def begin_log(self, identity: str) -> int:
        """By an operator's word, the log counts as one that the registry has not met before; gives its new number."""
        return int(self._run("log", [codec.logs_key(self.log_name)], [identity, "anew", uuid.uuid4().hex]))

    def floor(self, partition: int) -> int:
        """The first offset of the partition that any feed may still need; 0 when none was set. Only a hint."""
        with self._answered():
            return int(self._redis.hget(codec.floor_key(self.log_name), str(partition)) or 0)

    def set_floor(self, partition: int, offset: int, read: int) -> None:
        """Everything before `offset` is decided, and everything before `read` was read. The floor never goes down."""
        self._run("floor", [codec.floor_key(self.log_name)], [partition, offset, read])

    def read_up_to(self, partition: int) -> int:
        """The offset after the last record of the partition that a worker has read; 0 when none was."""
        with self._answered():
            return int(self._redis.hget(codec.floor_key(self.log_name), f"read {partition}") or 0)
