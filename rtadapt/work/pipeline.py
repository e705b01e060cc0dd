"""The worker's loop: log → admit → batch → read → render → update → judge → publish.

Owns the order of the stages and the one commit at their end. Takes the event log, the registry, the artifact store
and the learner; gives versions. `step` is the loop's body, `learn` is what happens to a batch. A crash anywhere is
harmless: what is not in a head is read from the log again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from rtadapt.config import Settings
from rtadapt.curation.batcher import Batcher, FeedBatch
from rtadapt.errors import Conflict, HeadMoved, RtadaptError, StaleEpoch, Unavailable
from rtadapt.events.log import EventLog, LogReader, LogRecord, breathing, listening
from rtadapt.observe import metrics
from rtadapt.records import Event, EventState, EventStatus, Position
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.training.learner import Learner
from rtadapt.work import attempts
from rtadapt.work.attempts import Attempts
from rtadapt.work.desk import Desk
from rtadapt.work.entrance import Entrance
from rtadapt.work.floors import Floors
from rtadapt.work.preparing import Preparing, stage
from rtadapt.work.publishing import Publishing
from rtadapt.work.quarantine import Quarantine
from rtadapt.work.rehearsing import Rehearsing
from rtadapt.work.rounds import SOUND, Outcome, Refused, Rounds
from rtadapt.work.sessions import Session, Sessions
from rtadapt.work.tidying import Tidying
from rtadapt.work.trialling import Trialling

_POLL_RECORDS = 256
_IDLE_SECONDS = 0.25
_IDLE_PROMPTS = 4


class Pipeline:
    """One worker's path from the log to the registry. Used from one thread."""

    def __init__(
        self,
        settings: Settings,
        owner: str,
        *,
        log: EventLog,
        registry: Registry,
        store: ArtifactStore,
        learner: Learner,
        desk: Desk,
    ) -> None:
        self.settings = settings
        self.log = log
        self.registry = registry
        self.store = store
        self.learner = learner
        self.entrance = Entrance(settings, log=log, registry=registry, learner=learner)
        self.admission = self.entrance.admission
        self.preparing = Preparing(settings, desk, learner)
        self.trialling = Trialling(registry, store, learner)
        self.rounds = Rounds(settings, learner)
        self.batcher = Batcher(settings.batch)
        self.tidying = Tidying(settings, log=log, registry=registry, store=store)
        self.floors = Floors(registry)
        self.sessions = Sessions(
            settings, owner, registry=registry, store=store, learner=learner, admission=self.admission, floors=self.floors
        )
        self.publishing = Publishing(
            registry=registry, store=store, learner=learner, entrance=self.entrance, sessions=self.sessions, tidying=self.tidying
        )
        self.rehearsing = Rehearsing(settings, owner, registry=registry, learner=learner, publishing=self.publishing)
        self.quarantine = Quarantine(registry, owner)
        self.admitting, self.learning = Attempts(registry, "admit", owner), Attempts(registry, "learn", owner)
        self.reader: LogReader = log.reader(self.floors.start)
        self._generation = self.reader.generation()
        self._owned: frozenset[int] = frozenset()
        self._read: dict[int, int] = {}
        self._lag = 0
        self._seen: dict[int, int] = {}
        self._heard: list[LogRecord] = []

    def step(self) -> None:
        """Read what has come, admit it, and learn from one batch that is due. Waits a moment at most when idle."""
        now = time.monotonic()
        for feed in self.quarantine.due(now):
            self.try_again(feed)
        soonest = [seconds for seconds in (self.batcher.next_due(now), self.quarantine.next_due(now)) if seconds is not None]
        # What was admitted is learned before more is read, so that what is held here is bounded.
        has_room = len(self.batcher) < _POLL_RECORDS
        records, self._heard = self._heard, []
        if has_room and not records:
            records = self.reader.poll(min([_IDLE_SECONDS, *soonest]), _POLL_RECORDS)
        self.follow_assignment()
        with breathing(self.reader, self.settings.work.hang_seconds):
            if records:
                self.rehearsing.disturb()
                with stage("admit"):
                    self.registry.note_events(self.admit_all(records))
            due = self.batcher.take(time.monotonic())
            if due is not None:
                began = time.monotonic()
                self.learn(due)
                self.batcher.took(due, time.monotonic() - began)
                self.rehearsing.disturb()
        if due is None and not records and not soonest:
            with listening(self.reader, _POLL_RECORDS, self.settings.work.hang_seconds) as self._heard:
                self.rest()
        self.sessions.let_idle_go(self.settings.work.max_open_feeds, self.batcher.feeds)
        self.note_floors()

    def admit_all(self, records: Sequence[LogRecord]) -> list[EventStatus]:
        """All of them at once; one by one where a process has ended while it was at one of them."""
        places = [Position(record.partition, record.offset) for record in records]
        groups = [records] if not self.admitting.suspects(places) else [[record] for record in records]
        statuses = []
        for group in groups:
            refused: list[Refused] = []
            with self.admitting.begun([Position(record.partition, record.offset) for record in group]) as may_be_tried:
                for record in group:
                    statuses += self.admit(record, refused, may_be_tried)
                statuses += self.refuse(refused)
        return statuses

    def admit(self, record: LogRecord, refused: list[Refused], may_be_tried: bool = True) -> list[EventStatus]:
        """One record of the log becomes an event that waits for its batch, a dead letter, or one of `refused`."""
        if record.partition not in self.reader.partitions():
            return []  # another worker's by now
        position = Position(record.partition, record.offset)
        is_again = record.offset < self._seen.get(record.partition, 0)
        self._read[record.partition] = record.offset + 1
        self._seen[record.partition] = max(record.offset + 1, self._seen.get(record.partition, 0))
        event = self.entrance.read(record)
        if event is None or (is_again and not self.entrance.lies_right(event, position)):
            return []
        if not self.entrance.lies_right(event, position):
            return self.entrance.put_right(event, position)
        session = self.session_of(event.feed, position)
        if session is None or not session.is_new(position):
            return []
        admitted = self.entrance.check(event) if may_be_tried else Refused(event, attempts.REASON, attempts.DETAIL)
        if isinstance(admitted, Event):
            self.batcher.add(admitted, time.monotonic())
            metrics.EVENTS_ADMITTED.labels(event.feed).inc()
            return [EventStatus(event.id, event.feed, EventState.ADMITTED, position)]
        self.batcher.pass_over(event, time.monotonic())
        refused.append(admitted)
        return []

    def refuse(self, refused: Sequence[Refused]) -> list[EventStatus]:
        """What is not to be learned from becomes dead letters; of a feed that is another worker's by now nothing does."""
        for feed in {one.event.feed for one in refused}:
            session = self.sessions.of(feed)
            try:
                self.sessions.check(session)  # else what is to be learned again would be a repeat to who had learned it
            except StaleEpoch as error:
                self.set_aside(feed, error, session.undecided())
                refused = [one for one in refused if one.event.feed != feed]
        return self.entrance.refuse(refused) if refused else []

    def session_of(self, feed: str, position: Position) -> Session | None:
        """The feed's session; None while the feed stands still, and what is at `position` is read again later."""
        if feed not in self.quarantine:
            try:
                if feed not in self.sessions and self.was_deleted(feed, position):
                    return None
                session = self.sessions.of(feed)
                if session.lost:
                    raise _fallen(feed)
                return session
            except Unavailable:
                raise  # a part that every feed needs is away
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one feed, it stops no others
                self.set_aside(feed, error, {position.partition: position.offset})
                return None
        self.quarantine.pass_over(feed, position)
        return None

    def was_deleted(self, feed: str, position: Position | None = None) -> bool:
        """Whether an operator deleted the feed, nobody made it again, and this record came before."""
        if self.registry.head(feed) is not None:
            return False
        gone = self.registry.gone(feed)
        return gone is not None and (position is None or gone.positions.get(position.partition, 0) > position.offset)

    def set_aside(self, feed: str, error: Exception, places: Mapping[int, int]) -> None:
        """Let the feed stand still for a while; raises where the learner itself is broken, as then the feed is not to blame."""
        if not isinstance(error, RtadaptError):
            self.learner.losses([SOUND])
        self.batcher.drop_feed(feed)
        self.sessions.drop(feed)
        if isinstance(error, Conflict):
            metrics.COMMIT_CONFLICTS.labels(error.code).inc()
            self.follow_assignment()
            if places and self._owned.isdisjoint(places):
                return  # another worker's by now, as the assignment says too
        self.quarantine.put(feed, error, places)

    def try_again(self, feed: str) -> None:
        """Take over a feed that stands still; its records are read again then, and those that the registry lost."""
        try:
            with breathing(self.reader, self.settings.work.hang_seconds):
                session = None if self.was_deleted(feed) else self.sessions.of(feed)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self.set_aside(feed, error, {})
            return
        if session is not None:
            for partition, offset in session.lost.items():
                self.quarantine.pass_over(feed, Position(partition, offset))
            session.lost = {}
        for partition, offset in self.quarantine.release(feed).items():
            self.reader.again(partition, offset)
            self._read[partition] = min(offset, self._read.get(partition, offset))

    def learn(self, due: FeedBatch) -> None:
        """Learn a batch, in pieces where a process has ended while it was at one of its events. What is wrong is this feed's."""
        places = [event.position for event in due.events if event.position is not None]
        if len(places) > 1 and self.learning.suspects(places):
            for half in due.halves():
                self.learn(half)
            return
        if due.feed not in self.sessions:
            return  # it was let go while what came before it was learned
        session = self.sessions.of(due.feed)
        try:
            with self.learning.begun(places) as may_be_tried:
                if may_be_tried:
                    self.decide(session, due)
                else:
                    refused = [Refused(event, attempts.REASON, attempts.DETAIL) for event in due.events]
                    self.publishing.publish(session, due, Outcome(), refused)
        except Unavailable:
            raise
        except RtadaptError as error:
            self.set_aside(due.feed, error, session.undecided())
        else:
            self.quarantine.well(due.feed)

    def decide(self, session: Session, due: FeedBatch) -> None:
        """Read, render, update and judge a batch in as many rounds as it takes; then decide all of it in one commit."""
        if not due.events:
            self.publishing.pass_by(session, due)
            return
        self.sessions.check(session)
        late = [said for event in due.events if (said := self.entrance.late(event)) is not None]
        in_time = due.without([said.event for said in late])
        if not in_time.events:
            self.publishing.publish(session, due, Outcome(), late)
            return
        metrics.BATCH_EVENTS.observe(len(in_time.events))
        session.policy = self.registry.feed_policy(due.feed)
        prepared, refused, withheld = self.preparing.prepare(session, in_time)
        with self.trialling.measured(due.feed, prepared):
            outcome = self.rounds.decide(session, prepared)
            session.memory.ledger.learn(withheld)  # what waits for a second source is saved with the state
            with stage("publish"):
                self.publishing.publish(session, due, outcome, [*late, *refused, *outcome.refused])

    def rest(self) -> None:
        """A moment without events: the base answers a few general prompts, and what a feed has lost is rehearsed."""
        self.learner.grow_anchors(_IDLE_PROMPTS)
        session = self.rehearsing.due(self.sessions.all())
        if session is None:
            return
        try:
            self.rehearsing.rehearse(session, lambda: bool(self._heard))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one feed, it stops no others
            self.set_aside(session.feed, error, {})

    def follow_assignment(self) -> None:
        """Let go of the partitions that another worker reads now, and of their feeds."""
        if self.reader.generation() == self._generation:
            return
        self._generation = self.reader.generation()
        owned = self.reader.partitions()
        for partition in self._owned - owned:
            self.batcher.drop(partition)
            self.sessions.drop_partition(partition)
            self.quarantine.drop(partition)
            self.floors.drop(partition)
            self._read.pop(partition, None)
            self._seen.pop(partition, None)
        self.admitting.look()
        self.learning.look()
        self._owned = owned
        metrics.OWNED_PARTITIONS.set(len(owned))

    def note_floors(self) -> None:
        """Tell the registry from where this worker's partitions would have to be read again; see what it has lost."""
        self.sessions.see()
        is_as_it_was = True
        for partition, read in self._read.items():
            held_back = (self.batcher.pending_floor(partition), self.quarantine.floor(partition))
            floor = min([read, *(offset for offset in held_back if offset is not None)])
            is_as_it_was &= self.floors.note(partition, floor, read)
        for feed in () if is_as_it_was else self.floors.fallen():
            if feed not in self.quarantine:
                self.set_aside(feed, _fallen(feed), {})
        self._lag = self.reader.lag()
        metrics.LOG_LAG.set(self._lag)
        self.tidying.look(self.batcher, self.sessions)

    def about(self) -> dict[str, int]:
        """How much this worker has in hand: partitions, feeds, and records in the log that it has not read yet."""
        return {"partitions": len(self.reader.partitions()), "feeds": len(self.sessions), "lag": self._lag}

    def abandon(self) -> None:
        """From another thread, while a step does not end and the process is about to: that is not the fault of its events."""
        for stage_under_way in (self.admitting, self.learning, self.rehearsing.attempts):
            stage_under_way.withdraw()
        self.reader.close()

    def close(self) -> None:
        """Let the feeds go and leave the consumer group, so that another worker can take over at once."""
        self.sessions.drop_all()
        self.quarantine.drop_all()
        self.reader.close()


def _fallen(feed: str) -> HeadMoved:
    return HeadMoved(f"the registry has lost what it knew of feed {feed}: what it does not know any more is learned again")
