"""Feeds: that they are there, what their owners have set, what keeps one from being learned, how one is deleted, and what is new.

Owns the list of feeds, their configurations and troubles. Gives all of it to anyone, and the news that says where to look.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from rtadapt.observe.logs import get_logger
from rtadapt.policy import FeedPolicy
from rtadapt.records import Head
from rtadapt.registry import codec
from rtadapt.registry.codec import Trouble
from rtadapt.registry.connection import Connection

logger = get_logger(__name__)

_T = TypeVar("_T")

_STREAM_ID = re.compile(r"\d{1,20}(-\d{1,20})?")
_CHANGES_A_READ = 1000
_OF_A_FEED = (
    *("versions", "route", "retired", "holds", "config", "trouble"),
    *("stateless", "again", "decisions", "tally"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """Something about a feed is new: `kind` is `feed`, `head` or `route`."""

    feed: str
    kind: str


class Feeds:
    """The part of the registry that knows which feeds there are."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure_feed(self, feed: str, config: Mapping[str, Any] | None = None) -> bool:
        """Make `feed` if it isn't there: head and route at version 0. True if it is new.

        `config` replaces the feed's configuration, also of a feed that was there; None leaves it. Safe to repeat.
        """
        keys = [codec.feed_key(feed, part) for part in ("head", "route", "config", "gone")]
        new = bool(self._connection.run("feed", keys, ["" if config is None else codec.compact(config), uuid.uuid4().hex]))
        with self._connection.answered():
            self._connection.redis.sadd(codec.FEEDS, feed)
        if new or config is not None:
            self._connection.announce(feed, "feed")
        return new

    def delete_feed(self, feed: str, partition: int, end: int) -> bool:
        """Delete the feed with all that it has learned; False if there is none. Its events up to `end` are never learned.

        What the store has of it is removed by a worker: `deleted_feeds` says so until `forget_deleted`.
        """
        keys = [codec.feed_key(feed, part) for part in ("head", "gone", *_OF_A_FEED)] + codec.status_keys(feed)
        with self._connection.answered():
            self._connection.redis.sadd(codec.DELETED, feed)
        existed = bool(self._connection.run("delete", keys, [str(partition), end]))
        with self._connection.answered():
            self._connection.redis.srem(codec.FEEDS, feed)
            self._connection.redis.xadd(codec.CHANGES, {"feed": feed, "kind": "feed"}, maxlen=10_000, approximate=True)
        return existed

    def gone(self, feed: str) -> Head | None:
        """Where the feed stood when it was last deleted; None if it never was."""
        with self._connection.answered():
            fields = self._connection.redis.hgetall(codec.feed_key(feed, "gone"))
        return codec.read_head(feed, {"version": "0", **fields}) if fields else None

    def deleted_feeds(self) -> list[str]:
        """The feeds that were deleted and of which the store may still have something."""
        with self._connection.answered():
            return sorted(self._connection.redis.smembers(codec.DELETED))

    def forget_deleted(self, feed: str) -> None:
        """The store has nothing of the feed any more."""
        with self._connection.answered():
            self._connection.redis.srem(codec.DELETED, feed)

    def feed_count(self) -> int:
        """How many feeds there are."""
        with self._connection.answered():
            return int(self._connection.redis.scard(codec.FEEDS))

    def feeds(self) -> list[str]:
        """All feeds, sorted."""
        with self._connection.answered():
            return sorted(self._connection.redis.smembers(codec.FEEDS))

    def feed_config(self, feed: str) -> dict[str, Any] | None:
        """The feed's configuration; {} when none was ever given, None when there is no such feed."""
        with self._connection.answered():
            text = self._connection.redis.get(codec.feed_key(feed, "config"))
        if text is None:
            with self._connection.answered():
                return {} if self._connection.redis.exists(codec.feed_key(feed, "head")) else None
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
        with self._connection.answered():
            if trouble is None:
                self._connection.redis.delete(key)
            else:
                self._connection.redis.hset(key, mapping=asdict(trouble))

    def trouble(self, feed: str) -> Trouble | None:
        """Why the feed is not learned for now, or None."""
        with self._connection.answered():
            return codec.read_trouble(feed, self._connection.redis.hgetall(codec.feed_key(feed, "trouble")))

    def troubles(self) -> dict[str, Trouble]:
        """The feeds that are not learned for now, and why."""
        return self.of_all("trouble", codec.read_trouble)

    def changes(self, after: str = "", block_seconds: float = 0.0) -> tuple[str, list[Change]]:
        """What changed since `after`, waiting up to `block_seconds` for something; and the id to ask from next.

        Start with `after=""`: it gives the place of now, without news; then read the keys, then follow. An id that the
        server does not know, or no longer, is no error. Waits at most half of `timeout_seconds` at a time.
        """
        with self._connection.answered():
            if not _STREAM_ID.fullmatch(after):
                newest = self._connection.redis.xrevrange(codec.CHANGES, count=1)
                return (newest[0][0] if newest else "0-0"), []
            wait_ms = int(min(block_seconds, self._connection.settings.timeout_seconds / 2) * 1000)
            found = self._connection.redis.xread(
                {codec.CHANGES: after}, count=_CHANGES_A_READ, block=wait_ms if wait_ms > 0 else None
            )
        entries = found[0][1] if found else []
        if not entries:
            return after, []
        return entries[-1][0], [Change(fields.get("feed", ""), fields.get("kind", "")) for _, fields in entries]

    def of_all(
        self, part: str, read: Callable[[str, Mapping[str, str]], _T | None], feeds: Sequence[str] | None = None
    ) -> dict[str, _T]:
        """What `read` makes of one part of these feeds, or of all: for the other parts of the registry."""
        names = self.feeds() if feeds is None else feeds
        with self._connection.answered(), self._connection.redis.pipeline(transaction=False) as pipeline:
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
