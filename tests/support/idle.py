"""A caller whose connection rests for a while."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

_REST_SECONDS = 6.0
"""Longer than uvicorn would keep a connection by itself."""


def answers_after_a_rest(url: str, path: str) -> list[int]:
    """Status codes of two requests over one connection, with a rest between them."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    connection.auto_open = 0  # type: ignore[assignment]  # closed is closed
    connection.connect()
    found = []
    for rest in (_REST_SECONDS, 0.0):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
        time.sleep(rest)
    connection.close()
    return found
