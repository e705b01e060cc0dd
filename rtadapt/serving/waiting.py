"""Requests that wait until their version has learned an event (`x-rtadapt-after`).

Owns the bound on how many wait and for how long. Takes what a request asks for; returns once it is covered.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from rtadapt.errors import NotCovered, Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Token
from rtadapt.serving.engine import Receive
from rtadapt.serving.http import Gone
from rtadapt.serving.live import Live
from rtadapt.serving.routing import AFTER_HEADER, Coverage, Target, coverage, never, resolve


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks for: a model, the key that chooses a canary, and the event it wants learned."""

    model: str
    key: str
    after: Token | None
    patience_seconds: float

    def target(self, live: Live) -> Target:
        """The version that answers now. Raises as `resolve` does."""
        return resolve(live.view, self.model, self.key, self.after)

    def is_covered(self, live: Live) -> bool:
        """Whether that version has learned the event. Raises as `resolve` does, and Conflict when it never will."""
        if self.after is None:
            return True
        if self.after.feed == self.model and self.model not in live.view.feeds:
            return _still(live)  # its first event was accepted just now, and this replica has not heard of the feed yet
        target = self.target(live)
        found = coverage(live.view, target, self.after)
        if found is Coverage.NEVER:
            raise never(target, self.after)
        return found is Coverage.COVERED or _still(live)


class WaitingRoom:
    """All requests of this replica that wait, at most `limit` of them."""

    def __init__(self, live: Live, limit: int) -> None:
        self._live = live
        self._limit = limit
        self._inside = 0

    async def until_covered(self, ask: Ask, receive: Receive) -> None:
        """Returns once the event is covered. `receive` tells of the client leaving; the body must have been read.

        Raises NotCovered when it isn't in time, Unavailable when too many wait already, Gone when the client left.
        """
        if ask.is_covered(self._live):
            return
        if self._inside >= self._limit:
            raise Unavailable("too many requests are waiting for their events; try again", field=AFTER_HEADER)
        self._inside += 1
        metrics.WAITING.inc()
        gone = asyncio.ensure_future(_left(receive))
        covered = asyncio.ensure_future(self._covered(ask))
        try:
            await asyncio.wait((covered, gone), return_when=asyncio.FIRST_COMPLETED)
            if not covered.done():
                raise Gone
            if not covered.result():
                message = (
                    f"{ask.model} did not reach event {ask.after} in {ask.patience_seconds:g} s; ask again with the same token"
                )
                raise NotCovered(message, field=AFTER_HEADER)
        finally:
            covered.cancel()
            gone.cancel()
            self._inside -= 1
            metrics.WAITING.dec()

    async def _covered(self, ask: Ask) -> bool:
        deadline = time.monotonic() + ask.patience_seconds
        while not ask.is_covered(self._live):
            left = deadline - time.monotonic()
            if left <= 0 or not await self._live.changed(left):
                return ask.is_covered(self._live)
        return True


def _still(live: Live) -> bool:
    """Not covered yet: False while that may change, else Unavailable."""
    if live.ending:
        raise Unavailable(f"{live.ending}; try again", field=AFTER_HEADER)
    return False


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
