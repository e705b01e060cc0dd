"""Blocking work beside the event loop that can be given up.

A thread that hangs in a file system or an object store can't be stopped. So each piece of such work has a thread of its own,
which holds up neither the other work nor the end of this process, and only so many may hang at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from rtadapt.errors import Unavailable

T = TypeVar("T")

_MOST_THREADS = 16


class Aside:
    """Runs functions in threads of their own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running = 0

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """`function(*arguments)`. Cancelling this leaves the thread behind. Raises Unavailable while too many hang."""
        if self._running >= _MOST_THREADS:
            raise Unavailable("too much of what was begun before has not come back")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: Exception | None) -> None:
            self._running -= 1
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def work() -> None:
            result, error = None, None
            try:
                result = function(*arguments)
            except Exception as caught:  # noqa: BLE001 - whoever awaits it gets it
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, result, error)

        self._running += 1
        threading.Thread(target=work, name=self._name, daemon=True).start()
        return await future
