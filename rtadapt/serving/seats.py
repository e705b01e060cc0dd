"""Seats for requests that wait, whatever for.

Owns how many there are, how many of them one key may have, and that whoever has left keeps none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from rtadapt.errors import RateLimited, Unavailable
from rtadapt.web.asked import Gone, Receive

T = TypeVar("T")

_CALLER_SHARE = 4
"""One in so many seats is the most that one key may have."""


class Seats:
    """So many. `awaited` is what for, and `field` what of a request is at fault when there is none left."""

    def __init__(self, limit: int, awaited: str, field: str) -> None:
        self._limit = limit
        self._awaited = awaited
        self._field = field
        self._of: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many wait."""
        return self._of.total()

    @contextlib.contextmanager
    def one(self, caller: str) -> Iterator[None]:
        """A seat while the block lasts. `caller` is the id of the key that asks, where keys are asked for.

        Raises Unavailable when none is left, RateLimited when the caller has its share.
        """
        if self.taken >= self._limit:
            raise Unavailable(f"too many requests are waiting for {self._awaited}; try again", field=self._field)
        if caller and self._of[caller] >= max(1, self._limit // _CALLER_SHARE):
            raise RateLimited(f"too many requests of this key are waiting for {self._awaited}; try again", field=self._field)
        self._of[caller] += 1
        try:
            yield
        finally:
            self._of[caller] -= 1
            self._of += Counter()  # forgets whom none is left of


async def unless_left(receive: Receive, waiting: Coroutine[Any, Any, T]) -> T:
    """What comes of `waiting`, which ends when the client leaves: then Gone is raised. The request's body must have been read."""
    done, gone = asyncio.ensure_future(waiting), asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((done, gone), return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            raise Gone
        return done.result()
    finally:
        done.cancel()
        gone.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
