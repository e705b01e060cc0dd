"""When a batch closes, and how far a feed stands once it is decided.

Owns, per feed, what was read from the log and waits: admitted events, and the places of refused ones, in the order of
the log. Takes both with the time (monotonic seconds); gives batches with the positions they cover, and per partition
the first offset that is not decided yet. A place is covered only together with everything that was read before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace

from rtadapt.config import BatchSettings
from rtadapt.records import Event, Position, Positions


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Events of one feed to learn together, in the order of the log. Made by curation.

    `positions` are where the feed stands once they are decided; refused events that lie between are covered too.
    Without events it only moves the positions past what was refused.
    """

    feed: str
    events: tuple[Event, ...]
    positions: Positions

    def without(self, some: Collection[Event]) -> FeedBatch:
        """The batch without `some` of its events, which it covers all the same."""
        places = {_place(event) for event in some}
        return replace(self, events=tuple(event for event in self.events if _place(event) not in places))

    def halves(self) -> tuple[FeedBatch, FeedBatch]:
        """The same events in two batches, each covering what was read before its successor. Needs two events."""
        if len(self.events) < 2:
            raise ValueError("a batch of fewer than two events has no halves")
        middle = len(self.events) // 2
        first, second = self.events[:middle], self.events[middle:]
        positions = dict(self.positions)
        for event in second:
            place = _place(event)
            positions[place.partition] = min(positions[place.partition], place.offset)
        return FeedBatch(self.feed, first, positions), FeedBatch(self.feed, second, self.positions)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One place of the log that is not decided yet; `event` is None when it was refused."""

    position: Position
    event: Event | None
    since: float


class Batcher:
    """What waits to be learned, per feed. Used from one thread."""

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings
        self._feeds: dict[str, deque[_Waiting]] = {}
        self._most = settings.max_events

    def took(self, batch: FeedBatch, seconds: float) -> None:
        """Note how long a batch took to be decided: where many wait, later ones grow as long as that is in good time."""
        least, events = self._settings.max_events, len(batch.events)
        if events > least and seconds > self._settings.update_seconds:
            self._most = max(least, int(events * self._settings.update_seconds / seconds))
        elif events >= self._most and seconds * 2 <= self._settings.update_seconds:
            self._most = min(max(least, self._settings.most_events), 2 * self._most)

    def add(self, event: Event, now: float) -> None:
        """Let an admitted event wait for its batch. Raises ValueError when it was not read from the log."""
        self._queue(event).append(_Waiting(_place(event), event, now))

    def pass_over(self, event: Event, now: float) -> None:
        """Note that an event was refused, so that the next batch of its feed covers its place."""
        self._queue(event).append(_Waiting(_place(event), None, now))

    def take(self, now: float) -> FeedBatch | None:
        """The batch that is full or old enough, of the feed whose oldest waits longest; it is taken out."""
        for _, feed in sorted((queue[0].since, feed) for feed, queue in self._feeds.items()):
            queue = self._feeds[feed]
            if self._is_full(queue) or now - queue[0].since >= self._settings.max_age_seconds:
                return self._close(feed)
        return None

    def next_due(self, now: float) -> float | None:
        """Seconds until a batch is due by age or size, 0.0 when one is; None while nothing waits."""
        if not self._feeds:
            return None
        if any(self._is_full(queue) for queue in self._feeds.values()):
            return 0.0
        oldest = min(queue[0].since for queue in self._feeds.values())
        return max(0.0, oldest + self._settings.max_age_seconds - now)

    def drop(self, partition: int) -> None:
        """Forget what waits from a partition that another worker reads now."""
        for feed, queue in list(self._feeds.items()):
            kept = deque(waiting for waiting in queue if waiting.position.partition != partition)
            if kept:
                self._feeds[feed] = kept
            else:
                del self._feeds[feed]

    def drop_feed(self, feed: str) -> None:
        """Forget what waits of a feed: it is read from the log again."""
        self._feeds.pop(feed, None)

    @property
    def feeds(self) -> frozenset[str]:
        """The feeds of which something waits."""
        return frozenset(self._feeds)

    def pending_floor(self, partition: int) -> int | None:
        """The first offset of the partition that waits here; None when nothing of it does."""
        offsets = (
            waiting.position.offset
            for queue in self._feeds.values()
            for waiting in queue
            if waiting.position.partition == partition
        )
        return min(offsets, default=None)

    def __len__(self) -> int:
        return sum(waiting.event is not None for queue in self._feeds.values() for waiting in queue)

    def _queue(self, event: Event) -> deque[_Waiting]:
        _place(event)
        return self._feeds.setdefault(event.feed, deque())

    def _is_full(self, queue: deque[_Waiting]) -> bool:
        return sum(waiting.event is not None for waiting in queue) >= self._settings.max_events

    def _close(self, feed: str) -> FeedBatch:
        queue = self._feeds[feed]
        events: list[Event] = []
        positions: dict[int, int] = {}
        while queue and (queue[0].event is None or len(events) < self._most):
            waiting = queue.popleft()
            partition, offset = waiting.position.partition, waiting.position.offset
            positions[partition] = max(positions.get(partition, 0), offset + 1)
            if waiting.event is not None:
                events.append(waiting.event)
        if not queue:
            del self._feeds[feed]
        return FeedBatch(feed, tuple(events), positions)


def _place(event: Event) -> Position:
    if event.position is None:
        raise ValueError("the event was not read from the log: it has no position")
    return event.position
