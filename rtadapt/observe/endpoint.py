"""A process's own small HTTP endpoint: /metrics, /healthz and /readyz, on a thread of its own.

For processes that serve nothing else (the worker). Takes callables that say whether the process is ready, and whether
it is alive: this thread answers also while the one that works hangs. Each
connection has a thread, so that one which sends nothing keeps no probe waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from rtadapt.errors import InvalidSettings


class _Quiet(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """A scrape is no news."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left, or sent nothing in time, is no news."""


class Endpoint:
    """Serves until closed. `port` is the one in use, also when 0 was asked for. Raises InvalidSettings where it can't listen."""

    def __init__(self, host: str, port: int, ready: Callable[[], bool], alive: Callable[[], bool] = lambda: True) -> None:
        metrics = make_wsgi_app()

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ.get("PATH_INFO", "")
            if path == "/metrics":
                return metrics(environ, start_response)  # type: ignore[no-any-return,unused-ignore]
            if path not in ("/healthz", "/readyz"):
                status, said = "404 Not Found", b"not found\n"
            elif alive() if path == "/healthz" else ready():
                status, said = "200 OK", b"ok\n"
            else:
                status, said = "503 Service Unavailable", b"hangs\n" if path == "/healthz" else b"not ready\n"
            start_response(status, [("content-type", "text/plain")])
            return [said]

        try:
            self._server = make_server(host, port, answer, server_class=_Server, handler_class=_Quiet)
        except OSError as error:
            message = f"nothing can listen on {host}:{port} for /metrics: {error.strerror}"
            raise InvalidSettings(message, field="work.metrics_port") from error
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoint", daemon=True)
        self._thread.start()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
