"""From the model that a request names to the version that answers it. Pure: no clock, no I/O, no state.

Owns the rules. Takes a `ServingView` (what this replica has loaded and what the routes say) and gives a `Target`, or
the error to answer with. A view is never changed, only replaced, so a request sees one world from beginning to end.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

from rtadapt.errors import Conflict, InvalidRequest, ModelNotFound, RtadaptError, Unavailable
from rtadapt.records import VERSION_NAME, Head, Position, Positions, Token, parse_version_name, version_name

AFTER_HEADER = "x-rtadapt-after"
_MOST_TOKENS = 64

_WITH_DIGEST = re.compile(rf"(?P<name>{VERSION_NAME.pattern})-(?P<digest>[0-9a-f]{{8}})")


class TargetKind(StrEnum):
    """Why a request got its version."""

    STABLE = "stable"
    CANARY = "canary"
    SHADOW = "shadow"
    PINNED = "pinned"
    BASE = "base"


class Coverage(StrEnum):
    """Whether a target has learned a token's event."""

    COVERED = "covered"
    NOT_YET = "not_yet"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class After:
    """The events of one feed that a request wants learned: its tokens, as a caller was given them, with commas between."""

    tokens: tuple[Token, ...]

    @property
    def feed(self) -> str:
        """Whose events they are."""
        return self.tokens[0].feed

    def covered_by(self, positions: Positions) -> bool:
        """Whether `positions` reach past all of them."""
        return all(token.covered_by(positions) for token in self.tokens)

    def __str__(self) -> str:
        return ",".join(map(str, self.tokens))

    @classmethod
    def parse(cls, text: str) -> After:
        """The tokens that `text` spells, for example what `x-rtadapt-position` said of an answer. Raises ValueError."""
        parts = text.split(",")
        if len(parts) > _MOST_TOKENS:
            raise ValueError(f"at most {_MOST_TOKENS} tokens")
        tokens = tuple(Token.parse(part.strip()) for part in parts)
        if len({token.feed for token in tokens}) > 1:
            raise ValueError("the tokens must be of one feed")
        return cls(tokens)


@dataclass(frozen=True, slots=True)
class FeedView:
    """One feed on this replica.

    `loaded` holds, for each version the engine answers from, the positions it has learned; version 0 (the base model)
    is always there. `stable` is what the alias answers from here: the route's, once it is loaded. It is None while the
    route names a version that this replica could not load yet and no earlier one was in use. A canary is there once its trial has
    begun; in the `shadow` it answers nobody. `names` are the engine's own
    names of the versions, `incarnation` is the feed's in the registry, and `follows` says whether the alias moves by itself.
    The head's positions count where somebody who is believed has `vouched` for them.
    It is `pending` while a version that is loaded here may already answer on other replicas, although it does not here. What is
    `away` is the version that the alias would answer from, were this feed not let go or never brought to this replica. Those that
    are `coming` will be loaded, for whoever pins them: this replica has started not long ago.
    """

    feed: str
    stable: int | None
    canary: int | None = None
    canary_share: float = 0.0
    head: Head | None = None
    vouched: bool = True
    loaded: Mapping[int, Positions] = field(default_factory=lambda: {0: {}})
    names: Mapping[int, str] = field(default_factory=dict)
    incarnation: str = ""
    follows: bool = True
    shadow: bool = False
    trial: int = 0
    pending: bool = False
    away: int | None = None
    coming: Set[int] = frozenset()

    def engine_name(self, number: int) -> str:
        """What the engine knows a loaded version by."""
        return self.names.get(number, version_name(self.feed, number))

    def positions(self, number: int) -> Positions:
        """The positions that version `number` answers for: its own, and while it is the newest the head's, if these count.

        What lies between the two was decided without a new version: refused by admission, or rejected by the gate.
        """
        own = self.loaded.get(number, {})
        if self.head is None or self.head.version != number or not self.vouched:
            return own
        partitions = own.keys() | self.head.positions.keys()
        return {at: max(own.get(at, 0), self.head.positions.get(at, 0)) for at in partitions}


@dataclass(frozen=True, slots=True)
class ServingView:
    """Everything that routing knows. `base_model` is the name the base model answers to.

    Until `complete`, this replica has not heard from the registry which feeds there are.
    """

    base_model: str
    feeds: Mapping[str, FeedView] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """Who answers. `feed` is None for the base model asked by its own name."""

    kind: TargetKind
    feed: str | None
    number: int
    engine_model: str
    version: str
    positions: Positions
    incarnation: str = ""
    trial: int = 0

    @property
    def arm(self) -> str:
        """What its answers are counted under: `stable`, `canary` or `pinned`, with the number of the trial while there is one."""
        return f"{self.kind.value}{self.trial or ''}"

    @property
    def position(self) -> str:
        """The tokens of the last events covered, one a partition, comma-separated; empty when there are none."""
        if self.feed is None:
            return ""
        ends = sorted(self.positions.items())
        return ",".join(str(Token(self.feed, Position(partition, end - 1))) for partition, end in ends if end > 0)


def resolve(view: ServingView, model: str, key: str, after: Token | After | None = None) -> Target:
    """The version that answers a request for `model`.

    `key` chooses between stable and canary: the same key gets the same one as long as the trial lasts. With `after`,
    the stable version is taken where it has learned that event and the canary has not.

    Raises ModelNotFound when there is no such model here, Unavailable when its version is not loaded yet, or when this
    replica can't know yet whether there is such a model.
    """
    if model == view.base_model:
        return Target(TargetKind.BASE, None, 0, view.base_model, view.base_model, {})
    name, digest = _split(model)
    pinned = parse_version_name(name)
    feed = view.feeds.get(pinned[0] if pinned else model)
    if feed is None:
        raise _missing(view, f"there is no model or feed {model[:80]!r} here")
    if pinned:
        if pinned[1] not in feed.loaded or (digest and feed.engine_name(pinned[1]) != model):
            if pinned[1] in feed.coming:
                raise Unavailable(f"version {model} is being loaded here; try again", field="model")
            raise _missing(view, f"version {model} is not loaded here; loaded are {_list(feed)}")
        return _target(view, feed, TargetKind.PINNED, pinned[1])
    if feed.stable is None:
        raise Unavailable(f"the version that {model} answers from is not loaded here yet; try again", field="model")
    stable = _target(view, feed, TargetKind.STABLE, feed.stable)
    if feed.shadow or feed.canary is None or feed.canary not in feed.loaded or not falls_in(feed, key):
        return stable
    canary = _target(view, feed, TargetKind.CANARY, feed.canary)
    if after is not None and not after.covered_by(canary.positions) and after.covered_by(stable.positions):
        return stable
    return canary


def shadow_of(view: ServingView, target: Target, key: str) -> Target | None:
    """The canary that a request which `target` answers is asked of as well, if any."""
    feed = view.feeds.get(target.feed or "")
    if feed is None or not feed.shadow or target.kind is not TargetKind.STABLE:
        return None
    if feed.canary is None or feed.canary not in feed.loaded or not falls_in(feed, key):
        return None
    return _target(view, feed, TargetKind.SHADOW, feed.canary)


def falls_in(feed: FeedView, key: str) -> bool:
    """Whether `key` belongs to the canary's share. Growing the share keeps everybody who was in."""
    digest = hashlib.blake2b(f"{feed.feed}@{feed.canary}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < feed.canary_share


def feed_of(model: str) -> str:
    """The feed that a request for `model` is about, whether there is one or not. The base model's name is no feed's."""
    pinned = parse_version_name(_split(model)[0])
    return pinned[0] if pinned else model


def check_token(model: str, token: Token | After) -> None:
    """Raises InvalidRequest when a request for `model` cannot be after `token` at all: it is of another feed, or of none."""
    if token.feed != feed_of(model):
        raise InvalidRequest(f"the token is of feed {token.feed}, and {model[:80]!r} is not that feed", field=AFTER_HEADER)


def coverage(view: ServingView, target: Target, token: Token | After) -> Coverage:
    """Whether `target` has learned `token`'s event, may still come to, or never will: a pinned version that is not the
    newest (only the head's positions move), or an alias that does not move by itself, as after a pause or a rollback.
    """
    if token.covered_by(target.positions):
        return Coverage.COVERED
    feed = view.feeds.get(target.feed or "")
    if target.kind is not TargetKind.PINNED:
        return Coverage.NOT_YET if feed is None or feed.follows else Coverage.NEVER
    head = feed.head if feed is not None else None
    stays = head is not None and (head.version > target.number or head.has_abandoned(target.number))
    return Coverage.NEVER if stays else Coverage.NOT_YET


def never(target: Target, token: Token | After) -> Conflict:
    """The error for a version that will never have learned the event, or an alias that stays where it is."""
    if target.kind is TargetKind.PINNED:
        message = f"{target.version} was made before event {token} and stays as it is; ask {target.feed} instead"
    else:
        message = f"{target.feed} stays at {target.version}, which was made before event {token}, until it follows again"
    return Conflict(message, field=AFTER_HEADER)


def _target(view: ServingView, feed: FeedView, kind: TargetKind, number: int) -> Target:
    name = feed.engine_name(number) if number else view.base_model
    trial = 0 if kind is TargetKind.PINNED else feed.trial
    return Target(kind, feed.feed, number, name, version_name(feed.feed, number), feed.positions(number), feed.incarnation, trial)


def _split(model: str) -> tuple[str, str]:
    """A version's name and the digest that the engine's own name of it ends with; "" where there is none."""
    match = _WITH_DIGEST.fullmatch(model)
    return (match["name"], match["digest"]) if match else (model, "")


def _missing(view: ServingView, message: str) -> RtadaptError:
    if view.complete:
        return ModelNotFound(message, field="model")
    return Unavailable("this replica has not heard from the registry yet which models there are; try again", field="model")


def _list(feed: FeedView) -> str:
    newest = sorted(feed.loaded, reverse=True)[:8]
    return ", ".join(version_name(feed.feed, number) for number in newest)
