"""A replica on a real socket in a thread of this process: the real middleware and watcher over the small app of the tests."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from rtadapt.config import Settings
from rtadapt.serving.middleware import AdaptiveServing
from tests.support.redis_server import free_port
from tests.support.small_engine import SmallEngine


@contextlib.contextmanager
def serving(settings: Settings, wrap: Callable[[Any], Any] = lambda app: app) -> Iterator[str]:
    """Its URL. `wrap` puts something between it and whoever asks."""
    port = free_port()
    app = wrap(AdaptiveServing(SmallEngine().app, settings))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False, http="h11", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
