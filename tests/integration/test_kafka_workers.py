"""Whole workers that share a real Kafka: they come and go, and each feed is learned in order, once, by one of them at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from rtadapt.config import Settings, load_settings
from rtadapt.events.log import breathing
from rtadapt.training.learner import Learner
from rtadapt.work.pipeline import Pipeline
from rtadapt.work.rounds import Outcome, Prepared
from rtadapt.work.sessions import Session
from tests.support.kafka_broker import Kafka
from tests.support.one_machine import System, learned_ids, story

_PATIENCE_SECONDS = 120.0
FEEDS = ["feed-0", "feed-1", "feed-2", "feed-3"]
NAMES = ("north", "south", "east", "west")


@pytest.fixture
def settings(tmp_path: Path, redis_url: str, settings_base: dict[str, object], real_kafka: Kafka) -> Settings:
    return load_settings(
        **settings_base,
        data_dir=str(tmp_path),
        registry={"url": redis_url},
        event_log=real_kafka.settings(partitions=2).model_dump(mode="json"),
        admit={"max_loss": 100.0},
        batch={"max_events": 1, "most_events": 1, "max_age_seconds": 0.1},
        gate={"min_recall": 0.0, "max_replay_loss": 1.0, "max_drift": 1e9},
    )


@pytest.fixture
def systems(settings: Settings, learner: Learner, tmp_path: Path) -> Iterator[list[System]]:
    """Two workers' worth; what they share is only what workers share. A process has one learner at work, so they take turns."""
    made = [System(settings, learner), System(settings, Learner(settings.train, settings.model, cache=tmp_path / "anchors"))]
    made[1].started = 10
    yield made
    for system in made:
        system.close()


def push(system: System, name: str) -> None:
    """A story of this name for each feed."""
    system.push(*(story(name, feed) | {"id": f"{feed}-{name}"} for feed in FEEDS))


def turn(*workers: Pipeline, until: Callable[[], bool]) -> None:
    """Let the workers step in turns until something holds. No feed has ever two of them, and none stands still."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not until():
        assert time.monotonic() < deadline, told(workers)
        for worker in workers:
            with ExitStack() as others:
                for other in workers:
                    if other is not worker:  # in a process of its own it would look up, too
                        others.enter_context(breathing(other.reader))
                worker.step()


def told(workers: Sequence[Pipeline]) -> object:
    """Where everything is, for whoever reads that a test failed."""
    registry = workers[0].registry
    heads = {feed: (head.positions, learned_ids(registry, feed)) for feed, head in registry.heads().items()}
    shares = [(sorted(worker.reader.partitions()), worker.about(), worker.batcher.feeds) for worker in workers]
    return heads, shares, workers[0].log.dead_letters(10), registry.troubles()


def all_learned(system: System, count: int) -> Callable[[], bool]:
    return lambda: all(len(learned_ids(system.registry, feed)) == count for feed in FEEDS)


def check(system: System) -> None:
    """Nothing is lost, nothing was learned twice, nothing out of order, and no worker was in another's way."""
    for feed in FEEDS:
        assert learned_ids(system.registry, feed) == [f"{feed}-{name}" for name in NAMES]
        assert sorted(version.number for version in system.registry.versions(feed)) == [1, 2, 3, 4]
    assert system.registry.troubles() == {}
    assert system.log.dead_letters(10) == []


def test_a_worker_that_joins_during_an_update_learns_meanwhile_and_the_other_keeps_the_rest(
    systems: list[System], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = systems
    push(first, NAMES[0])
    one = first.pipeline()
    turn(one, until=all_learned(first, 1))
    before = {feed: head.epoch for feed, head in first.registry.heads().items()}
    push(first, NAMES[1])
    joined: list[Pipeline] = []
    decide = one.rounds.decide

    def long_update(session: Session, prepared: list[Prepared]) -> Outcome:
        if not joined:
            joined.append(two := second.pipeline())
            turn(
                two,
                until=lambda: (
                    len(two.sessions) > 0 and all(len(learned_ids(first.registry, feed)) == 2 for feed in two.sessions._open)
                ),
            )
        return decide(session, prepared)

    monkeypatch.setattr(one.rounds, "decide", long_update)
    turn(one, until=lambda: bool(joined))
    [two] = joined
    push(first, NAMES[2])
    turn(one, two, until=all_learned(first, 3))
    push(first, NAMES[3])
    turn(one, two, until=all_learned(first, 4))
    moved = two.reader.partitions()
    assert (len(moved), len(one.reader.partitions())) == (1, 1)
    after = {feed: head.epoch for feed, head in first.registry.heads().items()}
    for feed in FEEDS:  # what was kept was not even taken over again
        assert after[feed] == before[feed] + (first.log.partition_of(feed) in moved), feed
    for worker in (one, two):
        worker.close()
    check(first)


def test_workers_come_and_go_while_events_come(systems: list[System]) -> None:
    first, second = systems
    push(first, NAMES[0])
    one, two = first.pipeline(), second.pipeline()
    turn(one, two, until=lambda: bool(one.reader.partitions() and two.reader.partitions()))
    push(first, NAMES[1])
    turn(one, two, until=lambda: any(len(learned_ids(first.registry, feed)) > 1 for feed in FEEDS))
    one.close()  # with events in hand
    push(first, NAMES[2])
    turn(two, until=all_learned(first, 3))
    again = first.pipeline()
    push(first, NAMES[3])
    turn(again, two, until=all_learned(first, 4))
    turn(again, two, until=lambda: bool(again.reader.partitions() and two.reader.partitions()))
    for worker in (again, two):
        worker.close()
    check(first)
