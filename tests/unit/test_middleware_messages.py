"""Anthropic's route: whatever goes wrong on it, its clients can read."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from rtadapt.config import Settings
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import ServingView
from tests.support.engine_app import ask, client_of, news, serving

MESSAGES = "/v1/messages"


async def said(response: httpx.Response) -> tuple[int, str]:
    """The status and the kind of an error in Anthropic's shape."""
    value = response.json()
    assert (value["type"], set(value["error"])) == ("error", {"type", "message"})
    assert value["error"]["message"]
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["content-length"]) == len(response.content)
    return response.status_code, value["error"]["type"]


async def test_what_we_refuse_on_it_is_said_as_anthropic_does() -> None:
    async with client_of(serving()) as client:
        post = client.post
        assert await said(await post(MESSAGES, content=b"{")) == (400, "invalid_request_error")
        assert await said(await post(MESSAGES, json={"model": "news", "x": "x" * 5000})) == (413, "request_too_large")
        assert await said(await post(MESSAGES, json={"model": "news", "prompt_logprobs": 1})) == (400, "invalid_request_error")
        assert await said(await ask(client, "nothing", MESSAGES)) == (404, "not_found_error")
        assert await said(await client.get(MESSAGES)) == (405, "invalid_request_error")
        for path in ("/v1/messages/count_tokens", "/v1/messages/"):
            assert await said(await post(path, json={"model": "news"})) == (404, "not_found_error")
        waited = await ask(client, "news", MESSAGES, x_rtadapt_after="news.0.99", x_rtadapt_wait="0")
        assert await said(waited) == (503, "overloaded_error")
        assert "retry-after" in waited.headers
        assert waited.headers["x-request-id"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (JSONResponse({"error": {"message": "max_tokens: missing", "type": "Bad Request"}}, 400), "invalid_request_error"),
        (JSONResponse({"type": "error", "error": {"type": "NotFoundError", "message": "no such model"}}, 404), "not_found_error"),
        (JSONResponse({"detail": [{"loc": ["body"], "msg": "wrong"}]}, 422), "invalid_request_error"),
        (JSONResponse(["odd"], 500), "api_error"),
        (PlainTextResponse("Internal Server Error", 500), "api_error"),
    ],
)
async def test_what_the_engine_refuses_on_it_is_said_as_anthropic_does_too(answer: Response, kind: str) -> None:
    async def engine(request: Request) -> Response:
        return answer

    middleware = AdaptiveServing(
        Starlette(routes=[Route(MESSAGES, engine, methods=["POST"])]), Settings(serve={"model_name": "t"})
    )
    middleware.live.replace(ServingView("t", {"news": news()}))
    async with client_of(middleware) as client:
        refused = await ask(client, "news", MESSAGES)
    assert await said(refused) == (answer.status_code, kind)
    assert refused.headers["x-rtadapt-version"] == "news@2"


async def test_an_answer_on_it_is_not_touched() -> None:
    async with client_of(serving()) as client:
        body: dict[str, Any] = {"model": "news", "stream": True}
        assert (await client.post(MESSAGES, json=body)).text == "".join(f"data: news@2 {number}\n\n" for number in range(3))
        assert json.loads((await ask(client, "news", MESSAGES)).content)["model"] == "news@2"
