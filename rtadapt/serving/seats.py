"""Seats for requests that wait, whatever for.

Owns how many there are, how many of them one key may have, how large what waits may be, and that whoever has left keeps none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from rtadapt.errors import RateLimited, Unavailable
from rtadapt.web.asked import Gone, Receive

T = TypeVar("T")

_MOST_BYTES = 64 * 2**20
"""Of the bodies that wait. Read as JSON they take a few times that."""

_CALLER_SHARE = 4
"""One in so many seats is the most that one key may have."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A request that waits: the id of the key that asks, where keys are asked for, and the size of its body."""

    caller: str = ""
    size_bytes: int = 0


NOBODY = Guest()


class Seats:
    """So many. `awaited` is what for, and `field` what of a request is at fault when there is none left."""

    def __init__(self, limit: int, awaited: str, field: str) -> None:
        self._limit = limit
        self._awaited = awaited
        self._field = field
        self._of: Counter[str] = Counter()
        self._bytes = 0

    @property
    def taken(self) -> int:
        """How many wait."""
        return self._of.total()

    @contextlib.contextmanager
    def one(self, guest: Guest) -> Iterator[None]:
        """A seat while the block lasts. Raises Unavailable when none is left, RateLimited when the caller has its share."""
        caller = guest.caller
        if self.taken >= self._limit or (self.taken and self._bytes + guest.size_bytes > _MOST_BYTES):
            raise Unavailable(f"too many requests are waiting for {self._awaited}; try again", field=self._field)
        if caller and self._of[caller] >= max(1, self._limit // _CALLER_SHARE):
            raise RateLimited(f"too many requests of this key are waiting for {self._awaited}; try again", field=self._field)
        self._of[caller] += 1
        self._bytes += guest.size_bytes
        try:
            yield
        finally:
            self._bytes -= guest.size_bytes
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
