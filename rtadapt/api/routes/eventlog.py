"""`/v1/log`: which event log it is, how it stands, and the operator's word on one that does not fit the registry.

Owns the JSON shape of the log. A log that ends before what the heads count as decided has lost its end, in a restore or a
broker's crash: nothing is read from it or appended to it until an operator says whether what is in it is to be learned.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict

from rtadapt.access import Scope
from rtadapt.api.asking import key_of, may, parts_of
from rtadapt.api.freshness import Standing, standing
from rtadapt.api.log_shapes import LogAnswer
from rtadapt.api.parts import Parts
from rtadapt.api.reading import model_of
from rtadapt.api.shapes import answers, body
from rtadapt.errors import Forbidden
from rtadapt.events.numbered import PARTITIONS_A_LOG

router = APIRouter(prefix="/v1/log", tags=["log"], dependencies=[Depends(may(Scope.OPERATE))])


class LogChange(BaseModel):
    """An operator's word: the log counts as a new one from now on, and positions that are known mean nothing in it."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["begin"]
    read_from: Literal["beginning", "end"]


@router.get("", response_model=None, responses=answers({200: LogAnswer}, 401, 403, 429, 503))
def log(request: Request) -> dict[str, object]:
    """The log's identity and number, and by partition its end, what is decided, and what nobody has read yet."""
    return _log(parts_of(request))


@router.post(
    "",
    response_model=None,
    responses=answers({200: LogAnswer}, 400, 401, 403, 413, 415, 422, 429, 503),
    openapi_extra=body(LogChange, {"action": "begin", "read_from": "beginning"}),
)
async def begin(request: Request) -> dict[str, object]:
    """Count the log as a new one, and read it from its beginning (what was learned before is refused as a repeat) or its end."""
    if key_of(request).feeds:
        raise Forbidden("the log is all feeds', and this key is for some of them", field="authorization")
    change = await model_of(request, LogChange)
    return await run_in_threadpool(_begin, parts_of(request), change.read_from)


def _begin(parts: Parts, read_from: str) -> dict[str, object]:
    parts.registry.begin_log(parts.log.identity())
    parts.log.ping()  # which takes note of the log's new number
    if read_from == "end":
        for partition, end in parts.log.ends().items():
            parts.registry.set_floor(partition, end, end)
    parts.freshness.stand()
    return _log(parts)


def _log(parts: Parts) -> dict[str, object]:
    found = standing(parts.log, parts.registry)
    number = parts.registry.log_number(identity := parts.log.identity())
    return {"identity": identity, "number": number, "partitions": [_partition(*one) for one in sorted(found.items())]}


def _partition(partition: int, stands: Standing) -> dict[str, object]:
    return {
        "partition": partition % PARTITIONS_A_LOG,
        "end": stands.end,
        "floor": stands.floor,
        "behind": stands.behind,
        "lost": stands.is_lost,
    }
