"""A route that FastAPI documents, and that is run without it: for what is asked hundreds of times a second.

Owns nothing but the way in. The endpoint takes the request and gives the response; what it asks of the query it reads itself.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send


class BareRoute(APIRoute):
    """FastAPI's own way in, with its dependencies and exit stacks, takes longer than a small push does."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. What the endpoint raises is answered as everywhere."""
        if self.methods and scope["method"] not in self.methods:
            await super().handle(scope, receive, send)
            return
        request: Any = Request(scope, receive, send)
        response = await self.endpoint(request)
        await response(scope, receive, send)
