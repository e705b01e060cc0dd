"""What this replica serves at this moment: the view, the requests under way, and whoever waits for it to change.

Owns the only state that middleware and watcher share; `not_followed` names the feeds of which the registry is not believed,
and why; `receipt_key` signs receipts, once it is known; `counts` are what answers came to by feed, version and arm, until they
are told; `look` follows what the registry says of a feed now, `bring` has it answered from here, and `idle` hears of a feed that
nobody asks any more; `scopes` say what the versions here speak of, by the engine's names. Lives on one event loop and is touched
from there alone, so nothing here needs a lock: choosing a version and counting the request happen without a pause in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping

from rtadapt.observe import metrics
from rtadapt.scope import Told
from rtadapt.serving.routing import ServingView, Target
from rtadapt.serving.seats import NOBODY, Guest


class Live:
    """The view in force, replaced as a whole."""

    def __init__(self, view: ServingView) -> None:
        self._view = view
        self._changed = asyncio.Event()
        self._flights: Counter[str] = Counter()
        self.ready = False
        self.max_model_len: int | None = None
        self.missing = "the watcher has not started"
        self.ending = ""
        self.not_followed: dict[str, str] = {}
        self.receipt_key = b""
        self.counts: Counter[tuple[str, int, str, str]] = Counter()
        self.look: Callable[[str], Awaitable[None]] | None = None
        self.bring: Callable[[str, Guest], Awaitable[None]] | None = None
        self.idle: Callable[[], None] = lambda: None
        self.asked: Counter[str] = Counter()
        self.asked_at: dict[str, float] = {}
        self.scopes: Mapping[str, Told] = {}

    @property
    def view(self) -> ServingView:
        """What is served now."""
        return self._view

    def replace(self, view: ServingView) -> None:
        """Serve `view` from now on and wake everybody who waits."""
        self._view = view
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    @contextlib.contextmanager
    def asking(self, feed: str) -> Iterator[None]:
        """While a request for `feed` is under way or waits, the feed is not let go."""
        self.asked[feed] += 1
        try:
            yield
        finally:
            self.asked[feed] -= 1
            if not self.asked[feed]:
                del self.asked[feed]
                if feed in self._view.feeds:
                    self.asked_at[feed] = time.monotonic()
                    self.idle()

    def is_away(self, feed: str) -> bool:
        """Whether there is such a feed and it has to be brought here first."""
        view = self._view.feeds.get(feed)
        return view is not None and view.away is not None

    async def be_here(self, feed: str, guest: Guest = NOBODY) -> None:
        """Return once `feed` is answered from here, if there is such a feed. Raises Unavailable when that takes too long or too
        many wait for that, RateLimited when too many of one caller do.
        """
        if self.is_away(feed) and self.bring is not None and not self.ending:
            await self.bring(feed, guest)

    async def be_sure(self, model: str) -> None:
        """Return once `model` answers here from nothing older than what another replica has answered from before this call.

        Only an alias whose route may have moved without this replica's having seen it takes a look into the registry.
        """
        feed = self._view.feeds.get(model)
        if feed is not None and feed.pending and self.look is not None and not self.ending:
            await self.look(model)

    def stop(self, reason: str) -> None:
        """This replica will not change its view any more, so nobody should wait for that. `reason` is for people."""
        self.ready = False
        self.missing = self.ending = reason
        self.replace(self._view)

    async def changed(self, seconds: float) -> bool:
        """Wait for the next view, at most `seconds`. Gives whether there was one."""
        event = self._changed
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    def depart(self, target: Target) -> None:
        """A request begins on `target`: its version stays loaded until `land`."""
        if target.feed is not None:
            self._flights[target.engine_model] += 1
            metrics.REQUESTS_IN_FLIGHT.labels(target.feed).inc()

    def land(self, target: Target) -> None:
        """The request has had its last byte, or is gone."""
        if target.feed is not None:
            self._flights[target.engine_model] -= 1
            if self._flights[target.engine_model] <= 0:
                del self._flights[target.engine_model]
            metrics.REQUESTS_IN_FLIGHT.labels(target.feed).dec()

    def in_flight(self, engine_model: str) -> int:
        """Requests under way on what the engine knows by that name."""
        return self._flights[engine_model]
