"""The watcher: makes what this replica serves what the registry says, one small pass after another.

Owns the order load -> check -> ready -> flip -> drain -> unload, and this replica's word in the registry. Takes heads
and routes; gives views to `Live`. It holds no truth: a pass begins with the registry's keys, changes only tell it to
hurry. With the registry away it changes nothing and tries again.

- A starting replica is not waited for by others: it sends its first heartbeat when it is ready, that is, when all
  versions that the routes named have been loaded. A replica that serves and does not get a version loaded is waited
  for `ready_timeout_seconds`, counted by each of those that have it.
- Of several new versions only the newest is loaded.
- A version that can't be loaded is reported, and tried again later; the replica stays on the one it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from rtadapt.config import Settings
from rtadapt.errors import NotFound, Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Head, Route, Version, version_name
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.serving import plan
from rtadapt.serving.engine import Engine
from rtadapt.serving.flips import Flips
from rtadapt.serving.live import Live
from rtadapt.serving.loading import LOAD_ERRORS, Loader
from rtadapt.serving.routing import FeedView, ServingView
from rtadapt.serving.stage import Stage

logger = logging.getLogger(__name__)

T = TypeVar("T")

_THREADS = 4
_FIRST_PAUSE_SECONDS = 0.1
_FEEDS_READ_SINGLY = 16


class Watcher:
    """One replica's. `run` until cancelled, then `close`."""

    def __init__(self, settings: Settings, live: Live, engine: Engine, registry: Registry, store: ArtifactStore) -> None:
        serve = settings.serve
        self._settings = serve
        self._live = live
        self._engine = engine
        self._registry = registry
        # New with each start: what an earlier process had ready, this one has not.
        self.replica = f"{serve.replica or f'{socket.gethostname()}-{os.getpid()}'}-{secrets.token_hex(3)}"
        self._info = {"host": socket.gethostname(), "pid": str(os.getpid()), "address": f"{serve.host}:{serve.port}"}
        self._beat_seconds = settings.registry.replica_ttl_seconds / 3
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="watcher")
        self._loader = Loader(engine, Stage(settings.data_dir / "stage", self.replica, store), self._off_loop)
        self._flips = Flips()
        self._heads: dict[str, Head] = {}
        self._routes: dict[str, Route] = {}
        self._serving: dict[str, int] = {}
        self._ready_since: dict[tuple[str, int], float] = {}
        self._backfill: list[Version] = []
        self._cursor = ""
        self._read_all_at = float("-inf")

    @classmethod
    def connect(cls, settings: Settings, live: Live, engine: Engine) -> Watcher:
        """A watcher of the registry and the store that `settings` name."""
        return cls(settings, live, engine, Registry(settings.registry), ArtifactStore(settings))

    async def run(self) -> None:
        """Follow the registry until cancelled."""
        metrics.READY.set(self._live.ready)
        card = await self._engine.base()
        self._live.max_model_len = card.get("max_model_len")
        self._live.replace(ServingView(card["id"], self._live.view.feeds))
        await self._engine.check(card["id"])  # the first answer of an engine takes longest: nobody should wait for it
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._beat())

    async def close(self) -> None:
        """Say goodbye, so that nobody waits for this replica."""
        self._live.ready = False
        metrics.READY.set(0)
        with contextlib.suppress(Unavailable):
            await self._off_loop(self._registry.forget, self.replica)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._registry.close()
        self._loader.close()

    async def _watch(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        changed: frozenset[str] | None = None  # None: all
        while True:
            try:
                if not self._cursor:
                    self._cursor, _ = await self._off_loop(self._registry.changes)
                await self._pass(changed)
                changed = await self._news()
                pause = _FIRST_PAUSE_SECONDS
            except Unavailable as error:
                if self._live.ready:
                    logger.warning("the registry does not answer; serving what is loaded", extra={"reason": str(error)})
                else:
                    self._live.missing = "the registry does not answer"
                metrics.REGISTRY_UP.set(0)
                changed = None
                await asyncio.sleep(pause)
                pause = min(self._settings.poll_seconds, pause * 2)

    async def _news(self) -> frozenset[str] | None:
        """The feeds that changed, or None when it is time to look at all of them."""
        left = self._read_all_at + self._settings.poll_seconds - time.monotonic()
        if left <= 0:
            return None
        wait = 0.0 if self._backfill else left
        self._cursor, changes = await self._off_loop(self._registry.changes, self._cursor, wait)
        feeds = frozenset(change.feed for change in changes)
        return feeds if feeds and len(feeds) <= _FEEDS_READ_SINGLY else None

    async def _pass(self, changed: frozenset[str] | None) -> None:
        """Read what changed, load what is missing, flip what may, let go what is no longer needed."""
        feeds = await self._off_loop(self._read, changed)
        metrics.REGISTRY_UP.set(1)
        for feed in feeds:
            self._publish(feed)
        for feed in feeds:
            await self._reconcile(feed)
        if not self._live.ready and not self._live.ending:
            await self._see_whether_ready()
        elif self._backfill:
            await self._fill_back()
        await self._flips.account(self._version_of)
        await self._drain()
        await self._loader.sweep()

    def _read(self, changed: Iterable[str] | None) -> list[str]:
        """Bring heads and routes up to date; in a thread. Gives the feeds that were read."""
        if changed is None:
            self._read_all_at = time.monotonic()
            self._heads, self._routes = self._registry.heads(), self._registry.routes()
            return sorted(self._routes)
        read = []
        for feed in changed:
            head, route = self._registry.head(feed), self._registry.route(feed)
            if head is not None and route is not None:
                self._heads[feed], self._routes[feed] = head, route
                read.append(feed)
        return read

    async def _reconcile(self, feed: str) -> None:
        for number in plan.missing(self._state(feed)):
            if self._loader.may_try(feed, number):
                await self._load(feed, number)
        head, route = self._heads.get(feed), self._routes[feed]
        if head is not None and route.follow and head.version > route.stable and head.version in self._loader.loaded(feed):
            await self._say_ready(feed, head.version)

    async def _load(self, feed: str, number: int) -> None:
        version = await self._off_loop(self._registry.version, feed, number)
        if version is None:
            logger.warning("a route or head names a version without a record", extra={"version": version_name(feed, number)})
            return
        try:
            await self._loader.load(version)
        except LOAD_ERRORS:
            if not await self._engine.healthy():  # then it is no fault of this version; vLLM ends this process
                self._live.stop("the engine has ended")
                raise
            await self._mark(self._registry.mark_failed, feed, number)
            return
        self._publish(feed)
        await self._say_ready(feed, number)

    async def _say_ready(self, feed: str, number: int) -> None:
        self._ready_since.setdefault((feed, number), time.monotonic())
        await self._mark(self._registry.mark_ready, feed, number)

    async def _mark(self, mark: Callable[..., Route], feed: str, number: int) -> None:
        """Say `mark` of the version, and follow the route if that moved it."""
        since = self._ready_since.get((feed, number))
        patient = since is None or time.monotonic() - since < self._settings.ready_timeout_seconds
        others = list(await self._off_loop(self._registry.live_replicas)) if patient else []
        try:
            self._routes[feed] = await self._off_loop(mark, feed, number, self.replica, others)
        except NotFound:  # its record was pruned meanwhile
            return
        self._publish(feed)
        await self._flips.account(self._version_of)

    async def _version_of(self, feed: str, number: int) -> Version | None:
        known = self._loader.loaded(feed).get(number)
        return known or await self._off_loop(self._registry.version, feed, number)

    def _publish(self, feed: str) -> None:
        """Put this feed's part of the view in force, and account for what that flips."""
        route, loaded = self._routes[feed], self._loader.loaded(feed)
        before = self._serving.get(feed)
        if route.stable == 0 or route.stable in loaded:
            self._serving[feed] = route.stable
        stable = self._serving.get(feed)
        view = FeedView(
            feed=feed,
            stable=stable,
            canary=route.canary if route.canary == 0 or route.canary in loaded else None,
            canary_share=route.canary_share,
            head=self._heads.get(feed),
            loaded={0: {}} | {number: version.positions for number, version in loaded.items()},
        )
        if self._live.view.feeds.get(feed) != view:
            self._live.replace(ServingView(self._live.view.base_model, {**self._live.view.feeds, feed: view}))
        self._flips.see(feed, before, stable, route.stable)

    async def _see_whether_ready(self) -> None:
        lacking = [
            version_name(feed, number)
            for feed, route in self._routes.items()
            for number in plan.needed(self._state(feed))
            if number not in self._loader.loaded(feed)
        ]
        self._live.missing = f"not loaded yet: {', '.join(lacking[:8])}" if lacking else ""
        if lacking:
            return
        await self._off_loop(self._registry.heartbeat, self.replica, self._info)
        self._live.ready = True
        metrics.READY.set(1)
        logger.info("ready", extra={"replica": self.replica, "feeds": len(self._routes), "loaded": self._loader.total()})
        for feed in self._routes:
            recent = await self._off_loop(self._registry.versions, feed, self._settings.keep_loaded)
            self._backfill += [version for version in recent if version.number not in self._loader.loaded(feed)]

    async def _fill_back(self) -> None:
        """Load one of the recent versions that were there when this replica started, for requests that pin them."""
        version = self._backfill.pop(0)
        if self._loader.total() < self._capacity and version.number not in self._loader.loaded(version.feed):
            with contextlib.suppress(*LOAD_ERRORS):
                await self._loader.load(version)
                self._publish(version.feed)

    async def _drain(self) -> None:
        """Unload what is not needed and has no request under way."""
        states = {feed: self._state(feed) for feed in self._routes}
        for feed, number in plan.surplus(states, self._settings.keep_loaded, self._capacity):
            if self._live.in_flight(feed, number) == 0:
                version = self._loader.forget(feed, number)
                self._publish(feed)
                self._ready_since.pop((feed, number), None)
                await self._loader.unload(version)

    @property
    def _capacity(self) -> int:
        """Names that may stay loaded: one place of the engine's memory is left for the next version."""
        return self._settings.max_cpu_loras - 1

    def _state(self, feed: str) -> plan.FeedState:
        loaded = {number: version.created_at for number, version in self._loader.loaded(feed).items()}
        return plan.FeedState(self._routes[feed], self._heads.get(feed), loaded, self._serving.get(feed))

    async def _beat(self) -> None:
        while True:
            if self._live.ready:
                with contextlib.suppress(Unavailable):  # the next pass notices, and says so
                    await self._off_loop(self._registry.heartbeat, self.replica, self._info)
            await asyncio.sleep(self._beat_seconds)

    async def _off_loop(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *arguments))
