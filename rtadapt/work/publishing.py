"""From a decided batch to the head: artifacts written whole, then the one commit.

Owns what is written and in which order, so that a crash anywhere is harmless: what is not in a head is decided again. Takes a
feed's session, what became of a batch, and the learner's newest candidate; moves the head past the batch, and to a version where
something was learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rtadapt.curation.batcher import FeedBatch
from rtadapt.curation.ledger import when
from rtadapt.observe import metrics
from rtadapt.records import Candidate, Event, EventState, EventStatus, LearnedEvent
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.scratch import scratch
from rtadapt.training.learner import Learner
from rtadapt.work.desk import whole
from rtadapt.work.entrance import Entrance
from rtadapt.work.rounds import Outcome, Refused
from rtadapt.work.sessions import Session, Sessions
from rtadapt.work.tidying import Tidying


class Publishing:
    """One worker's. Used from one thread."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: ArtifactStore,
        learner: Learner,
        entrance: Entrance,
        sessions: Sessions,
        tidying: Tidying,
    ) -> None:
        self._registry = registry
        self._store = store
        self._learner = learner
        self._entrance = entrance
        self._sessions = sessions
        self._tidying = tidying

    def publish(self, session: Session, due: FeedBatch, outcome: Outcome, refused: Sequence[Refused]) -> None:
        """Decide a whole batch: what was learned is a version, what was not has its dead letters."""
        self._sessions.check(session)  # what another owner decides now gets no dead letter from here
        statuses = self._entrance.refuse(refused)
        for one in refused:
            self._entrance.admission.forget(one.event)
        if not outcome.learned:
            self.pass_by(session, due, statuses, outcome.measures)
            return
        for learned in outcome.learned:
            rendering, judged = learned.rendering, learned.judged
            session.memory.add(rendering.examples, rendering.held_out, judged.replaced, when(learned.event))
            session.scope.add(whole(learned.event))
        session.memory.ledger.learn([one.judged for one in outcome.learned])
        self.move(session, due, outcome.measures, statuses, [one.event for one in outcome.learned])

    def move(
        self,
        session: Session,
        due: FeedBatch,
        measures: Mapping[str, float],
        statuses: Sequence[EventStatus] = (),
        events: Sequence[Event] = (),
    ) -> None:
        """The newest candidate is the feed's next version, which has learned `events`."""
        before = self._tidying.stored(due.feed)
        candidate, number = self._write(session, due, events), session.head.next_number
        learned = [EventStatus(event.id, event.feed, EventState.LEARNED, event.position, number) for event in events]
        self._commit(session, due, candidate, measures, [*statuses, *learned], events)
        metrics.EVENTS_LEARNED.labels(due.feed).inc(len(events))
        self._learner.accept(due.feed)
        self._sessions.check(session)  # what another owner has put there since may look like a leaving
        self._tidying.prune(due.feed, before)

    def pass_by(
        self, session: Session, due: FeedBatch, statuses: Sequence[EventStatus] = (), measures: Mapping[str, float] | None = None
    ) -> None:
        """Nothing of the batch was learned: the head moves past it."""
        self._commit(session, due, None, measures or {}, statuses, [])

    def _write(self, session: Session, due: FeedBatch, learned: Sequence[Event]) -> Candidate:
        """The candidate's adapter (what is served) and state (what learning goes on from), in the artifact store."""
        with scratch("candidate") as around:
            adapter, state = around / "adapter", around / "state"
            adapter.mkdir()
            state.mkdir()
            self._learner.save_adapter(due.feed, adapter)
            self._learner.save_state(due.feed, state)
            session.memory.save(state)
            for folder in (adapter, state):
                session.scope.save(folder)
            self._entrance.admission.save(due.feed, state, {**session.head.positions, **due.positions})
            return Candidate(
                feed=due.feed,
                parent=session.head.version,
                adapter=self._store.put("adapter", due.feed, adapter),
                state=self._store.put("state", due.feed, state),
                positions=due.positions,
                event_ids=tuple(event.id for event in learned),
            )

    def _commit(
        self,
        session: Session,
        due: FeedBatch,
        candidate: Candidate | None,
        measures: Mapping[str, float],
        statuses: Sequence[EventStatus],
        learned: Sequence[Event],
    ) -> None:
        """Move the head by compare-and-set: the positions always, the version when there is a candidate."""
        version = self._registry.commit(
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
