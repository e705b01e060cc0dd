"""Whether an event may be pushed: by this key, into this feed, and now.

Owns the three refusals: what the key may not (403), too fast (429), and what the workers are too far behind for (503). Takes the
key's grant and one event at a time; gives nothing, or raises. What is refused is that event; the rest of a request goes in.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from rtadapt.access import Grant
from rtadapt.api.freshness import Freshness
from rtadapt.config import IntakeSettings
from rtadapt.errors import Forbidden, Overloaded, TooManyRequests, Unavailable
from rtadapt.events.log import EventLog
from rtadapt.records import Event
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
        self._spent: dict[bytes, tuple[float, float]] = {}
        self._known: dict[str, float] = {}
        self._silent_until = 0.0

    def begin(self, grant: Grant) -> None:
        """A request comes. Raises TooManyRequests for a key that has pushed its share, Unavailable where the log lost a part."""
        lost = [place for place, stands in self._freshness.standing.items() if stands.is_lost]
        if lost:
            raise Unavailable("a part of the event log was lost; an operator has to say how to go on (`rtadapt log`)")
        if grant.rate is not None:
            with self._lock:
                over, at = self._spent.get(grant.key, (0.0, 0.0))
                left = over - (time.monotonic() - at) * grant.rate
            if left > 0:
                raise TooManyRequests(
                    f"this key may push {grant.rate:g} events a second", retry_after=math.ceil(left / grant.rate)
                )

    def spend(self, grant: Grant, events: int) -> None:
        """The key has pushed `events`. A request may carry more than a second's share; the next one then waits longer."""
        if grant.rate is not None and events:
            now = time.monotonic()
            with self._lock:
                over, at = self._spent.get(grant.key, (0.0, 0.0))
                self._spent[grant.key] = (max(-grant.rate, over - (now - at) * grant.rate) + events, now)

    def check(self, grant: Grant, event: Event) -> None:
        """Return if the event may go in. Raises Forbidden, Overloaded, or Unavailable where it can't be known."""
        grant.check_feed(event.feed)
        self._check_behind(event.feed)
        if self._is_known(event.feed, grant):
            return
        if not grant.may_make_feeds:
            raise Forbidden("there is no such feed, and this key may not make one", field="feed")
        if self._registry.feed_count() >= self._settings.max_feeds:
            raise Forbidden(
                f"there is no such feed, and there are {self._settings.max_feeds:,} already, as many as intake makes",
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
        since = (self._freshness.oldest or {}).get(feed)
        if since is not None and time.time() - since > limits.max_behind_seconds:
            raise Overloaded(
                f"events of this feed have waited for more than {limits.max_behind_seconds:g} seconds",
                retry_after=_BEHIND_RETRY_SECONDS,
            )

    def _is_known(self, feed: str, grant: Grant) -> bool:
        """Whether there is such a feed; while the registry is away, yes for a key that may make feeds."""
        now = time.monotonic()
        with self._lock:
            if self._known.get(feed, -math.inf) > now - _KNOWN_SECONDS:
                return True
            is_silent = now < self._silent_until
        if is_silent and grant.may_make_feeds:
            return True
        try:
            if self._registry.head(feed) is None:
                return False
        except Unavailable:
            with self._lock:
                self._silent_until = time.monotonic() + SILENCE_SECONDS
            if grant.may_make_feeds:
                return True
            raise
        with self._lock:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[feed] = now
        return True
