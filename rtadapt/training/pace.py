"""How many CPU threads the learner runs on: as many as help just now.

Owns the choice. On a machine that is otherwise idle two threads take two thirds of the time that one takes; where something else
keeps a core busy, an engine under load for example, threads wait for each other at every product and one is faster. So each
update tries both on its first steps and goes on with the faster one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_MOST = 8
_AVAILABLE = torch.get_num_threads()
"""What the process was started with: the machine's cores, or OMP_NUM_THREADS."""


class Pace:
    """The threads of one learner: `wanted` of them, or as it finds best when that is 0. Off the CPU it does nothing."""

    def __init__(self, wanted: int, on_cpu: bool) -> None:
        most = wanted or min(_MOST, _AVAILABLE)
        self._choices = () if not on_cpu else (most,) if wanted or most == 1 else (most, 1)
        self._took: dict[int, float] = {}
        if self._choices:
            torch.set_num_threads(most)

    def restart(self) -> None:
        """Forget what was measured: an update begins."""
        self._took.clear()

    @contextmanager
    def step(self, tokens: int) -> Iterator[None]:
        """Run one step over `tokens` tokens: on a number of threads that was not tried yet, else on the fastest."""
        untried = self._choices[len(self._took) :] if len(self._choices) > 1 else ()
        if untried:
            torch.set_num_threads(untried[0])
        began = time.monotonic()
        yield
        if untried:
            self._took[untried[0]] = (time.monotonic() - began) / max(1, tokens)
            if len(untried) == 1:
                torch.set_num_threads(min(self._took, key=self._took.__getitem__))
