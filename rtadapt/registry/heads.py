"""Feeds, their heads and their versions: who owns a feed, what it has learned, and the one step that moves it.

Owns `claim` and `commit`. Takes candidates and event statuses from the worker; gives heads and versions to anyone.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NoReturn, TypeVar

from rtadapt.config import RegistrySettings
from rtadapt.errors import Conflict, HeadMoved, InvalidInput, NotFound, StaleEpoch, Unavailable
from rtadapt.policy import FeedPolicy
from rtadapt.records import (
    Candidate,
    EventStatus,
    Head,
    LearnedEvent,
    Positions,
    Version,
)
from rtadapt.registry import codec
from rtadapt.registry.codec import Trouble
from rtadapt.registry.connection import Connection
from rtadapt.registry.signing import VersionSigner, VersionVerifier

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

_OF_A_FEED = (
    *("versions", "route", "retired", "holds", "config", "trouble"),
    *("stateless", "again", "decisions", "tally"),
)


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


class Heads(Connection):
    """The part of the registry that workers write."""

    def __init__(self, settings: RegistrySettings, *, log_name: str = "events") -> None:
        """As a connection. Raises InvalidSettings, also for files of keys that hold none."""
        super().__init__(settings, log_name=log_name)
        self._signer = VersionSigner(settings.signing_key_file) if settings.signing_key_file is not None else None
        self._verifier = VersionVerifier(settings.trusted_keys_file) if settings.trusted_keys_file is not None else None

    def ensure_feed(self, feed: str, config: Mapping[str, Any] | None = None) -> bool:
        """Make `feed` if it isn't there: head and route at version 0. True if it is new.

        `config` replaces the feed's configuration, also of a feed that was there; None leaves it. Safe to repeat.
        """
        keys = [codec.feed_key(feed, part) for part in ("head", "route", "config", "gone")]
        new = bool(self._run("feed", keys, ["" if config is None else codec.compact(config), uuid.uuid4().hex]))
        with self._answered():
            self._redis.sadd(codec.FEEDS, feed)
        if new or config is not None:
            self._announce(feed, "feed")
        return new

    def delete_feed(self, feed: str, partition: int, end: int) -> bool:
        """Delete the feed with all that it has learned; False if there is none. Its events up to `end` are never learned.

        What the store has of it is removed by a worker: `deleted_feeds` says so until `forget_deleted`.
        """
        keys = [codec.feed_key(feed, part) for part in ("head", "gone", *_OF_A_FEED)] + codec.status_keys(feed)
        with self._answered():
            self._redis.sadd(codec.DELETED, feed)
        existed = bool(self._run("delete", keys, [str(partition), end]))
        with self._answered():
            self._redis.srem(codec.FEEDS, feed)
            self._redis.xadd(codec.CHANGES, {"feed": feed, "kind": "feed"}, maxlen=10_000, approximate=True)
        return existed

    def gone(self, feed: str) -> Head | None:
        """Where the feed stood when it was last deleted; None if it never was."""
        with self._answered():
            fields = self._redis.hgetall(codec.feed_key(feed, "gone"))
        return codec.read_head(feed, {"version": "0", **fields}) if fields else None

    def deleted_feeds(self) -> list[str]:
        """The feeds that were deleted and of which the store may still have something."""
        with self._answered():
            return sorted(self._redis.smembers(codec.DELETED))

    def forget_deleted(self, feed: str) -> None:
        """The store has nothing of the feed any more."""
        with self._answered():
            self._redis.srem(codec.DELETED, feed)

    def feed_count(self) -> int:
        """How many feeds there are."""
        with self._answered():
            return int(self._redis.scard(codec.FEEDS))

    def feeds(self) -> list[str]:
        """All feeds, sorted."""
        with self._answered():
            return sorted(self._redis.smembers(codec.FEEDS))

    def feed_config(self, feed: str) -> dict[str, Any] | None:
        """The feed's configuration; {} when none was ever given, None when there is no such feed."""
        with self._answered():
            text = self._redis.get(codec.feed_key(feed, "config"))
        if text is None:
            return None if self.head(feed) is None else {}
        value: dict[str, Any] = json.loads(text)
        return value

    def feed_policy(self, feed: str) -> FeedPolicy:
        """What the feed's configuration allows; the defaults when it has none.

        Also when it was written before configurations were checked and is none that a policy can be.
        """
        try:
            return FeedPolicy.of(self.feed_config(feed) or {})
        except ValueError:
            logger.warning("the feed's configuration is not understood; the defaults are in force", extra={"feed": feed})
            return FeedPolicy()

    def note_trouble(self, feed: str, trouble: Trouble | None) -> None:
        """Say why the feed is not learned for now; None: it is."""
        key = codec.feed_key(feed, "trouble")
        with self._answered():
            if trouble is None:
                self._redis.delete(key)
            else:
                self._redis.hset(key, mapping=asdict(trouble))

    def trouble(self, feed: str) -> Trouble | None:
        """Why the feed is not learned for now, or None."""
        with self._answered():
            return codec.read_trouble(feed, self._redis.hgetall(codec.feed_key(feed, "trouble")))

    def troubles(self) -> dict[str, Trouble]:
        """The feeds that are not learned for now, and why."""
        return self._of_all("trouble", codec.read_trouble)

    def claim(self, feed: str, owner: str) -> int:
        """Take the feed over: a new epoch, above every one before. Earlier owners' commits fail from now on."""
        key = codec.feed_key(feed, "head")
        epoch = int(self._run("claim", [key], [owner]))
        if epoch == 0:
            self.ensure_feed(feed)
            epoch = int(self._run("claim", [key], [owner]))
        if epoch == 0:
            raise Unavailable(f"the head of feed {feed} was removed while it was being claimed")
        return epoch

    def head(self, feed: str) -> Head | None:
        """Where the feed stands, or None when there is no such feed."""
        with self._answered():
            return codec.read_head(feed, self._redis.hgetall(codec.feed_key(feed, "head")))

    def heads(self, feeds: Sequence[str] | None = None) -> dict[str, Head]:
        """Where these feeds stand, or all of them."""
        return self._of_all("head", codec.read_head, feeds)

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
        all; a learned one without a version gets the new one. Gives the new version, None without a candidate.

        Raises StaleEpoch (another worker owns the feed), HeadMoved (the head is not at `parent`, or is already past
        `positions`), NotFound, InvalidInput. After Unavailable the commit may or may not have happened: read the head.
        """
        if candidate is not None and (candidate.feed, candidate.parent) != (feed, parent):
            raise InvalidInput("the candidate was made for another feed or parent", field="candidate")
        if any(status.feed != feed for status in statuses):
            raise InvalidInput("a status belongs to another feed", field="statuses")
        number = parent + 1 if number is None else number
        version = _version(number, positions, candidate, events, measures) if candidate is not None else None
        if version is not None and self._signer is not None:
            version, positions = self._signed(version, self._signer)
        keys = [codec.feed_key(feed, part) for part in ("head", "versions", "route", "trouble")]
        keys += codec.status_keys(feed)
        record = codec.version_text(version) if version is not None else ""
        where = codec.positions_text(positions)
        args: list[str | int] = [uuid.uuid4().hex, epoch, parent, where, record, self.settings.keep_versions, number]
        args += self._bounds()
        for status in statuses:
            args += codec.ranked(status, version.number if version is not None else None)
        outcome, *rest = self._run("commit", keys, args)
        if outcome != "ok":
            _refuse(feed, outcome, rest)
        self._announce(feed, "head", [status.id for status in statuses])
        if version is None:
            return None
        return replace(version, positions=codec.positions_from_json(json.loads(rest[1])))

    def check_signature(self, version: Version) -> None:
        """Returns if the version's record was signed by a key that is trusted here, or any is. Raises ArtifactDamaged."""
        if self._verifier is not None:
            self._verifier.check(version)

    def _signed(self, version: Version, signer: VersionSigner) -> tuple[Version, Positions]:
        """The version signed, with the positions that the commit will give it: its own, and the head's in other partitions.

        If the head moves in between, the commit is refused.
        """
        head = self.head(version.feed)
        covered = {**(head.positions if head is not None else {}), **version.positions}
        version = replace(version, positions=covered)
        return replace(version, signature=signer.sign(version)), covered

    def version(self, feed: str, number: int) -> Version | None:
        """One published version, or None. Version 0, the base model, has no record."""
        with self._answered():
            text = self._redis.hget(codec.feed_key(feed, "versions"), str(number))
        return codec.read_version(feed, text, number) if text is not None else None

    def records(self, feed: str, numbers: Sequence[int]) -> dict[int, Version]:
        """Those of the versions that have a record, by number."""
        if not numbers:
            return {}
        with self._answered():
            texts = self._redis.hmget(codec.feed_key(feed, "versions"), [str(number) for number in numbers])
        found = {number: text for number, text in zip(numbers, texts, strict=True) if text is not None}
        return {number: codec.read_version(feed, text, number) for number, text in found.items()}

    def versions(self, feed: str, limit: int = 50) -> list[Version]:
        """The newest versions, newest first, at most `limit`."""
        key = codec.feed_key(feed, "versions")
        with self._answered():
            numbers = sorted((int(number) for number in self._redis.hkeys(key)), reverse=True)[: max(0, limit)]
            texts = self._redis.hmget(key, [str(number) for number in numbers]) if numbers else []
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
        kept, stateful = self._run("retire", keys, [keep, keep if keep_states is None else keep_states])
        versions = [codec.read_version(feed, text) for text in codec.pairs(kept).values()]
        return Kept(
            tuple(sorted(versions, key=lambda version: -version.number)),
            frozenset(map(int, stateful)),
        )

    def _of_all(
        self, part: str, read: Callable[[str, Mapping[str, str]], _T | None], feeds: Sequence[str] | None = None
    ) -> dict[str, _T]:
        names = self.feeds() if feeds is None else feeds
        with self._answered(), self._redis.pipeline(transaction=False) as pipeline:
            for feed in names:
                pipeline.hgetall(codec.feed_key(feed, part))
            answers = pipeline.execute()
        found = {}
        for feed, fields in zip(names, answers, strict=True):
            try:
                record = read(feed, fields)
            except (ValueError, KeyError, TypeError):  # one feed's keys in disorder are no reason to lose sight of the others
                logger.exception("a feed's keys can't be read", extra={"feed": feed, "part": part})
                continue
            if record is not None:
                found[feed] = record
        return found


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
