"""`/v1/dead-letters…`: what was refused after it was accepted, and the operator's word on each: send it again, or drop it.

Owns the JSON shapes of dead letters. A letter is named by the place in the log that it is about; the log has the text.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from rtadapt.access import Key, Scope
from rtadapt.api.asking import key_of, may, parts_of
from rtadapt.api.log_shapes import Dropped, Letters, LetterShown, Replayed
from rtadapt.api.parts import Parts
from rtadapt.api.reading import model_of
from rtadapt.api.shapes import answers, body
from rtadapt.errors import InvalidInput, NotFound
from rtadapt.events.envelope import decode, encode
from rtadapt.events.log import record_at
from rtadapt.records import DeadLetter, EventState, EventStatus, Position, Token

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"], dependencies=[Depends(may(Scope.OPERATE))])

_LOOKED_AT = 10_000
"""Older letters than so many are neither listed nor found."""
_REFUSED = (401, 403, 429, 503)


class LetterChange(BaseModel):
    """An operator's word."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["replay"]


def _place(offset: int) -> Any:
    return Path(description="where its event lies in the log: partition.offset", examples=[f"0.{offset}"])


@router.get("", response_model=None, responses=answers({200: Letters}, *_REFUSED, 422))
def dead_letters(
    request: Request,
    feed: Annotated[str, Query(max_length=63, description="only this feed's")] = "",
    reason: Annotated[str, Query(max_length=40, description="only those with this reason")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="how many at most")] = 100,
) -> dict[str, object]:
    """The newest dead letters, newest first."""
    key = key_of(request)
    found = parts_of(request).log.dead_letters(_LOOKED_AT if feed or reason or key.feeds else limit)
    mine = [letter for letter in found if key.may_use(letter.feed)]
    matching = [letter for letter in mine if feed in ("", letter.feed) and reason in ("", letter.reason)]
    return {"dead_letters": [_letter(letter) for letter in matching[:limit]]}


@router.get("/{place}", response_model=None, responses=answers({200: LetterShown}, *_REFUSED, 404, 422))
def dead_letter(request: Request, place: Annotated[str, _place(1)]) -> dict[str, object]:
    """One dead letter, and the record that it is about, as far as the log still has it."""
    key_of(request).check_scope(Scope.OPERATE)  # who may only look sees no event's text
    log, letter = parts_of(request).log, _find(parts_of(request), key_of(request), place)
    record = record_at(log, letter.position)
    return _letter(letter) | {"record": record.value.decode("utf-8", "replace") if record is not None else None}


@router.post(
    "/{place}",
    status_code=202,
    response_model=None,
    responses=answers({202: Replayed}, *_REFUSED, 400, 404, 413, 415, 422),
    openapi_extra=body(LetterChange, {"action": "replay"}),
)
async def change(request: Request, place: Annotated[str, _place(2)]) -> JSONResponse:
    """Append the event again, under its id, to be learned as if it had come now; its dead letter goes."""
    await model_of(request, LetterChange)
    return await run_in_threadpool(_replay, parts_of(request), key_of(request), place)


def _replay(parts: Parts, key: Key, place: str) -> JSONResponse:
    letter = _find(parts, key, place)
    record = record_at(parts.log, letter.position)
    if record is None:
        raise NotFound("the log does not have this event any more: send it anew", field="place")
    event = replace(decode(record, parts.settings.intake), accepted_at=time.time(), position=None)
    key.check_feed(event.feed)  # a record may name another feed than the one that it is filed under
    [position] = parts.log.append([(event.feed, encode(event))])
    parts.log.drop(letter.position)
    parts.note([EventStatus(event.id, event.feed, EventState.ACCEPTED, position)])
    return JSONResponse({"id": event.id, "token": str(Token(event.feed, position))}, 202)


@router.delete("/{place}", response_model=None, responses=answers({200: Dropped}, *_REFUSED, 404, 422))
def drop(request: Request, place: Annotated[str, _place(3)]) -> dict[str, object]:
    """Forget a dead letter. The event stays unlearned."""
    parts = parts_of(request)
    letter = _find(parts, key_of(request), place)
    parts.log.drop(letter.position)
    return {"place": place, "dropped": True}


def _find(parts: Parts, key: Key, place: str) -> DeadLetter:
    partition, dot, offset = place.partition(".")
    if not (dot and partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit() and len(place) < 40):
        raise InvalidInput("a dead letter is named by its place, partition.offset: 0.41", field="place")
    wanted = Position(int(partition), int(offset))
    for letter in parts.log.dead_letters(_LOOKED_AT):
        if letter.position == wanted and key.may_use(letter.feed):
            return letter
    raise NotFound("there is no dead letter of this place", field="place")


def _letter(letter: DeadLetter) -> dict[str, object]:
    place = letter.position
    return {
        "place": f"{place.partition}.{place.offset}",
        "event_id": letter.event_id,
        "feed": letter.feed,
        "reason": letter.reason,
        "detail": letter.detail,
    }
