"""What to load and what to let go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rtadapt.records import Head, Route
from rtadapt.serving.plan import FeedState, missing, needed, pinned, recent, surplus


def state(
    stable: int, head: int, loaded: Iterable[int] = (), canary: int | None = None, serving: int | None = None, feed: str = "news"
) -> FeedState:
    route = Route(feed, stable, canary=canary, canary_share=0.1 if canary else 0.0)
    return FeedState(route, Head(feed, head, {}, 1), {number: float(number) for number in loaded}, serving)


def test_what_the_route_names_comes_before_the_newest_and_nothing_in_between_is_loaded() -> None:
    assert missing(state(stable=3, head=9, canary=5)) == [3, 5, 9]
    assert missing(state(stable=3, head=9, canary=5, loaded=[3, 9])) == [5]


def test_the_base_model_is_never_loaded() -> None:
    assert missing(state(stable=0, head=0)) == []
    assert needed(state(stable=0, head=4, canary=0)) == []


def test_all_but_the_newest_and_the_pinned_goes() -> None:
    one = state(stable=2, head=9, serving=2, canary=4, loaded=[1, 2, 3, 4, 7, 8, 9])
    assert surplus({"news": one}, keep_loaded=2, capacity=100) == [("news", 1), ("news", 3), ("news", 7)]


def test_what_is_still_answered_from_stays_although_the_route_moved_on() -> None:
    one = state(stable=9, head=9, serving=2, loaded=[2, 3, 4])
    assert ("news", 2) not in surplus({"news": one}, keep_loaded=1, capacity=100)


def test_over_capacity_the_oldest_spare_of_any_feed_goes_first() -> None:
    states = {
        "news": state(stable=9, head=9, serving=9, loaded=[7, 8, 9]),
        "sport": state(stable=3, head=3, serving=3, loaded=[2, 3], feed="sport"),
    }
    assert surplus(states, keep_loaded=3, capacity=4) == [("sport", 2)]
    assert surplus(states, keep_loaded=3, capacity=0) == [("sport", 2), ("news", 7), ("news", 8)]


numbers = st.integers(0, 12)


@given(
    stable=numbers,
    head=numbers,
    canary=st.none() | numbers,
    serving=st.none() | numbers,
    loaded=st.sets(st.integers(1, 12)),
    keep=st.integers(1, 5),
    capacity=st.integers(0, 12),
)
def test_nothing_needed_is_let_go_and_nothing_is_loaded_twice(
    stable: int, head: int, canary: int | None, serving: int | None, loaded: set[int], keep: int, capacity: int
) -> None:
    one = state(stable, head, loaded, canary, serving)
    going = {number for _, number in surplus({"news": one}, keep, capacity)}
    assert going <= loaded - pinned(one)
    assert len(going) == len(surplus({"news": one}, keep, capacity))
    assert not set(missing(one)) & loaded
    left = loaded - going
    assert len(left) <= max(capacity, len(loaded & pinned(one)))


def test_what_a_rewind_abandoned_is_neither_loaded_nor_kept() -> None:
    one = state(stable=2, head=2, loaded=[1, 2, 3, 4], serving=2)
    assert one.head is not None
    taken_back = replace(one, head=replace(one.head, last=4, abandoned=((3, 4),)), offered=frozenset({3, 4}))
    assert pinned(taken_back) == {2}
    assert missing(taken_back) == []
    assert surplus({"news": taken_back}, 4, 10) == [("news", 3), ("news", 4)]


def test_what_another_replica_offers_is_loaded_before_the_newest() -> None:
    one = replace(state(stable=3, head=9, loaded=[3, 4]), offered=frozenset({2, 5, 7}))
    assert missing(one) == [7, 9]
    assert missing(replace(one, route=replace(one.route, follow=False))) == [9]


def test_a_replica_that_is_ahead_lets_newer_versions_pass_and_keeps_what_the_others_may_be_loading() -> None:
    ahead = state(stable=3, head=9, loaded=[3, 5, 7])
    assert missing(ahead) == []
    assert surplus({"news": ahead}, keep_loaded=1, capacity=100) == []
    assert missing(replace(ahead, offered=frozenset({6}))) == [6]
    assert missing(state(stable=7, head=9, loaded=[3, 5, 7])) == [9]


def test_replicas_of_any_pace_come_to_hold_a_version_in_common() -> None:
    held = [{3}, {3}]
    for head in range(4, 40):
        me = head % 2  # each finishes a load in turn, and so never the same newest one
        offered = frozenset(held[1 - me])
        common = max(held[0] & held[1])
        wanted = missing(replace(state(stable=common, head=head, loaded=held[me]), offered=offered))
        held[me] |= set(wanted[:1])
        assert head - max(held[0] & held[1]) <= 4


def test_recent_is_what_a_rewind_has_left() -> None:
    head = Head("news", 6, {}, 1, last=6, abandoned=((3, 4),))
    assert recent(head, 3) == [6, 5, 2]
    assert recent(head, 9) == [6, 5, 2, 1]
    assert recent(Head("news", 0, {}, 1), 3) == []
