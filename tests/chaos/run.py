"""One chaos run: rounds of faults under traffic, each followed by rest and a check of everything."""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.fleet import Fleet
from tests.chaos.invariants import Witness, unsettled, verdict
from tests.chaos.traffic import Traffic

_SETTLE_SECONDS = 600.0
"""For a machine that does other things too."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen. `only` names kinds; () means all of them, in turns."""

    faults: int
    seconds: float = float("inf")
    every_seconds: float = 0.0
    only: tuple[str, ...] = ()
    feeds: int = 12
    workers: int = 3
    rate: float = 4.0
    round_faults: int = 25
    seed: int = 0
    longest: float = float("inf")
    """No fault lasts longer than so many seconds."""
    together_share: float = 0.25
    """How often there are two at once."""


@dataclass(slots=True)
class Report:
    """What happened, and what was wrong."""

    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    pushed: int = 0
    tries: int = 0
    answered: int = 0
    looks: int = 0
    versions: int = 0
    rest_seconds: list[float] = field(default_factory=list)
    join_seconds: list[float] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report."""
        kinds = [f"  {count:>4} × {kind}" for kind, count in sorted(self.faults.items(), key=lambda pair: (-pair[1], pair[0]))]
        rest = max(self.rest_seconds, default=0.0)
        return [
            f"{self.faults.total()} faults of {len(self.faults)} kinds:",
            *kinds,
            f"{self.pushed} events accepted in {self.tries} tries, {self.versions} versions, {self.answered} answers by token,"
            f" {self.looks} looks at the heads; at rest within {rest:.0f} s",
            *([f"workers that joined had partitions after {shown(self.join_seconds)} s"] if self.join_seconds else []),
            *(f"VIOLATION: {wrong}" for wrong in self.wrong),
            f"{len(self.wrong)} violations",
        ]


def run(folder: Path, plan: Plan, say: Callable[[str], object] = lambda line: None) -> Report:
    """Start everything, do what the plan says, end everything; gives the report."""
    report, chooser = Report(), random.Random(plan.seed)
    with ExitStack() as stack:
        fleet = Fleet(folder, workers=plan.workers)
        stack.callback(fleet.close)
        fleet.start()
        witness = Witness(fleet)
        stack.callback(witness.stop)
        traffic = Traffic(fleet, feeds=plan.feeds, rate=plan.rate)
        stack.callback(traffic.stop)
        ends, kinds = time.monotonic() + plan.seconds, in_turns(plan, chooser)
        while report.faults.total() < plan.faults and time.monotonic() < ends and not report.wrong:
            traffic.resume()
            for _ in range(min(plan.round_faults, plan.faults - report.faults.total())):
                if time.monotonic() < ends:
                    began = time.monotonic()
                    happen(fleet, kinds, chooser, plan, report, say)
                    time.sleep(max(0.0, began + plan.every_seconds - time.monotonic(), chooser.uniform(0.0, 2.0)))
            check(fleet, traffic, witness, report)
            say(f"{report.faults.total()} faults, {report.pushed} events, {len(report.wrong)} violations")
    return report


def shown(seconds: list[float]) -> str:
    """Some durations in words."""
    return f"{min(seconds):.1f} to {max(seconds):.1f}, half of them within {statistics.median(seconds):.1f}"


def in_turns(plan: Plan, chooser: random.Random) -> Iterator[Fault]:
    """The kinds in any order, each as often as the others."""
    wanted = [kind for kind in FAULTS if not plan.only or kind.kind in plan.only]
    if not wanted:
        raise ValueError(f"no such kind of fault: {plan.only}")
    while True:
        yield from chooser.sample(wanted, len(wanted))


def happen(
    fleet: Fleet, kinds: Iterator[Fault], chooser: random.Random, plan: Plan, report: Report, say: Callable[[str], object]
) -> None:
    """The next fault, at times with another one of another target."""
    faults = [next(kinds)]
    if chooser.random() < plan.together_share and report.faults.total() + 1 < plan.faults:
        other = chooser.choice(FAULTS)
        if other.target != faults[0].target and not plan.only:
            faults.append(other)
    say(" and ".join(one.kind for one in faults))
    with ExitStack() as stack:
        for one in faults:
            stack.enter_context(one.begin(fleet, chooser))
            report.faults[one.kind] += 1
        time.sleep(min(plan.longest, chooser.uniform(0.2, max(one.longest for one in faults))))


def check(fleet: Fleet, traffic: Traffic, witness: Witness, report: Report) -> None:
    """Let everything come to rest, and look at it."""
    began = time.monotonic()
    try:
        traffic.pause(_SETTLE_SECONDS)
        while (left := unsettled(fleet, traffic)) and time.monotonic() < began + _SETTLE_SECONDS:
            time.sleep(0.5)
    except TimeoutError as error:
        left = [str(error)]
    report.rest_seconds.append(time.monotonic() - began)
    report.wrong = [f"stuck: {one}" for one in left] + verdict(fleet, traffic, settled=not left) + witness.wrong + fleet.wrong
    accepted = traffic.accepted()
    report.pushed, report.tries = len(accepted), sum(one.tries for one in accepted)
    report.join_seconds = fleet.join_seconds
    report.answered, report.looks = len(traffic.answered), witness.looks
    registry = fleet.registry()
    report.versions = sum(head.version for head in registry.heads().values())
    registry.close()
