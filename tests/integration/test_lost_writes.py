"""A registry that has lost writes: what it forgot is learned again by whoever reads, and nothing else is learned twice."""

from __future__ import annotations

import pytest

from rtadapt.observe import metrics
from rtadapt.work import floors as floors_module
from rtadapt.work import quarantine as quarantine_module
from tests.support.dumped import dump, restore
from tests.support.one_machine import System, drive, learned_ids, story


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine_module, "_FIRST_PAUSE_SECONDS", 0.05)


def events(*names: str) -> list[str]:
    return [f"event-{name}" for name in names]


def admitted(feed: str) -> float:
    return metrics.EVENTS_ADMITTED.labels(feed)._value.get()


def test_an_older_registry_under_a_worker_that_lives_costs_no_event(system: System, redis_url: str) -> None:
    pipeline = system.pipeline()
    system.push(story("north"), story("mill", feed="support"))
    drive(pipeline, system.registry, "news", 1)
    drive(pipeline, system.registry, "support", 1)
    kept = dump(redis_url)
    system.push(story("south"), story("east"))
    drive(pipeline, system.registry, "news", 3)
    before = admitted("support")
    restore(redis_url, kept)
    system.push(story("west"))
    drive(pipeline, system.registry, "news", 4)
    pipeline.close()
    assert learned_ids(system.registry) == events("north", "south", "east", "west")
    assert (learned_ids(system.registry, "support"), admitted("support")) == (events("mill"), before)
    assert system.log.dead_letters(5) == []


def test_an_emptied_registry_under_a_worker_that_lives_costs_no_event(system: System, redis_url: str) -> None:
    pipeline = system.pipeline()
    system.push(story("north"), story("mill", feed="support"), story("south"))
    drive(pipeline, system.registry, "news", 2)
    drive(pipeline, system.registry, "support", 1)
    restore(redis_url, {}, "*")
    system.push(story("west"))
    drive(pipeline, system.registry, "news", 3)
    drive(pipeline, system.registry, "support", 1)
    pipeline.close()
    assert learned_ids(system.registry) == events("north", "south", "west")
    assert learned_ids(system.registry, "support") == events("mill")


@pytest.mark.parametrize("is_emptied", [False, True])
def test_nor_does_one_under_a_feed_that_was_let_go(system: System, redis_url: str, is_emptied: bool) -> None:
    work = system.settings.work.model_copy(update={"max_open_feeds": 1})
    system.settings = system.settings.model_copy(update={"work": work})
    pipeline = system.pipeline()
    system.push(story("north"))
    drive(pipeline, system.registry, "news", 1)
    kept = {} if is_emptied else dump(redis_url)
    system.push(story("south"))
    drive(pipeline, system.registry, "news", 2)
    system.push(story("mill", feed="support"))
    drive(pipeline, system.registry, "support", 1)
    pipeline.step()
    assert "news" not in pipeline.sessions
    restore(redis_url, kept)
    system.push(story("east"))
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == events("north", "south", "east")


@pytest.mark.parametrize("is_emptied", [False, True])
def test_a_worker_that_starts_reads_from_the_heads_where_the_floor_is_beyond_them(
    system: System, redis_url: str, is_emptied: bool
) -> None:
    pipeline = system.pipeline()
    system.push(story("north"))
    drive(pipeline, system.registry, "news", 1)
    kept = {} if is_emptied else dump(redis_url)
    system.push(story("south"), story("east"))
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    restore(redis_url, kept)  # as where the floors are on another server of a cluster
    assert system.registry.floor(system.log.partition_of("news")) == 3
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == events("north", "south", "east")


def test_a_feed_that_stands_idle_is_learned_again_without_a_push(
    system: System, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floors_module, "_SECONDS", 0.0)
    pipeline = system.pipeline()
    system.push(story("north"))
    drive(pipeline, system.registry, "news", 1)
    kept = dump(redis_url, "*")
    system.push(story("south"))
    drive(pipeline, system.registry, "news", 2)
    restore(redis_url, kept, "*")
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    assert learned_ids(system.registry) == events("north", "south")


def test_a_worker_that_dies_while_it_reads_again_leaves_no_hole(system: System, redis_url: str) -> None:
    pipeline = system.pipeline()
    system.push(story("north"))
    drive(pipeline, system.registry, "news", 1)
    kept = dump(redis_url)
    system.push(story("south"), story("east"))
    drive(pipeline, system.registry, "news", 3)
    restore(redis_url, kept)
    system.push(story("west"), story("mill", feed="support"))
    while "news" not in pipeline.quarantine:
        pipeline.step()
    drive(pipeline, system.registry, "support", 1)
    pipeline.close()
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 4)
    pipeline.close()
    assert learned_ids(system.registry) == events("north", "south", "east", "west")


def test_a_feed_that_was_deleted_is_not_taken_for_lost(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors_module, "_SECONDS", 0.0)
    pipeline = system.pipeline()
    system.push(story("north"), story("mill", feed="support"))
    drive(pipeline, system.registry, "news", 1)
    drive(pipeline, system.registry, "support", 1)
    assert system.registry.delete_feed("news", system.log.partition_of("news"), 1)
    partition = system.log.partition_of("support")
    system.registry.set_floor(partition, 0, 0)  # somebody else's word: the worker looks at all heads
    for _ in range(4):
        pipeline.step()
    pipeline.close()
    assert system.registry.head("news") is None
    pipeline = system.pipeline()
    for _ in range(4):
        pipeline.step()
    assert system.registry.head("news") is None
    system.push(story("hill", feed="support"))
    drive(pipeline, system.registry, "support", 2)
    pipeline.close()
    assert learned_ids(system.registry, "support") == events("mill", "hill")
