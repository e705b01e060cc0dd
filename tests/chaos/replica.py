"""A serving replica of a chaos run: the real middleware and watcher, with the small app of the tests in the engine's place."""

from __future__ import annotations

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rtadapt.config import load_settings
from rtadapt.observe.logs import adopt, start_logs
from rtadapt.serving.middleware import AdaptiveServing
from tests.support.small_engine import SmallEngine


def serve() -> int:
    """Serve until SIGTERM, as the environment says."""
    settings = load_settings()
    start_logs("serve", settings.log_level)
    adopt("uvicorn", "warning")
    engine = SmallEngine().app
    engine.router.routes.append(Route("/metrics", _metrics))
    app = AdaptiveServing(engine, settings)
    uvicorn.run(app, host="127.0.0.1", port=settings.serve.port, log_config=None, access_log=False, http="h11", ws="none")
    return 0


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
