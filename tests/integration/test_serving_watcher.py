"""The watcher with a real registry and a real artifact store, and a small app in place of the engine."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from loadtests.publisher import Publisher
from rtadapt.config import Settings
from rtadapt.serving.engine import Engine
from rtadapt.serving.live import Live
from rtadapt.serving.routing import FeedView, ServingView, resolve
from rtadapt.serving.watcher import Watcher
from tests.support.adapter_files import write_adapter
from tests.support.redis_server import RedisServer
from tests.support.small_engine import SmallEngine


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


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return settings_of(tmp_path, redis_url)


def settings_of(tmp_path: Path, url: str, **serve: Any) -> Settings:
    timing = {"poll_seconds": 0.2, "ready_timeout_seconds": 60}
    return Settings(data_dir=tmp_path / "data", registry={"url": url, "timeout_seconds": 1.0}, serve=timing | serve)


@pytest.fixture
async def publisher(settings: Settings) -> AsyncIterator[Publisher]:
    opened = Publisher(settings, "news")
    yield opened
    opened.close()


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter")


async def test_a_published_version_is_loaded_checked_and_flipped_to(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    seen = count("rtadapt_event_to_served_seconds_count", feed="news")
    flips = count("rtadapt_route_flips_total", feed="news")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        assert replica.stable() == 0
        publisher.publish(adapter, events=3)
        await until(lambda: replica.stable() == 1)
        assert replica.engine.loads == ["news@1"]
        route = publisher.registry.route("news")
        assert route is not None
        assert route.stable == 1
        await until(lambda: count("rtadapt_event_to_served_seconds_count", feed="news") == seen + 3)
        assert count("rtadapt_route_version", feed="news") == 1
        assert count("rtadapt_route_flips_total", feed="news") == flips + 1
        assert count("rtadapt_adapters_loaded", feed="news") == 1


async def test_a_restarted_replica_is_ready_only_with_what_its_routes_need_and_accounts_for_nothing(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    for _ in range(3):
        publisher.publish(adapter)
    publisher.registry.change_route("news", "promote", version=2)
    seen = count("rtadapt_event_to_served_seconds_count", feed="news")

    def closed(engine: SmallEngine) -> None:
        engine.gate.clear()

    async with running(settings, closed) as replica:
        await until(lambda: "news@2" in replica.live.missing or replica.feed() is not None)
        await asyncio.sleep(0.3)
        assert not replica.live.ready
        assert replica.stable() is None
        assert publisher.registry.live_replicas() == {}
        replica.engine.gate.set()
        await until(lambda: replica.live.ready)
        assert replica.engine.loads[0] == "news@2"
        assert list(publisher.registry.live_replicas()) == [replica.watcher.replica]
        await until(lambda: replica.stable() == 3)
        await until(lambda: count("rtadapt_event_to_served_seconds_count", feed="news") == seen + 1)  # of 3 alone
        await until(lambda: replica.loaded() == {0, 1, 2, 3})  # and the recent ones, for requests that pin them


async def test_of_several_new_versions_only_the_newest_is_loaded(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    seen = count("rtadapt_event_to_served_seconds_count", feed="news")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        replica.engine.gate.clear()
        publisher.publish(adapter)
        await asyncio.sleep(0.3)
        for _ in range(4):
            publisher.publish(adapter)
        replica.engine.gate.set()
        await until(lambda: replica.stable() == 5)
        assert replica.engine.loads == ["news@1", "news@5"]
        await until(lambda: count("rtadapt_event_to_served_seconds_count", feed="news") == seen + 5)


async def test_the_route_flips_when_every_live_replica_is_ready(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        two.engine.gate.clear()
        publisher.publish(adapter)
        await until(lambda: 1 in one.loaded())
        await asyncio.sleep(0.5)
        assert (one.stable(), two.stable()) == (0, 0)
        two.engine.gate.set()
        await until(lambda: one.stable() == two.stable() == 1)


async def test_a_replica_that_takes_too_long_is_not_waited_for(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    settings = settings_of(tmp_path, redis_url, ready_timeout_seconds=0.5)
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        two.engine.gate.clear()
        publisher.publish(adapter)
        await until(lambda: one.stable() == 1)
        assert two.stable() == 0
        two.engine.gate.set()
        await until(lambda: two.stable() == 1)


async def test_a_starting_replica_holds_nothing_up(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    publisher.publish(adapter)
    publisher.registry.change_route("news", "promote", version=1)
    async with running(settings) as one:
        await until(lambda: one.live.ready)
        async with running(settings, lambda engine: engine.gate.clear()) as two:
            publisher.publish(adapter)
            await until(lambda: one.stable() == 2)
            assert not two.live.ready
            two.engine.gate.set()
            await until(lambda: two.live.ready and two.stable() == 2)


@pytest.mark.parametrize("fault", ["refused", "mute"])
async def test_a_replica_that_can_not_load_stays_on_its_version_and_holds_up_nobody(
    settings: Settings, publisher: Publisher, adapter: Path, fault: str
) -> None:
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        publisher.publish(adapter)
        await until(lambda: one.stable() == two.stable() == 1)
        getattr(two.engine, fault).add("news@2")
        publisher.publish(adapter)
        await until(lambda: one.stable() == 2)
        await until(lambda: publisher.registry.failed("news", 2) == {two.watcher.replica})
        assert two.stable() == 1
        assert two.live.ready
        assert "news@2" not in two.engine.adapters
        getattr(two.engine, fault).clear()
        await until(lambda: two.stable() == 2)  # tried again
        await until(lambda: publisher.registry.failed("news", 2) == set())


def spoil(folder: Path, damage: str) -> None:
    weights = folder / "adapter_model.safetensors"
    assert weights.is_file()
    if damage == "missing":
        shutil.rmtree(folder)
    elif damage == "bytes":
        weights.chmod(0o600)
        weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")


@pytest.mark.parametrize("damage", ["bytes", "missing", "nan"])
async def test_a_damaged_artifact_never_reaches_the_engine_and_never_flips(
    settings: Settings, publisher: Publisher, adapter: Path, tmp_path: Path, damage: str
) -> None:
    failed = count("rtadapt_adapter_loads_total", feed="news", outcome="failed")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 1)
        artifact = publisher.store_adapter(write_adapter(tmp_path / "bad", float("nan") if damage == "nan" else 2.0))
        spoil(tmp_path / "data" / "artifacts" / artifact.path, damage)
        publisher.publish(artifact)
        await until(lambda: count("rtadapt_adapter_loads_total", feed="news", outcome="failed") > failed)
        assert replica.stable() == 1
        assert "news@2" not in replica.engine.adapters
        good = publisher.publish(adapter)
        await until(lambda: replica.stable() == good.number == 3)
        assert replica.engine.loads == ["news@1", "news@3"]


async def test_an_engine_that_died_is_no_fault_of_the_version(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    replica = Replica(settings)
    task = asyncio.create_task(replica.watcher.run())
    await until(lambda: replica.live.ready)
    replica.engine.dead = True
    publisher.publish(adapter)
    await asyncio.wait((task,), timeout=20)
    assert task.done()
    assert task.exception() is not None
    assert replica.live.ending == "the engine has ended"
    assert not replica.live.ready
    assert publisher.registry.failed("news", 1) == set()
    await replica.watcher.close()
    await replica.door.close()


async def test_old_versions_drain_and_leave_with_their_files(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtadapt.serving.loading._GRACE_SECONDS", 0.1)
    async with running(settings_of(tmp_path, redis_url, keep_loaded=2)) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 1)
        held = resolve(replica.live.view, "news", "someone")
        replica.live.depart(held)
        for number in (2, 3, 4):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
        await until(lambda: replica.loaded() == {0, 1, 3, 4})
        assert replica.engine.unloads == ["news@2"]
        path = replica.engine.adapters["news@1"]
        await asyncio.sleep(0.5)
        assert path.is_dir()  # a request is still under way on it
        replica.live.land(held)
        await until(lambda: replica.loaded() == {0, 3, 4})
        await until(lambda: not path.exists())
        stage = tmp_path / "data" / "stage" / replica.watcher.replica / "news"
        await until(lambda: sorted(folder.name for folder in stage.iterdir()) == ["3", "4"])


async def test_no_more_names_than_the_engine_has_room_for(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings_of(tmp_path, redis_url, keep_loaded=9, max_cpu_loras=4)) as replica:
        await until(lambda: replica.live.ready)
        for number in range(1, 8):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
            assert len(replica.engine.adapters) <= 4
        await until(lambda: replica.loaded() == {0, 5, 6, 7})


async def test_a_rollback_to_a_version_that_was_let_go_loads_it_first(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings_of(tmp_path, redis_url, keep_loaded=1)) as replica:
        await until(lambda: replica.live.ready)
        for number in (1, 2, 3):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
        await until(lambda: replica.loaded() == {0, 3})
        publisher.registry.change_route("news", "rollback", version=1)
        await until(lambda: replica.stable() == 1)
        publisher.publish(adapter)
        await until(lambda: 4 in replica.loaded())
        await asyncio.sleep(0.5)
        assert replica.stable() == 1  # it does not follow after a rollback
        seen = count("rtadapt_event_to_served_seconds_count", feed="news")
        publisher.registry.change_route("news", "promote", version=4)
        await until(lambda: replica.stable() == 4)
        await until(lambda: count("rtadapt_event_to_served_seconds_count", feed="news") == seen + 1)  # 2 and 3 were counted


async def test_a_canary_is_loaded_and_gets_its_share(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 1)
        publisher.registry.change_route("news", "pause")
        publisher.publish(adapter)
        publisher.registry.change_route("news", "canary", version=2, share=0.5)
        await until(lambda: (feed := replica.feed()) is not None and feed.canary == 2)
        numbers = {resolve(replica.live.view, "news", f"u{n}").number for n in range(50)}
        assert numbers == {1, 2}


async def test_a_rejected_batch_moves_what_the_newest_version_covers(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter, events=2)
        await until(lambda: replica.stable() == 1)
        publisher.reject(events=3)
        await until(lambda: (feed := replica.feed()) is not None and dict(feed.positions(1)) == {0: 5})
        assert replica.engine.loads == ["news@1"]


async def test_with_the_registry_down_everything_loaded_stays_and_it_goes_on_when_it_is_back(
    tmp_path: Path, adapter: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        settings = settings_of(tmp_path, server.url)
        publisher = Publisher(settings, "news")
        async with running(settings) as replica:
            await until(lambda: replica.live.ready)
            publisher.publish(adapter)
            await until(lambda: replica.stable() == 1)
            server.stop()
            await until(lambda: count("rtadapt_registry_up") == 0)
            assert replica.live.ready
            assert resolve(replica.live.view, "news", "someone").version == "news@1"
            server.start()
            await until(lambda: count("rtadapt_registry_up") == 1)
            publisher.publish(adapter)
            await until(lambda: replica.stable() == 2)
        publisher.close()
        server.stop()


async def test_a_replica_that_stops_is_not_waited_for(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    async with running(settings) as one:
        async with running(settings) as two:
            await until(lambda: one.live.ready and two.live.ready)
        assert list(publisher.registry.live_replicas()) == [one.watcher.replica]
        publisher.publish(adapter)
        await until(lambda: one.stable() == 1)
    assert not (settings.data_dir / "stage").exists() or list((settings.data_dir / "stage").iterdir()) == []


async def test_many_feeds_are_followed_each_for_itself(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    others = [Publisher(settings, f"feed-{number}") for number in range(6)]
    async with running(settings) as replica:
        await until(lambda: replica.live.ready and len(replica.live.view.feeds) == 7)
        for other in others:
            other.publish(adapter)
        await until(lambda: all(replica.live.view.feeds[other.feed].stable == 1 for other in others))
        assert replica.stable() == 0
    for other in others:
        other.close()
