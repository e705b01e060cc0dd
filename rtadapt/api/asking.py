"""What every route needs to know of a request: its parts, its id, and whether it may.

Owns the ASGI class around the whole app: it gives each request an id, says it in the response and the log, and turns
away pages of other sites, which could otherwise push events to a server on the visitor's own machine.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rtadapt.access import Grant
from rtadapt.access import Scope as KeyScope
from rtadapt.api.parts import Parts
from rtadapt.api.problems import problem_response
from rtadapt.errors import Forbidden
from rtadapt.observe import metrics

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_QUIET_PATHS = frozenset(("/healthz", "/readyz", "/readyz/push", "/readyz/operate", "/metrics"))
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))


def parts_of(request: Request) -> Parts:
    """What the app talks to."""
    parts: Parts = request.app.state.parts
    return parts


def request_id_of(request: Request) -> str:
    """The id that the response and the log carry."""
    return str(request.state.request_id)


def may(scope: KeyScope) -> Callable[[Request], None]:
    """A dependency that lets a request through if its key has `scope`."""

    def check(request: Request) -> None:
        request.state.grant = parts_of(request).check_key(request.headers.get("authorization"), scope)

    return check


def grant_of(request: Request) -> Grant:
    """What the request's key may."""
    grant: Grant = request.state.grant
    return grant


class Asking:
    """ASGI middleware around the control plane."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.monotonic(), 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            if scope["method"] not in ("GET", "HEAD") and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
                error = Forbidden("pages of other sites may not change anything here", field="sec-fetch-site")
                await problem_response(error)(scope, receive, named)
            else:
                await self._app(scope, receive, named)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.HTTP_REQUESTS.labels(method, _route(scope), str(status)).inc()
            if scope["path"] not in _QUIET_PATHS:
                _log(scope, request_id, status, time.monotonic() - began)


def _route(scope: Scope) -> str:
    """The pattern of the path: a path as it was sent may hold anything."""
    return str(getattr(scope.get("route"), "path", "none"))


def _log(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    extra = {
        "request_id": request_id,
        "method": scope["method"],
        "route": _route(scope),
        "status": status,
        "seconds": round(seconds, 6),
    }
    logger.info("request answered", extra=extra)
