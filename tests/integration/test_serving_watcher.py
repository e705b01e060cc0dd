"""The watcher with a real registry and a real artifact store, and a small app in place of the engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.registry.heads import Heads
from rtadapt.serving.routing import resolve
from tests.support.adapter_files import write_adapter
from tests.support.small_engine import SmallEngine
from tests.support.watched_engine import count, running, settings_of, until


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
        await until(lambda: replica.stable() == 2)
        publisher.registry.change_route("news", "resume")
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


async def test_events_are_counted_once_over_all_replicas(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    seen = count("rtadapt_event_to_served_seconds_count", feed="news")
    flips = count("rtadapt_route_flips_total", feed="news")
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        for number in (1, 2):
            publisher.publish(adapter, events=3)
            await until(lambda number=number: one.stable() == two.stable() == number)
        await until(lambda: count("rtadapt_event_to_served_seconds_count", feed="news") >= seen + 6)
    assert count("rtadapt_route_flips_total", feed="news") == flips + 4
    assert count("rtadapt_event_to_served_seconds_count", feed="news") == seen + 6


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


async def test_a_replica_is_not_ready_on_what_is_over_by_the_time_it_says_that_it_is_there(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    publisher.publish(adapter)
    async with running(settings) as one:
        await until(lambda: one.live.ready and one.stable() == 1)
        async with running(settings, lambda engine: engine.gate.clear()) as two:
            presence = two.watcher._presence
            said = presence.be_there

            async def late() -> None:
                if publisher.head().version == 1:
                    two.engine.gate.clear()
                    publisher.publish(adapter)
                    await until(lambda: one.stable() == 2)
                await said()

            presence.be_there = late  # type: ignore[method-assign]
            two.engine.gate.set()
            await until(lambda: "news@2" in two.live.missing or two.live.ready)
            assert not two.live.ready
            two.engine.gate.set()
            await until(lambda: two.live.ready)
            assert two.stable() == 2


async def test_old_versions_drain_and_leave_with_their_files(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtadapt.serving.leaving._GRACE_SECONDS", 0.1)
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
        path = replica.path("news@1")
        await asyncio.sleep(0.5)
        assert path.is_dir()  # a request is still under way on it
        replica.live.land(held)
        await until(lambda: replica.loaded() == {0, 3, 4})
        await until(lambda: not path.exists())
        copies = tmp_path / "data" / "copies" / "last-port-8000" / "news"
        await until(lambda: sorted(folder.name for folder in copies.iterdir()) == ["3", "4"])


async def test_of_many_publications_in_a_row_nothing_stays_but_what_is_kept(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtadapt.serving.leaving._GRACE_SECONDS", 0.1)
    async with running(settings_of(tmp_path, redis_url, keep_loaded=2)) as replica:
        await until(lambda: replica.live.ready)
        for _ in range(30):
            await asyncio.to_thread(publisher.publish, adapter)
        await until(lambda: replica.stable() == 30)
        copies = tmp_path / "data" / "copies" / "last-port-8000" / "news"
        await until(lambda: {folder.name for folder in copies.iterdir()} == {str(number) for number in replica.loaded() - {0}})
        assert len(replica.loaded()) <= 3
        assert len(replica.engine.adapters) == len(replica.loaded()) - 1


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


async def test_a_feed_that_is_deleted_while_its_old_versions_are_let_go_takes_nothing_else_along(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    other = Publisher(settings, "other")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        flights = []
        for number in range(1, settings.serve.keep_loaded + 3):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
            flights.append(resolve(replica.live.view, f"news@{number}", ""))
            replica.live.depart(flights[-1])
        replica.engine.exit.clear()
        for flight in flights:
            replica.live.land(flight)
        await until(lambda: replica.engine.leaving == ["news@1"])
        assert publisher.registry.delete_feed("news", 0, 0)
        await until(lambda: replica.feed() is None)
        replica.engine.exit.set()
        await until(lambda: len(replica.engine.unloads) == len(flights))
        other.publish(adapter)
        await until(lambda: replica.live.view.feeds["other"].stable == 1)
    other.close()


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


async def test_a_deleted_feed_is_gone_from_the_replica_and_begins_anew_when_it_is_made_again(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    publisher.publish(adapter)
    async with running(settings) as replica:
        await until(lambda: replica.stable() == 1)
        assert publisher.registry.delete_feed("news", 0, 0)
        await until(lambda: replica.feed() is None)
        await until(lambda: len(replica.engine.unloads) == 1)
        assert replica.live.not_followed == {}
        assert replica.live.ready
        publisher.registry.ensure_feed("news")
        await until(lambda: replica.stable() == 0)


async def test_idle_feeds_are_read_some_at_a_time_and_what_nobody_told_of_is_found_all_the_same(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = 150
    settings = settings_of(tmp_path, redis_url, poll_seconds=0.1)
    reads: list[int] = []
    heads = Heads.heads

    def counted(self: Heads, feeds: Sequence[str] | None = None) -> Any:
        found = heads(self, feeds)
        reads.append(len(found))
        return found

    with contextlib.closing(Publisher(settings, "feed-077")) as publisher, redis.Redis.from_url(redis_url) as raw:
        for number in range(feeds):
            publisher.registry.ensure_feed(f"feed-{number:03}")
        monkeypatch.setattr(Heads, "heads", counted)
        async with running(settings) as one:
            await until(lambda: one.live.ready and len(one.live.view.feeds) == feeds)
            assert feeds in reads
            reads.clear()
            await until(lambda: len(reads) >= 6)
            assert max(reads) <= 64
            publisher.publish(write_adapter(tmp_path / "adapter"))
            await until(lambda: one.live.view.feeds["feed-077"].stable == 1)
            for feed in ("feed-000", "feed-077", "feed-149"):
                raw.hset(f"rtadapt:{{{feed}}}:route", mapping={"follow": "0", "revision": "9"})
            await until(lambda: not any(one.live.view.feeds[feed].follows for feed in ("feed-000", "feed-077", "feed-149")))
