"""The account of flips: every event once, at the first version that has learned it."""

from __future__ import annotations

from prometheus_client import REGISTRY

from rtadapt.records import Artifact, LearnedEvent, Version
from rtadapt.serving.flips import Flips

_ARTIFACT = Artifact("0" * 64, "adapter/x/" + "0" * 64, 1)


async def version_of(feed: str, number: int) -> Version | None:
    events = tuple(LearnedEvent(f"{feed}-{number}-{event}", 1.0) for event in range(number))
    return Version(feed, number, number - 1, _ARTIFACT, _ARTIFACT, {0: number}, events, 1.0) if number != 13 else None


def observed(feed: str) -> float:
    return REGISTRY.get_sample_value("rtadapt_event_to_served_seconds_count", {"feed": feed}) or 0.0


def flipped(feed: str) -> float:
    return REGISTRY.get_sample_value("rtadapt_route_flips_total", {"feed": feed}) or 0.0


async def test_the_events_of_versions_that_were_skipped_count_too() -> None:
    flips = Flips()
    flips.see("one", None, 0, 0)
    flips.see("one", 0, 1, 1)
    flips.see("one", 1, 4, 4)
    await flips.account(version_of)
    assert observed("one") == 1 + 2 + 3 + 4
    assert flipped("one") == 2


async def test_back_and_forth_counts_nothing_twice() -> None:
    flips = Flips()
    flips.see("two", None, 0, 0)
    for before, after in ((0, 3), (3, 1), (1, 3), (3, 4)):
        flips.see("two", before, after, after)
        await flips.account(version_of)
    assert observed("two") == 1 + 2 + 3 + 4
    assert flipped("two") == 4


async def test_what_was_flipped_before_the_start_is_not_accounted_for() -> None:
    flips = Flips()
    flips.see("three", None, None, 5)
    flips.see("three", None, 5, 5)
    await flips.account(version_of)
    assert (observed("three"), flipped("three")) == (0, 0)
    flips.see("three", 5, 6, 6)
    await flips.account(version_of)
    assert observed("three") == 6
    assert REGISTRY.get_sample_value("rtadapt_route_version", {"feed": "three"}) == 6


async def test_a_version_whose_record_is_gone_is_left_out() -> None:
    flips = Flips()
    flips.see("four", None, 11, 11)
    flips.see("four", 11, 14, 14)
    await flips.account(version_of)
    assert observed("four") == 12 + 14
