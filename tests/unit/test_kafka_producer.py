"""The producer's settings from the connection's, and what its callers are told when it ends."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from rtadapt.config import EventLogSettings
from rtadapt.errors import TooLarge, Unavailable
from rtadapt.events.kafka import connection_of
from rtadapt.events.kafka_producer import Producer, options_of


def options(**fields: Any) -> dict[str, Any]:
    return options_of(connection_of(EventLogSettings(url="kafka://one:9092,two:9093", **fields)), 10.0)


def test_what_is_promised_is_the_same_for_every_connection() -> None:
    made = options()
    promised = {"bootstrap.servers": "one:9092,two:9093", "acks": "all", "enable.idempotence": True}
    assert promised.items() <= made.items()
    assert made["message.timeout.ms"] < 10_000
    assert not {"security.protocol", "sasl.mechanism", "ssl.ca.location", "oauth_cb"} & made.keys()


def test_encryption_and_login_are_passed_on(tmp_path: Path) -> None:
    files = {"ca_file": "ca.crt", "cert_file": "tls.crt", "key_file": "tls.key", "password_file": "password"}
    for name in files.values():
        (tmp_path / name).write_text("secret\n")
    login = {"sasl_mechanism": "SCRAM-SHA-512", "username": "rtadapt"}
    made = options(tls=True, **login, **{field: tmp_path / name for field, name in files.items()})
    assert {name: text for name, text in made.items() if name.startswith(("ssl", "sasl", "security"))} == {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(tmp_path / "ca.crt"),
        "ssl.certificate.location": str(tmp_path / "tls.crt"),
        "ssl.key.location": str(tmp_path / "tls.key"),
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "rtadapt",
        "sasl.password": "secret",
    }


def test_without_an_authority_of_ones_own_the_systems_are_trusted() -> None:
    assert options(tls=True)["ssl.ca.location"]


def test_a_token_is_asked_for_when_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    give = options(sasl_mechanism="OAUTHBEARER", token_file=file)["oauth_cb"]
    with pytest.raises(KafkaException):
        give("")
    file.write_text("one")
    token, until = give("")
    assert token == "one"
    assert until > time.time()


def test_whoever_waits_for_a_producer_that_is_closed_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"kafka://127.0.0.1:{silent.getsockname()[1]}"
        producer = Producer(connection_of(EventLogSettings(url=url)), 60.0)
        producer._counts["events"] = 1, time.monotonic() + 60
        told: list[type[Exception]] = []

        def send() -> None:
            try:
                producer.send("events", [("news", b"1")])
            except Unavailable as error:
                told.append(type(error))

        waiting = threading.Thread(target=send)
        waiting.start()
        while not len(producer._client):
            time.sleep(0.01)
        producer.close()
        waiting.join(30)
    assert told == [Unavailable]


def test_a_record_that_no_topic_takes_is_too_large() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"kafka://127.0.0.1:{silent.getsockname()[1]}"
        producer = Producer(connection_of(EventLogSettings(url=url)), 60.0)
        producer._counts["events"] = 1, time.monotonic() + 60
        with pytest.raises(TooLarge):
            producer.send("events", [("news", b"x" * 2_000_000)])
        producer.close()


class _Filling:
    """librdkafka with room for `room` more records at each try."""

    def __init__(self, room: int, code: int = KafkaError._QUEUE_FULL) -> None:
        self.room, self.code = room, code
        self.taken: list[bytes] = []

    def produce_batch(self, topic: str, messages: list[dict[str, Any]], partition: int) -> int:
        for message in messages[self.room :]:
            message["_error"] = KafkaError(self.code)
        self.taken += [message["value"] for message in messages[: self.room]]
        return min(self.room, len(messages))


def _handing_over(client: _Filling, monkeypatch: pytest.MonkeyPatch) -> Producer:
    made = object.__new__(Producer)
    monkeypatch.setattr(made, "_client", client, raising=False)
    return made


def test_what_a_full_queue_does_not_take_is_handed_over_again_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    client, values = _Filling(3), [str(number).encode() for number in range(8)]
    messages = [{"value": value} for value in values]
    _handing_over(client, monkeypatch)._hand_over("events", 0, messages, time.monotonic() + 60)
    assert client.taken == values


def test_a_queue_that_stays_full_and_another_fault_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="too many records wait"):
        _handing_over(_Filling(0), monkeypatch)._hand_over("events", 0, [{"value": b"1"}], time.monotonic() - 1)
    with pytest.raises(KafkaException):
        other = _Filling(0, KafkaError.MSG_SIZE_TOO_LARGE)
        _handing_over(other, monkeypatch)._hand_over("events", 0, [{"value": b"1"}], time.monotonic() + 60)
