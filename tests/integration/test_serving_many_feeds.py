"""A replica of very many feeds: what costs it something is what changes, not what exists."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import Unavailable
from rtadapt.records import Version
from rtadapt.registry.registry import Registry
from rtadapt.serving.copies import Copies
from rtadapt.serving.routing import Target, resolve
from tests.support.adapter_files import write_adapter
from tests.support.watched_engine import Replica, count, running, settings_of, until


@contextlib.asynccontextmanager
async def several(settings: Settings, many: int) -> AsyncIterator[list[Replica]]:
    """Replicas that are ready and know of each other."""
    async with contextlib.AsyncExitStack() as stack:
        names = [
            settings.model_copy(update={"serve": settings.serve.model_copy(update={"replica": f"r{at}"})}) for at in range(many)
        ]
        replicas = [await stack.enter_async_context(running(one)) for one in names]
        await until(lambda: all(one.live.ready for one in replicas))
        await until(lambda: all(len(one.watcher._presence._names) == many for one in replicas))
        yield replicas


@contextlib.asynccontextmanager
async def asked(replica: Replica, feed: str) -> AsyncIterator[Target]:
    """A request under way, as the middleware has it."""
    with replica.live.asking(feed):
        await replica.live.be_here(feed)
        await replica.live.be_sure(feed)
        target = resolve(replica.live.view, feed, "somebody")
        replica.live.depart(target)
        assert target.number == 0 or target.engine_model in replica.engine.adapters
        try:
            yield target
        finally:
            replica.live.land(target)


async def version(replica: Replica, feed: str) -> int:
    async with asked(replica, feed) as target:
        return target.number


@pytest.fixture
def publish(tmp_path: Path, redis_url: str) -> Iterator[Callable[[str], int]]:
    """Publishes the next version of a feed."""
    adapter = write_adapter(tmp_path / "adapter")
    with contextlib.ExitStack() as stack:
        publishers: dict[str, Publisher] = {}

        def publish(feed: str) -> int:
            if feed not in publishers:
                publishers[feed] = stack.enter_context(contextlib.closing(Publisher(settings_of(tmp_path, redis_url), feed)))
            return publishers[feed].publish(adapter).number

        yield publish


async def test_many_more_feeds_than_fit_are_answered_on_every_replica_and_no_engine_is_overfilled(
    tmp_path: Path, redis_url: str, publish: Callable[[str], int]
) -> None:
    feeds = [f"feed-{number:02}" for number in range(12)]
    for feed in feeds:
        publish(feed)
    settings = settings_of(tmp_path, redis_url, homes=1, max_cpu_loras=4, keep_loaded=1, bring_seconds=60, poll_seconds=0.1)
    async with several(settings, 2) as replicas:
        by_feed = {feed: [0, 0] for feed in feeds}
        registry = replicas[0].watcher._registry
        await until(lambda: all(route.stable == 1 for route in registry.routes().values()))
        for _ in range(2):
            for feed in feeds:
                for at, replica in enumerate(replicas):
                    by_feed[feed][at] = await version(replica, feed)
                    assert len(replica.engine.adapters) <= 4
        assert all(numbers == [1, 1] for numbers in by_feed.values())
        cards = await asyncio.gather(*(version(replicas[0], feed) for feed in feeds))  # all at once, where three have room
        assert set(cards) == {1}
        assert replicas[0].watcher._loader.total() <= 3


async def test_a_publication_is_loaded_where_the_feed_is_at_home_and_nowhere_else(
    tmp_path: Path, redis_url: str, publish: Callable[[str], int]
) -> None:
    settings = settings_of(tmp_path, redis_url, homes=1, poll_seconds=0.1)
    async with several(settings, 3) as replicas:
        registry = replicas[0].watcher._registry
        for feed in ("ant", "bee", "cat", "dog"):
            publish(feed)
            await until(lambda feed=feed: registry.route(feed).stable == 1)
        loads = sorted(name for replica in replicas for name in replica.engine.loads)
        assert loads == ["ant@1", "bee@1", "cat@1", "dog@1"]


async def test_a_route_waits_for_a_guest_that_answers_and_for_none_that_let_the_feed_go(
    tmp_path: Path, redis_url: str, publish: Callable[[str], int]
) -> None:
    settings = settings_of(tmp_path, redis_url, homes=1, max_cpu_loras=4, poll_seconds=0.1)
    async with several(settings, 2) as replicas:
        registry = replicas[0].watcher._registry
        publish("news")
        await until(lambda: registry.route("news").stable == 1)
        guest = next(one for one in replicas if not one.watcher._presence.is_home("news"))
        assert await version(guest, "news") == 1
        guest.engine.gate.clear()
        publish("news")
        await asyncio.sleep(0.5)
        assert registry.route("news").stable == 1  # the guest answers from 1 and can't answer from 2 yet
        guest.engine.gate.set()
        await until(lambda: registry.route("news").stable == 2)
        assert await version(guest, "news") == 2
        others = [name for name in map(str, range(40)) if guest.watcher._presence.is_home(name)][:3]
        for feed in others:
            publish(feed)
            await until(lambda feed=feed: registry.route(feed).stable == 1)
            assert await version(guest, feed) == 1
        await until(lambda: guest.watcher.replica not in registry.holdings("news"))
        guest.engine.gate.clear()
        publish("news")
        await until(lambda: registry.route("news").stable == 3)
        guest.engine.gate.set()
        assert await version(guest, "news") == 3


async def test_what_is_in_use_is_never_let_go_and_who_finds_no_room_is_told_so(
    tmp_path: Path, redis_url: str, publish: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for feed in ("ant", "bee", "cat"):
        publish(feed)
    settings = settings_of(tmp_path, redis_url, max_cpu_loras=4, bring_seconds=60, poll_seconds=0.1)
    async with several(settings, 1) as (one,):
        registry = one.watcher._registry
        await until(lambda: all(registry.route(feed).stable == 1 for feed in ("ant", "bee", "cat")))
        async with asked(one, "ant"), asked(one, "bee"):
            monkeypatch.setattr(one.watcher._residency._demand, "_patience_seconds", 0.3)
            with pytest.raises(Unavailable, match="cat was not loaded here within"):
                await version(one, "cat")
            assert one.loaded_names() >= {"ant@1", "bee@1"}
            monkeypatch.undo()
        assert await version(one, "cat") == 1
        assert len(one.loaded_names()) == 2
        assert count("rtadapt_feeds_let_go_total") > 0


async def test_bytes_are_bounded_as_names_are_and_an_adapter_that_never_fits_is_a_failed_one(
    tmp_path: Path, redis_url: str, publish: Callable[[str], int]
) -> None:
    publish("ant")
    publish("bee")
    with contextlib.closing(Registry(settings_of(tmp_path, redis_url).registry)) as registry:
        first = registry.version("ant", 1)
    assert first is not None
    size = first.adapter.size_bytes
    async with several(settings_of(tmp_path, redis_url, max_adapter_bytes=size * 3 // 2, poll_seconds=0.1), 1) as (one,):
        await until(lambda: all(route.stable == 1 for route in one.watcher._registry.routes().values()))
        for feed in ("ant", "bee", "ant"):
            assert await version(one, feed) == 1
            await until(lambda name=f"{feed}@1": one.loaded_names() == {name})
            await until(lambda: count("rtadapt_adapter_bytes") == size)
    before = count("rtadapt_adapter_loads_total", feed="ant", outcome="failed")
    async with running(settings_of(tmp_path, redis_url, max_adapter_bytes=size - 1, poll_seconds=0.1)) as small:
        await until(lambda: count("rtadapt_adapter_loads_total", feed="ant", outcome="failed") > before)
        assert small.loaded_names() == set()


@dataclass(slots=True)
class Removal:
    """How the files of feed-00 go, once it is `armed`: they have `begun` to, and stay until they `may` go."""

    armed: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    may: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def removal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Removal]:
    found, discard = Removal(), Copies.discard

    def discard_later(copies: Copies, version: Version) -> None:
        if found.armed and version.feed == "feed-00":
            found.begun.set()
            found.may.wait()
        discard(copies, version)

    monkeypatch.setattr(Copies, "discard", discard_later)
    monkeypatch.setattr("rtadapt.serving.leaving._GRACE_SECONDS", 0.0)
    yield found
    found.may.set()


Crowded = Callable[[], contextlib.AbstractAsyncContextManager[tuple[Replica, list[str]]]]


@pytest.fixture
def crowded(tmp_path: Path, redis_url: str, publish: Callable[[str], int]) -> Crowded:
    """Starts a replica that has room for three of six feeds, whose names it gives; each has one version."""

    @contextlib.asynccontextmanager
    async def crowded() -> AsyncIterator[tuple[Replica, list[str]]]:
        feeds = [f"feed-{number:02}" for number in range(6)]
        for feed in feeds:
            publish(feed)
        settings = settings_of(tmp_path, redis_url, homes=1, max_cpu_loras=4, keep_loaded=1, bring_seconds=60, poll_seconds=0.1)
        async with several(settings, 1) as (replica,):
            registry = replica.watcher._registry
            await until(lambda: all(route.stable == 1 for route in registry.routes().values()))
            yield replica, feeds

    return crowded


async def push_out(replica: Replica, removal: Removal, feeds: Sequence[str]) -> None:
    """Have feed-00 loaded, and then its files go."""
    await version(replica, feeds[0])
    removal.armed = True
    for feed in feeds[1:]:  # three have room
        assert await version(replica, feed) == 1
    await until(removal.begun.is_set)


async def test_who_waits_for_a_feed_does_not_wait_for_the_files_of_another_to_go(crowded: Crowded, removal: Removal) -> None:
    async with crowded() as (replica, feeds):
        await push_out(replica, removal, feeds)
        for feed in feeds[1:]:
            assert await version(replica, feed) == 1
        removal.may.set()


async def test_a_version_that_is_asked_for_again_while_its_files_go_is_loaded_once_they_are_gone(
    crowded: Crowded, removal: Removal
) -> None:
    async with crowded() as (replica, feeds):
        await push_out(replica, removal, feeds)
        again = asyncio.create_task(version(replica, feeds[0]))
        await until(lambda: replica.watcher._loader.is_loading(feeds[0], 1) or again.done())
        removal.may.set()
        assert await again == 1
        await until(lambda: not replica.watcher._loader._leaving._ends)
        assert replica.path("feed-00@1").exists()


async def test_who_waits_for_a_feed_does_not_wait_for_what_is_said_of_another(
    crowded: Crowded, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may = threading.Event(), threading.Event()
    async with crowded() as (replica, feeds):
        registry = replica.watcher._registry
        leave = registry.leave

        def leave_later(feed: str, name: str) -> None:
            if feed == feeds[0]:
                begun.set()
                may.wait()
            leave(feed, name)

        monkeypatch.setattr(registry, "leave", leave_later)
        try:
            assert await version(replica, feeds[0]) == 1
            for feed in feeds[1:]:
                assert await version(replica, feed) == 1
            await until(begun.is_set)
            for feed in feeds[1:]:
                asking = asyncio.create_task(version(replica, feed))
                await until(asking.done)
                assert await asking == 1
        finally:
            may.set()


async def test_what_is_loaded_is_fetched_while_what_makes_room_leaves_and_loaded_once_there_is_room(
    crowded: Crowded, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched, fetch = [], Copies.fetch

    def noted(copies: Copies, version: Version) -> Path:
        fetched.append(version.feed)
        return fetch(copies, version)

    async with crowded() as (replica, feeds):
        for feed in feeds[:3]:
            assert await version(replica, feed) == 1
        monkeypatch.setattr(Copies, "fetch", noted)
        replica.engine.exit.clear()
        asking = [asyncio.create_task(version(replica, feed)) for feed in feeds[3:5]]
        await until(lambda: set(fetched) >= set(feeds[3:5]))
        await asyncio.sleep(0.2)
        assert len(replica.engine.adapters) == 3
        replica.engine.exit.set()
        assert await asyncio.gather(*asking) == [1, 1]


async def test_a_version_that_is_asked_for_again_before_it_was_unloaded_is_loaded_after_that(
    crowded: Crowded, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may = asyncio.Event(), asyncio.Event()
    async with crowded() as (replica, feeds):
        for feed in feeds[:3]:
            assert await version(replica, feed) == 1
        unload = replica.door.unload

        async def unload_later(name: str) -> None:
            if name.startswith(feeds[1]) and not begun.is_set():
                begun.set()
                await may.wait()
            await unload(name)

        monkeypatch.setattr(replica.door, "unload", unload_later)
        others = [asyncio.create_task(version(replica, feed)) for feed in feeds[4:]]
        await begun.wait()
        again = asyncio.create_task(version(replica, feeds[1]))
        await until(lambda: replica.watcher._loader.is_loading(feeds[1], 1) or again.done())
        may.set()
        assert await asyncio.gather(again, *others) == [1, 1, 1]
        assert await version(replica, feeds[1]) == 1
