"""What of a batch may be taught, and the rows that teach it: read, decided beside what is known, rendered.

Owns what one event may do to that: one on which reading or rendering fails in a way that nobody foresaw is refused alone. Takes a
feed's session and its batch; gives prepared events, refused ones, and what was withheld for now.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from rtadapt.config import Settings
from rtadapt.curation.batcher import FeedBatch
from rtadapt.curation.kept import is_of, overtakes
from rtadapt.curation.ledger import Judged, Withheld, when
from rtadapt.curation.render import Renderer
from rtadapt.curation.replay import Memory
from rtadapt.errors import RtadaptError
from rtadapt.observe import metrics
from rtadapt.training.learner import Learner
from rtadapt.work.desk import Desk, Told
from rtadapt.work.rounds import SOUND, Prepared, Refused
from rtadapt.work.sessions import Session

Sorted = tuple[list[Prepared], list[Refused], list[Judged]]
"""What may be taught of each event, with the rows that teach it; the events of which nothing may be, and why not; what waits."""


class Preparing:
    """One worker's. Used from one thread."""

    def __init__(self, settings: Settings, desk: Desk, learner: Learner) -> None:
        self._desk = desk
        self._learner = learner
        self._renderer = Renderer(
            settings.render, settings.reading, lambda chats: learner.write(chats, settings.gate.answer_tokens)
        )

    def prepare(self, session: Session, due: FeedBatch) -> Sorted:
        """Sort the events of a batch. Raises RtadaptError when a part is away, and what else a broken learner raises."""
        try:
            return self._prepare(session, due)
        except RtadaptError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event does to the reading, it stops no others
            failure = type(error).__name__
        self._learner.losses([SOUND])  # raises where the learner itself is broken: then no event is to blame
        if len(due.events) == 1:
            return [], [Refused(due.events[0], "failed", f"it could not be read ({failure})")], []
        first, second = (self.prepare(session, half) for half in due.halves())
        return first[0] + second[0], first[1] + second[1], first[2] + second[2]

    def _prepare(self, session: Session, due: FeedBatch) -> Sorted:
        with stage("read"):
            came = self._desk.read(due.events)
            current = [in_force(one, came, session.memory) for one in came]
            told = [now for now, one in zip(current, came, strict=True) if says_something(now) or not says_something(one)]
            late = [one.event for now, one in zip(current, came, strict=True) if not says_something(now) and says_something(one)]
            judged = session.memory.ledger.judge([(one.event, one.readings) for one in told], session.policy)
        kept = [(one, decided) for one, decided in zip(told, judged, strict=True) if decided.refusal is None]
        withheld = [decided for decided in judged if decided.refusal is not None]
        why = "none of what it says may change what is known"
        refused = [Refused(decided.event, decided.refusal, why) for decided in withheld if decided.refusal is not None]
        refused += [Refused(event, Withheld.OLD, "a newer event says the same of the same with other figures") for event in late]
        with stage("render"):
            renderings = self._renderer.render([decided for _, decided in kept], [verbatim_of(*pair) for pair in kept])
        prepared = [Prepared(decided, rendering) for (_, decided), rendering in zip(kept, renderings, strict=True)]
        metrics.EXAMPLES_RENDERED.labels(due.feed).inc(sum(len(one.rendering.examples) for one in prepared))
        return prepared, refused, withheld


def verbatim_of(told: Told, judged: Judged) -> list[str]:
    """An event's sentences that may be taught as they are: none that says what was withheld."""
    withheld = [reading.sentence for reading, _ in judged.withheld if reading.sentence]
    return [line for line in told.sentences if not any(is_of(line, sentence) for sentence in withheld)]


def in_force(one: Told, beside: Sequence[Told], memory: Memory) -> Told:
    """An event without the sentences, and what was read in them, in whose place newer ones stand, whichever came first."""
    time = when(one.event)
    newer = [line for other in beside if when(other.event) > time for line in other.sentences]
    stale = [line for line in one.sentences if memory.outdated(line, time) or any(overtakes(new, line) for new in newer)]
    lines = tuple(line for line in one.sentences if line not in stale)
    readings = tuple(reading for reading in one.readings if not any(is_of(line, reading.sentence) for line in stale))
    return replace(one, sentences=lines, readings=readings)


def says_something(told: Told) -> bool:
    """Whether anything of an event may be taught so far."""
    return bool(told.sentences or told.readings)


def stage(name: str) -> AbstractContextManager[object]:
    """Measure one stage."""
    return metrics.STAGE_SECONDS.labels(name).time()
