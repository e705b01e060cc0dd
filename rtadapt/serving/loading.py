"""The versions that this replica's engine knows, and the way in and out.

Owns the table of loaded versions. In: fetch, check every digest, load under the immutable name, compare what it answers
(agreement.py). Out: forget the name first, remove the files later. Each step that blocks runs in a thread, so no stream waits for
it but for the engine's own load. What a version may take in all is bounded: a store or an engine that hangs costs that
version its turn, and nobody theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rtadapt.errors import ArtifactDamaged, EngineRefused, InvalidInput, TooLarge, Unavailable
from rtadapt.judged import Answer, read_answers
from rtadapt.observe import metrics
from rtadapt.records import Artifact, Version
from rtadapt.scope import Told, read_scope
from rtadapt.serving import agreement
from rtadapt.serving.aside import Aside
from rtadapt.serving.copies import Copies
from rtadapt.serving.engine import Engine
from rtadapt.serving.identity import engine_name
from rtadapt.serving.weights import WEIGHTS, check_finite

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOAD_ERRORS = (ArtifactDamaged, EngineRefused, InvalidInput, TooLarge, Unavailable)
"""What can go wrong with one version without anything being wrong with this replica."""

_GRACE_SECONDS = 10.0
"""A request that was aborted may still be in the engine for a moment after it left us."""

_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Offer:
    """An adapter that is no version, which a worker has engines held against, and the worker's signature."""

    adapter: Artifact
    signature: str


@dataclass(frozen=True, slots=True)
class _Copy:
    """A version's adapter on disk, checked, with what lies beside the weights."""

    folder: Path
    answers: Sequence[Answer]
    scope: Told


class Loader:
    """Loads and unloads. Several may be fetched at once; the engine takes one at a time."""

    def __init__(
        self,
        engine: Engine,
        copies: Copies,
        limit_seconds: float,
        max_bytes: int,
        check: Callable[[Version], None],
        check_trial: Callable[[Artifact, str], None],
    ) -> None:
        """`limit_seconds` is what one version may take, from the store to its first answer, and `max_bytes` how large it may
        be. `check` refuses a version whose record is not believed, with ArtifactDamaged, and `check_trial` an adapter that is
        none, by its signature."""
        self._check, self._check_trial = check, check_trial
        self._max_bytes = max_bytes
        self._engine = engine
        self._copies = copies
        self._limit_seconds = limit_seconds
        self._aside = Aside("loader")
        self._turn = asyncio.Lock()
        self._under_way: dict[tuple[str, int], int] = {}
        self._progress_at = 0.0
        self._loaded: dict[str, dict[int, Version]] = {}
        self._failures: dict[tuple[str, int], tuple[int, float]] = {}
        self._disowned: list[Version] = []
        self._discards: list[tuple[float, Version]] = []
        self._leaving: dict[str, asyncio.Event] = {}  # by the engine's name
        self.scopes: dict[str, Told] = {}
        """What each version speaks of, by the engine's name of it."""

    def loaded(self, feed: str) -> dict[int, Version]:
        """The versions of `feed` that the engine knows, by number."""
        return self._loaded.get(feed, {})

    def feeds(self) -> list[str]:
        """The feeds of which the engine knows any version."""
        return [feed for feed, versions in self._loaded.items() if versions]

    def all(self) -> list[Version]:
        """All that the engine knows, also what nobody is sent to any more."""
        return [*(version for versions in self._loaded.values() for version in versions.values()), *self._disowned]

    def total(self) -> int:
        """How many names the engine knows."""
        return len(self.all())

    def coming(self) -> dict[tuple[str, int], int]:
        """The bytes of what is being loaded, by feed and number."""
        return dict(self._under_way)

    def may_try(self, feed: str, number: int) -> bool:
        """Whether a version that failed before may be tried again by now."""
        return time.monotonic() >= self._failures.get((feed, number), (0, 0.0))[1]

    def failed(self, feed: str) -> frozenset[int]:
        """The versions of `feed` that could not be loaded and are tried again later."""
        return frozenset(number for name, number in self._failures if name == feed)

    def is_loading(self, feed: str, number: int) -> bool:
        """Whether this version is on its way in."""
        return (feed, number) in self._under_way

    def under_way(self) -> int:
        """How many versions are on their way in."""
        return len(self._under_way)

    def busy_seconds(self) -> float:
        """How long it has been since a load last got on, while something is on its way; else 0."""
        return max(0.001, time.monotonic() - self._progress_at) if self._under_way else 0.0

    async def load(self, version: Version, leaving: asyncio.Task[None] | None = None) -> None:
        """Fetch, check, load and try `version`. Raises one of LOAD_ERRORS; the next try is then a while away.

        The engine has room for it once `leaving` is over, which goes on meanwhile and whatever becomes of this.
        """
        started = time.monotonic()
        key = (version.feed, version.number)
        if not self._under_way:
            self._progress_at = started
        self._under_way[key] = version.adapter.size_bytes
        try:
            await self._bring_in(version, leaving)
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
        finally:
            self._under_way.pop(key, None)
            self._progress_at = time.monotonic()
        self._failures.pop(key, None)
        self._loaded.setdefault(version.feed, {})[version.number] = version
        seconds = time.monotonic() - started
        metrics.LOADS.labels(version.feed, "loaded").inc()
        metrics.LOAD_SECONDS.observe(seconds)
        self._count(version.feed)
        logger.info("version loaded", extra={"feed": version.feed, "version": version.name, "seconds": round(seconds, 4)})

    async def _bring_in(self, version: Version, leaving: asyncio.Task[None] | None) -> None:
        """Fetch and load within the limit. Raises one of LOAD_ERRORS; the engine then does not know the version."""
        self._check(version)
        self._check_size(version.name, version.adapter)
        try:
            async with asyncio.timeout(self._limit_seconds):
                if (gone := self._leaving.get(engine_name(version))) is not None:
                    await gone.wait()  # else its weights and files would go from under it
                copy = await self._passed(self._aside.run(self._fetched, version))
                if leaving is not None:
                    await asyncio.wait((leaving,))
                async with self._turn:
                    await self._load_and_try(version, copy)
        except TimeoutError:
            raise EngineRefused(f"{version.name} was not loaded within {self._limit_seconds:g} s") from None

    def _fetched(self, version: Version) -> _Copy:
        """In one thread: each further one would wait for its turn. Raises ArtifactDamaged, Unavailable."""
        folder = self._copies.fetch(version)
        check_finite(folder / WEIGHTS)
        return _Copy(folder, read_answers(folder), read_scope(folder))

    def _borrowed(self, adapter: Artifact) -> Path:
        folder = self._copies.borrow(adapter)
        check_finite(folder / WEIGHTS)
        return folder

    def _check_size(self, name: str, adapter: Artifact) -> None:
        if adapter.size_bytes > self._max_bytes:
            raise TooLarge(f"{name} has {adapter.size_bytes} bytes, and serve.max_adapter_bytes is {self._max_bytes}")

    async def _load_and_try(self, version: Version, copy: _Copy) -> None:
        try:
            await self._passed(self._engine.load(engine_name(version), copy.folder))
            await self._passed(self._engine.check(engine_name(version)))
            self.scopes[engine_name(version)] = copy.scope
            await agreement.check(self._engine, version.feed, engine_name(version), copy.answers)
        except (ArtifactDamaged, EngineRefused, asyncio.CancelledError):
            with contextlib.suppress(EngineRefused):
                await asyncio.shield(self._engine.unload(engine_name(version)))
            raise

    async def _passed(self, stage: Awaitable[T]) -> T:
        """Await one stage of a load, which is progress once it is over."""
        result = await stage
        self._progress_at = time.monotonic()
        return result

    @contextlib.asynccontextmanager
    async def on_trial(self, offer: Offer) -> AsyncIterator[tuple[str, Path]]:
        """What is offered, checked as a version is: the engine knows it, under the name that is given, while the block lasts.

        No version is loaded meanwhile. Raises LOAD_ERRORS.
        """
        name = f"trial-{offer.adapter.digest[:8]}"
        self._check_trial(offer.adapter, offer.signature)
        self._check_size(name, offer.adapter)
        try:
            async with asyncio.timeout(self._limit_seconds), self._turn:
                folder = await self._aside.run(self._borrowed, offer.adapter)
                await self._engine.load(name, folder)
                try:
                    yield name, folder
                finally:
                    with contextlib.suppress(EngineRefused):
                        await asyncio.shield(self._engine.unload(name))
        except TimeoutError:
            raise EngineRefused(f"a trial was not over within {self._limit_seconds:g} s") from None

    def forget(self, feed: str, number: int) -> Version:
        """Take the version out of the table: from now on nobody is sent to it. `unload` must follow; who loads it again waits."""
        version = self._drop(feed, number)
        self._leaving[engine_name(version)] = asyncio.Event()
        return version

    def _drop(self, feed: str, number: int) -> Version:
        version = self._loaded[feed].pop(number)
        self._count(feed)
        if not self._loaded[feed]:
            del self._loaded[feed]
        return version

    def disown(self, feed: str, number: int) -> None:
        """Forget a version whose number belongs to other weights by now. `disowned` gives it, to be unloaded."""
        self._disowned.append(self._drop(feed, number))

    def disowned(self, is_idle: Callable[[Version], bool]) -> list[Version]:
        """Those of the disowned versions that nobody asks any more, each once."""
        idle = [version for version in self._disowned if is_idle(version)]
        self._disowned = [version for version in self._disowned if version not in idle]
        return idle

    async def unload(self, version: Version) -> None:
        """Let the engine forget the name; the files go later. One that won't is logged and left."""
        try:
            await self._engine.unload(engine_name(version))
        except EngineRefused as error:
            logger.warning("a version could not be unloaded", extra={"version": version.name, "reason": str(error)})
            return
        finally:
            if (gone := self._leaving.pop(engine_name(version), None)) is not None:
                gone.set()
        self._discards.append((time.monotonic() + _GRACE_SECONDS, version))
        logger.info("version unloaded", extra={"feed": version.feed, "version": version.name})

    async def sweep(self) -> None:
        """Remove the files of versions that were unloaded long enough ago, and forget failures of versions that passed."""
        now = time.monotonic()
        due = [version for moment, version in self._discards if moment <= now]
        self._discards = [(moment, version) for moment, version in self._discards if moment > now]
        for version in due:
            is_wanted = version.number in self.loaded(version.feed) or self.is_loading(version.feed, version.number)
            if not is_wanted and engine_name(version) not in self._leaving:  # else its turn comes after it was unloaded
                await self._remove(version)
        await self._engine.look_again()
        newest = {feed: max(versions, default=0) for feed, versions in self._loaded.items()}
        self._failures = {
            (feed, number): failure
            for (feed, number), failure in self._failures.items()
            if number >= newest.get(feed, 0) or failure[1] > now
        }

    async def _remove(self, version: Version) -> None:
        """Its weights and files. Who loads it again meanwhile waits."""
        name = engine_name(version)
        self._leaving[name] = asyncio.Event()
        try:
            self.scopes.pop(name, None)
            await self._engine.purge(name)
            await self._aside.run(self._copies.discard, version)
        finally:
            self._leaving.pop(name).set()

    def close(self, wanted: Collection[tuple[str, int]] = ()) -> None:
        """Close the folder of copies; those of `wanted` stay for the next start."""
        self._copies.close(wanted)

    def _count(self, feed: str) -> None:
        metrics.LOADED.labels(feed).set(len(self._loaded[feed]))
        metrics.ADAPTER_BYTES.set(sum(version.adapter.size_bytes for version in self.all()))
