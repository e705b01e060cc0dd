"""Whether an event may be pushed: by this key, into this feed, and now.

Owns two refusals: what the key may not (403), and what the workers are too far behind for (503). Takes the key and one event's
feed at a time; gives nothing, or raises. What is refused is that event; the rest of a request goes in.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from rtadapt.access import Key
from rtadapt.api.freshness import Freshness
from rtadapt.config import IntakeSettings
from rtadapt.errors import Forbidden, Overloaded, Unavailable
from rtadapt.events.log import EventLog
from rtadapt.registry.registry import Registry

SILENCE_SECONDS = 2.0
"""After the registry failed, intake does not try it for so long: events must not wait for its time limit each time."""
_KNOWN_SECONDS = 60.0
_MAX_KNOWN = 10_000
_BEHIND_RETRY_SECONDS = 30


class Pushing:
    """One process's. Thread-safe."""

    def __init__(self, settings: IntakeSettings, registry: Registry, freshness: Freshness, log: Callable[[], EventLog]) -> None:
        self._settings = settings
        self._registry = registry
        self._freshness = freshness
        self._log = log
        self._lock = threading.Lock()
        self._known: dict[str, float] = {}
        self._silent_until = 0.0

    def begin(self) -> None:
        """A request comes. Raises Unavailable where the log lost a part."""
        if any(stands.is_lost for stands in self._freshness.standing.values()):
            raise Unavailable("a part of the event log was lost; an operator has to say how to go on (`rtadapt log`)")

    def check(self, key: Key, feed: str) -> None:
        """Return if an event may go into `feed`. Raises Forbidden, Overloaded, or Unavailable where it can't be known."""
        key.check_feed(feed)
        self._check_behind(feed)
        if self._is_known(feed, key):
            return
        if not key.new_feeds:
            raise Forbidden(f"there is no feed {feed}, and this key may not make one", field="feed")
        if self._registry.feed_count() >= self._settings.max_feeds:
            raise Forbidden(
                f"there is no feed {feed}, and there are {self._settings.max_feeds:,} already, as many as pushes may make",
                field="feed",
            )

    def _check_behind(self, feed: str) -> None:
        limits = self._settings
        stands = self._freshness.standing.get(self._log().partition_of(feed)) if self._freshness.standing else None
        if stands is not None and stands.behind > limits.max_behind_events:
            raise Overloaded(
                f"{stands.behind:,} events wait to be read before this one; the limit is {limits.max_behind_events:,}",
                retry_after=_BEHIND_RETRY_SECONDS,
            )
        those = (self._freshness.waiting or {}).get(feed)
        if those is not None and time.time() - those.since > limits.max_behind_seconds:
            raise Overloaded(
                f"events of this feed have waited for more than {limits.max_behind_seconds:g} seconds",
                retry_after=_BEHIND_RETRY_SECONDS,
            )

    def _is_known(self, feed: str, key: Key) -> bool:
        """Whether there is such a feed; while the registry is away, yes for a key that may make feeds."""
        now = time.monotonic()
        with self._lock:
            if self._known.get(feed, -math.inf) > now - _KNOWN_SECONDS:
                return True
            is_silent = now < self._silent_until
        if is_silent and key.new_feeds:
            return True
        try:
            if self._registry.head(feed) is None:
                return False
        except Unavailable:
            with self._lock:
                self._silent_until = time.monotonic() + SILENCE_SECONDS
            if key.new_feeds:
                return True
            raise
        with self._lock:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[feed] = now
        return True
