"""`GET /v1/overview`: all that the operators' page shows, in one answer, a page of feeds at a time.

Owns the choice of feeds and what of a version fits a table. Everything is read from the registry at each request, but for
the waiting events and the dead letters, which the process looks at every few seconds.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from rtadapt.access import Scope
from rtadapt.api.asking import key_of, may, parts_of
from rtadapt.api.routes.feeds import finite, route_of
from rtadapt.api.shapes import Overview, answers
from rtadapt.records import Head, Version
from rtadapt.registry.registry import Registry

router = APIRouter(prefix="/v1/overview", tags=["feeds"], dependencies=[Depends(may(Scope.OPERATE))])


@router.get("", response_model=None, responses=answers({200: Overview}, 401, 403, 422, 429, 503))
def overview(
    request: Request,
    contains: Annotated[str, Query(max_length=63, description="only feeds with this in their name")] = "",
    after: Annotated[str, Query(max_length=63, description="only feeds that sort behind this one")] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 12,
    versions: Annotated[int, Query(ge=0, le=20, description="newest versions of each feed")] = 5,
) -> dict[str, object]:
    """A page of feeds, sorted by name, with heads, routes and newest versions; the replicas, the workers, what waits."""
    parts = parts_of(request)
    registry = parts.registry
    names = [name for name in registry.feeds() if key_of(request).may_use(name)]
    matching = [name for name in names if contains.lower() in name]
    rest = [name for name in matching if name > after]
    shown = rest[:limit]
    oldest = parts.freshness.oldest
    return {
        "feeds": [_feed(registry, name, versions) | {"waiting_since": (oldest or {}).get(name)} for name in shown],
        "total": len(names),
        "matching": len(matching),
        "next": shown[-1] if len(rest) > limit else None,
        "replicas": registry.live_replicas(),
        "workers": sorted(registry.readings()),
        "waiting_known": oldest is not None,
        "dead_letters": parts.freshness.dead_letters,
    }


def _feed(registry: Registry, name: str, versions: int) -> dict[str, object]:
    head, route, trouble = registry.head(name), registry.route(name), registry.trouble(name)
    number = head.version if head is not None else 0
    return {
        "feed": name,
        "newest": number,
        "route": None if route is None else route_of(route),
        "ready": sorted(registry.ready(name, number)) if number else [],
        "quarantine": None if trouble is None else asdict(trouble),
        "versions": [_version(version, head) for version in registry.versions(name, versions)],
    }


def _version(version: Version, head: Head | None) -> dict[str, object]:
    took = version.created_at - min((event.accepted_at for event in version.events), default=version.created_at)
    return {
        "name": version.name,
        "number": version.number,
        "abandoned": head is not None and head.has_abandoned(version.number),
        "created_at": version.created_at,
        "events": len(version.events),
        "seconds": round(took, 3),
        "measures": finite(version.measures),
    }
