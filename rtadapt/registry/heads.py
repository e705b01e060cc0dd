"""Heads and versions: who owns a feed, what it has learned, and the one step that moves it.

Owns `claim` and `commit`. Takes candidates and event statuses from the worker; gives heads and versions to anyone.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from rtadapt.errors import Conflict, HeadMoved, InvalidInput, NotFound, StaleEpoch, Unavailable
from rtadapt.records import (
    Candidate,
    EventStatus,
    Head,
    LearnedEvent,
    Positions,
    Version,
)
from rtadapt.registry import codec
from rtadapt.registry.connection import Connection
from rtadapt.registry.feeds import Feeds
from rtadapt.registry.signing import Signatures

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of a feed in the store: the adapters of `versions`, newest first, and the states of those in `stateful`."""

    versions: tuple[Version, ...]
    stateful: frozenset[int]

    @property
    def digests(self) -> frozenset[str]:
        """The artifacts that must not be removed."""
        states = {version.state.digest for version in self.versions if version.number in self.stateful}
        return frozenset({version.adapter.digest for version in self.versions} | states)


class Heads:
    """The part of the registry that workers write."""

    def __init__(self, connection: Connection, feeds: Feeds, signatures: Signatures) -> None:
        self._connection, self._feeds, self._signatures = connection, feeds, signatures

    def claim(self, feed: str, owner: str) -> int:
        """Take the feed over: a new epoch, above every one before. Earlier owners' commits fail from now on."""
        key = codec.feed_key(feed, "head")
        epoch = int(self._connection.run("claim", [key], [owner]))
        if epoch == 0:
            self._feeds.ensure_feed(feed)
            epoch = int(self._connection.run("claim", [key], [owner]))
        if epoch == 0:
            raise Unavailable(f"the head of feed {feed} was removed while it was being claimed")
        return epoch

    def head(self, feed: str) -> Head | None:
        """Where the feed stands, or None when there is no such feed."""
        with self._connection.answered():
            return codec.read_head(feed, self._connection.redis.hgetall(codec.feed_key(feed, "head")))

    def heads(self, feeds: Sequence[str] | None = None) -> dict[str, Head]:
        """Where these feeds stand, or all of them."""
        return self._feeds.of_all("head", codec.read_head, feeds)

    def commit(
        self,
        feed: str,
        *,
        epoch: int,
        parent: int,
        number: int | None = None,
        positions: Positions,
        candidate: Candidate | None,
        events: Sequence[LearnedEvent],
        measures: Mapping[str, float],
        statuses: Sequence[EventStatus],
    ) -> Version | None:
        """Move the feed's head, atomically: publish `candidate` as version `number` (the head's `next_number`; without a
        rewind that is `parent + 1`), or with None only move on.

        `positions` are merged into the head's and may not lie behind them. `statuses` change with the head or not at
        all; a learned one without a version gets the new one. Where there is a key, version and positions are signed.
        Gives the new version, None without a candidate.

        Raises StaleEpoch (another worker owns the feed), HeadMoved (the head is not at `parent`, or is already past
        `positions`), ArtifactDamaged (the head is not believed), NotFound, InvalidInput. After Unavailable the commit may
        or may not have happened: read the head.
        """
        if candidate is not None and (candidate.feed, candidate.parent) != (feed, parent):
            raise InvalidInput("the candidate was made for another feed or parent", field="candidate")
        if any(status.feed != feed for status in statuses):
            raise InvalidInput("a status belongs to another feed", field="statuses")
        number = parent + 1 if number is None else number
        version = _version(number, positions, candidate, events, measures) if candidate is not None else None
        signature = ""
        if self._signatures.signs:
            version, positions, signature = self._signed(feed, version, positions)
        keys = [codec.feed_key(feed, part) for part in ("head", "versions", "route", "trouble")]
        keys += codec.status_keys(feed)
        record = codec.version_text(version) if version is not None else ""
        where = codec.positions_text(positions)
        args: list[str | int] = [uuid.uuid4().hex, epoch, parent, where, record, self._connection.settings.keep_versions, number]
        args += [signature, *self._connection.bounds()]
        for status in statuses:
            args += codec.ranked(status, version.number if version is not None else None)
        outcome, *rest = self._connection.run("commit", keys, args)
        if outcome != "ok":
            _refuse(feed, outcome, rest)
        self._connection.announce(feed, "head", [status.id for status in statuses])
        if version is None:
            return None
        return replace(version, positions=codec.positions_from_json(json.loads(rest[1])))

    def _signed(self, feed: str, version: Version | None, positions: Positions) -> tuple[Version | None, Positions, str]:
        """The version signed, the positions that the head will have, its own in other partitions too, and their signature.

        If the head moves in between, the commit is refused. Raises ArtifactDamaged for one that is not believed: what it says
        would be signed with the rest.
        """
        head = self.head(feed)
        origin = ""
        if head is not None:
            self._signatures.check_head(head)
            origin, positions = head.origin, {**head.positions, **positions}
        if version is not None:
            version = replace(version, positions=positions)
            version = replace(version, signature=self._signatures.of_version(version, origin))
        return version, positions, self._signatures.of_positions(feed, origin, positions)

    def version(self, feed: str, number: int) -> Version | None:
        """One published version, or None. Version 0, the base model, has no record."""
        with self._connection.answered():
            text = self._connection.redis.hget(codec.feed_key(feed, "versions"), str(number))
        return codec.read_version(feed, text, number) if text is not None else None

    def records(self, feed: str, numbers: Sequence[int]) -> dict[int, Version]:
        """Those of the versions that have a record, by number."""
        if not numbers:
            return {}
        with self._connection.answered():
            texts = self._connection.redis.hmget(codec.feed_key(feed, "versions"), [str(number) for number in numbers])
        found = {number: text for number, text in zip(numbers, texts, strict=True) if text is not None}
        return {number: codec.read_version(feed, text, number) for number, text in found.items()}

    def versions(self, feed: str, limit: int = 50) -> list[Version]:
        """The newest versions, newest first, at most `limit`."""
        key = codec.feed_key(feed, "versions")
        with self._connection.answered():
            numbers = sorted((int(number) for number in self._connection.redis.hkeys(key)), reverse=True)[: max(0, limit)]
            texts = self._connection.redis.hmget(key, [str(number) for number in numbers]) if numbers else []
        return [codec.read_version(feed, text) for text in texts if text is not None]

    def retire(self, feed: str, keep: int, keep_states: int | None = None) -> Kept:
        """Close the way back to all but the `keep` newest versions, and for learning to all but the `keep_states` newest;
        what the route names stays for both. Gives what stays.

        After this no route can be moved to the others, and no head back to those without a state, so their artifacts may be
        removed: all that the store lists for this feed and that nothing that is given names.
        """
        if keep < 1:
            raise InvalidInput("at least one version must stay", field="keep")
        keys = [codec.feed_key(feed, part) for part in ("head", "versions", "route", "retired", "stateless")]
        kept, stateful = self._connection.run("retire", keys, [keep, keep if keep_states is None else keep_states])
        versions = [codec.read_version(feed, text) for text in codec.pairs(kept).values()]
        return Kept(
            tuple(sorted(versions, key=lambda version: -version.number)),
            frozenset(map(int, stateful)),
        )


def _version(
    number: int,
    positions: Positions,
    candidate: Candidate,
    events: Sequence[LearnedEvent],
    measures: Mapping[str, float],
) -> Version:
    return Version(
        feed=candidate.feed,
        number=number,
        parent=candidate.parent,
        adapter=candidate.adapter,
        state=candidate.state,
        positions=positions,
        events=tuple(events),
        created_at=time.time(),
        measures=dict(measures),
    )


def _refuse(feed: str, outcome: str, rest: Sequence[str]) -> NoReturn:
    if outcome == "missing":
        raise NotFound(f"there is no feed {feed}", field="feed")
    if outcome == "stale":
        raise StaleEpoch(f"feed {feed} has another owner, at epoch {rest[0]}")
    if outcome == "moved":
        raise HeadMoved(f"the head of feed {feed} is at version {rest[0]}")
    if outcome == "behind":
        raise HeadMoved(f"the head of feed {feed} is already past these positions in partition {rest[0]}")
    raise Conflict(f"the registry refused the commit: {outcome}")
