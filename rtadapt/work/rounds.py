"""The rounds of updates in which a batch is decided, event by event.

Owns what happens when a candidate harms or an event was not learned: what was missed, or is half known, is taught once more on
top; where that fails, what was made together is made again without it, and each event that is alone and still not learned is
refused. Takes a feed's session and its prepared events; gives what was learned and what was refused, with the candidates stacked
in the learner, so that one commit decides the whole batch. Nothing is read or rendered twice.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rtadapt.config import Settings
from rtadapt.curation.ledger import Judged
from rtadapt.curation.render import Rendering
from rtadapt.errors import RtadaptError
from rtadapt.gate.measures import UNITS, rights
from rtadapt.gate.probes import spread
from rtadapt.gate.verdict import NOTHING_ASKED, Verdict, judge, why_not_learned
from rtadapt.observe import metrics
from rtadapt.records import Batch, Event, Example
from rtadapt.training.learner import Learner
from rtadapt.work.desk import whole
from rtadapt.work.sessions import Session

logger = logging.getLogger(__name__)

SOUND = "The bakery on the corner opens at seven in the morning."
"""What a learner that is well can read."""
NOTHING_MORE = "nothing more of it was learned"
COSTS_OTHERS = "what was learned beside it would be lost"
_BESIDE_ROWS = 32


@dataclass(frozen=True, slots=True)
class Prepared:
    """One event with what may be taught of it and the rows that teach it."""

    judged: Judged
    rendering: Rendering

    @property
    def event(self) -> Event:
        """The event."""
        return self.judged.event

    @property
    def is_whole(self) -> bool:
        """Whether there is something to teach and something to ask: else it can't be shown to be learned."""
        return bool(self.rendering.examples and self.rendering.held_out)


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is not learned. `detail` is safe to show."""

    event: Event
    reason: str
    detail: str


@dataclass(slots=True)
class Outcome:
    """What became of a batch. `measures` are those of its last candidate that stayed, else of the last one."""

    learned: list[Prepared] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    measures: Mapping[str, float] = field(default_factory=dict)


class Rounds:
    """Decides batches with one learner. Used from one thread."""

    def __init__(self, settings: Settings, learner: Learner) -> None:
        self._settings = settings
        self._learner = learner

    def decide(self, session: Session, prepared: Sequence[Prepared]) -> Outcome:
        """Learn `prepared`, each event or not at all. Raises RtadaptError when a part is away, or the learner is broken."""
        able = [one for one in prepared if one.rendering.examples and one.rendering.held_out]
        refused = [Refused(one.event, "gate", NOTHING_ASKED) for one in prepared if one not in able]
        outcome = Outcome(refused=refused)
        self._decide(session, able, outcome)
        return outcome

    def _decide(self, session: Session, prepared: list[Prepared], outcome: Outcome) -> None:
        if not prepared:
            return
        verdict = self._attempt(session, prepared, outcome.learned)
        if isinstance(verdict, str):
            self._apart(session, prepared, outcome, "failed", _failed(verdict))
            return
        if verdict.accepted:
            outcome.measures = self._better(session, prepared, verdict, outcome.learned)
            outcome.learned += prepared
            return
        outcome.measures = outcome.measures or verdict.measures
        missed = [one for one in prepared if one.event.id in verdict.missed]
        if _harms(verdict) or len(missed) != len(verdict.missed) or len(missed) == len(prepared):
            self._learner.reject(session.feed)
            self._apart(session, prepared, outcome, "gate", self._why(prepared[0], verdict))
            return
        self._again(session, prepared, missed, verdict, outcome)

    def _better(
        self, session: Session, prepared: list[Prepared], verdict: Verdict, before: Sequence[Prepared]
    ) -> Mapping[str, float]:
        """Teach once more, on top, what an accepted candidate half knows; kept where all is better. Gives the measures."""
        gate = self._settings.gate
        sure = gate.sure_recall if gate.min_recall else 0.0
        weak = [one for one in prepared if verdict.recall.get(one.event.id, 1.0) < sure]
        if not weak:
            return verdict.measures
        stacked = self._learner.stacked(session.feed)
        others = [one for one in prepared if one not in weak]
        second = self._attempt(session, weak, [*before, *others], verdict)
        if not isinstance(second, str):
            gained = sum(second.recall.get(event, 0.0) - share for event, share in verdict.recall.items())
            if second.accepted and gained > 0:
                return second.measures
        self._learner.reject(session.feed, keep=stacked)
        return verdict.measures

    def _again(
        self, session: Session, prepared: list[Prepared], missed: list[Prepared], first: Verdict, outcome: Outcome
    ) -> None:
        """Teach once more, on the candidate that knows the others, what it missed; where that fails, all without them."""
        others = [one for one in prepared if one not in missed]
        stacked = self._learner.stacked(session.feed)
        verdict = self._attempt(session, missed, [*outcome.learned, *others], first)
        if not isinstance(verdict, str) and verdict.accepted:
            outcome.learned += prepared
            outcome.measures = verdict.measures
            return
        self._learner.reject(session.feed, keep=stacked - 1)
        self._decide(session, others, outcome)
        if len(missed) > 1:
            self._decide(session, missed, outcome)
        elif isinstance(verdict, str):
            outcome.refused.append(Refused(missed[0].event, "failed", _failed(verdict)))
        else:
            outcome.refused.append(Refused(missed[0].event, "gate", self._why(missed[0], verdict)))

    def _knows_none(self, feed: str, prepared: Sequence[Prepared], first: Verdict) -> bool:
        """Whether the newest candidate answers no wording of what was missed."""
        asked = [row for one in prepared for row in one.rendering.held_out if (row.event_id, row.fact) in first.unsure]
        return bool(asked) and not any(rights(self._learner, feed, asked, "candidate", self._settings.gate))

    def _why(self, alone: Prepared, verdict: Verdict) -> str:
        if _harms(verdict):
            return "; ".join(verdict.reasons)
        if alone.event.id not in verdict.missed:
            return COSTS_OTHERS
        return why_not_learned(alone.event.id, verdict, self._settings.gate)

    def _apart(self, session: Session, prepared: list[Prepared], outcome: Outcome, reason: str, detail: str) -> None:
        """Try in halves what failed together; refuse what is alone."""
        if len(prepared) == 1:
            outcome.refused.append(Refused(prepared[0].event, reason, detail))
            return
        middle = len(prepared) // 2
        self._decide(session, prepared[:middle], outcome)
        self._decide(session, prepared[middle:], outcome)

    def _attempt(
        self, session: Session, prepared: Sequence[Prepared], beside: Sequence[Prepared], first: Verdict | None = None
    ) -> Verdict | str:
        """One update and what the gate says of it; where the learner failed on these events, the name of the error.

        What stands in candidates below is `beside`: it is rehearsed, and judged as well. After a `first` verdict only what was
        missed of `prepared` is taught.
        """
        events = tuple(one.event for one in prepared)
        stacked = self._learner.stacked(session.feed)
        try:
            verdict = self._update(session, prepared, beside, first)
        except RtadaptError:
            raise  # a part is away, or the feed is another's: nothing is wrong with these events
        except Exception as error:  # noqa: BLE001 - whatever these events do to the learner, they stop no others
            self._learner.reject(session.feed, keep=stacked)
            tell_failure(session.feed, [event.id for event in events], error)
            name = type(error).__name__
        else:
            report(events, verdict)
            return verdict
        self._learner.losses([SOUND])  # raises where the learner itself is broken: then they are not to blame
        return name

    def _update(
        self, session: Session, prepared: Sequence[Prepared], beside: Sequence[Prepared], first: Verdict | None
    ) -> Verdict:
        train, memory, seed = self._settings.train, session.memory, session.head.version
        batch = _batch(session.feed, (*prepared, *beside))
        rows = [row for one in prepared for row in one.rendering.examples]
        unsure = first.unsure if first is not None else frozenset()
        examples = tuple(row for row in rows if (row.event_id, row.fact) in unsure) or tuple(rows)
        taught = set(map(id, examples))
        replaced = {old: new for one in (*beside, *prepared) for old, new in one.judged.replaced.items()}
        with metrics.STAGE_SECONDS.labels("update").time():
            entities = frozenset(example.entity for example in examples if example.entity)
            earlier = memory.draw(train.replay_draw, entities, seed, batch.examples, replaced)
            fresh = spread([row for row in batch.examples if row.fact and id(row) not in taught], _BESIDE_ROWS)
            anchors = memory.still_true(self._learner.anchors(), batch.examples)
            update = self._learner.update(session.feed, examples, [*earlier, *fresh, *anchors])
        metrics.TRAINED_TOKENS.labels(session.feed).inc(update.tokens)
        logger.info(
            "update made", extra={"feed": session.feed, "steps": update.steps, "rows": update.rows, "seconds": update.seconds}
        )
        with metrics.STAGE_SECONDS.labels("judge").time():
            if first is not None and self._knows_none(session.feed, prepared, first):
                return replace(first, accepted=False, reasons=(NOTHING_MORE,))  # no more need be asked
            known: list[Example] = memory.probes(self._settings.gate.replay_probes, seed, batch.examples, replaced)
            return judge(
                self._learner,
                batch,
                update,
                known,
                anchors,
                self._settings.gate,
                concerned(self._settings, session, batch.events),
            )


def concerned(settings: Settings, session: Session, events: Sequence[Event] = ()) -> Callable[[Example], bool]:
    """Whether a question would be answered by the candidate, which learns `events`, were it served, and not by the base."""
    if not settings.serve.scope:
        return lambda _: True
    told = session.scope.told([whole(event) for event in events])
    return lambda row: told.speaks_of(message.content for message in row.prompt)


def _batch(feed: str, prepared: Sequence[Prepared]) -> Batch:
    examples = tuple(row for one in prepared for row in one.rendering.examples)
    held_out = tuple(row for one in prepared for row in one.rendering.held_out)
    return Batch(feed, tuple(one.event for one in prepared), examples, held_out, {})


def _harms(verdict: Verdict) -> bool:
    """Whether more is wrong than that some events were not learned."""
    return len(verdict.reasons) > 1 or not verdict.missed or not verdict.measures["finite"]


def _failed(error: str) -> str:
    return f"the learner failed on it ({error})"


def tell_failure(feed: str, event_ids: Sequence[str], error: Exception) -> None:
    """Log where the learner failed, without the error's words: they may be the events'."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    extra = {"feed": feed, "error": type(error).__name__, "place": f"{Path(place.filename).name}:{place.lineno}"}
    logger.error("the learner failed on a batch", extra=extra | {"event_ids": list(event_ids)})


def report(events: Sequence[Event], verdict: Verdict) -> None:
    """Say what the gate decided, in metrics and logs."""
    feed = events[0].feed
    metrics.UPDATES.labels(feed, "accepted" if verdict.accepted else "rejected").inc()
    for name, value in verdict.measures.items():
        metrics.GATE_MEASURE.labels(feed, name, UNITS.get(name, "count")).set(value)
    logger.info(
        "update judged",
        extra={
            "feed": feed,
            "accepted": verdict.accepted,
            "reasons": list(verdict.reasons),
            "measures": {name: round(number, 4) for name, number in verdict.measures.items()},
            "recall": {event: round(share, 2) for event, share in verdict.recall.items()},
            "event_ids": [event.id for event in events],
        },
    )
