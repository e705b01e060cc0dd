"""Whether a loop still turns: it says so at each turn, and a probe asks.

Owns the time of the last turn and the longest that one may take. Before the first turn nothing is judged: what is
loaded then may take as long as it takes, and readiness tells of it.
"""

from __future__ import annotations

import time

from rtadapt.observe import metrics


class Pulse:
    """One loop's. Beaten by the loop's thread, asked from any."""

    def __init__(self, longest_turn_seconds: float) -> None:
        self._longest_turn_seconds = longest_turn_seconds
        self._last: float | None = None
        self.last_at: float | None = None
        """When the last turn was over, Unix seconds."""

    def beat(self) -> None:
        """A turn is over."""
        self._last = time.monotonic()
        self.last_at = time.time()
        metrics.WORKER_LAST_STEP.set(self.last_at)

    def alive(self) -> bool:
        """False while a turn takes longer than any may."""
        return self._last is None or time.monotonic() - self._last < self._longest_turn_seconds
