"""The event log: an ordered, durable record of accepted events, cut into partitions by feed.

Owns the protocol that both implementations keep (`sqlite.py` for one machine, `kafka.py` beyond it) and the choice
between them. Takes (feed, bytes) pairs; gives their positions, and later the same bytes in order. A log remembers
nobody's progress: whoever reads says where to start, because the only commit point is a feed's head.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rtadapt.config import Settings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.records import DeadLetter, Position

_BREATH_SECONDS = 0.5
_LONGEST_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record as the log holds it. `appended_at` is Unix seconds. Made by events.

    `fault` says why there is nothing to read at this place: the record is damaged, or was gone before it was read. `lost` is how
    many records up to this place are gone.
    """

    partition: int
    offset: int
    key: str
    value: bytes
    appended_at: float
    fault: str = ""
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """That a record is in the log, without what it says. `appended_at` is Unix seconds. Made by events."""

    partition: int
    offset: int
    key: str
    appended_at: float


class LogReader(Protocol):
    """One worker's reading of its share of the partitions. Used from one thread."""

    def poll(self, timeout_seconds: float, max_records: int) -> list[LogRecord]:
        """Up to `max_records`, in offset order within each partition; empty after `timeout_seconds` without any.

        Partitions come and go in here. Raises Unavailable when the log fails, or when `start` does.
        """
        ...

    def partitions(self) -> frozenset[int]:
        """The partitions this reader has now. Empty while another one has them all."""
        ...

    def generation(self) -> int:
        """Grows whenever partitions were handed out anew; what was read before may then be read again."""
        ...

    def again(self, partition: int, offset: int) -> None:
        """Read the partition again from `offset` on, if it is this reader's: somebody passed over records that he needs now."""
        ...

    def breathe(self) -> None:
        """Keep the partitions without reading from them, and let others join, while the caller is busy with what it read."""
        ...

    def lag(self) -> int:
        """Records in this reader's partitions that it has not returned yet, as far as is known."""
        ...

    def close(self) -> None:
        """Give the partitions up at once, so that another reader need not wait for a timeout."""
        ...


class EventLog(Protocol):
    """An append-only log. Safe to use from several threads."""

    def append(self, entries: Sequence[tuple[str, bytes]]) -> list[Position]:
        """Write (feed, value) pairs and return their positions in the same order.

        The entries are durable once this returns, and entries of one feed keep their order. Raises Unavailable
        when the log does not take them; some may be in it all the same, so a caller that tries again keeps its ids.
        """
        ...

    def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Write to the dead-letter log: ids and reasons, never text. There is one letter of a place. Raises Unavailable."""
        ...

    def drop(self, place: Position) -> None:
        """Take the dead letter of a place out of the log. Raises Unavailable."""
        ...

    def ends(self) -> dict[int, int]:
        """By partition, the offset that the next record gets. Raises Unavailable."""
        ...

    def trim(self, floor: Callable[[int], int]) -> int:
        """Remove some of what is older than the settings keep and lies before `floor(partition)`; gives how much.

        Does nothing where the log's own servers see to its retention. Raises Unavailable.
        """
        ...

    def reader(self, start: Callable[[int], int]) -> LogReader:
        """A new reader. `start(partition)` is the first offset it shall read, asked whenever it gets a partition."""
        ...

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest `limit` dead letters, newest first. Raises Unavailable."""
        ...

    def identity(self) -> str:
        """Which log this is: another one each time that it is made anew, whatever it is called. Raises Unavailable."""
        ...

    def partition_of(self, feed: str) -> int:
        """The partition that `append` puts the feed's events into. Raises Unavailable."""
        ...

    def dead_letter_count(self) -> int:
        """How many dead letters the log holds. Raises Unavailable."""
        ...

    def marks(self, start: Callable[[int], int], limit: int) -> list[Mark]:
        """The first `limit` records of each partition from `start(partition)` on, in offset order within it.

        For whoever watches: takes nothing from any reader and joins no group. Raises Unavailable.
        """
        ...

    def records(self, partition: int, start: int, limit: int) -> list[LogRecord]:
        """The first `limit` records of one partition from `start` on; fewer at its end, none where it is not there (any more).

        For whoever looks something up: takes nothing from any reader and joins no group. Raises Unavailable.
        """
        ...

    def ping(self) -> None:
        """Return if the log answers; raise Unavailable if not."""
        ...

    def close(self) -> None:
        """Let go of files and connections. Nothing that was appended is lost."""
        ...


def record_at(log: EventLog, place: Position) -> LogRecord | None:
    """What lies at one place of `log`, or None when nothing does (any more). Raises Unavailable."""
    return next((found for found in log.records(place.partition, place.offset, 1) if found.offset == place.offset), None)


@contextmanager
def breathing(reader: LogReader, longest_seconds: float = _LONGEST_SECONDS) -> Iterator[None]:
    """While the block runs, which does not touch `reader`, keep the reader's partitions from a thread of its own.

    A block that takes longer than `longest_seconds` hangs, and keeps nothing from others any more.
    """
    with _meanwhile(reader.breathe, longest_seconds):
        yield


@contextmanager
def listening(reader: LogReader, most_records: int, longest_seconds: float = _LONGEST_SECONDS) -> Iterator[list[LogRecord]]:
    """As `breathing`, and read on until something has come: then it is in the list, and the rest is left for later."""
    heard: list[LogRecord] = []

    def listen() -> None:
        if heard:
            reader.breathe()
        else:
            heard.extend(reader.poll(0.0, most_records))

    with _meanwhile(listen, longest_seconds):
        yield heard


@contextmanager
def _meanwhile(act: Callable[[], None], longest_seconds: float) -> Iterator[None]:
    over = threading.Event()
    deadline = time.monotonic() + longest_seconds

    def again() -> None:
        while not over.wait(_BREATH_SECONDS) and time.monotonic() < deadline:
            try:
                act()
            except Exception:  # noqa: BLE001 - the next poll meets what is wrong, and says so
                return

    thread = threading.Thread(target=again, name="breathing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def removed(partition: int, start: int, first: int) -> LogRecord:
    """A record for the range from `start` to before `first`, which is no more in the log although it was to be read."""
    fault = f"the records {start} to {first - 1} were removed by the log's retention before they were read"
    return LogRecord(partition, first - 1, "", b"", time.time(), fault, first - start)


def check_end(partition: int, start: int, end: int) -> None:
    """Raises Unavailable when a log that shall be read from `start` on ends at `end`, before it.

    Its end was lost, by a restore or a broker's crash: what is appended now would lie at places that count as learned.
    """
    if end < start:
        raise Unavailable(
            f"partition {partition} of the event log ends at {end}, before {start}, up to which the registry counts its events as"
            " decided: a part of the log was lost. Say with `rtadapt log begin` how to go on (docs/operations.md)"
        )


def check_log(settings: Settings) -> None:
    """Return if the log's settings can be right; connects to nothing. Raises InvalidSettings."""
    scheme, colon, rest = settings.event_log.url.partition(":")
    if colon and scheme == "kafka":
        from rtadapt.events.kafka import connection_of

        connection_of(settings.event_log)
    elif colon and scheme == "sqlite":
        from rtadapt.events.sqlite import path_of

        path_of(rest, settings.data_dir)
    else:
        raise InvalidSettings("the event log's url starts with sqlite: or kafka:", field="event_log.url")


def open_log(settings: Settings) -> EventLog:
    """The log that `settings.event_log.url` names. Raises InvalidSettings, or Unavailable when it does not answer."""
    url = settings.event_log.url
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "sqlite":
        from rtadapt.events.sqlite import SqliteLog, path_of

        return SqliteLog(path_of(rest, settings.data_dir), settings.event_log)
    if colon and scheme == "kafka":
        from rtadapt.events.kafka import KafkaLog

        return KafkaLog(settings.event_log)
    raise InvalidSettings("the event log's url starts with sqlite: or kafka:", field="event_log.url")
