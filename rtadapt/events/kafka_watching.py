"""Looking into Kafka's topics without taking part: how much there is, and from when.

Owns consumers that join no group and commit nothing. Takes the connection's settings and a topic; gives counts and marks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as Partition
from kafka import KafkaConsumer, TopicPartition

from rtadapt.errors import Unavailable
from rtadapt.events.kafka_producer import client_options
from rtadapt.events.log import Mark

_POLL_MS = 200
_READ_AT_ONCE = 1000
_READING = {
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",  # what retention has just removed is passed over
    "enable.partition.eof": True,
    "isolation.level": "read_uncommitted",
    "queued.min.messages": 1000,
    "queued.max.messages.kbytes": 8192,
}


@contextmanager
def watching(connection: Mapping[str, Any]) -> Iterator[Any]:
    """A consumer without a group, closed at the end."""
    consumer = KafkaConsumer(**connection, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        yield consumer
    finally:
        consumer.close(autocommit=False, timeout_ms=1000)


def count(consumer: Any, topic: str, timeout_seconds: float) -> int:
    """Records that the topic still holds."""
    begins, ends = _bounds(consumer, topic, timeout_seconds)
    return sum(end - begins[partition] for partition, end in ends.items())


def marks(
    consumer: Any, connection: Mapping[str, Any], group: str, topic: str, start: Callable[[int], int], limit: int, seconds: float
) -> list[Mark]:
    """The first `limit` records of each partition from `start(partition)` on, without what they say. Raises Unavailable.

    They are many, and kafka-python unpacks each in Python, which holds all other threads up: librdkafka reads them. It asks for a
    `group`, which it neither joins nor tells anything.
    """
    deadline = time.monotonic() + seconds
    spans = _spans(consumer, topic, start, limit, seconds)
    if not spans:
        return []
    client = Consumer(client_options(connection) | _READING | {"group.id": group})
    try:
        client.assign([Partition(topic, partition, first) for partition, (first, _) in spans.items()])
        return _marks(client, {partition: end for partition, (_, end) in spans.items()}, deadline)
    except KafkaException as error:
        raise Unavailable(f"the event log could not look: {error.args[0].name()}") from error
    finally:
        client.close()


def _marks(client: Any, left: dict[int, int], deadline: float) -> list[Mark]:
    """What the client reads of each partition in `left`, to before the offset there."""
    found: list[Mark] = []
    while left:
        if time.monotonic() > deadline:
            raise _too_late()
        for message in client.consume(_READ_AT_ONCE, _POLL_MS / 1000):
            partition, offset, error = message.partition(), message.offset(), message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                if error.retriable():
                    continue
                raise KafkaException(error)
            end = left.get(partition, 0)
            if error is None and offset < end:
                key, (_, at) = message.key() or b"", message.timestamp()
                found.append(Mark(partition, offset, key.decode("utf-8", "replace"), max(0, at) / 1000))
            if end and offset + (error is None) >= end:  # a transaction's end is no record
                del left[partition]
                client.pause([Partition(message.topic(), partition)])
    return found


def look(consumer: Any, topic: str, start: Callable[[int], int | None], limit: int, timeout_seconds: float) -> list[Any]:
    """The client's records: the first `limit` of each partition from `start(partition)` on, none where that is None.

    Raises Unavailable when time is up.
    """
    deadline = time.monotonic() + timeout_seconds
    left: dict[Any, int] = {}
    spans = _spans(consumer, topic, start, limit, timeout_seconds)
    consumer.assign([TopicPartition(topic, partition) for partition in spans])
    for partition, (first, end) in spans.items():
        consumer.seek(TopicPartition(topic, partition), first)
        left[TopicPartition(topic, partition)] = end
    found: list[Any] = []
    while left:
        if time.monotonic() > deadline:
            raise _too_late()
        for partition, records in consumer.poll(timeout_ms=_POLL_MS).items():
            end = left.get(partition, 0)
            found += [record for record in records if record.offset < end]
        for partition in [one for one, end in left.items() if consumer.position(one) >= end]:  # a transaction's end is no record
            left.pop(partition)
            consumer.pause(partition)
    return found


def _too_late() -> Unavailable:
    return Unavailable("the event log could not be looked at in time")


def _spans(
    consumer: Any, topic: str, start: Callable[[int], int | None], limit: int, timeout_seconds: float
) -> dict[int, tuple[int, int]]:
    """By partition, the first offset to look at, and where to stop. Those where there is nothing are left out."""
    begins, ends = _bounds(consumer, topic, timeout_seconds)
    spans = {}
    for partition, end in ends.items():
        wanted = start(partition.partition)
        first = end if wanted is None else max(begins[partition], wanted)
        if first < end:
            spans[partition.partition] = first, min(end, first + limit)
    return spans


def ends(consumer: Any, topic: str, timeout_seconds: float) -> dict[int, int]:
    """By partition, where it goes on."""
    return {partition.partition: end for partition, end in _bounds(consumer, topic, timeout_seconds)[1].items()}


def _bounds(consumer: Any, topic: str, timeout_seconds: float) -> tuple[dict[Any, int], dict[Any, int]]:
    timeout_ms = int(timeout_seconds * 1000)
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    return (
        consumer.beginning_offsets(partitions, timeout_ms=timeout_ms),
        consumer.end_offsets(partitions, timeout_ms=timeout_ms),
    )
