"""One suite over every implementation of the EventLog protocol: SQLite, and whichever Kafka this machine has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtadapt.config import EventLogSettings, Settings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.events.log import EventLog, LogReader, LogRecord, breathing, open_log, record_at
from rtadapt.records import DeadLetter, Position

PATIENCE_SECONDS = 30.0


@pytest.fixture(params=["sqlite", "kafka"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> EventLogSettings:
    if request.param == "sqlite":
        return EventLogSettings(url=f"sqlite://{tmp_path}/events.sqlite3")
    own: EventLogSettings = request.getfixturevalue("kafka").settings()
    return own


@pytest.fixture
def opened(settings: EventLogSettings) -> Iterator[Callable[[], EventLog]]:
    """Opens the log, as often as asked: each is what another process would have."""
    logs: list[EventLog] = []

    def open_one() -> EventLog:
        logs.append(open_log(Settings(event_log=settings)))
        return logs[-1]

    yield open_one
    for log in logs:
        log.close()


@pytest.fixture
def log(opened: Callable[[], EventLog]) -> EventLog:
    return opened()


def from_start(partition: int) -> int:
    return 0


def read(reader: LogReader, count: int) -> list[LogRecord]:
    """`count` records, and not one more that is there already."""
    records: list[LogRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(records) < count and time.monotonic() < deadline:
        records += reader.poll(0.5, 100)
    records += reader.poll(0.3, 100)
    assert len(records) == count
    return records


def numbered(feed: str, count: int) -> list[tuple[str, bytes]]:
    return [(feed, f"{feed} {number}".encode()) for number in range(count)]


def test_what_was_appended_is_read_at_the_positions_that_append_gave(log: EventLog) -> None:
    entries = numbered("news", 5) + numbered("support", 5)
    positions = log.append(entries)
    reader = log.reader(from_start)
    records = {Position(record.partition, record.offset): record for record in read(reader, 10)}
    for (feed, value), position in zip(entries, positions, strict=True):
        assert (records[position].key, records[position].value) == (feed, value)
    reader.close()


def test_a_feed_stays_in_one_partition_and_keeps_its_order(log: EventLog) -> None:
    positions = [log.append([entry])[0] for entry in numbered("news", 20)]
    assert len({position.partition for position in positions}) == 1
    offsets = [position.offset for position in positions]
    assert offsets == list(range(offsets[0], offsets[0] + 20))
    reader = log.reader(from_start)
    assert [record.value for record in read(reader, 20)] == [value for _, value in numbered("news", 20)]
    reader.close()


def test_appended_at_is_the_wall_clock_in_seconds(log: EventLog) -> None:
    before = time.time()
    log.append(numbered("news", 1))
    reader = log.reader(from_start)
    assert before - 5 < read(reader, 1)[0].appended_at < time.time() + 5
    reader.close()


def test_a_reader_starts_where_it_is_told(log: EventLog) -> None:
    place = log.append(numbered("news", 10))[0]
    starts = {place.partition: place.offset + 7}
    reader = log.reader(lambda partition: starts.get(partition, 0))
    assert [record.value for record in read(reader, 3)] == [b"news 7", b"news 8", b"news 9"]
    reader.close()


def test_a_second_reader_after_the_first_reads_again_because_the_log_remembers_nobody(log: EventLog) -> None:
    log.append(numbered("news", 4))
    for _ in range(2):
        reader = log.reader(from_start)
        assert len(read(reader, 4)) == 4
        reader.close()


def test_records_arrive_while_a_reader_waits(log: EventLog, opened: Callable[[], EventLog]) -> None:
    reader = log.reader(from_start)
    reader.poll(0.1, 10)
    writer = opened()
    thread = threading.Timer(0.2, lambda: writer.append(numbered("news", 3)))
    thread.start()
    assert len(read(reader, 3)) == 3
    thread.join()
    reader.close()


def test_max_records_is_kept_and_nothing_is_lost_by_it(log: EventLog) -> None:
    log.append(numbered("news", 30) + numbered("support", 30))
    reader = log.reader(from_start)
    records: list[LogRecord] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(records) < 60 and time.monotonic() < deadline:
        batch = reader.poll(0.5, 7)
        assert len(batch) <= 7
        records += batch
    for feed in ("news", "support"):
        assert [record.value for record in records if record.key == feed] == [value for _, value in numbered(feed, 30)]
    reader.close()


def test_lag_counts_what_was_not_returned_yet(log: EventLog) -> None:
    log.append(numbered("news", 10))
    reader = log.reader(from_start)
    records: list[LogRecord] = []
    while not records:
        records = reader.poll(1.0, 4)
    assert reader.lag() == 10 - len(records)
    read(reader, 10 - len(records))
    assert reader.lag() == 0
    reader.close()


def test_generation_grows_when_partitions_come_and_they_are_known_with_the_first_record(log: EventLog) -> None:
    log.append(numbered("news", 1))
    reader = log.reader(from_start)
    assert reader.partitions() == frozenset()
    before = reader.generation()
    record = read(reader, 1)[0]
    assert reader.generation() > before
    assert record.partition in reader.partitions()
    reader.close()


def test_a_start_that_fails_is_raised_and_asked_again(log: EventLog) -> None:
    log.append(numbered("news", 2))
    failing = True

    def start(partition: int) -> int:
        if failing:
            raise Unavailable("the registry does not answer")
        return 0

    reader = log.reader(start)
    deadline = time.monotonic() + PATIENCE_SECONDS
    with pytest.raises(Unavailable, match="the registry does not answer"):
        while time.monotonic() < deadline:
            assert reader.poll(0.5, 10) == []
    failing = False
    assert len(read(reader, 2)) == 2
    reader.close()


def test_dead_letters_come_back_newest_first_and_bounded(log: EventLog) -> None:
    letters = [DeadLetter(f"id-{number}", "news", Position(1, number), "duplicate", "of id-0") for number in range(5)]
    for letter in letters:
        log.refuse([letter])
        time.sleep(0.002)  # Kafka's clock counts milliseconds
    assert log.dead_letters(3) == [letters[4], letters[3], letters[2]]
    assert len(log.dead_letters(100)) == 5


def test_dead_letters_are_counted(log: EventLog) -> None:
    assert log.dead_letter_count() == 0
    log.refuse([DeadLetter(f"e{number}", "news", Position(0, number), "noise", "") for number in range(3)])
    assert log.dead_letter_count() == 3


def test_records_of_one_partition_are_had_from_anywhere_in_it(log: EventLog) -> None:
    positions = log.append(numbered("news", 5))
    log.append(numbered("support", 4))
    place = positions[0].partition
    found = log.records(place, positions[1].offset, 2)
    assert [(record.partition, record.offset) for record in found] == [(at.partition, at.offset) for at in positions[1:3]]
    assert [record.value for record in found] == [value for _, value in numbered("news", 5)[1:3]]
    assert all(record.key == "news" for record in found)
    assert [record.offset for record in log.records(place, positions[3].offset, 100)][:2] == [at.offset for at in positions[3:]]
    assert log.records(place, 10**6, 10) == []
    assert log.records(9_999, 0, 10) == []


def test_a_place_has_one_dead_letter_until_it_is_dropped(log: EventLog) -> None:
    first, other = (DeadLetter(f"e{number}", "news", Position(0, number), "noise", "") for number in range(2))
    for letters in ([first], [other], [first]):
        log.refuse(letters)
        time.sleep(0.002)
    assert log.dead_letters(10) == [other, first]
    log.drop(first.position)
    assert log.dead_letters(10) == [other]
    log.drop(first.position)
    assert log.dead_letters(10) == [other]


def test_one_record_can_be_looked_at(log: EventLog) -> None:
    positions = log.append(numbered("news", 3))
    found = record_at(log, positions[1])
    assert found is not None
    assert (found.partition, found.offset, found.key, found.value) == (
        positions[1].partition,
        positions[1].offset,
        "news",
        b"news 1",
    )
    assert record_at(log, Position(positions[1].partition, 99)) is None
    assert record_at(log, Position(777, 0)) is None


def test_ends_say_where_the_partitions_go_on(log: EventLog) -> None:
    before = log.ends()
    assert set(before.values()) == {0}  # also where a broker makes its topics itself
    [place] = log.append(numbered("news", 1))
    after = log.ends()
    assert after[place.partition] == place.offset + 1
    assert {partition for partition in before if before[partition] != after[partition]} == {place.partition}


def test_a_reader_reads_again_from_where_it_is_told_and_breathes_without_losing_anything(log: EventLog) -> None:
    places = log.append(numbered("news", 6))
    reader = log.reader(from_start)
    assert len(read(reader, 6)) == 6
    with breathing(reader):
        log.append(numbered("support", 2))
        time.sleep(1.2)
    assert [record.key for record in read(reader, 2)] == ["support"] * 2
    reader.again(places[4].partition, places[4].offset)
    assert [record.value for record in read(reader, 2) if record.key == "news"] == [b"news 4", b"news 5"]
    reader.again(places[4].partition, 10**6)
    assert reader.poll(0.3, 10) == []
    reader.close()


def test_marks_say_what_is_there_and_take_nothing_from_a_reader(log: EventLog) -> None:
    before = time.time()
    entries = numbered("news", 5) + numbered("support", 4)
    positions = log.append(entries)
    marks = log.marks(from_start, 100)
    assert {(mark.partition, mark.offset, mark.key) for mark in marks} == {
        (place.partition, place.offset, feed) for place, (feed, _) in zip(positions, entries, strict=True)
    }
    assert all(before - 60 < mark.appended_at < time.time() + 60 for mark in marks)
    later = log.marks(lambda partition: 2, 1)
    assert later
    assert all(mark.offset == 2 for mark in later)
    assert log.marks(lambda partition: 10**6, 10) == []
    reader = log.reader(from_start)
    read(reader, 9)
    reader.close()


def test_no_dead_letters_is_an_empty_list(log: EventLog) -> None:
    log.refuse([])
    assert log.dead_letters(10) == []


def test_every_byte_and_a_large_value_come_back_as_they_went_in(log: EventLog) -> None:
    values = [bytes(range(256)), b"x" * 400_000, b"\x00", "Zürich 🎈".encode()]
    log.append([("news", value) for value in values])
    reader = log.reader(from_start)
    assert [record.value for record in read(reader, 4)] == values
    reader.close()


def test_appends_from_many_threads_all_arrive_once(log: EventLog) -> None:
    def write(number: int) -> None:
        for step in range(10):
            log.append([(f"feed-{number}", f"{number} {step}".encode())])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader = log.reader(from_start)
    records = read(reader, 60)
    assert len({record.value for record in records}) == 60
    for number in range(6):
        mine = [record.value for record in records if record.key == f"feed-{number}"]
        assert mine == [f"{number} {step}".encode() for step in range(10)]
    reader.close()


def test_a_log_is_the_same_log_for_everybody_who_opens_it(opened: Callable[[], EventLog]) -> None:
    first, second = opened(), opened()
    assert first.identity() == second.identity() == first.identity()


def test_a_feed_lies_where_the_log_says(log: EventLog) -> None:
    feeds = [f"feed-{number}" for number in range(20)]
    for feed, place in zip(feeds, log.append([(feed, b"x") for feed in feeds]), strict=True):
        assert log.partition_of(feed) == place.partition


def test_an_empty_append_does_nothing(log: EventLog) -> None:
    assert log.append([]) == []


def test_ping_answers(log: EventLog) -> None:
    log.ping()


def test_closing_twice_is_harmless(log: EventLog) -> None:
    reader = log.reader(from_start)
    reader.close()
    reader.close()
    log.close()
    log.close()


@pytest.mark.parametrize(
    "url", ["", "mysql://x", "sqlite:relative", "sqlite://host/x", "kafka:host", "kafka://nohost", "kafka://a:1,b"]
)
def test_a_url_that_names_no_log_is_refused_by_name(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as caught:
        open_log(Settings(event_log=EventLogSettings(url=url), data_dir=tmp_path))
    assert caught.value.field == "event_log.url"


def test_an_unreachable_kafka_is_unavailable(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"url": "kafka://127.0.0.1:1", "timeout_seconds": 1.0}
    with pytest.raises(Unavailable):
        open_log(Settings(event_log=EventLogSettings(**settings)))
