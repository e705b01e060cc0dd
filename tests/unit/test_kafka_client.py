"""What is put right of kafka-python: sockets that nobody answers."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from rtadapt.config import EventLogSettings
from rtadapt.events.kafka import connection_of
from rtadapt.events.kafka_client import Direct


def test_a_socket_that_nobody_answers_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    make = Direct.socket

    def noted(self: Direct, *kind: Any) -> socket.socket:
        made.append(make(self, *kind))
        return made[-1]

    monkeypatch.setattr(Direct, "socket", noted)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"kafka://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(KafkaError):
        KafkaConsumer(**connection_of(EventLogSettings(url=url, timeout_seconds=1.0)))
    assert made
    assert {one.fileno() for one in made} == {-1}
