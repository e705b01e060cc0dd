"""The control plane: a FastAPI app over the event log and the registry. It keeps no state of its own.

Owns the app's assembly and the routes that say how the process is. `create_app` serves alone (`rtadapt api`) or
beside another app in its process (mounted.py), where no lifespan runs and the other app has its own /metrics.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import rtadapt
from rtadapt.api import document, problems
from rtadapt.api.asking import Asking, parts_of
from rtadapt.api.parts import Parts
from rtadapt.api.routes import eventlog, events, feedback, feeds, letters, overview, readers
from rtadapt.api.shapes import Alive, Ready, answers
from rtadapt.config import Settings
from rtadapt.errors import Unavailable
from rtadapt.events.log import EventLog
from rtadapt.observe.logs import flush_logs
from rtadapt.registry.registry import Registry

_INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


def create_app(settings: Settings, *, log: EventLog | None = None, registry: Registry | None = None) -> FastAPI:
    """The app. A log or registry that is given stays its giver's to close; others are opened at need and closed at the end.

    Raises InvalidSettings for settings that cannot be right.
    """
    parts = Parts(settings, log, registry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts.start()
        yield
        await run_in_threadpool(parts.close)
        flush_logs()  # uvicorn ends the process by the signal that it was sent

    app = FastAPI(
        title="rtadapt",
        version=rtadapt.__version__,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's documentation pages load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    problems.install(app)
    routes = (events, feedback, feeds, letters, eventlog, overview, readers)
    for router in (*(module.router for module in routes), _process):
        app.include_router(router)
    document.install(app)
    app.add_middleware(Asking)
    return app


_process = APIRouter(tags=["process"])
_READY = answers({200: Ready}, 503)


@_process.get("/healthz", response_model=None, responses=answers({200: Alive}))
async def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@_process.get("/readyz", response_model=None, responses=_READY)
def readyz(request: Request) -> dict[str, str]:
    """Something can be done here; 503 when neither the log nor the registry answers."""
    parts = parts_of(request)
    said = {"push": _answers(parts.can_push), "operate": _answers(parts.can_operate)}
    if not any(said.values()):
        raise Unavailable("neither the event log nor the registry answers")
    return {"status": "ready"} | {what: "ready" if well else "unavailable" for what, well in said.items()}


@_process.get("/readyz/push", response_model=None, responses=_READY)
def ready_to_push(request: Request) -> dict[str, str]:
    """Events can be accepted; 503 while the log does not answer."""
    parts_of(request).can_push()
    return {"status": "ready"}


@_process.get("/readyz/operate", response_model=None, responses=_READY)
def ready_to_operate(request: Request) -> dict[str, str]:
    """Feeds can be looked at and moved; 503 while the registry does not answer."""
    parts_of(request).can_operate()
    return {"status": "ready"}


def _answers(part: Callable[[], None]) -> bool:
    try:
        part()
    except Unavailable:
        return False
    return True


@_process.get("/metrics", response_class=PlainTextResponse)
def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@_process.get("/console", response_class=HTMLResponse)
def console() -> HTMLResponse:
    """The operators' page."""
    page, headers = _page()
    return HTMLResponse(page, headers=headers)


@cache
def _page() -> tuple[str, dict[str, str]]:
    """The console and its headers: one file that loads nothing, runs only what it holds, and talks to this server only."""
    page = (files("rtadapt.api") / "console" / "index.html").read_text(encoding="utf-8")
    held = {"style": "", "script": ""}
    for kind, text in _INLINE.findall(page):
        held[kind] += f" 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
    policy = (
        f"default-src 'none'; style-src{held['style']}; script-src{held['script']}; connect-src 'self'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, {"content-security-policy": policy, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
