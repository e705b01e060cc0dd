"""`GET /v1/overview`: all that the operators' page shows, in one answer, a page of feeds at a time.

Owns the choice of feeds and what of a version fits a table. Everything is read from the registry at each request, but for what
waits and what was refused, which the process looks at every few seconds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from rtadapt.access import Scope
from rtadapt.api.asking import key_of, may, parts_of
from rtadapt.api.freshness import Waiting
from rtadapt.api.routes.feeds import finite, route_of, tally_of
from rtadapt.api.shapes import Overview, answers
from rtadapt.records import DeadLetter, Head, Route, Version
from rtadapt.registry.codec import Holding
from rtadapt.registry.registry import Registry

router = APIRouter(prefix="/v1/overview", tags=["feeds"], dependencies=[Depends(may(Scope.OPERATE))])

_REFUSED_A_FEED = 3
_Sort = Literal["name", "trouble", "versions"]


@router.get("", response_model=None, responses=answers({200: Overview}, 401, 403, 422, 429, 503))
def overview(
    request: Request,
    contains: Annotated[str, Query(max_length=63, description="only feeds with this in their name", examples=["news"])] = "",
    waiting: Annotated[bool, Query(description="only feeds with events that are not answered from")] = False,
    after: Annotated[str, Query(max_length=63, description="only feeds that sort behind this one", examples=["news"])] = "",
    sort: Annotated[_Sort, Query(description="`trouble`: stands still, then waits longest; `versions`: most first")] = "name",
    limit: Annotated[int, Query(ge=1, le=50, description="feeds on the page")] = 12,
    versions: Annotated[int, Query(ge=0, le=20, description="newest versions of each feed")] = 5,
) -> dict[str, object]:
    """A page of feeds: routes, newest versions, what waits and what was refused; replicas and workers."""
    parts = parts_of(request)
    registry, seen = parts.registry, parts.freshness
    names = [name for name in registry.feeds() if key_of(request).may_use(name)]
    waits = {feed: those for feed, those in (seen.waiting or {}).items() if key_of(request).may_use(feed)}
    matching = [name for name in names if contains.lower() in name and (not waiting or name in waits)]
    rest = _behind(_sorted(registry, matching, waits, sort), after, sort)
    shown = rest[:limit]
    replicas = registry.live_replicas()
    return {
        "feeds": [
            _feed(registry, name, versions, replicas) | _waits(waits.get(name)) | {"refused": _refused(name, seen.refused)}
            for name in shown
        ],
        "total": len(names),
        "matching": len(matching),
        "next": shown[-1] if len(rest) > limit else None,
        "replicas": replicas,
        "workers": registry.live_workers(),
        "waiting_known": seen.waiting is not None,
        **_waits(_all(waits)),
        "dead_letters": seen.dead_letters,
        "may_change": key_of(request).has(Scope.OPERATE),
    }


def _sorted(registry: Registry, names: list[str], waits: Mapping[str, Waiting], sort: _Sort) -> list[str]:
    if sort == "trouble":
        troubles = registry.troubles()
        return sorted(names, key=lambda name: (name not in troubles, waits[name].since if name in waits else math.inf, name))
    if sort == "versions":
        heads = registry.heads()
        return sorted(names, key=lambda name: (-heads[name].version if name in heads else 0, name))
    return names


def _behind(names: list[str], after: str, sort: _Sort) -> list[str]:
    if sort == "name":
        return [name for name in names if name > after]
    return names[names.index(after) + 1 :] if after in names else names


def _feed(registry: Registry, name: str, versions: int, replicas: Collection[str]) -> dict[str, object]:
    head, route, trouble = registry.head(name), registry.route(name), registry.trouble(name)
    holdings = registry.holdings(name)
    return {
        "feed": name,
        "newest": head.version if head is not None else 0,
        "route": None if route is None else route_of(route),
        "held": {replica: _held(holdings.get(replica, Holding()), head) for replica in replicas},
        "quarantine": None if trouble is None else asdict(trouble),
        "tallies": [] if route is None or route.canary is None else _tallies(registry, route),
        "versions": [_version(version, head) for version in registry.versions(name, versions)],
    }


def _tallies(registry: Registry, route: Route) -> list[dict[str, object]]:
    arms = {f"{arm}{route.trial}" for arm in ("stable", "canary", "shadow")}
    return [tally_of(arm, counts) for (_, arm), counts in sorted(registry.tally(route.feed).items()) if arm in arms]


def _held(holding: Holding, head: Head | None) -> dict[str, int | None]:
    held = (number for number in holding.held if not _abandoned(number, head))
    return {"newest": max(held, default=None), "failed": max(holding.failed, default=None)}


def _abandoned(number: int, head: Head | None) -> bool:
    return head is not None and head.has_abandoned(number)


def _waits(those: Waiting | None) -> dict[str, object]:
    return {"waiting_since": None if those is None else those.since, "waiting_events": 0 if those is None else those.events}


def _all(waits: Mapping[str, Waiting]) -> Waiting | None:
    total = None
    for those in waits.values():
        total = those.joined(total)
    return total


def _refused(name: str, letters: Sequence[DeadLetter]) -> list[dict[str, object]]:
    mine = (letter for letter in letters if letter.feed == name)
    return [{"id": one.event_id, "reason": one.reason, "detail": one.detail} for one in islice(mine, _REFUSED_A_FEED)]


def _version(version: Version, head: Head | None) -> dict[str, object]:
    took = version.created_at - min((event.accepted_at for event in version.events), default=version.created_at)
    return {
        "name": version.name,
        "number": version.number,
        "abandoned": _abandoned(version.number, head),
        "created_at": version.created_at,
        "events": len(version.events),
        "seconds": round(took, 3),
        "measures": finite(version.measures),
    }
