"""Requests that wait until their version has learned an event (`x-rtadapt-after`).

Owns for how long they do. Takes what a request asks for; returns once it is covered, or its feed is there at all.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from rtadapt.errors import NotCovered, Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Token
from rtadapt.serving.live import Live
from rtadapt.serving.routing import AFTER_HEADER, After, Coverage, Target, coverage, feed_of, never, resolve
from rtadapt.serving.seats import NOBODY, Guest, Seats, unless_left
from rtadapt.web.asked import Receive

_UNKNOWN_SHARE = 10
"""One in so many seats is for those who ask for a feed that this replica does not know."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks for: a model, the key that chooses a canary, and the event it wants learned.

    A feed that this replica has not heard of is waited for `unknown_seconds` at most: by then it has looked.
    """

    model: str
    key: str
    after: Token | After | None
    patience_seconds: float
    unknown_seconds: float = 2.0
    guest: Guest = NOBODY

    def is_known(self, live: Live) -> bool:
        """Whether there is such a feed here, or none is needed."""
        return self.after is None or self.model != self.after.feed or self.model in live.view.feeds

    def is_away(self, live: Live) -> bool:
        """Whether there is such a feed and it has to be brought here first."""
        return self.after is not None and live.is_away(self.after.feed)

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
        self._seats = Seats(limit, "their events", AFTER_HEADER)
        self._unknown_limit = max(1, limit // _UNKNOWN_SHARE)
        self._unknown = 0

    async def until_here(self, ask: Ask, receive: Receive) -> None:
        """Returns once the feed that is asked is answered from here, if there is such a feed. `receive` is as below.

        Raises Unavailable when that takes too long or too many wait already, RateLimited when too many of one key do, Gone when
        the client left.
        """
        feed = feed_of(ask.model)
        if self._live.is_away(feed):
            await unless_left(receive, self._live.be_here(feed, ask.guest))

    async def until_covered(self, ask: Ask, receive: Receive) -> None:
        """Returns once the event is covered, or its feed has to be brought here first. `receive` tells of the client leaving; the
        body must have been read.

        Raises NotCovered when it isn't in time, Unavailable when too many wait already, RateLimited when too many of one key do,
        Conflict when it never will be, ModelNotFound when there is no such feed, Gone when the client left.
        """
        if ask.is_covered(self._live):
            return
        unknown = not ask.is_known(self._live)
        if unknown and self._unknown >= self._unknown_limit:
            raise Unavailable("too many requests are waiting for their events; try again", field=AFTER_HEADER)
        with self._seats.one(ask.guest), metrics.WAITING.track_inprogress():
            self._unknown += unknown
            try:
                is_covered = await unless_left(receive, self._covered(ask))
            finally:
                self._unknown -= unknown
        if not is_covered:
            message = f"{ask.model} did not reach event {ask.after} in {ask.patience_seconds:g} s; ask again with the same token"
            raise NotCovered(message, field=AFTER_HEADER)

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
