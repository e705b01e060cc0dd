"""HTTP on a connection: uvicorn's fast parser, with a bound on what comes before and after a body.

Owns the bound. h11, which has one, takes longer than all else that a small request needs; httptools, which uvicorn takes
otherwise, reads heads, chunk extensions and trailers of any length into memory.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""What a request's line, headers and trailers may take together, and what may come in a row without being a whole part of it."""
_AT_ONCE_BYTES = 16 * 1024


class BoundedHttp(HttpToolsProtocol):
    """One connection. What goes beyond the bound is answered with 400, and the connection closed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._unread_bytes = 0

    def data_received(self, data: bytes) -> None:
        """The parser keeps what is not yet a whole header, and says nothing of it: so it is watched bit by bit."""
        for start in range(0, len(data), _AT_ONCE_BYTES):
            part = data[start : start + _AT_ONCE_BYTES]
            self._unread_bytes += len(part)
            super().data_received(part)
            if self.transport.is_closing():
                return
            if self._unread_bytes > MAX_HEAD_BYTES:
                self.send_400_response("The head of the request is too long.")
                return

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of its line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header, or a trailer."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A part of the body; whoever reads it counts."""
        self._unread_bytes = 0
        super().on_body(body)

    def _count(self, more: int) -> None:
        self._unread_bytes = 0
        self._head_bytes += more
        if self._head_bytes > MAX_HEAD_BYTES:
            raise ValueError("the head of the request is too long")  # the parser gives up, and uvicorn answers 400
