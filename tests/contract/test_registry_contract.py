"""What the registry promises of commits, events and news, on a single server and on a cluster of three."""

from __future__ import annotations

import contextlib
import threading

import pytest
import redis
from redis.cluster import RedisCluster

from rtadapt.errors import HeadMoved, InvalidInput, NotFound, StaleEpoch
from rtadapt.records import EventState, EventStatus, Position
from rtadapt.registry.registry import Change, Registry
from tests.support.registry_steps import A, B, Settings, assert_soon, candidate, flipped, move_on, publish


def test_a_new_feed_stands_at_the_base_model(registry: Registry) -> None:
    assert registry.ensure_feed("news", {"title": "News"})
    assert not registry.ensure_feed("news")
    head, route = registry.head("news"), registry.route("news")
    assert head is not None and (head.version, head.positions, head.epoch) == (0, {}, 0)
    assert route is not None and (route.stable, route.canary, route.follow, route.revision) == (0, None, True, 0)
    assert registry.feeds() == ["news"]
    assert registry.feed_config("news") == {"title": "News"}
    assert not registry.ensure_feed("news", {"title": "Other"})
    assert registry.feed_config("news") == {"title": "Other"}


def test_what_is_not_there_is_none(registry: Registry) -> None:
    assert registry.head("news") is None and registry.route("news") is None
    assert registry.feed_config("news") is None
    assert registry.version("news", 1) is None and registry.versions("news") == []
    assert registry.heads() == {} and registry.routes() == {} and registry.feeds() == []
    assert registry.event_status("nobody") is None
    assert registry.retire("news", 1).versions == ()


@pytest.mark.parametrize("feed", ["", "News", "a b", "{x}", "a" * 64, "-a", "a:b", "a\n"])
def test_a_name_that_is_no_feeds_is_refused(registry: Registry, feed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        registry.ensure_feed(feed)
    assert caught.value.field == "feed"


def test_a_commit_moves_head_and_writes_the_version(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    made = publish(registry, 0, epoch=epoch)
    assert made.name == "news@1" and made.parent == 0
    assert registry.version("news", 1) == made
    head = registry.head("news")
    assert head is not None and (head.version, head.positions, head.epoch) == (1, {0: 1}, epoch)
    assert registry.heads() == {"news": head}


def test_a_rejected_batch_moves_positions_and_keeps_the_version(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch, offset=3)
    move_on(registry, epoch=epoch, parent=1, offset=9)
    head = registry.head("news")
    assert head is not None and (head.version, head.positions) == (1, {0: 9})
    assert [version.number for version in registry.versions("news")] == [1]
    assert publish(registry, 1, epoch=epoch, offset=10).number == 2


def test_positions_of_other_partitions_stay_and_none_goes_back(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    far = 2**52
    first = registry.commit(
        "news", epoch=epoch, parent=0, positions={0: 7, 3: far}, candidate=candidate(0), events=[], measures={}, statuses=[]
    )
    assert first is not None and first.positions == {0: 7, 3: far}
    second = publish(registry, 1, epoch=epoch, offset=8)
    assert second.positions == {0: 8, 3: far} == registry.version("news", 2).positions  # type: ignore[union-attr]
    with pytest.raises(HeadMoved):
        publish(registry, 2, epoch=epoch, offset=7)
    head = registry.head("news")
    assert head is not None and (head.version, head.positions) == (2, {0: 8, 3: far})


def test_a_stale_epoch_never_moves_the_head(registry: Registry) -> None:
    old = registry.claim("news", "first")
    new = registry.claim("news", "second")
    assert new > old
    with pytest.raises(StaleEpoch):
        publish(registry, 0, epoch=old)
    with pytest.raises(StaleEpoch):
        move_on(registry, epoch=old, parent=0, offset=5)
    assert registry.versions("news") == []
    assert publish(registry, 0, epoch=new).number == 1


def test_a_commit_on_an_old_parent_is_refused_and_leaves_nothing(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch)
    learned = EventStatus("late", "news", EventState.LEARNED)
    with pytest.raises(HeadMoved):
        registry.commit(
            "news",
            epoch=epoch,
            parent=0,
            positions={0: 99},
            candidate=candidate(0),
            events=[],
            measures={},
            statuses=[learned],
        )
    head = registry.head("news")
    assert head is not None and head.positions == {0: 1}
    assert registry.event_status("late") is None


def test_a_commit_to_a_feed_that_is_not_there_is_not_found(registry: Registry) -> None:
    with pytest.raises(NotFound):
        publish(registry, 0)


def test_a_candidate_of_another_parent_or_feed_is_refused(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    for wrong in (candidate(4), candidate(0, "sport")):
        with pytest.raises(InvalidInput):
            registry.commit("news", epoch=epoch, parent=0, positions={}, candidate=wrong, events=[], measures={}, statuses=[])


def test_of_many_commits_on_one_parent_exactly_one_wins(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    writers, rounds = 8, 10
    won: list[int] = []
    gate = threading.Barrier(writers)

    def write() -> None:
        for parent in range(rounds):
            gate.wait(timeout=30)
            with contextlib.suppress(HeadMoved):
                won.append(publish(registry, parent, epoch=epoch).number)
            gate.wait(timeout=30)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(won) == list(range(1, rounds + 1))
    assert [version.parent for version in registry.versions("news")] == list(range(rounds - 1, -1, -1))


def test_owners_that_fight_over_a_feed_leave_one_gapless_history(registry: Registry) -> None:
    registry.ensure_feed("news")
    published: list[tuple[int, int]] = []

    def own(name: str) -> None:
        for _ in range(10):
            epoch = registry.claim("news", name)
            head = registry.head("news")
            assert head is not None
            with contextlib.suppress(HeadMoved, StaleEpoch):
                published.append((publish(registry, head.version, epoch=epoch).number, epoch))

    threads = [threading.Thread(target=own, args=(f"worker-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    published.sort()
    assert [number for number, _ in published] == list(range(1, len(published) + 1))
    epochs = [epoch for _, epoch in published]
    assert epochs == sorted(epochs), "a later version was published by an earlier owner"


def test_event_statuses_change_with_the_head_and_never_go_back(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    place = Position(2, 17)
    registry.note_events([EventStatus("e1", "news", EventState.ACCEPTED, place), EventStatus("e2", "news", EventState.ACCEPTED)])
    assert registry.event_status("e1") == EventStatus("e1", "news", EventState.ACCEPTED, place)
    refused = EventStatus("e2", "news", EventState.REFUSED, None, None, "duplicate", "of an earlier one")
    registry.commit(
        "news",
        epoch=epoch,
        parent=0,
        positions={0: 1},
        candidate=candidate(0),
        events=[],
        measures={},
        statuses=[EventStatus("e1", "news", EventState.LEARNED, place), refused],
    )
    registry.note_events([EventStatus("e1", "news", EventState.ADMITTED), EventStatus("e2", "news", EventState.ACCEPTED)])
    assert registry.event_status("e1") == EventStatus("e1", "news", EventState.LEARNED, place, version=1)
    assert registry.event_status("e2") == refused


def test_many_statuses_of_many_feeds_are_noted_at_once(registry: Registry) -> None:
    statuses = [EventStatus(f"{feed}-{n}", feed, EventState.ACCEPTED, Position(0, n)) for n in range(700) for feed in ("a", "b")]
    registry.note_events(statuses)
    assert registry.event_status("a-699") == EventStatus("a-699", "a", EventState.ACCEPTED, Position(0, 699))
    assert registry.event_status("b-0") == EventStatus("b-0", "b", EventState.ACCEPTED, Position(0, 0))


def test_events_of_one_id_in_two_feeds_hide_each_other_from_nobody_who_names_the_feed(registry: Registry) -> None:
    for offset, feed in enumerate(("news", "sport")):
        registry.note_events([EventStatus("1", feed, EventState.ACCEPTED, Position(0, offset))])
    found = [registry.event_status("1", feeds) for feeds in (["news"], ["sport"], ["weather", "news"], [])]
    assert [status.feed for status in found if status is not None] == ["news", "sport", "news", "sport"]


def test_an_event_is_forgotten_after_its_time(settings: Settings) -> None:
    registry = Registry(settings(status_ttl_seconds=0.05))
    registry.note_events([EventStatus("e1", "news", EventState.ACCEPTED)])
    assert_soon(lambda: registry.event_status("e1") is None)
    registry.close()


def test_of_so_many_events_the_newest_are_remembered(settings: Settings) -> None:
    registry = Registry(settings(max_statuses=10))
    feeds = [("sport", "news")[number % 2] for number in range(95)]
    for number, feed in enumerate(feeds):
        registry.note_events([EventStatus(f"e{number}", feed, EventState.ACCEPTED, Position(0, number))])
    make = RedisCluster.from_url if settings().cluster else redis.Redis.from_url
    with make(settings().url) as client:
        kept = {key.decode(): client.hlen(key) for key in client.scan_iter("rtadapt:*") if client.type(key) == b"hash"}
    assert all(count <= 10 for count in kept.values()), kept
    assert all(registry.event_status(f"e{number}", [feeds[number]]) is not None for number in range(94, 74, -1))
    assert all(registry.event_status(f"e{number}") is not None for number in range(94, 84, -1))
    assert registry.event_status("e1", ["news"]) is None
    assert registry.event_status("e70") is None
    registry.close()


def test_an_event_that_was_decided_is_found_however_its_statuses_were_moved(settings: Settings) -> None:
    registry = Registry(settings(max_statuses=3))
    registry.note_events([EventStatus(f"e{number}", "news", EventState.REFUSED, Position(0, number)) for number in range(4)])
    registry.note_events([EventStatus("e0", "news", EventState.ACCEPTED, Position(0, 0))])
    found = registry.event_status("e0")
    assert found is not None
    assert found.state is EventState.REFUSED
    registry.close()


def test_old_version_records_go_but_never_what_a_route_names(settings: Settings) -> None:
    registry = Registry(settings(keep_versions=3))
    epoch = registry.claim("news", "worker")
    for parent in range(2):
        publish(registry, parent, epoch=epoch)
    registry.change_route("news", "promote", version=1)
    registry.change_route("news", "canary", version=2, share=0.5)
    for parent in range(2, 9):
        publish(registry, parent, epoch=epoch)
    assert [version.number for version in registry.versions("news")] == [9, 8, 7, 2, 1]
    assert [version.number for version in registry.versions("news", limit=2)] == [9, 8]
    registry.close()


def test_followers_see_each_change_once_and_in_order(registry: Registry) -> None:
    place, changes = registry.changes("")
    assert changes == []
    registry.ensure_feed("news")
    flipped(registry, 1)
    place, changes = registry.changes(place)
    assert changes == [Change("news", "feed"), Change("news", "head"), Change("news", "route")]
    assert registry.changes(place, block_seconds=0.05) == (place, [])


def test_a_follower_that_waits_is_woken(registry: Registry) -> None:
    registry.ensure_feed("news")
    place, _ = registry.changes("")
    timer = threading.Timer(0.05, registry.change_route, args=("news", "pause"))
    timer.start()
    _, changes = registry.changes(place, block_seconds=30)
    timer.join()
    assert changes == [Change("news", "route")]


@pytest.mark.parametrize("after", ["0-0", "1", "99999999999999-7", "nonsense", "-", "$"])
def test_an_unknown_place_in_the_news_is_no_error(registry: Registry, after: str) -> None:
    registry.ensure_feed("news")
    place, _ = registry.changes(after, block_seconds=0.01)
    assert isinstance(place, str)


def test_the_news_are_bounded(registry: Registry, settings: Settings) -> None:
    registry.ensure_feed("news")
    make = RedisCluster.from_url if settings().cluster else redis.Redis.from_url
    with make(settings().url) as client:
        with client.pipeline(transaction=False) as pipeline:
            for _ in range(11_000):
                pipeline.xadd("rtadapt:changes", {"feed": "x", "kind": "head"})
            pipeline.execute()
        registry.change_route("news", "pause")
        assert client.xlen("rtadapt:changes") <= 10_200
    _, changes = registry.changes("0-0")
    assert changes


def test_a_floor_is_what_was_noted_last_and_each_log_has_its_own(registry: Registry, settings: Settings) -> None:
    assert registry.floor(0) == 0
    registry.set_floor(0, 12, 12)
    registry.set_floor(0, 10, 11)
    registry.set_floor(1, 2, 2)
    assert (registry.floor(0), registry.floor(1)) == (10, 2)
    other = Registry(settings(), log_name="another")
    assert other.floor(0) == 0
    other.close()


def test_a_replica_that_leaves_is_forgotten(registry: Registry) -> None:
    registry.heartbeat(A, {"version": "1"})
    registry.heartbeat(B, {})
    live = registry.live_replicas()
    assert {name: said.get("version") for name, said in live.items()} == {A: "1", B: None}
    registry.forget(A)
    registry.forget("nobody")
    assert list(registry.live_replicas()) == [B]


def test_what_reads_for_a_worker_is_noted_until_it_is_said_anew_or_too_old(settings: Settings) -> None:
    registry = Registry(settings(status_ttl_seconds=0.3))
    assert registry.readings() == {}
    registry.note_reading("one", {"by": "auto", "reader": 0.5})
    registry.note_reading("two", {"by": "model"})
    registry.note_reading("one", {"by": "auto", "reader": 0.75})
    assert registry.readings() == {"one": {"by": "auto", "reader": 0.75}, "two": {"by": "model"}}
    assert registry.live_replicas() == {}
    assert_soon(lambda: registry.readings() == {})
    registry.close()


def test_the_registry_numbers_logs_in_the_order_in_which_it_meets_them(registry: Registry) -> None:
    assert [registry.log_number(name) for name in ("a", "b", "a", "c", "b")] == [0, 1, 0, 2, 1]


def test_many_statuses_at_once_are_each_kept_and_none_goes_back(registry: Registry) -> None:
    registry.note_events([EventStatus("e7", "news", EventState.REFUSED, Position(0, 7), reason="consent")])
    twice = [EventStatus("e8", "news", EventState.REFUSED, Position(0, 8)), EventStatus("e8", "news", EventState.ADMITTED)]
    accepted = [EventStatus(f"e{number}", "news", EventState.ACCEPTED, Position(0, number)) for number in range(2_500)]
    registry.note_events([*twice, *accepted])
    found = [registry.event_status(f"e{number}") for number in (0, 6, 7, 8, 999, 1_000, 1_001, 2_499)]
    states = [status.state for status in found if status is not None]
    late = EventState.REFUSED
    assert states == [EventState.ACCEPTED] * 2 + [late, late] + [EventState.ACCEPTED] * 4
    assert [status.position for status in found if status is not None][-1] == Position(0, 2_499)
