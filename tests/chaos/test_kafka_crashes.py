"""What the Kafka log promises is kept when the broker or a worker is killed. Needs a real broker."""

from __future__ import annotations

import gc
import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from rtadapt.config import EventLogSettings
from rtadapt.errors import Unavailable
from rtadapt.events.envelope import decode, event_id_of
from rtadapt.events.kafka import KafkaLog
from rtadapt.events.kafka_reader import KafkaReader
from rtadapt.events.log import LogRecord
from tests.support.kafka_broker import Broker, Kafka, has_broker

FEEDS = [f"feed-{number}" for number in range(12)]
PATIENCE_SECONDS = 90.0
READER = """
import sys
from rtadapt.config import EventLogSettings
from rtadapt.events.kafka import KafkaLog
reader = KafkaLog(EventLogSettings.model_validate_json(sys.argv[1])).reader(lambda partition: 0)
while True:
    reader.poll(0.2, 100)
    print(sorted(reader.partitions()), flush=True)
"""


@pytest.fixture
def settings(real_kafka: Kafka) -> EventLogSettings:
    return real_kafka.settings(partitions=4)


@pytest.fixture
def log(settings: EventLogSettings) -> Iterator[KafkaLog]:
    log = KafkaLog(settings)
    yield log
    log.close()


@pytest.fixture
def swept() -> Iterator[None]:
    """Collects what kafka-python left open, while this test's filters still hold: no log record may keep it alive."""
    noisy = logging.getLogger("kafka")
    level = noisy.level
    noisy.setLevel(logging.CRITICAL)
    yield
    noisy.setLevel(level)
    gc.collect()


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


def test_two_workers_divide_the_partitions_and_each_feed_has_one_reader(log: KafkaLog) -> None:
    starts: dict[int, int] = {}
    first = log.reader(lambda partition: starts.get(partition, 0))
    poll_until([first], lambda: len(first.partitions()) == 4)
    alone = first.generation()
    second = log.reader(lambda partition: starts.get(partition, 0))
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
    first.close()


def test_a_killed_workers_partitions_go_to_the_other(log: KafkaLog, settings: EventLogSettings) -> None:
    other = subprocess.Popen([sys.executable, "-c", READER, settings.model_dump_json()], stdout=subprocess.PIPE, text=True)
    mine = log.reader(lambda partition: 0)
    said: list[str] = []
    assert other.stdout is not None
    listener = threading.Thread(target=lambda lines=other.stdout: said.extend(lines))
    listener.start()
    poll_until([mine], lambda: len(mine.partitions()) == 2 and said and len(json.loads(said[-1])) == 2)
    other.send_signal(signal.SIGKILL)
    other.wait(timeout=30)
    listener.join(timeout=30)
    other.stdout.close()
    log.append([(feed, b"after") for feed in FEEDS])
    records = poll_until([mine], lambda: len(mine.partitions()) == 4)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len({record.key for record in records}) < len(FEEDS) and time.monotonic() < deadline:
        records += mine.poll(0.5, 100)
    assert {record.key for record in records} == set(FEEDS)
    mine.close()


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


# A broker that dies under kafka-python leaves sockets for the garbage collector to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.skipif(not has_broker(), reason="needs ../shared/kafka, to kill a broker that is this test's own")
def test_a_killed_broker_loses_nothing_that_was_acknowledged(tmp_path: Path, swept: None) -> None:
    broker = Broker(tmp_path)
    broker.start()
    settings = EventLogSettings(url=f"kafka://{broker.bootstrap}", timeout_seconds=8.0)
    log = KafkaLog(settings)
    acknowledged: list[bytes] = []
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            value = f"story {number}".encode()
            try:
                log.append([("news", value)])
                acknowledged.append(value)
                number += 1
            except Unavailable:
                time.sleep(0.2)  # and the same value again, as a caller with an id would

    writer = threading.Thread(target=write)
    writer.start()
    reader = log.reader(lambda partition: 0)
    read: list[bytes] = []
    try:
        poll_some(reader, read, lambda: len(read) >= 20)
        broker.stop(signal.SIGKILL)
        with pytest.raises(Unavailable):
            log.ping()
        before = len(acknowledged)
        broker.start()
        log.ping()
        poll_some(reader, read, lambda: len(acknowledged) > before + 20)
        stop.set()
        writer.join(timeout=60)
        poll_some(reader, read, lambda: set(acknowledged) <= set(read))
    finally:
        stop.set()
        writer.join(timeout=60)
        reader.close()
        log.close()
        broker.stop()


def poll_some(reader: KafkaReader, read: list[bytes], done: object) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline
        read += [record.value for record in reader.poll(0.2, 500)]
