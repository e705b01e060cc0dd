"""Doing in a thread what several requests ask for at the same time.

Takes a function of a list; a request awaits the answer to one item. What comes while the threads are busy waits, and then goes
in one call: a thread for each small request costs more than what it does. Owns whose answers are whose.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from rtadapt.errors import Overloaded

_I = TypeVar("_I")
_A = TypeVar("_A")

_THREADS = 2
"""While one waits for what it has written, another one reads."""
_MOST_WAITING = 10_000


class Gathering(Generic[_I, _A]):
    """`do` gives an answer, or the error to raise, for each item. It is called with `most` items at most, by two threads."""

    def __init__(self, do: Callable[[Sequence[_I]], Sequence[_A | Exception]], most: int) -> None:
        self._do = do
        self._most = most
        self._waiting: deque[tuple[_I, asyncio.Future[_A]]] = deque()
        self._idle = _THREADS
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="gathering")

    async def __call__(self, item: _I) -> _A:
        """The answer to this item. Raises what stands in its place, what `do` raises, and Overloaded."""
        if len(self._waiting) >= _MOST_WAITING:
            raise Overloaded("too many requests wait to be looked at", retry_after=1)
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[_A] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._begin, loop)  # what else has come in this turn of the loop goes along
        self._waiting.append((item, mine))
        return await mine

    def close(self) -> None:
        """Wait until what was begun is done."""
        self._pool.shutdown()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._idle and self._waiting:
            self._idle -= 1
            part = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._pool.submit(self._work, loop, part)

    def _work(self, loop: asyncio.AbstractEventLoop, part: list[tuple[_I, asyncio.Future[_A]]]) -> None:
        answers: Sequence[_A | Exception]
        try:
            answers = self._do([item for item, _ in part])
        except Exception as error:  # noqa: BLE001 - each caller raises it
            answers = [error] * len(part)
        loop.call_soon_threadsafe(self._end, loop, part, answers)

    def _end(
        self, loop: asyncio.AbstractEventLoop, part: list[tuple[_I, asyncio.Future[_A]]], answers: Sequence[_A | Exception]
    ) -> None:
        self._idle += 1
        for (_, future), answer in zip(part, answers, strict=True):
            if future.done():  # its caller has left
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._begin(loop)
