"""Dead letters on Kafka: one record for each refused place of the log, keyed by the place.

Owns their form. A letter that is written again (after a crash, say) has the same key, and a record without a value takes it
back: so there is one letter of a place for whoever reads them, and for good where the topic is compacted.
"""

from __future__ import annotations

import json
import time
from typing import Any

from kafka import TopicPartition

from rtadapt.errors import Unavailable
from rtadapt.records import DeadLetter, Position

_POLL_MS = 200


def key_of(place: Position) -> str:
    """A place as a key."""
    return f"{place.partition}.{place.offset}"


def encode_letter(letter: DeadLetter) -> bytes:
    """A dead letter as JSON."""
    body = {
        "event_id": letter.event_id,
        "feed": letter.feed,
        "partition": letter.position.partition,
        "offset": letter.position.offset,
        "reason": letter.reason,
        "detail": letter.detail,
    }
    return json.dumps(body, ensure_ascii=False).encode()


def decode_letter(value: bytes) -> DeadLetter:
    """What `encode_letter` made. Raises Unavailable when it is something else: then the topic is not ours."""
    try:
        body = json.loads(value)
        position = Position(body["partition"], body["offset"])
        return DeadLetter(body["event_id"], body["feed"], position, body["reason"], body["detail"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable("the dead-letter topic holds something that is no dead letter") from error


def letters(consumer: Any, topic: str, limit: int, timeout_seconds: float) -> list[DeadLetter]:
    """The newest `limit` letters that were not taken back, newest first. Raises Unavailable when time is up.

    Looks at no more than the newest `limit` records of a partition and as many again, for those that say the same twice.
    """
    deadline, timeout_ms = time.monotonic() + timeout_seconds, int(timeout_seconds * 1000)
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(partitions)
    ends: dict[Any, int] = consumer.end_offsets(partitions, timeout_ms=timeout_ms)
    starts: dict[Any, int] = consumer.beginning_offsets(partitions, timeout_ms=timeout_ms)
    left = {}
    for partition in partitions:
        start = max(starts[partition], ends[partition] - 2 * limit)
        consumer.seek(partition, start)
        if ends[partition] > start:
            left[partition] = ends[partition]
    found: dict[bytes, tuple[int, bytes | None]] = {}
    while left:
        if time.monotonic() > deadline:
            raise Unavailable("the event log could not read its dead letters in time")
        for records in consumer.poll(timeout_ms=_POLL_MS).values():
            for record in records:
                earlier = found.get(record.key)
                is_repeat = earlier is not None and earlier[1] is not None and record.value is not None
                if not is_repeat:
                    found[record.key] = (record.timestamp, record.value)
        for partition in list(left):
            if consumer.position(partition) >= left[partition]:  # also past what compaction took out
                del left[partition]
    kept = sorted(((at, value) for at, value in found.values() if value is not None), key=lambda pair: pair[0], reverse=True)
    return [decode_letter(value) for _, value in kept[:limit]]
