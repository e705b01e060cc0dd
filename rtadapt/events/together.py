"""Doing at once what several threads ask for at the same time.

Takes a function of a list; any thread may call the result with items of its own. What comes while the function runs for others
waits, and then goes in one call. Owns whose turn it is and whose answers are whose. A call that fails fails for all that went
with it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_I = TypeVar("_I")
_A = TypeVar("_A")


class Together(Generic[_I, _A]):
    """`do` gives an answer for each item. It is called by one thread at a time, with some `most` items, or one caller's."""

    def __init__(self, do: Callable[[list[_I]], Sequence[_A]], most: int) -> None:
        self._do = do
        self._most = most
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: deque[_Part[_I, _A]] = deque()

    def __call__(self, items: Sequence[_I]) -> list[_A]:
        """The answers to these items, in their order. Raises what `do` raises."""
        mine = _Part[_I, _A](items)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            while not mine.is_over:  # one whose turn came before may have taken it along
                self._go()
        if mine.error is not None:
            raise mine.error
        return mine.answers

    def _go(self) -> None:
        parts = self._next()
        try:
            answers = list(self._do([item for part in parts for item in part.items]))
        except BaseException as error:  # noqa: BLE001 - each caller raises it
            for part in parts:
                part.error = error
        else:
            begin = 0
            for part in parts:
                part.answers = answers[begin : begin + len(part.items)]
                begin += len(part.items)
        for part in parts:
            part.is_over = True

    def _next(self) -> list[_Part[_I, _A]]:
        parts: list[_Part[_I, _A]] = []
        count = 0
        with self._lock:
            while self._waiting and (not parts or count + len(self._waiting[0].items) <= self._most):
                parts.append(self._waiting.popleft())
                count += len(parts[-1].items)
        return parts


@dataclass(slots=True)
class _Part(Generic[_I, _A]):
    """One caller's."""

    items: Sequence[_I]
    answers: list[_A] = field(default_factory=list)
    error: BaseException | None = None
    is_over: bool = False
