"""What the registry promises when a feed is taken back to an earlier version."""

from __future__ import annotations

from typing import Any

import pytest

from rtadapt.errors import InvalidInput, NotFound, StaleEpoch
from rtadapt.records import EventState, EventStatus, LearnedEvent, Position
from rtadapt.registry.codec import Again, Holding
from rtadapt.registry.registry import Registry
from tests.support.registry_steps import A, Settings, candidate, mark_ready


def learn(registry: Registry, parent: int, number: int, *events: str, offset: int) -> None:
    """Version `number` on `parent` learns `events`, and the route goes there."""
    epoch = registry.claim("news", "worker")
    version = registry.commit(
        "news",
        epoch=epoch,
        parent=parent,
        number=number,
        positions={0: offset},
        candidate=candidate(parent),
        events=[LearnedEvent(event, 1.5) for event in events],
        measures={},
        statuses=[EventStatus(event, "news", EventState.LEARNED, Position(0, offset - 1), number) for event in events],
    )
    assert version is not None and version.number == number
    mark_ready(registry, "news", number, A, [A])


def four(registry: Registry) -> None:
    """Versions 1 to 4, with two events each of which the second's name says the version."""
    for number in range(1, 5):
        learn(registry, number - 1, number, f"a{number}", f"b{number}", offset=2 * number)


def state(registry: Registry, event: str) -> EventState:
    status = registry.event_status(event)
    assert status is not None
    return status.state


def test_a_rewind_moves_head_and_route_and_keeps_positions_and_numbers(registry: Registry) -> None:
    four(registry)
    before = registry.head("news")
    assert before is not None
    found = registry.rewind("news", 2)
    head, route = registry.head("news"), registry.route("news")
    assert head is not None and route is not None and found.head == head
    assert (found.abandoned, found.unlearned) == ((3, 4), ("a3", "b3", "a4", "b4"))
    assert (head.version, head.last, head.positions, head.abandoned) == (2, 4, {0: 8}, ((3, 4),))
    assert head.epoch > before.epoch and head.incarnation == before.incarnation
    assert (route.stable, route.follow) == (2, True)
    learn(registry, 2, 5, "c5", offset=9)
    head, route = registry.head("news"), registry.route("news")
    assert head is not None and route is not None
    assert (head.version, head.last, head.next_number, route.stable) == (5, 5, 6, 5)
    assert registry.rewind("news", 1).abandoned == (2, 5)
    head = registry.head("news")
    assert head is not None
    assert (head.version, head.last, head.abandoned) == (1, 5, ((2, 5),))
    learn(registry, 1, 6, "d6", offset=10)
    assert registry.rewind("news", 0).abandoned == (1, 6)


def test_the_update_under_way_is_fenced(registry: Registry) -> None:
    four(registry)
    epoch = registry.claim("news", "worker")
    registry.rewind("news", 3)
    with pytest.raises(StaleEpoch):
        registry.commit(
            "news", epoch=epoch, parent=4, positions={0: 9}, candidate=candidate(4), events=[], measures={}, statuses=[]
        )


def test_events_of_abandoned_versions_are_unlearned_and_what_becomes_of_them_next_shows(registry: Registry) -> None:
    four(registry)
    registry.rewind("news", 3)
    assert [state(registry, f"a{number}") for number in range(1, 5)] == [EventState.LEARNED] * 3 + [EventState.UNLEARNED]
    status = registry.event_status("a4")
    assert status is not None and (status.position, status.version) == (Position(0, 7), 4)
    registry.note_events([EventStatus("a4", "news", EventState.ACCEPTED, Position(0, 8))])
    assert state(registry, "a4") is EventState.ACCEPTED
    learn(registry, 3, 5, "a4", offset=9)
    assert state(registry, "a4") is EventState.LEARNED


def test_what_is_to_be_learned_again_is_noted_with_its_place_in_the_log_until_it_was(registry: Registry) -> None:
    four(registry)
    registry.rewind("news", 2, without=["b3"], relearn=True)
    [again] = registry.again("news")
    assert again == Again({0: 4}, {0: 8}, ("a3", "a4", "b4"), spared=("b3",))
    registry.done("news", again)
    assert registry.again("news") == []
    registry.rewind("news", 1)
    assert registry.again("news") == []


def test_without_a_version_it_goes_to_the_last_one_before_the_events_were_learned(registry: Registry) -> None:
    four(registry)
    found = registry.rewind("news", without=["b3", "a4"], relearn=True)
    assert (found.head.version, found.abandoned) == (2, (3, 4))
    [again] = registry.again("news")
    assert again.event_ids == ("a3", "b4")
    registry.done("news", again)
    with pytest.raises(NotFound) as caught:
        registry.rewind("news", without=["b3"])
    assert caught.value.field == "without"


def test_abandoned_versions_are_gone_to_no_more(registry: Registry) -> None:
    four(registry)
    registry.rewind("news", 2)
    for action in ("promote", "rollback"):
        with pytest.raises(NotFound):
            registry.change_route("news", action, version=3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        registry.rewind("news", 3)
    assert registry.report("news", A, Holding(frozenset({2, 3, 4})), [A])[0].stable == 2
    assert registry.change_route("news", "promote").stable == 2
    learn(registry, 2, 5, "c", offset=9)
    with pytest.raises(NotFound):
        registry.rewind("news", 4)


def test_a_route_at_an_older_version_stays_and_a_trial_of_an_abandoned_one_ends(registry: Registry) -> None:
    four(registry)
    registry.change_route("news", "rollback", version=1)
    registry.change_route("news", "canary", version=4, share=0.5)
    registry.rewind("news", 2)
    route = registry.route("news")
    assert route is not None
    assert (route.stable, route.canary, route.canary_share, route.follow) == (1, None, 0.0, False)


def test_to_where_it_stands_nothing_happens_and_what_is_wrong_is_named(registry: Registry) -> None:
    four(registry)
    before = (registry.head("news"), registry.route("news"))
    assert registry.rewind("news", 4).abandoned == ()
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"version": 7}, InvalidInput),
        ({"version": -1}, InvalidInput),
        ({}, InvalidInput),
        ({"without": ["nobody"]}, NotFound),
    ]
    for asked, error in wrong:
        with pytest.raises(error):
            registry.rewind("news", **asked)
    with pytest.raises(NotFound):
        registry.rewind("sport", 0)
    assert (registry.head("news"), registry.route("news")) == before


def test_only_a_version_whose_state_is_kept_can_be_gone_on_from_and_what_is_routed_keeps_its_state(registry: Registry) -> None:
    four(registry)
    registry.change_route("news", "rollback", version=2)
    kept = registry.retire("news", 4, 1)
    assert [version.number for version in kept.versions] == [4, 3, 2, 1]
    assert kept.stateful == {4, 2}
    with pytest.raises(NotFound, match="state"):
        registry.rewind("news", 3)
    assert registry.rewind("news", 2).abandoned == (3, 4)
    assert [version.number for version in registry.retire("news", 4, 1).versions] == [2, 1]


def test_what_versions_without_a_record_have_learned_is_taken_back_too(settings: Settings) -> None:
    registry = Registry(settings(keep_versions=3))
    learn(registry, 0, 1, "a1", "b1", offset=2)
    registry.change_route("news", "pause")
    for number in range(2, 8):
        learn(registry, number - 1, number, f"a{number}", f"b{number}", offset=2 * number)
    assert [version.number for version in registry.versions("news")] == [7, 6, 5, 1]
    found = registry.rewind("news", 1, without=["a3"], relearn=True)
    assert found.abandoned == (2, 3, 4, 5, 6, 7)
    assert set(found.unlearned) == {f"{letter}{number}" for letter in "ab" for number in range(2, 8)}
    assert {state(registry, event) for event in found.unlearned} == {EventState.UNLEARNED}
    assert state(registry, "a1") is EventState.LEARNED
    [again] = registry.again("news")
    assert (again.start, again.whole, again.end, again.spared) == ({0: 2}, {0: 10}, {0: 14}, ("a3",))
    assert set(again.event_ids) == set(found.unlearned) - {"a3"}
    registry.close()


@pytest.mark.parametrize("where", [{"version": 2}, {}])
def test_the_same_word_again_spares_what_is_still_noted(registry: Registry, where: dict[str, int]) -> None:
    four(registry)
    registry.rewind("news", 2, relearn=True)
    assert registry.rewind("news", **where, without=["a4"], relearn=True).abandoned == ()
    [again] = registry.again("news")
    assert again == Again({0: 4}, {0: 8}, ("a3", "b3", "b4"), spared=("a4",))
    assert registry.rewind("news", **where, without=["a4"], relearn=True).abandoned == ()
    assert registry.again("news") == [again]
    registry.rewind("news", 1, without=["b3"], relearn=True)
    assert [noted.event_ids for noted in registry.again("news")] == [("a3", "b4"), ("a2", "b2")]
    for noted in registry.again("news"):
        registry.done("news", noted)
    assert registry.again("news") == []
