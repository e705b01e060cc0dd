"""The worker's loop: log → admit → batch → read → render → update → judge → publish.

Owns the order of the stages and the one commit at their end. Takes the event log, the registry, the artifact store
and the learner; gives versions. `step` is the loop's body, `learn` is what happens to a batch. A crash anywhere is
harmless: what is not in a head is read from the log again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from rtadapt.config import Settings
from rtadapt.curation.admit import Admission, Refusal
from rtadapt.curation.batcher import Batcher, FeedBatch
from rtadapt.curation.ledger import Judged
from rtadapt.curation.render import Renderer
from rtadapt.desk import Desk, Told
from rtadapt.errors import InvalidEvent, RtadaptError
from rtadapt.events.envelope import decode, encode
from rtadapt.events.log import EventLog, LogReader, LogRecord
from rtadapt.observe import metrics
from rtadapt.personal import privacy
from rtadapt.records import (
    Artifact,
    Candidate,
    DeadLetter,
    Event,
    EventState,
    EventStatus,
    LearnedEvent,
    Position,
)
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.rounds import SOUND, Outcome, Prepared, Refused, Rounds
from rtadapt.sessions import Session, Sessions, scratch
from rtadapt.training.learner import Learner

logger = logging.getLogger(__name__)

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
        self.admission = Admission(settings.admit, learner.losses)
        self.desk = desk
        self.renderer = Renderer(
            settings.render, settings.reading, lambda chats: learner.write(chats, settings.gate.answer_tokens)
        )
        self.rounds = Rounds(settings, learner)
        self.batcher = Batcher(settings.batch)
        self.sessions = Sessions(settings, owner, registry=registry, store=store, learner=learner, admission=self.admission)
        self.reader: LogReader = log.reader(registry.floor)
        self._generation = self.reader.generation()
        self._owned: frozenset[int] = frozenset()
        self._floors: dict[int, int] = {}
        self._read: dict[int, int] = {}
        self._lag = 0

    def step(self) -> None:
        """Read what has come, admit it, and learn from the batches that are due. Waits a moment at most when idle."""
        due_in = self.batcher.next_due(time.monotonic())
        wait = _IDLE_SECONDS if due_in is None else min(_IDLE_SECONDS, max(0.0, due_in))
        records = self.reader.poll(wait, _POLL_RECORDS)
        self.follow_assignment()
        if records:
            with stage("admit"):
                self.registry.note_events([status for record in records for status in self.admit(record)])
        for due in self.batcher.due(time.monotonic()):
            self.learn(due)
        if not records and due_in is None:
            self.learner.grow_anchors(_IDLE_PROMPTS)
        self.note_floors()

    def admit(self, record: LogRecord) -> list[EventStatus]:
        """One record of the log becomes an event that waits for its batch, or a dead letter."""
        position = Position(record.partition, record.offset)
        self._read[record.partition] = record.offset + 1
        try:
            event = decode(record, self.settings.intake)
        except InvalidEvent as error:
            self.log.refuse([DeadLetter("", record.key, position, "schema", str(error))])
            metrics.EVENTS_REFUSED.labels("", "schema").inc()
            return []
        if self.log.partition_of(event.feed) != record.partition:
            return self.put_right(event, position)
        if not self.sessions.of(event.feed).is_new(position):
            return []
        admitted = self.check(event)
        if isinstance(admitted, str):
            self.batcher.pass_over(event, time.monotonic())
            return self.refuse([event], "failed", admitted)
        if isinstance(admitted, Refusal):
            self.batcher.pass_over(event, time.monotonic())
            return self.refuse([event], admitted.reason, admitted.detail)
        self.batcher.add(admitted, time.monotonic())
        metrics.EVENTS_ADMITTED.labels(event.feed).inc()
        return [EventStatus(event.id, event.feed, EventState.ADMITTED, position)]

    def put_right(self, event: Event, position: Position) -> list[EventStatus]:
        """Append an event again that does not lie in its feed's partition, so that a feed has one order and one owner.

        Another producer's partitioner put it there, or the topic has more partitions than it had. The feed is not taken over.
        """
        head = self.registry.head(event.feed)
        if head is not None and head.positions.get(position.partition, 0) > position.offset:
            return []
        [place] = self.log.append([(event.feed, encode(event))])
        metrics.EVENTS_MOVED.labels(event.feed).inc()
        extra = {"event_id": event.id, "feed": event.feed, "partition": position.partition, "to": place.partition}
        logger.warning("an event lay outside its feed's partition and was appended there", extra=extra)
        return [EventStatus(event.id, event.feed, EventState.ACCEPTED, place)]

    def check(self, event: Event) -> Event | Refusal | str:
        """What admission says; or, where it failed on this event and would not on others, how."""
        try:
            return self.admission.check(event, self.privacy_of(event.feed))
        except RtadaptError:
            raise  # a part is away
        except Exception as error:  # noqa: BLE001 - whatever one event does to the checks, it stops no others
            failure = type(error).__name__
        self.learner.losses([SOUND])  # raises where the learner itself is broken: then the event is not to blame
        return f"it could not be checked ({failure})"

    def privacy_of(self, feed: str) -> privacy.Policy | None:
        """What the feed's own policy says of personal data; None: the settings decide."""
        said = (self.registry.feed_config(feed) or {}).get("privacy")
        return privacy.Policy(said) if said in set(privacy.Policy) else None

    def learn(self, due: FeedBatch) -> None:
        """Read, render, update and judge a batch in as many rounds as it takes; then decide all of it in one commit."""
        session = self.sessions.of(due.feed)
        if not due.events:
            self.commit(session, due, None, {}, [], [])
            return
        self.sessions.check(session)
        session.policy = self.registry.feed_policy(due.feed)
        prepared, refused, withheld = self.prepare(session, due)
        outcome = self.rounds.decide(session, prepared)
        session.memory.ledger.learn(withheld)  # what waits for a second source is saved with the state
        with stage("publish"):
            self.publish(session, due, outcome, [*refused, *outcome.refused])

    def prepare(self, session: Session, due: FeedBatch) -> tuple[list[Prepared], list[Refused], list[Judged]]:
        """What may be taught of each event, with the rows that teach it; the events of which nothing may be, and why not."""
        with stage("read"):
            told = self.desk.read(due.events)
            judged = session.memory.ledger.judge([(one.event, one.readings) for one in told], session.policy)
        kept = [(one, decided) for one, decided in zip(told, judged, strict=True) if decided.refusal is None]
        withheld = [decided for decided in judged if decided.refusal is not None]
        why = "none of what it says may change what is known"
        refused = [Refused(decided.event, decided.refusal, why) for decided in withheld if decided.refusal is not None]
        with stage("render"):
            renderings = self.renderer.render([decided for _, decided in kept], [verbatim_of(*pair) for pair in kept])
        prepared = [Prepared(decided, rendering) for (_, decided), rendering in zip(kept, renderings, strict=True)]
        metrics.EXAMPLES_RENDERED.labels(due.feed).inc(sum(len(one.rendering.examples) for one in prepared))
        return prepared, refused, withheld

    def publish(self, session: Session, due: FeedBatch, outcome: Outcome, refused: Sequence[Refused]) -> None:
        """Write the artifacts whole, then move the head: past the whole batch, and to a version where something was learned."""
        statuses = [status for one in refused for status in self.refuse([one.event], one.reason, one.detail)]
        for one in refused:
            self.admission.forget(one.event)
        if not outcome.learned:
            self.commit(session, due, None, outcome.measures, statuses, [])
            return
        before = [*self.store.list("adapter", due.feed), *self.store.list("state", due.feed)]
        for learned in outcome.learned:
            session.memory.add(learned.rendering.examples, learned.rendering.held_out, learned.judged.replaced)
        session.memory.ledger.learn([one.judged for one in outcome.learned])
        events = [one.event for one in outcome.learned]
        candidate = self.write(session, due, events)
        number = session.head.next_number
        statuses += [EventStatus(event.id, event.feed, EventState.LEARNED, event.position, number) for event in events]
        self.commit(session, due, candidate, outcome.measures, statuses, events)
        self.learner.accept(due.feed)
        self.prune(due.feed, before)

    def write(self, session: Session, due: FeedBatch, learned: Sequence[Event]) -> Candidate:
        """The candidate's adapter (what is served) and state (what learning goes on from), in the artifact store."""
        with scratch("candidate") as place:
            adapter, state = place / "adapter", place / "state"
            adapter.mkdir()
            state.mkdir()
            self.learner.save_adapter(due.feed, adapter)
            self.learner.save_state(due.feed, state)
            session.memory.save(state)
            self.admission.save(due.feed, state, {**session.head.positions, **due.positions})
            return Candidate(
                feed=due.feed,
                parent=session.head.version,
                adapter=self.store.put("adapter", due.feed, adapter),
                state=self.store.put("state", due.feed, state),
                positions=due.positions,
                event_ids=tuple(event.id for event in learned),
            )

    def commit(
        self,
        session: Session,
        due: FeedBatch,
        candidate: Candidate | None,
        measures: Mapping[str, float],
        statuses: Sequence[EventStatus],
        learned: Sequence[Event],
    ) -> None:
        """Move the head by compare-and-set: the positions always, the version when there is a candidate."""
        version = self.registry.commit(
            due.feed,
            epoch=session.epoch,
            parent=session.head.version,
            number=session.head.next_number,
            positions=due.positions,
            candidate=candidate,
            events=[LearnedEvent(event.id, event.accepted_at) for event in learned],
            measures=measures,
            statuses=statuses,
        )
        session.advance(due.positions, version)
        metrics.HEAD_VERSION.labels(due.feed).set(session.head.version)

    def refuse(self, events: Sequence[Event], reason: str, detail: str) -> list[EventStatus]:
        """Send events to the dead letters, with the reason; gives their statuses."""
        placed = [(event, event.position) for event in events if event.position is not None]
        self.log.refuse([DeadLetter(event.id, event.feed, position, reason, detail) for event, position in placed])
        for event, _ in placed:
            metrics.EVENTS_REFUSED.labels(event.feed, reason).inc()
            logger.info("event refused", extra={"event_id": event.id, "feed": event.feed, "reason": reason})
        return [
            EventStatus(event.id, event.feed, EventState.REFUSED, position, reason=reason, detail=detail)
            for event, position in placed
        ]

    def prune(self, feed: str, before: Sequence[Artifact]) -> None:
        """Remove what was in the store `before` this commit and is kept no longer: old versions, lost candidates."""
        keep = self.settings.artifacts
        kept = self.registry.retire(feed, keep.keep_adapters, keep.keep_states)
        for artifact in before:
            if artifact.digest not in kept.digests:
                self.store.remove(artifact)

    def follow_assignment(self) -> None:
        """Let go of the partitions that another worker reads now, and of their feeds."""
        if self.reader.generation() == self._generation:
            return
        self._generation = self.reader.generation()
        owned = self.reader.partitions()
        for partition in self._owned - owned:
            self.batcher.drop(partition)
            self.sessions.drop_partition(partition)
            self._read.pop(partition, None)
        self._owned = owned
        metrics.OWNED_PARTITIONS.set(len(owned))

    def note_floors(self) -> None:
        """Tell the registry from where this worker's partitions would have to be read again: a hint, not the truth."""
        for partition, read in self._read.items():
            pending = self.batcher.pending_floor(partition)
            floor = read if pending is None else pending
            if self._floors.get(partition) != floor:
                self.registry.set_floor(partition, floor)
                self._floors[partition] = floor
        self._lag = self.reader.lag()
        metrics.LOG_LAG.set(self._lag)

    def about(self) -> dict[str, int]:
        """How much this worker has in hand: partitions, feeds, and records in the log that it has not read yet."""
        return {"partitions": len(self.reader.partitions()), "feeds": len(self.sessions), "lag": self._lag}

    def close(self) -> None:
        """Let the feeds go and leave the consumer group, so that another worker can take over at once."""
        self.sessions.drop_all()
        self.reader.close()


def verbatim_of(told: Told, judged: Judged) -> list[str]:
    """An event's sentences that may be taught as they are: none that says what was withheld."""
    withheld = [reading.sentence for reading, _ in judged.withheld if reading.sentence]
    return [line for line in told.sentences if not any(line in sentence or sentence in line for sentence in withheld)]


def stage(name: str) -> AbstractContextManager[object]:
    """Measure one stage."""
    return metrics.STAGE_SECONDS.labels(name).time()
