"""What a run with faults is judged by: texts, numbers and how long a route stood still, from a record made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from loadtests import faulty_swaps
from loadtests.faults import Faults
from loadtests.many_swaps import Answer
from loadtests.troubles import EVERYWHERE, Asked, Commit, Run, Trouble

OPTIONS = faulty_swaps.parse([])
TEXTS = {(0, "p"): "even", (1, "p"): "odd", (2, "p"): "base"}


def asked(began: float, number: int, incarnation: str = "first", url: str = "one", text: str = "") -> Asked:
    said = text or ("even", "odd")[number % 2]
    return Asked(0, url, began, began + 0.1, Answer("p", f"faulty@{number}", said, [], incarnation))


def problems(run: Run) -> Any:
    run.said = dict(TEXTS)
    system = SimpleNamespace(adapters=[0, 1])
    return faulty_swaps.judge(SimpleNamespace(run=run, options=OPTIONS, system=system))["problems"]  # type: ignore[arg-type]


def run_of(*all_asked: Asked, troubles: tuple[Trouble, ...] = ()) -> Run:
    commits = [Commit(float(number), number, 0) for number in range(1, 6)]
    return Run(list(all_asked), commits, list(troubles), {"first": 0})


def test_a_run_in_which_nothing_is_wrong_has_no_problems() -> None:
    assert problems(run_of(asked(1.1, 1), asked(2.4, 2), asked(3.9, 2), asked(5.0, 4), asked(0.5, 0, text="base"))) == []


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (asked(2.5, 2, text="odd"), "1 answers differ from what the version they name says"),
        (asked(2.5, 2, "unknown"), "1 answers differ from what the version they name says"),
        (asked(2.5, 1), "caller 0 went back from version 2 to 1"),
        (asked(7.0, 2), "nothing wrong: a route stood still for 4.0 s"),
        (Asked(0, "one", 3.0, 3.1, None, "status 500"), "1 requests failed at replicas that were there: ['status 500']"),
    ],
)
def test_what_must_not_be_is_a_problem(one: Asked, problem: str) -> None:
    assert problems(run_of(asked(2.1, 2), one)) == [problem]


def test_a_dead_replica_may_fail_and_fall_behind_but_holds_up_no_other() -> None:
    trouble = Trouble("a replica is killed", "two", 1.5, 6.0)
    late = [asked(6.5, 1, url="two"), Asked(0, "two", 2.0, 2.1, None, "refused")]
    assert problems(run_of(*late, troubles=(trouble,))) == []
    assert problems(run_of(*late, asked(6.5, 2), troubles=(trouble,))) == ["a replica is killed: a route stood still for 3.5 s"]


def test_after_the_registry_was_set_back_numbers_mean_other_adapters_from_there_on() -> None:
    run = run_of(asked(1.0, 1), asked(8.0, 2, "second"), asked(8.5, 3, "second", text="even"))
    run.troubles = [Trouble("the registry goes back", EVERYWHERE, 2.0, 7.0)]
    run.begin_life(2)
    run.lives["second"] = 1
    assert problems(run) == []
    run.asked.append(asked(8.6, 3, "second", text="odd"))
    assert problems(run) == ["1 answers differ from what the version they name says"]


def test_a_fault_at_one_replica_and_a_store_that_is_away_excuse_nobody_who_goes_back() -> None:
    replica = Trouble("a replica stands still", "two", 2.2, 2.4)
    away = Trouble("the artifact store is away", EVERYWHERE, 2.2, 2.4, "standing still")
    back = (asked(2.1, 2), asked(2.5, 1))
    for trouble in (replica, away):
        assert problems(run_of(*back, troubles=(trouble,))) == ["caller 0 went back from version 2 to 1"]
    assert problems(run_of(back[0], asked(2.5, 1, url="two"), troubles=(replica,))) == []


def test_who_went_back_during_a_fault_and_stayed_there_is_seen_once_it_is_no_excuse_any_more() -> None:
    registry = Trouble("the registry is killed", EVERYWHERE, 4.2, 4.4)
    late = asked(4.5 + OPTIONS.still, 3)
    said = problems(run_of(asked(4.1, 4), asked(4.5, 3), late, troubles=(registry,)))
    assert "caller 0 went back from version 4 to 3" in said


def test_a_store_that_is_slow_or_full_and_who_publishes_are_no_excuse_for_anything() -> None:
    slow = Trouble("the artifact store is slow", EVERYWHERE, 1.5, 9.0, "nothing")
    assert problems(run_of(asked(6.5, 2), troubles=(slow,))) == ["the artifact store is slow: a route stood still for 3.5 s"]
    failed = Asked(0, "one", 3.0, 3.1, None, "status 503")
    assert problems(run_of(failed, troubles=(slow,))) == ["1 requests failed at replicas that were there: ['status 503']"]


def test_what_went_wrong_while_a_fault_was_put_in_is_a_problem() -> None:
    run = run_of(asked(1.1, 1))
    run.problems.append("the registry is emptied: nobody said so")
    assert problems(run) == ["the registry is emptied: nobody said so"]


def test_a_replica_that_does_not_say_that_it_lost_a_feed_or_says_so_for_too_long_is_a_problem() -> None:
    for lost, said in ((True, (True, False)), (True, (False, True)), (False, (True, True))):
        run = run_of(troubles=(Trouble("the registry is emptied", EVERYWHERE, 1.0),))
        quiet = SimpleNamespace(says_lost=lambda feed, said=said: said)
        system = SimpleNamespace(replicas=[SimpleNamespace(says_lost=lambda feed, lost=lost: (lost, lost)), quiet])
        faults = SimpleNamespace(run=run, system=system, options=SimpleNamespace(still=0.0))
        Faults.wait_said(faults, lost)  # type: ignore[arg-type]
        told = f"/readyz and the metric of a replica say {said} and not {lost}"
        assert problems(run) == [f"the registry is emptied: whether the feed is not followed, {told}"]
