"""What every route needs to know of a request: its parts, its id, and whether it may.

Owns the ASGI class around the whole app, which gives each request an id and says it in the response and the log; and
the dependency that asks for a key, and counts what it uses, before a route is entered.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rtadapt.access import Key, Use, needed
from rtadapt.access import Scope as KeyScope
from rtadapt.api.parts import Parts
from rtadapt.observe import metrics
from rtadapt.records import FEED_NAME
from rtadapt.web.asked import request_id

logger = logging.getLogger(__name__)

_QUIET_PATHS = frozenset(("/healthz", "/readyz", "/readyz/push", "/readyz/operate", "/metrics"))
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))


def parts_of(request: Request) -> Parts:
    """What the app talks to."""
    parts: Parts = request.app.state.parts
    return parts


def request_id_of(request: Request) -> str:
    """The id that the response and the log carry."""
    return str(request.state.request_id)


def may(scope: KeyScope, *uses: Use) -> Callable[[Request], AsyncIterator[None]]:
    """A dependency that lets a request through if its key has `scope`, and something left of `uses`. To look, `view` does."""

    async def check(request: Request) -> AsyncIterator[None]:
        with let_in(request, scope, *uses):
            yield

    return check


@contextmanager
def let_in(request: Request, scope: KeyScope, *uses: Use) -> Iterator[Key]:
    """The key of a request that may, until it is answered. Raises Unauthorized, Forbidden, RateLimited."""
    keys = parts_of(request).keys
    key = keys.check(request.headers.get("authorization"), needed(scope, request.method), request.headers.get("x-api-key"))
    request.state.key = key
    if feed := request.path_params.get("feed"):
        key.check_feed(feed)
    with keys.using(key, *uses):
        yield key


def key_of(request: Request) -> Key:
    """The key that the request was let through with."""
    key: Key = request.state.key
    return key


def note(request: Request, **said: object) -> None:
    """Have the request's line in the log say more: names and numbers, never text."""
    request.state.said = said


class Asking:
    """ASGI middleware around the control plane."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity = request_id(scope)
        began, status = time.monotonic(), 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = identity
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.HTTP_REQUESTS.labels(method, _route(scope), str(status)).inc()
            if scope["path"] not in _QUIET_PATHS:
                _log(scope, identity, status, time.monotonic() - began)


def _route(scope: Scope) -> str:
    """The pattern of the path: a path as it was sent may hold anything."""
    return str(getattr(scope.get("route"), "path", "none"))


def _log(scope: Scope, identity: str, status: int, seconds: float) -> None:
    extra = {
        "request_id": identity,
        "method": scope["method"],
        "route": _route(scope),
        "status": status,
        "seconds": round(seconds, 6),
    }
    state, feed = scope.get("state", {}), str(scope.get("path_params", {}).get("feed", ""))
    if FEED_NAME.fullmatch(feed):
        extra["feed"] = feed
    if (key := state.get("key")) is not None and key.id:
        extra["key"] = key.id
    extra |= state.get("said", {})
    logger.info("request answered", extra=extra)
