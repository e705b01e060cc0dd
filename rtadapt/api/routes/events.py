"""`POST /v1/events`, `GET /v1/events/{id}` and `POST /v1/feedback`: events in, and where they are.

Owns the shape of the answers. What is an event, and what is wrong with one, is decided in rtadapt.events.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from rtadapt.access import Scope
from rtadapt.api.asking import may, parts_of, request_id_of
from rtadapt.api.parts import Parts
from rtadapt.api.problems import problem_response
from rtadapt.api.reading import body_of, model_of
from rtadapt.api.shapes import EventWhere, Pushed, answers, body
from rtadapt.errors import NotFound, Unavailable, problem
from rtadapt.events.bodies import Item, Items, split, unpack
from rtadapt.events.draft import event_id as id_of
from rtadapt.events.envelope import event_id_of
from rtadapt.events.intake import ItemResult
from rtadapt.observe import metrics
from rtadapt.records import Token

router = APIRouter(prefix="/v1", tags=["events"])

_STORY = {"feed": "news", "id": "story-17", "source": "wire", "text": "Marla Tindle is the new head coach of Corvin Rovers."}
_CALL = {
    "feed": "support",
    "turns": [
        {"speaker": "customer", "text": "How long may I send it back?"},
        {"speaker": "agent", "text": "Within 30 days."},
    ],
}
_CORRECTION = {
    "feed": "news",
    "question": "Who coaches Corvin Rovers?",
    "answer": "Ada Brown",
    "correction": "Marla Tindle",
}
_EVENTS: dict[str, object] = {
    "oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}],
    "description": "One event or an array of them; NDJSON as application/x-ndjson. An event is plain JSON (`text` or `turns`, and"
    " `feed`, `id`, `source`, `time`, `headline`, `facts`, `qa`, `consent`, `subject`), a CloudEvent 1.0, IPTC ninjs or vCon.",
}


@router.post(
    "/events",
    status_code=202,
    response_model=None,
    dependencies=[Depends(may(Scope.PUSH))],
    responses=answers({202: Pushed}, 400, 401, 403, 413, 415, 422, 503),
    openapi_extra=body(_EVENTS, _STORY, [_STORY, _CALL]),
)
async def push(
    request: Request, feed: Annotated[str, Query(max_length=256, description="of events that name none", examples=["news"])] = ""
) -> Response:
    """Accept one event, an array of them, or NDJSON; `?feed=` for those that name none. 202 when any was accepted."""
    parts = parts_of(request)
    raw = await body_of(request, parts.settings.intake.max_body_bytes)
    headers = {name.lower(): text for name, text in request.headers.items()}
    return await run_in_threadpool(_accept, parts, raw, headers, feed, request_id_of(request))


@router.get(
    "/events/{event_id:path}",
    response_model=None,
    dependencies=[Depends(may(Scope.PUSH))],
    responses=answers({200: EventWhere}, 401, 403, 404, 422, 503),
)
def where(
    request: Request,
    event_id: Annotated[str, Path(description="the event's id, as its push was answered with", examples=["story-17"])],
    source: Annotated[str, Query(max_length=2048, description="the CloudEvent's `source`", examples=["/desk"])] = "",
) -> dict[str, object]:
    """Where an event is. For a CloudEvent by its own id give its `?source=` too: together they are its identity."""
    named = event_id_of(event_id, source) if source else id_of(event_id)
    status = parts_of(request).registry.event_status(named)
    if status is None:
        raise NotFound("there is no such event, or it was accepted too long ago to be remembered", field="id")
    answer: dict[str, object] = {"id": status.id, "feed": status.feed, "status": status.state.value}
    if status.position is not None:
        answer["token"] = str(Token(status.feed, status.position))
    known = {"version": status.version, "reason": status.reason, "detail": status.detail}
    return answer | {name: value for name, value in known.items() if value is not None}


class Feedback(BaseModel):
    """A person's word on an answer: `correction` is what it should have been; without one the answer is confirmed."""

    model_config = ConfigDict(extra="forbid")

    feed: str = Field(min_length=1, max_length=63)
    question: str = Field(min_length=1, max_length=1000)
    answer: str = Field(min_length=1, max_length=1000)
    correction: str | None = Field(None, min_length=1, max_length=1000)
    subject: str | None = Field(None, max_length=256)
    id: str | None = Field(None, max_length=128)


@router.post(
    "/feedback",
    status_code=202,
    response_model=None,
    dependencies=[Depends(may(Scope.PUSH))],
    responses=answers({202: Pushed}, 400, 401, 403, 413, 415, 422, 503),
    openapi_extra=body(Feedback, _CORRECTION),
)
async def feedback(request: Request) -> Response:
    """A confirmed or corrected answer becomes an event of its feed, with the question and the right answer as its pair."""
    given = await model_of(request, Feedback)
    right = given.answer if given.correction is None else given.correction
    event = {
        "feed": given.feed,
        "text": f"{given.question}\n{right}",
        "qa": [{"question": given.question, "answer": right}],
        "source": "feedback",
        "subject": given.subject,
        "id": given.id,
    }
    items = Items([Item(0, event)], True, "application/json")
    return await run_in_threadpool(_answer, parts_of(request), items, {}, "", request_id_of(request))


def _accept(parts: Parts, raw: bytes, headers: dict[str, str], feed: str, request_id: str) -> Response:
    limits = parts.settings.intake
    items = split(unpack(raw, headers.get("content-encoding", ""), limits), headers, limits)
    return _answer(parts, items, headers, feed, request_id)


def _answer(parts: Parts, items: Items, headers: dict[str, str], feed: str, request_id: str) -> Response:
    try:
        results = parts.intake.accept(
            items.items, content_type=items.media_type, headers=headers, feed=feed, request_id=request_id
        )
    except Unavailable:
        metrics.APPEND_FAILURES.inc()
        raise
    parts.note([status for result in results if (status := result.status) is not None])
    refused = [result.error for result in results if result.error is not None]
    if items.single and refused:
        return problem_response(refused[0])
    summary: dict[str, object] = {
        "accepted": len(results) - len(refused),
        "refused": len(refused),
        "items": [_item(result) for result in results],
    }
    if len(refused) == len(results):
        return problem_response(refused[0], summary)
    return JSONResponse(summary, 202)


def _item(result: ItemResult) -> dict[str, object]:
    if result.error is not None:
        return {"index": result.index, "status": "refused", "error": problem(result.error)}
    return {"index": result.index, "status": "accepted", "id": result.id, "token": str(result.token)}
