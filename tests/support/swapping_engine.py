"""A small server with an engine's completion and LoRA routes, on a real socket. What it says depends on weights and prompt."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.redis_server import free_port

BASE = "tiny"
_HELD = 6


class SwappingEngine:
    """Runs while the `with` block does. `fault` says how it is wrong, if it is."""

    def __init__(self, fault: str = "", prefix: str = "/v1") -> None:
        self.fault = fault
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.names: dict[str, str] = {}
        self.loads = 0
        self._first: dict[str, str] = {}
        self._ever: dict[str, str] = {}
        self._newest = BASE
        self._busy = 0
        routes = [
            Route("/v1/models", self._models),
            Route("/health", self._health),
            Route("/v1/completions", self._complete, methods=["POST"]),
            Route(f"{prefix}/load_lora_adapter", self._load, methods=["POST"]),
            Route(f"{prefix}/unload_lora_adapter", self._unload, methods=["POST"]),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=self.port, log_level="error", ws="none", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> SwappingEngine:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=30)

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"data": [{"id": BASE}, *({"id": name, "parent": BASE} for name in self.names)]})

    async def _health(self, _: Request) -> Response:
        return Response()

    async def _load(self, request: Request) -> Response:
        body = await request.json()
        name, weights = body["lora_name"], Path(body["lora_path"]).name
        if name in self.names or (self.fault == "loads no more" and self.loads >= 6):
            return JSONResponse({"error": {"message": "no"}}, 400)
        self.loads += 1
        self.names[name] = self._newest = weights
        self._ever.setdefault(name, weights)
        return Response("good")

    async def _unload(self, request: Request) -> Response:
        found = self.names.pop((await request.json())["lora_name"], None)
        return Response("good", 200 if found else 404)

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        name = body["model"].removeprefix(f"{BASE}:")
        if name != BASE and name not in self.names:
            if self.fault != "the base for what is gone":
                return JSONResponse({"error": {"message": "no such model"}}, 404)
            name = BASE
        weights = self._weights(name, body)
        if not body.get("stream"):
            usage = {"prompt_tokens": len(body["prompt"].split())}
            return JSONResponse({"model": name, "choices": [{"text": "x"}], "usage": usage})
        return StreamingResponse(self._pieces(name, weights, body), media_type="text/event-stream")

    def _weights(self, name: str, body: dict[str, Any]) -> str:
        """What answers: the name's weights, where nothing is wrong."""
        weights = BASE if name == BASE else self.names[name]
        if self.fault == "prefixes of others" and len(body["prompt"]) > 400 and "cache_salt" not in body:
            return self._first.setdefault(body["prompt"], weights)
        if self.fault == "adapters in the base" and name == BASE and self._busy > 1 and self.names:
            return self._newest
        if self.fault == "the same for all":
            return BASE
        if self.fault == "stale names" and name != BASE:
            return self._ever[name]
        if self.fault == "evicts in silence" and name in list(self.names)[:-_HELD]:
            return BASE
        return weights

    async def _pieces(self, name: str, weights: str, body: dict[str, Any]) -> AsyncIterator[str]:
        self._busy += 1
        for number in range(body["max_tokens"]):
            if self.fault == "switches in the middle" and name != BASE and "cache_salt" not in body:
                weights = self._newest
            if self.fault == "cuts off" and name != BASE and name not in self.names:
                return
            digest = hashlib.sha256(f"{weights} {body['prompt']} {number}".encode()).hexdigest()
            yield f"data: {json.dumps({'model': name, 'choices': [{'text': f' {digest[:4]}'}]})}\n\n"
            await asyncio.sleep(0.002)
        self._busy -= 1
        yield "data: [DONE]\n\n"
