"""What is measured of a trial here: answers by arm, and requests that a canary in the shadow is asked as well.

Owns the counts of one answer, and the bound on how many shadows run at once. Nothing is kept of an answer but how it ended and
how long it took; nothing waits for a shadow.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from rtadapt.serving.http import Noted, beside, replay, with_headers, written
from rtadapt.serving.live import Live
from rtadapt.serving.routing import Target, shadow_of
from rtadapt.serving.texts import concerns
from rtadapt.web.asked import App, Message, Receive, Scope

logger = logging.getLogger(__name__)

_SHADOWS_AT_ONCE = 8


class Arms:
    """Of one replica."""

    def __init__(self, app: App, live: Live) -> None:
        self._app = app
        self._live = live
        self._shadows: set[asyncio.Task[None]] = set()

    def count(self, target: Target, status: int, seconds: float) -> None:
        """One answer of `target` ended, if it is part of a trial. `status` 0 is one that the client did not wait for."""
        if target.trial and target.feed is not None and status:
            arm = (target.feed, target.number, target.arm)
            self._live.counts[*arm, "answers"] += 1
            self._live.counts[*arm, "errors"] += status >= 500
            self._live.counts[*arm, "millis"] += round(seconds * 1000)

    def ask_too(self, target: Target, key: str, scope: Scope, body: dict[str, Any], size_bytes: int) -> None:
        """Ask a canary in the shadow of `target` the same, if `key` is one of its share. Left out while too many of these run."""
        shadow = shadow_of(self._live.view, target, key) if target.trial else None
        if shadow is not None and len(self._shadows) < _SHADOWS_AT_ONCE:
            self._live.depart(shadow)
            task = asyncio.create_task(self._shadow(shadow, scope, body, size_bytes), name="shadow")
            self._shadows.add(task)
            task.add_done_callback(self._shadows.discard)

    async def close(self) -> None:
        """End all shadows."""
        for task in self._shadows:
            task.cancel()
        if self._shadows:
            await asyncio.wait(self._shadows)

    async def _shadow(self, target: Target, scope: Scope, body: dict[str, Any], size_bytes: int) -> None:
        began, noted = time.perf_counter(), Noted(_dropped)
        try:
            if not await beside(size_bytes, concerns, self._live.scopes.get(target.engine_model), body):
                return  # the base would answer
            raw = await beside(size_bytes, written, body, target.engine_model)
            inner = with_headers(scope, {"content-length": str(len(raw)), "x-request-id": f"shadow-{id(noted):x}"})
            await self._app(inner, replay(raw, _silent()), noted)
        except Exception as error:  # noqa: BLE001 - whatever a canary does in the shadow, it shows in the counts alone
            noted.status = 500
            logger.warning("a shadow failed", extra={"version": target.version, "error": type(error).__name__})
        finally:
            self._live.land(target)
        self.count(target, noted.status, time.perf_counter() - began)


async def _dropped(_: Message) -> None:
    """Nobody reads a shadow's answer."""


def _silent() -> Receive:
    """A client that neither sends nor leaves."""

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("never set")

    return receive
