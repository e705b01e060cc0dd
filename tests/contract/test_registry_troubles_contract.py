"""What the registry holds of feeds and events that go wrong: troubles, attempts, deleted feeds, logs that begin anew."""

from __future__ import annotations

from rtadapt.records import Position
from rtadapt.registry.codec import Trouble
from rtadapt.registry.progress import Floor
from rtadapt.registry.registry import Registry
from tests.support.registry_steps import Settings, publish

TROUBLE = Trouble("wrong_base", "made on another base", 1.5, 2, 3.25, "worker-1")


def test_a_trouble_is_noted_and_taken_back(registry: Registry) -> None:
    registry.ensure_feed("news")
    registry.ensure_feed("support")
    assert registry.trouble("news") is None
    registry.note_trouble("news", TROUBLE)
    assert (registry.trouble("news"), registry.troubles()) == (TROUBLE, {"news": TROUBLE})
    registry.note_trouble("news", None)
    assert registry.troubles() == {}


def test_a_feed_that_commits_is_out_of_trouble_whoever_said_it_was_in_any(registry: Registry) -> None:
    epoch = registry.claim("news", "worker-2")
    registry.note_trouble("news", TROUBLE)
    publish(registry, 0, epoch=epoch, offset=5)
    assert registry.trouble("news") is None


def test_attempts_are_counted_by_place_and_stage_until_they_end(registry: Registry) -> None:
    one, two = Position(0, 7), Position(10_003, 8)
    assert registry.begin_attempt("learn", [one, two], "p1") == [1, 1]
    assert registry.begin_attempt("learn", [one, two], "p1") == [1, 1]  # sent again, its answer was lost
    assert registry.begin_attempt("learn", [one], "p2") == [2]
    assert registry.attempts("learn") == {one: 2, two: 1}
    assert registry.attempts("admit") == {}
    registry.end_attempt("learn", [one])
    assert registry.attempts("learn") == {two: 1}


def test_a_deleted_feed_leaves_where_it_stood_and_is_followed_when_it_is_made_anew(registry: Registry) -> None:
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch, offset=5)
    before = registry.head("news")
    assert before is not None
    registry.note_trouble("news", TROUBLE)
    assert registry.delete_feed("news", 0, 9)
    assert (registry.head("news"), registry.route("news"), registry.versions("news"), registry.feeds()) == (None, None, [], [])
    assert registry.trouble("news") is None
    gone = registry.gone("news")
    assert gone is not None
    assert (gone.incarnation, gone.positions, gone.epoch) == (before.incarnation, {0: 9}, epoch)
    assert registry.deleted_feeds() == ["news"]
    registry.forget_deleted("news")
    assert registry.deleted_feeds() == []
    assert not registry.delete_feed("news", 0, 9)
    assert registry.claim("news", "worker") > epoch
    head, route = registry.head("news"), registry.route("news")
    assert head is not None
    assert route is not None
    assert (head.version, dict(head.positions)) == (0, {0: 9})
    assert route.trusted == head.incarnation != before.incarnation
    assert registry.feed_count() == 1


def test_a_feed_that_was_never_deleted_is_trusted_by_nobody(registry: Registry) -> None:
    registry.ensure_feed("news")
    route = registry.route("news")
    assert route is not None
    assert (route.trusted, registry.gone("news")) == ("", None)


def test_a_log_that_begins_anew_gets_a_number_that_none_had(registry: Registry) -> None:
    assert registry.log_number("a") == 0
    assert registry.begin_log("a") == 1
    assert registry.log_number("a") == 1
    assert registry.log_number("b") == 2
    assert registry.begin_log("a") == 3
    assert (registry.log_number("b"), registry.log_number("c")) == (2, 4)


def test_what_was_read_is_noted_beside_the_floor(registry: Registry, settings: Settings) -> None:
    registry.set_floor(3, 10, 40)
    assert (registry.floor(3), registry.read_up_to(3), registry.read_up_to(4)) == (10, 40, 0)
    registry.set_floor(3, 10, 20)  # partitions were handed out anew, and are read again
    assert (registry.floor(3), registry.read_up_to(3)) == (10, 20)


def test_a_floor_says_beside_which_heads_it_was_noted_and_is_noted_by_who_knows_it(registry: Registry) -> None:
    assert registry.noted(3) == Floor(0, {}, 0)
    assert registry.set_floor(3, 10, 40, {"news": 10, "sport": 7}, notes=0) == 1
    assert registry.set_floor(3, 12, 40, {"news": 12}, notes=1) == 2
    assert registry.noted(3) == Floor(12, {"news": 12, "sport": 7}, 2)
    assert registry.set_floor(3, 40, 40, {"news": 40}, notes=1) is None  # somebody else's word, or the registry lost one
    assert registry.set_floor(3, 12, 40, {"sport": None}, notes=2) == 3
    assert registry.noted(3) == Floor(12, {"news": 12}, 3)
    assert registry.noted(4) == Floor(0, {}, 0)
