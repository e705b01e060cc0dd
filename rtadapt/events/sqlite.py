"""The event log in one SQLite file, for one machine.

Owns the file (`events.sqlite3` in the data folder), its tables and the lock file beside it. Any number of processes
append; one reader at a time has all the partitions, because an operating-system lock says so, and the next one
stands by until that lock is free, which a crash frees too. Offsets are gapless within a partition.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.events.log import LogRecord, Mark, check_end
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
"""

_BUSY_SECONDS = 1.0
"""A reader looks every `_SHORT_NAP` for this long after the last record it found, and then every `_LONG_NAP`."""
_SHORT_NAP_SECONDS = 0.001
_LONG_NAP_SECONDS = 0.004
_STANDBY_NAP_SECONDS = 0.05


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
        self._lock = threading.Lock()
        with translated("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._turnstile = Turnstile(path)
            with self._turnstile.turn(self._timeout_seconds):  # switching a new file to WAL does not wait for anybody
                self._database = _connect(path, self._timeout_seconds)
            if not self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'identity'").fetchone():
                self._make_tables(settings.partitions)
            self._partitions: int = self._database.execute("SELECT count(*) FROM partitions").fetchone()[0]

    def append(self, entries: Sequence[tuple[str, bytes]]) -> list[Position]:
        """Write the entries in one transaction. Raises Unavailable, and then none of them is in the log."""
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
            self._database.executemany(
                "UPDATE partitions SET next_offset = ? WHERE partition = ?", [(end, partition) for partition, end in ends.items()]
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
            self._database.executemany("INSERT INTO dead_letters VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", rows)

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


class SqliteReader:
    """A LogReader over all partitions, once it holds the lock file."""

    def __init__(self, path: Path, partitions: int, start: Callable[[int], int], timeout_seconds: float) -> None:
        self._count = partitions
        self._start = start
        self._next: dict[int, int] = {}
        self._generation = 0
        self._seen_version = -1
        self._turn = 0
        self._last_found = time.monotonic()
        self._holds_lock = False
        with translated("open"):
            self._lock_file = os.open(path.with_name(path.name + ".reader"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._database = _connect(path, timeout_seconds)

    def poll(self, timeout_seconds: float, max_records: int) -> list[LogRecord]:
        """Look for new records until there are some or the time is up, taking the partitions first if they are free."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            if self._next or self._take_over():
                found = self._look(max_records)
                if found:
                    self._last_found = time.monotonic()
                    return found
                busy = time.monotonic() - self._last_found < _BUSY_SECONDS
                nap_seconds = _SHORT_NAP_SECONDS if busy else _LONG_NAP_SECONDS
            else:
                nap_seconds = _STANDBY_NAP_SECONDS
            remaining_seconds = deadline - time.monotonic()
            if remaining_seconds <= 0:
                return []
            time.sleep(min(nap_seconds, remaining_seconds))

    def partitions(self) -> frozenset[int]:
        """All of them, or none while another reader has the lock."""
        return frozenset(self._next)

    def generation(self) -> int:
        """0 while standing by, 1 from when the partitions were taken."""
        return self._generation

    def lag(self) -> int:
        """Records not returned yet."""
        with translated("read"):
            ends = self._database.execute("SELECT partition, next_offset FROM partitions").fetchall()
        return sum(max(0, end - self._next[partition]) for partition, end in ends if partition in self._next)

    def close(self) -> None:
        """Release the lock and close the file."""
        self._next = {}
        self._database.close()
        if self._lock_file >= 0:
            os.close(self._lock_file)  # closing releases the lock
            self._lock_file = -1

    def _take_over(self) -> bool:
        """Whether the partitions are this reader's now."""
        if not self._holds_lock:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._holds_lock = True
        # `start` may fail while the registry is down: then nothing is assigned, and the next poll asks again.
        starts = {partition: self._start(partition) for partition in range(self._count)}
        with translated("read"):
            ends = dict(self._database.execute("SELECT partition, next_offset FROM partitions").fetchall())
        for partition, offset in starts.items():
            check_end(partition, offset, ends[partition])
        self._next = starts
        self._seen_version = -1
        self._generation += 1
        return True

    def _look(self, max_records: int) -> list[LogRecord]:
        """What is there now. Cheap when nobody has written: one number from shared memory says so."""
        with translated("read"):
            version: int = self._database.execute("PRAGMA data_version").fetchone()[0]
            if version == self._seen_version:
                return []
            records: list[LogRecord] = []
            # Every look begins with another partition, so a flood in one does not starve the others.
            self._turn += 1
            for partition in ((self._turn + step) % self._count for step in range(self._count)):
                rows = self._database.execute(
                    "SELECT partition, offset, feed, value, appended_at FROM events"
                    " WHERE partition = ? AND offset >= ? ORDER BY offset LIMIT ?",
                    (partition, self._next[partition], max_records - len(records)),
                ).fetchall()
                records += [LogRecord(*row) for row in rows]
                if len(records) >= max_records:
                    break
        for record in records:
            self._next[record.partition] = record.offset + 1
        if len(records) < max_records:
            self._seen_version = version  # everything up to this version is read; a full answer may have left some
        return records


def _connect(path: Path, timeout_seconds: float) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=timeout_seconds, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    # FULL: an acknowledged event must survive a power cut, not only a crash of this process; NORMAL syncs the WAL
    # only at checkpoints. The price is one fsync an append, and an append carries a whole request.
    database.execute("PRAGMA synchronous = FULL")
    return database


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into Unavailable."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"the event log could not {what}: {error}") from error
