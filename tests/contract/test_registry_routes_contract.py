"""What the registry promises of routes: flips, rollbacks, canaries, and the replicas that a flip waits for."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from rtadapt.errors import InvalidInput, NotFound
from rtadapt.registry import routes
from rtadapt.registry.codec import Holding
from rtadapt.registry.registry import Change, Registry
from tests.support.registry_steps import A, B, C, Settings, assert_soon, could_not, flipped, mark_failed, mark_ready, publish


def test_a_flip_waits_for_every_live_replica(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)
    live = [A, B, C]
    assert mark_ready(registry, "news", 1, A, live).stable == 0
    assert mark_ready(registry, "news", 1, A, live).stable == 0
    assert mark_ready(registry, "news", 1, B, live).stable == 0
    assert registry.ready("news", 1) == {A, B}
    route = mark_ready(registry, "news", 1, C, live)
    assert (route.stable, route.revision) == (1, 1)
    assert mark_ready(registry, "news", 1, C, live) == route == registry.route("news")


def test_a_replica_that_died_holds_nothing_up(settings: Settings) -> None:
    registry = Registry(settings(replica_ttl_seconds=0.3))
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)
    for replica in (A, B, C):
        registry.heartbeat(replica, {"url": "http://127.0.0.1:1"})
    assert sorted(registry.live_replicas()) == [A, B, C]

    def beat() -> bool:
        for replica in (A, B):  # C is silent from now on
            registry.heartbeat(replica, {})
            mark_ready(registry, "news", 1, replica, list(registry.live_replicas()))
        route = registry.route("news")
        return route is not None and route.stable == 1

    assert not beat()
    assert_soon(beat)
    assert sorted(registry.live_replicas()) == [A, B]
    registry.close()


def test_a_replica_that_failed_is_not_waited_for_but_cannot_flip_alone(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)
    live = [A, B, C]
    for replica in live:
        assert mark_failed(registry, "news", 1, replica, live).stable == 0
    assert could_not(registry, 1) == set(live)
    publish(registry, 1, epoch=epoch)
    assert mark_failed(registry, "news", 2, A, live).stable == 0
    assert mark_ready(registry, "news", 2, B, live).stable == 0
    assert mark_ready(registry, "news", 2, C, live).stable == 2
    assert mark_ready(registry, "news", 1, A, live).stable == 2
    assert registry.ready("news", 1) == {A} and could_not(registry, 1) == {B, C}


def test_a_failure_of_the_last_one_waited_for_lets_the_rest_flip(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)
    assert mark_ready(registry, "news", 1, A, [A, B]).stable == 0
    assert mark_failed(registry, "news", 1, B, [A, B]).stable == 1


def test_readiness_of_a_feed_that_is_not_there_is_not_found_and_of_a_version_that_is_not_there_moves_nothing(
    registry: Registry,
) -> None:
    registry.ensure_feed("news")
    assert mark_ready(registry, "news", 1, A, [A]).stable == 0
    with pytest.raises(NotFound):
        mark_failed(registry, "sport", 1, A, [A])


def test_the_route_moves_to_the_newest_version_that_all_hold_whatever_is_newer_still(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    for parent in range(9):
        publish(registry, parent, epoch=epoch)
    live = [A, B]
    assert registry.report("news", A, Holding(frozenset({4, 6, 9})), live)[0].stable == 0
    route, holdings = registry.report("news", B, Holding(frozenset({5, 8}), frozenset({9})), live)
    assert route.stable == 9  # the one could not load it, the other has it
    assert holdings == {A: Holding(frozenset({4, 6, 9})), B: Holding(frozenset({5, 8}), frozenset({9}))}
    registry.change_route("news", "rollback", version=0)
    registry.report("news", B, Holding(frozenset({4, 5, 6, 8})), live)
    registry.change_route("news", "resume")
    assert registry.report("news", A, Holding(frozenset({4, 6, 9})), live)[0].stable == 6


def test_a_replica_that_has_stalled_is_not_waited_for_and_still_counts_as_a_holder(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)
    publish(registry, 1, epoch=epoch)
    assert registry.report("news", A, Holding(frozenset({1})), [A, B])[0].stable == 0
    assert registry.report("news", A, Holding(frozenset({1})), [A], [B])[0].stable == 1
    assert registry.report("news", B, Holding(frozenset({2})), [B], [A])[0].stable == 2
    assert registry.report("news", A, Holding(frozenset({1})), [A, C])[1].keys() == {A}  # B is gone


def test_one_that_came_since_the_caller_looked_who_is_there_is_waited_for_and_what_one_that_is_gone_held_is_dropped(
    registry: Registry,
) -> None:
    flipped(registry, 1)
    registry.heartbeat(B, {})
    registry.report("news", B, Holding(frozenset({1})), [A, B])
    registry.report("news", C, Holding(frozenset({1})), [A, B])
    publish(registry, 1, epoch=1)
    assert mark_ready(registry, "news", 2, A, [A]).stable == 1
    assert registry.holdings("news").keys() == {A, B}
    assert mark_ready(registry, "news", 2, B, [B]).stable == 2


def test_a_busy_replica_says_for_how_long_and_that_is_counted_on(settings: Settings) -> None:
    registry = Registry(settings(replica_ttl_seconds=30))
    registry.heartbeat(A, {"busy_seconds": 5.0})
    registry.heartbeat(B, {"busy_seconds": 0})
    first = registry.live_replicas()
    assert_soon(lambda: registry.live_replicas()[A]["busy_seconds"] > first[A]["busy_seconds"] >= 5.0)
    assert registry.live_replicas()[B]["busy_seconds"] == 0
    registry.close()


def test_how_long_a_replica_has_been_silent_is_known_to_one_of_other_settings_too(settings: Settings) -> None:
    registry, other = Registry(settings(replica_ttl_seconds=30)), Registry(settings(replica_ttl_seconds=3600))
    registry.heartbeat(A, {})
    first = other.live_replicas()[A]["silent_seconds"]
    assert 0 <= first < 1800
    assert_soon(lambda: other.live_replicas()[A]["silent_seconds"] > first)
    registry.close()
    other.close()


def test_trust_gives_a_feed_a_new_incarnation_that_the_route_names(registry: Registry) -> None:
    flipped(registry, 1)
    before = registry.head("news")
    route = registry.change_route("news", "trust")
    after = registry.head("news")
    assert before is not None and after is not None
    assert before.incarnation != after.incarnation == route.trusted
    assert (route.stable, route.follow, route.revision) == (1, True, 2)
    registry.ensure_feed("news", {})
    assert registry.head("news") == after
    with pytest.raises(InvalidInput):
        registry.change_route("news", "trust", version=1)


def test_replicas_that_race_flip_once_and_only_forward(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    for parent in range(5):
        publish(registry, parent, epoch=epoch)
    live = [A, B, C]
    seen: list[list[int]] = []

    def report(replica: str) -> None:
        mine = []
        for number in range(1, 6):
            mine.append(mark_ready(registry, "news", number, replica, live).stable)
        seen.append(mine)

    threads = [threading.Thread(target=report, args=(replica,)) for replica in live]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert all(mine == sorted(mine) for mine in seen)
    route = registry.route("news")
    assert route is not None and route.stable == 5 and route.revision <= 5
    # Each flip is announced once.
    _, changes = registry.changes("0-0")
    assert changes.count(Change("news", "route")) == route.revision


def test_rollback_goes_back_step_by_step_and_stops_following(registry: Registry) -> None:
    flipped(registry, 3)
    route = registry.change_route("news", "rollback")
    assert (route.stable, route.follow) == (2, False)
    assert mark_ready(registry, "news", 3, A, [A]).stable == 2
    assert registry.change_route("news", "rollback").stable == 1
    assert registry.change_route("news", "rollback").stable == 0
    with pytest.raises(InvalidInput):
        registry.change_route("news", "rollback")


def test_a_number_is_not_used_again_after_a_rollback(registry: Registry) -> None:
    flipped(registry, 2)
    registry.change_route("news", "rollback", version=0)
    head = registry.head("news")
    assert head is not None and head.version == 2
    assert publish(registry, 2, epoch=head.epoch).number == 3


def test_rollback_returns_to_what_was_served_not_to_what_was_skipped(registry: Registry) -> None:
    flipped(registry, 1)
    for parent in range(1, 5):
        publish(registry, parent)
    registry.change_route("news", "promote")
    assert registry.change_route("news", "rollback").stable == 1


def test_pause_and_resume_switch_following_and_promote_leaves_it(registry: Registry) -> None:
    flipped(registry, 2)
    assert not registry.change_route("news", "pause").follow
    publish(registry, 2)
    assert mark_ready(registry, "news", 3, A, [A]).stable == 2
    route = registry.change_route("news", "resume")
    assert (route.stable, route.follow) == (2, True)
    assert mark_ready(registry, "news", 3, A, [A]).stable == 3
    registry.change_route("news", "rollback")
    route = registry.change_route("news", "promote")
    assert (route.stable, route.follow) == (3, False)
    registry.change_route("news", "resume")
    assert registry.change_route("news", "promote", version=3).follow


def test_a_canary_stops_following_and_promote_ends_it(registry: Registry) -> None:
    flipped(registry, 1)
    publish(registry, 1)
    route = registry.change_route("news", "canary", version=2, share=0.1)
    assert (route.stable, route.canary, route.canary_share, route.follow) == (1, 2, 0.1, False)
    publish(registry, 2)
    assert mark_ready(registry, "news", 3, A, [A]).stable == 1
    route = registry.change_route("news", "promote")
    assert (route.stable, route.canary, route.canary_share, route.follow) == (2, None, 0.0, False)
    assert mark_ready(registry, "news", 3, A, [A]).stable == 2  # nobody promoted what came after the trial


def test_what_was_promoted_is_what_runs_also_where_the_route_followed(registry: Registry) -> None:
    flipped(registry, 3)
    route = registry.change_route("news", "promote", version=2)
    assert (route.stable, route.follow) == (2, False)
    assert mark_ready(registry, "news", 3, A, [A]).stable == 2
    registry.change_route("news", "resume")
    assert mark_ready(registry, "news", 3, A, [A]).stable == 3


def test_a_flip_ends_a_canary_that_it_reaches(registry: Registry) -> None:
    flipped(registry, 1)
    publish(registry, 1)
    registry.change_route("news", "canary", version=2, share=0.5)
    registry.change_route("news", "resume")
    route = mark_ready(registry, "news", 2, A, [A])
    assert (route.stable, route.canary, route.canary_share) == (2, None, 0.0)


def test_the_revision_grows_only_with_a_change(registry: Registry) -> None:
    flipped(registry, 1)
    first = registry.change_route("news", "pause")
    assert registry.change_route("news", "pause") == first
    assert registry.change_route("news", "resume").revision == first.revision + 1


@pytest.mark.parametrize(
    ("action", "version", "share", "field"),
    [
        ("swap", None, None, "action"),
        ("canary", None, 0.5, "version"),
        ("canary", 1, None, "share"),
        ("canary", 1, 0.0, "share"),
        ("canary", 1, 1.5, "share"),
        ("canary", 1, float("nan"), "share"),
        ("promote", 1, 0.5, "share"),
        ("promote", -1, None, "version"),
        ("pause", 1, None, "version"),
    ],
)
def test_a_wrong_change_names_its_field(
    registry: Registry, action: str, version: int | None, share: float | None, field: str
) -> None:
    flipped(registry, 1)
    with pytest.raises(InvalidInput) as caught:
        registry.change_route("news", action, version=version, share=share)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_route_cannot_go_to_what_is_not_there(registry: Registry) -> None:
    flipped(registry, 1)
    for action in ("promote", "rollback"):
        with pytest.raises(NotFound):
            registry.change_route("news", action, version=7)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        registry.change_route("sport", "pause")
    assert registry.change_route("news", "promote", version=0).stable == 0


def test_a_retired_version_cannot_be_routed_to_and_a_routed_one_is_not_retired(registry: Registry) -> None:
    flipped(registry, 6)
    registry.change_route("news", "rollback", version=2)
    registry.change_route("news", "canary", version=3, share=0.5)
    assert [version.number for version in registry.retire("news", 2).versions] == [6, 5, 3, 2]
    assert [version.number for version in registry.retire("news", 2).versions] == [6, 5, 3, 2]
    for gone in (1, 4):
        with pytest.raises(NotFound):
            registry.change_route("news", "promote", version=gone)
    assert registry.change_route("news", "promote", version=6).stable == 6
    registry.retire("news", 1)
    assert registry.change_route("news", "rollback").stable == 0


def test_a_change_whose_answer_was_lost_is_made_once_though_another_one_was_made_since(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    flipped(registry, 6)

    def change(name: str, action: str, version: int | None = None) -> int:
        monkeypatch.setattr(routes.uuid, "uuid4", lambda: SimpleNamespace(hex=name))
        return registry.change_route("news", action, version=version).stable

    assert change("a", "rollback") == 5
    assert change("b", "promote", 6) == 6
    assert change("a", "rollback") == 6  # sent again
    assert change("c", "rollback") == 5
    for number in range(40):
        change(f"more-{number}", "promote", 1 + number % 6)
    with registry.connection.answered():
        assert len(registry.connection.redis.hget("rtadapt:{news}:route", "change").split()) == 16


def test_a_guest_is_waited_for_from_its_first_report_until_it_leaves(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)

    def home_reports(number: int) -> int:
        return registry.report("news", A, Holding(frozenset({number})), [A], guests=[B, C])[0].stable

    assert home_reports(1) == 1  # nobody waits for who has never had the feed
    assert registry.report("news", B, Holding(), [A], guests=[B, C])[0].stable == 1  # the base model is something to hold
    publish(registry, 1, epoch=epoch)
    assert home_reports(2) == 1
    assert registry.report("news", B, Holding(frozenset({2})), [A], guests=[B, C])[0].stable == 2
    publish(registry, 2, epoch=epoch)
    assert home_reports(3) == 2
    registry.leave("news", B)
    assert home_reports(3) == 3
    assert registry.holdings("news").keys() == {A}
