"""What the control plane answers, as models: the API document is made from them, and a test holds the answers to them.

Owns the names and meanings of the members. Routes give plain dictionaries; nothing is checked twice at each request.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """RFC 9457, as application/problem+json. Never repeats what was sent."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Invalid event"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["text: must not be empty"])
    code: str = Field(examples=["invalid_event"], description="stable, for programs")
    field: str | None = Field(None, examples=["text"], description="where the fault is")
    accepted: int | None = Field(None, description="of a request in which every event was refused: 0")
    refused: int | None = None
    items: list[Item] | None = None


class Item(Answer):
    """What became of one event of a request."""

    index: int = Field(description="its place in the request, from 0")
    status: Literal["accepted", "refused"]
    id: str | None = Field(None, examples=["story-17"])
    token: str | None = Field(None, examples=["news.0.41"], description="give it as `x-rtadapt-after` with a question")
    error: Problem | None = None


class Pushed(Answer):
    """What became of a request's events."""

    accepted: int
    refused: int
    items: list[Item]


class FeedbackTaken(Pushed):
    """What became of a word on an answer; the last three where it came with the answer's receipt."""

    version: str | None = Field(None, examples=["news@43"], description="the version that had answered")
    arm: str | None = Field(
        None, examples=["stable"], description="with the number of the trial, while there was one; `outside`: the base answered"
    )
    counted: bool | None = Field(None, description="false where the same was said before")


class EventWhere(Answer):
    """Where an event is."""

    id: str
    feed: str
    status: Literal["accepted", "admitted", "refused", "learned", "unlearned"]
    token: str | None = None
    version: int | None = Field(None, description="the version that learned it")
    reason: str | None = Field(None, examples=["near_duplicate"])
    detail: str | None = None


class RouteAnswer(Answer):
    """What a feed's alias answers from. 0 is the base model."""

    feed: str
    stable: int = Field(description="the version that answers", examples=[42])
    canary: int | None = Field(description="the version on trial", examples=[43])
    canary_share: float = Field(description="the part of the requests that the canary answers", examples=[0.1])
    follow: bool = Field(description="whether it moves to newer versions by itself")
    revision: int = Field(description="grows with every change")
    trial: TrialAnswer | None = Field(None, description="of the canary, if there is one")


class TrialAnswer(Answer):
    """How a canary is tried."""

    number: int
    named_at: float = Field(description="when it was asked for; Unix seconds")
    begun: float | None = Field(description="since every live replica has it; Unix seconds, null until then")
    shadow: bool = Field(description="whether it is only asked as well, and answers nobody")
    decide: dict[str, Any] | None = Field(description="the rule that ends it by itself")


class HeadAnswer(Answer):
    """Where learning stands."""

    version: int
    positions: dict[str, int] = Field(description="by partition, the offset after the last one that is decided")
    epoch: int
    last: int = Field(description="the highest number that was ever given")
    abandoned: list[list[int]] = Field(description="ranges of numbers, both ends included, that were taken back")


class Quarantine(Answer):
    """Why a feed is not learned for now. Unix seconds."""

    reason: str = Field(examples=["artifact_damaged"])
    detail: str
    since: float
    tries: int
    next_try_at: float
    worker: str


class Feed(Answer):
    """One feed."""

    feed: str
    head: HeadAnswer
    route: RouteAnswer | None
    quarantine: Quarantine | None = Field(description="why its worker can't go on with it; null: it does")


class Deleted(Answer):
    """A feed is gone."""

    feed: str
    deleted: bool


class OneFeed(Feed):
    """One feed with its configuration."""

    config: dict[str, Any]
    policy: dict[str, Any] = Field(description="the configuration with its defaults: what is in force")
    ready: list[str] = Field(description="replicas that have the newest version ready")
    to_relearn: int = Field(description="events taken back that are still to be learned again: rewind to the same version again")


class Replica(BaseModel):
    """What a replica said of itself last. One of another release may say more or less."""

    model_config = ConfigDict(extra="allow")

    host: str | None = Field(None, examples=["node-7"])
    pid: str | None = Field(None, examples=["4711"])
    address: str | None = Field(None, examples=["0.0.0.0:8000"])
    passed_seconds: float | None = Field(None, description="since it last saw all that the registry says")
    busy_seconds: float | None = Field(None, description="for how long it has had something to load without getting on")
    silent_seconds: float | None = Field(None, description="since its last heartbeat")
    loaded: int | None = Field(None, description="adapters in its engine")
    not_followed: list[str] | None = Field(None, description="feeds whose registry entries it does not believe")
    fits: str | None = Field(None, description="`fits`, or what of its engine does not fit the learner; empty before it is known")


class Worker(BaseModel):
    """What a worker said of itself last. One of another release may say more or less."""

    model_config = ConfigDict(extra="allow")

    ready: bool | None = Field(None, description="its loop runs, with all that it needs")
    alive: bool | None = Field(None, description="false while a step takes longer than `work.hang_seconds`")
    last_step_at: float | None = Field(None, description="Unix seconds; null before the first")
    partitions: int | None = Field(None, description="of the log, that it reads")
    feeds: int | None = Field(None, description="that it has learned from since it took them over")
    lag: int | None = Field(None, description="records that it has not read yet, as of its last step")


class Feeds(Answer):
    """Every feed, and the replicas that are alive."""

    feeds: list[Feed]
    replicas: dict[str, Replica]


class Adapter(Answer):
    """An artifact."""

    digest: str
    size_bytes: int


class LearnedEventAnswer(Answer):
    """An event that a version learned. Unix seconds."""

    id: str
    accepted_at: float


class VersionAnswer(Answer):
    """One published version."""

    name: str = Field(examples=["news@42"])
    feed: str
    number: int
    parent: int
    abandoned: bool = Field(description="whether it was taken back")
    created_at: float
    adapter: Adapter
    positions: dict[str, int]
    events: list[LearnedEventAnswer]
    measures: dict[str, float | None]


class Tally(Answer):
    """What answers came to in one arm. Answers, errors and time are counted while there is a trial, and so are the events that
    came meanwhile: before they were learned, what they cost this arm, and how many of them cost it more than the other arm.
    """

    arm: str = Field(examples=["canary7"])
    good: int
    bad: int
    corrected: int
    answers: int
    errors: int
    seconds: float = Field(description="in all")
    events: int
    worse: int
    nats: float = Field(description="a token, of all events together")


class OneVersion(VersionAnswer):
    """One version with what its answers came to."""

    tallies: list[Tally]
    decision: dict[str, Any] | None = Field(description="what a trial of it decided, and the figures")


class Versions(Answer):
    """The newest versions, newest first."""

    feed: str
    versions: list[VersionAnswer]


class RewindAnswer(Feed):
    """What taking a feed back did."""

    abandoned: list[int] = Field(description="versions that are not gone to any more")
    unlearned: list[str] = Field(description="events that they had learned")
    relearned: list[str] = Field(description="those of them that were appended to the log again")
    lost: list[str] = Field(description="those that the log does not have any more")


class Readers(Answer):
    """By worker, what reads the texts and what the reading exam found."""

    workers: dict[str, dict[str, Any]]


class OverviewVersion(Answer):
    """A version as a table shows it. `seconds` from its oldest event's acceptance to its publication."""

    name: str
    number: int
    abandoned: bool
    created_at: float
    events: int
    seconds: float
    measures: dict[str, float | None]


class Held(Answer):
    """What a replica has of a feed: the newest version that it holds, and the newest that it could not load."""

    newest: int | None
    failed: int | None


class RefusedEvent(Answer):
    """An event that was refused after it was accepted."""

    id: str = Field(examples=["story-17"])
    reason: str = Field(examples=["gate"])
    detail: str = Field(examples=["share of its facts answered in other wordings 0.20 < 0.50"])


class OverviewFeed(Answer):
    """A feed as the page shows it."""

    feed: str
    newest: int = Field(description="its newest version; 0 is the base model")
    route: RouteAnswer | None
    held: dict[str, Held] = Field(description="by replica that is alive")
    quarantine: Quarantine | None
    tallies: list[Tally] = Field(description="of the trial under way, by arm; empty without one")
    versions: list[OverviewVersion]
    waiting_since: float | None = Field(description="when its oldest event was accepted that is not answered from; Unix seconds")
    waiting_events: int = Field(description="how many of its events are not answered from, at least")
    refused: list[RefusedEvent] = Field(description="its newest, of the newest dead letters of all feeds")


class Overview(Answer):
    """One page of feeds, and how the system is."""

    feeds: list[OverviewFeed]
    total: int = Field(description="how many feeds there are")
    matching: int = Field(description="how many of them were asked for")
    next: str | None = Field(description="give it as `after` for the next page")
    replicas: dict[str, Replica]
    workers: dict[str, Worker]
    waiting_known: bool = Field(description="whether this process could look at the log and the registry yet")
    waiting_since: float | None = Field(description="the same of all feeds")
    waiting_events: int = Field(description="the same of all feeds")
    dead_letters: int | None = Field(description="how many there are; null while that is not known")
    may_change: bool = Field(description="whether the key that asked may operate, and not only look")


class Ready(Answer):
    """What can be done here."""

    status: Literal["ready"]
    push: Literal["ready", "unavailable"] | None = None
    operate: Literal["ready", "unavailable"] | None = None


class Alive(Answer):
    """The process runs."""

    status: Literal["ok"]


Problem.model_rebuild()


Responses = dict[int | str, dict[str, Any]]


def answers(good: dict[int, type[BaseModel]], *statuses: int) -> Responses:
    """What a route may answer, for its `responses`: its models by status, and the statuses of its problem documents."""
    found: Responses = {status: {"model": model} for status, model in good.items()}
    return found | refusals(*statuses)


def refusals(*statuses: int) -> Responses:
    """The problem documents that a route may answer with."""
    shape = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": shape} for status in statuses}


def body(model: type[BaseModel] | dict[str, Any], *examples: Any, required: bool = True) -> dict[str, Any]:
    """A request's body for a route's `openapi_extra`: routes read their bodies themselves, bounded."""
    schema = model if isinstance(model, dict) else model.model_json_schema(ref_template="#/components/schemas/{model}")
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = {f"example {number}": {"value": value} for number, value in enumerate(examples, start=1)}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}
