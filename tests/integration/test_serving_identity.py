"""A registry that was emptied, restored or rewritten is not followed without an operator's word; no name changes its meaning."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import redis

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import NotFound
from rtadapt.records import Position, Token
from rtadapt.serving.routing import Coverage, coverage, resolve
from tests.support.adapter_files import write_adapter
from tests.support.dumped import dump, restore
from tests.support.watched_engine import Replica, count, running, settings_of, until


@pytest.fixture
def other_adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "other", 7.0)


async def served(replica: Replica, publisher: Publisher, adapter: Path, versions: int) -> None:
    for _ in range(versions):
        number = publisher.publish(adapter).number
        await until(lambda number=number: replica.stable() == number)


def weights(replica: Replica, model: str = "news") -> bytes:
    """What the engine would answer `model` from."""
    target = resolve(replica.live.view, model, "someone")
    return (replica.engine.adapters[target.engine_model] / "adapter_model.safetensors").read_bytes()


async def test_an_emptied_registry_takes_no_alias_back_to_the_base_model(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path, other_adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 2)
        before = weights(replica)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        anew = Publisher(settings, "news")  # a push to the feed makes it again
        for _ in range(3):
            anew.publish(other_adapter)
        await until(lambda: "news" in replica.live.not_followed)
        await asyncio.sleep(0.5)
        assert (replica.stable(), weights(replica)) == (2, before)
        await until(lambda: count("rtadapt_feeds_not_followed") == 1)
        token = Token("news", Position(0, 2))
        assert coverage(replica.live.view, resolve(replica.live.view, "news", "x"), token) is Coverage.NEVER
        anew.registry.change_route("news", "trust")
        await until(lambda: replica.stable() == 3)
        assert weights(replica) == other_adapter.joinpath("adapter_model.safetensors").read_bytes()
        await until(lambda: not replica.live.not_followed and not replica.knows("news@1"))
        anew.close()


async def test_a_feed_that_the_registry_has_lost_is_told_of_before_anybody_makes_it_again(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 2)
        kept = dump(redis_url)
        restore(redis_url, {}, "*")
        await until(lambda: replica.live.not_followed.get("news") == "the registry has lost the feed")
        await until(lambda: count("rtadapt_feeds_not_followed") == 1)
        await asyncio.sleep(0.5)
        assert replica.stable() == 2
        assert sum("not believed" in record.message for record in caplog.records) == 1
        with pytest.raises(NotFound, match="make it again"):
            publisher.registry.change_route("news", "trust")
        restore(redis_url, kept)
        await until(lambda: not replica.live.not_followed)
        await served(replica, publisher, adapter, 1)


async def test_a_number_that_was_given_again_is_never_answered_from_the_weights_before(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path, other_adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 1)
        kept = dump(redis_url)
        await served(replica, publisher, adapter, 1)
        restore(redis_url, kept)  # the last commit is lost, and another takes its number
        publisher.publish(other_adapter)
        publisher.registry.change_route("news", "pause")
        publisher.registry.change_route("news", "resume")
        await until(lambda: "news" in replica.live.not_followed)
        assert replica.stable() == 2
        publisher.registry.change_route("news", "trust")
        await until(lambda: replica.stable() == 2 and not replica.live.not_followed)
        await until(lambda: weights(replica, "news@2") == other_adapter.joinpath("adapter_model.safetensors").read_bytes())
        assert weights(replica, "news@1") == adapter.joinpath("adapter_model.safetensors").read_bytes()


async def test_an_older_registry_is_not_followed_back(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 1)
        kept = dump(redis_url)
        await served(replica, publisher, adapter, 2)
        restore(redis_url, kept)
        await until(lambda: "news" in replica.live.not_followed)
        assert replica.stable() == 3
        publisher.registry.change_route("news", "trust")
        await until(lambda: replica.stable() == 1)
        await served(replica, publisher, adapter, 1)


@pytest.mark.parametrize("how", ["trusted", "deleted and made again"])
async def test_an_older_registry_is_not_followed_back_on_a_word_that_was_said_before(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path, how: str
) -> None:
    registry = publisher.registry
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 1)
        if how == "trusted":
            registry.change_route("news", "trust")
        else:
            registry.delete_feed("news", 0, 1)
            registry.ensure_feed("news")
            publisher.claim()
        await served(replica, publisher, adapter, 1)
        kept = dump(redis_url)
        await served(replica, publisher, adapter, 1)
        registry.change_route("news", "trust")
        await served(replica, publisher, adapter, 1)
        newest = replica.stable()
        restore(redis_url, kept)
        await until(lambda: "news" in replica.live.not_followed)
        assert replica.stable() == newest
        registry.change_route("news", "trust")
        await until(lambda: replica.stable() == newest - 2 and not replica.live.not_followed)


async def test_a_word_counts_after_a_loss_of_those_before(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        for _ in range(3):
            publisher.registry.change_route("news", "trust")
            await served(replica, publisher, adapter, 1)
        restore(redis_url, {}, "*")
        anew = Publisher(settings, "news")
        anew.publish(adapter)
        await until(lambda: "news" in replica.live.not_followed)
        anew.registry.change_route("news", "trust")
        await until(lambda: replica.stable() == 1 and not replica.live.not_followed)
        anew.close()


async def test_while_what_is_trusted_is_loaded_requests_wait_for_it(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings_of(tmp_path, redis_url, keep_loaded=1)) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 1)
        kept = dump(redis_url)
        await served(replica, publisher, adapter, 3)
        await until(lambda: not replica.knows("news@1"))
        restore(redis_url, kept)
        await until(lambda: "news" in replica.live.not_followed)
        replica.engine.gate.clear()
        publisher.registry.change_route("news", "trust")
        await until(lambda: not replica.live.not_followed)
        request = asyncio.create_task(replica.live.be_here("news"))
        await asyncio.sleep(0.3)
        assert not request.done()
        replica.engine.gate.set()
        await request
        assert resolve(replica.live.view, "news", "someone").version == "news@1"


async def test_a_replica_that_does_not_follow_holds_up_no_other(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path, tmp_path: Path
) -> None:
    async with running(settings) as old:
        await until(lambda: old.live.ready)
        await served(old, publisher, adapter, 2)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        anew = Publisher(settings, "news")
        await until(lambda: "news" in old.live.not_followed)
        async with running(
            settings_of(tmp_path / "elsewhere", redis_url).model_copy(update={"artifacts": settings.artifacts})
        ) as new:
            await until(lambda: new.live.ready)
            artifact = anew.store_adapter(adapter)
            new_store = Publisher(settings_of(tmp_path / "elsewhere", redis_url), "news")
            assert new_store.store_adapter(adapter) == artifact
            new_store.publish(artifact)
            await until(lambda: new.stable() == 1)
            assert old.stable() == 2
            new_store.close()
        anew.close()


async def test_a_registry_that_comes_to_itself_is_followed_again_without_a_word(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 1)
        older = dump(redis_url)
        await served(replica, publisher, adapter, 1)
        newer = dump(redis_url)
        restore(redis_url, older)
        await until(lambda: "news" in replica.live.not_followed)
        restore(redis_url, newer)
        await until(lambda: not replica.live.not_followed)
        await served(replica, publisher, adapter, 1)


@pytest.mark.parametrize("key", ["head", "route", "versions", "holds", "gone"])
async def test_one_feed_whose_keys_can_not_be_read_costs_no_other(
    settings: Settings, redis_url: str, publisher: Publisher, adapter: Path, key: str
) -> None:
    sport = Publisher(settings, "sport")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        await served(replica, publisher, adapter, 1)
        sport.publish(adapter)
        await until(lambda: replica.live.view.feeds["sport"].stable == 1)
        sport.registry.change_route("sport", "pause")
        with redis.Redis.from_url(redis_url) as client:
            if key == "versions":
                client.hset("rtadapt:{sport}:versions", "1", "{}")
                client.hset("rtadapt:{sport}:route", "revision", "90")
            elif key == "holds":
                client.hset("rtadapt:{sport}:holds", "another", "x")
            elif key == "gone":
                client.delete("rtadapt:{sport}:head", "rtadapt:{sport}:route")
                client.hset("rtadapt:{sport}:gone", mapping={"epoch": "x", "positions": "{"})
            else:
                client.hset(f"rtadapt:{{sport}}:{key}", "version" if key == "head" else "stable", "x")
        await until(lambda: key == "holds" or "read" in replica.live.not_followed.get("sport", ""))
        await served(replica, publisher, adapter, 2)
        assert replica.live.view.feeds["sport"].stable == 1
    async with running(settings_of(settings.data_dir / "new", redis_url)) as fresh:
        await until(lambda: "news" in fresh.live.view.feeds)
    sport.close()
