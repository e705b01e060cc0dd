"""The versions that this replica's engine knows, and the way in and out.

Owns the table of loaded versions. In: fetch, check every digest, load under the immutable name, let it answer once. Out:
forget the name first, remove the files later. Each step that blocks runs in a thread, so no stream waits for it but
for the engine's own load.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from rtadapt.errors import ArtifactDamaged, EngineRefused, InvalidInput, TooLarge, Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Version
from rtadapt.serving.engine import Engine
from rtadapt.serving.stage import Stage
from rtadapt.serving.weights import WEIGHTS, check_finite

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOAD_ERRORS = (ArtifactDamaged, EngineRefused, InvalidInput, TooLarge, Unavailable)
"""What can go wrong with one version without anything being wrong with this replica."""

_GRACE_SECONDS = 10.0
"""A request that was aborted may still be in the engine for a moment after it left us."""

_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 60.0


class Loader:
    """Loads and unloads; one at a time."""

    def __init__(self, engine: Engine, stage: Stage, off_loop: Callable[..., Awaitable[Any]]) -> None:
        """`off_loop(function, *arguments)` runs a blocking function in a thread."""
        self._engine = engine
        self._stage = stage
        self._off_loop = off_loop
        self._loaded: dict[str, dict[int, Version]] = {}
        self._failures: dict[tuple[str, int], tuple[int, float]] = {}
        self._discards: list[tuple[float, Version]] = []

    def loaded(self, feed: str) -> dict[int, Version]:
        """The versions of `feed` that the engine knows, by number."""
        return self._loaded.get(feed, {})

    def total(self) -> int:
        """How many names the engine knows."""
        return sum(len(versions) for versions in self._loaded.values())

    def may_try(self, feed: str, number: int) -> bool:
        """Whether a version that failed before may be tried again by now."""
        return time.monotonic() >= self._failures.get((feed, number), (0, 0.0))[1]

    async def load(self, version: Version) -> None:
        """Fetch, check, load and try `version`. Raises one of LOAD_ERRORS; the next try is then a while away."""
        started = time.monotonic()
        key = (version.feed, version.number)
        try:
            folder = await self._off_loop(self._stage.fetch, version)
            await self._off_loop(check_finite, folder / WEIGHTS)
            await self._engine.load(version.name, folder)
            try:
                await self._engine.check(version.name)
            except EngineRefused:
                await self._engine.unload(version.name)
                raise
        except LOAD_ERRORS as error:
            attempts = self._failures.get(key, (0, 0.0))[0] + 1
            pause = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** (attempts - 1))
            self._failures[key] = (attempts, time.monotonic() + pause)
            metrics.LOADS.labels(version.feed, "failed").inc()
            logger.warning(
                "a version could not be loaded",
                extra={
                    "feed": version.feed,
                    "version": version.name,
                    "code": error.code,
                    "reason": str(error),
                    "attempt": attempts,
                },
            )
            self._discards.append((time.monotonic() + _GRACE_SECONDS, version))
            raise
        self._failures.pop(key, None)
        self._loaded.setdefault(version.feed, {})[version.number] = version
        seconds = time.monotonic() - started
        metrics.LOADS.labels(version.feed, "loaded").inc()
        metrics.LOAD_SECONDS.observe(seconds)
        self._count(version.feed)
        logger.info("version loaded", extra={"feed": version.feed, "version": version.name, "seconds": round(seconds, 4)})

    def forget(self, feed: str, number: int) -> Version:
        """Take the version out of the table: from now on nobody is sent to it. `unload` must follow."""
        version = self._loaded[feed].pop(number)
        self._count(feed)
        return version

    async def unload(self, version: Version) -> None:
        """Let the engine forget the name; the files go later. One that won't is logged and left."""
        try:
            await self._engine.unload(version.name)
        except EngineRefused as error:
            logger.warning("a version could not be unloaded", extra={"version": version.name, "reason": str(error)})
            return
        self._discards.append((time.monotonic() + _GRACE_SECONDS, version))
        logger.info("version unloaded", extra={"feed": version.feed, "version": version.name})

    async def sweep(self) -> None:
        """Remove the files of versions that were unloaded long enough ago, and forget failures of versions that passed."""
        now = time.monotonic()
        due = [version for moment, version in self._discards if moment <= now]
        self._discards = [(moment, version) for moment, version in self._discards if moment > now]
        for version in due:
            if version.number not in self.loaded(version.feed):
                await self._off_loop(self._stage.discard, version)
        newest = {feed: max(versions, default=0) for feed, versions in self._loaded.items()}
        self._failures = {
            (feed, number): failure
            for (feed, number), failure in self._failures.items()
            if number >= newest.get(feed, 0) or failure[1] > now
        }

    def close(self) -> None:
        """Remove the stage."""
        self._stage.close()

    def _count(self, feed: str) -> None:
        metrics.LOADED.labels(feed).set(len(self._loaded[feed]))
