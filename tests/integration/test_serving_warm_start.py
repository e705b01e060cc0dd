"""A replica that starts again: from what it served last while the registry is away, and never wiser than it can be."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rtadapt import receipts
from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import ModelNotFound, Unavailable
from rtadapt.records import Head, Route
from rtadapt.serving.identity import Said
from rtadapt.serving.last_seen import Seen, read_seen, write_seen
from rtadapt.serving.routing import ServingView, resolve
from tests.support.redis_server import RedisServer
from tests.support.watched_engine import Replica, count, running, settings_of, until


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def settings(tmp_path: Path, server: RedisServer) -> Settings:
    return settings_of(tmp_path, server.url)


def knows_nothing(replica: Replica) -> None:
    replica.live.replace(ServingView("tiny", complete=False))


async def test_a_replica_starts_and_serves_with_the_registry_and_the_store_away(
    settings: Settings, server: RedisServer, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        for number in (1, 2):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
        publisher.registry.change_route("news", "canary", version=1, share=0.5)
        await until(lambda: (feed := replica.feed()) is not None and feed.canary == 1)
    server.stop()
    shutil.move(settings.data_dir / "artifacts", settings.data_dir / "away")
    async with running(settings) as replica:
        knows_nothing(replica)
        await until(lambda: replica.live.ready)
        assert resolve(replica.live.view, "news@2", "x").number == 2
        assert {resolve(replica.live.view, "news", f"u{n}").number for n in range(50)} == {1, 2}
        with pytest.raises(Unavailable):  # it can't know whether there is such a feed
            resolve(replica.live.view, "sport", "x")
        shutil.move(settings.data_dir / "away", settings.data_dir / "artifacts")
        server.start()
        await until(lambda: replica.live.view.complete)
        with pytest.raises(ModelNotFound):
            resolve(replica.live.view, "sport", "x")
        await until(lambda: count("rtadapt_registry_up") == 1)
        publisher.registry.change_route("news", "promote", version=2)
        publisher.registry.change_route("news", "resume")
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 3)


async def test_answers_have_receipts_that_count_later_also_where_the_registry_was_away_at_the_start(
    settings: Settings, server: RedisServer, publisher: Publisher, adapter: Path
) -> None:
    publisher.publish(adapter)
    publisher.registry.change_route("news", "promote", version=1)
    async with running(settings) as replica:
        await until(lambda: replica.stable() == 1 and replica.live.receipt_key)
    server.stop()
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        receipt = receipts.write(replica.live.receipt_key, "news", "", 1, "stable")
        server.start()
    assert receipts.read(publisher.registry.receipt_key(), receipt).version == "news@1"


async def test_a_replica_that_never_served_waits_for_the_registry_and_says_what_it_waits_for(
    settings: Settings, server: RedisServer
) -> None:
    server.stop()
    async with running(settings) as replica:
        knows_nothing(replica)
        await until(lambda: "does not answer" in replica.live.missing)
        assert not replica.live.ready
        with pytest.raises(Unavailable):
            resolve(replica.live.view, "news", "x")
        server.start()
        await until(lambda: replica.live.ready)


async def test_a_restarted_replica_still_knows_an_older_registry_when_it_sees_one(
    settings: Settings, server: RedisServer, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 1)
    publisher.registry.connection.redis.flushall()
    publisher.registry.ensure_feed("news")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready and "news" in replica.live.not_followed)
        assert replica.stable() == 1
        publisher.registry.change_route("news", "trust")
        await until(lambda: replica.stable() == 0)


async def test_one_feed_that_can_not_be_loaded_costs_itself_and_not_the_replica(
    settings: Settings, publisher: Publisher, adapter: Path
) -> None:
    sport = Publisher(settings, "sport")
    for feed in (publisher, sport):
        feed.publish(adapter)
        feed.registry.change_route(feed.feed, "promote", version=1)
    async with running(settings, lambda engine: engine.refused.add("sport@1")) as replica:
        await until(lambda: replica.live.ready)
        assert resolve(replica.live.view, "news", "x").number == 1
        with pytest.raises(Unavailable):
            resolve(replica.live.view, "sport", "x")
        replica.engine.refused.clear()
        await until(lambda: replica.live.view.feeds["sport"].stable == 1)
    sport.close()
    async with running(settings_of(settings.data_dir / "new", publisher.registry.settings.url)) as replica:
        await until(lambda: replica.live.missing.startswith("not loaded yet"))
        assert not replica.live.ready  # nothing can be loaded: its store is empty


async def test_a_file_that_can_not_be_read_is_as_none(settings: Settings, publisher: Publisher, adapter: Path) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 1)
    (settings.data_dir / "copies" / "last-port-8000" / "seen.json").write_text('{"base_model": "tiny", "feeds": [{}]}')
    async with running(settings) as replica:
        await until(lambda: replica.live.ready and replica.stable() == 1)


@pytest.mark.parametrize("known", [8, 6])
def test_what_was_written_down_is_read_again_also_of_a_release_that_signed_no_heads(tmp_path: Path, known: int) -> None:
    head = Head("news", 2, {0: 5}, 3, "now", 4, ((3, 4),), "first", "0f")
    write_seen(tmp_path / "seen.json", "tiny", [Seen(Said(head, Route("news", 2)), ())], b"key")
    value = json.loads((tmp_path / "seen.json").read_text())
    value["feeds"][0]["head"] = value["feeds"][0]["head"][:known]
    (tmp_path / "seen.json").write_text(json.dumps(value))
    (seen,), key = read_seen(tmp_path / "seen.json", "tiny")
    assert key == b"key"
    assert seen.said.head == (head if known == 8 else replace(head, origin="now", signature=""))


def test_two_that_write_down_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    errors: list[OSError] = []

    def write() -> None:
        try:
            for _ in range(50):
                write_seen(path, "tiny", (), b"key")
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert json.loads(path.read_text()) == {"base_model": "tiny", "feeds": [], "receipt_key": b"key".hex()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_replica_that_ends_while_it_writes_down_what_it_serves_writes_it_down(
    settings: Settings, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, goes_on = threading.Event(), threading.Event()

    def fails_late(path: Path, base_model: str, feeds: Iterable[Seen], receipt_key: bytes) -> None:
        if any(seen.versions for seen in feeds) and not writes.is_set():
            writes.set()
            goes_on.wait(10.0)
            raise OSError
        write_seen(path, base_model, feeds, receipt_key)

    monkeypatch.setattr("rtadapt.serving.watcher.write_seen", fails_late)
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        publisher.publish(adapter)
        await until(writes.is_set)
        asyncio.get_running_loop().call_later(0.2, goes_on.set)
    async with running(settings) as replica:
        assert replica.watcher._copies.seen.exists()
