"""The account of flips: when an alias began to answer from another version, and which events that made answerable.

Owns the headline metric, `rtadapt_event_to_served_seconds`: each event is observed once on each replica, at the first
flip to a version that has learned it. What was flipped before this replica started is not its to account for.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Version, version_name

logger = logging.getLogger(__name__)

_IDS_LOGGED = 200
_VERSIONS_ACCOUNTED = 50

Lookup = Callable[[str, int], Awaitable[Version | None]]


@dataclass(frozen=True, slots=True)
class Flip:
    """An alias changed its version at `moment`, in Unix seconds."""

    feed: str
    before: int
    after: int
    moment: float


class Flips:
    """Takes every change as it is seen, and accounts for it when there is time."""

    def __init__(self) -> None:
        self._accounted: dict[str, int] = {}
        self._seen: list[Flip] = []
        self._news = asyncio.Event()

    def see(self, feed: str, before: int | None, after: int | None, route_stable: int) -> None:
        """The alias answered from `before` and answers from `after` now; None is nothing yet."""
        # What the route named when this replica first saw the feed was flipped before.
        self._accounted.setdefault(feed, route_stable)
        if after is None or after == before:
            return
        metrics.ROUTE_VERSION.labels(feed).set(after)
        if before is not None:
            metrics.FLIPS.labels(feed).inc()
            self._seen.append(Flip(feed, before, after, time.time()))
            self._news.set()

    async def run(self, lookup: Lookup, pause_seconds: float) -> None:
        """Account for flips as they come, until cancelled. `lookup` may raise Unavailable: then it is asked again later."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.account(lookup)
            except Unavailable:
                self._news.set()
                await asyncio.sleep(pause_seconds)

    async def account(self, lookup: Lookup) -> None:
        """Observe and log the events of each flip that was seen. `lookup(feed, number)` gives a version's record.

        Versions in between that were never loaded here count too: the newer one learned on from them.
        """
        while self._seen:
            flip = self._seen[0]
            already = self._accounted[flip.feed]
            numbers = range(max(already + 1, flip.after - _VERSIONS_ACCOUNTED + 1), flip.after + 1)
            versions = [await lookup(flip.feed, number) for number in numbers]
            self._seen.pop(0)
            self._accounted[flip.feed] = max(already, flip.after)
            self._tell(flip, [version for version in versions if version is not None])

    def _tell(self, flip: Flip, versions: list[Version]) -> None:
        events = [event for version in versions for event in version.events]
        for event in events:
            metrics.EVENT_TO_SERVED.labels(flip.feed).observe(max(0.0, flip.moment - event.accepted_at))
        logger.info(
            "route flipped",
            extra={
                "feed": flip.feed,
                "version": version_name(flip.feed, flip.after),
                "from_version": version_name(flip.feed, flip.before),
                "events": len(events),
                "event_ids": [event.id for event in events[:_IDS_LOGGED]],
            },
        )
