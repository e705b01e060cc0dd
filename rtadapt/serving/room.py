"""What the engine has room for, in names and in bytes, and who makes room when there is none.

Owns both bounds, and the choice of what goes: versions that nothing but a pin would miss, then whole feeds that nobody asks, the
one that was asked longest ago first. Nothing goes that has a request under way or waiting, or that a route still has to move to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rtadapt.config import ServeSettings
from rtadapt.records import Version, version_name
from rtadapt.serving import plan
from rtadapt.serving.identity import engine_name
from rtadapt.serving.live import Live
from rtadapt.serving.loading import Loader
from rtadapt.serving.views import Views


@dataclass(slots=True)
class Going:
    """What makes room: whole feeds, and single versions by feed and number."""

    feeds: list[str] = field(default_factory=list)
    spare: list[tuple[str, int]] = field(default_factory=list)


class Room:
    """Of one engine."""

    def __init__(self, settings: ServeSettings, live: Live, views: Views, loader: Loader) -> None:
        self._live = live
        self._views = views
        self._loader = loader
        self._bytes = settings.max_adapter_bytes
        self.names = settings.engine_adapters - 1
        """Names that may stay loaded: one place of the engine's memory is left for what is tried."""

    def has_free(self, promised: int, size: int = 0) -> bool:
        """Whether one more feed would fit beside what is loaded and `promised`, with a place left for the next version of any."""
        held = self._loader.sizes()
        return len(held) + promised < self.names - 1 and sum(held) + size <= self._bytes

    def is_idle(self, version: Version) -> bool:
        """Whether no request is under way on the version."""
        return self._live.in_flight(engine_name(version)) == 0

    def for_one(
        self, feed: str, number: int, size: int, under_way: Sequence[tuple[str, int]], is_needed: Callable[[str], bool]
    ) -> Going | None:
        """What has to go so that a version of `feed` fits, beside those `under_way` (feed and size). None: too little can.

        `feed` itself may be the one that would be missed least. Those that a caller says are needed stay. What is going already
        makes room: no load enters the engine before it has gone.
        """
        going = Going()
        if size > self._bytes:  # it never will, and the loader says so
            return going
        held = self._loader.sizes(version_name(feed, number))
        limit = self.names if self._loader.loaded(feed) else self.names - 1
        short = len(held) + len(under_way) + 1 - limit
        over = sum(held) + sum(one[1] for one in under_way) + size - self._bytes
        states = self._views.states(self._loader.feeds())
        for key in plan.spare(states):
            version = self._loader.loaded(key[0])[key[1]]
            if (short > 0 or over > 0) and self.is_idle(version):
                going.spare.append(key)
                short, over = short - 1, over - version.adapter.size_bytes
        busy = {name for name, _ in under_way}
        for other in sorted(states, key=lambda name: self._live.asked_at.get(name, 0.0)):
            if (short > 0 or over > 0) and other not in busy and not is_needed(other) and self._is_quiet(other, states[other]):
                if other == feed:
                    return Going([feed])
                left = [one for one in self._loader.loaded(other).values() if (other, one.number) not in going.spare]
                going = Going([*going.feeds, other], [key for key in going.spare if key[0] != other])
                short, over = short - len(left), over - sum(one.adapter.size_bytes for one in left)
        return None if short > 0 or over > 0 else going

    def _is_quiet(self, feed: str, state: plan.FeedState) -> bool:
        idle = not self._live.asked[feed] and all(map(self.is_idle, self._loader.loaded(feed).values()))
        return idle and not plan.has_to_tell(state)
