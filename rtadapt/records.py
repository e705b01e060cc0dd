"""The frozen records that cross the stages between an accepted event and a served version.

Owns every carrier that one package hands to another. Standard library only. Each is made in one place and never changed after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

FEED_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a feed may be called: it becomes a model alias, a Kafka key and a Redis hash tag."""

VERSION_NAME = re.compile(r"(?P<feed>[a-z0-9][a-z0-9_-]{0,62})@(?P<number>0|[1-9][0-9]{0,11})")

Positions = Mapping[int, int]
"""Log positions covered: partition -> the offset after the last one covered."""


class EventKind(StrEnum):
    """What an event is: a story that was written, or a transcript of turns that were spoken."""

    STORY = "story"
    TRANSCRIPT = "transcript"


class Speaker(StrEnum):
    """Who spoke a turn. What a BOT said is context, never a training target."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Position:
    """One place in the event log. Made by events."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Token:
    """The position of one event of one feed, as a caller holds it: `news.0.41`. Made by events."""

    feed: str
    position: Position

    def __str__(self) -> str:
        return f"{self.feed}.{self.position.partition}.{self.position.offset}"

    @classmethod
    def parse(cls, text: str) -> Token:
        """The token that `text` spells. Raises ValueError when it is none."""
        feed, dot, place = text.partition(".")
        partition, second_dot, offset = place.partition(".")
        digits = partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()
        if not (dot and second_dot and digits and FEED_NAME.fullmatch(feed) and len(text) <= 120):
            raise ValueError("a token looks like feed.partition.offset, for example news.0.41")
        return cls(feed, Position(int(partition), int(offset)))

    def covered_by(self, positions: Positions) -> bool:
        """Whether `positions` reach past this token's event."""
        return positions.get(self.position.partition, 0) > self.position.offset


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a transcript."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that an event states in its own structured fields: the `relation` of `entity` is `value`."""

    entity: str
    relation: str
    value: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its short answer, from an event's structured fields or written by a model."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted story or transcript. Made by events.

    `text` is the whole text; for a transcript the turns as `Speaker: text` lines. `accepted_at` and `time` are Unix seconds: when
    the log took it, and when its source says it happened. `subject` is whom it is about. `position` is None before the log.
    """

    id: str
    feed: str
    kind: EventKind
    text: str
    accepted_at: float
    time: float
    source: str = ""
    subject: str | None = None
    consent: bool = True
    headline: str = ""
    turns: tuple[Turn, ...] = ()
    facts: tuple[Fact, ...] = ()
    pairs: tuple[Pair, ...] = ()
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event, or what should have been one, that was refused after it was accepted. Made by curation."""

    event_id: str
    feed: str
    position: Position
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat: role is `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One training or probe row: the loss is taken on `target` given `prompt`. Made by curation.

    An empty `prompt` makes `target` plain text. `entity` and `fact` name what it teaches, so that a newer fact can supersede it:
    `fact` is a key of both as far as known, else of the question. `value` is what a right answer holds. A cut target has no end.
    """

    event_id: str
    prompt: tuple[Message, ...]
    target: str
    fact: str = ""
    entity: str = ""
    weight: float = 1.0
    value: str = ""
    ends: bool = True

    @property
    def is_anchor(self) -> bool:
        """Whether the base model wrote this row itself, before it learned anything."""
        return not self.event_id

    @property
    def is_watched(self) -> bool:
        """Whether this anchor is only measured, never trained on."""
        return self.is_anchor and self.fact == WATCHED

    @property
    def text(self) -> str:
        """Everything that the row says, prompt and target."""
        return "\n".join((*(message.content for message in self.prompt), self.target))


WATCHED = "watched"
"""The `fact` of an anchor that updates never train on, so that the gate sees what they lose."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one update learns from. Made by curation.

    `examples` are trained on; `held_out` says the same in wordings that are not. `positions` are where the feed stands after it.
    """

    feed: str
    events: tuple[Event, ...]
    examples: tuple[Example, ...]
    held_out: tuple[Example, ...]
    positions: Positions


@dataclass(frozen=True, slots=True)
class Update:
    """What a few steps did: losses in nats a target token, tokens that `passed` the network, seconds by part. By training."""

    steps: int
    rows: int
    tokens: int
    first_loss: float
    last_loss: float
    gradient_norm: float
    step_norm: float
    seconds: float
    passed: int = 0
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A folder in the artifact store, named by the digest of its manifest. Made by registry.artifacts."""

    digest: str
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An adapter that was written but not published: what is served, and what learning goes on from."""

    feed: str
    parent: int
    adapter: Artifact
    state: Artifact
    positions: Positions
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LearnedEvent:
    """An event that a version has learned. Times are Unix seconds."""

    id: str
    accepted_at: float


@dataclass(frozen=True, slots=True)
class Version:
    """A published adapter. Number 0 is the base model itself. Made by registry; immutable, never reused."""

    feed: str
    number: int
    parent: int
    adapter: Artifact
    state: Artifact
    positions: Positions
    events: tuple[LearnedEvent, ...]
    created_at: float
    measures: Mapping[str, float] = field(default_factory=dict)
    signature: str = ""

    @property
    def name(self) -> str:
        """What callers know it by: `news@42`."""
        return version_name(self.feed, self.number)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a feed stands: the only commit point. Made by registry, which draws an `incarnation` for each feed that it makes.

    `last` is the highest number that was ever given; after a rewind it lies above `version`. `abandoned` are the ranges of
    numbers, both ends included, that rewinds took out of the line. `origin` is the first incarnation, `signature` the positions'.
    """

    feed: str
    version: int
    positions: Positions
    epoch: int
    incarnation: str = ""
    last: int = 0
    abandoned: tuple[tuple[int, int], ...] = ()
    origin: str = ""
    signature: str = ""

    @property
    def next_number(self) -> int:
        """What the next version will be called."""
        return max(self.version, self.last) + 1

    def has_abandoned(self, number: int) -> bool:
        """Whether a rewind took this version out of the line."""
        return any(first <= number <= end for first, end in self.abandoned)


@dataclass(frozen=True, slots=True)
class Route:
    """What an alias answers from. Made by registry.

    `follow` says whether the route moves to each new version once the replicas are ready; a rollback or a pause stops that
    until the next resume. `revision` grows with every change. `trusted` is the incarnation that an operator told replicas to
    follow, whatever they held before, at `trusted_at`. A canary is on trial number `trial`, asked for at `named_at`, under way
    since `begun` (0 while a replica lacks it), in the `shadow` of the stable version or not; `decide` is its rule, as JSON. Times
    are the registry's, Unix seconds.
    """

    feed: str
    stable: int
    canary: int | None = None
    canary_share: float = 0.0
    follow: bool = True
    revision: int = 0
    trusted: str = ""
    trial: int = 0
    begun: float = 0.0
    shadow: bool = False
    decide: str = ""
    named_at: float = 0.0
    trusted_at: float = 0.0


class EventState(StrEnum):
    """Where an event is on its path. What was learned is unlearned when the feed is taken back to before it."""

    ACCEPTED = "accepted"
    ADMITTED = "admitted"
    LEARNED = "learned"
    REFUSED = "refused"
    UNLEARNED = "unlearned"


@dataclass(frozen=True, slots=True)
class EventStatus:
    """What `GET /v1/events/{id}` answers from. Made by events (accepted) and the worker (the rest)."""

    id: str
    feed: str
    state: EventState
    position: Position | None = None
    version: int | None = None
    reason: str | None = None
    detail: str | None = None


def version_name(feed: str, number: int) -> str:
    """The name of version `number` of `feed`: `news@42`."""
    return f"{feed}@{number}"


def parse_version_name(name: str) -> tuple[str, int] | None:
    """The feed and number that `name` spells, or None when it names no version."""
    named = VERSION_NAME.fullmatch(name)
    return (named["feed"], int(named["number"])) if named else None
