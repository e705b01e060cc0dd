"""How workers divide a Kafka log among them, and what newsrooms write into it. Needs a real broker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaProducer

from rtadapt.config import EventLogSettings
from rtadapt.events.envelope import decode, event_id_of
from rtadapt.events.kafka import KafkaLog
from rtadapt.events.kafka_reader import KafkaReader
from rtadapt.events.log import LogRecord
from tests.support.kafka_broker import Kafka

FEEDS = [f"feed-{number}" for number in range(12)]
PATIENCE_SECONDS = 90.0


@pytest.fixture
def settings(real_kafka: Kafka) -> EventLogSettings:
    return real_kafka.settings(partitions=4)


@pytest.fixture
def log(settings: EventLogSettings) -> Iterator[KafkaLog]:
    log = KafkaLog(settings)
    yield log
    log.close()


@pytest.fixture
def join(log: KafkaLog) -> Iterator[Callable[[dict[int, int]], KafkaReader]]:
    """Makes a reader that begins where it is told; closed at the end if it is not yet."""
    made: list[KafkaReader] = []

    def join(starts: dict[int, int]) -> KafkaReader:
        made.append(log.reader(lambda partition: starts.get(partition, 0)))
        return made[-1]

    yield join
    for reader in made:
        reader.close()


def poll_until(readers: list[KafkaReader], done: object) -> list[LogRecord]:
    """Poll the readers in turn, as their workers would, until `done` holds."""
    records: list[LogRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, [sorted(reader.partitions()) for reader in readers]
        for reader in readers:
            records += reader.poll(0.2, 100)
    return records


def shared(readers: list[KafkaReader]) -> bool:
    """Whether the readers have all four partitions between them, none twice, and each has some."""
    parts = [reader.partitions() for reader in readers]
    return all(parts) and sorted(number for part in parts for number in part) == [0, 1, 2, 3]


def test_two_workers_divide_the_partitions_and_each_feed_has_one_reader(
    log: KafkaLog, join: Callable[[dict[int, int]], KafkaReader]
) -> None:
    starts: dict[int, int] = {}
    first = join(starts)
    poll_until([first], lambda: len(first.partitions()) == 4)
    alone = first.generation()
    second = join(starts)
    poll_until([first, second], lambda: shared([first, second]))
    assert first.generation() > alone
    log.append([(feed, f"{feed} {step}".encode()) for step in range(5) for feed in FEEDS])
    read: dict[int, list[LogRecord]] = {0: [], 1: []}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(map(len, read.values())) < 60 and time.monotonic() < deadline:
        read[0] += first.poll(0.2, 7)
        read[1] += second.poll(0.2, 7)
    feeds = [{record.key for record in records} for records in read.values()]
    assert not feeds[0] & feeds[1]
    for feed in FEEDS:
        mine = [record.value for records in read.values() for record in records if record.key == feed]
        assert mine == [f"{feed} {step}".encode() for step in range(5)]
    # The second leaves; the first gets everything and reads each partition from where the registry says.
    starts.update(dict.fromkeys(range(4), 0))
    gone = second.partitions()
    second.close()
    again = poll_until([first], lambda: len(first.partitions()) == 4)
    again += poll_until([first], lambda: first.lag() == 0)
    assert gone <= {record.partition for record in again} | gone


def test_workers_that_look_up_now_and_then_come_to_rest_and_read(
    log: KafkaLog, join: Callable[[dict[int, int]], KafkaReader]
) -> None:
    readers = [join({}), join({})]
    log.append([(feed, feed.encode()) for feed in FEEDS])
    read: set[str] = set()
    before: object = None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while read < set(FEEDS) or not shared(readers) or before != (before := [each._consumer.group_metadata() for each in readers]):
        assert time.monotonic() < deadline, [sorted(reader.partitions()) for reader in readers]
        for reader in readers:
            time.sleep(0.3)  # a round of joining is over by then, and whoever began it was not there to see
            read |= {record.key for record in reader.poll(0.05, 100)}


def test_a_plain_kafka_producer_is_a_newsroom_too(log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka) -> None:
    with KafkaProducer(bootstrap_servers=real_kafka.bootstrap) as producer:
        story = {"feed": "news", "text": "Marla Tindle coaches."}
        producer.send(settings.topic, key=b"news", value=json.dumps(story).encode())
        producer.send(settings.topic, key=b"news", value=json.dumps({"text": "Named by the key."}).encode())
        headers = [("ce_specversion", b"1.0"), ("ce_id", b"7"), ("ce_source", b"/wire"), ("ce_type", b"t")]
        headers.append(("content-type", b"application/json"))
        producer.send(settings.topic, key=b"news", value=json.dumps({"text": "Binary mode."}).encode(), headers=headers)
        producer.send(settings.topic, key=b"news", value=None)
        producer.flush(timeout=30)
    reader = log.reader(lambda partition: 0)
    records: list[LogRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(records) < 3 and time.monotonic() < deadline:
        records += reader.poll(0.5, 10)
    records += reader.poll(0.5, 10)  # the one without a value says nothing
    assert reader.lag() == 0
    reader.close()
    assert [decode(record).text for record in records] == ["Marla Tindle coaches.", "Named by the key.", "Binary mode."]
    assert decode(records[2]).id == event_id_of("7", "/wire")
