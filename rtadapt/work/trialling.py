"""The prequential loss of a trial: how much each event that follows surprises either arm, before anybody learned it.

Owns when it is measured and what is counted. Takes prepared events; adds to the registry's tallies, by version and arm. What
can't be measured is left out and holds nothing up: a trial goes on with the events of which both arms have a loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from statistics import fmean

from rtadapt.errors import NotFound, RtadaptError
from rtadapt.observe.logs import get_logger
from rtadapt.records import Route, version_name
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.scratch import scratch
from rtadapt.training.learner import Learner
from rtadapt.training.prequential import losses
from rtadapt.work.rounds import Prepared

logger = get_logger(__name__)

_ROWS_AN_EVENT = 4
_EVENTS_A_BATCH = 16
Counts = Counter[tuple[int, str, str]]


class Trialling:
    """One worker's. Used from one thread."""

    def __init__(self, registry: Registry, store: ArtifactStore, learner: Learner) -> None:
        self._registry = registry
        self._store = store
        self._learner = learner

    @contextmanager
    def measured(self, feed: str, prepared: Sequence[Prepared]) -> Iterator[None]:
        """Measure both arms before the block learns and commits; count once it did: a batch that is done again counts once."""
        route = self._registry.route(feed)
        counts = Counts()
        if route is not None and route.canary is not None and route.begun:
            try:
                counts = self._counts(route, [one for one in prepared if one.is_whole][:_EVENTS_A_BATCH])
            except RtadaptError as error:
                logger.warning("a trial's loss can't be measured", extra={"feed": feed, "code": error.code, "why": str(error)})
        yield
        if counts:
            try:
                self._registry.count(feed, counts)
            except RtadaptError as error:
                logger.warning("a trial's loss was not counted", extra={"feed": feed, "code": error.code})

    def _counts(self, route: Route, prepared: Sequence[Prepared]) -> Counts:
        counts = Counts()
        if not prepared or route.canary is None:
            return counts
        arms = (route.stable, f"stable{route.trial}"), (route.canary, f"{'shadow' if route.shadow else 'canary'}{route.trial}")
        stable, canary = (self._surprise(route.feed, number, prepared) for number, _ in arms)
        for before, after in zip(stable, canary, strict=True):
            if not (isfinite(before) and isfinite(after)):
                continue
            for arm, mine, other in ((arms[0], before, after), (arms[1], after, before)):
                counts[*arm, "events"] += 1
                counts[*arm, "worse"] += mine > other
                counts[*arm, "millinats"] += round(mine * 1000)
        return counts

    def _surprise(self, feed: str, number: int, prepared: Sequence[Prepared]) -> list[float]:
        """Nats a token of each event's held-out wordings under a version."""
        held_out = [one.rendering.held_out[:_ROWS_AN_EVENT] for one in prepared]
        with scratch("trial") as folder:
            found = iter(losses(self._learner, self._state(feed, number, folder), [row for rows in held_out for row in rows]))
        return [fmean(next(found) for _ in rows) for rows in held_out]

    def _state(self, feed: str, number: int, folder: Path) -> Path | None:
        """The state of a version, fetched below `folder`; the registry keeps those that the route names."""
        if number == 0:
            return None
        head, version = self._registry.head(feed), self._registry.version(feed, number)
        if head is None or version is None:
            raise NotFound(f"there is no version {version_name(feed, number)}", field="version")
        self._registry.signatures.check_version(version, head.origin)
        return self._store.fetch(version.state, folder)
