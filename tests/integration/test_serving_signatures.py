"""What nobody trusted has signed is neither served nor believed, whoever can write to the registry."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.records import Position, Token
from rtadapt.registry import codec
from rtadapt.serving.routing import Coverage, coverage, resolve
from tests.support.adapter_files import write_adapter
from tests.support.watched_engine import Replica, count, running, until
from tests.unit.test_signing import key_files

HEAD, VERSIONS = "rtadapt:{news}:head", "rtadapt:{news}:versions"
Redis = Any


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return key_files(tmp_path, "ours")


@pytest.fixture
def signing(settings: Settings, keys: tuple[Path, Path]) -> Settings:
    return with_keys(settings, signing_key_file=keys[0])


@pytest.fixture
def trusting(settings: Settings, keys: tuple[Path, Path]) -> Settings:
    return with_keys(settings, trusted_keys_file=keys[1])


@pytest.fixture
def worker(signing: Settings) -> Iterator[Publisher]:
    opened = Publisher(signing, "news")
    yield opened
    opened.close()


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "other", 7.0)


def with_keys(settings: Settings, **files: Path) -> Settings:
    return settings.model_copy(update={"registry": settings.registry.model_copy(update=files)})


def failed() -> float:
    return count("rtadapt_adapter_loads_total", feed="news", outcome="failed")


def covered(replica: Replica, offset: int) -> bool:
    """Whether the replica says that its alias has learned the event there."""
    target = resolve(replica.live.view, "news", "someone")
    return coverage(replica.live.view, target, Token("news", Position(0, offset))) is Coverage.COVERED


def seen_of(settings: Settings) -> Path:
    return settings.data_dir / "copies" / "last-port-8000" / "seen.json"


@contextlib.contextmanager
def altered(path: Path) -> Iterator[dict[str, Any]]:
    """What is kept on disk of the only feed there, and becomes what it is altered to."""
    seen = json.loads(path.read_text())
    (feed,) = seen["feeds"]
    yield feed
    path.write_text(json.dumps(seen))


def away(settings: Settings) -> Settings:
    """The same with the registry away."""
    return settings.model_copy(update={"registry": settings.registry.model_copy(update={"url": "redis://127.0.0.1:1/0"})})


async def served(replica: Replica, worker: Publisher, *adapters: Path) -> None:
    for folder in adapters:
        await serves(replica, worker.publish(folder).number)


async def serves(replica: Replica, number: int) -> None:
    await until(lambda: replica.stable() == number)


async def test_a_version_that_nobody_trusted_signed_is_not_served(
    settings: Settings, trusting: Settings, signing: Settings, worker: Publisher, adapter: Path, other: Path
) -> None:
    async with running(trusting) as replica:
        await served(replica, worker, adapter)
        stranger = Publisher(settings, "news")
        before = failed()
        stranger.publish(other)
        await until(lambda: failed() > before)
        assert replica.stable() == 1
        stranger.registry.change_route("news", "promote", version=2)  # an operator's word is no signature either
        before = failed()
        await until(lambda: failed() > before)
        assert replica.stable() == 1 and not replica.knows("news@2")
        stranger.registry.rewind("news", 1)
        stranger.close()
        worker.claim()
        worker.publish(other)
        await serves(replica, 3)


def learned_more(mine: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    return mine | {"positions": {"0": 99}}


def other_weights(mine: dict[str, Any], another: dict[str, Any]) -> dict[str, Any]:
    return mine | {"adapter": another["adapter"]}


def under_its_number(_: dict[str, Any], another: dict[str, Any]) -> dict[str, Any]:
    return another | {"number": 2}


def smaller_than_it_is(mine: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    return mine | {"adapter": mine["adapter"] | {"size_bytes": 1}}


@pytest.mark.parametrize("forge", [learned_more, other_weights, under_its_number, smaller_than_it_is])
async def test_a_signed_record_is_no_other_versions_and_can_not_say_that_it_learned_more(
    trusting: Settings,
    worker: Publisher,
    client: Redis,
    adapter: Path,
    other: Path,
    forge: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]],
) -> None:
    for folder in (adapter, other):
        worker.publish(folder)
    records = {number: json.loads(text) for number, text in client.hgetall(VERSIONS).items()}
    client.hset(VERSIONS, "2", json.dumps(forge(records["2"], records["1"])))
    before = failed()
    async with running(trusting) as replica:
        await until(lambda: failed() > before)
        assert replica.stable() == 0 and not replica.knows("news@2")
        client.hset(VERSIONS, "2", json.dumps(records["2"]))
        worker.publish(other)  # whoever reads the feed again
        await serves(replica, 3)


async def test_a_good_record_in_anothers_place_is_not_followed(
    trusting: Settings, worker: Publisher, client: Redis, adapter: Path, other: Path
) -> None:
    async with running(trusting) as replica:
        await served(replica, worker, adapter, other)
        client.hset(VERSIONS, "2", client.hget(VERSIONS, "1"))
        worker.registry.change_route("news", "pause")  # so that it is read again
        await until(lambda: "news" in replica.live.not_followed)
        assert replica.stable() == 2


async def test_a_head_can_not_say_that_its_version_learned_more(
    trusting: Settings, worker: Publisher, client: Redis, adapter: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(trusting) as replica:
        await served(replica, worker, adapter)
        worker.reject()
        await until(lambda: covered(replica, 1))  # decided without a new version, and signed
        client.hset(HEAD, "positions", '{"0":99}')
        await until(lambda: (feed := replica.feed()) is not None and feed.head is not None and feed.head.positions == {0: 99})
        assert [covered(replica, offset) for offset in (0, 1, 98)] == [True, False, False]
        worker.registry.change_route("news", "pause")  # so that it is read again
        await until(lambda: (feed := replica.feed()) is not None and not feed.follows)
        told = [record for record in caplog.records if "head" in record.message and "signed" in record.message]
        assert [record.feed for record in told] == ["news"]  # type: ignore[attr-defined]


async def test_a_rewind_and_trust_keep_what_is_signed(trusting: Settings, worker: Publisher, adapter: Path, other: Path) -> None:
    for folder in (adapter, other):
        worker.publish(folder)
    worker.registry.rewind("news", 1)
    for _ in range(2):
        worker.registry.change_route("news", "trust")
    async with running(trusting) as replica:
        await serves(replica, 1)
        assert covered(replica, 1)  # it was decided
        worker.claim()
        worker.publish(other)
        await serves(replica, 3)


async def test_a_rewind_to_a_version_that_nobody_signed_does_not_bring_it_in(
    settings: Settings, trusting: Settings, worker: Publisher, adapter: Path, other: Path
) -> None:
    stranger = Publisher(settings, "news")
    stranger.publish(other)
    stranger.close()
    worker.claim()
    worker.publish(adapter)
    async with running(trusting) as replica:
        await serves(replica, 2)
        before = failed()
        worker.registry.rewind("news", 1)
        await until(lambda: failed() > before)
        assert replica.stable() == 2 and not replica.knows("news@1")


@pytest.mark.parametrize("forge", [learned_more, other_weights, under_its_number])
async def test_a_record_on_disk_that_was_altered_is_not_loaded_at_the_next_start(
    trusting: Settings,
    worker: Publisher,
    adapter: Path,
    other: Path,
    forge: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]],
) -> None:
    async with running(trusting) as replica:
        await served(replica, worker, adapter, other)
    with altered(seen_of(trusting)) as feed:
        mine, another = feed["versions"][0], worker.registry.version("news", 1)
        assert another is not None
        record = json.loads(mine[1]) | {"positions": json.loads(mine[0])}
        old = json.loads(codec.version_text(another)) | {"positions": {"0": 1}}
        forged = forge(record, old)
        mine[:] = [json.dumps(forged["positions"]), json.dumps(forged)]
    before = failed()
    async with running(away(trusting)) as replica:
        await until(lambda: failed() > before)
        assert not replica.live.ready and not replica.engine.adapters


async def test_a_head_on_disk_that_was_altered_does_not_count_at_the_next_start(
    trusting: Settings, worker: Publisher, adapter: Path
) -> None:
    async with running(trusting) as replica:
        await served(replica, worker, adapter)
    with altered(seen_of(trusting)) as feed:
        feed["head"][1] = '{"0":99}'
    async with running(away(trusting)) as replica:
        await until(lambda: replica.live.ready)
        assert [covered(replica, offset) for offset in (0, 98)] == [True, False]


async def test_a_version_of_a_feed_that_was_deleted_is_none_of_the_one_that_was_made_again(
    trusting: Settings, worker: Publisher, client: Redis, adapter: Path, other: Path
) -> None:
    worker.publish(adapter)
    old = client.hget(VERSIONS, "1")
    worker.registry.delete_feed("news", 0, 0)
    worker.registry.ensure_feed("news")
    worker.claim()
    worker.publish(other)
    new = client.hget(VERSIONS, "1")
    client.hset(VERSIONS, "1", old)
    before = failed()
    async with running(trusting) as replica:
        await until(lambda: failed() > before)
        assert replica.stable() == 0
        client.hset(VERSIONS, "1", new)
        worker.publish(other)
        await serves(replica, 2)
