"""Stopping without cutting anybody off.

Owns what SIGTERM and SIGINT do to a serving replica: it says that it is not ready, takes no new connections, lets the
requests under way finish (`serve.drain_seconds` at most, which is uvicorn's own limit), and only then the engine ends.
vLLM 0.32's own order is the other way round: it stops the engine first, and whatever arrives meanwhile gets a 500.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Any

from rtadapt.serving.live import Live

logger = logging.getLogger(__name__)


def stop_gently(app: Any, live: Live) -> bool:
    """Take over the signals, if `app` is one that vLLM serves. To be called on its loop, once the server is starting."""
    server = getattr(getattr(app, "state", None), "server", None)
    if server is None:
        return False

    def stop() -> None:
        logger.info("stopping: no new connections, requests under way are finished")
        live.stop("this replica is stopping")
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return True
