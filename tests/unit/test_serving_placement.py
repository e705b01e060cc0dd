"""Where feeds are at home."""

from __future__ import annotations

from collections import Counter

import pytest

from rtadapt.serving.placement import homes

FEEDS = [f"feed-{number}" for number in range(1000)]
FOUR = {f"{name}-a1b2": name for name in "abcd"}


def test_a_feed_is_at_home_where_it_says_and_the_load_is_even() -> None:
    placed = [homes(feed, FOUR, 2) for feed in FEEDS]
    assert all(len(at) == 2 for at in placed)
    load = Counter(replica for at in placed for replica in at)
    assert load.keys() == FOUR.keys()
    assert max(load.values()) < 1.2 * min(load.values())


@pytest.mark.parametrize("count", [None, 4, 9])
def test_without_a_count_or_with_too_few_replicas_it_is_everywhere(count: int | None) -> None:
    assert homes("news", FOUR, count) == FOUR.keys()
    assert homes("news", {}, count) == frozenset()


def test_a_replica_that_leaves_moves_only_what_it_had() -> None:
    rest = {replica: name for replica, name in FOUR.items() if name != "c"}
    for feed in FEEDS:
        before, after = homes(feed, FOUR, 2), homes(feed, rest, 2)
        assert before - {"c-a1b2"} <= after
        assert before == after or "c-a1b2" in before


def test_a_replica_that_starts_again_under_its_name_has_what_it_had() -> None:
    again = {"c-ffff" if name == "c" else replica: name for replica, name in FOUR.items()}
    for feed in FEEDS[:100]:
        assert {FOUR[replica] for replica in homes(feed, FOUR, 2)} == {again[replica] for replica in homes(feed, again, 2)}
