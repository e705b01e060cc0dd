"""A replica that has started again comes to hold what was recent, and tells who pins it meanwhile to ask again."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import ModelNotFound, Unavailable
from rtadapt.registry import codec
from rtadapt.serving.routing import resolve
from tests.support.watched_engine import Replica, running, settings_of, until


@pytest.fixture
def four(publisher: Publisher, adapter: Path) -> Publisher:
    """Four versions have been published, and the fourth is answered from."""
    for _ in range(4):
        publisher.publish(adapter)
    publisher.registry.change_route("news", "promote", version=4)
    return publisher


def pinned(replica: Replica, number: int) -> int:
    return resolve(replica.live.view, f"news@{number}", "somebody").number


async def test_who_pins_what_is_still_coming_is_told_to_ask_again_and_who_pins_what_there_is_not_that_it_is_not(
    tmp_path: Path, redis_url: str, four: Publisher
) -> None:
    settings = settings_of(tmp_path, redis_url, load_timeout_seconds=0.3, keep_loaded=3)
    async with running(settings, lambda engine: engine.hung.update({"news@2", "news@3", "news@4"})) as replica:
        await until(lambda: replica.watcher._views.coming)
        with pytest.raises(Unavailable, match="news@4 is being loaded here"):
            pinned(replica, 4)
        replica.engine.hung.discard("news@4")
        await until(lambda: replica.live.ready)
        assert pinned(replica, 4) == 4
        for number in (2, 3):
            with pytest.raises(Unavailable, match="is being loaded here") as raised:
                pinned(replica, number)
            assert raised.value.retry_after
        for number in (1, 5):
            with pytest.raises(ModelNotFound):
                pinned(replica, number)
        replica.engine.hung.discard("news@2")
        await until(lambda: 2 in replica.loaded())  # although another one could not be loaded
        replica.engine.hung.clear()
        await until(lambda: 3 in replica.loaded())  # it was tried again
        await until(lambda: not replica.watcher._views.coming)


async def test_a_record_that_can_not_be_read_costs_its_version_alone(
    tmp_path: Path, redis_url: str, four: Publisher, adapter: Path
) -> None:
    four.registry.connection.redis.hset(codec.feed_key("news", "versions"), "3", "nonsense")
    async with running(settings_of(tmp_path, redis_url)) as replica:
        await until(lambda: replica.loaded() == {0, 1, 2, 4})
        await until(lambda: not replica.watcher._views.coming)
        with pytest.raises(ModelNotFound):
            pinned(replica, 3)
        four.registry.change_route("news", "resume")
        four.publish(adapter)
        await until(lambda: replica.stable() == 5)


async def test_what_was_filled_back_and_let_go_again_is_not_said_to_be_coming(
    tmp_path: Path, redis_url: str, four: Publisher, adapter: Path
) -> None:
    async with running(settings_of(tmp_path, redis_url, keep_loaded=2)) as replica:
        await until(lambda: replica.loaded() == {0, 3, 4})
        four.registry.change_route("news", "resume")
        four.publish(adapter)
        await until(lambda: replica.loaded() == {0, 4, 5})
        with pytest.raises(ModelNotFound):
            pinned(replica, 3)
