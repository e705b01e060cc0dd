"""What a worker does for its feeds when nothing comes: it asks for what was learned, and learns again what is answered no more.

Each update costs some of what was learned before it, also where the gate finds too little lost to refuse it (docs/adr/0019).
Owns which feed's turn it is, what it is asked, and when it may rest. Takes feeds' sessions; leads to versions that have learned
no event.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rtadapt.config import Settings
from rtadapt.curation.batcher import FeedBatch
from rtadapt.errors import RtadaptError
from rtadapt.gate.measures import rights
from rtadapt.gate.verdict import judge
from rtadapt.observe import metrics
from rtadapt.records import Batch, Example, Position
from rtadapt.registry.registry import Registry
from rtadapt.training.learner import Learner
from rtadapt.work.attempts import MOST, Attempts
from rtadapt.work.preparing import stage
from rtadapt.work.publishing import Publishing
from rtadapt.work.rounds import SOUND, concerned, tell_failure
from rtadapt.work.sessions import Session

logger = logging.getLogger(__name__)

_STAGE = "rehearse"
_ASKED = 8
"""Wordings that are asked at a time: a story that comes meanwhile waits for no more than that."""
_TAUGHT = 8
"""Once so many are lost, or all were asked, what is lost is learned again."""
_KNOWN = 32
"""So many of those that are known, the last ones, are asked again afterwards."""
_LEAST = 2
"""One wording that is answered this time and not the next is noise; fewer are neither learned again nor a gain."""
_ROUNDS = 3
"""In a round a feed is asked for each fact once. After one without a gain, or so many, it rests until it learns something new."""


@dataclass(slots=True)
class _Course:
    """How far a feed is since the version that learned last: how often it was its turn, in which round, and what is left of that.

    `lost` was found to be answered no more since something was learned again, and `known` is still answered.
    """

    version: int
    turns: int = 0
    rounds: int = 0
    gained: bool = True
    left: list[Example] = field(default_factory=list)
    lost: list[Example] = field(default_factory=list)
    known: list[Example] = field(default_factory=list)

    @property
    def is_due(self) -> bool:
        """Whether it is time to learn what is lost."""
        return len(self.lost) >= (_LEAST if not self.left else _TAUGHT)

    @property
    def rests(self) -> bool:
        """Whether nothing more is asked: a whole round gained nothing, or there were enough."""
        return not self.is_due and not self.left and (not self.gained or self.rounds >= _ROUNDS)

    def begin_round(self, rows: list[Example]) -> None:
        """Each of `rows` is to be asked."""
        self.rounds, self.gained, self.left, self.lost = self.rounds + 1, False, rows, []

    def end(self) -> None:
        """Nothing more of this feed."""
        self.gained, self.left, self.lost = False, [], []


class Rehearsing:
    """One worker's. Used from one thread."""

    def __init__(self, settings: Settings, owner: str, *, registry: Registry, learner: Learner, publishing: Publishing) -> None:
        self._settings = settings
        self._gate = settings.gate.model_copy(update={"replay_probes": _KNOWN})
        self._registry = registry
        self._learner = learner
        self._publishing = publishing
        self.attempts = Attempts(registry, _STAGE, owner)
        self._courses: dict[str, _Course] = {}
        self._quiet_since = time.monotonic()

    def disturb(self) -> None:
        """Something has come."""
        self._quiet_since = time.monotonic()

    def due(self, sessions: Sequence[Session]) -> Session | None:
        """The feed whose turn it is, once it has been quiet for long enough: one that has begun, or with the fewest turns."""
        after = self._settings.work.rehearse_after_seconds
        if not after or time.monotonic() - self._quiet_since < after:
            return None
        self._courses = {session.feed: self._course(session) for session in sessions}
        awake = [session for session in sessions if len(session.memory) and not self._courses[session.feed].rests]
        return min(awake, key=lambda session: self._order(self._courses[session.feed]), default=None)

    def rehearse(self, session: Session, came: Callable[[], bool]) -> None:
        """Ask for some facts; or learn those again that are answered no more, published where it gains more than it loses.

        Once something `came` that is learned first. Raises RtadaptError when a part is away, or the feed is another's.
        """
        course = self._courses[session.feed]
        course.turns += 1
        places = [Position(partition, offset) for partition, offset in session.head.positions.items()]
        begun = self._registry.attempts(_STAGE)
        if not self._may_move(session.feed) or any(begun.get(place, 0) >= MOST for place in places):
            course.end()
            return
        if not course.is_due:
            with stage("ask again"):
                self._ask(session, course)
            return
        with self.attempts.begun(places), stage(_STAGE):
            if self._improved(session, course, came):
                course.version, course.gained = session.head.version, True

    def _course(self, session: Session) -> _Course:
        known = self._courses.get(session.feed)
        return known if known is not None and known.version == session.head.version else _Course(session.head.version)

    def _may_move(self, feed: str) -> bool:
        """Whether the feed is answered from its newest version, and none is on trial."""
        route = self._registry.route(feed)
        return route is not None and route.follow and route.canary is None

    @staticmethod
    def _order(course: _Course) -> tuple[bool, int]:
        return not course.is_due, course.turns

    def _ask(self, session: Session, course: _Course) -> None:
        if not course.left:
            course.begin_round(session.memory.probe_each(course.rounds))
        probes, course.left = course.left[:_ASKED], course.left[_ASKED:]
        hits = rights(self._learner, session.feed, probes, "incumbent", self._gate)
        course.lost += [row for row, hit in zip(probes, hits, strict=True) if not hit]
        course.known = [*course.known, *(row for row, hit in zip(probes, hits, strict=True) if hit)][-_KNOWN:]

    def _improved(self, session: Session, course: _Course, came: Callable[[], bool]) -> bool:
        feed, lost, known = session.feed, course.lost, course.known
        course.lost = []
        stacked = self._learner.stacked(feed)
        try:
            gained, measures = self._learn(session, lost, known, course.turns, came)
        except RtadaptError:
            raise
        except Exception as error:  # noqa: BLE001 - then the feed stays as it is
            self._learner.reject(feed, keep=stacked)
            tell_failure(feed, (), error)
            self._learner.losses([SOUND])  # raises where the learner itself is broken
            return False
        metrics.REHEARSALS.labels(feed, "published" if gained >= _LEAST else "dropped").inc()
        logger.info("rehearsed", extra={"feed": feed, "asked": len(lost) + len(known), "lost": len(lost), "gained": gained})
        if gained < _LEAST:
            self._learner.reject(feed, keep=stacked)
            return False
        self._publishing.move(session, FeedBatch(feed, (), {}), measures)
        return True

    def _learn(
        self, session: Session, lost: Sequence[Example], known: Sequence[Example], turn: int, came: Callable[[], bool]
    ) -> tuple[int, dict[str, float]]:
        """One update on the rows of what is lost: by how many facts it is better and its measures; by none where
        it harms, or something `came`."""
        feed, memory, settings = session.feed, session.memory, self._settings
        rows = memory.rows_of(lost)
        anchors = memory.still_true(self._learner.anchors())
        draw = memory.draw(settings.train.replay_draw, (), turn, rows)
        update = self._learner.update(feed, rows, [*draw, *anchors], came)
        if came():
            return 0, {}
        batch = Batch(feed, (), tuple(rows), (), {})
        verdict = judge(self._learner, batch, update, known, anchors, self._gate, concerned(settings, session))
        regained = sum(rights(self._learner, feed, lost, "candidate", self._gate))
        measures = dict(verdict.measures)
        forgotten = round(measures["replay_lost"] * measures["replay_known"])
        return regained - forgotten if verdict.accepted else 0, measures
