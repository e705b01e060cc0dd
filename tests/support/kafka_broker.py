"""A Kafka for tests: the one that KAFKA_BOOTSTRAP names, else the real broker in ../shared/kafka, else librdkafka's mock.
`KAFKA_BOOTSTRAP=mock` asks for the mock; with `REQUIRE_KAFKA=1` (CI) nothing is tested without a real one.

tests/conftest.py names this module as a plugin: take `kafka` (one for the session; each test uses topics of its own).
The mock cluster has no topic administration and can't rebalance two members, so tests that need more say so with
`needs_real_kafka`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from rtadapt.config import EventLogSettings
from tests.support.redis_server import free_port

BROKER = Path(__file__).resolve().parents[2].parent / "shared" / "kafka" / "run"
MOCK = "librdkafka's mock cluster"
_START_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Kafka:
    """A reachable Kafka. `kind` says which."""

    kind: str
    bootstrap: str
    api_version: str | None = None

    @property
    def is_real(self) -> bool:
        return self.kind != "mock"

    def settings(self, **changes: object) -> EventLogSettings:
        """Settings with topics and a group of their own."""
        name = uuid.uuid4().hex[:10]
        values: dict[str, object] = {
            "url": f"kafka://{self.bootstrap}",
            "topic": f"events-{name}",
            "dead_letter_topic": f"dead-{name}",
            "group": f"workers-{name}",
            "kafka_api_version": self.api_version,
            **changes,
        }
        return EventLogSettings.model_validate(values)


class Broker:
    """One real broker process on a free loopback port, with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port_pair()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """What is run."""
        return [str(BROKER), str(self.folder / "data"), str(self.port)]

    def start(self) -> None:
        with (self.folder / "broker.out").open("ab") as out:
            self.process = subprocess.Popen(
                self.command(),
                env={**os.environ, "KAFKA_HEAP": "256m"},
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, f"the broker ended: see {self.folder / 'broker.out'}"
            assert time.monotonic() < deadline, "the broker did not start"
            time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=20)
        self.process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        try:
            admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=3000, request_timeout_ms=3000)
        except KafkaError:
            return False
        admin.close()
        return True


def free_port_pair() -> int:
    """A loopback port that is free together with the next one, which the broker's controller takes."""
    while True:
        port = free_port()
        with socket.socket() as second, contextlib.suppress(OSError):
            second.bind(("127.0.0.1", port + 1))
            return port


def has_broker() -> bool:
    """Whether the real broker's files are there."""
    return BROKER.is_file()


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """The Kafka of this session; the header of the test report says which one it is."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named and named != "mock":
        yield Kafka("named", named)
    elif has_broker() and not named:
        with tempfile.TemporaryDirectory(prefix="rtadapt-kafka-") as folder:
            broker = Broker(Path(folder))
            broker.start()
            yield Kafka("real", broker.bootstrap)
            broker.stop()
    else:
        from confluent_kafka import Producer

        cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused"})
        brokers = list(cluster.list_topics(timeout=10).brokers.values())
        yield Kafka("mock", f"{brokers[0].host}:{brokers[0].port}", "2.3")
        del cluster


@pytest.fixture(scope="session")
def real_kafka(kafka: Kafka) -> Kafka:
    """A real broker, or a skip that says what is missing."""
    if not kafka.is_real:
        pytest.skip("needs a real Kafka: set KAFKA_BOOTSTRAP to one; the mock cluster can't divide partitions among workers")
    return kafka


def pytest_configure() -> None:
    if os.environ.get("REQUIRE_KAFKA") == "1" and which() == MOCK:
        raise pytest.UsageError(f"REQUIRE_KAFKA=1, and there is no Kafka: neither {BROKER} nor one in KAFKA_BOOTSTRAP")


def pytest_report_header() -> str:
    return f"kafka: {which()}"


def which() -> str:
    """Which Kafka the tests of this machine run on."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named == "mock" or not (named or has_broker()):
        return MOCK
    return "the broker that KAFKA_BOOTSTRAP names" if named else "a real broker, started from ../shared/kafka"
