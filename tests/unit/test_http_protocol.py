"""What comes on a connection before and after a body has a bound; a body has its reader's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvicorn
from uvicorn.server import ServerState

from rtadapt.web.asked import Receive, Scope, Send
from rtadapt.web.protocol import MAX_HEAD_BYTES, BoundedHttp

_LONG = b"a" * (2 * MAX_HEAD_BYTES)
_START = b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\n"


async def _sized(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of the body."""
    size, goes_on = 0, True
    while goes_on:
        message = await receive()
        size += len(message.get("body", b""))
        goes_on = message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config, state = uvicorn.Config(_sized, http=BoundedHttp, ws="none", log_config=None), ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(lambda: BoundedHttp(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    for connection in list(state.connections):
        connection.transport.close()
    server.close()
    await server.wait_closed()


async def _answer(port: int, *parts: bytes) -> bytes:
    """What comes back, up to a whole answer or the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
    try:
        async with asyncio.timeout(10):
            return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""  # the connection was closed under what was still on its way
    finally:
        writer.close()


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET /" + _LONG],
        [b"GET /" + _LONG + b" HTTP/1.1\r\nhost: localhost\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + _LONG],
        [b"GET / HTTP/1.1\r\nhost: localhost\r\n" + _LONG],
        [b"GET / HTTP/1.1\r\nhost: localhost\r\n", *[b"x: " + b"a" * 1000 + b"\r\n"] * 70],
        [_START + b"transfer-encoding: chunked\r\n\r\n1;" + _LONG],
        [_START + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: " + _LONG],
    ],
    ids=["line", "whole line", "header", "name", "many headers", "extension of a chunk", "trailer"],
)
async def test_a_head_without_an_end_is_refused(port: int, parts: list[bytes]) -> None:
    assert not (await _answer(port, *parts)).startswith(b"HTTP/1.1 2")


async def test_many_trailers_end_the_connection(port: int) -> None:
    trailers = [b"x: " + b"a" * 1000 + b"\r\n"] * 70
    start = _START + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    assert not (await _answer(port, start, *trailers)).startswith(b"HTTP/1.1 2")


async def test_a_long_body_is_none_of_its_business(port: int) -> None:
    body = b"a" * (20 * MAX_HEAD_BYTES)
    head = _START + f"content-length: {len(body)}\r\n\r\n".encode()
    assert (await _answer(port, head + body)).startswith(b"HTTP/1.1 200 ")
    chunked = b"".join(b"1000\r\n" + b"a" * 0x1000 + b"\r\n" for _ in range(100)) + b"0\r\n\r\n"
    assert (await _answer(port, _START + b"transfer-encoding: chunked\r\n\r\n" + chunked)).startswith(b"HTTP/1.1 200 ")


async def test_requests_on_one_connection_each_have_the_whole_bound(port: int) -> None:
    header = b"x: " + b"a" * (MAX_HEAD_BYTES // 2) + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(5):
        writer.write(_START + header + b"content-length: 2\r\n\r\nab")
        async with asyncio.timeout(10):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(1) == b"2"
    writer.close()
