"""The control plane: a FastAPI app over the event log and the registry. It keeps no state of its own.

Owns the app's assembly and the routes that say how the process is. `create_app` serves alone (`rtadapt api`) or
beside another app in its process (mounted.py), where no lifespan runs and the other app has its own /metrics.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import rtadapt
from rtadapt.api import problems
from rtadapt.api.asking import Asking, parts_of
from rtadapt.api.parts import Parts
from rtadapt.api.routes import events, feeds, readers
from rtadapt.config import Settings
from rtadapt.events.log import EventLog
from rtadapt.registry.registry import Registry

_CONSOLE_HEADERS = {
    # The page is one file: nothing is loaded from anywhere, and it talks to this server only.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self';"
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
}


def create_app(settings: Settings, *, log: EventLog | None = None, registry: Registry | None = None) -> FastAPI:
    """The app. A log or registry that is given stays its giver's to close; others are opened at need and closed at the end.

    Raises InvalidSettings when the keys file can't be read.
    """
    parts = Parts(settings, log, registry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(parts.close)

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
    for router in (events.router, feeds.router, readers.router, _process):
        app.include_router(router)
    app.add_middleware(Asking)
    return app


_process = APIRouter(tags=["process"])


@_process.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@_process.get("/readyz")
def readyz(request: Request) -> dict[str, str]:
    """The log and the registry answer; 503 when one does not."""
    parts_of(request).ping()
    return {"status": "ready"}


@_process.get("/metrics")
def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@_process.get("/console")
def console() -> HTMLResponse:
    """The operators' page."""
    page = (files("rtadapt.api") / "console" / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(page, headers=_CONSOLE_HEADERS)
