"""The watcher when a replica, an artifact, the engine or the registry fails: what goes on, and what is not waited for."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.serving.routing import resolve
from tests.support.adapter_files import write_adapter
from tests.support.redis_server import RedisServer
from tests.support.registry_steps import could_not
from tests.support.watched_engine import Replica, count, running, settings_of, until


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
        await until(lambda: could_not(publisher.registry, 2) == {two.watcher.replica})
        assert two.stable() == 1
        assert two.live.ready
        assert not two.knows("news@2")
        getattr(two.engine, fault).clear()
        await until(lambda: two.stable() == 2)  # tried again
        await until(lambda: could_not(publisher.registry, 2) == set())


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
        assert not replica.knows("news@2")
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
    assert could_not(publisher.registry, 1) == set()
    await replica.watcher.close()
    await replica.door.close()


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
    left = settings.data_dir / "copies" / "last-port-8000"
    assert sorted(path.name for path in left.iterdir()) == ["news", "seen.json"]  # what was served, and nothing of the other
    assert [path.name for path in (left / "news").iterdir()] == ["1"]
