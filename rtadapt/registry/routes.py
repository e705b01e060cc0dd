"""Routes, and the replicas whose readiness moves them.

Owns what an alias answers from. Takes readiness from replicas and words from operators; gives routes to anyone.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from rtadapt.errors import InvalidInput, NotFound, Unavailable
from rtadapt.records import Route, Version
from rtadapt.registry import codec
from rtadapt.registry.codec import Holding
from rtadapt.registry.connection import Connection
from rtadapt.registry.feeds import Feeds

logger = logging.getLogger(__name__)

Action = Literal["promote", "canary", "end", "rollback", "pause", "resume", "trust"]

_ACTIONS = ("promote", "canary", "end", "rollback", "pause", "resume", "trust")
_WITHOUT_VERSION = ("end", "pause", "resume", "trust")
_HOLDS_LIFETIME_MS = 7 * 86_400_000
_VERSIONS_ACCOUNTED = 500


class Routes:
    """The part of the registry that operators and serving replicas write."""

    def __init__(self, connection: Connection, feeds: Feeds) -> None:
        self._connection, self._feeds = connection, feeds

    def route(self, feed: str) -> Route | None:
        """What the feed's alias answers from, or None when there is no such feed."""
        with self._connection.answered():
            return codec.read_route(feed, self._connection.redis.hgetall(codec.feed_key(feed, "route")))

    def routes(self, feeds: Sequence[str] | None = None) -> dict[str, Route]:
        """What the aliases of these feeds answer from, or of all of them."""
        return self._feeds.of_all("route", codec.read_route, feeds)

    def change_route(
        self,
        feed: str,
        action: Action,
        *,
        version: int | None = None,
        share: float | None = None,
        shadow: bool = False,
        decide: Mapping[str, Any] | None = None,
    ) -> Route:
        """Change the route by an operator's word, and give the new one.

        - promote: answer from `version` (without one: the canary if there is one, else the head) and end a canary. A route that
          did not follow still does not; one that did goes on only from the newest version. Nothing else is released.
        - canary: try `version` on `share` of the callers, once every live replica has loaded it, and stop following. In the
          `shadow` it answers nobody: so many requests are asked of it as well. `decide` is the rule that ends it.
        - end: end a canary; the stable version stays.
        - rollback: answer from `version` (without one: what was stable before, else the newest older one, else the
          base model), end a canary, and stop following.
        - pause, resume: stop following, follow again.
        - trust: give the feed a new incarnation and have every replica follow it, also one that has seen newer or other things.

        The revision grows if anything changed. Raises NotFound for a feed or version that isn't there (any more),
        InvalidInput for anything else that is wrong.
        """
        _check_change(action, version, share)
        if action != "canary" and (shadow or decide is not None):
            raise InvalidInput("only a canary takes shadow and decide", field="shadow" if shadow else "decide")
        rule = "" if decide is None else codec.compact(decide)
        outcome, *rest = self._change(feed, action, version, share, "1" if shadow else "", rule, "", "")
        if outcome == "missing":
            more = "; if the registry has lost it, make it again (push to it, or PUT it) and then say trust"
            raise NotFound(f"there is no feed {feed}{more if action == 'trust' else ''}", field="feed")
        if outcome == "unknown":
            raise NotFound(f"there is no version {feed}@{rest[0]}", field="version")
        if outcome == "retired":
            raise NotFound(f"the adapter of {feed}@{rest[0]} is not kept any more", field="version")
        if outcome == "stateless":
            message = f"the learner's state of {feed}@{rest[0]} is not kept (artifacts.keep_states): its loss can't be measured"
            raise InvalidInput(message, field="decide.measures")
        if outcome == "nothing":
            raise InvalidInput("the route is at the base model: there is nothing to roll back to", field="action")
        return self._moved(feed, outcome, rest[0])

    def decide(self, feed: str, trial: int, is_good: bool, record: Mapping[str, Any]) -> Route | None:
        """End this trial: the canary becomes stable if it `is_good`. `record` stays with its version. None if it was over."""
        action = "promote" if is_good else "end"
        outcome, *rest = self._change(feed, action, None, None, "", "", str(trial), codec.compact(record))
        return self._moved(feed, outcome, rest[0]) if outcome in (0, 1) else None

    def decision(self, feed: str, number: int) -> dict[str, Any] | None:
        """What a trial of this version decided, and the figures; None where none did."""
        with self._connection.answered():
            text = self._connection.redis.hget(codec.feed_key(feed, "decisions"), str(number))
        found: dict[str, Any] | None = json.loads(text) if text is not None else None
        return found

    def _change(self, feed: str, action: str, version: int | None, share: float | None, *rest: str) -> Any:
        keys = [codec.feed_key(feed, part) for part in ("head", "versions", "route", "retired", "decisions", "stateless")]
        wanted, part = "" if version is None else str(version), "" if share is None else repr(float(share))
        return self._connection.run("route", keys, [uuid.uuid4().hex, action, wanted, part, *rest])

    def report(
        self,
        feed: str,
        replica: str,
        holding: Holding,
        waited_for: Iterable[str],
        stalled: Iterable[str] = (),
        guests: Iterable[str] = (),
    ) -> tuple[Route, dict[str, Holding]]:
        """`replica` says what it holds of `feed`; gives the route, and what every live replica holds.

        The route moves to the newest version that each of `waited_for` holds or has failed to load and that some live one
        holds; forward only, and only while it follows. Those that `stalled` count as holders and are not waited for; those
        where the feed is a guest are, from their first report of it until they `leave` it. Of one with a report that the caller
        does not know the registry sees whether it is alive: then it came since the caller looked who is, and is waited for.
        Replicas repeat this now and then, so that one that died in between holds nothing up. Raises NotFound.
        """
        keys = [codec.feed_key(feed, part) for part in ("versions", "route", "retired", "holds")]
        args: list[str | int] = [replica, codec.numbers_text(holding.held), codec.numbers_text(holding.failed)]
        args += [_HOLDS_LIFETIME_MS, *(f"+{name}" for name in waited_for), *(f"-{name}" for name in stalled)]
        args += [f"?{name}" for name in guests]
        outcome, *rest = self._connection.run("hold", keys, args)
        while outcome == "strangers":
            live = self.live_replicas()
            args += [f"{'+' if name in live else '!'}{name}" for name in rest[0]]
            outcome, *rest = self._connection.run("hold", keys, args)
        if outcome == "missing":
            raise NotFound(f"there is no feed {feed}", field="feed")
        return self._moved(feed, outcome, rest[0]), codec.read_holdings(codec.pairs(rest[1]))

    def leave(self, feed: str, replica: str) -> None:
        """`replica` answers nobody from `feed` until it reports again."""
        with self._connection.answered():
            self._connection.redis.hdel(codec.feed_key(feed, "holds"), replica)

    def holdings(self, feed: str) -> dict[str, Holding]:
        """What every replica said last that it holds of the feed, whether or not it is still alive."""
        with self._connection.answered():
            said = self._connection.redis.hgetall(codec.feed_key(feed, "holds"))
        return codec.read_holdings(said)

    def ready(self, feed: str, number: int) -> set[str]:
        """Replicas that hold the version."""
        return {name for name, holding in self.holdings(feed).items() if number in holding.held}

    def account(self, feed: str, number: int, change: str, served_before: int) -> list[Version]:
        """The versions up to `number`, oldest first, whose events nobody has accounted for yet: they are the caller's now.

        So over all replicas each event is counted once, whoever restarts. `change` is an id of this call, which is answered
        alike when it is sent again. `served_before` is what the route named when the caller first saw it: of a feed that has
        no account yet, what is not above it is nobody's. At most the newest 500; one whose record can't be read is left out.
        """
        keys = [codec.feed_key(feed, part) for part in ("accounted", "versions")]
        texts = self._connection.run("account", keys, [change, number, served_before, _VERSIONS_ACCOUNTED])
        found: list[Version] = []
        for text in texts:
            try:
                found.append(codec.read_version(feed, text))
            except (ValueError, KeyError, TypeError):
                logger.error("a version's record can't be read: its events are counted nowhere", extra={"feed": feed})
        return found

    def heartbeat(self, replica: str, info: Mapping[str, Any]) -> None:
        """`replica` is alive for another `replica_ttl_seconds`, by the server's clock.

        `info` may say under `busy_seconds` how long it has had something to load without getting on; 0 is nothing to load.
        A replica takes a new name with each start: what an earlier process held, a later one does not.
        """
        if not replica or len(replica) > 200:
            raise InvalidInput("a replica's name has 1 to 200 characters", field="replica")
        lifetime = self._connection.settings.replica_ttl_seconds
        said = codec.compact({**info, "lifetime_seconds": lifetime})
        self._connection.run("replicas", [codec.REPLICAS], [replica, int(lifetime * 1000), said])

    def forget(self, replica: str) -> None:
        """`replica` stops: nothing waits for it from now on."""
        with self._connection.answered():
            self._connection.redis.hdel(codec.REPLICAS, replica)

    def live_replicas(self) -> dict[str, dict[str, Any]]:
        """The replicas whose heartbeat has not run out, with what they said of themselves.

        `busy_seconds` counts to now, and `silent_seconds` from the last heartbeat on.
        """
        live: dict[str, dict[str, Any]] = {}
        for replica, said in sorted(codec.pairs(self._connection.run("replicas", [codec.REPLICAS], [])).items()):
            left_ms, _, info = said.partition("|")
            said_by = live[replica] = json.loads(info)
            lifetime = float(said_by.pop("lifetime_seconds", self._connection.settings.replica_ttl_seconds))
            said_by["silent_seconds"] = silent = max(0.0, lifetime - int(left_ms) / 1000)
            if said_by.get("busy_seconds"):
                said_by["busy_seconds"] += silent
        return live

    def _moved(self, feed: str, moved: Any, flat: Sequence[str]) -> Route:
        if int(moved):
            self._connection.announce(feed, "route")
        route = codec.read_route(feed, codec.pairs(flat))
        if route is None:
            raise Unavailable(f"the route of feed {feed} was removed while it was being changed")
        return route


def _check_change(action: str, version: int | None, share: float | None) -> None:
    if action not in _ACTIONS:
        raise InvalidInput(f"the action is one of {', '.join(_ACTIONS)}", field="action")
    if version is not None and (action in _WITHOUT_VERSION or version < 0):
        raise InvalidInput("end, pause, resume and trust take no version; a version is 0 or more", field="version")
    if action == "canary" and version is None:
        raise InvalidInput("a canary needs a version", field="version")
    if action == "canary" and (share is None or not 0.0 < share <= 1.0):
        raise InvalidInput("a canary needs a share above 0 and up to 1", field="share")
    if action != "canary" and share is not None:
        raise InvalidInput("only a canary takes a share", field="share")
