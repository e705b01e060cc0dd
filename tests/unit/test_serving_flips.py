"""The account of flips: every event once, at the first version that has learned it."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from rtadapt.errors import Unavailable
from rtadapt.records import Artifact, LearnedEvent, Version
from rtadapt.serving.flips import Flips

_ARTIFACT = Artifact("0" * 64, "adapter/x/" + "0" * 64, 1)


class Accounts:
    """What the registry keeps, in memory: version n of a feed has learned n events."""

    def __init__(self) -> None:
        self.told: dict[str, int] = {}
        self.asked: list[str] = []
        self.away = False

    async def __call__(self, feed: str, number: int, change: str, served_before: int) -> list[Version]:
        self.asked.append(change)
        if self.away:
            raise Unavailable("the registry does not answer")
        begin = self.told.setdefault(feed, served_before) + 1
        self.told[feed] = max(self.told[feed], number)
        return [version_of(feed, each) for each in range(begin, number + 1)]


def version_of(feed: str, number: int) -> Version:
    events = tuple(LearnedEvent(f"{feed}-{number}-{event}", 1.0) for event in range(number))
    return Version(feed, number, number - 1, _ARTIFACT, _ARTIFACT, {0: number}, events, 1.0)


def observed(feed: str) -> float:
    return REGISTRY.get_sample_value("rtadapt_event_to_served_seconds_count", {"feed": feed}) or 0.0


def flipped(feed: str) -> float:
    return REGISTRY.get_sample_value("rtadapt_route_flips_total", {"feed": feed}) or 0.0


async def test_the_events_of_versions_that_were_skipped_count_too() -> None:
    flips = Flips()
    flips.see("one", None, 0, 0)
    flips.see("one", 0, 1, 1)
    flips.see("one", 1, 4, 4)
    await flips.account(Accounts())
    assert observed("one") == 1 + 2 + 3 + 4
    assert flipped("one") == 2


async def test_back_and_forth_counts_nothing_twice() -> None:
    flips, accounts = Flips(), Accounts()
    flips.see("two", None, 0, 0)
    for before, after in ((0, 3), (3, 1), (1, 3), (3, 4)):
        flips.see("two", before, after, after)
        await flips.account(accounts)
    assert observed("two") == 1 + 2 + 3 + 4
    assert flipped("two") == 4


async def test_what_was_flipped_before_accounts_were_kept_is_not_accounted_for() -> None:
    flips, accounts = Flips(), Accounts()
    flips.see("three", None, None, 5)
    flips.see("three", None, 5, 5)
    await flips.account(accounts)
    assert (observed("three"), flipped("three")) == (0, 0)
    flips.see("three", 5, 6, 6)
    await flips.account(accounts)
    assert observed("three") == 6
    assert REGISTRY.get_sample_value("rtadapt_route_version", {"feed": "three"}) == 6


async def test_what_a_replica_flipped_to_and_did_not_live_to_tell_is_told_by_the_next() -> None:
    accounts = Accounts()
    flips = Flips()
    flips.see("four", None, 1, 1)
    await flips.account(accounts)
    flips.see("four", 1, 3, 3)  # and it is killed
    flips = Flips()
    flips.see("four", None, 3, 3)
    await flips.account(accounts)
    assert (observed("four"), flipped("four")) == (2 + 3, 1)


async def test_while_the_registry_is_away_a_flip_waits_and_is_asked_for_under_its_own_id() -> None:
    flips, accounts = Flips(), Accounts()
    flips.see("five", None, 0, 0)
    await flips.account(accounts)
    flips.see("five", 0, 2, 2)
    accounts.away = True
    with pytest.raises(Unavailable):
        await flips.account(accounts)
    accounts.away = False
    await flips.account(accounts)
    assert observed("five") == 1 + 2
    assert accounts.asked[1] == accounts.asked[2] != accounts.asked[0]
