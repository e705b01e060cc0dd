"""The event log on Kafka: one topic of events keyed by feed, one topic of dead letters.

Owns the topics, the producer and the consumers. Kafka's consumer group divides the partitions among the workers;
where each partition is read from comes from the caller (the registry), never from the group. What the group commits
is what was read, as a hint for lag tools only. Foreign producers are welcome: JSON or CloudEvents values, also
CloudEvents in Kafka's binary mode, with any compression. Whoever keys by feed with murmur2, as Java and kafka-python do by
default, writes to the feed's own partition; what lies elsewhere is put right by the worker.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAlreadyExistsError,
    UnknownBrokerIdError,
    UnsupportedVersionError,
)

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.events.kafka_client import DIRECT
from rtadapt.events.kafka_letters import encode_letter, key_of, letters
from rtadapt.events.kafka_producer import Producer
from rtadapt.events.kafka_reader import KafkaReader, to_record
from rtadapt.events.kafka_security import security_of
from rtadapt.events.kafka_watching import count, ends, look, marks, watching
from rtadapt.events.log import LogRecord, Mark
from rtadapt.records import DeadLetter, Position

logger = logging.getLogger(__name__)

_DAY_MS = 86_400_000

# kafka-python writes whole records to its debug log, and event text is never logged.
logging.getLogger("kafka").setLevel(logging.WARNING)


class KafkaLog:
    """An EventLog on the brokers in `settings.url`. Makes the topics if they are missing. Raises Unavailable."""

    def __init__(self, settings: EventLogSettings) -> None:
        self._settings = settings
        self._timeout_seconds = settings.timeout_seconds
        self._connection = connection_of(settings)
        self._lock = threading.Lock()  # of the producer; whoever asks how the brokers are holds up no append
        self._admin_lock = threading.Lock()
        self._producer: Producer | None = None
        self._admin: Any = None
        with translated("connect"):
            reach(self._connection["bootstrap_servers"], self._timeout_seconds)
            self._make_topics()

    def append(self, entries: Sequence[tuple[str, bytes]]) -> list[Position]:
        """Send the entries and wait until every in-sync replica has them. Raises Unavailable or TooLarge."""
        return self._send(self._settings.topic, entries)

    def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Write dead letters as JSON, keyed by their places. Raises Unavailable."""
        self._send(self._settings.dead_letter_topic, [(key_of(letter.position), encode_letter(letter)) for letter in letters])

    def drop(self, place: Position) -> None:
        """Write the mark that the letter of a place is gone; where the topic is compacted, the letter goes too."""
        self._send(self._settings.dead_letter_topic, [(key_of(place), None)])

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest `limit` dead letters, newest first."""
        with translated("read its dead letters"), watching(self._connection) as consumer:
            return letters(consumer, self._settings.dead_letter_topic, limit, self._timeout_seconds)

    def ends(self) -> dict[int, int]:
        """Where each partition goes on."""
        with translated("look"), watching(self._connection) as consumer:
            return ends(consumer, self._settings.topic, self._timeout_seconds)

    def trim(self, floor: Callable[[int], int]) -> int:
        """Nothing: the brokers see to the topic's retention."""
        return 0

    def dead_letter_count(self) -> int:
        """How many the topic still holds."""
        with translated("count its dead letters"), watching(self._connection) as consumer:
            return count(consumer, self._settings.dead_letter_topic, self._timeout_seconds)

    def marks(self, start: Callable[[int], int], limit: int) -> list[Mark]:
        """What is in each partition from `start` on; outside every consumer group."""
        with translated("look"), watching(self._connection) as consumer:
            kafka = self._settings
            return marks(consumer, self._connection, kafka.group, kafka.topic, start, limit, self._timeout_seconds)

    def records(self, partition: int, start: int, limit: int) -> list[LogRecord]:
        """What is in one partition from `start` on; outside every consumer group."""
        with translated("look"), watching(self._connection) as consumer:
            raw = look(consumer, self._settings.topic, {partition: start}.get, limit, self._timeout_seconds)
            return [to_record(record) for record in raw]

    def reader(self, start: Callable[[int], int]) -> KafkaReader:
        """A new member of the consumer group. Raises Unavailable."""
        with translated("join the group"):
            return KafkaReader(self._connection, self._settings, start)

    def identity(self) -> str:
        """The id that the brokers gave to the topic when it was made; its name where they are too old to give any."""
        topics = self._described()
        found = str(topics[0].get("topic_id") or "") if topics else ""
        return f"kafka:{found if found.strip('0-') else self._settings.topic}"

    def partition_of(self, feed: str) -> int:
        """What murmur2 makes of the feed's name, as the producer counts the partitions now."""
        return self._opened_producer().partition_of(self._settings.topic, feed)

    def ping(self) -> None:
        """Ask a broker for the topic. Raises Unavailable."""
        self._described()

    def _described(self) -> list[dict[str, Any]]:
        with self._admin_lock, translated("answer"):
            reach(self._connection["bootstrap_servers"], self._timeout_seconds)
            try:
                topics: list[dict[str, Any]] = self._administration().describe_topics([self._settings.topic])
            except KafkaError:
                self._close_administration()  # a client that lost its brokers may be slow to find them again
                raise
        return topics

    def close(self) -> None:
        """Close the connections; whatever was acknowledged is already on the brokers."""
        with self._lock:
            producer, self._producer = self._producer, None
        with self._admin_lock:
            self._close_administration()
        if producer is not None:
            producer.close()

    def _send(self, topic: str, entries: Sequence[tuple[str, bytes | None]]) -> list[Position]:
        producer = self._opened_producer()
        try:
            return producer.send(topic, entries)
        except Unavailable:
            self._drop(producer)
            raise

    def _opened_producer(self) -> Producer:
        with self._lock:
            if self._producer is None:
                reach(self._connection["bootstrap_servers"], self._timeout_seconds)
                self._producer = Producer(self._connection, self._timeout_seconds)
            return self._producer

    def _drop(self, producer: Producer) -> None:
        """Begin anew: after a failed delivery an idempotent producer's sequence may be broken for good."""
        with self._lock:
            if self._producer is not producer:
                return
            self._producer = None
        producer.close()

    def _make_topics(self) -> None:
        copies = self._settings.replication
        kept = {"retention.ms": str(int(self._settings.keep_days * _DAY_MS))}
        if copies >= 3:  # with fewer, an acknowledged event may be on one broker alone
            kept["min.insync.replicas"] = "2"
        compacted = {**kept, "cleanup.policy": "compact,delete"}
        wanted: dict[str, dict[str, Any]] = {
            self._settings.topic: {
                "num_partitions": self._settings.partitions,
                "replication_factor": copies,
                "configs": kept,
            },
            self._settings.dead_letter_topic: {"num_partitions": 1, "replication_factor": copies, "configs": compacted},
        }
        try:
            present = set(self._administration().list_topics())
            for name, shape in wanted.items():
                if name not in present:
                    self._make_topic(name, shape)
        except (IncompatibleBrokerVersion, UnsupportedVersionError, UnknownBrokerIdError):
            # A broker whose version must be given by hand may have no controller to ask. Any other one is starting up or
            # ill, and topics that it made by itself would have its default number of partitions for good.
            if self._settings.kafka_api_version is None:
                raise
            logger.warning("the broker offers no topic administration; its own defaults make the topics")
            for name in wanted:  # now, and not at the first write: who reads or looks finds partitions
                self._opened_producer().await_topic(name)
        finally:
            self._close_administration()

    def _make_topic(self, name: str, shape: dict[str, Any]) -> None:
        try:
            self._administration().create_topics(
                {name: shape}, timeout_ms=int(self._timeout_seconds * 1000), wait_for_metadata=True
            )
        except TopicAlreadyExistsError:
            return  # another process was faster
        logger.info("topic made", extra={"topic": name, "partitions": shape["num_partitions"]})

    def _administration(self) -> Any:
        if self._admin is None:
            self._admin = KafkaAdminClient(**self._connection)
        return self._admin

    def _close_administration(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None


def connection_of(settings: EventLogSettings) -> dict[str, Any]:
    """What every client of ours is given to connect with. Raises InvalidSettings."""
    servers = settings.url.removeprefix("kafka://").split(",")
    if not settings.url.startswith("kafka://") or not all(_is_address(server) for server in servers):
        raise InvalidSettings("a Kafka log is `kafka://host:port[,host:port]`", field="event_log.url")
    timeout_ms = max(1000, int(settings.timeout_seconds * 1000))
    connection: dict[str, Any] = {
        "bootstrap_servers": servers,
        "client_id": "rtadapt",
        "request_timeout_ms": timeout_ms,
        "bootstrap_timeout_ms": timeout_ms,
        "reconnect_backoff_max_ms": 1000,
        **DIRECT,
    } | security_of(settings)
    if settings.kafka_api_version is not None:
        parts = settings.kafka_api_version.split(".")
        if not all(part.isdigit() for part in parts):
            raise InvalidSettings("a version looks like 2.3", field="event_log.kafka_api_version")
        connection["api_version"] = tuple(int(part) for part in parts)
    return connection


def _is_address(server: str) -> bool:
    host, colon, port = server.rpartition(":")
    return bool(host and colon and port.isdigit() and 0 < int(port) < 65536)


def reach(servers: Sequence[str], timeout_seconds: float) -> None:
    """Return if one of the servers takes a connection; raise Unavailable if none does.

    One whose machine is gone swallows the attempt, so each gets only its share of the time that is left. kafka-python would
    try again until its bootstrap timeout, and leave a socket open at each try.
    """
    deadline = time.monotonic() + timeout_seconds
    for number, server in enumerate(servers):
        host, _, port = server.rpartition(":")
        share = (deadline - time.monotonic()) / (len(servers) - number)
        try:
            with socket.create_connection((host.strip("[]"), int(port)), max(0.1, share)):
                return
        except OSError:
            continue
    raise Unavailable("no Kafka broker takes a connection")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn kafka-python's errors into Unavailable."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise Unavailable(f"the event log could not {what}: {type(error).__name__}") from error
