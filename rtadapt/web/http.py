"""How a connection's bytes become requests: by llhttp, through uvicorn's own protocol.

Owns two things that that lacks: a bound on what is neither body nor read yet, and what an offer to upgrade means. Nothing: a
server may leave it (RFC 9110, 7.8), and Java's client makes it with every first request, whose body llhttp would not read then.
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_HEAD_BYTES = 64 * 1024
"""A request's head, or what stands between two pieces of its body: lengths of chunks, trailers."""


class _TooLong(Exception):
    """A head that has more bytes than that. Raised within the parser, which stops."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. uvicorn makes them."""

    def __init__(self, *made_with: Any, **named: Any) -> None:
        super().__init__(*made_with, **named)
        self._ahead_bytes = 0
        self._head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._unset_keepalive_if_required()
        self._ahead_bytes += len(data)
        try:
            self._feed(data)
            if self._ahead_bytes > _HEAD_BYTES:
                raise _TooLong
        except (httptools.HttpParserError, _TooLong) as error:
            if not self.transport.is_closing():
                self._refuse(431 if _TooLong in (type(error), type(error.__context__)) else 400)

    def on_message_begin(self) -> None:
        """A request comes."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """More of what is asked for."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there; one that offers something else comes again without that."""
        self._ahead_bytes = 0
        if not self.parser.should_upgrade():
            super().on_headers_complete()
        elif self.parser.get_method() == b"CONNECT":
            raise ValueError("no tunnel begins here")

    def on_body(self, body: bytes) -> None:
        """A piece of the body, whose reader bounds it."""
        self._ahead_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._ahead_bytes = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out. Whoever was answered before his body was there isn't listened to any longer."""
        if self.cycle.response_complete and self.cycle.more_body:
            self.transport.close()
        super().on_response_complete()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > _HEAD_BYTES:
            raise _TooLong

    def _feed(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                self.parser.feed_data(left)
                return
            except httptools.HttpParserUpgrade as offer:
                left, head = left[offer.args[0] :], self._head_without_offer()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.feed_data(head)

    def _head_without_offer(self) -> bytes:
        head = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name != b"upgrade":
                head.append(b"%s: %s" % (name, _without(value) if name == b"connection" else value))
        return b"\r\n".join([*head, b"", b""])

    def _refuse(self, status: int) -> None:
        """Say so and hang up. A request that came whole before what can't be read is answered first."""
        self.logger.warning("a request could not be read", extra={"status": status})
        if (under_way := self.cycle) is not None and not (under_way.response_complete or under_way.more_body):
            under_way.keep_alive = False
            if self.transport.is_reading():
                self.transport.pause_reading()
            return
        self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


def _without(connection: bytes) -> bytes:
    return b",".join(word for word in connection.split(b",") if word.strip().lower() != b"upgrade")
