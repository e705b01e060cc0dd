"""`POST /v1/events` and `GET /v1/events/{id}`: events in, and where they are.

Owns the shape of the answers. What is an event, and what is wrong with one, is decided in rtadapt.events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic_core import to_json

from rtadapt.access import Scope, Use
from rtadapt.api.accepting import Asked
from rtadapt.api.asking import key_of, let_in, may, parts_of, request_id_of
from rtadapt.api.bare import BareRoute
from rtadapt.api.problems import problem_response
from rtadapt.api.reading import body_of
from rtadapt.api.shapes import EventWhere, Pushed, answers, body
from rtadapt.errors import InvalidInput, NotFound, problem
from rtadapt.events.draft import MAX_NAME_CHARS
from rtadapt.events.draft import event_id as id_of
from rtadapt.events.envelope import event_id_of
from rtadapt.events.intake import ItemResult
from rtadapt.events.schema import event_schema
from rtadapt.records import Token

router = APIRouter(prefix="/v1", tags=["events"])
_bare = APIRouter(route_class=BareRoute)

_STORY = {"feed": "news", "id": "story-17", "source": "wire", "text": "Marla Tindle is the new head coach of Corvin Rovers."}
_CALL = {
    "feed": "support",
    "turns": [
        {"speaker": "customer", "text": "How long may I send it back?"},
        {"speaker": "agent", "text": "Within 30 days."},
    ],
}
_EVENT = {"anyOf": [event_schema(), {"title": "Another format", "type": "object"}]}
_FEED = {
    "name": "feed",
    "in": "query",
    "required": False,
    "description": "of events that name none",
    "schema": {"type": "string", "maxLength": MAX_NAME_CHARS, "default": ""},
    "example": "news",
}
_EVENTS: dict[str, object] = {
    "anyOf": [_EVENT, {"type": "array", "items": _EVENT, "minItems": 1}],
    "description": "One event or an array of them; NDJSON as application/x-ndjson. An event is plain JSON (`text` or `turns`, and"
    " `feed`, `id`, `source`, `time`, `headline`, `facts`, `qa`, `consent`, `subject`, `embargoed`, `expires`), a"
    " CloudEvent 1.0, IPTC ninjs, an item of a feed, or a vCon. RSS, Atom, JSON Feed and NewsML-G2 documents, captions"
    " (WebVTT, SRT) and plain text come under their own content types.",
}


@_bare.post(
    "/events",
    status_code=202,
    response_model=None,
    responses=answers({202: Pushed}, 400, 401, 403, 413, 415, 422, 429, 503),
    openapi_extra=body(_EVENTS, _STORY, [_STORY, _CALL]) | {"parameters": [_FEED]},
)
async def push(request: Request) -> Response:
    """Accept one event, an array of them, or NDJSON; `?feed=` for those that name none. 202 when any was accepted."""
    parts = parts_of(request)
    with let_in(request, Scope.PUSH, Use.EVENTS) as key:
        feed = request.query_params.get("feed", "")
        if len(feed) > MAX_NAME_CHARS:
            raise InvalidInput(f"feed: a name has at most {MAX_NAME_CHARS} characters", field="feed")
        raw = await body_of(request, parts.settings.intake.max_body_bytes)
        headers = {name.lower(): text for name, text in request.headers.items()}
        accepted = await parts.accepting.push(Asked(raw, headers, feed, key, request_id_of(request)))
    refused = [result.error for result in accepted.results if result.error is not None]
    if accepted.single and refused:
        return problem_response(refused[0])
    summary = summary_of(accepted.results)
    if len(refused) == len(accepted.results):
        return problem_response(refused[0], summary)
    return Response(to_json(summary), 202, media_type="application/json")


router.include_router(_bare)


@router.get(
    "/events/{event_id:path}",
    response_model=None,
    dependencies=[Depends(may(Scope.PUSH))],
    responses=answers({200: EventWhere}, 401, 403, 404, 422, 429, 503),
)
def where(
    request: Request,
    event_id: Annotated[str, Path(description="the event's id, as its push was answered with", examples=["story-17"])],
    source: Annotated[str, Query(max_length=2048, description="the CloudEvent's `source`", examples=["/desk"])] = "",
    feed: Annotated[str, Query(max_length=63, description="its feed, where others may have an event of this id")] = "",
) -> dict[str, object]:
    """Where an event is. For a CloudEvent by its own id give its `?source=` too: together they are its identity."""
    named, key = event_id_of(event_id, source) if source else id_of(event_id), key_of(request)
    mine = [feed] if feed else [name for name in key.feeds if not name.endswith("*")]
    status = parts_of(request).registry.event_status(named, mine)
    if status is None or not key.may_use(status.feed) or feed not in ("", status.feed):
        raise NotFound("there is no such event, or it was accepted too long ago to be remembered", field="id")
    answer: dict[str, object] = {"id": status.id, "feed": status.feed, "status": status.state.value}
    if status.position is not None:
        answer["token"] = str(Token(status.feed, status.position))
    known = {"version": status.version, "reason": status.reason, "detail": status.detail}
    return answer | {name: value for name, value in known.items() if value is not None}


def summary_of(results: Sequence[ItemResult]) -> dict[str, object]:
    """What became of the items, as JSON."""
    refused = sum(result.error is not None for result in results)
    return {"accepted": len(results) - refused, "refused": refused, "items": [_item(result) for result in results]}


def _item(result: ItemResult) -> dict[str, object]:
    if result.error is not None:
        return {"index": result.index, "status": "refused", "error": problem(result.error)}
    return {"index": result.index, "status": "accepted", "id": result.id, "token": str(result.token)}
