"""The record of a run with faults: what was asked, published and put in, and what a version was at any time.

For faulty_swaps.py, which judges it, and faults.py, which puts the faults in.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

from loadtests.many_swaps import Answer

FEED = "faulty"
EVERYWHERE = ""


@dataclass(slots=True)
class Asked:
    """One request: of which caller, at which replica, from when to when; what came, or why nothing did."""

    caller: int
    url: str
    began: float
    ended: float = 0.0
    answer: Answer | None = None
    problem: str = ""


@dataclass(slots=True)
class Commit:
    """A version, and in which life of the registry it was published."""

    moment: float
    number: int
    life: int


Excuse = Literal["all", "standing still", "nothing"]


@dataclass(slots=True)
class Trouble:
    """One fault: what, at which replica or EVERYWHERE, from when until when all was put right, and what it is an excuse for.

    `all` is also that a caller goes back a version and, at the one replica, that a request fails.
    """

    kind: str
    url: str
    began: float
    ended: float = float("inf")
    excuse: Excuse = "all"

    def excuses_failing(self, one: Asked) -> bool:
        """Whether that request may fail."""
        return self.excuse == "all" and self.url != EVERYWHERE and self._concerns(one)

    def excuses_standing_still(self, one: Asked) -> bool:
        """Whether that request may be answered from a version before the newest."""
        return self.excuse != "nothing" and self._concerns(one)

    def excuses_going_back(self, one: Asked, after: float) -> bool:
        """Whether that request may be answered from a version before that of the one before; also so many seconds `after`."""
        return self.excuse == "all" and self._concerns(one, after)

    def _concerns(self, one: Asked, after: float = 0.0) -> bool:
        return self.url in (one.url, EVERYWHERE) and self.began <= one.ended and one.began <= self.ended + after


@dataclass(slots=True)
class Run:
    """Everything that was done and seen. In each `life` of the registry a number means another adapter."""

    asked: list[Asked] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    lives: dict[str, int] = field(default_factory=dict)
    said: dict[tuple[int, str], str] = field(default_factory=dict)
    floors: list[int] = field(default_factory=lambda: [0])
    """For each life: up to which number its versions are those of the life before."""
    life: int = 0
    over: bool = False
    problems: list[str] = field(default_factory=list)
    """What went wrong while a fault was put in."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin_life(self, floor: int) -> None:
        """From now on versions above `floor` are other ones than before."""
        self.life += 1
        self.floors.append(floor)

    def adapter_of(self, incarnation: str, number: int, many: int) -> int:
        """Which of so many adapters a version is; `many` for the base model, -1 where nobody knows of the incarnation."""
        if number == 0:
            return many
        life = self.lives.get(incarnation)
        if life is None:
            return -1
        while number <= self.floors[life] and life:
            life -= 1
        return (number + life) % many
