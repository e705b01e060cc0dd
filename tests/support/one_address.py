"""Completions and the control plane at one address, as under `rtadapt up`, with a small app in the engine's place."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from rtadapt.config import Settings, to_environment
from rtadapt.mounted import ControlPlane
from rtadapt.records import Head
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import FeedView, ServingView
from tests.support.redis_server import free_port

VIEW = ServingView("the-base", {"news": FeedView("news", 2, head=Head("news", 3, {0: 3}, 1), loaded={2: {0: 2}, 3: {0: 3}})})


async def answer(request: Request) -> JSONResponse:
    """As vLLM answers a chat: the engine's name of the version that was asked, and the question."""
    body = await request.json()
    said = f"{body['model']} heard {body['messages'][0]['content']}"
    return JSONResponse({"model": body["model"], "choices": [{"message": {"role": "assistant", "content": said}}]})


class OneAddress:
    """Serves while the `with` block runs. The control plane takes its settings from the environment, so that is set."""

    def __init__(self, settings: Settings, environment: pytest.MonkeyPatch) -> None:
        for name, value in to_environment(settings).items():
            environment.setenv(name, value)
        serving = AdaptiveServing(Starlette(routes=[Route("/v1/chat/completions", answer, methods=["POST"])]), settings)
        serving.live.replace(VIEW)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._plane: Any = ControlPlane(serving)
        config = uvicorn.Config(self._plane, port=port, ws="none", lifespan="off", log_config=None)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> OneAddress:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=30)
        self._plane._control.state.parts.close()
