"""What is looked at again and again: how failures are told, and that nothing goes on after the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from rtadapt.api.watch import Watch
from rtadapt.errors import Unavailable
from tests.support.running import eventually


def counted(looks: list[None], error: Exception | None = None) -> Callable[[], None]:
    def look() -> None:
        looks.append(None)
        if error is not None:
            raise error

    return look


@pytest.mark.parametrize(
    ("error", "told"), [(Unavailable("the registry does not answer"), 1), (ValueError("nobody foresaw it"), 5), (None, 0)]
)
def test_a_look_that_fails_is_told_and_the_next_one_is_taken(
    error: Exception | None, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[None] = []
    watch = Watch("something", counted(looks, error), 0.001)
    watch.start()
    assert eventually(lambda: len(looks) > 5)
    watch.close()
    records = [record for record in caplog.records if record.name == "rtadapt.api.watch"]
    assert len(records) == told if told < 2 else len(records) >= told
    assert all(record.__dict__["what"] == "something" for record in records)


def test_after_the_end_there_is_no_thread_and_no_other_look() -> None:
    looks: list[None] = []
    watch = Watch("something", counted(looks), 0.001)
    watch.start()
    assert eventually(lambda: len(looks) > 0)
    watch.close()
    seen = len(looks)
    assert not any(thread.name == "something" for thread in threading.enumerate())
    watch.close()
    assert len(looks) == seen


def test_a_look_that_fails_because_everything_is_being_closed_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    begun, closed = threading.Event(), threading.Event()

    def look() -> None:
        begun.set()
        closed.wait(30)
        raise ValueError("what it looked at is closed")

    watch = Watch("something", look, 0.001)
    watch.start()
    assert begun.wait(30)
    watch.end()
    closed.set()
    with caplog.at_level(logging.DEBUG):
        watch.close()
    assert [record for record in caplog.records if record.name == "rtadapt.api.watch"] == []
