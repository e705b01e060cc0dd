"""From where this worker's partitions must be read, by a process that starts after it and by itself.

Owns the floors, and what it knows of where heads stand. A floor holds as long as no head stands behind where it stood when the
floor was noted: a registry that lost writes (it was emptied, an older copy put back, a server failed over to that had not got the
last ones) may have kept the one and not the other. Then what it forgot is read from the heads.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rtadapt.records import Head, Positions
from rtadapt.registry.registry import Registry

_SECONDS = 10.0
"""A floor that does not move is noted again all the same: so a registry that lost writes is seen where nothing comes."""


@dataclass(slots=True)
class _Floor:
    """One partition's: what was noted, how often and when, and the feeds whose heads have moved since."""

    notes: int
    moved: set[str] = field(default_factory=set)
    noted: tuple[int, int] = (-1, -1)
    at: float = field(default_factory=time.monotonic)


class Floors:
    """One worker's. Used from one thread; `start` also from the one that reads while a step is under way. Raises Unavailable."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._floors: dict[int, _Floor] = {}
        self._heads: dict[str, dict[int, int]] = {}

    def start(self, partition: int) -> int:
        """Where the partition must be read from: its floor, or a head that stands behind."""
        noted = self._registry.noted(partition)
        stand = self._stand(list(noted.heads))
        mine = self._floors[partition] = _Floor(noted.notes)
        start = noted.offset
        for feed, place in noted.heads.items():
            at = stand.get(feed, {partition: place})
            now = None if at is None else at.get(partition, 0)
            if now is None or now < place:
                mine.moved.add(feed)
            if now is not None:
                self._heads.setdefault(feed, {})[partition] = min(now, place)
                start = min(start, now) if now < place else start
        return start

    def see(self, head: Head) -> None:
        """Where a feed's head stands, in the partitions that this worker reads."""
        known = self._heads.setdefault(head.feed, {})
        for partition in {*known, *head.positions} & self._floors.keys():
            place = head.positions.get(partition, 0)
            if known.get(partition, 0) != place:
                known[partition] = place
                self._floors[partition].moved.add(head.feed)

    def lost(self, head: Head) -> dict[int, int]:
        """Per partition, where a head stands that is behind where it stood before: what came after is to be read again."""
        known = self._heads.get(head.feed, {})
        return {partition: at for partition, place in known.items() if (at := head.positions.get(partition, 0)) < place}

    def note(self, partition: int, floor: int, read: int) -> bool:
        """Tell the registry from where the partition would have to be read again, and up to where it was read.

        Gives whether the registry was as it had been left; else it may have lost writes, and nothing was noted.
        """
        mine = self._floors.get(partition)
        if mine is None or (mine.noted == (floor, read) and not mine.moved and time.monotonic() - mine.at < _SECONDS):
            return True
        heads = {feed: self._heads.get(feed, {}).get(partition) for feed in mine.moved}
        notes = self._registry.set_floor(partition, floor, read, heads, mine.notes)
        mine.at = time.monotonic()
        if notes is None:
            mine.notes = self._registry.noted(partition).notes
            mine.moved = {feed for feed, places in self._heads.items() if partition in places}
            return False
        mine.notes, mine.noted, mine.moved = notes, (floor, read), set()
        return True

    def fallen(self) -> list[str]:
        """The feeds whose heads stand behind where they stood, or that are gone although nobody deleted them."""
        found = []
        for feed, at in self._stand(list(self._heads)).items():
            if at is None:
                for partition in self._heads.pop(feed):
                    self._floors[partition].moved.add(feed)
            elif any(at.get(partition, 0) < place for partition, place in self._heads[feed].items()):
                found.append(feed)
        return found

    def drop(self, partition: int) -> None:
        """Another worker reads the partition now."""
        self._floors.pop(partition, None)
        for feed, places in list(self._heads.items()):
            if places.pop(partition, None) is not None and not places:
                del self._heads[feed]

    def _stand(self, feeds: Sequence[str]) -> dict[str, Positions | None]:
        """Where these feeds stand: at nothing where the registry has lost one, None where it was deleted; not the illegible."""
        found: dict[str, Positions | None] = {feed: head.positions for feed, head in self._registry.heads(feeds).items()}
        for feed in set(feeds) - found.keys():
            try:
                if self._registry.head(feed) is None:
                    found[feed] = {} if self._registry.gone(feed) is None else None
            except (ValueError, KeyError, TypeError):
                continue
        return found
