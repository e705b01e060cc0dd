"""Whatever others write into the topic, and whatever becomes of it, nothing stops and nothing is lost in silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import kafka.codec
import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient, TopicPartition

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidEvent, Unavailable
from rtadapt.events.envelope import decode
from rtadapt.events.kafka import KafkaLog
from rtadapt.events.log import LogReader, LogRecord
from rtadapt.events.numbered import PARTITIONS_A_LOG, NumberedLog
from rtadapt.records import Position
from tests.support.kafka_broker import Kafka

PATIENCE_SECONDS = 60.0


@pytest.fixture
def settings(real_kafka: Kafka) -> EventLogSettings:
    return real_kafka.settings(partitions=1)


@pytest.fixture
def log(settings: EventLogSettings) -> Iterator[KafkaLog]:
    log = KafkaLog(settings)
    yield log
    log.close()


def produce(real_kafka: Kafka, topic: str, values: list[bytes | None], **config: Any) -> None:
    producer = Producer({"bootstrap.servers": real_kafka.bootstrap, "linger.ms": 50, **config})
    for value in values:
        producer.produce(topic, key="news", value=value)
    assert producer.flush(30) == 0


def read(reader: LogReader, count: int) -> list[LogRecord]:
    records: list[LogRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} records came"
        records += reader.poll(0.5, 100)
    return records + reader.poll(0.3, 100)


@pytest.mark.parametrize("codec", ["snappy", "zstd", "lz4", "gzip", "none"])
def test_every_compression_is_read(log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka, codec: str) -> None:
    values: list[bytes | None] = [b'{"text": "story %d"}' % number * 50 for number in range(20)]
    produce(real_kafka, settings.topic, values, **{"compression.type": codec})
    reader = log.reader(lambda partition: 0)
    assert [record.value for record in read(reader, 20)] == values
    reader.close()


def test_a_record_that_cannot_be_unpacked_is_set_aside_and_the_next_ones_are_read(
    log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    produce(real_kafka, settings.topic, [b"before"])
    produce(real_kafka, settings.topic, [b"x" * 100, b"y" * 100], **{"compression.type": "zstd"})
    produce(real_kafka, settings.topic, [b"z" * 100], **{"compression.type": "snappy"})
    produce(real_kafka, settings.topic, [b"after"])

    def broken(payload: bytes) -> bytes:
        raise RuntimeError("corrupt input")

    monkeypatch.setattr(kafka.codec, "zstd", None)  # an image without the package
    monkeypatch.setattr("kafka.record.default_records.snappy_decode", broken)
    reader = log.reader(lambda partition: 0)
    records = read(reader, 5)
    reader.close()
    assert [(record.offset, record.value) for record in records if not record.fault] == [(0, b"before"), (4, b"after")]
    assert [record.offset for record in records if record.fault] == [1, 2, 3]
    with pytest.raises(InvalidEvent, match="unpacked: UnsupportedCodecError"):
        decode(records[1])


def test_what_a_transaction_took_back_is_not_read_and_lag_returns_to_nothing(
    log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka
) -> None:
    producer = Producer({"bootstrap.servers": real_kafka.bootstrap, "transactional.id": settings.topic})
    producer.init_transactions(30)
    for value, commits in ((b"withdrawn", False), (b"kept", True)):
        producer.begin_transaction()
        producer.produce(settings.topic, key="news", value=value)
        producer.flush(30)
        if commits:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
    reader = log.reader(lambda partition: 0)
    assert [record.value for record in read(reader, 1)] == [b"kept"]
    assert reader.lag() == 0
    reader.close()


def test_a_record_without_a_value_is_passed_over(log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka) -> None:
    produce(real_kafka, settings.topic, [None, b"story", None])
    reader = log.reader(lambda partition: 0)
    assert [record.value for record in read(reader, 1)] == [b"story"]
    assert reader.lag() == 0
    reader.close()


def test_what_retention_removed_before_it_was_read_is_said(log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka) -> None:
    log.append([("news", b"story %d" % number) for number in range(10)])
    admin = KafkaAdminClient(bootstrap_servers=real_kafka.bootstrap)
    admin.delete_records({TopicPartition(settings.topic, 0): 7})
    admin.close()
    reader = log.reader(lambda partition: 3)
    records = read(reader, 4)
    reader.close()
    assert [record.offset for record in records] == [6, 7, 8, 9]
    assert "the records 3 to 6 were removed" in records[0].fault


def test_a_log_that_ends_before_what_is_decided_is_not_read(log: KafkaLog) -> None:
    log.append([("news", b"story")])
    reader = log.reader(lambda partition: 500)
    with pytest.raises(Unavailable, match="ends at 1, before 500"):
        read(reader, 1)
    reader.close()


def test_a_topic_made_anew_is_another_log_and_nothing_of_it_is_skipped_or_covered(
    log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka
) -> None:
    numbers: dict[str, int] = {}
    numbered = NumberedLog(log, lambda identity: numbers.setdefault(identity, len(numbers)))
    old = numbered.append([("news", b"old %d" % number) for number in range(5)])
    assert old == [Position(0, offset) for offset in range(5)]
    floors = {0: 5}
    reader = numbered.reader(lambda partition: floors.get(partition, 0))
    admin = KafkaAdminClient(bootstrap_servers=real_kafka.bootstrap)
    admin.delete_topics([settings.topic])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while settings.topic in admin.list_topics():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    admin.create_topics({settings.topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    new = append_patiently(numbered, b"new")
    assert new.partition == PARTITIONS_A_LOG
    with pytest.raises(Unavailable, match=r"another one|ends at"):
        read(reader, 1)
    reader.close()
    reader = numbered.reader(lambda partition: floors.get(partition, 0))
    records = read(reader, 1)
    reader.close()
    assert {record.value for record in records} == {b"new"}
    assert {record.partition for record in records} == {PARTITIONS_A_LOG}


def append_patiently(log: NumberedLog, value: bytes) -> Position:
    """Append as a caller does whom the log refuses for a moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return log.append([("news", value)])[0]
        except Unavailable:
            assert time.monotonic() < deadline
            time.sleep(0.5)
