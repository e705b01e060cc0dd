"""A small app that answers the way vLLM's does, the middleware around it, and a client to ask it with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from rtadapt.config import Settings
from rtadapt.records import Head
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import FeedView, ServingView


async def answer(request: Request) -> Response:
    body = await request.json()
    seen = {name: request.headers.get(name) for name in ("x-request-id", "content-length", "authorization", "traceparent")}
    if body.get("stream"):

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(3):
                yield f"data: {body['model']} {number}\n\n".encode()

        return StreamingResponse(pieces(), media_type="text/event-stream", headers={"x-request-id": "from-the-engine"})
    return JSONResponse({"model": body["model"], "seen": seen, "body": body})


async def healthy(_: Request) -> Response:
    return Response(status_code=200)


async def forbidden(_: Request) -> Response:
    raise AssertionError("this route of the engine must not be reachable")


def engine_app() -> Starlette:
    posts = ("/v1/completions", "/v1/chat/completions", "/v1/responses", "/v1/messages")
    closed = ("/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/invocations", "/inference/v1/generate", "/tokenize")
    return Starlette(
        routes=[
            *(Route(path, answer, methods=["POST"]) for path in posts),
            *(Route(path, forbidden, methods=["POST"]) for path in closed),
            *(Route(path, forbidden) for path in ("/docs", "/docs/oauth2-redirect", "/redoc")),
            *(Route(path, healthy) for path in ("/health", "/openapi.json")),
            Route("/metrics", healthy),
        ]
    )


def news(stable: int | None = 2, **changes: Any) -> FeedView:
    values = {"head": Head("news", 3, {0: 9}, 1), "loaded": {0: {}, 2: {0: 5}, 3: {0: 8}}} | changes
    return FeedView("news", stable, **values)


def serving(**changes: Any) -> AdaptiveServing:
    few = {"model_name": "tiny", "max_body_bytes": 4000, "wait_seconds": 5, "max_waiting": 2}
    settings = Settings(serve=few | changes.pop("serve", {}), **changes)
    middleware = AdaptiveServing(engine_app(), settings)
    middleware.live.replace(ServingView("tiny", {"news": news()}))
    return middleware


def client_of(middleware: AdaptiveServing) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(middleware), base_url="http://replica")


async def ask(client: httpx.AsyncClient, model: Any = "news", path: str = "/v1/completions", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(path, json={"model": model, "prompt": "hello"}, headers=named)


async def settled() -> None:
    """Everybody who can go on has gone on as far as it goes: nothing here waits for anything but the view and the clock."""
    for _ in range(100):
        await asyncio.sleep(0)


async def waiting(middleware: AdaptiveServing, number: int = 1) -> None:
    """So many requests wait for their event, and whatever was just done to `middleware` lets none of them go on."""
    await settled()
    assert middleware._waiting._seats.taken == number


def error_of(response: httpx.Response) -> dict[str, Any]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return dict(error)
