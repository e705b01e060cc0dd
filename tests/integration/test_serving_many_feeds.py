"""A replica of very many feeds: what costs it something is what changes, not what exists."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from rtadapt.conformance.publisher import Publisher
from rtadapt.registry.registry import Registry
from tests.support.adapter_files import write_adapter
from tests.support.watched_engine import running, settings_of, until

FEEDS = 150


async def test_idle_feeds_are_read_some_at_a_time_and_what_nobody_told_of_is_found_all_the_same(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, redis_url, poll_seconds=0.1)
    reads: list[int] = []
    heads = Registry.heads

    def counted(self: Registry, feeds: Sequence[str] | None = None) -> Any:
        found = heads(self, feeds)
        reads.append(len(found))
        return found

    with contextlib.closing(Publisher(settings, "feed-077")) as publisher, redis.Redis.from_url(redis_url) as raw:
        for number in range(FEEDS):
            publisher.registry.ensure_feed(f"feed-{number:03}")
        monkeypatch.setattr(Registry, "heads", counted)
        async with running(settings) as one:
            await until(lambda: one.live.ready and len(one.live.view.feeds) == FEEDS)
            assert FEEDS in reads
            reads.clear()
            await until(lambda: len(reads) >= 6)
            assert max(reads) <= 64
            publisher.publish(write_adapter(tmp_path / "adapter"))
            await until(lambda: one.live.view.feeds["feed-077"].stable == 1)
            for feed in ("feed-000", "feed-077", "feed-149"):
                raw.hset(f"rtadapt:{{{feed}}}:route", mapping={"follow": "0", "revision": "9"})
            await until(lambda: not any(one.live.view.feeds[feed].follows for feed in ("feed-000", "feed-077", "feed-149")))
