"""The registry's key names, and its records as Redis holds them.

Owns both. Every key of one feed carries the feed as its hash tag, so that a feed lives in one cluster slot and one
script may touch all of it. Records are JSON objects or hashes of strings; what a reader does not know it ignores.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import to_json

from rtadapt.errors import InvalidInput
from rtadapt.records import (
    FEED_NAME,
    Artifact,
    EventState,
    EventStatus,
    Head,
    LearnedEvent,
    Position,
    Positions,
    Route,
    Version,
)

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)

FEEDS = "rtadapt:feeds"
REPLICAS = "rtadapt:replicas"
WORKERS = "rtadapt:workers"
READING = "rtadapt:reading"
DELETED = "rtadapt:deleted"
CHANGES = "rtadapt:changes"
INDEX = ("rtadapt:events:{all}", "rtadapt:events:{all}:before")
"""Which feed an event belongs to: newer ones, and those before. No feed can be called so that it had a key like these."""
RECEIPTS = "rtadapt:receipts"


@dataclass(frozen=True, slots=True)
class Holding:
    """Which versions of a feed a replica has loaded, and which it could not."""

    held: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Again:
    """Events of abandoned versions that are learned again; they lie in the log from `start` to before `end`.

    Beside `event_ids` those are meant that lie before `whole` and of which nothing is known: there the records of versions are
    not kept. Those that are `spared` are not meant.
    """

    start: Positions
    end: Positions
    event_ids: tuple[str, ...]
    whole: Positions = field(default_factory=dict)
    spared: tuple[str, ...] = ()

    def but(self, events: Collection[str]) -> Again:
        """The same without these events."""
        left = tuple(event for event in self.event_ids if event not in events)
        return replace(self, event_ids=left, spared=tuple(sorted({*self.spared, *events})))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a feed is not learned for now. `detail` is safe to show; times are Unix seconds."""

    reason: str
    detail: str
    since: float
    tries: int
    next_try_at: float
    worker: str


RANKS = {EventState.UNLEARNED: -1, EventState.ACCEPTED: 0, EventState.ADMITTED: 1, EventState.REFUSED: 2, EventState.LEARNED: 3}
"""States in the order they may follow each other. An event that was refused may be sent again and learned."""


def feed_key(feed: str, *parts: object) -> str:
    """The key of one thing of `feed`: `rtadapt:{news}:head`. Raises InvalidInput when `feed` is no feed name."""
    if not FEED_NAME.fullmatch(feed):
        raise InvalidInput("a feed name is 1 to 63 of a-z, 0-9, _ and -, and begins with a letter or digit", field="feed")
    return ":".join(("rtadapt:{" + feed + "}", *(str(part) for part in parts)))


def status_keys(feed: str) -> list[str]:
    """The keys of what is known of a feed's events: the newer ones, and those before."""
    return [feed_key(feed, "statuses"), feed_key(feed, "statuses-before")]


def floor_key(log: str) -> str:
    """The key of a log's floors."""
    return f"rtadapt:floor:{log}"


def attempts_key(log: str, stage: str) -> str:
    """The key of what was begun in a stage and not ended."""
    return f"rtadapt:attempts:{log}:{stage}"


def logs_key(log: str) -> str:
    """The key of the numbers of the logs that stood under this name."""
    return f"rtadapt:logs:{log}"


def compact(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """`value` as JSON without spaces."""
    return _ENCODER.encode(value)


def positions_from_json(value: Mapping[str, Any]) -> dict[int, int]:
    """Positions as JSON carries them (string keys), back to integers."""
    return {int(partition): int(offset) for partition, offset in value.items()}


def positions_text(positions: Mapping[int, int]) -> str:
    """Positions as the scripts take them."""
    return compact({str(partition): offset for partition, offset in positions.items()})


def version_text(version: Version) -> str:
    """A version as JSON, without its positions: the commit puts those in."""
    return compact(
        {
            "number": version.number,
            "parent": version.parent,
            "adapter": _artifact(version.adapter),
            "state": _artifact(version.state),
            "events": [[event.id, event.accepted_at] for event in version.events],
            "created_at": version.created_at,
            "measures": dict(version.measures),
        }
        | ({"signature": version.signature} if version.signature else {})
    )


def read_version(feed: str, text: str, number: int | None = None) -> Version:
    """The version of `feed` that `text` holds. Raises ValueError when it is another than `number`."""
    value = json.loads(text)
    if number not in (None, value["number"]):
        raise ValueError("the record of a version is another version's")
    return Version(
        feed=feed,
        number=value["number"],
        parent=value["parent"],
        adapter=Artifact(**value["adapter"]),
        state=Artifact(**value["state"]),
        positions=positions_from_json(value["positions"]),
        events=tuple(LearnedEvent(event_id, accepted_at) for event_id, accepted_at in value["events"]),
        created_at=value["created_at"],
        measures=value["measures"],
        signature=value.get("signature", ""),
    )


def read_head(feed: str, fields: Mapping[str, str]) -> Head | None:
    """The head that a hash's `fields` hold, or None when there are none."""
    if not fields:
        return None
    positions = positions_from_json(json.loads(fields["positions"]))
    version, epoch = int(fields["version"]), int(fields["epoch"])
    last, abandoned = int(fields.get("last", version)), read_ranges(fields.get("abandoned", ""))
    incarnation = fields.get("incarnation", "")
    signed = fields.get("origin", incarnation), fields.get("signed", "")
    return Head(feed, version, positions, epoch, incarnation, last, abandoned, *signed)


def ranges_text(ranges: Iterable[tuple[int, int]]) -> str:
    """Ranges of version numbers as heads hold them: `42-43 50-57`."""
    return " ".join(f"{first}-{end}" for first, end in ranges)


def read_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """The ranges that `text` holds."""
    return tuple((int(first), int(end)) for first, _, end in (part.partition("-") for part in text.split()))


def read_route(feed: str, fields: Mapping[str, str]) -> Route | None:
    """The route that a hash's `fields` hold, or None when there are none."""
    if not fields:
        return None
    return Route(
        feed=feed,
        stable=int(fields["stable"]),
        canary=int(fields["canary"]) if fields["canary"] else None,
        canary_share=float(fields["share"]),
        follow=fields["follow"] == "1",
        revision=int(fields["revision"]),
        trusted=fields.get("trusted", ""),
        trial=int(fields.get("trial", 0)),
        named_at=float(fields.get("named", 0)),
        begun=float(fields.get("begun") or 0),
        shadow=fields.get("shadow") == "1",
        decide=fields.get("decide", ""),
        trusted_at=float(fields.get("trusted_at") or 0),
    )


def again_text(again: Again) -> str:
    """What is to be learned again, as JSON; the same for the same."""
    named = (("start", again.start), ("end", again.end), ("whole", again.whole))
    ends = {name: {str(at): places[at] for at in sorted(places)} for name, places in named if places or name != "whole"}
    return compact({**ends, "events": list(again.event_ids)} | ({"spared": list(again.spared)} if again.spared else {}))


def read_again(text: str) -> Again:
    """What is to be learned again, from `text`."""
    value = json.loads(text)
    start, end, whole = (positions_from_json(value.get(name, {})) for name in ("start", "end", "whole"))
    return Again(start, end, tuple(value["events"]), whole, tuple(value.get("spared", ())))


def read_trouble(feed: str, fields: Mapping[str, str]) -> Trouble | None:
    """The trouble that a hash's `fields` hold, or None when there is none."""
    if not fields:
        return None
    since, next_try_at = float(fields["since"]), float(fields["next_try_at"])
    return Trouble(fields["reason"], fields["detail"], since, int(fields["tries"]), next_try_at, fields["worker"])


def status_text(status: EventStatus) -> str:
    """An event's status as JSON, without what is empty."""
    place = status.position
    value = {
        "state": status.state.value,
        "position": [place.partition, place.offset] if place else None,
        "version": status.version,
        "reason": status.reason,
        "detail": status.detail,
    }
    return to_json({name: part for name, part in value.items() if part is not None}).decode()


def read_status(event_id: str, feed: str, text: str) -> EventStatus:
    """The status that `text` holds."""
    value = json.loads(text)
    return EventStatus(
        id=event_id,
        feed=feed,
        state=EventState(value["state"]),
        position=Position(*value["position"]) if "position" in value else None,
        version=value.get("version"),
        reason=value.get("reason"),
        detail=value.get("detail"),
    )


def ranked(status: EventStatus, version: int | None = None) -> list[str | int]:
    """The id, the rank and the record of a status, as the scripts take them. `version` is what a learned one lacks.

    What was learned later ranks higher: a corrected event is learned again under its id.
    """
    if status.state is EventState.LEARNED and status.version is None:
        status = replace(status, version=version)
    rank = RANKS[status.state] + ((status.version or 0) if status.state is EventState.LEARNED else 0)
    return [status.id, rank, status_text(status)]


def numbers_text(numbers: Iterable[int]) -> str:
    """Version numbers as the scripts take them."""
    return " ".join(str(number) for number in sorted(numbers))


def read_holding(text: str) -> Holding:
    """What a replica holds, from `numbers held|numbers failed`."""
    held, _, failed = text.partition("|")
    return Holding(frozenset(map(int, held.split())), frozenset(map(int, failed.split())))


def read_holdings(texts: Mapping[str, str]) -> dict[str, Holding]:
    """What each replica holds; one of which nothing can be read holds nothing."""
    found: dict[str, Holding] = {}
    for replica, text in texts.items():
        try:
            found[replica] = read_holding(text)
        except ValueError:
            found[replica] = Holding(frozenset(), frozenset())
    return found


def pairs(flat: Sequence[str]) -> dict[str, str]:
    """Names and values in turn, as a script returns a hash, as a dictionary."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {"digest": artifact.digest, "path": artifact.path, "size_bytes": artifact.size_bytes}
