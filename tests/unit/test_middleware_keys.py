"""The middleware where keys are asked for: which feeds a key may use, how much, and how its owner hears of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from rtadapt.serving.metering import Metered, longest_tokens
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import FeedView, ServingView
from tests.support.engine_app import ask, client_of, error_of, news, serving


def with_keys(folder: Path, text: str) -> AdaptiveServing:
    (folder / "keys").write_text(text)
    middleware = serving(keys_file=folder / "keys")
    middleware.live.replace(ServingView("tiny", {"news": news(), "sport": FeedView("sport", 0)}))
    return middleware


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_a_key_asks_and_sees_its_own_feeds_and_the_base_alone(tmp_path: Path) -> None:
    async with client_of(with_keys(tmp_path, "complete key-of-one feeds=news")) as client:
        for model in ("news", "news@3", "tiny"):
            assert (await ask(client, model, **bearer("key-of-one"))).status_code == 200
        for model in ("sport", "sport@0", "weather", "weather@1"):  # there or not: it learns nothing of that
            refused = await ask(client, model, **bearer("key-of-one"))
            assert (refused.status_code, error_of(refused)["param"]) == (403, "model")
        cards = (await client.get("/v1/models", headers=bearer("key-of-one"))).json()["data"]
        assert {card["id"].partition("@")[0] for card in cards} == {"news", "tiny"}
        assert (await client.get("/v1/models/sport", headers=bearer("key-of-one"))).status_code == 404


async def test_requests_over_the_limit_get_a_429_that_says_when_to_come_back(tmp_path: Path) -> None:
    async with client_of(with_keys(tmp_path, "complete key-of-one requests=2\ncomplete key-of-two")) as client:
        answers = [await ask(client, **bearer("key-of-one")) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert error_of(answers[2])["code"] == "rate_limit_exceeded"
        assert 1 <= int(answers[2].headers["retry-after"]) <= 30
        assert (await ask(client, **bearer("key-of-two"))).status_code == 200


async def test_tokens_over_the_limit_stop_the_next_request(tmp_path: Path) -> None:
    async with client_of(with_keys(tmp_path, "complete key-of-one tokens=5")) as client:
        assert [(await ask(client, **bearer("key-of-one"))).status_code for _ in range(2)] == [200, 429]


async def test_anthropics_clients_send_their_key_and_hear_of_faults_in_their_own_way(tmp_path: Path) -> None:
    async with client_of(with_keys(tmp_path, "complete key-of-one requests=1\npush key-of-two")) as client:

        async def said(model: str = "news", **headers: str) -> tuple[int, Any]:
            response = await ask(client, model, "/v1/messages", **headers)
            return response.status_code, response.json()["error"]["type"] if response.status_code != 404 else response.json()

        assert await said() == (401, "authentication_error")
        assert await said(x_api_key="wrong-key") == (401, "authentication_error")
        assert await said(x_api_key="key-of-two") == (403, "permission_error")
        status, body = await said("nothing", x_api_key="key-of-one")
        assert (status, body["type"], body["error"]["type"]) == (404, "error", "not_found_error")
        assert await said(x_api_key="key-of-one") == (429, "rate_limit_error")


async def _tokens(*parts: bytes, status: int = 200, asked_bytes: int = 40, longest: int = 500) -> int:
    async def send(message: Any) -> None:
        pass

    metered = Metered(send, asked_bytes, longest)
    await metered({"type": "http.response.start", "status": status, "headers": []})
    for part in parts:
        await metered({"type": "http.response.body", "body": part, "more_body": True})
    await metered({"type": "http.response.body", "body": b""})
    return metered.tokens


@pytest.mark.parametrize(
    ("parts", "tokens"),
    [
        ([b'{"choices": [{"text": "x"}], "usage": {"prompt_tokens": 7, "total_tokens": 12}}'], 12),
        ([b'{"text": "\\"total_tokens\\": 0", "usage": {"prompt_tokens":7,"to', b'tal_tokens":12}}'], 12),
        ([b'{"text": "\\"total_tokens\\": 0"}'], 10 + 7),
        ([b"data: {}\n\n", b"data: {}\n\ndata: {}\n\n", b"data: [DONE]\n\n"], 10 + 4),
        ([b'data: {"text":"' + b"word " * 80 + b'"}\n\n', b"data: [DONE]\n\n"], 10 + 100),  # many tokens in a piece
        ([b'data: {"delta":{"content":"' + b'a \\" b ' * 10 + b'"}}\n\n'], 10 + 17),
        ([b'data: {"usage":{"total_tokens":30}}\n\n', b"data: [DONE]\n\n"], 30),
        (
            [
                b'data: {"message": {"usage": {"input_tokens": 9, "output_tokens": 0}}}\n\n',
                b'data: {"usage": {"output_tokens": 5}}\n\n',
            ],
            14,
        ),
        ([b'{"content": [], "usage": {"input_tokens": 9, "output_tokens": 5}}'], 14),
        ([b'{"content": [{"input": {"usage": {"total_tokens": 1}}}], "usage": {"input_tokens": 9, "output_tokens": 5}}'], 14),
        ([b"null"], 10 + 500),  # whoever asked has left
        ([], 10 + 500),
    ],
)
async def test_what_an_answer_cost_is_what_the_engine_says_else_about_what_passed(parts: list[bytes], tokens: int) -> None:
    assert await _tokens(*parts) == tokens
    assert await _tokens(*parts, status=400) == 0


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({}, 4096),
        ({"max_tokens": 7}, 7),
        ({"max_completion_tokens": 7, "n": 3}, 21),
        ({"max_output_tokens": 10**9, "n": 2}, 2 * 4096),
        ({"max_tokens": "7", "n": -1}, 4096),
        ({"max_tokens": 7, "prompt": ["a", "b", "c"]}, 21),
        ({"max_tokens": 7, "prompt": [1, 2, 3]}, 7),
        ({"max_tokens": 7, "prompt": [[1, 2], [3]], "n": 2}, 28),
    ],
)
def test_the_longest_answer_is_what_is_asked_for_within_what_the_model_can(body: dict[str, object], tokens: int) -> None:
    assert longest_tokens(body, 4096) == tokens


async def test_a_client_that_is_limited_gets_the_very_same_answer(tmp_path: Path) -> None:
    async with client_of(with_keys(tmp_path, "complete key-of-one tokens=500\ncomplete key-of-two")) as client:
        limited: httpx.Response = await ask(client, **bearer("key-of-one"), x_request_id="one")
        free = await ask(client, **bearer("key-of-two"), x_request_id="one")
    assert limited.headers == free.headers
    assert limited.json()["body"] == free.json()["body"]
