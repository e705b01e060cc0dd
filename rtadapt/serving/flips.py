"""Flips: when an alias began to answer from another version, and which events that made answerable.

Owns the headline metric, `rtadapt_event_to_served_seconds`: over all replicas each event is observed once, by whichever sees
it served first. The registry keeps the account, so that a replica which restarts in between loses and repeats none.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Version, version_name

logger = logging.getLogger(__name__)

_IDS_LOGGED = 200

Account = Callable[[str, int, str, int], Awaitable[list[Version]]]
"""Registry.account: feed, number, an id of the call, and what was served before this replica looked."""


@dataclass(frozen=True, slots=True)
class Flip:
    """An alias changed its version at `moment`, in Unix seconds. `before` is None at this replica's first answer from it."""

    feed: str
    before: int | None
    after: int
    moment: float
    change: str = field(default_factory=lambda: uuid.uuid4().hex)


class Flips:
    """Takes every change as it is seen, and accounts for it when there is time."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._seen: list[Flip] = []
        self._news = asyncio.Event()

    def see(self, feed: str, before: int | None, after: int | None, route_stable: int) -> None:
        """The alias answered from `before` and answers from `after` now; None is nothing yet."""
        self._first.setdefault(feed, route_stable)
        if after is None or after == before:
            return
        metrics.ROUTE_VERSION.labels(feed).set(after)
        if before is not None:
            metrics.FLIPS.labels(feed).inc()
        self._seen.append(Flip(feed, before, after, time.time()))
        self._news.set()

    async def run(self, account: Account, pause_seconds: float) -> None:
        """Account for flips as they come, until cancelled. `account` may raise Unavailable: then it is asked again later."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.account(account)
            except Unavailable:
                self._news.set()
                await asyncio.sleep(pause_seconds)

    async def account(self, account: Account) -> None:
        """Observe and log the events of each flip that was seen and that no other replica has accounted for.

        Versions in between that were never loaded here count too: the newer one learned on from them.
        """
        while self._seen:
            flip = self._seen[0]
            versions = await account(flip.feed, flip.after, flip.change, self._first[flip.feed])
            self._seen.pop(0)
            self._tell(flip, versions)

    def _tell(self, flip: Flip, versions: list[Version]) -> None:
        events = [event for version in versions for event in version.events]
        for event in events:
            metrics.EVENT_TO_SERVED.labels(flip.feed).observe(max(0.0, flip.moment - event.accepted_at))
        if flip.before is None and not events:
            return
        logger.info(
            "route flipped",
            extra={
                "feed": flip.feed,
                "version": version_name(flip.feed, flip.after),
                "from_version": None if flip.before is None else version_name(flip.feed, flip.before),
                "events": len(events),
                "event_ids": [event.id for event in events[:_IDS_LOGGED]],
            },
        )
