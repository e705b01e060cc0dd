"""What the cost of routing is judged by: rounds that say worse, rounds that say the same, rounds that can't tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from loadtests.overhead import BARE, FULL, OURS, interval, judge

Rounds = list[dict[str, tuple[float, float]]]
SCATTER = (0.997, 0.999, 1.0, 1.001, 1.003, 0.998, 1.002, 1.0)
NOISE = (0.8, 0.9, 0.95, 1.0, 1.0, 1.05, 1.1, 1.2)


def rounds_of(ours: float, full: float, scatter: Sequence[float] = SCATTER) -> Rounds:
    """Rounds in which ours and the full one do so well, in times the bare server's throughput, and in time to the first token."""
    return [{BARE: (500.0, 0.1), OURS: (500 * ours * by, 0.1 / ours), FULL: (500 * full, 0.1 / full / by)} for by in scatter]


def verdicts(rounds: Rounds) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for one in judge(rounds, 0.99, 1.02):
        found.setdefault((one.one, one.other), set()).add(one.verdict)
    return found


def test_rounds_that_are_the_same_hold() -> None:
    assert verdicts(rounds_of(1.0, 1.0)) == {(OURS, BARE): {"holds"}, (FULL, BARE): {"holds"}, (FULL, OURS): {"holds"}}


def test_idle_feeds_that_cost_more_than_a_hundredth_are_told_though_all_is_well_beside_bare() -> None:
    found = verdicts(rounds_of(1.05, 1.02))
    assert found == {(OURS, BARE): {"holds"}, (FULL, BARE): {"holds"}, (FULL, OURS): {"broken"}}


def test_what_is_worse_beside_bare_is_told() -> None:
    assert verdicts(rounds_of(0.95, 0.95)) == {(OURS, BARE): {"broken"}, (FULL, BARE): {"broken"}, (FULL, OURS): {"holds"}}


def test_better_than_before_is_never_broken() -> None:
    assert verdicts(rounds_of(1.0, 1.5))[FULL, OURS] == {"holds"}


def test_rounds_that_differ_among_themselves_by_more_than_is_asked_for_decide_nothing() -> None:
    for worse in (1.0, 0.97):
        assert verdicts(rounds_of(1.0, worse, NOISE))[FULL, OURS] == {"undecided"}
    assert verdicts(rounds_of(1.0, 0.5, NOISE))[FULL, OURS] == {"broken"}


def test_without_idle_feeds_ours_alone_is_compared() -> None:
    rounds = [{name: seen[name] for name in (OURS, BARE)} for seen in rounds_of(1.0, 1.0)]
    assert verdicts(rounds) == {(OURS, BARE): {"holds"}}
    assert str(judge(rounds, 0.99, 1.02)[0]) == "ours / bare   throughput        1.000 (0.997 to 1.003), at least 0.99: holds"


@pytest.mark.parametrize(("many", "rank"), [(6, 1), (8, 1), (9, 2), (10, 2), (30, 10), (100, 40)])
def test_the_interval_is_that_of_the_sign_test(many: int, rank: int) -> None:
    assert interval([float(number) for number in range(many, 0, -1)]) == (rank, many + 1 - rank)


def test_fewer_than_six_rounds_decide_nothing() -> None:
    assert interval([1.0] * 5) == (-math.inf, math.inf)
    assert verdicts(rounds_of(0.5, 0.4)[:5]) == {pair: {"undecided"} for pair in ((OURS, BARE), (FULL, BARE), (FULL, OURS))}
