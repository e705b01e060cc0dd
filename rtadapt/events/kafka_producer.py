"""Writing to Kafka through librdkafka: what is acknowledged is on every in-sync replica, once and in order.

Takes records by topic and key; gives their positions. kafka-python, which reads, makes each record in Python and holds all other
threads up meanwhile. Records go where its partitioner, and Java's, puts their keys. Raises Unavailable, or TooLarge for a record
over the broker's limit.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as Client
from kafka.errors import KafkaError as NoToken
from kafka.partitioner import murmur2

from rtadapt.errors import TooLarge, Unavailable
from rtadapt.observe.kafka_client import statistics
from rtadapt.records import Position

_DELIVERY_SHARE = 0.8
_CLOSE_SECONDS = 1.0
_LISTEN_SECONDS = 0.2
_NAP_SECONDS = 0.005
_COUNTED_SECONDS = 60.0
"""How long a topic is taken to have as many partitions as it had."""
_MAX_RECORD_BYTES = 1024 * 1024
_TOKEN_SECONDS = 60.0
"""How long librdkafka keeps a token before it asks again; its provider knows when there is a new one."""
_QUIET = 2
"""What is wrong comes back as an error: librdkafka's own lines on standard error say it again, not as JSON."""

_OPTIONS = {
    "client_id": "client.id",
    "security_protocol": "security.protocol",
    "ssl_cafile": "ssl.ca.location",
    "ssl_certfile": "ssl.certificate.location",
    "ssl_keyfile": "ssl.key.location",
    "sasl_mechanism": "sasl.mechanism",
    "sasl_plain_username": "sasl.username",
    "sasl_plain_password": "sasl.password",
    "reconnect_backoff_max_ms": "reconnect.backoff.max.ms",
    "request_timeout_ms": "socket.connection.setup.timeout.ms",
}


def client_options(connection: Mapping[str, Any]) -> dict[str, Any]:
    """What every client of librdkafka connects with, from kafka-python's settings."""
    options: dict[str, Any] = {theirs: connection[ours] for ours, theirs in _OPTIONS.items() if ours in connection}
    if "SSL" in options.get("security.protocol", "") and "ssl.ca.location" not in options:
        options["ssl.ca.location"] = ssl.get_default_verify_paths().cafile or "probe"
    if (tokens := connection.get("sasl_oauth_token_provider")) is not None:
        options["oauth_cb"] = partial(_token, tokens)
    if (version := connection.get("api_version")) is not None:
        options["broker.version.fallback"] = ".".join(map(str, version))
    return options | {"bootstrap.servers": ",".join(connection["bootstrap_servers"]), "log_level": _QUIET}


def options_of(connection: Mapping[str, Any], timeout_seconds: float) -> dict[str, Any]:
    """The producer's. It gives a record up before our caller's time is up, so that a producer that is dropped holds none back."""
    delivery_ms = max(1, int(timeout_seconds * 1000 * _DELIVERY_SHARE))
    return client_options(connection) | {
        "acks": "all",
        "enable.idempotence": True,
        "compression.type": "lz4",
        "linger.ms": 0,  # an append waits for its own records: holding them back gains nothing
        "message.max.bytes": _MAX_RECORD_BYTES,
        "message.timeout.ms": delivery_ms,
        "request.timeout.ms": delivery_ms,
    }


class Producer:
    """Thread-safe. A thread of its own hears what became of records, until `close`."""

    def __init__(self, connection: Mapping[str, Any], timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._counts: dict[str, tuple[int, float]] = {}
        self._over = threading.Event()
        with _translated("connect"):
            self._client = Client(options_of(connection, timeout_seconds) | statistics())
        self._listening = threading.Thread(target=self._listen, name="kafka-deliveries", daemon=True)
        self._listening.start()

    def await_topic(self, topic: str) -> None:
        """Ask for the topic: a broker that makes topics by itself does so then. Raises Unavailable where it doesn't appear."""
        self._count(topic)

    def partition_of(self, topic: str, key: str) -> int:
        """Where records with this key go."""
        return _spread(key) % self._count(topic)

    def send(self, topic: str, entries: Sequence[tuple[str, bytes | None]]) -> list[Position]:
        """Write (key, value) pairs, and wait until all are acknowledged."""
        if not entries:
            return []
        deadline = time.monotonic() + self._timeout_seconds
        places = {key: self.partition_of(topic, key) for key in {key for key, _ in entries}}
        delivery = _Delivery(len(entries))
        messages: dict[int, list[dict[str, Any]]] = {}
        for number, (key, value) in enumerate(entries):
            message = {"key": key.encode(), "value": value, "callback": partial(delivery.note, number)}
            messages.setdefault(places[key], []).append(message)
        with _translated("append"):
            for partition, mine in messages.items():
                self._hand_over(topic, partition, mine, deadline)
            return delivery.wait(deadline)

    def close(self) -> None:
        """Give what was handed over a moment to arrive, and then up."""
        self._await_end(_CLOSE_SECONDS)
        self._client.purge()
        self._await_end(_CLOSE_SECONDS)  # whoever waits for what was given up is told so
        self._over.set()
        self._listening.join()

    def _await_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while len(self._client) and time.monotonic() < deadline:
            time.sleep(_NAP_SECONDS)

    def _hand_over(self, topic: str, partition: int, messages: list[dict[str, Any]], deadline: float) -> None:
        """At once: one by one each would wake librdkafka's threads. What is too much for its queue is tried again."""
        while self._client.produce_batch(topic, messages, partition) < len(messages):
            messages = [message for message in messages if "_error" in message]
            for error in [message.pop("_error") for message in messages]:
                if error.code() != KafkaError._QUEUE_FULL:
                    raise KafkaException(error)
            if time.monotonic() >= deadline:
                raise Unavailable("the event log could not append: too many records wait to be written")
            time.sleep(_NAP_SECONDS)

    def _count(self, topic: str) -> int:
        count, until = self._counts.get(topic, (0, 0.0))
        if time.monotonic() >= until:
            with _translated("count its partitions"):
                found = self._looked_up(topic)
            count = len(found.partitions)
            self._counts[topic] = count, time.monotonic() + _COUNTED_SECONDS
        return count

    def _looked_up(self, topic: str) -> Any:
        """What the brokers say of the topic. One that was made a moment ago is waited for."""
        deadline = time.monotonic() + self._timeout_seconds * _DELIVERY_SHARE
        while True:
            found = self._client.list_topics(topic, max(0.001, deadline - time.monotonic())).topics[topic]
            if found.error is None and found.partitions:
                return found
            if time.monotonic() >= deadline:
                raise KafkaException(found.error or KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
            time.sleep(_NAP_SECONDS)

    def _listen(self) -> None:
        while not self._over.is_set():
            self._client.poll(_LISTEN_SECONDS)


@lru_cache(maxsize=10_000)
def _spread(key: str) -> int:
    spread: int = murmur2(key.encode()) & 0x7FFFFFFF
    return spread


class _Delivery:
    """What became of the records of one `send`."""

    def __init__(self, count: int) -> None:
        self._places: list[Position] = [Position(0, 0)] * count
        self._left = count
        self._error: KafkaError | None = None
        self._over = threading.Event()

    def note(self, number: int, error: KafkaError | None, message: Any) -> None:
        """librdkafka says what became of one. Only the thread that listens calls this."""
        if error is not None:
            self._error = error
        else:
            self._places[number] = Position(message.partition(), message.offset())
        self._left -= 1
        if self._left == 0:
            self._over.set()

    def wait(self, deadline: float) -> list[Position]:
        """Where they are. Raises KafkaException with the last of the errors, if there was any."""
        if not self._over.wait(max(0.001, deadline - time.monotonic())):
            raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT))
        if self._error is not None:
            raise KafkaException(self._error)
        return self._places


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        reason: KafkaError = error.args[0]
        if reason.code() in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE):
            raise TooLarge("the event is larger than the Kafka topic takes", field="text") from error
        raise Unavailable(f"the event log could not {what}: {reason.name()}") from error


def _token(tokens: Any, _: str) -> tuple[str, float]:
    """The token, and when to ask again (Unix seconds). An error here is librdkafka's to try again; what waits is told in time."""
    try:
        return tokens.token(), time.time() + _TOKEN_SECONDS
    except NoToken as error:
        raise KafkaException(KafkaError(KafkaError._AUTHENTICATION, str(error))) from error
