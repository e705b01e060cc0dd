"""What requests push at one moment is appended at once, and what is wrong with one of them is nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rtadapt.config import IntakeSettings
from rtadapt.errors import TooLarge, Unavailable
from rtadapt.events.bodies import Item
from rtadapt.events.intake import Intake, ItemResult, Push
from rtadapt.records import Position


class _Log:
    """Takes records of at most `most` bytes, while it is there."""

    def __init__(self, most: int = 10_000, is_away: bool = False) -> None:
        self.most, self.is_away = most, is_away
        self.calls: list[int] = []

    def append(self, entries: Sequence[tuple[str, bytes]]) -> list[Position]:
        self.calls.append(len(entries))
        if self.is_away:
            raise Unavailable("the event log could not append")
        if any(len(record) > self.most for _, record in entries):
            raise TooLarge("the event is larger than the Kafka topic takes", field="text")
        return [Position(0, number) for number in range(len(entries))]


def push(*texts: str) -> Push:
    return Push([Item(number, {"feed": "news", "text": text} if text else {}) for number, text in enumerate(texts)])


def accept(log: _Log, *pushes: Push) -> list[str | list[bool]]:
    """For each push what is wrong with it, or which of its items were taken."""
    outcomes = Intake(log, IntakeSettings()).accept(pushes)  # type: ignore[arg-type]
    return [[taken(result) for result in one] if isinstance(one, list) else getattr(one, "code", str(one)) for one in outcomes]


def taken(result: ItemResult) -> bool:
    assert (result.error is None) == (result.token is not None) == (result.status is not None)
    return result.error is None


def test_pushes_of_one_moment_are_appended_at_once() -> None:
    log = _Log()
    assert accept(log, push("a", "", "b"), push(""), push("c")) == [[True, False, True], [False], [True]]
    assert log.calls == [3]


def test_a_record_that_the_topic_does_not_take_fails_its_own_push_alone() -> None:
    log = _Log(most=1_000)
    assert accept(log, push("a"), push("b", "x" * 2_000), push("c")) == [[True], "too_large", [True]]
    assert log.calls == [4, 1, 2, 1]


def test_a_log_that_is_away_fails_those_who_have_something_for_it() -> None:
    assert accept(_Log(is_away=True), push("a"), push(""), push("b", "")) == ["unavailable", [False], "unavailable"]


def test_a_fault_of_our_own_is_nobody_elses() -> None:
    def fail(feed: str) -> None:
        raise RuntimeError("ours")

    log = _Log()
    assert accept(log, push("a"), replace(push("b", "c"), check_feed=fail), push("d")) == [[True], "ours", [True]]
    assert log.calls == [2]
