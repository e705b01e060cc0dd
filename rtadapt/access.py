"""API keys: who asks, what he may do, of which feeds, and how much.

Owns the key table and what each key has used. Takes a file with one key a line (empty lines and lines that begin with `#` are
skipped) and the headers of a request; gives the key's entry, or the error to answer with:

    complete              the-key-of-a-chatbot    id=chatbot feeds=news,support-* requests=600 tokens=200000 concurrent=8
    push                  the-key-of-a-newsroom   id=newsroom feeds=news events=6000 new_feeds=no
    operate,push,complete the-key-of-an-operator

Keys are kept as SHA-256 digests only and compared in constant time; they never appear in an error or a log, ids do. The file
is looked at again when it has changed. What was used is counted in this process: of several behind one address, each allows
as much.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from rtadapt.errors import Forbidden, InvalidSettings, RateLimited, Unauthorized

logger = logging.getLogger(__name__)

_SHORTEST_KEY = 8
_NEW_KEY_BYTES = 32
_LOOK_SECONDS = 1.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_FEEDS = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\*?|\*")
_AMOUNT = re.compile(r"[1-9][0-9]{0,11}")
_LINE = f"`scope[,scope] key [name=value …]` with a key of {_SHORTEST_KEY} characters or more"


class Scope(StrEnum):
    """What a key may do."""

    COMPLETE = "complete"
    PUSH = "push"
    OPERATE = "operate"
    VIEW = "view"


def needed(scope: Scope, method: str) -> Scope:
    """What a request needs: to look at what can be operated, `view` is enough."""
    return Scope.VIEW if scope is Scope.OPERATE and method in ("GET", "HEAD") else scope


class Use(StrEnum):
    """What a key may do so many of in a minute."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key. `id` names it in logs; several keys with one id share what it may use, as an old and a new one.

    `feeds` are names, or beginnings with a `*` behind; empty means every feed. `new_feeds` says whether a push may make one.
    `a_minute` has what is limited; what is not in it is not.
    """

    id: str
    scopes: frozenset[Scope]
    feeds: tuple[str, ...] = ()
    new_feeds: bool = True
    a_minute: Mapping[Use, float] = field(default_factory=dict)
    concurrent: int | None = None

    def may_use(self, feed: str) -> bool:
        """Whether `feed` is one of this key's."""
        return not self.feeds or any(feed.startswith(name[:-1]) if name.endswith("*") else feed == name for name in self.feeds)

    def has(self, scope: Scope) -> bool:
        """Whether it has `scope`. Whoever may operate may look."""
        return scope in self.scopes or (scope is Scope.VIEW and Scope.OPERATE in self.scopes)

    def check_scope(self, scope: Scope) -> None:
        """Raises Forbidden for a scope that it lacks."""
        if not self.has(scope):
            raise Forbidden(f"this key lacks the scope {scope}", field="authorization")

    def check_feed(self, feed: str) -> None:
        """Raises Forbidden for a feed that is none of this key's. Says nothing of whether there is such a feed."""
        if not self.may_use(feed):
            raise Forbidden(f"this key may not use feed {feed[:80]}", field="feed")


EVERYBODY = Key("", frozenset(Scope))
"""Who asks where no keys are asked for."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Digest of each key -> what is known of it."""

    entries: tuple[tuple[bytes, Key], ...]

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
        """The table that `text` spells. Raises InvalidSettings."""
        entries: dict[bytes, Key] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 2 or len(words[1]) < _SHORTEST_KEY:
                raise _wrong(number, f"is not {_LINE}")
            digest, key = _digest(words[1]), _key(number, words[0], words[2:])
            before = entries.get(digest)
            if before is not None and len(words) > 2:
                raise _wrong(number, "repeats a key: say all about it in one line")
            entries[digest] = key if before is None else replace(before, scopes=before.scopes | key.scopes)
        if not entries:
            raise InvalidSettings("keys_file: no key in it, so nobody could do anything", field="keys_file")
        return cls(tuple(entries.items()))

    def shown(self) -> Iterator[dict[str, object]]:
        """What is said of each key, without the key."""
        for _, key in self.entries:
            limits = {str(use): amount for use, amount in key.a_minute.items()} | {"concurrent": key.concurrent}
            yield {
                "id": key.id,
                "scopes": sorted(key.scopes),
                "feeds": list(key.feeds),
                "new_feeds": key.new_feeds,
                "limits": {name: amount for name, amount in limits.items() if amount is not None},
            }

    def find(self, key: str) -> Key | None:
        """What is known of `key`. Takes the same time for any key."""
        digest = _digest(key)
        found: Key | None = None
        for known, entry in self.entries:
            if hmac.compare_digest(known, digest):
                found = entry
        return found


def new_line(scopes: Sequence[str], name: str, feeds: str) -> str:
    """A line of the file with a new key in it. Raises InvalidSettings for a name or feeds that can't be."""
    options = [f"{what}={value}" for what, value in (("id", name), ("feeds", feeds)) if value]
    line = " ".join([",".join(scopes or [Scope.COMPLETE]), secrets.token_urlsafe(_NEW_KEY_BYTES), *options])
    KeyTable.parse(line)
    return line


class Keys:
    """The table in force, and what each key has used of what it may. Thread-safe."""

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        """No path: no keys are asked for. Raises InvalidSettings for a file that can't be read or is no table."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._table = KeyTable.load(path) if path is not None else None
        self._print = _print_of(path)
        self._refused: tuple[object, str] | None = None
        self._looked_at = clock()
        self._used: dict[str, _Used] = {}

    @property
    def are_asked_for(self) -> bool:
        """Whether there is a table."""
        return self._table is not None

    def check(self, authorization: str | None, scope: Scope, api_key: str | None = None) -> Key:
        """The key that a request carries, which has `scope`; everybody's where none are asked for.

        It comes as `authorization: Bearer KEY` or, from Anthropic's clients, as `x-api-key`. Raises Unauthorized, Forbidden.
        """
        if self._table is None:
            return EVERYBODY
        kind, _, given = (authorization or "").partition(" ")
        text = given.strip() if kind.lower() == "bearer" else ""
        text = text or (api_key or "").strip()
        if not text:
            raise Unauthorized("send your key as `authorization: Bearer KEY`", field="authorization")
        found = self._current().find(text)
        if found is None:
            raise Unauthorized("this key is not known", field="authorization")
        found.check_scope(scope)
        return found

    @contextmanager
    def using(self, key: Key, *uses: Use) -> Iterator[None]:
        """One request of `key`, from its beginning to its end; `uses` are what else it may be short of. Raises RateLimited."""
        used = self._used_by(key)
        with self._lock:
            if key.concurrent is not None and used.under_way >= key.concurrent:
                message = f"this key may have {key.concurrent} requests under way at once, and has them"
                raise RateLimited(message, field="authorization")
            for use in (Use.REQUESTS, *uses):
                used.check(key, use, self._clock())
            used.take(key, Use.REQUESTS, 1, self._clock())
            used.under_way += 1
        try:
            yield
        finally:
            with self._lock:
                used.under_way -= 1

    def spend(self, key: Key, use: Use, amount: float) -> None:
        """Count what a request used. It may have been more than was left: the next ones wait until that is made up for."""
        if use in key.a_minute and amount:
            with self._lock:
                self._used.setdefault(key.id, _Used()).take(key, use, amount, self._clock())

    def _used_by(self, key: Key) -> _Used:
        with self._lock:
            return self._used.setdefault(key.id, _Used())

    def _current(self) -> KeyTable:
        """The table, read again if the file has changed. One that can't be read does not take the place of one that could."""
        assert self._path is not None
        assert self._table is not None
        with self._lock:
            if self._clock() - self._looked_at < _LOOK_SECONDS:
                return self._table
            self._looked_at = self._clock()
            now = _print_of(self._path)
            if now == self._print:
                return self._table
            try:
                self._table = KeyTable.load(self._path)
            except InvalidSettings as error:  # it is tried again: what failed may have been the reading
                if self._refused != (now, str(error)):
                    logger.error("the changed keys file is not taken: the keys before it stay", extra={"reason": str(error)})
                self._refused = (now, str(error))
                return self._table
            self._print, self._refused = now, None
            ids = {key.id for _, key in self._table.entries}
            self._used = {name: used for name, used in self._used.items() if name in ids}
            logger.info("the keys file was read again", extra={"keys": len(self._table.entries)})
            return self._table


@dataclass(slots=True)
class _Used:
    """What one id has used: requests under way, and of each use what is left; below 0 it is owed."""

    under_way: int = 0
    left: dict[Use, tuple[float, float]] = field(default_factory=dict)

    def now_left(self, key: Key, use: Use, now: float) -> float:
        """A whole minute's at first, never more, and refilled all the time."""
        most = key.a_minute[use]
        left, at = self.left.get(use, (most, now))
        return min(most, left + (now - at) * most / 60)

    def check(self, key: Key, use: Use, now: float) -> None:
        """Raises RateLimited when not one is left."""
        if use in key.a_minute and (left := self.now_left(key, use, now)) < 1:
            most = key.a_minute[use]
            message = f"this key may use {most:.0f} {use} a minute, and has"
            raise RateLimited(message, field="authorization", retry_after=math.ceil((1 - left) * 60 / most))

    def take(self, key: Key, use: Use, amount: float, now: float) -> None:
        """Count `amount`."""
        if use in key.a_minute:
            self.left[use] = (self.now_left(key, use, now) - amount, now)


def open_to_strangers(host: str, keys_file: Path | None) -> bool:
    """Whether somebody on another machine can reach what listens on `host`, and no key is asked for."""
    if keys_file is not None or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _key(number: int, scopes: str, options: list[str]) -> Key:
    try:
        key = Key(f"key-{number}", frozenset(Scope(word) for word in scopes.split(",")))
    except ValueError:
        raise _wrong(number, f"names an unknown scope; there are {', '.join(Scope)}") from None
    a_minute: dict[Use, float] = {}
    for option in options:
        name, _, value = option.partition("=")
        if name == "id" and _NAME.fullmatch(value):
            key = replace(key, id=value)
        elif name == "feeds" and all(_FEEDS.fullmatch(feed) for feed in value.split(",")):
            key = replace(key, feeds=tuple(value.split(",")))
        elif name == "new_feeds" and value in ("yes", "no"):
            key = replace(key, new_feeds=value == "yes")
        elif name == "concurrent" and _AMOUNT.fullmatch(value):
            key = replace(key, concurrent=int(value))
        elif name in list(Use) and _AMOUNT.fullmatch(value):
            a_minute[Use(name)] = float(value)
        else:
            known = ", ".join(("id", "feeds", "new_feeds", *Use, "concurrent"))
            raise _wrong(number, f"has something behind the key that is none of {known} with a value it can have")
    return replace(key, a_minute=a_minute)


def _wrong(number: int, what: str) -> InvalidSettings:
    return InvalidSettings(f"keys_file: line {number} {what}", field="keys_file")


def _print_of(path: Path | None) -> tuple[int, int, int] | None:
    """What tells that the file was written again; None when it is not there."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found is not None else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", errors="surrogatepass")).digest()
