"""`POST /v1/feedback`: a person's word on an answer, by its receipt or in its own words.

Owns what a word may be, and that each receipt counts once. A word with the right answer becomes an event of its feed. Nothing is
stored of an answer: its receipt says which version gave it, and the question comes back with the correction.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from rtadapt import receipts
from rtadapt.access import Key, Scope, Use
from rtadapt.api.asking import key_of, may, parts_of, request_id_of
from rtadapt.api.parts import Parts
from rtadapt.api.problems import problem_response
from rtadapt.api.reading import model_of
from rtadapt.api.routes.events import summary_of
from rtadapt.api.shapes import FeedbackTaken, answers, body
from rtadapt.errors import Conflict, InvalidInput
from rtadapt.events.bodies import Item, Items
from rtadapt.events.envelope import parse
from rtadapt.observe import metrics
from rtadapt.receipts import Receipt

router = APIRouter(prefix="/v1", tags=["events"])

_RECEIPT = "news.0a1b2c3d.43.stable.6a1f2c3d.0123456789abcdef.89abcdef01234567"
_RATED = {"id": _RECEIPT, "rating": "good"}
_CORRECTED = {"id": _RECEIPT, "question": "Who coaches Corvin Rovers?", "correction": "Marla Tindle"}
_IN_WORDS = {"feed": "news", "question": "Who coaches Corvin Rovers?", "answer": "Ada Brown", "correction": "Marla Tindle"}


class Feedback(BaseModel):
    """A person's word on an answer. `id` is its `x-rtadapt-receipt`: with it the word counts for the version that answered, as
    `rating` says or, with a `correction`, as bad. A correction is learned, as the right answer to `question` where that is given.
    Without an `id` name `feed`, `question` and `answer`; with no correction either, the answer is confirmed, and learned.
    `event_id` is for the event that this makes.
    """

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(None, min_length=1, max_length=200)
    rating: Literal["good", "bad"] | None = None
    feed: str | None = Field(None, min_length=1, max_length=63)
    question: str | None = Field(None, min_length=1, max_length=1000)
    answer: str | None = Field(None, min_length=1, max_length=1000)
    correction: str | None = Field(None, min_length=1, max_length=1000)
    subject: str | None = Field(None, max_length=256)
    event_id: str | None = Field(None, max_length=128)


@router.post(
    "/feedback",
    status_code=202,
    response_model=None,
    dependencies=[Depends(may(Scope.PUSH, Use.EVENTS))],
    responses=answers({202: FeedbackTaken}, 400, 401, 403, 409, 413, 415, 422, 429, 503),
    openapi_extra=body(Feedback, _IN_WORDS, _RATED, _CORRECTED),
)
async def feedback(request: Request) -> Response:
    """A word on an answer counts for the version that gave it; a corrected or confirmed answer becomes an event of its feed."""
    given = await model_of(request, Feedback)
    return await run_in_threadpool(_take, request, given)


def _take(request: Request, given: Feedback) -> Response:
    parts, key = parts_of(request), key_of(request)
    about: dict[str, object] = {}
    receipt = None if given.id is None else _receipt(parts, key, given.id)
    if receipt is None and given.rating is not None:
        raise InvalidInput("a rating needs the id of the answer that it is about", field="id")
    event = _event(given, receipt)
    if event is not None:
        parse(event, limits=parts.settings.intake)  # what can't be an event counts for nothing, and may be said anew
    if receipt is not None:
        about = {"version": receipt.version, "arm": receipt.arm, "counted": _count(parts, receipt, given)}
    if event is None:
        parts.keys.spend(key, Use.EVENTS, 1)
        return JSONResponse({"accepted": 0, "refused": 0, "items": []} | about, 202)
    items = Items([Item(0, event)], True, "application/json")
    results = parts.accepting.take(items, key, request_id_of(request))
    error = results[0].error
    return JSONResponse(summary_of(results) | about, 202) if error is None else problem_response(error)


def _receipt(parts: Parts, key: Key, text: str) -> Receipt:
    """The receipt that `text` is. Raises InvalidInput, Forbidden, and Conflict where the feed's versions are others now."""
    receipt = receipts.read(parts.registry.receipt_key(), text)
    key.check_feed(receipt.feed)
    head = parts.registry.head(receipt.feed)
    if head is None or not receipt.is_of(head.incarnation):
        raise Conflict(f"the answer was given before feed {receipt.feed} was deleted, made anew or trusted again", field="id")
    return receipt


def _count(parts: Parts, receipt: Receipt, given: Feedback) -> bool:
    """Count what was said of the answer; whether it is the first time. Raises Conflict where something else was said before."""
    if given.feed not in (None, receipt.feed):
        raise InvalidInput(f"the answer was of feed {receipt.feed}", field="feed")
    rating = given.rating or ("bad" if given.correction else None)
    if rating is None or (given.correction and rating == "good"):
        raise InvalidInput("say whether the answer was good or bad, or give a correction (then it was bad)", field="rating")
    said: dict[str, tuple[str, str]] = {"rating": (rating, rating)}
    if given.correction:
        said["correction"] = (_digest(given), "corrected")
    outcomes = parts.registry.feedback(receipt, said)
    for kind, outcome in outcomes.items():
        if outcome < 0:
            raise Conflict(f"another {kind} was given on this answer before", field=kind)
        if outcome:
            metrics.FEEDBACK.labels(receipt.feed, receipt.arm.rstrip("0123456789"), said[kind][1]).inc()
    return any(outcomes.values())


def _event(given: Feedback, receipt: Receipt | None) -> dict[str, object] | None:
    """The event that the word makes, if it says what is right."""
    if receipt is None:
        for name in ("feed", "question", "answer"):
            if getattr(given, name) is None:
                raise InvalidInput(f"give the id of the answer, or feed, question and answer; {name} is missing", field=name)
    elif given.correction is None:
        return None
    right = given.correction or given.answer or ""
    event: dict[str, object] = {
        "feed": given.feed if receipt is None else receipt.feed,
        "text": f"{given.question}\n{right}" if given.question else right,
        "source": "feedback",
        "subject": given.subject,
        # By receipt: sent again it is the same event, and one answer makes one event.
        "id": given.event_id if receipt is None else f"feedback-{receipt.nonce}",
    }
    return event | ({"qa": [{"question": given.question, "answer": right}]} if given.question else {})


def _digest(given: Feedback) -> str:
    return hashlib.blake2b(f"{given.question}\0{given.correction}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
