"""How long accepted events have been waiting, measured from the log and the registry: a worker that hangs cannot hide it.

Owns the gauges that a look sets, and what it saw last for whoever asks: what waits, and which events were refused. An event waits
until the feed's head is past it, and, where the route follows, until the route has the version that learned it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rtadapt.api.watch import Watch
from rtadapt.events.log import EventLog, Mark
from rtadapt.observe import metrics
from rtadapt.records import DeadLetter, Head
from rtadapt.registry.registry import Registry

LOOK_SECONDS = 15.0
_MARKS_A_PARTITION = 2000
_VERSIONS_BEHIND = 50
_REFUSED = 500
UNKNOWN_FEED = ""
"""What records count under whose key names no feed that the registry knows: keys are anybody's, and labels must be few."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a feed is not answered from: when the oldest event was accepted (Unix seconds), and how many there are at least."""

    since: float
    events: int

    def joined(self, other: Waiting | None) -> Waiting:
        """Both together."""
        return self if other is None else Waiting(min(self.since, other.since), self.events + other.events)


def undecided(marks: Iterable[Mark], heads: Mapping[str, Head]) -> dict[str, Waiting]:
    """By feed, the records that its head is not past. Feeds without one are left out."""
    found: dict[str, Waiting] = {}
    for mark in marks:
        head = heads.get(mark.key)
        feed = mark.key if head is not None else UNKNOWN_FEED
        if head is None or mark.offset >= head.positions.get(mark.partition, 0):
            found[feed] = Waiting(mark.appended_at, 1).joined(found.get(feed))
    return found


def waiting(log: EventLog, registry: Registry) -> dict[str, Waiting]:
    """By feed, its events that are not answered from. Raises Unavailable."""
    heads, routes = registry.heads(), registry.routes()
    found = undecided(log.marks(registry.floor, _MARKS_A_PARTITION), heads)
    for feed, head in heads.items():
        route = routes.get(feed)
        if route is None or not route.follow or route.stable >= head.version:
            continue
        behind = registry.versions(feed, min(_VERSIONS_BEHIND, head.version - route.stable))
        times = [event.accepted_at for version in behind if not head.has_abandoned(version.number) for event in version.events]
        found[feed] = Waiting(min(times, default=time.time()), len(times)).joined(found.get(feed))
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """How one partition of the log stands."""

    end: int
    floor: int
    read: int

    @property
    def behind(self) -> int:
        """Records that no worker has read yet."""
        return max(0, self.end - max(self.read, self.floor))

    @property
    def is_lost(self) -> bool:
        """Whether the log ends before what counts as decided: a part of it was lost."""
        return self.end < self.floor


def standing(log: EventLog, registry: Registry) -> dict[int, Standing]:
    """How each partition stands. Raises Unavailable."""
    ends = log.ends().items()
    return {partition: Standing(end, registry.floor(partition), registry.read_up_to(partition)) for partition, end in ends}


class Freshness:
    """Looks, and again and again while its `watch` runs. What it saw last is None before it saw anything.

    `refused` are the newest dead letters, newest first.
    """

    def __init__(self, log: Callable[[], EventLog], registry: Registry) -> None:
        self._log = log
        self._registry = registry
        self.watch = Watch("freshness", self.look, LOOK_SECONDS)
        self.waiting: dict[str, Waiting] | None = None
        self.dead_letters: int | None = None
        self.refused: list[DeadLetter] = []
        self.standing: dict[int, Standing] = {}

    def look(self) -> None:
        """Look once and set the gauges. Raises Unavailable; the gauges then stay as they were, and so does their time."""
        log = self._log()
        self.stand()
        found, letters = waiting(log, self._registry), log.dead_letter_count()
        if letters != self.dead_letters:
            self.refused = log.dead_letters(_REFUSED)
        for feed in set(self.waiting or ()) - set(found):
            metrics.OLDEST_WAITING.remove(feed)
        for feed, those in found.items():
            metrics.OLDEST_WAITING.labels(feed).set(those.since)
        metrics.DEAD_LETTERS.set(letters)
        metrics.FRESHNESS_CHECKED.set(time.time())
        self.waiting, self.dead_letters = found, letters

    def stand(self) -> None:
        """Look how far the workers are behind, and whether the log is still the one that it was. Raises Unavailable."""
        log = self._log()
        log.ping()
        self.standing = standing(log, self._registry)
        metrics.LOG_PARTITIONS.set(len(self.standing))
