"""The connection to the Redis-protocol server: bounded in time, and with one error for all that goes wrong.

Owns the scripts and the translation of the client's errors. Every command is limited by
`timeout_seconds`; a broken connection is tried again twice (so a restarted server goes unnoticed), a timeout never.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
)
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import TimeoutError as TimedOut

from rtadapt.config import RegistrySettings
from rtadapt.errors import Unavailable
from rtadapt.observe.logs import get_logger
from rtadapt.registry import codec
from rtadapt.registry.client import check_url, client_of, close


def _load(name: str) -> tuple[str, str]:
    parts = (_COMMON, name) if name in _REMEMBERING else (name,)
    text = "".join((files("rtadapt.registry") / f"{part}.lua").read_text(encoding="utf-8") for part in parts)
    # SHA-1 is how the protocol names scripts; nothing rests on its strength.
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


_NAMES = (
    *("account", "attempt", "claim", "commit", "delete", "feed", "floor", "hold", "index", "log"),
    *("replicas", "retire", "rewind", "route", "spare", "status", "tally"),
)
_COMMON, _REMEMBERING = "remember", frozenset(("commit", "index", "status"))
"""What the scripts begin with that write statuses."""
_SCRIPTS = {name: _load(name) for name in _NAMES}
_MAX_CHANGES = 10_000

Call = tuple[str, Sequence[str], Sequence[str | int]]
"""A script, its keys and its arguments."""

logger = get_logger(__name__)


class Connection:
    """What the registry's parts share. Thread-safe; connects when it is first used, and again whenever it must."""

    def __init__(self, settings: RegistrySettings) -> None:
        """Raises InvalidSettings for a URL that is none."""
        check_url(settings)
        self.settings = settings
        self._client: Any = None
        self._connecting = threading.Lock()

    def ping(self) -> None:
        """Returns when the server answers. Raises Unavailable."""
        with self.answered():
            self.redis.ping()

    def clock(self) -> float:
        """What the server takes for now, Unix seconds. Raises Unavailable."""
        with self.answered():
            said = self.redis.time()
        seconds, micros = next(iter(said.values())) if isinstance(said, dict) else said  # a cluster's nodes each say theirs
        return float(seconds) + float(micros) / 1e6

    def close(self) -> None:
        """Close all connections."""
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            close(client)

    @contextmanager
    def answered(self) -> Iterator[None]:
        """Turns the client's errors into Unavailable. The message names no address: an address may hold a password."""
        client = None
        try:
            client = self.redis
            yield
        except (AuthenticationError, NoPermissionError) as error:
            raise Unavailable("the registry refuses the login: look at the user and the password in registry.url") from error
        except ReadOnlyError as error:
            # A server that was demoted keeps its old connections, and a new one may lead to its successor.
            self._leave(client)
            raise Unavailable("the registry's server takes no writes: it is a replica now") from error
        except (Unconnected, TimedOut) as error:
            raise Unavailable("the registry does not answer") from error
        except (RedisError, RedisClusterException) as error:  # disk full, out of memory, slot moving
            raise Unavailable("the registry did not take the command") from error
        except (AttributeError, ValueError) as error:
            if client is None or client is self._client:
                raise
            # Another thread left the client, whose buffers are closed or gone under this one's command.
            raise Unavailable("the registry's server was left while the command was under way") from error

    def _leave(self, client: Any) -> None:
        """Use `client` no more. Another thread may have left it already."""
        with self._connecting:
            if self._client is not client:
                return
            self._client = None
        close(client)

    @property
    def redis(self) -> Any:
        """The client. One of a cluster asks for the cluster's layout when it is made, so it is made late."""
        with self._connecting:
            if self._client is None:
                self._client = client_of(self.settings)
            return self._client

    def run(self, script: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run a script by its digest, and whole where the server does not have it (yet, or after a restart)."""
        text, digest = _SCRIPTS[script]
        with self.answered():
            try:
                return self.redis.evalsha(digest, len(keys), *keys, *args)
            except NoScriptError:
                return self.redis.eval(text, len(keys), *keys, *args)

    def run_all(self, calls: Sequence[Call]) -> list[Any]:
        """Run scripts, in one round trip where the server is one and has them; gives their answers."""
        if not self.settings.cluster and len(calls) > 1:
            with self.answered(), self.redis.pipeline(transaction=False) as pipeline:
                for script, keys, args in calls:
                    pipeline.evalsha(_SCRIPTS[script][1], len(keys), *keys, *args)
                answers = pipeline.execute(raise_on_error=False)
                failures = [answer for answer in answers if isinstance(answer, Exception)]
                for failure in failures:
                    if not isinstance(failure, NoScriptError):
                        raise failure
            pairs = zip(calls, answers, strict=True)
            return [self.run(*call) if isinstance(answer, NoScriptError) else answer for call, answer in pairs]
        return [self.run(*call) for call in calls]

    def bounds(self) -> list[str | int]:
        """How many statuses are remembered, and for how long, as the scripts take it."""
        return [self.settings.max_statuses, int(self.settings.status_ttl_seconds * 1000)]

    def index(self, events: Iterable[tuple[str, Sequence[str]]]) -> Call:
        """What notes whose events are: feeds, each with ids."""
        return "index", codec.INDEX, [*self.bounds(), codec.compact(list(events))]

    def announce(self, feed: str, kind: str, event_ids: Sequence[str] = ()) -> None:
        """Tell the followers, list the feed, and index events by id: after the keys were written.

        None of it decides anything and all of it is repeated later, so a failure is a delay and not an error: the
        caller's change already happened.
        """
        try:
            if event_ids:
                self.run(*self.index([(feed, event_ids)]))
            with self.redis.pipeline(transaction=False) as pipeline:
                pipeline.sadd(codec.FEEDS, feed)
                pipeline.xadd(codec.CHANGES, {"feed": feed, "kind": kind}, maxlen=_MAX_CHANGES, approximate=True)
                pipeline.execute()
        except (RedisError, RedisClusterException, Unavailable) as error:
            logger.warning(
                "a change was made but not announced", extra={"feed": feed, "kind": kind, "error": type(error).__name__}
            )
