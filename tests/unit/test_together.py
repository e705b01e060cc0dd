"""What several threads ask for at the same time is done at once, and each gets its own answers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from rtadapt.events.together import Together

_PATIENCE_SECONDS = 30.0


class Doubling:
    """Doubles numbers. The first call waits until `others` more callers have come."""

    def __init__(self, most: int) -> None:
        self.calls: list[list[int]] = []
        self.begun, self.gate = threading.Event(), threading.Event()
        self.all = Together(self._do, most)

    def _do(self, items: list[int]) -> Sequence[int]:
        self.calls.append(items)
        self.begun.set()
        assert self.gate.wait(_PATIENCE_SECONDS)
        if -1 in items:
            raise ValueError("not this one")
        return [2 * item for item in items]

    def run(self, first: list[int], *others: list[int]) -> list[list[int] | BaseException]:
        """What each caller got; the others come while the first one's call runs."""
        with ThreadPoolExecutor(1 + len(others)) as pool:
            futures = [pool.submit(self.all, first)]
            assert self.begun.wait(_PATIENCE_SECONDS)
            for number, items in enumerate(others):
                futures.append(pool.submit(self.all, items))
                while len(self.all._waiting) <= number:
                    threading.Event().wait(0.001)
            self.gate.set()
            return [future.exception() or future.result() for future in futures]


def test_alone_a_caller_waits_for_nobody() -> None:
    doubling = Doubling(10)
    doubling.gate.set()
    assert doubling.all([1, 2]) == [2, 4]
    assert doubling.all([]) == []
    assert doubling.calls == [[1, 2], []]


def test_what_comes_meanwhile_goes_in_one_call_and_each_gets_its_own() -> None:
    doubling = Doubling(10)
    assert doubling.run([1], [2, 3], [], [4]) == [[2], [4, 6], [], [8]]
    assert doubling.calls == [[1], [2, 3, 4]]


def test_a_call_holds_no_more_than_it_may_but_one_callers_whole_part() -> None:
    doubling = Doubling(3)
    assert doubling.run([1], [2, 3], [4, 5], [6, 7, 8, 9]) == [[2], [4, 6], [8, 10], [12, 14, 16, 18]]
    assert doubling.calls == [[1], [2, 3], [4, 5], [6, 7, 8, 9]]


def test_a_failure_is_everybodys_who_went_along_and_nobody_elses() -> None:
    doubling = Doubling(2)
    first, second, third, fourth = doubling.run([1], [2], [-1], [3])
    assert (first, fourth) == ([2], [6])
    assert all(isinstance(one, ValueError) for one in (second, third))
    with pytest.raises(ValueError, match="not this one"):
        doubling.all([-1])
    assert doubling.all([5]) == [10]
