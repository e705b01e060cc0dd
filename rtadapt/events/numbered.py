"""A log whose positions are its own: they never mean a place in another log that stood under the same name before.

A Kafka topic that is deleted and made anew, and a SQLite file that is lost, begin at offset 0 again. The registry gives each log
that it meets a number, by the log's identity, and here that number becomes part of every partition's: 3 of the first log stays
3, of the second it is 10003. So heads and tokens of the old log neither skip nor cover anything of the new one, which is read
from its beginning.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from rtadapt.errors import Unavailable
from rtadapt.events.log import EventLog, LogReader, LogRecord, Mark
from rtadapt.records import DeadLetter, Position

logger = logging.getLogger(__name__)

PARTITIONS_A_LOG = 10_000
"""More than a topic has."""
_CHECK_SECONDS = 5.0
"""How soon a reader notices that the log is another one."""


class NumberedLog:
    """An EventLog over `log`. `number_of` gives the number of a log by its identity, and may raise Unavailable."""

    def __init__(self, log: EventLog, number_of: Callable[[str], int]) -> None:
        self._log = log
        self._number_of = number_of
        self._lock = threading.Lock()
        self._identity: str | None = None
        self._base = 0
        self._ends: dict[int, int] = {}

    def append(self, entries: Sequence[tuple[str, bytes]]) -> list[Position]:
        """As the log does it. Raises Unavailable also while the log's number isn't known: its tokens would mean nothing."""
        self._known()
        written = self._log.append(entries)
        with self._lock:
            begun_anew = any(place.offset < self._ends.get(place.partition, 0) for place in written)
        if begun_anew:
            self._look()
        with self._lock:
            for place in written:
                self._ends[place.partition] = place.offset + 1
            return [Position(self._base + place.partition, place.offset) for place in written]

    def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """As the log does it."""
        self._log.refuse(letters)

    def reader(self, start: Callable[[int], int]) -> NumberedReader:
        """A reader of the log that stands under the name now. `start` is asked for partitions with this log's number."""
        identity, base = self._look()
        return NumberedReader(self._log.reader(lambda partition: start(base + partition)), self._log.identity, identity, base)

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """As the log does it."""
        return self._log.dead_letters(limit)

    def dead_letter_count(self) -> int:
        """As the log does it."""
        return self._log.dead_letter_count()

    def marks(self, start: Callable[[int], int], limit: int) -> list[Mark]:
        """As the log does it. `start` is asked for partitions with this log's number, and the marks have it."""
        base = self._known()
        found = self._log.marks(lambda partition: start(base + partition), limit)
        return [replace(mark, partition=base + mark.partition) for mark in found]

    def records(self, partition: int, start: int, limit: int) -> list[LogRecord]:
        """As the log does it. `partition` has this log's number, or there is nothing to find."""
        base = self._known()
        if not base <= partition < base + PARTITIONS_A_LOG:
            return []
        found = self._log.records(partition - base, start, limit)
        return [replace(record, partition=partition) for record in found]

    def identity(self) -> str:
        """The log's own."""
        return self._log.identity()

    def partition_of(self, feed: str) -> int:
        """The feed's partition, with this log's number."""
        return self._known() + self._log.partition_of(feed)

    def ping(self) -> None:
        """Return if the log answers, and see whether it is still the same one. Raises Unavailable."""
        self._log.ping()
        self._look()

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def _known(self) -> int:
        """What is added to the partitions, once it is known."""
        with self._lock:
            if self._identity is not None:
                return self._base
        return self._look()[1]

    def _look(self) -> tuple[str, int]:
        """Ask which log this is now."""
        identity = self._log.identity()
        with self._lock:
            if identity != self._identity:
                number = self._number_of(identity)
                if self._identity is not None or number > 0:
                    logger.warning("the event log is another one than before", extra={"log": identity, "number": number})
                self._identity, self._base, self._ends = identity, number * PARTITIONS_A_LOG, {}
            return identity, self._base


class NumberedReader:
    """A LogReader over `reader`, as long as the log is the one that it was."""

    def __init__(self, reader: LogReader, identify: Callable[[], str], identity: str, base: int) -> None:
        self._reader = reader
        self._identify = identify
        self._identity = identity
        self._base = base
        self._checked_at = time.monotonic()

    def poll(self, timeout_seconds: float, max_records: int) -> list[LogRecord]:
        """As the reader does it. Raises Unavailable once the log is another one: whoever starts over reads that one."""
        if time.monotonic() - self._checked_at >= _CHECK_SECONDS:
            if self._identify() != self._identity:
                raise Unavailable("the event log is another one than before: it was deleted and made anew")
            self._checked_at = time.monotonic()
        records = self._reader.poll(timeout_seconds, max_records)
        if self._base == 0:
            return records
        return [replace(record, partition=self._base + record.partition) for record in records]

    def partitions(self) -> frozenset[int]:
        """The reader's, with this log's number."""
        return frozenset(self._base + partition for partition in self._reader.partitions())

    def generation(self) -> int:
        """As the reader counts it."""
        return self._reader.generation()

    def lag(self) -> int:
        """As the reader counts it."""
        return self._reader.lag()

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()
