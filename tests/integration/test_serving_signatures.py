"""Versions whose record nobody trusted has signed are not served, whoever can write to the registry."""

from __future__ import annotations

import json
from pathlib import Path

import redis

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from tests.support.adapter_files import write_adapter
from tests.support.watched_engine import count, running, settings_of, until
from tests.unit.test_signing import key_files


def with_keys(settings: Settings, **files: Path) -> Settings:
    return settings.model_copy(update={"registry": settings.registry.model_copy(update=files)})


async def test_a_version_that_nobody_trusted_signed_is_not_served(tmp_path: Path, redis_url: str) -> None:
    private, public = key_files(tmp_path, "ours")
    plain = settings_of(tmp_path, redis_url)
    trusting = with_keys(plain, trusted_keys_file=public)
    signing = with_keys(plain, signing_key_file=private)
    adapter, other = write_adapter(tmp_path / "adapter"), write_adapter(tmp_path / "other", 7.0)
    async with running(trusting) as replica:
        worker = Publisher(signing, "news")
        worker.publish(adapter)
        await until(lambda: replica.stable() == 1)
        worker.close()
        stranger = Publisher(plain, "news")
        before = count("rtadapt_adapter_loads_total", feed="news", outcome="failed")
        stranger.publish(other)
        await until(lambda: count("rtadapt_adapter_loads_total", feed="news", outcome="failed") > before)
        assert replica.stable() == 1
        stranger.close()
        worker = Publisher(signing, "news")
        worker.publish(other)
        await until(lambda: replica.stable() == 3)
        worker.close()


async def test_a_signed_record_is_no_other_versions_and_can_not_say_that_it_learned_more(tmp_path: Path, redis_url: str) -> None:
    private, public = key_files(tmp_path, "ours")
    plain = settings_of(tmp_path, redis_url)
    worker = Publisher(with_keys(plain, signing_key_file=private), "news")
    for bias in (0.0, 7.0):
        worker.publish(write_adapter(tmp_path / f"adapter-{bias}", bias))
    worker.close()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        records = client.hgetall("rtadapt:{news}:versions")
        first = json.loads(records["1"])
        forged = json.loads(records["2"]) | {"positions": {"0": 99}, "adapter": first["adapter"]}
        client.hset("rtadapt:{news}:versions", "2", json.dumps(forged))
        before = count("rtadapt_adapter_loads_total", feed="news", outcome="failed")
        async with running(with_keys(plain, trusted_keys_file=public)) as replica:
            await until(lambda: count("rtadapt_adapter_loads_total", feed="news", outcome="failed") > before)
            assert replica.stable() != 2
            client.hset("rtadapt:{news}:versions", "2", records["1"])  # a good record, in another's place
            assert replica.stable() != 2
