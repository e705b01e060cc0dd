"""How many CPU threads the base runs on: as many as help just now.

Owns the choice. On a machine that is otherwise idle two threads take little more than half of the time that one takes. Where
something else keeps a core busy, an engine under load for example, they wait for each other at every product, and a step takes
many times as long. So a few products are timed on all threads and on one, every few seconds of work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_MOST = 8
_AVAILABLE = torch.get_num_threads()
"""What the process was started with: the machine's cores, or OMP_NUM_THREADS."""
_EVERY_SECONDS = 4.0
_PRODUCTS = 5
"""Of the size of a step's own: where the processor has matrix units, smaller ones end before a second thread has woken."""
_WORTH = 0.7


class Pace:
    """The threads of one learner: `wanted` of them, or as it finds best when that is 0. Off the CPU it does nothing."""

    def __init__(self, wanted: int, on_cpu: bool, dtype: torch.dtype) -> None:
        self._most = wanted or min(_MOST, _AVAILABLE)
        self._measures = on_cpu and not wanted and self._most > 1
        self._measured_at = -_EVERY_SECONDS
        self._is_inside = False
        self._chosen = self._most
        self._probe = torch.ones(1024, 576, dtype=dtype), torch.ones(576, 1536, dtype=dtype)
        if on_cpu:
            torch.set_num_threads(wanted or 1)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Run what is inside, a second or so at most, on the threads that are best now."""
        if not self._measures or self._is_inside:
            yield
            return
        if time.monotonic() >= self._measured_at + _EVERY_SECONDS:
            self._chosen = self._most if self._seconds(self._most) < _WORTH * self._seconds(1) else 1
            self._measured_at = time.monotonic()
        self._is_inside = True
        torch.set_num_threads(self._chosen)
        try:
            yield
        finally:
            self._is_inside = False
            torch.set_num_threads(1)

    def _seconds(self, threads: int) -> float:
        """How long a few products take."""
        torch.set_num_threads(threads)
        rows, matrix = self._probe
        torch.mm(rows, matrix)  # the first one wakes the threads
        began = time.monotonic()
        for _ in range(_PRODUCTS):
            torch.mm(rows, matrix)
        return time.monotonic() - began
