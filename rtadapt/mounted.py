"""The control plane beside vLLM's own app, in its process and on its port: no proxy, one address.

Owns one decision per request: a path of the control plane goes to it, everything else on to vLLM. Used by
`rtadapt up`, where one process answers completions and takes events; larger deployments run `rtadapt api`.
"""

from __future__ import annotations

import asyncio

from rtadapt.api.app import create_app
from rtadapt.api.parts import Parts
from rtadapt.config import load_settings
from rtadapt.web.asked import App, Receive, Scope, Send

_ROUTES = ("/v1/events", "/v1/feeds", "/v1/feedback", "/v1/overview", "/v1/reading", "/v1/dead-letters", "/v1/log")
_PREFIXES = (*_ROUTES, "/console", "/openapi.json")


class ControlPlane:
    """ASGI middleware, constructed by vLLM with its app alone; its settings come from the environment."""

    def __init__(self, app: App) -> None:
        self._engine = app
        control = create_app(load_settings())
        self._parts: Parts = control.state.parts
        self._parts.start()
        self._control: App = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on to whom it belongs."""
        if scope["type"] == "lifespan":
            await self._last(scope, receive, send)
            return
        path = scope.get("path", "")
        ours = scope["type"] == "http" and any(path == prefix or path.startswith(prefix + "/") for prefix in _PREFIXES)
        await (self._control if ours else self._engine)(scope, receive, send)

    async def _last(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The server's life is the engine's; what the control plane opened is closed at its end."""
        try:
            await self._engine(scope, receive, send)
        finally:
            await asyncio.to_thread(self._parts.close)
