"""The versions that this replica's engine knows, and the way in and out.

Owns the table of loaded versions, and the way in: fetch, check every digest, load under the immutable name once the engine has
room, compare what it answers (agreement.py). The way out is leaving.py's. Each step that blocks runs in a thread, so no stream
waits for it but for the engine's own load. What a version may take in all is bounded: a store or an engine that hangs costs that
version its turn, and nobody theirs; a version that the engine was only too busy to answer from stays in it, to be tried again.
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

from rtadapt.config import ServeSettings
from rtadapt.errors import ArtifactDamaged, EngineRefused, InvalidInput, TooLarge, Unavailable
from rtadapt.judged import Answer, read_answers
from rtadapt.observe import metrics
from rtadapt.records import Artifact, Version, version_name
from rtadapt.scope import Told, read_scope
from rtadapt.serving import agreement
from rtadapt.serving.aside import Aside
from rtadapt.serving.copies import Copies
from rtadapt.serving.engine import Engine
from rtadapt.serving.identity import engine_name
from rtadapt.serving.leaving import Leaving
from rtadapt.serving.weights import WEIGHTS, check_finite

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOAD_ERRORS = (ArtifactDamaged, EngineRefused, InvalidInput, TooLarge, Unavailable)
"""What can go wrong with one version without anything being wrong with this replica."""

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
        settings: ServeSettings,
        check: Callable[[Version], None],
        check_trial: Callable[[Artifact, str], None],
    ) -> None:
        """`check` refuses a version whose record is not believed, with ArtifactDamaged, and `check_trial` an adapter that is
        none, by its signature."""
        self._check, self._check_trial = check, check_trial
        self._max_bytes = settings.max_adapter_bytes
        self._max_names = settings.engine_adapters
        self._engine = engine
        self._copies = copies
        self._limit_seconds = settings.load_timeout_seconds
        self._aside = Aside("loader")
        self._leaving = Leaving(engine, copies, self._aside)
        self._turn = asyncio.Lock()
        self._under_way: dict[tuple[str, int], int] = {}
        self._inside: set[tuple[str, int]] = set()  # those of them that the engine knows by now
        self._progress_at = 0.0
        self._loaded: dict[str, dict[int, Version]] = {}
        self._failures: dict[tuple[str, int], tuple[int, float]] = {}
        self._disowned: list[Version] = []
        self.scopes: dict[str, Told] = {}
        """What each version speaks of, by the engine's name of it."""

    def loaded(self, feed: str) -> dict[int, Version]:
        """The versions of `feed` that the engine knows, by number."""
        return self._loaded.get(feed, {})

    def feeds(self) -> list[str]:
        """The feeds of which the engine knows any version."""
        return [feed for feed, versions in self._loaded.items() if versions]

    def sizes(self, but: str = "") -> list[int]:
        """The bytes of each name that the engine holds, without what is on its way in or out, and without the version `but`."""
        return self._known() + self._leaving.sizes({but, *(version_name(*key) for key in self._under_way)}, going=False)

    def total(self) -> int:
        """How many names that is."""
        return len(self.sizes())

    def _known(self) -> list[int]:
        versions = [*(version for versions in self._loaded.values() for version in versions.values()), *self._disowned]
        return [version.adapter.size_bytes for version in versions]

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

    async def load(self, version: Version) -> None:
        """Fetch, check, load and try `version`. Raises one of LOAD_ERRORS; the next try is then a while away."""
        started = time.monotonic()
        key = (version.feed, version.number)
        if not self._under_way:
            self._progress_at = started
        self._under_way[key] = version.adapter.size_bytes
        try:
            await self._bring_in(version)
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
            self._leaving.put_off(version, pause)
            raise
        finally:
            self._under_way.pop(key, None)
            self._inside.discard(key)
            self._progress_at = time.monotonic()
        self._failures.pop(key, None)
        self._loaded.setdefault(version.feed, {})[version.number] = version
        seconds = time.monotonic() - started
        metrics.LOADS.labels(version.feed, "loaded").inc()
        metrics.LOAD_SECONDS.observe(seconds)
        self._count(version.feed)
        logger.info("version loaded", extra={"feed": version.feed, "version": version.name, "seconds": round(seconds, 4)})

    async def _bring_in(self, version: Version) -> None:
        """Fetch, load and try within the limit. Raises one of LOAD_ERRORS."""
        self._check(version)
        self._check_size(version.name, version.adapter)
        try:
            async with asyncio.timeout(self._limit_seconds):
                await self._leaving.over(engine_name(version))
                copy = await self._passed(self._aside.run(self._fetched, version))
                async with self._turn:
                    await self._enter(version, copy.folder)
                await self._try(version, copy)
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

    async def _enter(self, version: Version, folder: Path) -> None:
        """Load, once there is room. Raises EngineRefused, Unavailable."""
        name, size = engine_name(version), version.adapter.size_bytes
        await self._until_room(version.name, size, self._max_names - 1)
        self._leaving.take_back(name)
        self._inside.add((version.feed, version.number))
        try:
            await self._passed(self._engine.load(name, folder))
        except BaseException:
            await self._leaving.dismiss(name, size, version)
            raise

    async def _until_room(self, name: str, size: int, most: int) -> None:
        """Wait for what is on its way out, as far as there is no room beside it. Raises Unavailable where it would not go."""
        while True:
            inside = [self._under_way[key] for key in self._inside]
            held = self._known() + inside + self._leaving.sizes({name}, going=True)
            if len(held) < most and sum(held) + size <= self._max_bytes:
                return
            if not await self._leaving.one_more():
                break
        if len(held) >= most:
            raise Unavailable(f"there is no room for {name}: the engine has not forgotten what it was told to forget")

    async def _try(self, version: Version, copy: _Copy) -> None:
        """See that it answers, and as it was judged. While the engine is too busy to say so, the version stays in it."""
        name = engine_name(version)
        try:
            await self._passed(self._engine.check(name))
            await agreement.check(self._engine, version.feed, name, copy.answers)
        except EngineRefused:
            await self._leaving.dismiss(name, version.adapter.size_bytes, version)
            raise
        except BaseException:
            self._leaving.keep(version)
            raise
        self.scopes[name] = copy.scope

    async def _passed(self, step: Awaitable[T]) -> T:
        """Await one step of a load, which is progress once it is over."""
        result = await step
        self._progress_at = time.monotonic()
        return result

    @contextlib.asynccontextmanager
    async def on_trial(self, offer: Offer) -> AsyncIterator[tuple[str, Path]]:
        """What is offered, checked as a version is: the engine knows it, under the name that is given, while the block lasts.

        No version is loaded meanwhile. Raises LOAD_ERRORS; Unavailable where the engine is too busy, which says nothing about it.
        """
        name = f"trial-{offer.adapter.digest[:8]}"
        self._check_trial(offer.adapter, offer.signature)
        self._check_size(name, offer.adapter)
        try:
            async with asyncio.timeout(self._limit_seconds), self._turn:
                folder = await self._aside.run(self._borrowed, offer.adapter)
                await self._until_room(name, offer.adapter.size_bytes, self._max_names)
                try:
                    await self._engine.load(name, folder)
                    yield name, folder
                finally:
                    await self._leaving.dismiss(name, offer.adapter.size_bytes)
        except TimeoutError:
            logger.warning("the engine came to no end with what it was tried with", extra={"seconds": self._limit_seconds})
            raise Unavailable(f"a trial was not over within {self._limit_seconds:g} s") from None

    def forget(self, feed: str, number: int) -> Version:
        """Take the version out of the table: from now on nobody is sent to it. `unload` must follow; who loads it again waits."""
        version = self._drop(feed, number)
        self._leaving.begin(version)
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
        """Those of the disowned versions that nobody asks any more, each once. `unload` must follow."""
        idle = [version for version in self._disowned if is_idle(version)]
        self._disowned = [version for version in self._disowned if version not in idle]
        for version in idle:
            self._leaving.begin(version)
        return idle

    async def unload(self, version: Version) -> None:
        """Let the engine forget the name; the files go later. One that it won't forget counts as held, and is tried again."""
        self.scopes.pop(engine_name(version), None)
        await self._leaving.unload(version)

    def recover(self) -> None:
        """Whoever unloaded is gone: `sweep` goes on with it."""
        self._leaving.recover()

    async def sweep(self) -> None:
        """Remove what versions left that were unloaded long enough ago, and forget failures of versions that passed."""
        await self._leaving.sweep(self._turn, self._is_wanted)
        now = time.monotonic()
        newest = {feed: max(versions, default=0) for feed, versions in self._loaded.items()}
        self._failures = {
            (feed, number): failure
            for (feed, number), failure in self._failures.items()
            if number >= newest.get(feed, 0) or failure[1] > now
        }
        metrics.ADAPTER_BYTES.set(sum(self.sizes()))

    def _is_wanted(self, version: Version) -> bool:
        return version.number in self.loaded(version.feed) or self.is_loading(version.feed, version.number)

    def close(self, wanted: Collection[tuple[str, int]] = ()) -> None:
        """Close the folder of copies; those of `wanted` stay for the next start."""
        self._copies.close(wanted)

    def _count(self, feed: str) -> None:
        metrics.LOADED.labels(feed).set(len(self._loaded[feed]))
        metrics.ADAPTER_BYTES.set(sum(self.sizes()))
