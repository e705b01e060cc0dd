"""What a replica should load next and what it may let go. Pure.

Owns those two decisions. Takes what the registry says of a feed and what is loaded; gives version numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from rtadapt.records import Head, Route

_MOST_WAITING = 2


@dataclass(frozen=True, slots=True)
class FeedState:
    """One feed: what the registry says, the versions loaded here (never 0), and which of them its alias answers from.

    `loaded` maps each to the Unix seconds when it was published; `offered` are the versions that other replicas have loaded.
    """

    route: Route
    head: Head | None
    loaded: Mapping[int, float]
    serving: int | None
    offered: frozenset[int] = frozenset()

    @property
    def newest(self) -> int:
        """The version that learning stands at."""
        return self.head.version if self.head is not None else 0

    @property
    def in_line(self) -> list[int]:
        """The loaded versions that no rewind has abandoned, newest first."""
        return [number for number in sorted(self.loaded, reverse=True) if not self.is_abandoned(number)]

    def is_abandoned(self, number: int) -> bool:
        """Whether a rewind took this version out of the line."""
        return self.head is not None and self.head.has_abandoned(number)


def needed(state: FeedState) -> list[int]:
    """What the route names, the base model aside: without these the alias can't be answered as it should be."""
    named = (state.route.stable, state.route.canary or 0)
    return [number for number in dict.fromkeys(named) if number]


def missing(state: FeedState) -> list[int]:
    """What to load now, in order: what the route names, what others wait for, then the newest version.

    Those in between are skipped. The route moves to what all hold, so a replica first takes the newest that another one offers,
    and while it holds enough that the others have not got it lets newer ones pass.
    """
    wanted = needed(state)
    if state.route.follow:
        offered = (number for number in state.offered if number > state.route.stable and not state.is_abandoned(number))
        wanted += sorted(offered, reverse=True)[:1]
    if not state.route.follow or len(waiting(state)) < _MOST_WAITING:
        wanted.append(state.newest)
    return [number for number in dict.fromkeys(wanted) if number and number not in state.loaded]


def recent(head: Head, many: int) -> list[int]:
    """The newest versions that no rewind has abandoned, newest first, at most so many."""
    return list(islice((number for number in range(head.version, 0, -1) if not head.has_abandoned(number)), many))


def is_coming(state: FeedState) -> bool:
    """Whether the route waits for a version to be held: a newer one that it may move to, or a canary to begin with."""
    newer = state.route.follow and state.newest > state.route.stable and not state.is_abandoned(state.newest)
    return newer or bool(state.route.canary and not state.route.begun)


def waiting(state: FeedState) -> list[int]:
    """The loaded versions that the route may still move to."""
    return [number for number in reversed(state.in_line) if state.route.follow and number > state.route.stable]


def has_to_tell(state: FeedState) -> bool:
    """Whether what is loaded here may still move the route: to a newer version, or into a trial."""
    canary = state.route.canary
    to_begin = canary is not None and not state.route.begun and (canary == 0 or canary in state.loaded)
    return to_begin or bool(waiting(state))


def pinned(state: FeedState) -> frozenset[int]:
    """What must stay loaded: what is answered from, what the route names or may still move to, and the newest version."""
    return frozenset({*needed(state), *waiting(state)[-_MOST_WAITING:], state.newest, state.serving or 0})


def spare(states: Mapping[str, FeedState]) -> list[tuple[str, int]]:
    """What is loaded for requests that pin it, and for nothing else: the oldest first."""
    found = [
        (published, feed, number)
        for feed, state in states.items()
        for number, published in state.loaded.items()
        if number not in pinned(state)
    ]
    return [(feed, number) for _, feed, number in sorted(found)]


def surplus(states: Mapping[str, FeedState], keep_loaded: int, capacity: int) -> list[tuple[str, int]]:
    """What may be unloaded, in the order to do it.

    All but the `keep_loaded` newest of each feed that are in the line; and when still more than `capacity` would stay, the
    oldest of the rest, of whichever feed, as far as that goes without touching what is pinned.
    """
    going: list[tuple[str, int]] = []
    spare: list[tuple[float, str, int]] = []
    staying = 0
    for feed, state in states.items():
        newest = set(state.in_line[:keep_loaded])
        held = pinned(state)
        going += [(feed, number) for number in sorted(state.loaded) if number not in newest and number not in held]
        kept = [number for number in state.loaded if number in newest or number in held]
        staying += len(kept)
        spare += [(state.loaded[number], feed, number) for number in kept if number not in held]
    excess = max(0, staying - capacity)
    return going + [(feed, number) for _, feed, number in sorted(spare)[:excess]]
