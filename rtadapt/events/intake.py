"""Accepting events: what requests push in, one result an item, and one append for all the good ones.

Owns what it means to be accepted: parsed, bounded, given an id, and durable in the log. What is wrong with one item
loses nothing but that item.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rtadapt.config import IntakeSettings
from rtadapt.errors import RtadaptError, TooLarge, Unavailable
from rtadapt.events.bodies import Item
from rtadapt.events.envelope import encode, parse
from rtadapt.events.log import EventLog
from rtadapt.observe import metrics
from rtadapt.records import Event, EventState, EventStatus, Position, Token

logger = logging.getLogger(__name__)

_MAX_RECORD_BYTES = 1_000_000
"""A little less than what a Kafka topic takes unless it was told otherwise. With the default limits no event comes near."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item: accepted with an id and a token, or refused with an error."""

    index: int
    id: str | None = None
    token: Token | None = None
    error: RtadaptError | None = None

    @property
    def status(self) -> EventStatus | None:
        """What the registry may note about it; None when it was refused."""
        if self.id is None or self.token is None:
            return None
        return EventStatus(self.id, self.token.feed, EventState.ACCEPTED, self.token.position)


@dataclass(frozen=True, slots=True)
class Push:
    """What one request pushes. `feed` is for items that name none; `headers` have lower-case names.

    `check_feed` raises for a feed that its caller may not push to (now); it is asked once for each. `request_id` goes to the log
    beside each event id, so that a path can be followed from the caller on.
    """

    items: Sequence[Item]
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    feed: str = ""
    request_id: str = ""
    check_feed: Callable[[str], None] = lambda feed: None


class Intake:
    """Takes items and appends the good ones. Safe to use from several threads, as its log is."""

    def __init__(self, log: EventLog, settings: IntakeSettings) -> None:
        self._log = log
        self._limits = settings

    def accept(self, pushes: Sequence[Push]) -> list[list[ItemResult] | Exception]:
        """For each push one result per item, in order. What is good of all of them is appended at once.

        In place of results stands Unavailable when the log did not take the good ones, TooLarge where it takes less than we do,
        or an error that is our own fault: then none of that push counts as accepted.
        """
        now = time.time()
        read = [self._tried(push, now) for push in pushes]
        places = iter(self._append([one for one in read if isinstance(one, _Read)]))
        return [one.results(next(places)) if isinstance(one, _Read) else one for one in read]

    def _tried(self, push: Push, now: float) -> _Read | Exception:
        try:
            return self._read(push, now)
        except Exception as error:  # noqa: BLE001 - its caller raises it: those beside it are none the worse
            return error

    def _read(self, push: Push, now: float) -> _Read:
        check, found = _once(push.check_feed), _Read(push)
        attributes = {name: text for name, text in push.headers.items() if name.startswith("ce-")}
        for item in push.items:
            try:
                if item.error is not None:
                    raise item.error
                event = parse(
                    item.body,
                    content_type=push.content_type,
                    headers=attributes,
                    now=now,
                    feed=push.feed,
                    limits=self._limits,
                )
                check(event.feed)
                found.outcomes.append((event, _record(event)))
            except RtadaptError as error:
                found.outcomes.append(error)
                metrics.EVENTS_INVALID.labels(error.code).inc()
        return found

    def _append(self, read: Sequence[_Read]) -> list[list[Position] | RtadaptError]:
        """Where the good ones of each lie, or why they don't."""
        entries = [[(event.feed, record) for event, record in mine.good] for mine in read]
        try:
            positions = self._log.append(together) if (together := [entry for some in entries for entry in some]) else []
        except (Unavailable, TooLarge) as error:
            if isinstance(error, TooLarge) and len(read) > 1:  # nobody says whose; an event that is there twice is learned once
                return [places for mine in read for places in self._append([mine])]
            return [error if some else [] for some in entries]
        ahead = iter(positions)
        return [list(islice(ahead, len(some))) for some in entries]


@dataclass(frozen=True, slots=True)
class _Read:
    """What a push came to, item by item: an event with its record, or why it is none."""

    push: Push
    outcomes: list[tuple[Event, bytes] | RtadaptError] = field(default_factory=list)

    @property
    def good(self) -> list[tuple[Event, bytes]]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, tuple)]

    def results(self, places: Sequence[Position] | RtadaptError) -> list[ItemResult] | Exception:
        """Now that the good ones lie there, which is said in the log, by feed."""
        if isinstance(places, RtadaptError):
            return places
        results, ahead = [], iter(places)
        by_feed: dict[str, list[ItemResult]] = {}
        for item, outcome in zip(self.push.items, self.outcomes, strict=True):
            if isinstance(outcome, RtadaptError):
                results.append(ItemResult(item.index, error=outcome))
                continue
            event = outcome[0]
            results.append(ItemResult(item.index, event.id, Token(event.feed, next(ahead))))
            by_feed.setdefault(event.feed, []).append(results[-1])
        for feed, mine in by_feed.items():
            metrics.EVENTS_ACCEPTED.labels(feed).inc(len(mine))
            positions = [result.token.position for result in mine if result.token is not None]
            extra = {
                "event_ids": [result.id for result in mine],
                "request_id": self.push.request_id,
                "feed": feed,
                "partition": positions[0].partition,
                "offsets": [position.offset for position in positions],
            }
            logger.info("events accepted", extra=extra)
        return results


def _once(check: Callable[[str], None]) -> Callable[[str], None]:
    """`check`, which is asked once for each feed and says the same again."""
    said: dict[str, RtadaptError | None] = {}

    def asked(feed: str) -> None:
        if feed not in said:
            said[feed] = None
            try:
                check(feed)
            except RtadaptError as error:
                said[feed] = error
        if (known := said[feed]) is not None:
            raise known

    return asked


def _record(event: Event) -> bytes:
    """The event as the log keeps it. Raises TooLarge for one that a log may not take, so that it loses no other."""
    record = encode(event)
    if len(record) > _MAX_RECORD_BYTES:
        field = "turns" if event.turns else "text"
        raise TooLarge(f"{field}: the event takes {len(record):,} bytes; the limit is {_MAX_RECORD_BYTES:,}", field=field)
    return record
