"""Doing in a thread what several requests ask for at the same time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from rtadapt.web.gathering import Gathering


@pytest.fixture
def opened() -> Iterator[list[Gathering[int, int]]]:
    made: list[Gathering[int, int]] = []
    yield made
    for one in made:
        one.close()


async def test_what_is_asked_in_one_turn_goes_in_one_call(opened: list[Gathering[int, int]]) -> None:
    calls: list[Sequence[int]] = []

    def double(items: Sequence[int]) -> list[int | Exception]:
        calls.append(items)
        return [2 * item for item in items]

    opened.append(Gathering(double, most=3))
    assert await asyncio.gather(*(opened[0](number) for number in range(7))) == [0, 2, 4, 6, 8, 10, 12]
    assert sorted(item for call in calls for item in call) == list(range(7))
    assert len(calls) == 3
    assert all(len(call) <= 3 for call in calls)


async def test_an_error_is_its_own_askers_alone(opened: list[Gathering[int, int]]) -> None:
    opened.append(Gathering(lambda items: [ValueError("odd") if item % 2 else item for item in items], most=10))
    answers = await asyncio.gather(*(opened[0](number) for number in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, ValueError, int, ValueError]


async def test_a_call_that_fails_fails_for_all_that_went_with_it_and_for_no_other(opened: list[Gathering[int, int]]) -> None:
    def fail(items: Sequence[int]) -> list[int | Exception]:
        if 1 in items:
            raise OSError("disk full")
        return list(items)

    opened.append(Gathering(fail, most=2))
    answers = await asyncio.gather(*(opened[0](number) for number in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError, int, int]
    assert await opened[0](7) == 7


async def test_who_leaves_holds_up_nobody(opened: list[Gathering[int, int]]) -> None:
    began, go_on = threading.Event(), threading.Event()

    def wait(items: Sequence[int]) -> list[int | Exception]:
        began.set()
        assert go_on.wait(10)
        return list(items)

    opened.append(Gathering(wait, most=10))
    gone, stays = asyncio.ensure_future(opened[0](1)), asyncio.ensure_future(opened[0](2))
    await asyncio.to_thread(began.wait, 10)
    gone.cancel()
    go_on.set()
    assert await stays == 2
    assert await opened[0](3) == 3
