"""The follower: turns the registry's keys into views as soon as they change, and never waits for a load.

Owns the reading of heads and routes. A change only tells it where to look; all keys are read again in turn, and those of one
feed by `look`, for a request that must not be answered from what is over elsewhere. With the registry away it changes nothing and
tries again. What the registry says is followed only if it goes on from what was followed before (identity.py); else the feed
stays as it is until an operator says `trust`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Version
from rtadapt.registry.registry import Registry
from rtadapt.serving.identity import Said, doubt, foreign
from rtadapt.serving.live import Live
from rtadapt.serving.loading import Loader
from rtadapt.serving.views import Views

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.1
_FEEDS_A_POLL = 64
"""So many at a time are read again although nothing was heard of them: idle ones cost nothing by their number."""
_ILLEGIBLE = (ValueError, KeyError, TypeError)
_CAN_NOT_BE_READ = "a record of the feed can't be read"
_LOOK_SECONDS = 0.25
"""A request waits no longer than this for a look: the registry being slow is no reason not to answer."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What one look at the registry gave of a feed: what it says, and its records of the versions that matter here."""

    said: Said
    records: dict[int, Version]
    is_vouched: bool = True
    fault: str = ""
    is_deleted: bool = False


class Follower:
    """One replica's. `run` until cancelled, then `close`."""

    def __init__(self, registry: Registry, live: Live, views: Views, loader: Loader, poll_seconds: float) -> None:
        self._registry = registry
        self._live = live
        self._views = views
        self._loader = loader
        self._poll_seconds = poll_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="follower")
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="looker")
        self._reading = asyncio.Lock()  # what is read is taken before anything else is read: nothing older comes after it
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._blind_until = float("-inf")
        self._cursor = ""
        self._polled_at = float("-inf")
        self._has_read_all = False
        self._polled_to = ""
        self.reason_away = "the registry has not been asked yet"
        """Why the registry could not be read last; "" while it can."""
        self.readable = asyncio.Event()
        self.was_asked = False
        self.passed_at = time.monotonic()

    async def run(self) -> None:
        """Follow until cancelled."""
        pause = _FIRST_PAUSE_SECONDS
        changed: frozenset[str] | None = None  # None: all
        while True:
            try:
                await self._pass(changed)
                changed = await self._news()
                pause = _FIRST_PAUSE_SECONDS
            except Unavailable as error:
                self._tell_away(str(error))
                changed, self._has_read_all = None, False
                await asyncio.sleep(pause)
                pause = min(self._poll_seconds, pause * 2)

    def close(self) -> None:
        """Begin no more reading."""
        for look in self._looks.values():
            look.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._looker.shutdown(wait=False, cancel_futures=True)

    async def look(self, feed: str) -> None:
        """Follow what the registry says of the feed at this moment or later. Returns soon, whether or not it says anything."""
        if self.reason_away or time.monotonic() < self._blind_until:
            return
        look = self._looks.get(feed)  # one that has not begun reading; all who come before it does share it
        if look is None:
            look = self._looks[feed] = asyncio.create_task(self._look(feed), name="look")
        await asyncio.wait((look,), timeout=_LOOK_SECONDS)
        if not look.done():
            self._blind_until = time.monotonic() + self._poll_seconds

    async def _look(self, feed: str) -> None:
        async with self._reading:
            del self._looks[feed]
            try:
                await self._read_and_take(frozenset((feed,)), self._looker)
            except Unavailable:  # the follower says so
                self._blind_until = time.monotonic() + self._poll_seconds

    async def _pass(self, changed: frozenset[str] | None) -> None:
        loop = asyncio.get_running_loop()
        if not self._cursor:
            self._cursor, _ = await loop.run_in_executor(self._thread, self._registry.changes)
        async with self._reading:
            await self._read_and_take(changed, self._thread)
        if changed is None:
            self._views.know_all()
        if self.reason_away:
            self.reason_away = ""
            if not self._live.ready:  # else the heartbeat says it: this server may be one that takes no writes
                metrics.REGISTRY_UP.set(1)
            self.readable.set()
            self._views.changed.set()
        self.was_asked = True
        self.passed_at = time.monotonic()

    async def _read_and_take(self, changed: frozenset[str] | None, thread: ThreadPoolExecutor) -> None:
        held = {feed: said for feed, said in self._views.feeds.items() if changed is None or feed in changed}
        loaded = {feed: tuple(self._loader.loaded(feed)) for feed in held}
        reading = partial(self._read, changed, held, loaded)
        for read in await asyncio.get_running_loop().run_in_executor(thread, reading):
            self._take(read)

    async def _news(self) -> frozenset[str] | None:
        """The feeds that changed, or None when it is time to look at some of which nothing was heard."""
        left = self._polled_at + self._poll_seconds - time.monotonic()
        if left <= 0:
            return None
        loop = asyncio.get_running_loop()
        self._cursor, changes = await loop.run_in_executor(self._thread, self._registry.changes, self._cursor, left)
        return frozenset(change.feed for change in changes)

    def _read(self, changed: Iterable[str] | None, held: Mapping[str, Said], loaded: Mapping[str, Sequence[int]]) -> list[_Read]:
        """What is new in the registry; in the follower's thread."""
        names = self._due(held) if changed is None else sorted(changed)
        heads, routes = self._registry.heads(names), self._registry.routes(names)
        said = [Said(heads[feed], routes[feed]) for feed in names if feed in heads and feed in routes]
        new = [one for one in said if held.get(one.head.feed) != one or one.head.feed in self._live.not_followed]
        absent = held.keys() & set(names) - {one.head.feed for one in said}
        gone = [read for feed in sorted(absent) if (read := self._without(held[feed])) is not None]
        return gone + [self._with_records(one, loaded.get(one.head.feed, ())) for one in new]

    def _due(self, held: Iterable[str]) -> list[str]:
        """The feeds whose turn it is to be read again: all of them at first, and after the registry was away."""
        self._polled_at = time.monotonic()
        names = sorted({*self._registry.feeds(), *held})
        if self._has_read_all:
            names = ([name for name in names if name > self._polled_to] or names)[:_FEEDS_A_POLL]
        self._polled_to = names[-1] if names else ""
        self._has_read_all = True
        return names

    def _without(self, held: Said) -> _Read | None:
        """What became of a feed that the registry did not give: it can't be read, was deleted by an operator, or else was lost.

        None where it has just been made again.
        """
        feed = held.head.feed
        try:
            if self._registry.head(feed) is not None and self._registry.route(feed) is not None:
                return None
            gone = self._registry.gone(feed)
        except _ILLEGIBLE:
            return _Read(held, {}, fault=_CAN_NOT_BE_READ)
        if gone is not None and gone.incarnation == held.head.incarnation:
            return _Read(held, {}, is_deleted=True)
        return _Read(held, {}, fault="the registry has lost the feed")

    def _with_records(self, said: Said, loaded: Sequence[int]) -> _Read:
        named = {said.head.version, said.route.stable, said.route.canary or 0, *loaded} - {0}
        try:
            records = self._registry.records(said.head.feed, sorted(named))
        except _ILLEGIBLE:
            return _Read(said, {}, fault=_CAN_NOT_BE_READ)
        return _Read(said, records, self._registry.signatures.vouch_for(said.head))

    def _take(self, read: _Read) -> None:
        """Follow what was read, or stay."""
        feed, held = read.said.head.feed, self._views.feeds.get(read.said.head.feed)
        loaded = self._loader.loaded(feed)
        if read.is_deleted:
            for number in list(loaded):
                self._loader.disown(feed, number)
            self._views.drop(feed)
            logger.info("a feed was deleted", extra={"feed": feed})
            return
        reason = read.fault or doubt(held, read.said, loaded, read.records)
        if reason:
            if held is None:
                logger.error("a feed is not served", extra={"feed": feed, "reason": reason})
            elif self._views.stay(feed, reason):
                extra = {"feed": feed, "reason": reason}
                logger.error("the registry is not believed: the feed stays as it is until an operator says trust", extra=extra)
            return
        if held is not None and held.head.incarnation != read.said.head.incarnation:
            gone = [number for number in loaded if number not in read.records]
            for number in {*gone, *foreign(loaded, read.records)}:
                self._loader.disown(feed, number)
        self._views.follow(read.said, read.records, read.is_vouched)

    def _tell_away(self, reason: str) -> None:
        metrics.REGISTRY_UP.set(0)
        self.readable.clear()
        if self.reason_away != reason:
            self.reason_away = reason
            self._views.changed.set()
            if self._live.ready:
                logger.warning("the registry can't be read; serving what is loaded", extra={"reason": reason})
        self.was_asked = True
