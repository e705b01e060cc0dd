"""This replica's word in the registry: that it is there, how it gets on, and which versions it holds.

Owns heartbeat and reports. A report is what moves routes, so it says whom the route should wait for: the replicas at which the
feed is at home (placement.py; every one where `serve.homes` says nothing), those others that answer from it, and none that has
stalled. A replica has stalled when it has been silent, has had something to load without getting on, or has held the same
versions while it lacked ours and loaded nothing, for `serve.ready_timeout_seconds`; when it lacked ours several times as long,
however much it loads; or when it does not follow this feed. That is counted for each replica, whatever is published meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from rtadapt.config import Settings
from rtadapt.errors import NotFound, Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Route
from rtadapt.registry.codec import Holding
from rtadapt.registry.registry import Registry
from rtadapt.serving import plan
from rtadapt.serving.live import Live
from rtadapt.serving.loading import Loader
from rtadapt.serving.placement import homes
from rtadapt.serving.views import Views

logger = logging.getLogger(__name__)

T = TypeVar("T")

_WHILE_IT_LOADS = 5.0
"""Times as long as else, a replica that gets on with its loads is waited for."""
_FRESH_SECONDS = 1.0
"""Who is live is not asked again for so long where somebody waits."""


class Presence:
    """One replica's. Run `beat` and `tell` side by side, then `close`."""

    def __init__(self, settings: Settings, registry: Registry, replica: str, live: Live, views: Views, loader: Loader) -> None:
        self.replica = replica
        self._registry = registry
        self._live = live
        self._views = views
        self._loader = loader
        self._patience_seconds = settings.serve.ready_timeout_seconds
        self._poll_seconds = settings.serve.poll_seconds
        self._beat_seconds = min(settings.registry.replica_ttl_seconds, settings.serve.ready_timeout_seconds) / 3
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="presence")
        self._name = settings.serve.replica or replica
        self._homes = settings.serve.homes
        self._names: dict[str, str] = {}
        self._reporting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # a feed's; one is not held up by others
        self._entered: set[str] = set()
        self._told: set[str] = set()
        self._refused = ""
        self._seen: tuple[dict[str, dict[str, Any]], float] = ({}, -math.inf)
        self._news = asyncio.Event()
        self._lags: dict[tuple[str, str], tuple[Holding, float]] = {}
        self.about: Callable[[], Mapping[str, Any]] = dict
        """What to say of this replica, beside how it gets on."""

    def say(self, feed: str) -> None:
        """What this replica holds of `feed` is new: tell it soon."""
        self._told.add(feed)
        self._news.set()

    def is_home(self, feed: str) -> bool:
        """Whether the feed is at home here, as far as is known who else is there."""
        return self._homes is None or self.replica in homes(feed, self._names | {self.replica: self._name}, self._homes)

    async def enter(self, *feeds: str) -> None:
        """Have the feeds' routes wait for this replica from now on, and follow what they say at this moment.

        Until then a route may have moved on without it: nobody is answered before. Returns also where the registry is away.
        """
        try:
            seen, at = self._seen
            live = seen if time.monotonic() - at < _FRESH_SECONDS else await self._look_around()
            for feed in feeds:
                route = await self._report(feed, live)
                said = self._views.feeds.get(feed)
                if self._live.look is not None and (said is None or route != said.route):
                    await self._live.look(feed)
        except Unavailable:  # the follower says so
            self._told |= set(feeds)

    async def beat(self) -> None:
        """Say again and again that this replica is there, once it is ready, and look who else is."""
        while True:
            if self._live.ready:
                await self.be_there()
            await self.see_others()
            await asyncio.sleep(self._beat_seconds)

    async def see_others(self) -> None:
        """Look who else is there, where it matters."""
        if self._homes is not None:
            with contextlib.suppress(Unavailable):  # the follower says so
                await self._look_around()

    async def _look_around(self) -> dict[str, dict[str, Any]]:
        live = await self._off_loop(self._registry.live_replicas)
        self._seen = live, time.monotonic()
        names = {replica: str(info.get("name", replica)) for replica, info in live.items()}
        if names != self._names:
            self._names = names
            if self._homes is not None:
                for feed in self._views.feeds:
                    self._views.touch(feed)
        return live

    async def be_there(self) -> None:
        """Say it now. The registry not taking it shows in `rtadapt_registry_up`."""
        info = {
            **self.about(),
            "name": self._name,
            "busy_seconds": round(self._loader.busy_seconds(), 3),
            "loaded": self._loader.total(),
        }
        info["not_followed"] = sorted(self._live.not_followed)
        try:
            await self._off_loop(self._registry.heartbeat, self.replica, info)
            self._live.receipt_key = await self._off_loop(self._registry.receipt_key)
            metrics.REGISTRY_UP.set(1)
        except Unavailable as error:
            if self._live.ready:
                logger.warning("the registry does not take this replica's heartbeat", extra={"reason": str(error)})
            metrics.REGISTRY_UP.set(0)

    async def tell(self) -> None:
        """Report what this replica holds whenever that is new, and again while a route has still to move."""
        while True:
            feeds, self._told = self._told, set()
            self._news.clear()
            to_tell = self._views.kept & {*self._loader.feeds(), *self._views.to_begin}
            feeds |= {feed for feed, state in self._views.states(to_tell).items() if plan.has_to_tell(state)}
            try:
                await self._tell_counts()
                if feeds:
                    live = await self._look_around()
                    # One whose report was not taken comes last: its keys may be in disorder, and that is its trouble alone.
                    known = feeds & (self._views.feeds.keys() | self._entered)
                    for feed in sorted(known, key=lambda name: (name == self._refused, name)):
                        self._refused = feed
                        await self._report(feed, live)
                    self._refused = ""
            except Unavailable:  # the follower says so
                self._told |= feeds
                await asyncio.sleep(self._poll_seconds / 2)
            try:  # of those that a route waits for, one may have stalled by then
                async with asyncio.timeout(min(self._poll_seconds, self._patience_seconds / 4) if feeds else self._poll_seconds):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _tell_counts(self) -> None:
        """Add what answers came to since the last time to the registry's counts."""
        counts, self._live.counts = self._live.counts, Counter()
        for feed in {count[0] for count in counts}:
            mine = {count[1:]: amount for count, amount in counts.items() if count[0] == feed}
            try:
                await self._off_loop(self._registry.count, feed, mine)
            except Unavailable:
                self._live.counts += counts
                raise
            counts = Counter({count: amount for count, amount in counts.items() if count[0] != feed})

    async def close(self) -> None:
        """Say goodbye, so that nobody waits for this replica."""
        try:
            await self._off_loop(self._registry.forget, self.replica)
        except Unavailable:
            logger.info("the registry was not told that this replica stops")
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _report(self, feed: str, live: Mapping[str, Mapping[str, Any]]) -> Route | None:
        """Gives the feed's route as it is then, where it was asked for."""
        reporting = self._reporting.setdefault(feed, asyncio.Lock())
        async with reporting:  # what is said last is what holds
            if feed not in self._views.kept and feed in self._entered:
                await self._off_loop(self._registry.leave, feed, self.replica)
                self._entered.discard(feed)
            elif feed in self._views.kept and feed not in self._live.not_followed:
                return await self._report_kept(feed, live)
        return None

    async def _report_kept(self, feed: str, live: Mapping[str, Mapping[str, Any]]) -> Route | None:
        self._entered.add(feed)
        holding = Holding(frozenset(self._loader.loaded(feed)), self._loader.failed(feed))
        stalled = {name for name, info in live.items() if name != self.replica and self._has_stalled(feed, name, info)}
        at_home = homes(feed, self._names, self._homes)
        going_on = [name for name in live if name not in stalled]
        waited_for, guests = [one for one in going_on if one in at_home], [one for one in going_on if one not in at_home]
        said = (feed, self.replica, holding, waited_for, sorted(stalled), guests)
        try:
            route, holdings = await self._off_loop(self._registry.report, *said)
        except NotFound:  # lost meanwhile; the follower has seen it
            return None
        others = {name for name in live if name in at_home or name in holdings}
        self._watch_lags(feed, _awaited(route, holding), others - {self.replica}, holdings)
        offered = frozenset(number for name, other in holdings.items() if name != self.replica for number in other.held)
        if offered != self._views.offered.get(feed):
            self._views.offered[feed] = offered
            self._views.touch(feed)
        return route

    def _has_stalled(self, feed: str, name: str, info: Mapping[str, Any]) -> bool:
        if feed in info.get("not_followed", ()):
            return True
        silent, busy = (float(info.get(what) or 0.0) for what in ("silent_seconds", "busy_seconds"))
        _, since = self._lags.get((feed, name), (None, time.monotonic()))
        lacking = (time.monotonic() - since) / (_WHILE_IT_LOADS if busy else 1.0)
        return max(silent, busy, lacking) >= self._patience_seconds

    def _watch_lags(self, feed: str, awaited: set[int], others: set[str], holdings: Mapping[str, Holding]) -> None:
        """Note since when each of the others lacks what is `awaited` of it, without any change."""
        now = time.monotonic()
        for name in others:
            theirs = holdings.get(name, Holding())
            before, since = self._lags.get((feed, name), (None, now))
            if awaited <= theirs.held | theirs.failed:
                self._lags.pop((feed, name), None)
            else:
                self._lags[feed, name] = (theirs, since if theirs == before else now)
        for key in [key for key in self._lags if key[0] == feed and key[1] not in others]:
            del self._lags[key]

    async def _off_loop(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *arguments))


def _awaited(route: Route, mine: Holding) -> set[int]:
    """What a replica that holds `mine` waits for others to hold: the newest version, and the canary of a trial to begin."""
    to_begin = mine.held & {route.canary} if not route.begun else set()
    return {*sorted(mine.held)[-1:], *to_begin}
