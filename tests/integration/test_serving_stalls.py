"""A replica whose loads hang: it freezes nobody's route, not even its own, and comes back by itself."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.records import Version
from rtadapt.registry.codec import Holding
from rtadapt.registry.registry import Registry
from rtadapt.serving.copies import Copies
from tests.support.registry_steps import could_not
from tests.support.watched_engine import Replica, running, settings_of, until


async def test_a_stuck_replica_freezes_no_route_however_often_versions_are_published(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    settings = settings_of(tmp_path, redis_url, ready_timeout_seconds=1.0)
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        two.engine.gate.clear()
        for _ in range(40):  # more often than the patience with a replica
            if (one.stable() or 0) >= 3:
                break
            publisher.publish(adapter)
            await asyncio.sleep(0.3)
        assert (one.stable() or 0) >= 3
        assert two.stable() == 0
        two.engine.gate.set()
        last = publisher.publish(adapter).number
        await until(lambda: one.stable() == two.stable() == last)


async def test_a_replica_that_is_silent_is_not_waited_for_however_long_it_counts_as_live(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    settings = settings_of(tmp_path, redis_url, ready_timeout_seconds=1.0)
    settings = settings.model_copy(update={"registry": settings.registry.model_copy(update={"replica_ttl_seconds": 3600.0})})
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        registry = Registry(settings.registry)
        registry.heartbeat("stopped", {"name": "stopped"})
        number = publisher.publish(adapter).number
        await until(lambda: one.stable() == two.stable() == number)
        assert "stopped" in registry.live_replicas()
        registry.close()


async def test_a_replica_that_gets_on_with_what_it_loads_is_waited_for_longer_than_one_that_does_nothing(
    tmp_path: Path, redis_url: str
) -> None:
    async with running(settings_of(tmp_path, redis_url, ready_timeout_seconds=60)) as one:
        presence = one.watcher._presence
        presence._lags["news", "other"] = (Holding(), time.monotonic() - 90)
        assert presence._has_stalled("news", "other", {"busy_seconds": 0, "silent_seconds": 1})
        assert not presence._has_stalled("news", "other", {"busy_seconds": 5, "silent_seconds": 1})
        assert presence._has_stalled("news", "other", {"busy_seconds": 70, "silent_seconds": 1})
        assert presence._has_stalled("news", "other", {"busy_seconds": 5, "silent_seconds": 70})
        presence._lags["news", "other"] = (Holding(), time.monotonic() - 900)
        assert presence._has_stalled("news", "other", {"busy_seconds": 5, "silent_seconds": 1})


async def test_replicas_that_load_at_different_speeds_agree_on_versions_while_more_are_published(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings_of(tmp_path, redis_url)) as one, running(settings_of(tmp_path, redis_url)) as two:
        await until(lambda: one.live.ready and two.live.ready)

        async def slowly(replica: Replica, seconds: float) -> None:
            while True:
                replica.engine.gate.clear()
                await asyncio.sleep(seconds)
                replica.engine.gate.set()
                await asyncio.sleep(0.01)

        slow = [asyncio.create_task(slowly(one, 0.31)), asyncio.create_task(slowly(two, 0.47))]
        for _ in range(60):
            publisher.publish(adapter)
            await asyncio.sleep(0.05)
        flipped = one.stable() or 0
        for task in slow:
            task.cancel()
        one.engine.gate.set()
        two.engine.gate.set()
        assert flipped >= 10
        last = publisher.head().version
        await until(lambda: one.stable() == two.stable() == last)


async def test_a_rollback_is_in_force_while_another_feed_loads(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    sport = Publisher(settings, "sport")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        for number in (1, 2):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
        replica.engine.hung.add("sport@1")
        sport.publish(adapter)
        await asyncio.sleep(0.3)
        publisher.registry.change_route("news", "rollback")
        await until(lambda: replica.stable() == 1)
        publisher.registry.change_route("sport", "pause")
        await until(lambda: not replica.live.view.feeds["sport"].follows)
    sport.close()


async def test_a_rollback_to_a_version_that_is_not_loaded_passes_a_load_of_the_same_feed_that_hangs_in_the_store(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, fetch = threading.Event(), Copies.fetch

    def fetch_or_hang(copies: Copies, version: Version) -> Path:
        if version.number == 4:
            hangs.wait()
        return fetch(copies, version)

    monkeypatch.setattr(Copies, "fetch", fetch_or_hang)
    async with running(settings_of(tmp_path, redis_url, keep_loaded=1)) as replica:
        await until(lambda: replica.live.ready)
        for number in (1, 2, 3):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
        await until(lambda: replica.loaded() == {0, 3})
        publisher.publish(adapter)
        await asyncio.sleep(0.3)
        publisher.registry.change_route("news", "rollback", version=1)
        await until(lambda: replica.stable() == 1)
        hangs.set()
        await until(lambda: 4 in replica.loaded())


async def test_a_version_that_takes_too_long_is_given_up_and_tried_again(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    settings = settings_of(tmp_path, redis_url, load_timeout_seconds=0.5)
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        two.engine.hung.add("news@1")
        publisher.publish(adapter)
        await until(lambda: one.stable() == 1)
        await until(lambda: could_not(publisher.registry, 1) == {two.watcher.replica})
        assert two.stable() == 0
        two.engine.hung.clear()
        await until(lambda: two.stable() == 1)


async def test_a_promoted_canary_is_what_runs_whatever_is_loaded_behind_it(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 1)
        publisher.publish(adapter)
        publisher.registry.change_route("news", "canary", version=2, share=0.5)
        publisher.publish(adapter)
        await until(lambda: 3 in replica.loaded())
        publisher.registry.change_route("news", "promote")
        await until(lambda: replica.stable() == 2)
        await asyncio.sleep(0.6)
        assert replica.stable() == 2
        publisher.registry.change_route("news", "resume")
        await until(lambda: replica.stable() == 3)
