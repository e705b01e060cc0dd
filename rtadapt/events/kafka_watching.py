"""Looking into Kafka's topics without taking part: how much there is, and from when.

Owns consumers that join no group and commit nothing. Takes the connection's settings and a topic; gives counts and marks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from rtadapt.errors import Unavailable
from rtadapt.events.kafka_reader import to_record
from rtadapt.events.log import LogRecord, Mark
from rtadapt.records import Position

_POLL_MS = 200


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


def marks(consumer: Any, topic: str, start: Callable[[int], int], limit: int, timeout_seconds: float) -> list[Mark]:
    """The first `limit` records of each partition from `start(partition)` on. Raises Unavailable when time is up."""
    deadline = time.monotonic() + timeout_seconds
    begins, ends = _bounds(consumer, topic, timeout_seconds)
    consumer.assign(list(ends))
    left: dict[Any, int] = {}
    for partition, end in ends.items():
        first = max(begins[partition], start(partition.partition))
        if first < end:
            consumer.seek(partition, first)
            left[partition] = min(end, first + limit)
        else:
            consumer.pause(partition)
    found: list[Mark] = []
    while left:
        if time.monotonic() > deadline:
            raise Unavailable("the event log could not be looked at in time")
        for partition, records in consumer.poll(timeout_ms=_POLL_MS).items():
            end = left.get(partition, 0)
            found += [
                Mark(
                    record.partition,
                    record.offset,
                    (record.key or b"").decode("utf-8", "replace"),
                    max(0, record.timestamp) / 1000,
                )
                for record in records
                if record.offset < end
            ]
            if records and records[-1].offset + 1 >= end:
                left.pop(partition, None)
                consumer.pause(partition)
    return found


def one(consumer: Any, topic: str, place: Position, timeout_seconds: float) -> LogRecord | None:
    """The record at one place; None when it is not there (any more). Raises Unavailable when time is up."""
    deadline = time.monotonic() + timeout_seconds
    begins, ends = _bounds(consumer, topic, timeout_seconds)
    partition = TopicPartition(topic, place.partition)
    if not begins.get(partition, 0) <= place.offset < ends.get(partition, 0):
        return None
    consumer.assign([partition])
    consumer.seek(partition, place.offset)
    while time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=_POLL_MS, max_records=1).values():
            return to_record(records[0]) if records[0].offset == place.offset else None
    raise Unavailable("the event log could not be looked at in time")


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
