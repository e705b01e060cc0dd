"""`/v1/feeds…`: what feeds there are, what each has learned, and the operator's word on what its alias answers from.

Owns the JSON shapes of feeds, versions and routes. Everything is read from the registry at each request.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from rtadapt.access import Scope
from rtadapt.api.asking import key_of, may, note, parts_of
from rtadapt.api.parts import Parts
from rtadapt.api.reading import model_of
from rtadapt.api.relearning import relearn
from rtadapt.api.shapes import (
    Deleted,
    Feeds,
    OneFeed,
    OneVersion,
    RewindAnswer,
    RouteAnswer,
    Versions,
    answers,
    body,
)
from rtadapt.errors import InvalidInput, NotFound
from rtadapt.records import FEED_NAME, Head, Route, Version, version_name
from rtadapt.registry.codec import Trouble

router = APIRouter(prefix="/v1/feeds", tags=["feeds"], dependencies=[Depends(may(Scope.OPERATE))])

_REFUSED = (401, 403, 429, 503)
_CANARY = {"action": "canary", "version": 43, "share": 0.1, "decide": {"measures": ["errors", "feedback"], "margin": 0.1}}

FeedName = Annotated[str, Path(description="the feed's name", examples=["news"])]
Number = Annotated[int, Path(description="the version's number, from 1", examples=[1])]
Source = Annotated[str, Field(max_length=200)]
EventId = Annotated[str, Field(min_length=1, max_length=2048)]


class FeedConfig(BaseModel):
    """What a feed's owner may set: a title, and the fields of `policy.FeedPolicy`, which says what they mean."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field("", max_length=200)
    trusted_sources: list[Source] = Field([], max_length=200)
    contradictions: Literal["newest", "two_sources", "trusted"] = "newest"
    max_facts_per_source_per_hour: int = Field(5000, ge=0, le=1_000_000)
    max_changes_per_entity_per_hour: int = Field(12, ge=0, le=1_000_000)
    privacy: Literal["mask", "drop", "pseudonymise"] = "mask"
    readers: list[Literal["stated", "grammar", "model"]] = Field(["stated", "grammar", "model"], min_length=1, max_length=3)


class Decide(BaseModel):
    """When a canary's trial ends itself. It is promoted once it is shown not to be worse by `margin` in any of the `measures`
    (shares of bad outcomes; for `loss`, of later events that surprise it more than the stable version), ended once it is shown
    to be worse in one, or when time is up. Either is wrong with a chance of `error` at most.
    """

    model_config = ConfigDict(extra="forbid")

    measures: list[Literal["errors", "feedback", "loss"]] = Field(["errors", "feedback"], min_length=1, max_length=3)
    margin: float = Field(0.1, gt=0.0, le=1.0)
    error: float = Field(0.05, gt=0.0, le=0.5)
    max_seconds: float = Field(86_400.0, gt=0.0, le=2_592_000.0)


class RouteChange(BaseModel):
    """An operator's word. `share` is the part of the callers that a canary answers; in the `shadow`, the part of the requests
    that it is asked as well, without answering anybody.
    """

    model_config = ConfigDict(extra="forbid")

    action: Literal["promote", "canary", "end", "rollback", "pause", "resume", "trust"]
    version: int | None = Field(None, ge=0, le=999_999_999_999)
    share: float | None = Field(None, gt=0.0, le=1.0)
    shadow: bool = False
    decide: Decide | None = None


class Rewind(BaseModel):
    """Where to: a version, or the last one before any of the events `without`. Those are dropped; the others too, or they are
    learned again.
    """

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=0, le=999_999_999_999)
    without: list[EventId] = Field([], max_length=1000)
    relearn: bool = False


@router.get("", response_model=None, responses=answers({200: Feeds}, *_REFUSED))
def all_feeds(request: Request) -> dict[str, object]:
    """Every feed with its head and route, and the replicas that are alive."""
    registry = parts_of(request).registry
    heads, routes = registry.heads(), registry.routes()
    troubles = registry.troubles()
    mine = [feed for feed in sorted(heads) if key_of(request).may_use(feed)]
    feeds = [_feed(feed, heads[feed], routes.get(feed), troubles.get(feed)) for feed in mine]
    return {"feeds": feeds, "replicas": registry.live_replicas()}


@router.get("/{feed}", response_model=None, responses=answers({200: OneFeed}, *_REFUSED, 404, 422))
def one_feed(request: Request, feed: FeedName) -> dict[str, object]:
    """One feed with its configuration, the policy that it amounts to, and the replicas that have its newest version ready."""
    registry = parts_of(request).registry
    head = registry.head(checked(feed))
    if head is None:
        raise NotFound(f"there is no feed {feed}", field="feed")
    more = {
        "config": registry.feed_config(feed) or {},
        "policy": asdict(registry.feed_policy(feed)),
        "ready": sorted(registry.ready(feed, head.version)),
        "to_relearn": sum(len(again.event_ids) for again in registry.again(feed)),
    }
    return _feed(feed, head, registry.route(feed), registry.trouble(feed)) | more


@router.put(
    "/{feed}",
    response_model=None,
    responses=answers({200: OneFeed, 201: OneFeed}, *_REFUSED, 400, 413, 415, 422),
    openapi_extra=body(FeedConfig, {"title": "The news desk", "contradictions": "two_sources"}, required=False),
)
async def put_feed(request: Request, feed: FeedName) -> Response:
    """Make a feed, or replace its configuration by the one in the body. 201 when it is new."""
    checked(feed)
    config = (await model_of(request, FeedConfig)).model_dump(exclude_unset=True)
    registry = parts_of(request).registry
    new = await run_in_threadpool(registry.ensure_feed, feed, config)
    return JSONResponse(await run_in_threadpool(one_feed, request, feed), 201 if new else 200)


@router.delete("/{feed}", response_model=None, responses=answers({200: Deleted}, *_REFUSED, 404, 422))
def delete_feed(request: Request, feed: FeedName) -> dict[str, object]:
    """Delete a feed with all that it has learned: its alias is gone, its adapters are removed, what waits is never learned.

    An event that is pushed later makes it anew, from nothing.
    """
    parts = parts_of(request)
    partition = parts.log.partition_of(checked(feed))
    if not parts.registry.delete_feed(feed, partition, parts.log.ends().get(partition, 0)):
        raise NotFound(f"there is no feed {feed}", field="feed")
    return {"feed": feed, "deleted": True}


@router.get("/{feed}/versions", response_model=None, responses=answers({200: Versions}, *_REFUSED, 404, 422))
def versions(
    request: Request, feed: FeedName, limit: Annotated[int, Query(ge=1, le=1000, description="how many at most")] = 50
) -> dict[str, object]:
    """The newest versions, newest first."""
    registry = parts_of(request).registry
    found, head = registry.versions(checked(feed), limit), registry.head(feed)
    if head is None:
        raise NotFound(f"there is no feed {feed}", field="feed")
    return {"feed": feed, "versions": [_version(version, head) for version in found]}


@router.get("/{feed}/versions/{number}", response_model=None, responses=answers({200: OneVersion}, *_REFUSED, 404, 422))
def one_version(request: Request, feed: FeedName, number: Number) -> dict[str, object]:
    """One version, with every event it learned and every measure it was judged by."""
    registry = parts_of(request).registry
    version, head = registry.version(checked(feed), number), registry.head(feed)
    if version is None or head is None:
        raise NotFound(f"there is no version {version_name(feed, number)}", field="version")
    tallies = [tally_of(arm, counts) for (of, arm), counts in sorted(registry.tally(feed).items()) if of == number]
    return _version(version, head) | {"tallies": tallies, "decision": registry.decision(feed, number)}


@router.post(
    "/{feed}/route",
    response_model=None,
    responses=answers({200: RouteAnswer}, *_REFUSED, 400, 404, 409, 413, 415, 422),
    openapi_extra=body(RouteChange, {"action": "rollback"}, _CANARY),
)
async def change_route(request: Request, feed: FeedName) -> dict[str, object]:
    """Promote, canary, end, rollback, pause, resume or trust; gives the new route."""
    checked(feed)
    change = await model_of(request, RouteChange)
    if change.shadow and change.decide is not None and "feedback" in change.decide.measures:
        raise InvalidInput("nobody sees an answer from the shadow: decide it by errors or loss", field="decide.measures")
    how: dict[str, Any] = change.model_dump(exclude={"action"})
    note(request, action=change.action, version=change.version)
    route = await run_in_threadpool(parts_of(request).registry.change_route, feed, change.action, **how)
    return route_of(route)


@router.post(
    "/{feed}/rewind",
    response_model=None,
    responses=answers({200: RewindAnswer}, *_REFUSED, 400, 404, 409, 413, 415, 422),
    openapi_extra=body(Rewind, {"version": 41}, {"without": ["story-17"], "relearn": True}),
)
async def rewind(request: Request, feed: FeedName) -> dict[str, object]:
    """Take back what the feed has learned since a version, at once; and have the rest of it learned again, if it shall be."""
    checked(feed)
    asked = await model_of(request, Rewind)
    note(request, action="rewind", version=asked.version)
    return await run_in_threadpool(_rewind, parts_of(request), feed, asked)


def _rewind(parts: Parts, feed: str, asked: Rewind) -> dict[str, object]:
    found = parts.registry.rewind(feed, asked.version, without=asked.without, relearn=asked.relearn)
    relearned, lost = relearn(parts, found.head) if asked.relearn else ([], [])
    more = {"abandoned": found.abandoned, "unlearned": found.unlearned, "relearned": relearned, "lost": lost}
    return _feed(feed, found.head, parts.registry.route(feed), parts.registry.trouble(feed)) | more


def checked(feed: str) -> str:
    """`feed` if it can be a feed's name. Raises InvalidInput."""
    if not FEED_NAME.fullmatch(feed):
        message = "a feed's name is 1 to 63 of the characters a-z 0-9 _ - and begins with a letter or digit"
        raise InvalidInput(message, field="feed")
    return feed


def _feed(feed: str, head: Head, route: Route | None, trouble: Trouble | None) -> dict[str, object]:
    return {
        "feed": feed,
        "head": {
            "version": head.version,
            "positions": dict(head.positions),
            "epoch": head.epoch,
            "last": max(head.last, head.version),
            "abandoned": head.abandoned,
        },
        "route": None if route is None else route_of(route),
        "quarantine": None if trouble is None else asdict(trouble),
    }


def route_of(route: Route) -> dict[str, object]:
    """A route as JSON."""
    return {
        "feed": route.feed,
        "stable": route.stable,
        "canary": route.canary,
        "canary_share": route.canary_share,
        "follow": route.follow,
        "revision": route.revision,
        "trial": None
        if route.canary is None
        else {
            "number": route.trial,
            "named_at": route.named_at,
            "begun": route.begun or None,
            "shadow": route.shadow,
            "decide": json.loads(route.decide) if route.decide else None,
        },
    }


def _version(version: Version, head: Head) -> dict[str, object]:
    return {
        "name": version.name,
        "feed": version.feed,
        "number": version.number,
        "parent": version.parent,
        "abandoned": head.has_abandoned(version.number),
        "created_at": version.created_at,
        "adapter": {"digest": version.adapter.digest, "size_bytes": version.adapter.size_bytes},
        "positions": dict(version.positions),
        "events": [{"id": event.id, "accepted_at": event.accepted_at} for event in version.events],
        "measures": finite(version.measures),
    }


def tally_of(arm: str, counts: Mapping[str, int]) -> dict[str, object]:
    """What answers, and events before they were learned, came to in one arm, as JSON."""
    whole = {what: counts.get(what, 0) for what in ("good", "bad", "corrected", "answers", "errors", "events", "worse")}
    return {"arm": arm, **whole, "seconds": counts.get("millis", 0) / 1000, "nats": counts.get("millinats", 0) / 1000}


def finite(measures: Mapping[str, float]) -> dict[str, float | None]:
    """Measures as JSON can carry them: what is no finite number is null."""
    return {name: value if math.isfinite(value) else None for name, value in measures.items()}
