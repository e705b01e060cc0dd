"""One process's reading of the event log in a SQLite file.

Owns the lock file that says who reads, and the connection that it reads with. Takes from the caller where each partition starts;
gives records in offset order. A range that was trimmed before it was read is given as a record with a fault.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rtadapt.errors import Unavailable
from rtadapt.events.log import LogRecord, check_end, removed

_BUSY_SECONDS = 1.0
"""A reader looks every `_SHORT_NAP` for this long after the last record it found, and then every `_LONG_NAP`."""
_SHORT_NAP_SECONDS = 0.001
_LONG_NAP_SECONDS = 0.004
_STANDBY_NAP_SECONDS = 0.05


class SqliteReader:
    """A LogReader over all partitions, once it holds the lock file."""

    def __init__(self, path: Path, partitions: int, start: Callable[[int], int], timeout_seconds: float) -> None:
        self._count = partitions
        self._start = start
        self._next: dict[int, int] = {}
        self._lost: list[LogRecord] = []
        self._generation = 0
        self._seen_version = -1
        self._turn = 0
        self._last_found = time.monotonic()
        self._holds_lock = False
        with translated("open"):
            self._lock_file = os.open(path.with_name(path.name + ".reader"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._database = connect(path, timeout_seconds)

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

    def again(self, partition: int, offset: int) -> None:
        """Go back to `offset`."""
        if partition in self._next:
            self._next[partition] = min(offset, self._next[partition])
            self._seen_version = -1

    def breathe(self) -> None:
        """Nothing: nobody else wants the partitions while the lock is held."""

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
            begins = dict(self._database.execute("SELECT partition, min(offset) FROM events GROUP BY partition").fetchall())
        lost = []
        for partition, offset in starts.items():
            check_end(partition, offset, ends[partition])
            begin: int = begins[partition] if partition in begins else ends[partition]
            if offset < begin:
                lost.append(removed(partition, offset, begin))
        self._lost = lost
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
            records, self._lost = self._lost, []
            # Every look begins with another partition, so a flood in one does not starve the others.
            self._turn += 1
            for partition in ((self._turn + step) % self._count for step in range(self._count)):
                rows = self._database.execute(
                    "SELECT partition, offset, feed, value, appended_at FROM events"
                    " WHERE partition = ? AND offset >= ? ORDER BY offset LIMIT ?",
                    (partition, self._next[partition], max(0, max_records - len(records))),
                ).fetchall()
                records += [LogRecord(*row) for row in rows]
                if len(records) >= max_records:
                    break
        for record in records:
            self._next[record.partition] = max(self._next[record.partition], record.offset + 1)
        if len(records) < max_records:
            self._seen_version = version  # everything up to this version is read; a full answer may have left some
        return records


def connect(path: Path, timeout_seconds: float) -> sqlite3.Connection:
    """A connection to the file at `path`."""
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
