"""Accepting events: items in, one result each, and one append for all the good ones.

Owns what it means to be accepted: parsed, bounded, given an id, and durable in the log. What is wrong with one item
loses nothing but that item.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rtadapt.config import IntakeSettings
from rtadapt.errors import RtadaptError, TooLarge
from rtadapt.events.bodies import Item
from rtadapt.events.envelope import encode, parse
from rtadapt.events.log import EventLog
from rtadapt.observe import metrics
from rtadapt.records import Event, EventState, EventStatus, Position, Token

logger = logging.getLogger(__name__)

_NO_HEADERS: Mapping[str, str] = {}
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


class Intake:
    """Takes items and appends the good ones. Safe to use from several threads, as its log is."""

    def __init__(self, log: EventLog, settings: IntakeSettings) -> None:
        self._log = log
        self._limits = settings

    def accept(
        self,
        items: Sequence[Item],
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] = _NO_HEADERS,
        feed: str = "",
        request_id: str = "",
        check_feed: Callable[[str], None] = lambda feed: None,
    ) -> list[ItemResult]:
        """One result per item, in order. `feed` is for items that name none; `headers` have lower-case names.

        `check_feed` raises for a feed that the caller may not push to (now); it is asked once for each.
        `request_id` goes to the log beside each event id, so that a path can be followed from the caller on.

        Raises TooLarge over `max_events`, and Unavailable when the log does not take the good ones: then none of
        them counts as accepted.
        """
        if len(items) > self._limits.max_events:
            raise TooLarge(f"{len(items):,} events at once; the limit is {self._limits.max_events:,}", field="body")
        now, check = time.time(), _once(check_feed)
        events: dict[int, Event] = {}
        records: dict[int, bytes] = {}
        errors: dict[int, RtadaptError] = {}
        for place, item in enumerate(items):
            try:
                if item.error is not None:
                    raise item.error
                event = parse(item.body, content_type=content_type, headers=headers, now=now, feed=feed, limits=self._limits)
                check(event.feed)
                records[place] = _record(event)
                events[place] = event
            except RtadaptError as error:
                errors[place] = error
                metrics.EVENTS_INVALID.labels(error.code).inc()
        positions = dict(zip(events, self._append(list(events.values()), list(records.values()), request_id), strict=True))
        return [
            ItemResult(item.index, error=errors[place])
            if place in errors
            else ItemResult(item.index, events[place].id, Token(events[place].feed, positions[place]))
            for place, item in enumerate(items)
        ]

    def _append(self, events: Sequence[Event], records: Sequence[bytes], request_id: str) -> list[Position]:
        if not events:
            return []
        positions = self._log.append([(event.feed, record) for event, record in zip(events, records, strict=True)])
        by_feed: dict[str, list[tuple[str, Position]]] = {}
        for event, position in zip(events, positions, strict=True):
            by_feed.setdefault(event.feed, []).append((event.id, position))
        for feed, placed in by_feed.items():
            metrics.EVENTS_ACCEPTED.labels(feed).inc(len(placed))
            extra = {
                "event_ids": [event_id for event_id, _ in placed],
                "request_id": request_id,
                "feed": feed,
                "partition": placed[0][1].partition,
                "offsets": [position.offset for _, position in placed],
            }
            logger.info("events accepted", extra=extra)
        return positions


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
