"""Requests as they come over a connection: read whole, bounded, and answered in their order."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from rtadapt.web.asked import Gone, Receive, Scope, Send, read_body
from rtadapt.web.http import HttpProtocol

_POST = b"POST /a?b=c HTTP/1.1\r\nhost: x\r\n"
_OFFER = b"connection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAAAAMAAAAA\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what it was sent; `/early` before it has read any of it."""
    try:
        body = b"early" if scope["path"] == "/early" else await read_body(scope, receive, 1 << 20)
    except Gone:
        return
    said = b"%s %s %s" % (scope["method"].encode(), scope["raw_path"] + b"?" + scope["query_string"], body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(echo, http=HttpProtocol, ws="none", lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(timeout=20)


def exchange(port: int, *pieces: bytes) -> bytes:
    """What is said to the pieces until the connection ends."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                raw.sendall(piece)
            while received := raw.recv(1 << 16):
                said += received
        except ConnectionError:
            pass  # it hung up while we were still sending
    return said


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def test_a_body_after_an_offer_to_upgrade_is_read(port: int) -> None:
    counted = _POST + _OFFER + b"content-length: 3\r\n\r\nabc"
    chunked = _POST + _OFFER + b"transfer-encoding: chunked\r\n\r\n" + chunks(b"ab", b"c")
    for request in (counted, chunked):
        assert exchange(port, request).endswith(b"POST /a?b=c abc")
        assert exchange(port, *(request[at : at + 1] for at in range(len(request)))).endswith(b"POST /a?b=c abc")


def test_a_connection_goes_on_after_an_offer(port: int) -> None:
    offered = _POST + _OFFER.replace(b", close", b"") + b"content-length: 3\r\n\r\nabc"
    said = exchange(port, offered + offered + _POST + b"connection: close\r\n\r\n")
    assert said.count(b"POST /a?b=c abc") == 2
    assert said.count(b"HTTP/1.1 200 ") == 3


def test_many_offers_at_once_are_as_many_requests(port: int) -> None:
    offered = _POST + _OFFER.replace(b", close", b"") + b"content-length: 3\r\n\r\nabc"
    said = exchange(port, offered * 1_200 + _POST + b"connection: close\r\n\r\n")
    assert said.count(b"POST /a?b=c abc") == 1_200


def test_a_large_body_comes_whole(port: int) -> None:
    body = b"x" * 700_000
    close = b"connection: close\r\n"
    assert exchange(port, _POST + close + b"content-length: 700000\r\n\r\n", body).endswith(body)
    many = chunks(*[b"x"] * 50_000)
    assert exchange(port, _POST + close + b"transfer-encoding: chunked\r\n\r\n", many).endswith(b"x" * 50_000)


@pytest.mark.parametrize(
    "pieces",
    [
        [_POST, b"x: ", *([b"a" * 50_000] * 200)],
        [_POST, *([b"x: " + b"a" * 50_000 + b"\r\n"] * 200)],
        [_POST + b"x: " + b"a" * 70_000 + b"\r\n\r\n"],
        [b"GET /", *([b"a" * 50_000] * 200)],
        [_POST, b"transfer-encoding: chunked\r\n\r\n1;", *([b"a" * 50_000] * 200)],
        [_POST, b"transfer-encoding: chunked\r\n\r\n0\r\n", *([b"x: " + b"a" * 50_000 + b"\r\n"] * 200)],
    ],
    ids=["endless header", "endless headers", "long header", "endless path", "endless chunk", "endless trailers"],
)
def test_what_is_no_body_is_bounded(port: int, pieces: list[bytes]) -> None:
    said = exchange(port, *pieces)
    assert not said or said.startswith(b"HTTP/1.1 431 ")


def test_what_is_no_request_is_refused(port: int) -> None:
    for wrong in (b"\x16\x03\x01\r\n\r\n", b"CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n", _POST + b"content-length: -1\r\n\r\n"):
        assert exchange(port, wrong).startswith(b"HTTP/1.1 400 ")


def test_a_good_request_is_answered_before_a_broken_one_after_it(port: int) -> None:
    said = exchange(port, _POST + b"content-length: 3\r\n\r\nabc" + b"\x00\x01\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"POST /a?b=c abc")


def test_a_body_that_breaks_off_is_refused(port: int) -> None:
    assert exchange(port, _POST + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\nzz\r\n").startswith(b"HTTP/1.1 400 ")


def test_whoever_was_answered_early_is_not_listened_to(port: int) -> None:
    said = exchange(port, _POST.replace(b"/a", b"/early") + b"content-length: 999999\r\n\r\nabc")
    assert said.endswith(b"POST /early?b=c early")
