"""`GET /v1/reading`: what reads the texts for each worker, and what the reading exam found.

Owns nothing but the route. Everything is what the workers noted in the registry at their start.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from rtadapt.access import Scope
from rtadapt.api.asking import may, parts_of
from rtadapt.api.shapes import Readers, answers

router = APIRouter(prefix="/v1/reading", tags=["reading"], dependencies=[Depends(may(Scope.OPERATE))])


@router.get("", response_model=None, responses=answers({200: Readers}, 401, 403, 429, 503))
def readers(request: Request) -> dict[str, object]:
    """By worker: its readers, whether the base checks by asking, and the exam's figures (shares from 0 to 1, seconds)."""
    return {"workers": parts_of(request).registry.readings()}
