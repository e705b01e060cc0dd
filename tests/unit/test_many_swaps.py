"""What very many publications are judged by, from a record made by hand, and what counts as left behind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from loadtests import many_swaps
from loadtests.many_swaps import Answer, Run, leftovers, rest

OPTIONS = many_swaps.parse(["--publications", "100", "--adapters", "2"])
SAID = {(0, "p"): "even", (1, "p"): "odd"}


def answer(number: int, text: str = "", pause: float = 0.01) -> Answer:
    return Answer("p", f"swaps@{number}", text or ("even", "odd")[number % 2], [0.0, pause, 2 * pause])


def run_of(**changes: Any) -> Run:
    values: dict[str, Any] = {"steady": [answer(1)], "swapping": [answer(1), answer(2)], "published": 100}
    values |= {"memory": {1: [990, 1000, 1900], 9: [1000, 1010, 1020]}, "disk": [400, 400]}
    return Run(**values | changes)


def problems(run: Run) -> Any:
    return many_swaps.judge(run, SAID, OPTIONS)["problems"]


def test_a_run_in_which_nothing_grew_has_no_problems_and_says_what_was_compared() -> None:
    report = many_swaps.judge(run_of(), SAID, OPTIONS)
    assert report["problems"] == []
    assert report["memory_bytes"] == (1000, 1010)
    assert report["disk_bytes"] == (400, 400)
    assert report["versions_seen"] == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"memory": {1: [990, 1000, 1900], 9: [1040, 1060, 1060]}}, "memory grew from 1000 to 1060 bytes"),
        ({"disk": [400, 500]}, "disk grew from 400 to 500 bytes"),
        ({"back": 2}, "callers went back a version 2 times"),
        ({"published": 90}, "90 of 100 were published in 3600 s"),
        ({"swapping": [answer(1), answer(2, "odd")]}, "1 answers differ from what the version they name says"),
        ({"swapping": [answer(1, pause=0.02)]}, "p99 between tokens rose from 10.0 to 20.0 ms"),
        ({"problems": ["a request failed: status 500"]}, "a request failed: status 500"),
    ],
)
def test_what_must_not_be_is_a_problem(changes: dict[str, Any], problem: str) -> None:
    assert problems(run_of(**changes)) == [problem]


def system_of(names: float, held: float, copies: int) -> Any:
    metrics = {"rtadapt_adapters_loaded": names, "rtadapt_engine_adapters": held}
    replicas = [SimpleNamespace(metric=metrics.get)] * 2
    return SimpleNamespace(replicas=replicas, copies=copies, disk_bytes=7, settle=lambda version: None)


def test_names_adapters_and_files_of_versions_that_are_over_are_left_behind() -> None:
    assert leftovers(system_of(5, 5, 10), most=5) == ""
    assert "6" in leftovers(system_of(6, 6, 12), most=5)
    assert "[5, 5] names and [6, 6] adapters" in leftovers(system_of(5, 6, 10), most=5)
    assert "11 copies" in leftovers(system_of(5, 5, 11), most=5)


def test_what_is_left_after_a_while_of_rest_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_swaps, "_REST_SECONDS", -1.0)
    run = run_of(disk=[])
    rest(system_of(5, 5, 10), "swaps@100", run, most=5)
    assert (problems(run), run.disk) == ([], [7])
    rest(system_of(5, 5, 11), "swaps@100", run, most=5)
    [problem] = problems(run)
    assert problem.startswith("after swaps@100 engines are left with")
    assert run.disk == [7, 7]


def test_files_are_waited_for_before_the_disk_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    system, run = system_of(5, 5, 11), run_of(disk=[])

    def go(_: float) -> None:
        system.copies, system.disk_bytes = 10, 6

    monkeypatch.setattr("loadtests.many_swaps.time.sleep", go)
    rest(system, "swaps@100", run, most=5)
    assert (run.disk, run.problems) == ([6], [])
