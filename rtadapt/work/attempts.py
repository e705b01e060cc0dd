"""How often each event was begun and not ended: an event that ends the process must not do so for ever.

Owns the counting, before and after each stage that an event could end the process in, and the places that an earlier process
left begun. The counts are in the registry, because the process that could remember them is gone; processes are counted, and not
tries, so that a registry whose answers are lost makes nothing of an innocent event. What a caller ends by an error that is
foreseen counts as ended.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from rtadapt.errors import RtadaptError
from rtadapt.records import Position
from rtadapt.registry.registry import Registry

MOST = 3
"""An event at which the process has ended so often is not tried again."""
REASON = "failed"
DETAIL = f"the worker ended {MOST} times while it was at this event"


class Attempts:
    """Those of one stage. Used from one thread, but for `withdraw`."""

    def __init__(self, registry: Registry, stage: str, process: str) -> None:
        """`process` is no other process's name, and stays when this one starts over."""
        self._registry = registry
        self._stage = stage
        self._process = process
        self._left: frozenset[Position] = frozenset()
        self._lock = threading.Lock()
        self._under_way: Sequence[Position] = ()

    def look(self) -> None:
        """See what earlier processes left begun. To be called whenever partitions come."""
        self._left = frozenset(self._registry.attempts(self._stage))

    def suspects(self, places: Sequence[Position]) -> bool:
        """Whether one of them was begun by a process that ended: then each is to be tried by itself."""
        return not self._left.isdisjoint(places)

    @contextmanager
    def begun(self, places: Sequence[Position]) -> Iterator[bool]:
        """Count the block as one attempt at each of `places`; says whether they may be tried at all."""
        counts = self._registry.begin_attempt(self._stage, places, self._process) if places else []
        with self._lock:
            self._under_way = places
        try:
            yield max(counts, default=0) <= MOST
        except RtadaptError:
            self.withdraw()
            raise
        self.withdraw()
        self._left = self._left.difference(places)

    def withdraw(self) -> None:
        """What is under way does not count as an attempt: the process ends for another reason, or the stage is over."""
        with self._lock:
            places, self._under_way = self._under_way, ()
        if places:
            with suppress(RtadaptError):  # then this process counts as one that ended, and they are tried one by one next time
                self._registry.end_attempt(self._stage, places)
