"""Requests that wait for a feed that is not loaded on their replica.

Owns who waits for which feed and for how long. What is to be loaded for them, and what makes room for
it, is residency.py's.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.serving.seats import Guest, Seats


class Demand:
    """Of one replica."""

    def __init__(self, limit: int, patience_seconds: float) -> None:
        self._seats = Seats(limit, "feeds that are not loaded here", "model")
        self._patience_seconds = patience_seconds
        self._waiting: Counter[str] = Counter()
        self._answers: dict[str, asyncio.Future[str]] = {}

    def has(self, feed: str) -> bool:
        """Whether anybody waits for the feed."""
        return feed in self._waiting

    async def wait(self, feed: str, guest: Guest) -> None:
        """Return once `settle` says that the feed is here. Raises Unavailable when it can't be, or not in time, or when too many
        wait already, RateLimited when too many of one key do.
        """
        with self._seats.one(guest):
            began = time.monotonic()
            answer = self._answers.setdefault(feed, asyncio.get_running_loop().create_future())
            self._waiting[feed] += 1
            try:
                async with asyncio.timeout(self._patience_seconds):
                    reason = await asyncio.shield(answer)
            except TimeoutError:
                reason = f"{feed} was not loaded here within {self._patience_seconds:g} s"
            finally:
                self._waiting[feed] -= 1
                if not self._waiting[feed]:
                    del self._waiting[feed]
                    self._answers.pop(feed, None)
                metrics.BRING_SECONDS.observe(time.monotonic() - began)
        if reason:
            raise Unavailable(f"{reason}; try again", field="model")

    def settle(self, feed: str, reason: str = "") -> None:
        """Have all go on that wait for the feed; with a `reason` for which it can't be here."""
        answer = self._answers.pop(feed, None)
        if answer is not None and not answer.done():
            answer.set_result(reason)
