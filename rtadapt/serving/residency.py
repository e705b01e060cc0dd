"""Residency: which versions the engine knows, brought in from a queue and let go when nobody needs them.

Owns the order load -> check -> report and drain -> unload, and whether this replica is ready. Takes what is followed from
`Views`, what to do next from plan.py. What a route names goes first, and a feed has one load of other versions under way at
most; so of several new versions only the newest is loaded, and one that hangs holds up neither a route nor another feed.

- A starting replica is ready once all versions that the routes named have been loaded. One that can't be loaded costs its
  feed, not the replica, unless it is all that there is.
- A version that can't be loaded is reported, and tried again later; the replica stays on the one it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from functools import partial

from rtadapt.config import ServeSettings
from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Version, version_name
from rtadapt.registry.registry import Registry
from rtadapt.serving import plan
from rtadapt.serving.engine import Engine
from rtadapt.serving.follower import Follower
from rtadapt.serving.identity import engine_name
from rtadapt.serving.live import Live
from rtadapt.serving.loading import LOAD_ERRORS, Loader
from rtadapt.serving.presence import Presence
from rtadapt.serving.views import Views

logger = logging.getLogger(__name__)

_LANES = 4


class Residency:
    """One replica's. `run` until cancelled."""

    def __init__(
        self,
        settings: ServeSettings,
        live: Live,
        engine: Engine,
        registry: Registry,
        views: Views,
        loader: Loader,
        presence: Presence,
        follower: Follower,
    ) -> None:
        self._settings = settings
        self._live = live
        self._engine = engine
        self._registry = registry
        self._views = views
        self._loader = loader
        self._presence = presence
        self._follower = follower
        self._lanes: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._absent_until: dict[tuple[str, int], float] = {}

    async def run(self) -> None:
        """Load and unload until cancelled. Raises LOAD_ERRORS, in a group, when the engine has ended."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._views.changed.clear()
                for feed, number in list(self._next()):
                    task = tasks.create_task(self._load(feed, number), name=f"load {version_name(feed, number)}")
                    self._lanes[feed, number] = task
                    task.add_done_callback(partial(self._leave, (feed, number)))
                if not self._live.ready and not self._live.ending and await self._is_ready():
                    tasks.create_task(self._fill_back())
                await self._drain()
                await self._loader.sweep()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.poll_seconds):
                        await self._views.changed.wait()

    async def version_of(self, feed: str, number: int) -> Version | None:
        """A version's record, or None where there is none or a rewind has abandoned it. Raises Unavailable."""
        if feed in self._views.feeds and self._views.feeds[feed].head.has_abandoned(number):
            return None
        known = self._loader.loaded(feed).get(number) or self._views.records.get(feed, {}).get(number)
        return known or await asyncio.to_thread(self._registry.version, feed, number)

    def _next(self) -> Iterator[tuple[str, int]]:
        """What to begin loading now."""
        states = self._views.states()
        urgent = [(feed, number) for feed, state in states.items() for number in plan.needed(state)]
        others = [(feed, number) for feed, state in states.items() for number in plan.missing(state)]
        free = _LANES - len(self._lanes)
        busy = {feed for feed, _ in self._lanes}
        for feed, number in dict.fromkeys(urgent + others):
            key = (feed, number)
            first = number in plan.needed(states[feed])
            if (
                number in states[feed].loaded
                or self._loader.is_loading(feed, number)
                or key in self._lanes
                or not self._may_try(feed, number)
            ):
                continue
            if not first and (free <= 0 or feed in busy):
                continue
            if first and free <= -_LANES:
                continue
            free -= 1
            busy.add(feed)
            yield key

    def _leave(self, key: tuple[str, int], _: asyncio.Task[None]) -> None:
        del self._lanes[key]
        self._views.changed.set()

    def _may_try(self, feed: str, number: int) -> bool:
        return self._loader.may_try(feed, number) and time.monotonic() >= self._absent_until.get((feed, number), 0.0)

    async def _load(self, feed: str, number: int) -> None:
        try:
            version = await self.version_of(feed, number)
        except Unavailable:
            version = None
        if version is None:
            logger.warning("a version's record can't be had", extra={"version": version_name(feed, number)})
            self._absent_until[feed, number] = time.monotonic() + self._settings.poll_seconds
            return
        self._absent_until.pop((feed, number), None)
        try:
            await self._loader.load(version)
        except LOAD_ERRORS:
            if not await self._engine.healthy():  # then it is no fault of this version; vLLM ends this process
                self._live.stop("the engine has ended")
                raise
        else:
            self._views.publish(feed)
        self._presence.say(feed)
        self._views.changed.set()

    async def _is_ready(self) -> bool:
        """Whether this replica may say so; then it does."""
        if not self._follower.was_asked or (self._follower.reason_away and not self._views.feeds):
            self._live.missing = self._follower.reason_away
            return False
        wanted = [(feed, number) for feed, state in self._views.states().items() for number in plan.needed(state)]
        lacking = [key for key in wanted if key[1] not in self._loader.loaded(key[0])]
        given_up = [key for key in lacking if key[1] in self._loader.failed(key[0])]
        if lacking and (len(given_up) < len(lacking) or len(lacking) == len(wanted)):
            self._live.missing = f"not loaded yet: {', '.join(version_name(*key) for key in lacking[:8])}"
            return False
        if not self._follower.reason_away:
            await self._presence.be_there()
        self._live.missing = ""
        self._live.ready = True
        metrics.READY.set(1)
        extra = {"replica": self._presence.replica, "feeds": len(self._views.feeds), "loaded": self._loader.total()}
        logger.info("ready", extra=extra)
        for feed in self._views.feeds:
            self._presence.say(feed)
        return True

    async def _fill_back(self) -> None:
        """Load the recent versions that were there when this replica started, for requests that pin them."""
        for feed in list(self._views.feeds):
            await self._follower.readable.wait()
            with contextlib.suppress(*LOAD_ERRORS):
                for version in await asyncio.to_thread(self._registry.versions, feed, self._settings.keep_loaded):
                    key = (feed, version.number)
                    known = version.number in self._loader.loaded(feed) or key in self._lanes
                    gone = self._views.feeds[feed].head.has_abandoned(version.number)
                    trusted = feed not in self._live.not_followed and not gone
                    if trusted and not known and self._loader.total() < self._capacity:
                        await self._loader.load(version)
                        self._views.publish(feed)

    async def _drain(self) -> None:
        """Unload what is not needed and has no request under way."""
        for feed, number in plan.surplus(self._views.states(), self._settings.keep_loaded, self._capacity):
            if self._is_idle(self._loader.loaded(feed)[number]):
                version = self._loader.forget(feed, number)
                self._views.publish(feed)
                self._presence.say(feed)
                await self._loader.unload(version)
        for version in self._loader.disowned(self._is_idle):
            await self._loader.unload(version)

    def _is_idle(self, version: Version) -> bool:
        return self._live.in_flight(engine_name(version)) == 0

    @property
    def _capacity(self) -> int:
        """Names that may stay loaded: one place of the engine's memory is left for the next version."""
        return self._settings.max_cpu_loras - 1
