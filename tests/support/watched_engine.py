"""A watcher with a small engine of its own, run for as long as a test looks at it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY

from rtadapt.config import Settings
from rtadapt.serving.engine import Engine
from rtadapt.serving.live import Live
from rtadapt.serving.routing import FeedView, ServingView
from rtadapt.serving.watcher import Watcher
from tests.support.small_engine import SmallEngine, plain


class Replica:
    """A watcher with an engine of its own."""

    def __init__(self, settings: Settings) -> None:
        self.engine = SmallEngine()
        self.live = Live(ServingView("tiny"))
        self.door = Engine(self.engine.app, self.engine.app)
        self.watcher = Watcher.connect(settings, self.live, self.door)

    def feed(self, name: str = "news") -> FeedView | None:
        return self.live.view.feeds.get(name)

    def stable(self) -> int | None:
        feed = self.feed()
        return None if feed is None else feed.stable

    def path(self, version: str) -> Path:
        """Where the engine reads that version from."""
        return next(path for name, path in self.engine.adapters.items() if plain(name) == version)

    def knows(self, version: str) -> bool:
        """Whether the engine has that version."""
        return any(plain(name) == version for name in self.engine.adapters)

    def loaded_names(self) -> set[str]:
        """The versions that the engine has."""
        return set(map(plain, self.engine.adapters))

    def loaded(self) -> set[int]:
        feed = self.feed()
        return set() if feed is None else set(feed.loaded)


@contextlib.asynccontextmanager
async def running(settings: Settings, prepare: Callable[[SmallEngine], Any] = lambda _: None) -> AsyncIterator[Replica]:
    replica = Replica(settings)
    prepare(replica.engine)
    task = asyncio.create_task(replica.watcher.run())
    try:
        yield replica
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await replica.watcher.close()
        await replica.door.close()


async def until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, "it never came true"
        await asyncio.sleep(0.01)


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def settings_of(tmp_path: Path, url: str, **serve: Any) -> Settings:
    timing = {"poll_seconds": 0.2, "ready_timeout_seconds": 60}
    return Settings(data_dir=tmp_path / "data", registry={"url": url, "timeout_seconds": 1.0}, serve=timing | serve)
