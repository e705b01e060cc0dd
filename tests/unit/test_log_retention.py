"""A log that forgets: what is trimmed was decided, and what was not is noticed when it is gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from rtadapt.config import EventLogSettings
from rtadapt.events.log import record_at
from rtadapt.events.sqlite import SqliteLog
from rtadapt.records import DeadLetter, Position


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


def age(path: Path, days: float) -> None:
    """As if everything in the log had been written so long ago."""
    with sqlite3.connect(path) as database:
        database.execute("UPDATE events SET appended_at = appended_at - ?", (days * 86_400,))
        database.execute("UPDATE dead_letters SET refused_at = refused_at - ?", (days * 86_400,))
    database.close()


def test_only_what_is_old_and_decided_is_trimmed(path: Path) -> None:
    log = SqliteLog(path, EventLogSettings(partitions=1, keep_days=2.0))
    log.append([("news", b"old")] * 5)
    log.refuse([DeadLetter("e", "news", Position(0, 1), "noise", "")])
    age(path, 3.0)
    log.append([("news", b"new")] * 2)
    assert log.trim(lambda partition: 3) == 4
    assert log.dead_letter_count() == 0
    assert record_at(log, Position(0, 2)) is None
    assert record_at(log, Position(0, 3)) is not None
    assert log.trim(lambda partition: 3) == 0
    assert log.trim(lambda partition: 7) == 2
    assert log.ends() == {0: 7}
    log.close()


def test_a_range_that_is_gone_although_it_was_to_be_read_is_told_once_with_its_places(path: Path) -> None:
    log = SqliteLog(path, EventLogSettings(partitions=1, keep_days=1.0))
    log.append([("news", b"old")] * 5)
    age(path, 2.0)
    assert log.trim(lambda partition: 5) == 5
    log.append([("news", b"new")])
    reader = log.reader(lambda partition: 2)
    lost, record = reader.poll(1.0, 10)
    assert (lost.offset, lost.lost, record.value) == (4, 3, b"new")
    assert "2 to 4" in lost.fault
    assert reader.poll(0.0, 10) == []
    reader.close()
    log.close()


def test_letters_of_an_earlier_file_become_one_for_each_place(path: Path) -> None:
    log = SqliteLog(path, EventLogSettings(partitions=1))
    log.close()
    with sqlite3.connect(path) as database:
        database.execute("DROP INDEX places_of_letters")
        for _ in range(2):
            database.execute("INSERT INTO dead_letters VALUES (NULL, 'e', 'news', 0, 1, 'noise', '', 1e9)")
    database.close()
    log = SqliteLog(path, EventLogSettings(partitions=1))
    log.refuse([DeadLetter("e", "news", Position(0, 1), "noise", "")])
    assert log.dead_letter_count() == 1
    log.close()
