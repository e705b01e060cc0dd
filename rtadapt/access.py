"""API keys: which key may do what.

Owns the key table. Takes a file with one `scope[,scope] key [limit …]` a line (empty lines and lines that begin with `#` are
skipped) and the `authorization` header of a request; gives what the key may, or the error to answer with. Limits are
of pushes: `feeds=news,sport-*` (names or shell patterns), `make=no` (only feeds that are there), `rate=50` (events a second, in
each process).
Keys are kept as SHA-256 digests only and compared in constant time; they never appear in an error or a log.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from rtadapt.errors import Forbidden, InvalidSettings, Unauthorized

_SHORTEST_KEY = 8


class Scope(StrEnum):
    """What a key may do."""

    COMPLETE = "complete"
    PUSH = "push"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one key may. `feeds` are the feeds that it may push to, `rate` is events a second; None: as many as come."""

    key: bytes = b""
    scopes: frozenset[Scope] = frozenset()
    feeds: tuple[str, ...] = ("*",)
    may_make_feeds: bool = True
    rate: float | None = None

    def may_see(self, feed: str) -> bool:
        """Whether `feed` is one of the key's."""
        return any(fnmatchcase(feed, pattern) for pattern in self.feeds)

    def check_feed(self, feed: str) -> None:
        """Return if the key may push to `feed`. Raises Forbidden."""
        if not self.may_see(feed):
            raise Forbidden("this key may not push to that feed", field="feed")


EVERYBODY = Grant(scopes=frozenset(Scope))
"""What anybody may where no keys are asked for."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """What each key may, by its digest."""

    entries: tuple[tuple[bytes, Grant], ...]

    @classmethod
    def load(cls, path: Path) -> KeyTable:
        """The table in the file at `path`. Raises InvalidSettings naming the line at fault, never its content."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(f"keys_file: {path} could not be read: {type(error).__name__}", field="keys_file") from error
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> KeyTable:
        """The table that `text` spells. Raises InvalidSettings. Of several lines with one key all scopes and limits hold."""
        entries: dict[bytes, Grant] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 2 or len(words[1]) < _SHORTEST_KEY:
                raise _wrong(number, f"is not `scope[,scope] key [limit …]` with a key of {_SHORTEST_KEY} characters or more")
            try:
                scopes = frozenset(Scope(word) for word in words[0].split(","))
            except ValueError:
                raise _wrong(number, f"names an unknown scope; there are {', '.join(Scope)}") from None
            digest = _digest(words[1])
            grant = entries.get(digest, Grant(digest))
            grant = replace(grant, scopes=grant.scopes | scopes)
            for word in words[2:]:
                grant = _limited(grant, word, number)
            entries[digest] = grant
        if not entries:
            raise InvalidSettings("keys_file: no key in it, so nobody could do anything", field="keys_file")
        return cls(tuple(entries.items()))

    def grant(self, key: str) -> Grant:
        """What `key` may; nothing when it is not known. Takes the same time for any key."""
        digest = _digest(key)
        found = Grant()
        for known, grant in self.entries:
            if hmac.compare_digest(known, digest):
                found = grant
        return found

    def check(self, authorization: str | None, scope: Scope | str) -> Grant:
        """What the key of an `authorization` header's value may, if it has `scope`. Raises Unauthorized, Forbidden."""
        kind, _, key = (authorization or "").partition(" ")
        key = key.strip()
        if kind.lower() != "bearer" or not key:
            raise Unauthorized("send your key as `authorization: Bearer KEY`", field="authorization")
        grant = self.grant(key)
        if not grant.scopes:
            raise Unauthorized("this key is not known", field="authorization")
        if scope not in grant.scopes:
            raise Forbidden(f"this key lacks the scope {scope}", field="authorization")
        return grant


def _limited(grant: Grant, word: str, number: int) -> Grant:
    """`grant` with one limit more. Raises InvalidSettings."""
    name, _, given = word.partition("=")
    if name == "feeds" and given and all(given.split(",")):
        return replace(grant, feeds=tuple(given.split(",")))
    if name == "make" and given in ("yes", "no"):
        return replace(grant, may_make_feeds=given == "yes")
    if name == "rate":
        try:
            rate = float(given)
        except ValueError:
            rate = 0.0
        if math.isfinite(rate) and rate > 0:
            return replace(grant, rate=rate)
    raise _wrong(number, "has a limit that is none: there are feeds=NAME[,NAME], make=yes or no, rate=EVENTS_A_SECOND")


def _wrong(number: int, why: str) -> InvalidSettings:
    return InvalidSettings(f"keys_file: line {number} {why}", field="keys_file")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", errors="surrogatepass")).digest()
