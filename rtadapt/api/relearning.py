"""Having events learned again that a rewind has taken back: found in the log, and appended once more.

Owns that. Takes what the registry notes in `again`; gives which events were appended and which the log does not have any more.
What was noted stays noted until all of it is in the log, so a call that was cut short is made again; what is then there twice is
refused by admission.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from rtadapt.api.parts import Parts
from rtadapt.errors import InvalidEvent, Unavailable
from rtadapt.events.envelope import decode, encode
from rtadapt.events.log import LogRecord
from rtadapt.records import Event, EventState, EventStatus, Head, version_name
from rtadapt.registry.codec import Again

logger = logging.getLogger(__name__)

_RECORDS_A_LOOK = 500


def relearn(parts: Parts, head: Head) -> tuple[list[str], list[str]]:
    """Append the noted events of the feed again. Raises Unavailable where the log is away: the rewind itself is then in force."""
    try:
        return _relearn(parts, head.feed)
    except Unavailable as error:
        where = version_name(head.feed, head.version)
        message = f"{where} is in force, but its events can't be had from the log yet ({error}): rewind to {head.version} again"
        raise Unavailable(message, field="relearn") from error


def _relearn(parts: Parts, feed: str) -> tuple[list[str], list[str]]:
    relearned: dict[str, None] = {}
    wanted: dict[str, None] = {}
    for again in parts.registry.again(feed):
        wanted |= dict.fromkeys(again.event_ids)
        for events in _found(parts, feed, again):
            places = parts.log.append([(feed, encode(event)) for event in events])
            pairs = zip(events, places, strict=True)
            parts.note([EventStatus(event.id, feed, EventState.ACCEPTED, place) for event, place in pairs])
            relearned |= dict.fromkeys(event.id for event in events)
        parts.registry.done(feed, again)
    lost = [event for event in wanted if event not in relearned]
    logger.info("events are learned again", extra={"feed": feed, "events": len(relearned), "lost": len(lost)})
    return list(relearned), lost


def _found(parts: Parts, feed: str, again: Again) -> Iterator[list[Event]]:
    """The events in the log, in its order, a few at a time."""
    for partition, end in sorted(again.end.items()):
        at = again.start.get(partition, 0)
        while at < end:
            records = parts.log.records(partition, at, _RECORDS_A_LOOK)
            if not records:
                break
            at = records[-1].offset + 1
            if events := [event for record in records if (event := _meant(parts, feed, again, record, end)) is not None]:
                yield events


def _meant(parts: Parts, feed: str, again: Again, record: LogRecord, end: int) -> Event | None:
    """The event that a record holds, if it is to be learned again: one that is named, or of which nothing is known any more."""
    if record.key != feed or record.offset >= end:
        return None
    try:
        event = decode(record, parts.settings.intake)
    except InvalidEvent:  # refused when it was read first
        return None
    if event.feed != feed or event.id in again.spared:
        return None
    is_unknown = record.offset < again.whole.get(record.partition, 0) and parts.registry.event_status(event.id, (feed,)) is None
    return event if is_unknown or event.id in again.event_ids else None
