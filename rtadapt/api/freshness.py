"""How long accepted events have been waiting, measured from the log and the registry: a worker that hangs cannot hide it.

Owns a thread that looks every few seconds and the gauges that it sets. An event waits until the feed's head is past it,
and, where the route follows, until the route has the version that learned it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rtadapt.errors import RtadaptError
from rtadapt.events.log import EventLog, Mark
from rtadapt.observe import metrics
from rtadapt.observe.logs import get_logger
from rtadapt.records import Head
from rtadapt.registry.registry import Registry

logger = get_logger(__name__)

LOOK_SECONDS = 15.0
_MARKS_A_PARTITION = 2000
_VERSIONS_BEHIND = 50
UNKNOWN_FEED = ""
"""What records count under whose key names no feed that the registry knows: keys are anybody's, and labels must be few."""


def undecided(marks: Iterable[Mark], heads: Mapping[str, Head]) -> dict[str, float]:
    """By feed, when the oldest record was appended (Unix seconds) that its head is not past. Feeds without one are left out."""
    oldest: dict[str, float] = {}
    for mark in marks:
        head = heads.get(mark.key)
        feed = mark.key if head is not None else UNKNOWN_FEED
        if head is None or mark.offset >= head.positions.get(mark.partition, 0):
            oldest[feed] = min(oldest.get(feed, mark.appended_at), mark.appended_at)
    return oldest


def waiting(log: EventLog, registry: Registry) -> dict[str, float]:
    """By feed, when its oldest event that is not answered from was accepted (Unix seconds). Raises Unavailable."""
    heads, routes = registry.heads(), registry.routes()
    oldest = undecided(log.marks(registry.floor, _MARKS_A_PARTITION), heads)
    for feed, head in heads.items():
        route = routes.get(feed)
        if route is None or not route.follow or route.stable >= head.version:
            continue
        behind = registry.versions(feed, min(_VERSIONS_BEHIND, head.version - route.stable))
        times = [event.accepted_at for version in behind if not head.has_abandoned(version.number) for event in version.events]
        oldest[feed] = min([*times, oldest.get(feed, time.time())])
    return oldest


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
    return {place: Standing(end, registry.floor(place), registry.read_up_to(place)) for place, end in ends}


class Freshness:
    """Looks again and again, from `start` to `close`. `oldest` is what it saw last, None before it saw anything."""

    def __init__(self, log: Callable[[], EventLog], registry: Registry) -> None:
        self._log = log
        self._registry = registry
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.oldest: dict[str, float] | None = None
        self.dead_letters: int | None = None
        self.standing: dict[int, Standing] = {}

    def start(self) -> None:
        """Begin to look, on a thread that holds up no exit."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="freshness", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End looking, once the look under way is over."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=LOOK_SECONDS)

    def look(self) -> None:
        """Look once and set the gauges. Raises Unavailable; the gauges then stay as they were, and so does their time."""
        log = self._log()
        self.stand()
        oldest, letters = waiting(log, self._registry), log.dead_letter_count()
        for feed in set(self.oldest or ()) - set(oldest):
            metrics.OLDEST_WAITING.remove(feed)
        for feed, accepted_at in oldest.items():
            metrics.OLDEST_WAITING.labels(feed).set(accepted_at)
        metrics.DEAD_LETTERS.set(letters)
        metrics.FRESHNESS_CHECKED.set(time.time())
        self.oldest, self.dead_letters = oldest, letters

    def stand(self) -> None:
        """Look how far the workers are behind, and whether the log is still the one that it was. Raises Unavailable."""
        log = self._log()
        log.ping()
        self.standing = standing(log, self._registry)

    def _run(self) -> None:
        silent = False
        while not self._end.is_set():
            try:
                self.look()
                silent = False
            except RtadaptError as error:
                if not silent:
                    logger.warning("how long events wait is not known", extra={"code": error.code, "why": str(error)})
                silent = True
            except Exception:  # a watch that ended would say nothing for ever
                logger.exception("looking how long events wait failed")
            self._end.wait(LOOK_SECONDS)
