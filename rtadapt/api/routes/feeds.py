"""`/v1/feeds…`: what feeds there are, what each has learned, and the operator's word on what its alias answers from.

Owns the JSON shapes of feeds, versions and routes. Everything is read from the registry at each request.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from rtadapt.access import Scope
from rtadapt.api.asking import may, parts_of
from rtadapt.api.reading import model_of
from rtadapt.api.shapes import Feeds, OneFeed, RouteAnswer, VersionAnswer, Versions, answers, body
from rtadapt.errors import InvalidInput, NotFound
from rtadapt.records import FEED_NAME, Head, Route, Version, version_name

router = APIRouter(prefix="/v1/feeds", tags=["feeds"], dependencies=[Depends(may(Scope.OPERATE))])

_REFUSED = (401, 403, 503)

FeedName = Annotated[str, Path(description="the feed's name", examples=["news"])]
Number = Annotated[int, Path(description="the version's number, from 1", examples=[1])]
Source = Annotated[str, Field(max_length=200)]


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


class RouteChange(BaseModel):
    """An operator's word. `share` is the part of the requests that a canary answers."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["promote", "canary", "rollback", "pause", "resume", "trust"]
    version: int | None = Field(None, ge=0, le=999_999_999_999)
    share: float | None = Field(None, gt=0.0, le=1.0)


@router.get("", response_model=None, responses=answers({200: Feeds}, *_REFUSED))
def all_feeds(request: Request) -> dict[str, object]:
    """Every feed with its head and route, and the replicas that are alive."""
    registry = parts_of(request).registry
    heads, routes = registry.heads(), registry.routes()
    feeds = [_feed(feed, heads[feed], routes.get(feed)) for feed in sorted(heads)]
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
    }
    return _feed(feed, head, registry.route(feed)) | more


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


@router.get("/{feed}/versions", response_model=None, responses=answers({200: Versions}, *_REFUSED, 404, 422))
def versions(
    request: Request, feed: FeedName, limit: Annotated[int, Query(ge=1, le=1000, description="how many at most")] = 50
) -> dict[str, object]:
    """The newest versions, newest first."""
    registry = parts_of(request).registry
    found = registry.versions(checked(feed), limit)
    if not found and registry.head(feed) is None:
        raise NotFound(f"there is no feed {feed}", field="feed")
    return {"feed": feed, "versions": [_version(version) for version in found]}


@router.get("/{feed}/versions/{number}", response_model=None, responses=answers({200: VersionAnswer}, *_REFUSED, 404, 422))
def one_version(request: Request, feed: FeedName, number: Number) -> dict[str, object]:
    """One version, with every event it learned and every measure it was judged by."""
    version = parts_of(request).registry.version(checked(feed), number)
    if version is None:
        raise NotFound(f"there is no version {version_name(feed, number)}", field="version")
    return _version(version)


@router.post(
    "/{feed}/route",
    response_model=None,
    responses=answers({200: RouteAnswer}, *_REFUSED, 400, 404, 409, 413, 415, 422),
    openapi_extra=body(RouteChange, {"action": "rollback"}, {"action": "canary", "version": 43, "share": 0.1}),
)
async def change_route(request: Request, feed: FeedName) -> dict[str, object]:
    """Promote, canary, rollback, pause, resume or trust; gives the new route."""
    checked(feed)
    change = await model_of(request, RouteChange)
    registry = parts_of(request).registry
    route = await run_in_threadpool(registry.change_route, feed, change.action, version=change.version, share=change.share)
    return route_of(route)


def checked(feed: str) -> str:
    """`feed` if it can be a feed's name. Raises InvalidInput."""
    if not FEED_NAME.fullmatch(feed):
        message = "a feed's name is 1 to 63 of the characters a-z 0-9 _ - and begins with a letter or digit"
        raise InvalidInput(message, field="feed")
    return feed


def _feed(feed: str, head: Head, route: Route | None) -> dict[str, object]:
    return {
        "feed": feed,
        "head": {"version": head.version, "positions": dict(head.positions), "epoch": head.epoch},
        "route": None if route is None else route_of(route),
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
    }


def _version(version: Version) -> dict[str, object]:
    return {
        "name": version.name,
        "feed": version.feed,
        "number": version.number,
        "parent": version.parent,
        "created_at": version.created_at,
        "adapter": {"digest": version.adapter.digest, "size_bytes": version.adapter.size_bytes},
        "positions": dict(version.positions),
        "events": [{"id": event.id, "accepted_at": event.accepted_at} for event in version.events],
        "measures": finite(version.measures),
    }


def finite(measures: Mapping[str, float]) -> dict[str, float | None]:
    """Measures as JSON can carry them: what is no finite number is null."""
    return {name: value if math.isfinite(value) else None for name, value in measures.items()}
