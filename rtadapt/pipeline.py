"""The worker's loop: log → admit → render → batch → update → judge → publish.

Owns the order of the stages and the one commit at their end. Takes the event log, the registry, the artifact store
and the learner; gives versions. `step` is the loop's body, `learn` is what happens to a batch. A crash anywhere is
harmless: what is not in a head is read from the log again.
"""

from __future__ import annotations

import logging
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from rtadapt.config import Settings
from rtadapt.curation.admit import Admission, Refusal
from rtadapt.curation.batcher import Batcher, FeedBatch
from rtadapt.curation.render import Renderer
from rtadapt.errors import InvalidEvent, RtadaptError
from rtadapt.events.envelope import decode
from rtadapt.events.log import EventLog, LogReader, LogRecord
from rtadapt.gate.verdict import judge
from rtadapt.observe import metrics
from rtadapt.records import (
    Artifact,
    Batch,
    Candidate,
    DeadLetter,
    Event,
    EventState,
    EventStatus,
    LearnedEvent,
    Position,
    Verdict,
)
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.sessions import Session, Sessions
from rtadapt.training.learner import Learner

logger = logging.getLogger(__name__)

_POLL_RECORDS = 256
_IDLE_SECONDS = 0.25
_SOUND = "The bakery on the corner opens at seven in the morning."
"""What a learner that is well can read."""


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
    ) -> None:
        self.settings = settings
        self.log = log
        self.registry = registry
        self.store = store
        self.learner = learner
        self.admission = Admission(settings.admit, learner.losses)
        self.renderer = Renderer(settings.render, learner.write)
        self.batcher = Batcher(settings.batch)
        self.sessions = Sessions(settings, owner, registry=registry, store=store, learner=learner, admission=self.admission)
        self.reader: LogReader = log.reader(registry.floor)
        self._generation = self.reader.generation()
        self._owned: frozenset[int] = frozenset()
        self._floors: dict[int, int] = {}
        self._read: dict[int, int] = {}

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
        if not self.sessions.of(event.feed).is_new(position):
            return []
        admitted = self.admission.check(event)
        if isinstance(admitted, Refusal):
            self.batcher.pass_over(event, time.monotonic())
            return self.refuse([event], admitted.reason, admitted.detail)
        self.batcher.add(admitted, time.monotonic())
        metrics.EVENTS_ADMITTED.labels(event.feed).inc()
        return [EventStatus(event.id, event.feed, EventState.ADMITTED, position)]

    def learn(self, due: FeedBatch) -> None:
        """Render, update, judge; then publish, or reject. What fails together is tried again in halves."""
        session = self.sessions.of(due.feed)
        if not due.events:
            self.commit(session, due, None, {}, [])
            return
        session.policy = self.registry.feed_policy(due.feed)
        failure = ""
        try:
            batch, verdict = self.judged(session, due)
        except RtadaptError:
            raise  # a part is away, or the feed is another's: nothing is wrong with these events
        except Exception as error:  # noqa: BLE001 - whatever these events do to the learner, they stop no others
            self.tell_failure(due, error)
            failure = type(error).__name__
        if failure:  # out here the error no longer holds the memory that may have run out
            self.learner.losses([_SOUND])  # raises where the learner itself is broken: then they are not to blame
            self.reject(session, due, {}, "failed", f"the learner failed on it ({failure})")
            return
        self.report(due, verdict)
        if verdict.accepted:
            with stage("publish"):
                self.publish(session, due, batch, verdict)
        else:
            self.reject(session, due, verdict.measures, "gate", "; ".join(verdict.reasons))

    def judged(self, session: Session, due: FeedBatch) -> tuple[Batch, Verdict]:
        """The batch with its examples, and what the gate says of the candidate that was made from it."""
        with stage("render"):
            batch = self.render(due)
        with stage("update"):
            count, seed = self.settings.train.replay_draw, session.head.version
            replayed = session.memory.draw(count, batch.entities, seed, batch.examples)
            anchors = session.memory.still_true(self.learner.anchors(), batch.examples)
            update = self.learner.update(due.feed, batch.examples, [*replayed, *anchors])
        metrics.TRAINED_TOKENS.labels(due.feed).inc(update.tokens)
        with stage("judge"):
            known = session.memory.probes(self.settings.gate.probes, seed, batch.examples)
            return batch, judge(self.learner, batch, update, known, anchors, self.settings.gate)

    def reject(self, session: Session, due: FeedBatch, measures: Mapping[str, float], reason: str, detail: str) -> None:
        """Forget the candidate; try its events again in halves, and refuse one that is alone."""
        self.learner.reject(due.feed)
        if len(due.events) > 1:
            for half in due.halves():
                self.learn(half)
        else:
            self.admission.forget(due.events[0])
            self.commit(session, due, None, measures, self.refuse(due.events, reason, detail))

    def render(self, due: FeedBatch) -> Batch:
        """The batch with its examples."""
        renderings = self.renderer.render(due.events)
        examples = tuple(example for rendering in renderings for example in rendering.examples)
        held_out = tuple(example for rendering in renderings for example in rendering.held_out)
        metrics.EXAMPLES_RENDERED.labels(due.feed).inc(len(examples))
        return Batch(due.feed, due.events, examples, held_out, due.positions)

    def publish(self, session: Session, due: FeedBatch, batch: Batch, verdict: Verdict) -> None:
        """Write the artifacts whole, then move the head."""
        before = [*self.store.list("adapter", due.feed), *self.store.list("state", due.feed)]
        session.memory.add(batch.examples, batch.held_out)
        candidate = self.write(session, due)
        learned = [
            EventStatus(event.id, event.feed, EventState.LEARNED, event.position, session.head.version + 1)
            for event in due.events
        ]
        self.commit(session, due, candidate, verdict.measures, learned)
        self.learner.accept(due.feed)
        self.prune(due.feed, before)

    def write(self, session: Session, due: FeedBatch) -> Candidate:
        """The candidate's adapter (what is served) and state (what learning goes on from), in the artifact store."""
        with tempfile.TemporaryDirectory(prefix="rtadapt-candidate-") as scratch:
            adapter, state = Path(scratch, "adapter"), Path(scratch, "state")
            adapter.mkdir()
            state.mkdir()
            self.learner.save_adapter(due.feed, adapter)
            self.learner.save_state(due.feed, state)
            session.memory.save(state)
            self.admission.save(due.feed, state)
            return Candidate(
                feed=due.feed,
                parent=session.head.version,
                adapter=self.store.put("adapter", due.feed, adapter),
                state=self.store.put("state", due.feed, state),
                positions=due.positions,
                event_ids=tuple(event.id for event in due.events),
            )

    def commit(
        self,
        session: Session,
        due: FeedBatch,
        candidate: Candidate | None,
        measures: Mapping[str, float],
        statuses: Sequence[EventStatus],
    ) -> None:
        """Move the head by compare-and-set: the positions always, the version when there is a candidate."""
        version = self.registry.commit(
            due.feed,
            epoch=session.epoch,
            parent=session.head.version,
            positions=due.positions,
            candidate=candidate,
            events=[LearnedEvent(event.id, event.accepted_at) for event in due.events] if candidate else [],
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

    def tell_failure(self, due: FeedBatch, error: Exception) -> None:
        """Log where the learner failed, without the error's words: they may be the events'."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        extra = {"feed": due.feed, "error": type(error).__name__, "place": f"{Path(place.filename).name}:{place.lineno}"}
        logger.error("the learner failed on a batch", extra=extra | {"event_ids": [event.id for event in due.events]})

    def report(self, due: FeedBatch, verdict: Verdict) -> None:
        """Say what the gate decided, in metrics and logs."""
        metrics.UPDATES.labels(due.feed, "accepted" if verdict.accepted else "rejected").inc()
        for name, value in verdict.measures.items():
            metrics.GATE_MEASURE.labels(due.feed, name).set(value)
        logger.info(
            "update judged",
            extra={
                "feed": due.feed,
                "accepted": verdict.accepted,
                "reasons": list(verdict.reasons),
                "measures": {name: round(value, 4) for name, value in verdict.measures.items()},
                "event_ids": [event.id for event in due.events],
            },
        )

    def prune(self, feed: str, before: Sequence[Artifact]) -> None:
        """Remove what was in the store `before` this commit and is kept no longer: old versions, lost candidates."""
        keep = self.settings.artifacts
        versions = self.registry.retire(feed, keep.keep_adapters)
        kept = {version.adapter.digest for version in versions} | {
            version.state.digest for version in versions[: keep.keep_states]
        }
        for artifact in before:
            if artifact.digest not in kept:
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
        metrics.LOG_LAG.set(self.reader.lag())

    def close(self) -> None:
        """Let the feeds go and leave the consumer group, so that another worker can take over at once."""
        self.sessions.drop_all()
        self.reader.close()


def stage(name: str) -> AbstractContextManager[object]:
    """Measure one stage."""
    return metrics.STAGE_SECONDS.labels(name).time()
