"""The watcher: makes what this replica serves what the registry says.

Owns the parts that do it and how long they live: the follower (registry to views), the residency (versions in and out of the
engine), the trial of the engine, the presence (this replica's word in the registry), the account of flips, and what is kept on
disk for the next start. Each runs by itself, so that none waits for another: a route change is in force at once, whatever is
being loaded.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from dataclasses import replace
from typing import Any

from rtadapt.config import Settings
from rtadapt.observe import metrics
from rtadapt.records import Version
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.serving import plan, series
from rtadapt.serving.aside import Aside
from rtadapt.serving.bringing import Bringing
from rtadapt.serving.copies import Copies
from rtadapt.serving.engine import Engine
from rtadapt.serving.fitting import Fitting
from rtadapt.serving.flips import Flips
from rtadapt.serving.follower import Follower
from rtadapt.serving.last_seen import Seen, read_seen, write_seen
from rtadapt.serving.live import Live
from rtadapt.serving.loading import Loader
from rtadapt.serving.presence import Presence
from rtadapt.serving.residency import Residency
from rtadapt.serving.views import Views

logger = logging.getLogger(__name__)

_WRITE_SECONDS = 5.0
"""How long the end of a replica waits for what it is writing down; a disk that hangs holds it up no longer."""


class Watcher:
    """One replica's. `run` until cancelled, then `close`."""

    def __init__(self, settings: Settings, live: Live, engine: Engine, registry: Registry, store: ArtifactStore) -> None:
        serve = settings.serve
        self._settings = serve
        self._live = live
        self._engine = engine
        self._registry = registry
        # New with each start: what an earlier process held, this one does not.
        self.replica = f"{serve.replica or f'{socket.gethostname()}-{os.getpid()}'}-{secrets.token_hex(3)}"
        name = f"last-{serve.replica or f'port-{serve.port}'}"
        self._copies = Copies(settings.data_dir / "copies", name, self.replica, store)
        self._loader = Loader(engine, self._copies, serve, self._believe, registry.signatures.check_trial)
        live.scopes = self._loader.scopes if serve.scope else {}
        self._flips = Flips()
        self._views = Views(live, self._loader.loaded, self._flips)
        self._follower = Follower(registry, live, self._views, self._loader, serve.poll_seconds)
        live.look = self._follower.look
        self._presence = Presence(settings, registry, self.replica, live, self._views, self._loader)
        self._presence.about = self._about
        self._fitting = Fitting(engine, self._loader, registry, serve.dtype, serve.poll_seconds)
        bringing = Bringing(engine, registry, live, self._views, self._loader, self._presence, serve.poll_seconds)
        self._residency = Residency(serve, live, self._views, self._loader, self._presence, self._follower, bringing)
        live.bring = self._residency.bring
        self._aside = Aside("last seen")
        self._written: tuple[tuple[Seen, ...], bytes] = ((), b"")
        self._edition: tuple[int, bytes] | None = None
        self._writing: asyncio.Task[None] | None = None

    @classmethod
    def connect(cls, settings: Settings, live: Live, engine: Engine) -> Watcher:
        """A watcher of the registry and the store that `settings` name."""
        return cls(settings, live, engine, Registry(settings.registry), ArtifactStore(settings))

    async def run(self) -> None:
        """Follow the registry until cancelled."""
        metrics.READY.set(self._live.ready)
        card = await self._engine.base()
        self._live.max_model_len = card.get("max_model_len")
        self._live.replace(replace(self._live.view, base_model=card["id"]))
        await self._remember(card["id"])
        await self._engine.check(card["id"])  # the first answer of an engine takes longest: nobody should wait for it
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follower.run())
            tasks.create_task(self._residency.run())
            tasks.create_task(self._presence.beat())
            tasks.create_task(self._presence.tell())
            tasks.create_task(self._flips.run(self._account, self._settings.poll_seconds))
            tasks.create_task(self._keep_seen(card["id"]))
            tasks.create_task(self._fitting.run())
            tasks.create_task(series.keep_bounded(self._settings.poll_seconds))

    async def close(self) -> None:
        """Say goodbye, so that nobody waits for this replica."""
        self._live.ready = False
        self._live.look = self._live.bring = None
        metrics.READY.set(0)
        await self._presence.close()
        if self._writing is not None:
            await asyncio.wait((self._writing,), timeout=_WRITE_SECONDS)
        await self._write_seen(self._live.view.base_model)
        self._follower.close()
        self._registry.close()
        wanted = {(version.feed, version.number) for seen in self._written[0] for version in seen.versions}
        self._loader.close(wanted)

    async def _remember(self, base_model: str) -> None:
        """Follow what was followed last, until the registry says more; and remove the copies of everything else."""
        if not self._copies.lasts or self._views.feeds:
            return
        feeds, key = await self._aside.run(read_seen, self._copies.seen, base_model)
        self._live.receipt_key = self._live.receipt_key or key
        await self._aside.run(self._copies.keep_only, {(one.feed, one.number) for seen in feeds for one in seen.versions})
        for seen in feeds:
            vouched = self._registry.signatures.vouch_for(seen.said.head)
            self._views.follow(seen.said, {version.number: version for version in seen.versions}, vouched)
        self._written = tuple(feeds), key

    def _believe(self, version: Version) -> None:
        """Raises ArtifactDamaged unless the version's record is believed to be of the feed that is followed."""
        said = self._views.feeds.get(version.feed)
        self._registry.signatures.check_version(version, said.head.origin if said is not None else "")

    async def _keep_seen(self, base_model: str) -> None:
        """Write down what is served whenever that has changed."""
        while True:
            self._writing = asyncio.create_task(self._write_seen(base_model))
            await asyncio.shield(self._writing)
            await asyncio.sleep(self._settings.poll_seconds)

    async def _write_seen(self, base_model: str) -> None:
        edition = self._views.edition, self._live.receipt_key
        if not self._copies.lasts or self._edition == edition:
            return
        feeds, key = tuple(self._seen(feed) for feed in sorted(self._views.feeds)), self._live.receipt_key
        if (key, *map(_gist, feeds)) != (self._written[1], *map(_gist, self._written[0])):
            try:
                await self._aside.run(write_seen, self._copies.seen, base_model, feeds, key)
            except OSError as error:
                logger.warning("what is served can't be written down", extra={"error": type(error).__name__})
                return
            self._written = feeds, key
        self._edition = edition

    def _seen(self, feed: str) -> Seen:
        loaded = self._loader.loaded(feed)
        numbers = dict.fromkeys((*plan.needed(self._views.state(feed)), self._views.serving(feed) or 0))
        return Seen(self._views.feeds[feed], tuple(loaded[number] for number in numbers if number in loaded))

    async def _account(self, feed: str, number: int, change: str, served_before: int) -> list[Version]:
        return await asyncio.to_thread(self._registry.account, feed, number, change, served_before)

    def _about(self) -> dict[str, Any]:
        address = f"{self._settings.host}:{self._settings.port}"
        passed = round(time.monotonic() - self._follower.passed_at, 3)
        return {
            "host": socket.gethostname(),
            "pid": str(os.getpid()),
            "address": address,
            "passed_seconds": passed,
            "fits": self._fitting.word,
        }


def _gist(seen: Seen) -> tuple[Any, ...]:
    """What makes it worth writing down again: the head moves with every batch, and an older one does as well."""
    return seen.said.head.incarnation, seen.said.route, seen.versions
