from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtadapt.config import BatchSettings
from rtadapt.curation.batcher import Batcher, FeedBatch
from tests.support.events import story

SETTINGS = BatchSettings(max_events=3, most_events=3, max_age_seconds=2.0)


def due(batcher: Batcher, now: float) -> list[FeedBatch]:
    """All that can be taken now."""
    return list(iter(lambda: batcher.take(now), None))


def ids(batch: FeedBatch) -> list[str]:
    return [event.id for event in batch.events]


def test_a_batch_closes_by_size() -> None:
    batcher = Batcher(SETTINGS)
    for offset in range(2):
        batcher.add(story(offset, "x"), now=0.0)
    assert due(batcher, 0.0) == []
    batcher.add(story(2, "x"), now=0.0)
    assert batcher.next_due(0.0) == 0.0
    [batch] = due(batcher, 0.0)
    assert (ids(batch), batch.positions) == (["event-0-0", "event-0-1", "event-0-2"], {0: 3})
    assert batcher.next_due(0.0) is None
    assert len(batcher) == 0


def test_where_more_wait_batches_grow_as_long_as_they_are_decided_in_good_time() -> None:
    batcher = Batcher(BatchSettings(max_events=2, most_events=12, update_seconds=30))
    for offset in range(60):
        batcher.add(story(offset, "x"), now=0.0)
    sizes = []
    for seconds in (15.0, 14.0, 16.0, 90.0, 16.0, 1.0, 15.0, 15.0, 15.0, 300.0):
        batch = batcher.take(0.0)
        assert batch is not None
        sizes.append(len(batch.events))
        batcher.took(batch, seconds)
    assert sizes == [2, 4, 8, 8, 2, 2, 4, 8, 12, 10]
    batcher.took(FeedBatch("news", (), {0: 4}), 0.0)  # nothing was decided
    assert len(batcher) == 0


def test_a_batch_closes_by_the_age_of_its_oldest_event() -> None:
    batcher = Batcher(SETTINGS)
    batcher.add(story(0, "x"), now=10.0)
    batcher.add(story(1, "x"), now=11.5)
    assert batcher.next_due(11.5) == pytest.approx(0.5)
    assert due(batcher, 11.9) == []
    [batch] = due(batcher, 12.0)
    assert ids(batch) == ["event-0-0", "event-0-1"]


def test_more_than_one_batch_may_be_due_and_the_rest_waits() -> None:
    batcher = Batcher(SETTINGS)
    for offset in range(7):
        batcher.add(story(offset, "x"), now=0.0)
    assert [batch.positions for batch in due(batcher, 0.0)] == [{0: 3}, {0: 6}]
    assert batcher.pending_floor(0) == 6


def test_a_batch_covers_what_was_refused_around_it() -> None:
    batcher = Batcher(SETTINGS)
    batcher.pass_over(story(0, "x"), now=0.0)
    batcher.add(story(1, "x"), now=0.0)
    batcher.pass_over(story(2, "x"), now=0.0)
    batcher.add(story(3, "x"), now=0.0)
    batcher.add(story(4, "x"), now=0.0)
    batcher.pass_over(story(5, "x"), now=0.0)
    [batch] = due(batcher, 0.0)
    assert (ids(batch), batch.positions) == (["event-0-1", "event-0-3", "event-0-4"], {0: 6})
    assert batcher.pending_floor(0) is None


def test_a_feed_with_nothing_but_refused_events_moves_on_by_age() -> None:
    batcher = Batcher(SETTINGS)
    batcher.pass_over(story(7, "x"), now=0.0)
    batcher.pass_over(story(9, "x"), now=1.0)
    assert batcher.pending_floor(0) == 7
    assert due(batcher, 1.9) == []
    assert due(batcher, 2.0) == [FeedBatch("news", (), {0: 10})]
    assert batcher.pending_floor(0) is None


def test_feeds_are_batched_apart_and_share_the_floor_of_their_partition() -> None:
    batcher = Batcher(SETTINGS)
    batcher.add(story(4, "x", feed="sport"), now=0.0)
    batcher.add(story(5, "x", feed="news"), now=1.0)
    batcher.add(story(2, "x", feed="news", partition=1), now=1.0)
    assert (batcher.pending_floor(0), batcher.pending_floor(1), batcher.pending_floor(2)) == (4, 2, None)
    assert [(batch.feed, batch.positions) for batch in due(batcher, 3.0)] == [("sport", {0: 5}), ("news", {0: 6, 1: 3})]


def test_a_lost_partition_is_forgotten_and_the_others_are_not() -> None:
    batcher = Batcher(SETTINGS)
    batcher.add(story(4, "x", feed="sport"), now=0.0)
    batcher.add(story(5, "x", feed="news", partition=1), now=0.0)
    batcher.drop(0)
    assert [batch.feed for batch in due(batcher, 9.0)] == ["news"]
    assert batcher.next_due(9.0) is None


def test_halves_cover_together_what_the_whole_covers_and_the_first_stops_before_the_second() -> None:
    events = (story(3, "x"), story(1, "x", partition=1), story(8, "x"), story(5, "x", partition=1))
    whole = FeedBatch("news", events, {0: 12, 1: 6, 2: 4})
    first, second = whole.halves()
    assert (first.events, first.positions) == (events[:2], {0: 8, 1: 5, 2: 4})
    assert (second.events, second.positions) == (events[2:], whole.positions)


def test_one_event_has_no_halves() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        FeedBatch("news", (story(0, "x"),), {0: 1}).halves()


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.booleans()), max_size=60), st.integers(1, 5))
def test_everything_is_covered_once_and_in_order(records: list[tuple[str, bool]], size: int) -> None:
    batcher = Batcher(BatchSettings(max_events=size, max_age_seconds=1.0))
    covered: dict[str, int] = {}
    learned: list[str] = []
    for offset, (feed, admitted) in enumerate(records):
        (batcher.add if admitted else batcher.pass_over)(story(offset, "x", feed=feed), float(offset))
        for batch in due(batcher, float(offset)):
            assert len(batch.events) <= size
            assert batch.positions[0] > covered.get(batch.feed, 0)
            assert all(event.position is not None and event.position.offset < batch.positions[0] for event in batch.events)
            covered[batch.feed] = batch.positions[0]
            learned += ids(batch)
        undecided = [at for at, (name, _) in enumerate(records[: offset + 1]) if at >= covered.get(name, 0)]
        assert batcher.pending_floor(0) == (min(undecided) if undecided else None)
    for batch in due(batcher, 1e9):
        learned += ids(batch)
    assert sorted(learned) == sorted(f"event-0-{at}" for at, (_, admitted) in enumerate(records) if admitted)
    assert batcher.pending_floor(0) is None
