"""Whether what the registry says of a feed now is the same story that this replica has followed so far. Pure.

Owns that judgement. A registry that was emptied, restored from an older copy, or failed over to a server that had lost the
last writes must not take this replica back, or have it call other weights by a known name: only an operator knows whether that
was meant. What it says under an incarnation that an operator trusts is followed whatever went before, unless that word is older
than the one behind what is followed: then it came back with an older copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rtadapt.records import Head, Route, Version


@dataclass(frozen=True, slots=True)
class Said:
    """What the registry says of one feed."""

    head: Head
    route: Route

    def is_trusted_after(self, held: Said) -> bool:
        """Whether an operator's word stands behind this incarnation that was said after what stands behind that of `held`."""
        is_trusted = bool(self.head.incarnation) and self.route.trusted == self.head.incarnation
        return is_trusted and self.route.trusted_at > held.route.trusted_at


def doubt(held: Said | None, said: Said, loaded: Mapping[int, Version], records: Mapping[int, Version]) -> str:
    """Why `said` should not be followed after `held`; "" if it may.

    `loaded` are the versions that are loaded here, `records` what the registry has of them by the same numbers.
    """
    if held is None:
        return ""
    if said.head.incarnation != held.head.incarnation:
        return "" if said.is_trusted_after(held) else "the feed was lost and made again"
    if any(said.head.positions.get(partition, 0) < end for partition, end in held.head.positions.items()):
        return "the registry has lost what it knew of the feed"
    taken_back = said.head.version < held.head.version and said.head.epoch > held.head.epoch  # by a rewind
    older = said.head.last < held.head.last or said.head.epoch < held.head.epoch
    older |= said.head.version < held.head.version and not taken_back
    if older or said.route.revision < held.route.revision:
        return "the registry has lost what it knew of the feed"
    if foreign(loaded, records):
        return "the registry names other weights by the number of a version that is loaded here"
    return ""


def engine_name(version: Version) -> str:
    """What the engine knows the version by: `news@42-1a2b3c4d`. It carries the digest: no other weights ever answer to it."""
    return f"{version.name}-{version.adapter.digest[:8]}"


def foreign(loaded: Mapping[int, Version], records: Mapping[int, Version]) -> list[int]:
    """The loaded versions whose number belongs to other weights in the registry."""
    return [number for number in loaded if number in records and records[number].adapter.digest != loaded[number].adapter.digest]
