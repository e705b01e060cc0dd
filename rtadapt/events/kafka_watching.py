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
from rtadapt.events.log import Mark

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
    """The first `limit` records of each partition from `start(partition)` on, without what they say. Raises Unavailable."""
    return [
        Mark(record.partition, record.offset, (record.key or b"").decode("utf-8", "replace"), max(0, record.timestamp) / 1000)
        for record in look(consumer, topic, start, limit, timeout_seconds)
    ]


def look(consumer: Any, topic: str, start: Callable[[int], int | None], limit: int, timeout_seconds: float) -> list[Any]:
    """The client's records: the first `limit` of each partition from `start(partition)` on, none where that is None.

    Raises Unavailable when time is up.
    """
    deadline = time.monotonic() + timeout_seconds
    begins, ends = _bounds(consumer, topic, timeout_seconds)
    consumer.assign(list(ends))
    left: dict[Any, int] = {}
    for partition, end in ends.items():
        wanted = start(partition.partition)
        first = end if wanted is None else max(begins[partition], wanted)
        if first < end:
            consumer.seek(partition, first)
            left[partition] = min(end, first + limit)
        else:
            consumer.pause(partition)
    found: list[Any] = []
    while left:
        if time.monotonic() > deadline:
            raise Unavailable("the event log could not be looked at in time")
        for partition, records in consumer.poll(timeout_ms=_POLL_MS).items():
            end = left.get(partition, 0)
            found += [record for record in records if record.offset < end]
        for partition in [one for one, end in left.items() if consumer.position(one) >= end]:  # a transaction's end is no record
            left.pop(partition)
            consumer.pause(partition)
    return found


def _bounds(consumer: Any, topic: str, timeout_seconds: float) -> tuple[dict[Any, int], dict[Any, int]]:
    timeout_ms = int(timeout_seconds * 1000)
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    return (
        consumer.beginning_offsets(partitions, timeout_ms=timeout_ms),
        consumer.end_offsets(partitions, timeout_ms=timeout_ms),
    )
