"""Positions of one log never mean anything in another."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtadapt.config import EventLogSettings
from rtadapt.errors import Unavailable
from rtadapt.events.log import LogRecord
from rtadapt.events.numbered import PARTITIONS_A_LOG, NumberedLog
from rtadapt.events.sqlite import SqliteLog
from rtadapt.records import Token


class Place:
    """Where a log file is, and what a registry knows of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.sqlite3"
        self.numbers: dict[str, int] = {}

    def open(self) -> NumberedLog:
        log = SqliteLog(self.path, EventLogSettings())
        return NumberedLog(log, lambda identity: self.numbers.setdefault(identity, len(self.numbers)))

    def remove(self) -> None:
        for file in self.path.parent.iterdir():
            file.unlink()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "log")


def read(log: NumberedLog, floors: dict[int, int]) -> list[LogRecord]:
    reader = log.reader(lambda partition: floors.get(partition, 0))
    records = reader.poll(0.05, 100)
    assert reader.lag() == 0
    assert {record.partition for record in records} <= reader.partitions()
    reader.close()
    return records


def test_the_first_log_keeps_its_own_numbers(place: Place) -> None:
    log = place.open()
    [position] = log.append([("news", b"story")])
    assert position.partition < PARTITIONS_A_LOG
    assert log.partition_of("news") == position.partition
    log.close()
    again = place.open()
    assert [(record.partition, record.value) for record in read(again, {})] == [(position.partition, b"story")]
    again.close()


def test_after_the_file_was_lost_nothing_is_skipped_or_covered(place: Place) -> None:
    log = place.open()
    old = log.append([("news", b"old")] * 9)
    log.close()
    place.remove()
    head = {old[-1].partition: old[-1].offset + 1}
    log = place.open()
    [position] = log.append([("news", b"new")])
    assert not Token("news", position).covered_by(head)
    assert [record.value for record in read(log, head)] == [b"new"]
    assert log.partition_of("news") == position.partition == PARTITIONS_A_LOG + old[0].partition
    log.close()


def test_a_reader_ends_when_the_log_is_another_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["sqlite:one"]
    monkeypatch.setattr(SqliteLog, "identity", lambda self: found[-1])
    monkeypatch.setattr("rtadapt.events.numbered._CHECK_SECONDS", 0.0)
    log = place.open()
    reader = log.reader(lambda partition: 0)
    assert reader.poll(0.0, 1) == []
    found.append("sqlite:another")
    with pytest.raises(Unavailable, match="another"):
        reader.poll(0.0, 1)
    reader.close()
    assert log.append([("news", b"story")])[0].partition >= PARTITIONS_A_LOG
    log.close()


def test_without_a_number_nothing_is_accepted(place: Place) -> None:
    def away(identity: str) -> int:
        raise Unavailable("the registry does not answer")

    log = NumberedLog(SqliteLog(place.path, EventLogSettings()), away)
    with pytest.raises(Unavailable):
        log.append([("news", b"story")])
    log.close()


def test_a_log_that_ends_before_what_is_decided_is_not_read(place: Place) -> None:
    log = place.open()
    log.append([("news", b"story")])
    reader = log.reader(lambda partition: 500)
    with pytest.raises(Unavailable, match="before 500"):
        reader.poll(0.0, 1)
    reader.close()
    log.close()
