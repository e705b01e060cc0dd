"""The outermost layer of everything that we answer over HTTP: who may speak to us from a browser, and what it may read.

A page may send to any address that its visitor reaches, his own machine above all. Owns what stands against that: the
`host` that a request names must be ours, or a page could be at our address under a name of its own (DNS rebinding); a
request that changes something must come from no page, from one of ours, or from one that `edge.origins` names. Those, and
nobody else, may read answers across origins (CORS), on every path, with the headers that say who answered.
"""

from __future__ import annotations

import ipaddress

from starlette.middleware.cors import CORSMiddleware

from rtadapt.config import Settings, load_settings
from rtadapt.errors import Forbidden, RtadaptError
from rtadapt.web.answered import send_error
from rtadapt.web.asked import App, Message, Receive, Scope, Send, header, naming, request_id

EXPOSED = (
    "x-rtadapt-version",
    "x-rtadapt-position",
    "x-rtadapt-incarnation",
    "x-rtadapt-receipt",
    "x-rtadapt-scope",
    "x-request-id",
    "retry-after",
)
_OURS_ALONE = ("localhost", "internal", "svc", "local")
"""Names that end so, and those without a dot, belong to nobody on the internet (RFC 6761, RFC 6762, ICANN's `internal`)."""
_READING = frozenset(("GET", "HEAD", "OPTIONS"))


class Edge:
    """ASGI middleware. vLLM gives the app alone; the settings come from the environment then."""

    def __init__(self, app: App, settings: Settings | None = None) -> None:
        settings = settings or load_settings()
        self._app = app
        self._hosts = settings.edge.hosts
        self._is_open = settings.keys_file is not None and not self._hosts
        self._origins = frozenset(origin.rstrip("/").lower() for origin in settings.edge.origins)
        self._across: App = self._look
        if self._origins:
            self._across = CORSMiddleware(
                self._look,
                allow_origins=sorted(self._origins),
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=EXPOSED,
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        await (self._across if scope["type"] == "http" else self._app)(scope, receive, send)

    async def _look(self, scope: Scope, receive: Receive, send: Send) -> None:
        if error := self._fault(scope):
            named = naming(send, {"x-request-id": request_id(scope)})
            await send_error(named, error, scope["path"])
        elif self._origins:
            await self._legibly(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _legibly(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What goes wrong is said here: whoever is farther out would answer without the headers that let a page read it."""
        said = False

        async def noting(message: Message) -> None:
            nonlocal said
            said = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if not said:
                message = "something went wrong on our side; the log has it under the request id"
                named = naming(send, {"x-request-id": request_id(scope)})
                await send_error(named, RtadaptError(message), scope["path"])
            raise

    def _fault(self, scope: Scope) -> Forbidden | None:
        host = (header(scope, "host") or "").lower()
        if not self._is_ours(host):
            return Forbidden("this server is not known by that name; edge.hosts says by which it is", field="host")
        if scope["method"] in _READING:
            return None
        site, origin = header(scope, "sec-fetch-site"), header(scope, "origin")
        if site == "same-origin" or (origin is None and site in (None, "none")):
            return None
        if origin is not None and ("*" in self._origins or origin.lower() in self._origins or _address(origin) == host):
            return None
        message = "pages of other sites may not change anything here; edge.origins says which may"
        return Forbidden(message, field="sec-fetch-site" if origin is None else "origin")

    def _is_ours(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.strip("[]").rstrip(".")
        if self._is_open or "*" in self._hosts:
            return True
        return any(_fits(name, known.lower()) for known in self._hosts) or _is_nobodys(name)


def _is_nobodys(name: str) -> bool:
    """Whether no page on the internet can be reached under this name: it is an address, or reserved."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.rpartition(".")[2] in _OURS_ALONE
    return True


def _fits(name: str, known: str) -> bool:
    return name == known or (known.startswith("*.") and name.endswith(known[1:]))


def _address(origin: str) -> str:
    return origin.lower().partition("://")[2]
