"""A small OpenAI-compatible server on a real socket that answers as it is told: well, badly, slowly, too much, or not at all."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Reply = tuple[int, bytes]
Script = Callable[[dict[str, Any]], Reply]
"""From a request's body to status and body of the answer."""


def said(content: str | None) -> Reply:
    """A completion whose message is `content`."""
    return 200, json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


class ReadingServer:
    """Runs while the `with` block does. `asked` are the bodies it got, in order; `script` may be changed at any time."""

    def __init__(self, script: Script, models: list[dict[str, Any]] | None = None) -> None:
        self.script = script
        self.models = [{"id": "reader", "max_model_len": 4096}] if models is None else models
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.most_at_once = 0
        self.dripping = False
        """Send the answer a byte at a time, one every tenth of a second."""
        self._at_once = 0
        self._lock = threading.Lock()
        outer = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(200, json.dumps({"data": outer.models}).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    outer.asked.append(body)
                    outer.keys.append(self.headers.get("authorization"))
                    outer._at_once += 1
                    outer.most_at_once = max(outer.most_at_once, outer._at_once)
                try:
                    self._send(*outer.script(body))
                finally:
                    with outer._lock:
                        outer._at_once -= 1

            def _send(self, status: int, raw: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                try:
                    if not outer.dripping:
                        self.wfile.write(raw)
                    for at in range(len(raw) if outer.dripping else 0):
                        self.wfile.write(raw[at : at + 1])
                        time.sleep(0.1)
                except OSError:  # the caller had enough
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: Any) -> None:
                """A caller that hung up is no error here."""

        self._server = Server(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> ReadingServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def nowhere() -> str:
    """A URL where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}/v1"
