"""What many feeds on few places are judged by, from a record made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from loadtests import many_feeds
from loadtests.many_feeds import Run

OPTIONS = many_feeds.parse(["--feeds", "5", "--streams", "2", "--adapters", "4"])
FIRST = (0.1, 0.2, 0.9)
IDLE = (0.004, 0.009)


def report_of(run: Run, idle: tuple[float, float] = IDLE, held: float = 4.0, evicted: float = 0.0) -> dict[str, Any]:
    metrics = {"rtadapt_engine_adapters": held, "rtadapt_engine_evictions_total": evicted, "rtadapt_feeds_let_go_total": 3.0}
    system = SimpleNamespace(
        replicas=[SimpleNamespace(metric=metrics.get), SimpleNamespace(metric=dict.fromkeys(metrics, 0.0).get)]
    )
    return many_feeds.judge(system, run, idle, OPTIONS)  # type: ignore[arg-type]


def test_a_run_in_which_nothing_is_wrong_has_no_problems_and_says_its_figures() -> None:
    report = report_of(Run([*FIRST], streams=7))
    assert report["problems"] == []
    assert report["feeds_asked"] == 3
    assert report["first_answer_seconds_max"] == 0.9
    assert report["adapters_in_engines"] == [4.0, 0.0]
    assert report["feeds_let_go"] == 3.0


@pytest.mark.parametrize(
    ("first", "seen", "problem"),
    [
        ((*FIRST[:2], 2.1), {}, "1 first answers took over 2 s"),
        (FIRST[:2], {}, "2 of 3 feeds were asked in 3600 s"),
        ((), {}, "0 of 3 feeds were asked in 3600 s"),
        (FIRST, {"held": 5.0}, "an engine holds 5 adapters"),
        (FIRST, {"evicted": 2.0}, "engines let 2 adapters go by themselves"),
        (FIRST, {"idle": (0.004, 0.0145)}, "idling with all feeds costs 0.0105 cores more than without"),
    ],
)
def test_what_must_not_be_is_a_problem(first: tuple[float, ...], seen: dict[str, Any], problem: str) -> None:
    assert report_of(Run([*first]), **seen)["problems"] == [problem]


def test_answers_that_failed_or_came_from_another_version_are_problems_and_are_told_once() -> None:
    told = ["feed-0001 was not answered: status 503", "feed-0002 was answered by feed-0003@1"]
    assert report_of(Run([*FIRST], problems=[*told, told[0]]))["problems"] == told
