"""What a worker holds of the feeds it owns: epoch, head, replay memory, scope, and the learner's adapter.

Owns taking a feed over (a new epoch, then the state of its newest version) and letting it go. Nothing here is the
truth: a session that is dropped is opened again from the head.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from rtadapt.admission.admit import Admission
from rtadapt.config import Settings
from rtadapt.curation.replay import Memory
from rtadapt.errors import NotFound, StaleEpoch
from rtadapt.observe import metrics
from rtadapt.policy import FeedPolicy
from rtadapt.records import Head, Position, Positions, Version
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.scope import Scope
from rtadapt.scratch import scratch
from rtadapt.training.learner import Learner
from rtadapt.work.floors import Floors

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Session:
    """One feed in this worker's hands. `read` is, per partition, the offset after the last record taken in.

    `begun` is where its first one was. `policy` is what its owner allows, as of the batch at hand. `lost` is, per partition,
    where the head stands although this worker knew it further on: the registry has lost writes.
    """

    feed: str
    epoch: int
    head: Head
    memory: Memory
    scope: Scope
    policy: FeedPolicy = field(default_factory=FeedPolicy)
    read: dict[int, int] = field(default_factory=dict)
    begun: dict[int, int] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)

    def is_new(self, position: Position) -> bool:
        """Whether a record is beyond the head and what was already taken in; if so, it counts as taken in."""
        self.begun.setdefault(position.partition, position.offset)
        if position.offset < max(self.head.positions.get(position.partition, 0), self.read.get(position.partition, 0)):
            return False
        self.read[position.partition] = position.offset + 1
        return True

    def undecided(self) -> dict[int, int]:
        """Per partition, where its first record may lie that is not decided."""
        return {partition: max(first, self.head.positions.get(partition, 0)) for partition, first in self.begun.items()}

    def advance(self, positions: Positions, version: Version | None) -> None:
        """Follow a commit that went through."""
        number = self.head.version if version is None else version.number
        last = max(self.head.last, number)
        self.head = replace(self.head, version=number, last=last, positions={**self.head.positions, **positions})


class Sessions:
    """The feeds of one worker, opened on first sight."""

    def __init__(
        self,
        settings: Settings,
        owner: str,
        *,
        registry: Registry,
        store: ArtifactStore,
        learner: Learner,
        admission: Admission,
        floors: Floors,
    ) -> None:
        self._capacity = settings.train.replay_capacity
        self._owner = owner
        self._registry = registry
        self._store = store
        self._learner = learner
        self._admission = admission
        self._floors = floors
        self._open: dict[str, Session] = {}

    def __contains__(self, feed: str) -> bool:
        return feed in self._open

    def __len__(self) -> int:
        return len(self._open)

    def of(self, feed: str) -> Session:
        """The feed's session, taken over now if this worker does not hold it yet."""
        if feed not in self._open:
            try:
                self._open[feed] = self._take_over(feed)
            except BaseException:
                self._close(feed)  # of a state that is damaged half may have been read
                raise
        self._open[feed] = self._open.pop(feed)  # the last one is the one that was used last
        return self._open[feed]

    def check(self, session: Session) -> None:
        """Raises StaleEpoch when the feed has another owner by now, or was taken back: its update would be for nothing."""
        head = self._registry.head(session.feed)
        if head is not None and head.epoch != session.epoch:
            raise StaleEpoch(f"feed {session.feed} was taken over or back, at epoch {head.epoch}")

    def held(self, feed: str) -> Session | None:
        """The feed's session if it is open."""
        return self._open.get(feed)

    def all(self) -> list[Session]:
        """Those that are open; the one that was used last comes last."""
        return list(self._open.values())

    def let_idle_go(self, most: int, busy: Collection[str]) -> None:
        """Let go of feeds that were not used for the longest time, until `most` are open; not of those that are `busy`."""
        idle = [feed for feed in self._open if feed not in busy]
        for feed in idle[: max(0, len(self._open) - most)]:
            self.drop(feed)

    def drop(self, feed: str) -> None:
        """Let the feed go; what was not committed is forgotten here and read from the log again."""
        session = self._open.pop(feed, None)
        if session is not None:
            self._see(session)
            self._close(feed)
            logger.info("feed let go", extra={"feed": feed})

    def drop_partition(self, partition: int) -> None:
        """Let go of the feeds that were read from `partition`."""
        for session in list(self._open.values()):
            if partition in session.begun:
                self.drop(session.feed)

    def drop_all(self) -> None:
        """Let go of every feed."""
        for feed in list(self._open):
            self.drop(feed)

    def see(self) -> None:
        """Have it known where the feeds stand that are open."""
        for session in self._open.values():
            self._see(session)

    def _see(self, session: Session) -> None:
        if not session.lost:
            self._floors.see(session.head)

    def _close(self, feed: str) -> None:
        self._learner.close_feed(feed)
        self._admission.close_feed(feed)
        metrics.GATE_MEASURE.remove_by_labels({"feed": feed})  # whoever learns the feed next measures it anew

    def _take_over(self, feed: str) -> Session:
        epoch = self._registry.claim(feed, self._owner)
        head = self._registry.head(feed)
        if head is None:
            raise NotFound(f"feed {feed} has no head although it was just claimed")
        self._registry.signatures.check_head(head)
        memory, scope = Memory(self._capacity), Scope(self._learner.tells)
        if head.version == 0:
            self._learner.open(feed, None)
        else:
            self._restore(head, memory, scope)
        logger.info("feed taken over", extra={"feed": feed, "epoch": epoch, "version": head.version})
        return Session(feed, epoch, head, memory, scope, lost=self._floors.lost(head))

    def _restore(self, head: Head, memory: Memory, scope: Scope) -> None:
        version = self._registry.version(head.feed, head.version)
        if version is None:
            raise NotFound(f"the record of {head.feed}@{head.version} is gone from the registry; restore it from a backup")
        self._registry.signatures.check_version(version, head.origin)
        with scratch("state") as around:
            folder = self._store.fetch(version.state, around)
            self._learner.open(head.feed, folder)
            memory.load(folder)
            scope.load(folder)
            self._admission.load(head.feed, folder)
