"""What a million pushed events are judged by."""

from __future__ import annotations

import pytest

from loadtests.million import Seen, judge

MIB = 2**20


def seen(**changes: object) -> Seen:
    good = Seen(accepted=100, ended={"learned": 40, "overload": 60}, memory={"api": [200 * MIB] * 10}, settled_log_bytes=5)
    for name, value in changes.items():
        setattr(good, name, value)
    return good


def test_what_ends_and_grows_not_is_right() -> None:
    assert judge(seen(), 5) == []
    assert judge(seen(memory={"api": [1, 1, *[200 * MIB] * 4, *[209 * MIB] * 4]}), 5) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"ended": {"learned": 40}}, "40 came to an end"),
        ({"ended": {"learned": 40, "overload": 61}}, "101 came to an end"),
        ({"memory": {"api": [1, 1, *[200 * MIB] * 4, *[230 * MIB] * 4]}}, "api grew from 200 to 230 MiB"),
        ({"settled_log_bytes": 6}, "the log holds"),
    ],
)
def test_what_is_lost_or_counted_twice_or_grows_is_said(changes: dict[str, object], word: str) -> None:
    [problem] = judge(seen(**changes), 5)
    assert word in problem
