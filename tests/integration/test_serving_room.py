"""The engine is never given more than it has room for, whatever it would not forget, and however busy it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import Unavailable
from rtadapt.serving.loading import Loader, Offer
from tests.support.watched_engine import Replica, count, running, settings_of, until


@pytest.fixture
def publish(tmp_path: Path, redis_url: str, adapter: Path) -> Callable[..., None]:
    """Publishes so many versions of a feed, and names in its route what is given."""

    def publish(feed: str, versions: int = 1, **route: int | float) -> None:
        with contextlib.closing(Publisher(settings_of(tmp_path, redis_url), feed)) as opened:
            for _ in range(versions):
                opened.publish(adapter)
            opened.registry.change_route(feed, "promote", version=1)
            if route:
                opened.registry.change_route(feed, "canary", **route)

    return publish


async def brought(replica: Replica, feed: str) -> int | None:
    with replica.live.asking(feed):
        await replica.live.be_here(feed)
        return replica.live.view.feeds[feed].stable


async def test_what_leaves_makes_room_for_none_before_it_has_left(
    tmp_path: Path, redis_url: str, publish: Callable[..., None]
) -> None:
    publish("ant", versions=3, version=2, share=0.5)
    for feed in ("bee", "cat", "dog", "owl"):
        publish(feed)
    settings = settings_of(tmp_path, redis_url, max_cpu_loras=6, homes=1, keep_loaded=1, bring_seconds=60, poll_seconds=0.1)
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        assert await brought(replica, "ant") == 1
        assert await brought(replica, "bee") == 1
        await until(lambda: replica.loaded_names() >= {"ant@1", "ant@2", "ant@3", "bee@1"})
        replica.live.asked_at["ant"] = 0.0  # all three of it go, for the sake of one
        replica.engine.exit.clear()
        asking = [asyncio.create_task(brought(replica, feed)) for feed in ("cat", "dog", "owl")]
        await until(lambda: replica.engine.leaving != [])
        await asyncio.sleep(0.5)
        assert len(replica.engine.adapters) <= 5
        replica.engine.exit.set()
        assert await asyncio.gather(*asking) == [1, 1, 1]


async def test_what_the_engine_would_not_forget_counts_as_held_until_it_does(
    tmp_path: Path, redis_url: str, publish: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtadapt.serving.leaving._GRACE_SECONDS", 0.2)
    feeds = ("ant", "bee", "cat", "dog")
    for feed in feeds:
        publish(feed)
    settings = settings_of(tmp_path, redis_url, max_cpu_loras=4, homes=1, keep_loaded=1, bring_seconds=60, poll_seconds=0.1)
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await until(lambda: len(replica.engine.adapters) == 2)
        replica.engine.stuck = {f"{feed}@1" for feed in feeds}
        loader: Loader = replica.watcher._loader
        asking = [asyncio.create_task(brought(replica, feed)) for feed in feeds]
        await until(lambda: len(replica.engine.leaving) > 6)
        assert len(replica.engine.adapters) <= 3
        assert loader.total() == len(replica.engine.adapters)
        replica.engine.stuck.clear()
        await asyncio.gather(*asking, return_exceptions=True)  # a load that found no room was told to try again
        await until(lambda: not any(loader.failed(feed) and not loader.may_try(feed, 1) for feed in feeds))
        assert [await brought(replica, feed) for feed in feeds] == [1, 1, 1, 1]
        await until(lambda: loader.total() == len(replica.engine.adapters))
        copies = tmp_path / "data" / "copies" / "last-port-8000"
        await until(lambda: len([*copies.glob("*/1")]) == loader.total())


async def test_what_the_engine_would_not_forget_is_answered_from_when_it_is_asked_for_again(
    tmp_path: Path, redis_url: str, publish: Callable[..., None]
) -> None:
    for feed in ("ant", "bee", "cat"):
        publish(feed)
    settings = settings_of(tmp_path, redis_url, max_cpu_loras=4, homes=1, keep_loaded=1, bring_seconds=60, poll_seconds=0.1)
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        assert await brought(replica, "ant") == 1
        replica.engine.stuck = {"ant@1"}
        for feed in ("bee", "cat"):
            assert await brought(replica, feed) == 1
        assert replica.knows("ant@1") and replica.live.view.feeds["ant"].away == 1
        assert await brought(replica, "ant") == 1
        assert replica.engine.loads.count("ant@1") == 1


async def test_a_version_that_the_engine_is_too_busy_to_check_stays_in_it_and_holds_up_no_other(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    settings = settings_of(tmp_path, redis_url, load_timeout_seconds=0.5)
    sport = Publisher(settings, "sport")
    failed = count("rtadapt_adapter_loads_total", feed="news", outcome="failed")
    async with running(settings, lambda engine: engine.slow.add("news@1")) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.knows("news@1"))
        sport.publish(adapter)
        await until(lambda: (replica.feed("sport") or replica.live.view.feeds["news"]).stable == 1, 0.4)
        await until(lambda: count("rtadapt_adapter_loads_total", feed="news", outcome="failed") > failed + 1)
        assert replica.knows("news@1")
        replica.engine.voice.set()
        await until(lambda: replica.stable() == 1)
        assert replica.engine.loads.count("news@1") == 1
        assert replica.engine.leaving == []
    sport.close()


async def test_a_version_that_was_never_checked_goes_once_nobody_wants_it_any_more(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtadapt.serving.leaving._GRACE_SECONDS", 0.1)
    settings = settings_of(tmp_path, redis_url, load_timeout_seconds=0.3)
    async with running(settings, lambda engine: engine.slow.add("news@1")) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.knows("news@1"))
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 2)
        await until(lambda: replica.loaded_names() == {"news@2"})


async def test_a_trial_that_a_busy_engine_comes_to_no_end_with_says_nothing_about_it_and_leaves_nothing_in_it(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtadapt.serving.leaving._GRACE_SECONDS", 0.1)
    artifact = publisher.store_adapter(adapter)
    async with running(settings_of(tmp_path, redis_url, load_timeout_seconds=0.3)) as replica:
        await until(lambda: replica.live.ready)
        loader: Loader = replica.watcher._loader
        replica.engine.stuck = {f"trial-{artifact.digest[:8]}"}
        with pytest.raises(Unavailable):
            async with loader.on_trial(Offer(artifact, "")):
                await asyncio.Event().wait()
        assert loader.total() == len(replica.engine.adapters) == 1
        replica.engine.stuck.clear()
        await until(lambda: loader.total() == len(replica.engine.adapters) == 0)
