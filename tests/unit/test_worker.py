"""The worker's loop around its pipeline: what it survives."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from rtadapt.config import RegistrySettings, Settings
from rtadapt.errors import ArtifactDamaged, RtadaptError, StaleEpoch, Unavailable
from rtadapt.events.log import EventLog
from rtadapt.observe import metrics
from rtadapt.observe.pulse import Pulse
from rtadapt.registry.registry import Registry
from rtadapt.work import worker
from tests.support.registry_steps import assert_soon


class Steps:
    """Stands for a pipeline: its first step fails, its next one ends the worker."""

    def __init__(self, failure: Exception | None, stop: threading.Event) -> None:
        self.failure = failure
        self.stop = stop
        self.closed = False

    def step(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.stop.set()

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    "failure", [Unavailable("the log is away"), StaleEpoch("another owner"), ArtifactDamaged("a state is damaged")]
)
def test_the_worker_starts_over_from_the_heads_and_is_ready_again(
    failure: RtadaptError, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "_FIRST_PAUSE_SECONDS", 0.0)
    stop, ready = threading.Event(), threading.Event()
    made = [Steps(failure, stop), Steps(None, stop)]
    waiting: Any = iter(made)
    noted: list[Any] = []
    worker.run(lambda: next(waiting), stop, ready, Pulse(60.0), noted.append)
    assert noted == [None, made[1]]
    assert all(pipeline.closed for pipeline in made)
    assert ready.is_set()
    assert metrics.WORKER_READY._value.get() == 1
    assert metrics.OWNED_PARTITIONS._value.get() == 0
    assert metrics.WORKER_RESTARTS.labels(failure.code)._value.get() >= 1
    assert [(record.levelname, record.__dict__["code"]) for record in caplog.records] == [("WARNING", failure.code)]


def test_a_log_that_is_away_at_the_start_is_waited_for_with_the_model_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_FIRST_PAUSE_SECONDS", 0.0)
    opens: list[object] = []
    sound = worker.open_log

    def away_once(settings: Settings) -> EventLog:
        opens.append(settings)
        if len(opens) == 1:
            raise Unavailable("no Kafka broker takes a connection")
        return sound(settings)

    monkeypatch.setattr(worker, "open_log", away_once)
    stop = threading.Event()
    steps, registry = Steps(None, stop), Registry(RegistrySettings(url="unix:///nowhere"))
    monkeypatch.setattr(worker, "Pipeline", lambda *_, log, **__: steps)
    offered: Any = SimpleNamespace(trial=[None])
    opened = worker.Opening(Settings(data_dir=tmp_path), "w1", registry, Any, Any, offered)  # type: ignore[arg-type]
    monkeypatch.setattr(opened, "desk", lambda: None)
    worker.run(opened.pipeline, stop, threading.Event(), Pulse(60.0))
    opened.pipeline()
    opened.close()
    assert (len(opens), steps.closed) == (2, True)


def test_a_step_that_does_not_end_is_given_up_after_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(worker.os, "_exit", ended.append)
    stop, over, abandoned = threading.Event(), threading.Event(), threading.Event()
    stop.set()
    worker.give_up(stop, over, 0.01, abandoned.set)
    assert (ended, abandoned.is_set()) == ([0], True)
    over.set()
    worker.give_up(stop, over, 0.01, abandoned.clear)
    assert (ended, abandoned.is_set()) == ([0], True)


def test_what_nobody_foresaw_ends_the_worker() -> None:
    stop = threading.Event()
    broken = Steps(ZeroDivisionError(), stop)
    waiting: Any = iter([broken])
    with pytest.raises(ZeroDivisionError):
        worker.run(lambda: next(waiting), stop, threading.Event(), Pulse(60.0))
    assert broken.closed


def test_a_worker_says_how_it_gets_on_also_while_a_step_takes_long(redis_url: str) -> None:
    registry = Registry(RegistrySettings(url=redis_url, replica_ttl_seconds=0.3))
    pulse, pipeline = Pulse(60.0), Mock(about=lambda: {"partitions": 1, "feeds": 2, "lag": 3})
    with worker.Presence(registry, "one", lambda: pulse.last_at is not None, pulse) as presence:
        assert_soon(lambda: registry.live_workers().get("one") == {"ready": False, "alive": True, "last_step_at": None})
        pulse.beat()
        presence.note(pipeline)
        ready = {"ready": True, "alive": True, "last_step_at": pulse.last_at, "partitions": 1, "feeds": 2, "lag": 3}
        assert_soon(lambda: registry.live_workers().get("one") == ready)
        presence.note(None)
        assert_soon(lambda: "lag" not in registry.live_workers()["one"])
    assert registry.live_workers() == {}
    assert registry.live_replicas() == {}
    registry.close()
