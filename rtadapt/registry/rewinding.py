"""Taking a feed back: the head to an earlier version, and what was learned since unlearned.

Owns `rewind`, and the list of events that are to be learned again. Takes an operator's word; gives what it did to anyone.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rtadapt.errors import HeadMoved, InvalidInput, NotFound
from rtadapt.records import EventState, Head, Positions, Version, version_name
from rtadapt.registry import codec
from rtadapt.registry.codec import Again
from rtadapt.registry.connection import Connection
from rtadapt.registry.heads import Heads

_ATTEMPTS = 10
"""A worker that commits between our look and our word has moved the head: then we look again."""
_REFUSALS = {
    "missing": "there is no feed {name}",
    "unknown": "there is no version {name}",
    "retired": "the adapter of {name} is not kept any more, or it was abandoned",
    "stateless": "the learner's state of {name} is not kept any more (artifacts.keep_states): learning can't go on from it",
}


@dataclass(frozen=True, slots=True)
class Rewound:
    """What taking a feed back did: where it stands, the versions it abandoned, and the events they had learned."""

    head: Head
    abandoned: tuple[int, ...]
    unlearned: tuple[str, ...]


class Rewinding:
    """The part of the registry that takes back what was learned."""

    def __init__(self, connection: Connection, heads: Heads) -> None:
        self._connection, self._heads = connection, heads

    def rewind(self, feed: str, version: int | None = None, *, without: Collection[str] = (), relearn: bool = False) -> Rewound:
        """Take the feed back to `version`; without one, to the last before any of the events `without` was learned.

        The head moves there and keeps its positions; what came after is abandoned for good, its numbers are not used again,
        and its events are unlearned. A route that names any of it moves there too. A new epoch fences the update under
        way. With `relearn` the events but for `without` are noted to be learned again, else all are dropped. Where the head
        stands there already, only what is still noted is without them from then on.

        Raises NotFound for what isn't there, or is not kept so that learning could go on from it, InvalidInput for anything
        else that is wrong, and HeadMoved when the head does not stand still.
        """
        change = uuid.uuid4().hex
        for _ in range(_ATTEMPTS):
            head = self._heads.head(feed)
            if head is None:
                raise NotFound(f"there is no feed {feed}", field="feed")
            line = self._line(head)
            target = self._before(line, head, without) if version is None else version
            if not 0 <= target <= head.version:
                raise InvalidInput(f"{feed} stands at version {head.version} and can only be taken back", field="version")
            if target == head.version:
                self._spare(feed, without)
                return Rewound(head, (), ())
            since = [one for one in line if one.number > target]
            whole = _unrecorded(since, head, target)
            events = dict.fromkeys([*(self._remembered(feed, target) if whole else ()), *_events(since)])
            again = Again({}, head.positions, tuple(events), whole).but(without) if relearn else None
            outcome = self._take_back(change, head, target, list(events), again)
            if outcome == "ok":
                self._spare(feed, without)
                self._connection.announce(feed, "route")
                numbers = [number for number in range(target + 1, head.version + 1) if not head.has_abandoned(number)]
                return Rewound(self._heads.head(feed) or head, tuple(numbers), tuple(events))
            if outcome != "moved":
                message = _REFUSALS[outcome].format(name=version_name(feed, target))
                raise NotFound(message, field="feed" if outcome == "missing" else "version")
        raise HeadMoved(f"the head of feed {feed} moves all the time; try again")

    def again(self, feed: str) -> list[Again]:
        """The events that are to be learned again and were not yet appended again, oldest word first."""
        with self._connection.answered():
            texts = self._connection.redis.lrange(codec.feed_key(feed, "again"), 0, -1)
        return [codec.read_again(text) for text in texts]

    def done(self, feed: str, again: Again) -> None:
        """These events are in the log again."""
        with self._connection.answered():
            self._connection.redis.lrem(codec.feed_key(feed, "again"), 1, codec.again_text(again))

    def _line(self, head: Head) -> list[Version]:
        """The versions that learning went through to where it stands, as far as their records are kept, oldest first."""
        kept = self._heads.versions(head.feed, head.next_number)
        return [one for one in reversed(kept) if one.number <= head.version and not head.has_abandoned(one.number)]

    def _remembered(self, feed: str, target: int) -> list[str]:
        """The events that versions after `target` have learned, in their order, as far as it is remembered where events are."""
        texts: dict[str, str] = {}
        for key in codec.status_keys(feed):
            with self._connection.answered():
                texts |= dict(self._connection.redis.hscan_iter(key, count=1000))
        ranks = {event: int(text.partition(" ")[0]) for event, text in texts.items()}
        found = [event for event, rank in ranks.items() if rank - codec.RANKS[EventState.LEARNED] > target]
        return sorted(found, key=lambda event: ranks[event])

    def _before(self, line: Sequence[Version], head: Head, events: Collection[str]) -> int:
        """The version before the first one that learned any of `events`; where it stands, if they are taken back already."""
        if not events:
            raise InvalidInput("name the version to go back to, or events to be without", field="version")
        for version in line:
            if any(event.id in events for event in version.events):
                return version.parent
        if any(event in events for again in self.again(head.feed) for event in (*again.event_ids, *again.spared)):
            return head.version
        raise NotFound(f"no version of {head.feed} that is kept has learned any of these events", field="without")

    def _spare(self, feed: str, events: Collection[str]) -> None:
        """What is noted is not to be learned again if it is one of `events`."""
        for again in self.again(feed) if events else ():
            texts = codec.again_text(again), codec.again_text(again.but(events))
            if texts[0] != texts[1]:
                self._connection.run("spare", [codec.feed_key(feed, "again")], texts)

    def _take_back(self, change: str, head: Head, target: int, events: Sequence[str], again: Again | None) -> str:
        ranges = [pair for pair in head.abandoned if pair[0] <= target] + [(target + 1, head.last)]
        noted = ""
        if again is not None and (again.event_ids or again.whole):
            before = self._heads.version(head.feed, target)
            noted = codec.again_text(replace(again, start=before.positions if before else {}))
        keys = [codec.feed_key(head.feed, part) for part in ("head", "versions", "route", "retired", "stateless", "again")]
        keys += codec.status_keys(head.feed)
        args: list[str | int] = [change, target, head.version, head.last, codec.ranges_text(ranges), noted, *events]
        outcome: str = self._connection.run("rewind", keys, args)[0]
        return outcome


def _unrecorded(since: Sequence[Version], head: Head, target: int) -> Positions:
    """Up to where versions after `target` lie of which no record is kept; {} where there are none."""
    found: Positions = {}
    before = target
    for version in since:
        if version.parent != before:
            found = version.positions
        before = version.number
    return found if before == head.version else head.positions


def _events(versions: Sequence[Version]) -> list[str]:
    return [event.id for version in versions for event in version.events]
