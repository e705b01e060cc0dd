"""Residency: which versions the engine knows, brought in from a queue and let go when nobody needs them.

Owns the order load -> check -> report and drain -> unload, what the engine has room for, and whether this replica is ready.
Takes what is followed from `Views`, what to do next from plan.py. What a route names goes first, and a feed has one load of
other versions under way at most; so of several new versions only the newest is loaded, and one that hangs holds up neither a
route nor another feed.

- A feed is kept where it is asked for; at home, also when something of it waits to be held, or while there is room. What is
  kept is answered from once the versions that its route names are loaded, and once the route waits for this replica.
- No more is loaded than the engine has room for. What nobody but a pin would miss makes room first, then whole feeds that
  nobody asks, the one asked longest ago first. What is in use stays.
- A starting replica is ready once all that it keeps has been loaded and the routes of it wait for this replica. A version that
  can't be loaded costs its feed, not the replica, unless it is all that there is; it is reported, and tried again later, and
  the replica stays on the one it has. What was recent then is loaded afterwards, as far as there is room, for whoever pins it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from functools import partial

from rtadapt.config import ServeSettings
from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Version, version_name
from rtadapt.serving import plan
from rtadapt.serving.bringing import Bringing
from rtadapt.serving.demand import Demand
from rtadapt.serving.follower import Follower
from rtadapt.serving.live import Live
from rtadapt.serving.loading import Loader
from rtadapt.serving.presence import Presence
from rtadapt.serving.room import Room
from rtadapt.serving.seats import Guest
from rtadapt.serving.views import Views

logger = logging.getLogger(__name__)

_LANES = 4

Key = tuple[str, int]
"""A version: its feed and its number."""


class Residency:
    """One replica's. `run` until cancelled."""

    def __init__(
        self,
        settings: ServeSettings,
        live: Live,
        views: Views,
        loader: Loader,
        presence: Presence,
        follower: Follower,
        bringing: Bringing,
    ) -> None:
        self._settings = settings
        self._live = live
        self._bringing = bringing
        self._views = views
        self._loader = loader
        self._presence = presence
        self._follower = follower
        self._demand = Demand(settings.max_waiting, settings.bring_seconds)
        self._room = Room(settings, live, views, loader)
        self._open: set[str] = set()
        self._lanes: dict[Key, asyncio.Task[None]] = {}
        self._entering: set[str] = set()

    async def run(self) -> None:
        """Load and unload until cancelled. Raises LOAD_ERRORS, in a group, when the engine has ended."""
        self._live.idle = self._wake_if_waiting
        self._loader.recover()
        await self._presence.see_others()
        tidying: asyncio.Task[None] | None = None
        filling: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._views.changed.clear()
                for feed in {*self._views.touched(), *self._open}:
                    self._consider(feed, tasks)
                for feed, number in self._next():
                    self._begin(feed, number, tasks)
                if not self._live.ready and not self._live.ending:
                    await self._is_ready()
                if self._views.coming and self._live.ready and (filling is None or filling.done()):
                    filling = tasks.create_task(self._fill_back(), name="fill back")
                if tidying is None or tidying.done():
                    tidying = tasks.create_task(self._tidy(), name="tidy")
                metrics.FEEDS_HERE.set(len(self._views.here))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.poll_seconds):
                        await self._views.changed.wait()

    async def bring(self, feed: str, guest: Guest) -> None:
        """Return once the feed is answered from here. Raises as `Demand.wait` does."""
        stable = self._views.feeds[feed].route.stable
        if not self._loader.may_try(feed, stable):
            raise Unavailable(f"{version_name(feed, stable)} could not be loaded here; try again later", field="model")
        self._views.touch(feed)
        await self._demand.wait(feed, guest)

    def _consider(self, feed: str, tasks: asyncio.TaskGroup) -> None:
        """Whether the feed is kept, whether it is here by now, and whether something is left to do for it."""
        views = self._views
        self._open.discard(feed)
        if feed not in views.feeds:
            self._demand.settle(feed)
            self._presence.say(feed)
            return
        state = views.state(feed)
        if feed not in views.kept and self._is_wanted(feed, state):
            views.kept.add(feed)
            if not self._live.ready:
                views.coming[feed] = set(plan.recent(views.feeds[feed].head, self._settings.keep_loaded))
                views.publish(feed)
        elif feed not in views.here and not self._is_held(feed) and not self._is_wanted(feed, state):
            views.kept.discard(feed)
        if feed not in views.kept:
            return
        if feed not in views.here:
            self._arrive(feed, state, tasks)
        if feed not in views.here or plan.missing(state):
            self._open.add(feed)

    def _is_wanted(self, feed: str, state: plan.FeedState) -> bool:
        if self._demand.has(feed):
            return True
        if not self._presence.is_home(feed):
            return False
        if not plan.missing(state):
            return self._settings.homes is None  # nothing is to be loaded: that takes no room
        return plan.is_coming(state) or self._room.has_free(self._promised())

    def _promised(self) -> int:
        """How many names the feeds will take that are kept and have none yet."""
        lacking = [feed for feed in self._open if not self._is_held(feed)]
        return len(self._lanes) + sum(len(self._wants(feed, state)) for feed, state in self._views.states(lacking).items())

    def _is_held(self, feed: str) -> bool:
        return bool(self._loader.loaded(feed)) or any(name == feed for name, _ in self._lanes)

    def _arrive(self, feed: str, state: plan.FeedState, tasks: asyncio.TaskGroup) -> None:
        """Answer from the feed, if all is there that its route names; or say why that can't be."""
        stable = state.route.stable
        if self._may_answer(feed) and feed not in self._entering:
            if self._live.ready and (plan.needed(state) or self._settings.homes is not None):
                self._entering.add(feed)
                tasks.create_task(self._enter(feed), name=f"enter {feed}")
            else:
                self._be_here(feed)
        elif stable in self._loader.failed(feed) and not self._loader.may_try(feed, stable):
            self._demand.settle(feed, f"{version_name(feed, stable)} could not be loaded here")

    def _may_answer(self, feed: str) -> bool:
        """Whether all is loaded that the route names, but for a canary that can't be."""
        state = self._views.state(feed)
        lacking = {number for number in plan.needed(state) if number not in state.loaded}
        return state.route.stable not in lacking and lacking <= self._loader.failed(feed)

    async def _enter(self, feed: str) -> None:
        try:
            await self._presence.enter(feed)
        finally:
            self._entering.discard(feed)
        if feed in self._views.kept and self._may_answer(feed):  # else the route had moved on, and what it names now is loaded
            self._be_here(feed)
        self._views.touch(feed)

    def _be_here(self, feed: str) -> None:
        self._views.here.add(feed)
        self._views.publish(feed)
        self._demand.settle(feed)

    def _wants(self, feed: str, state: plan.FeedState) -> list[int]:
        """What to load of a kept feed. At home, of one that nobody asks, what comes next is enough: its route will move there."""
        missing = plan.missing(state)
        is_quiet = feed not in self._views.here and not self._demand.has(feed) and self._live.ready
        if self._settings.homes is not None and is_quiet and state.newest in missing and plan.is_coming(state):
            return [number for number in missing if number != state.route.stable]
        return missing

    def _next(self) -> list[Key]:
        """What to begin loading now: first what is asked for, then what routes name, then what is newer."""
        found: list[tuple[bool, bool, str, int]] = []
        for feed, state in self._views.states(sorted(self._open)).items():
            needed = plan.needed(state)
            found += [(not self._demand.has(feed), number not in needed, feed, number) for number in self._wants(feed, state)]
        free = _LANES - len(self._lanes)
        busy = {feed for feed, _ in self._lanes}
        begun = []
        for _, is_newer, feed, number in sorted(found, key=lambda one: one[:2]):
            if self._loader.is_loading(feed, number) or (feed, number) in self._lanes or not self._bringing.may_try(feed, number):
                continue
            if (is_newer and (free <= 0 or feed in busy)) or free <= -_LANES:
                continue
            free -= 1
            busy.add(feed)
            begun.append((feed, number))
        return begun

    def _begin(self, feed: str, number: int, tasks: asyncio.TaskGroup) -> None:
        """Begin a load, if there is room or room can be made."""
        size = self._size_of(feed, number)
        under_way = [(key[0], bytes_) for key, bytes_ in self._coming().items()]
        going = self._room.for_one(feed, number, size, under_way, partial(self._is_needed, feed))
        if going is None:
            return
        versions = [version for other in going.feeds for version in self._let_go(other)]
        versions += [self._forget(*key) for key in going.spare]
        tasks.create_task(self._unload(versions), name="unload")
        if feed in going.feeds:  # it is this one that nobody would miss
            return
        task = tasks.create_task(self._bringing.bring(feed, number), name=f"load {version_name(feed, number)}")
        self._lanes[feed, number] = task
        task.add_done_callback(partial(self._leave, (feed, number)))

    def _coming(self) -> dict[Key, int]:
        """The bytes of what is coming, also of what is filled back beside the lanes."""
        return {key: self._size_of(*key) for key in self._lanes} | self._loader.coming()

    def _is_needed(self, feed: str, other: str) -> bool:
        """Whether `other` must not go for the sake of `feed`: it is asked for, or is at home here and the same."""
        return self._demand.has(other) or (other == feed and self._presence.is_home(feed))

    def _size_of(self, feed: str, number: int) -> int:
        record = self._views.records.get(feed, {}).get(number)
        return record.adapter.size_bytes if record is not None else 0

    def _let_go(self, feed: str) -> list[Version]:
        """Answer no more from the feed. Gives what is to be unloaded."""
        self._views.here.discard(feed)
        self._views.kept.discard(feed)
        self._open.discard(feed)
        metrics.LET_GO.inc()
        return [self._forget(feed, number) for number in list(self._loader.loaded(feed))]

    def _forget(self, feed: str, number: int) -> Version:
        version = self._loader.forget(feed, number)
        self._views.publish(feed)
        self._presence.say(feed)
        return version

    def _leave(self, key: Key, _: asyncio.Task[None]) -> None:
        del self._lanes[key]
        self._views.touch(key[0])

    def _wake_if_waiting(self) -> None:
        if self._open:
            self._views.changed.set()

    async def _unload(self, versions: Iterable[Version]) -> None:
        for version in versions:
            await self._loader.unload(version)

    async def _is_ready(self) -> bool:
        """Whether this replica may say so; then it does."""
        if not self._follower.was_asked or (self._follower.reason_away and not self._views.feeds):
            self._live.missing = self._follower.reason_away
            return False
        if self._lacks():
            return False
        if self._follower.reason_away:
            for feed in self._views.kept:
                self._presence.say(feed)
        else:
            await self._presence.be_there()
            await self._presence.enter(*sorted(self._views.kept))
            if self._lacks():  # a route had moved on before it waited for this replica
                return False
        self._live.ready = True
        metrics.READY.set(1)
        extra = {"replica": self._presence.replica, "feeds": len(self._views.feeds), "loaded": self._loader.total()}
        logger.info("ready", extra=extra)
        return True

    def _lacks(self) -> bool:
        """Whether something that a route names is not loaded yet; `missing` says what. What can't be loaded is not waited for."""
        kept = self._views.states(self._views.kept)
        wanted = [(feed, number) for feed, state in kept.items() for number in plan.needed(state)]
        lacking = [key for key in wanted if key[1] not in self._loader.loaded(key[0])]
        given_up = [key for key in lacking if key[1] in self._loader.failed(key[0])]
        waits = bool(lacking) and (len(given_up) < len(lacking) or len(lacking) == len(wanted))
        self._live.missing = f"not loaded yet: {', '.join(version_name(*key) for key in lacking[:8])}" if waits else ""
        return waits

    async def _fill_back(self) -> None:
        """Load, one at a time, what was recent when this replica started. One that can't be loaded is tried again while it is."""
        coming = self._views.coming
        for feed, number in [(name, one) for name in sorted(coming) for one in sorted(coming[name], reverse=True)]:
            if feed in self._live.not_followed or (feed, number) in self._coming() or not self._bringing.may_try(feed, number):
                continue
            try:
                version = await self._bringing.record(feed, number)
            except Unavailable:  # the follower says so
                return
            if version is not None and self._may_fill(version):
                await self._bringing.load(version)
                if number not in self._loader.loaded(feed):
                    continue
            self._views.settle(feed, number)

    def _may_fill(self, version: Version) -> bool:
        """Whether the version is still recent, and there is room without anything going for it."""
        is_kept = version.feed in self._views.kept and version.number not in self._loader.loaded(version.feed)
        if not is_kept or version.number not in plan.recent(self._views.feeds[version.feed].head, self._settings.keep_loaded):
            return False
        return self._room.has_free(self._promised(), version.adapter.size_bytes + sum(self._coming().values()))

    async def _tidy(self) -> None:
        """Beside the loop: nobody who waits for a feed waits for this."""
        await self._drain()
        await self._loader.sweep()

    async def _drain(self) -> None:
        """Unload what is not needed and has no request under way."""
        states = self._views.states(self._loader.feeds())
        for feed, number in plan.surplus(states, self._settings.keep_loaded, self._room.names):
            version = self._loader.loaded(feed).get(number)  # while others left, the feed may have been deleted
            if version is not None and self._room.is_idle(version):
                await self._loader.unload(self._forget(feed, number))
        for version in self._loader.disowned(self._room.is_idle):
            await self._loader.unload(version)
