"""One version, from its record into the engine and into what is served.

Owns that way, which lies behind every load, whoever decided on it. A version that can't be brought in costs itself alone.
"""

from __future__ import annotations

import asyncio
import logging
import time

from rtadapt.errors import Unavailable
from rtadapt.records import Version, version_name
from rtadapt.registry.registry import Registry
from rtadapt.serving.engine import Engine
from rtadapt.serving.live import Live
from rtadapt.serving.loading import LOAD_ERRORS, Loader
from rtadapt.serving.presence import Presence
from rtadapt.serving.views import Views

logger = logging.getLogger(__name__)


class Bringing:
    """Of one replica."""

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        live: Live,
        views: Views,
        loader: Loader,
        presence: Presence,
        pause_seconds: float,
    ) -> None:
        """A version without a record is looked for again after `pause_seconds`."""
        self._engine = engine
        self._registry = registry
        self._live = live
        self._views = views
        self._loader = loader
        self._presence = presence
        self._pause_seconds = pause_seconds
        self._absent_until: dict[tuple[str, int], float] = {}

    def may_try(self, feed: str, number: int) -> bool:
        """Whether a version that could not be brought in may be tried again by now."""
        return self._loader.may_try(feed, number) and time.monotonic() >= self._absent_until.get((feed, number), 0.0)

    async def record(self, feed: str, number: int) -> Version | None:
        """A version's record, or None where there is none that can be read or a rewind has abandoned it. Raises Unavailable."""
        if feed in self._views.feeds and self._views.feeds[feed].head.has_abandoned(number):
            return None
        known = self._loader.loaded(feed).get(number) or self._views.records.get(feed, {}).get(number)
        try:
            return known or await asyncio.to_thread(self._registry.version, feed, number)
        except (ValueError, KeyError, TypeError):
            return None

    async def bring(self, feed: str, number: int) -> None:
        """Load a version, if its record can be had. Raises LOAD_ERRORS when the engine has ended."""
        try:
            version = await self.record(feed, number)
        except Unavailable:
            version = None
        if version is None:
            logger.warning("a version's record can't be had", extra={"version": version_name(feed, number)})
            self._absent_until[feed, number] = time.monotonic() + self._pause_seconds
            return
        self._absent_until.pop((feed, number), None)
        await self.load(version)

    async def load(self, version: Version) -> None:
        """Load a version and say so, also that it can't be loaded. Raises LOAD_ERRORS when the engine has ended."""
        feed = version.feed
        try:
            await self._loader.load(version)
        except LOAD_ERRORS:
            if not await self._engine.healthy():  # then it is no fault of this version; vLLM ends this process
                self._live.stop("the engine has ended")
                raise
        else:
            if feed not in self._views.feeds:  # it was deleted meanwhile
                self._loader.disown(feed, version.number)
            self._views.publish(feed)
        self._presence.say(feed)
