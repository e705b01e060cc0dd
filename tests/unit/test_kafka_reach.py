"""Finding a broker that takes connections among several that may be gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from rtadapt.config import EventLogSettings
from rtadapt.errors import Unavailable
from rtadapt.events import kafka


@pytest.fixture
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_broker_that_refuses_is_passed_over(listening: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = f"127.0.0.1:{closed.getsockname()[1]}"
    kafka.reach([gone, listening], 5.0)
    with pytest.raises(Unavailable):
        kafka.reach([gone], 5.0)


def test_a_broker_that_swallows_connections_leaves_time_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    def swallow(_: tuple[str, int], limit: float) -> Any:
        limits.append(limit)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", swallow)
    with pytest.raises(Unavailable):
        kafka.reach(["one:1", "two:2", "three:3"], 30.0)
    assert limits[0] <= 10.0
    assert len(limits) == 3


def test_whoever_asks_how_the_brokers_are_holds_up_no_append(monkeypatch: pytest.MonkeyPatch) -> None:
    log = object.__new__(kafka.KafkaLog)
    log._lock, log._admin_lock, log._admin = threading.Lock(), threading.Lock(), None
    log._connection, log._timeout_seconds = {"bootstrap_servers": ["one:1"]}, 1.0
    asked = threading.Event()

    def reach(*_: Any) -> None:
        assert not log._lock.locked()
        asked.set()
        raise Unavailable("no broker takes a connection")

    monkeypatch.setattr(kafka, "reach", reach)
    with pytest.raises(Unavailable):
        log.ping()
    assert asked.is_set()


@pytest.mark.parametrize(("copies", "acknowledging"), [(1, None), (2, None), (3, "2"), (5, "2")])
def test_of_three_copies_two_have_an_event_before_it_is_acknowledged(
    copies: int, acknowledging: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(kafka.KafkaLog, "_make_topic", lambda _, name, shape: made.update({name: shape}))
    monkeypatch.setattr(kafka.KafkaLog, "_administration", lambda _: SimpleNamespace(list_topics=list))
    with socket.create_server(("127.0.0.1", 0)) as broker:
        url = f"kafka://127.0.0.1:{broker.getsockname()[1]}"
        settings = EventLogSettings(url=url, replication=copies)
        kafka.KafkaLog(settings).close()
    assert set(made) == {settings.topic, settings.dead_letter_topic}
    assert {shape["configs"].get("min.insync.replicas") for shape in made.values()} == {acknowledging}
    assert {shape["replication_factor"] for shape in made.values()} == {copies}
