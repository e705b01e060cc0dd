"""Requests that wait until their version has learned an event (`x-rtadapt-after`).

Owns the bound on how many wait and for how long. Takes what a request asks for; returns once it is covered.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from rtadapt.errors import NotCovered, RateLimited, Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Token
from rtadapt.serving.live import Live
from rtadapt.serving.routing import AFTER_HEADER, After, Coverage, Target, coverage, never, resolve
from rtadapt.web.asked import Gone, Receive

_UNKNOWN_SHARE = 10
"""One in so many places is for those who ask for a feed that this replica does not know."""
_CALLER_SHARE = 4
"""One in so many places is the most that one key may have."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks for: a model, the key that chooses a canary, and the event it wants learned.

    A feed that this replica has not heard of is waited for `unknown_seconds` at most: by then it has looked. `caller` is the
    id of the key that asks, where keys are asked for.
    """

    model: str
    key: str
    after: Token | After | None
    patience_seconds: float
    unknown_seconds: float = 2.0
    caller: str = ""

    def is_known(self, live: Live) -> bool:
        """Whether there is such a feed here, or none is needed."""
        return self.after is None or self.model != self.after.feed or self.model in live.view.feeds

    def is_away(self, live: Live) -> bool:
        """Whether there is such a feed and it has to be brought here first."""
        feed = live.view.feeds.get(self.after.feed) if self.after is not None else None
        return feed is not None and feed.away is not None

    def target(self, live: Live) -> Target:
        """The version that answers now. Raises as `resolve` does."""
        return resolve(live.view, self.model, self.key, self.after)

    def is_covered(self, live: Live) -> bool:
        """Whether that version has learned the event. Raises as `resolve` does, and Conflict when it never will."""
        if self.after is None:
            return True
        if not self.is_known(live):
            return _still(live)  # its first event was accepted just now, and this replica has not heard of the feed yet
        if self.is_away(live):
            return _still(live)
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
        self._unknown = 0
        self._of: Counter[str] = Counter()

    async def until_covered(self, ask: Ask, receive: Receive) -> None:
        """Returns once the event is covered, or its feed has to be brought here first. `receive` tells of the client leaving; the
        body must have been read.

        Raises NotCovered when it isn't in time, Unavailable when too many wait already, RateLimited when too many of one key do,
        Conflict when it never will be, ModelNotFound when there is no such feed, Gone when the client left.
        """
        if ask.is_covered(self._live):
            return
        unknown = not ask.is_known(self._live)
        if self._inside >= self._limit or (unknown and self._unknown >= max(1, self._limit // _UNKNOWN_SHARE)):
            raise Unavailable("too many requests are waiting for their events; try again", field=AFTER_HEADER)
        if ask.caller and self._of[ask.caller] >= max(1, self._limit // _CALLER_SHARE):
            raise RateLimited("too many requests of this key are waiting for their events; try again", field=AFTER_HEADER)
        self._inside += 1
        self._of[ask.caller] += 1
        self._unknown += unknown
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
            self._of[ask.caller] -= 1
            self._of += Counter()  # forgets whom none is left of
            self._unknown -= unknown
            metrics.WAITING.dec()

    async def _covered(self, ask: Ask) -> bool:
        began = time.monotonic()
        while not ask.is_covered(self._live):
            if ask.is_away(self._live):
                return True
            patience = ask.patience_seconds if ask.is_known(self._live) else min(ask.patience_seconds, ask.unknown_seconds)
            left = began + patience - time.monotonic()
            if left > 0 and await self._live.changed(left):
                continue
            if not ask.is_known(self._live) and patience < ask.patience_seconds:
                ask.target(self._live)  # says that there is none
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
