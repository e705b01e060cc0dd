"""How long events wait, as the control plane measures it: from the log and the registry, without a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from rtadapt.api.freshness import UNKNOWN_FEED, Freshness, Waiting, waiting
from rtadapt.config import RegistrySettings, Settings
from rtadapt.errors import Unavailable
from rtadapt.events.log import EventLog, open_log
from rtadapt.records import DeadLetter, LearnedEvent, Position
from rtadapt.registry.registry import Registry
from tests.support.registry_steps import candidate, mark_ready


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url))


@pytest.fixture
def log(settings: Settings) -> Iterator[EventLog]:
    log = open_log(settings)
    yield log
    log.close()


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    registry = Registry(settings.registry)
    yield registry
    registry.close()


def decide(registry: Registry, feed: str, place: Position, accepted_at: float | None = None) -> None:
    """Move the head past `place`: with a version that learned an event, or with none."""
    registry.commit(
        feed,
        epoch=registry.claim(feed, "worker"),
        parent=0,
        positions={place.partition: place.offset + 1},
        candidate=None if accepted_at is None else candidate(0, feed),
        events=[] if accepted_at is None else [LearnedEvent("one", accepted_at)],
        measures={},
        statuses=[],
    )


def test_an_event_waits_from_its_acceptance_until_it_is_decided(log: EventLog, registry: Registry) -> None:
    registry.ensure_feed("news")
    assert waiting(log, registry) == {}
    before = time.time()
    (place,) = log.append([("news", b"one")])
    oldest = waiting(log, registry)
    assert before <= oldest["news"].since <= time.time()
    assert oldest["news"].events == 1
    log.append([("news", b"two")])
    assert waiting(log, registry) == {"news": Waiting(oldest["news"].since, 2)}
    decide(registry, "news", place)
    rest = waiting(log, registry)["news"]
    assert rest.since > oldest["news"].since
    assert rest.events == 1


def test_an_event_that_was_learned_waits_until_the_route_has_its_version(log: EventLog, registry: Registry) -> None:
    registry.ensure_feed("news")
    (place,) = log.append([("news", b"one")])
    accepted_at = time.time() - 500
    decide(registry, "news", place, accepted_at)
    assert waiting(log, registry)["news"] == Waiting(pytest.approx(accepted_at), 1)
    mark_ready(registry, "news", 1, "replica", ["replica"])
    assert waiting(log, registry) == {}


def test_a_route_that_was_told_to_stay_keeps_nobody_waiting(log: EventLog, registry: Registry) -> None:
    registry.ensure_feed("news")
    (place,) = log.append([("news", b"one")])
    registry.change_route("news", "pause")
    decide(registry, "news", place, time.time() - 500)
    assert waiting(log, registry) == {}


def test_keys_that_are_no_feeds_make_no_series_of_their_own(log: EventLog, registry: Registry) -> None:
    log.append([("anything", b"one"), ("at all", b"two")])
    assert set(waiting(log, registry)) == {UNKNOWN_FEED}


def seen(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_a_look_sets_the_gauges_and_what_waits_no_more_is_gone(log: EventLog, registry: Registry) -> None:
    registry.ensure_feed("news")
    freshness = Freshness(lambda: log, registry)
    (place,) = log.append([("news", b"one")])
    log.refuse([DeadLetter("x", "news", Position(0, 0), "noise", "")])
    freshness.look()
    assert freshness.waiting is not None
    assert seen("rtadapt_oldest_waiting_event_timestamp_seconds", feed="news") == freshness.waiting["news"].since
    assert seen("rtadapt_dead_letters") == freshness.dead_letters == 1
    assert seen("rtadapt_event_log_partitions") == len(log.ends()) == 4
    assert [letter.event_id for letter in freshness.refused] == ["x"]
    looked = seen("rtadapt_freshness_checked_timestamp_seconds")
    assert looked is not None
    decide(registry, "news", place)
    freshness.look()
    assert seen("rtadapt_oldest_waiting_event_timestamp_seconds", feed="news") is None


def test_while_a_part_is_away_the_time_of_the_last_look_stands_still(log: EventLog, registry: Registry) -> None:
    freshness = Freshness(lambda: log, registry)
    freshness.look()
    looked = seen("rtadapt_freshness_checked_timestamp_seconds")
    log.close()
    with pytest.raises(Unavailable):
        freshness.look()
    assert seen("rtadapt_freshness_checked_timestamp_seconds") == looked
