"""A reader on a real Kafka while something else happens: retention overtakes it, or another worker joins during a long update."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, TopicPartition

from rtadapt.config import EventLogSettings
from rtadapt.events import kafka_reader
from rtadapt.events.kafka import KafkaLog
from rtadapt.events.log import LogReader, LogRecord, breathing, listening
from tests.support.kafka_broker import Kafka

_PATIENCE_SECONDS = 60.0


@pytest.fixture
def settings(real_kafka: Kafka) -> EventLogSettings:
    return real_kafka.settings(partitions=2)


@pytest.fixture
def log(settings: EventLogSettings) -> Iterator[KafkaLog]:
    opened = KafkaLog(settings)
    yield opened
    opened.close()


def read(reader: LogReader, count: int) -> list[LogRecord]:
    records: list[LogRecord] = []
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(records) < count and time.monotonic() < deadline:
        records += reader.poll(0.5, 2)
    return records + reader.poll(0.5, 100)


def test_a_range_that_retention_removes_under_a_reader_is_told_once(
    log: KafkaLog, settings: EventLogSettings, real_kafka: Kafka
) -> None:
    first = log.append([("news", b"first")])[0]
    reader = log.reader(lambda partition: 0)
    assert len(read(reader, 1)) == 1
    with breathing(reader):  # nothing is fetched meanwhile
        time.sleep(1.0)
        log.append([("news", b"story %d" % number) for number in range(6)])
        admin = KafkaAdminClient(bootstrap_servers=real_kafka.bootstrap)
        admin.delete_records({TopicPartition(settings.topic, first.partition): 5})
        admin.close()
    lost, *rest = read(reader, 3)
    reader.close()
    assert (lost.offset, lost.lost) == (4, 4)
    assert "1 to 4" in lost.fault
    assert [record.offset for record in rest] == [5, 6]


def test_what_comes_while_somebody_listens_is_heard_and_the_rest_is_left(log: KafkaLog) -> None:
    log.append([("news", b"first")])
    reader = log.reader(lambda partition: 0)
    assert len(read(reader, 1)) == 1
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with listening(reader, 2) as heard:
        log.append([("news", b"story %d" % number) for number in range(5)])
        while not heard and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.2)
    assert 1 <= len(heard) <= 2
    values = [record.value for record in (*heard, *read(reader, 5 - len(heard)))]
    assert values == [b"story %d" % number for number in range(5)]
    reader.close()


def test_a_worker_joins_while_another_one_is_busy_with_an_update(log: KafkaLog, settings: EventLogSettings) -> None:
    busy = log.reader(lambda partition: 0)
    while len(busy.partitions()) < 2:
        busy.poll(0.5, 10)
    before = busy.generation()
    other = KafkaLog(settings)
    joining = other.reader(lambda partition: 0)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with breathing(busy):
        while not joining.partitions() and time.monotonic() < deadline:
            joining.poll(0.5, 10)
    assert len(joining.partitions()) == 1
    while busy.partitions() & joining.partitions() or not busy.partitions():
        assert time.monotonic() < deadline
        busy.poll(0.5, 10)
        joining.poll(0.1, 10)
    assert busy.generation() > before
    for reader in (busy, joining):
        reader.close()
    other.close()


def test_the_partitions_of_a_worker_whose_step_hangs_go_to_others(
    log: KafkaLog, settings: EventLogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_reader, "_LONGEST_PAUSE_SECONDS", 5)
    hanging = log.reader(lambda partition: 0)
    while len(hanging.partitions()) < 2:
        hanging.poll(0.5, 10)
    other = KafkaLog(settings)
    joining = other.reader(lambda partition: 0)
    deadline = time.monotonic() + 2 * _PATIENCE_SECONDS
    with breathing(hanging, longest_seconds=0.1):
        while len(joining.partitions()) < 2 and time.monotonic() < deadline:
            joining.poll(0.5, 10)
        assert len(joining.partitions()) == 2
    for reader in (hanging, joining):
        reader.close()
    other.close()
