"""Feeds that this worker can't go on with for now: each waits by itself, and no other feed notices.

Owns, per feed, why it stands still, when it is tried next (later each time, until a commit goes through), and from where its
records are read again then. What operators see of it is in the registry.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from rtadapt.errors import RtadaptError
from rtadapt.observe import metrics
from rtadapt.records import Position
from rtadapt.registry.codec import Trouble
from rtadapt.registry.registry import Registry

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0


@dataclass(slots=True)
class _Stay:
    reason: str
    until: float
    places: dict[int, int] = field(default_factory=dict)


class Quarantine:
    """The feeds of one worker that stand still. Used from one thread."""

    def __init__(self, registry: Registry, owner: str) -> None:
        self._registry = registry
        self._owner = owner
        self._stays: dict[str, _Stay] = {}
        self._tries: dict[str, tuple[int, float]] = {}

    def __contains__(self, feed: str) -> bool:
        return feed in self._stays

    def put(self, feed: str, error: Exception, places: Mapping[int, int]) -> None:
        """`feed` stands still because of `error`; `places` are, per partition, where its records are read again from."""
        tries, since = self._tries.get(feed, (0, time.time()))
        self._tries[feed] = (tries + 1, since)
        pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(tries, 20))
        known = isinstance(error, RtadaptError)
        reason = error.code if isinstance(error, RtadaptError) else "internal_error"
        detail = str(error) if known else f"something unforeseen happened ({type(error).__name__})"  # its words may be an event's
        before = self._stays.pop(feed, None)
        if before is not None:
            metrics.FEED_QUARANTINED.remove(feed, before.reason)
        self._stays[feed] = _Stay(reason, time.monotonic() + pause, dict(before.places if before else {}))
        for partition, offset in places.items():
            self.pass_over(feed, Position(partition, offset))
        metrics.FEED_QUARANTINED.labels(feed, reason).set(1)
        extra = {"feed": feed, "reason": reason, "why": detail, "tries": tries + 1, "pause_seconds": pause}
        logger.error("a feed stands still; the others go on", extra=extra)
        self._registry.note_trouble(feed, Trouble(reason, detail, since, tries + 1, time.time() + pause, self._owner))

    def pass_over(self, feed: str, position: Position) -> None:
        """A record of a feed that stands still: it is read again later."""
        places = self._stays[feed].places
        places[position.partition] = min(position.offset, places.get(position.partition, position.offset))

    def due(self, now: float) -> list[str]:
        """The feeds to be tried again at `now` (monotonic seconds)."""
        return [feed for feed, stay in self._stays.items() if stay.until <= now]

    def next_due(self, now: float) -> float | None:
        """Seconds until a feed is to be tried again; None when none stands still."""
        return min((max(0.0, stay.until - now) for stay in self._stays.values()), default=None)

    def release(self, feed: str) -> dict[int, int]:
        """The feed goes on; gives from where it is read again."""
        places = self._let_out(feed)
        self._registry.note_trouble(feed, None)
        logger.info("a feed goes on", extra={"feed": feed})
        return places

    def well(self, feed: str) -> None:
        """A commit of the feed went through: the next trouble is a new one."""
        self._tries.pop(feed, None)

    def floor(self, partition: int) -> int | None:
        """The first offset of the partition that is to be read again; None when nothing is."""
        return min((stay.places[partition] for stay in self._stays.values() if partition in stay.places), default=None)

    def drop(self, partition: int) -> None:
        """Another worker reads the partition now, and what stands still there is its concern."""
        for feed, stay in list(self._stays.items()):
            if stay.places.pop(partition, None) is not None and not stay.places:
                self._let_out(feed)
                said = self._registry.trouble(feed)
                if said is not None and said.worker == self._owner:
                    self._registry.note_trouble(feed, None)

    def drop_all(self) -> None:
        """Forget them all; the registry still says what it was told."""
        for feed in list(self._stays):
            self._let_out(feed)

    def _let_out(self, feed: str) -> dict[int, int]:
        stay = self._stays.pop(feed)
        metrics.FEED_QUARANTINED.remove(feed, stay.reason)
        return stay.places
