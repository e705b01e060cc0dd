"""What the registry promises of accounts: each version that a route passes is told of once, whoever asks."""

from __future__ import annotations

import threading

from rtadapt.registry.codec import Holding
from rtadapt.registry.registry import Registry
from tests.support.registry_steps import flipped


def numbers(registry: Registry, number: int, change: str, before: int = 0) -> list[int]:
    return [version.number for version in registry.account("news", number, change, before)]


def test_each_version_is_accounted_for_once_whoever_asks(registry: Registry) -> None:
    flipped(registry, 4)
    assert numbers(registry, 0, "a") == []
    assert numbers(registry, 2, "b") == [1, 2]
    assert numbers(registry, 2, "c") == []
    assert numbers(registry, 1, "d") == []
    assert numbers(registry, 4, "e") == [3, 4]


def test_an_account_whose_answer_was_lost_is_given_again(registry: Registry) -> None:
    flipped(registry, 4)
    assert numbers(registry, 1, "a") == [1]
    assert numbers(registry, 3, "b") == numbers(registry, 3, "b") == [2, 3]
    assert numbers(registry, 3, "c") == []
    assert numbers(registry, 4, "d") == [4]
    assert numbers(registry, 3, "b") == [2, 3]  # also after somebody else's


def test_a_feed_without_an_account_begins_with_what_is_served(registry: Registry) -> None:
    flipped(registry, 3)
    assert numbers(registry, 2, "a", before=2) == []
    assert numbers(registry, 3, "b", before=2) == [3]


def test_a_version_whose_record_can_not_be_read_keeps_no_other_from_its_account(registry: Registry) -> None:
    flipped(registry, 3)
    registry.connection.redis.hset("rtadapt:{news}:versions", "2", "{}")
    assert numbers(registry, 3, "a") == [1, 3]


def test_of_a_replica_of_which_nothing_can_be_read_nothing_is_held(registry: Registry) -> None:
    flipped(registry, 1)
    registry.connection.redis.hset("rtadapt:{news}:holds", "another", "x")
    mine = Holding(frozenset((1,)), frozenset())
    assert registry.holdings("news")["another"] == Holding(frozenset(), frozenset())
    assert registry.report("news", "me", mine, ["me"])[1]["me"] == mine


def test_of_replicas_that_ask_at_once_one_accounts(registry: Registry) -> None:
    flipped(registry, 2)
    registry.account("news", 0, "begin", 0)
    found: list[int] = []
    threads = [threading.Thread(target=lambda name=name: found.extend(numbers(registry, 2, f"r{name}"))) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(found) == [1, 2]
