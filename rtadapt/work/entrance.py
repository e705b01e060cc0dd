"""From a record of the log to an event that may be learned from, or a dead letter with the reason.

Owns decoding, putting right what lies in another partition than its feed's, the checks of admission with what one event may do
to them, and the dead letters. Takes records of the log; gives events and statuses.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from rtadapt.admission.admit import Admission, Refusal
from rtadapt.config import Settings
from rtadapt.errors import InvalidEvent, RtadaptError
from rtadapt.events.envelope import decode, encode
from rtadapt.events.log import EventLog, LogRecord
from rtadapt.observe import metrics
from rtadapt.personal import privacy
from rtadapt.records import DeadLetter, Event, EventState, EventStatus, Position
from rtadapt.registry.registry import Registry
from rtadapt.training.learner import Learner
from rtadapt.work.rounds import SOUND, Refused

logger = logging.getLogger(__name__)


class Entrance:
    """One worker's. Used from one thread."""

    def __init__(self, settings: Settings, *, log: EventLog, registry: Registry, learner: Learner) -> None:
        self._settings = settings
        self._log = log
        self._registry = registry
        self._learner = learner
        self.admission = Admission(settings.admit, learner.losses)

    def read(self, record: LogRecord) -> Event | None:
        """The event that a record holds; None, and a dead letter, where it holds none."""
        try:
            return decode(record, self._settings.intake)
        except InvalidEvent as error:
            reason = "lost" if record.lost else "schema"
            place = Position(record.partition, record.offset)
            self._log.refuse([DeadLetter("", record.key, place, reason, str(error))])
            metrics.EVENTS_REFUSED.labels("", reason).inc()
            metrics.EVENTS_LOST.inc(record.lost)
            return None

    def lies_right(self, event: Event, position: Position) -> bool:
        """Whether the event lies in its feed's partition."""
        return self._log.partition_of(event.feed) == position.partition

    def put_right(self, event: Event, position: Position) -> list[EventStatus]:
        """Append an event again that does not lie in its feed's partition, so that a feed has one order and one owner.

        Another producer's partitioner put it there, or the topic has more partitions than it had. The feed is not taken over.
        """
        head = self._registry.head(event.feed)
        if head is not None and head.positions.get(position.partition, 0) > position.offset:
            return []
        [place] = self._log.append([(event.feed, encode(event))])
        metrics.EVENTS_MOVED.labels(event.feed).inc()
        extra = {"event_id": event.id, "feed": event.feed, "partition": position.partition, "to": place.partition}
        logger.warning("an event lay outside its feed's partition and was appended there", extra=extra)
        return [EventStatus(event.id, event.feed, EventState.ACCEPTED, place)]

    def check(self, event: Event) -> Event | Refused:
        """What admission says; or, where it failed on this event and would not on others, how."""
        if (late := self.late(event)) is not None:
            return late
        try:
            said = self.admission.check(event, self._privacy_of(event.feed))
        except RtadaptError:
            raise  # a part is away
        except Exception as error:  # noqa: BLE001 - whatever one event does to the checks, it stops no others
            failure = type(error).__name__
        else:
            return Refused(event, said.reason, said.detail) if isinstance(said, Refusal) else said
        self._learner.losses([SOUND])  # raises where the learner itself is broken: then the event is not to blame
        return Refused(event, "failed", f"it could not be checked ({failure})")

    def late(self, event: Event) -> Refused | None:
        """That an event is set aside because it waited too long, where the settings say so; None: it is learned all the same."""
        longest = self._settings.admit.max_wait_seconds
        if longest is None or time.time() - event.accepted_at <= longest or event.facts or event.pairs:
            return None
        return Refused(event, "overload", f"it waited longer than {longest:g} seconds, and newer events go first")

    def refuse(self, refused: Sequence[Refused]) -> list[EventStatus]:
        """Send events to the dead letters, with the reasons; gives their statuses."""
        placed = [(one, one.event.position) for one in refused if one.event.position is not None]
        self._log.refuse([DeadLetter(one.event.id, one.event.feed, position, one.reason, one.detail) for one, position in placed])
        for one, _ in placed:
            metrics.EVENTS_REFUSED.labels(one.event.feed, one.reason).inc()
            logger.info("event refused", extra={"event_id": one.event.id, "feed": one.event.feed, "reason": one.reason})
        return [
            EventStatus(one.event.id, one.event.feed, EventState.REFUSED, position, reason=one.reason, detail=one.detail)
            for one, position in placed
        ]

    def _privacy_of(self, feed: str) -> privacy.Policy | None:
        """What the feed's own policy says of personal data; None: the settings decide."""
        said = (self._registry.feed_config(feed) or {}).get("privacy")
        return privacy.Policy(said) if said in set(privacy.Policy) else None
