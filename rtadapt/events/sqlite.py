"""The event log in one SQLite file, for one machine.

Owns the file (`events.sqlite3` in the data folder), its tables and what is trimmed from them. Any number of processes
append; one reader at a time has all the partitions, because an operating-system lock says so, and the next one
stands by until that lock is free, which a crash frees too. Offsets are gapless within a partition.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidSettings
from rtadapt.events.log import LogRecord, Mark
from rtadapt.events.sqlite_reader import SqliteReader, connect, translated
from rtadapt.events.together import Together
from rtadapt.events.turnstile import Turnstile
from rtadapt.records import DeadLetter, Position

logger = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS partitions (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, feed TEXT NOT NULL, value BLOB NOT NULL, appended_at REAL NOT NULL,
    PRIMARY KEY (partition, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    number INTEGER PRIMARY KEY, event_id TEXT NOT NULL, feed TEXT NOT NULL, partition INTEGER NOT NULL,
    offset INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, refused_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL);
DELETE FROM dead_letters WHERE number NOT IN (SELECT min(number) FROM dead_letters GROUP BY partition, offset);
CREATE UNIQUE INDEX IF NOT EXISTS places_of_letters ON dead_letters (partition, offset);
"""
_NEWEST = "places_of_letters"
"""What a file has that was made or brought up to date by this version."""
_TRIMMED_AT_ONCE = 1000
_WRITTEN_AT_ONCE = 1000
_DAY_SECONDS = 86_400


def path_of(rest: str, data_dir: Path) -> Path:
    """The file that `sqlite:` + `rest` names: nothing is a file in `data_dir`, `///path` is that path."""
    if rest == "":
        return data_dir / "events.sqlite3"
    if rest.startswith("///") and len(rest) > 3:
        return Path(rest[2:])
    raise InvalidSettings("a SQLite log is `sqlite:` or `sqlite:///absolute/path`", field="event_log.url")


class SqliteLog:
    """An EventLog in the SQLite file at `path`, made if it isn't there. Raises Unavailable when it can't be opened."""

    def __init__(self, path: Path, settings: EventLogSettings) -> None:
        self._path = path
        self._timeout_seconds = settings.timeout_seconds
        self._keep_seconds = settings.keep_days * _DAY_SECONDS
        self._lock = threading.Lock()
        self._appended = Together(self._append, _WRITTEN_AT_ONCE)
        with translated("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._turnstile = Turnstile(path)
            with self._turnstile.turn(self._timeout_seconds):  # switching a new file to WAL does not wait for anybody
                self._database = connect(path, self._timeout_seconds)
            if not self._database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_NEWEST,)).fetchone():
                self._make_tables(settings.partitions)
            self._partitions: int = self._database.execute("SELECT count(*) FROM partitions").fetchone()[0]

    def append(self, entries: Sequence[tuple[str, bytes]]) -> list[Position]:
        """Write the entries in one transaction, with those of other threads that wait. Raises Unavailable, and then none of
        them is in the log.
        """
        return self._appended(entries)

    def _append(self, entries: Sequence[tuple[str, bytes]]) -> list[Position]:
        now = time.time()
        with self._lock, translated("append"), self._transaction():
            ends = dict(self._database.execute("SELECT partition, next_offset FROM partitions").fetchall())
            places = []
            for feed, _ in entries:
                partition = self.partition_of(feed)
                places.append(Position(partition, ends[partition]))
                ends[partition] += 1
            rows = [
                (place.partition, place.offset, feed, value, now) for place, (feed, value) in zip(places, entries, strict=True)
            ]
            self._database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
            written = {place.partition for place in places}
            self._database.executemany(
                "UPDATE partitions SET next_offset = ? WHERE partition = ?",
                [(ends[partition], partition) for partition in written],
            )
        return places

    def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Write dead letters in one transaction. Raises Unavailable."""
        now = time.time()
        rows = [
            (letter.event_id, letter.feed, letter.position.partition, letter.position.offset, letter.reason, letter.detail, now)
            for letter in letters
        ]
        with self._lock, translated("dead-letter"), self._transaction():
            self._database.executemany("INSERT OR IGNORE INTO dead_letters VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", rows)

    def drop(self, place: Position) -> None:
        """Delete the letter of a place."""
        with self._lock, translated("dead-letter"), self._transaction():
            self._database.execute("DELETE FROM dead_letters WHERE partition = ? AND offset = ?", (place.partition, place.offset))

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest `limit` dead letters, newest first."""
        query = "SELECT event_id, feed, partition, offset, reason, detail FROM dead_letters ORDER BY number DESC LIMIT ?"
        with self._lock, translated("dead-letter"):
            rows = self._database.execute(query, (limit,)).fetchall()
        return [DeadLetter(row[0], row[1], Position(row[2], row[3]), row[4], row[5]) for row in rows]

    def dead_letter_count(self) -> int:
        """How many there are."""
        with self._lock, translated("dead-letter"):
            count: int = self._database.execute("SELECT count(*) FROM dead_letters").fetchone()[0]
        return count

    def marks(self, start: Callable[[int], int], limit: int) -> list[Mark]:
        """What is in each partition from `start` on."""
        starts = {partition: start(partition) for partition in range(self._partitions)}
        query = (
            "SELECT partition, offset, feed, appended_at FROM events WHERE partition = ? AND offset >= ? ORDER BY offset LIMIT ?"
        )
        with self._lock, translated("look"):
            return [Mark(*row) for place in starts.items() for row in self._database.execute(query, (*place, limit))]

    def records(self, partition: int, start: int, limit: int) -> list[LogRecord]:
        """What is in one partition from `start` on."""
        columns = "partition, offset, feed, value, appended_at"
        query = f"SELECT {columns} FROM events WHERE partition = ? AND offset >= ? ORDER BY offset LIMIT ?"
        with self._lock, translated("look"):
            return [LogRecord(*row) for row in self._database.execute(query, (partition, start, limit))]

    def ends(self) -> dict[int, int]:
        """Where each partition goes on."""
        with self._lock, translated("look"):
            return dict(self._database.execute("SELECT partition, next_offset FROM partitions").fetchall())

    def trim(self, floor: Callable[[int], int]) -> int:
        """Delete some of what is decided and older than `keep_days`, and old dead letters. The file's pages are used again."""
        old, floors = time.time() - self._keep_seconds, {partition: floor(partition) for partition in range(self._partitions)}
        oldest = "SELECT appended_at FROM events WHERE partition = ? ORDER BY offset LIMIT 1"
        some = "SELECT offset FROM events WHERE partition = ? AND offset < ? AND appended_at < ? ORDER BY offset LIMIT ?"
        letters = "SELECT number FROM dead_letters WHERE refused_at < ? ORDER BY number LIMIT ?"
        with self._lock, translated("trim"):
            first = [self._database.execute(oldest, (partition,)).fetchone() for partition in floors]
            first.append(self._database.execute("SELECT refused_at FROM dead_letters ORDER BY number LIMIT 1").fetchone())
            if not any(found is not None and found[0] < old for found in first):
                return 0
            with self._transaction():
                done = self._database.execute(
                    f"DELETE FROM dead_letters WHERE number IN ({letters})",
                    (old, _TRIMMED_AT_ONCE),
                ).rowcount
                for partition, end in floors.items():
                    done += self._database.execute(
                        f"DELETE FROM events WHERE partition = ? AND offset IN ({some})",
                        (partition, partition, end, old, _TRIMMED_AT_ONCE),
                    ).rowcount
        return done

    def reader(self, start: Callable[[int], int]) -> SqliteReader:
        """A reader with its own connection; it stands by while another one is reading."""
        return SqliteReader(self._path, self._partitions, start, self._timeout_seconds)

    def identity(self) -> str:
        """The id that the file was given when it was made."""
        with self._lock, translated("identify"):
            found: str = self._database.execute("SELECT id FROM identity").fetchone()[0]
        return found

    def partition_of(self, feed: str) -> int:
        """A number from the feed's name, the same for ever: the number of partitions is the file's."""
        return crc32(feed.encode()) % self._partitions

    def ping(self) -> None:
        """Write to the file, a number that says nothing: on a full disk a log can still be read. Raises Unavailable."""
        with self._lock, translated("ping"), self._transaction():
            (number,) = self._database.execute("PRAGMA user_version").fetchone()
            self._database.execute(f"PRAGMA user_version = {1 - number}")  # the same one would not be written

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()
            self._turnstile.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turnstile.turn(self._timeout_seconds):
            # IMMEDIATE takes the write lock first, so two processes never both read the same next offset.
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _make_tables(self, partitions: int) -> None:
        with self._transaction():
            for statement in _SCHEMA.split(";\n"):
                self._database.execute(statement)
            # The number of partitions is fixed when the file is made: a feed must never change its partition.
            if self._database.execute("SELECT count(*) FROM identity").fetchone() == (0,):
                self._database.execute("INSERT INTO identity VALUES (?)", (f"sqlite:{uuid.uuid4()}",))
            if self._database.execute("SELECT count(*) FROM partitions").fetchone() == (0,):
                self._database.executemany("INSERT INTO partitions VALUES (?, 0)", [(number,) for number in range(partitions)])
