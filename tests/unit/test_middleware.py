"""The middleware around a small app that answers the way vLLM's does: by engine name, streamed or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from rtadapt.scope import Scope
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import ServingView
from tests.support.engine_app import ask, client_of, error_of, news, serving


@pytest.fixture
def middleware() -> AdaptiveServing:
    return serving()


@pytest.fixture
async def client(middleware: AdaptiveServing) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(middleware) as opened:
        yield opened


@pytest.mark.parametrize(
    ("model", "engine_model", "version"),
    [("news", "news@2", "news@2"), ("news@3", "news@3", "news@3"), ("news@0", "tiny", "news@0"), ("tiny", "tiny", "tiny")],
)
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions", "/v1/responses"])
async def test_the_engine_is_asked_by_its_name_and_the_answer_says_who_answered(
    client: httpx.AsyncClient, path: str, model: str, engine_model: str, version: str
) -> None:
    response = await ask(client, model, path)
    assert (response.status_code, response.json()["model"]) == (200, engine_model)
    assert response.headers["x-rtadapt-version"] == version


async def test_the_position_is_a_token_that_can_be_asked_for_again(client: httpx.AsyncClient) -> None:
    position = (await ask(client)).headers["x-rtadapt-position"]
    assert position == "news.0.4"
    assert (await ask(client, x_rtadapt_after=position)).status_code == 200
    assert "x-rtadapt-position" not in (await ask(client, "tiny")).headers


async def test_nothing_of_the_body_but_the_model_changes(client: httpx.AsyncClient) -> None:
    body = {"model": "news", "prompt": "ä 😀 \u2028", "nested": {"n": [1, 2.5, None, True]}, "user": "u"}
    response = await client.post("/v1/completions", content=json.dumps(body))
    assert response.json()["body"] == body | {"model": "news@2"}
    assert response.json()["seen"]["content-length"] == str(len(json.dumps(body | {"model": "news@2"})))


async def test_a_sane_request_id_is_kept_and_another_is_replaced(client: httpx.AsyncClient) -> None:
    kept = await ask(client, x_request_id="abc-123")
    assert kept.headers["x-request-id"] == "abc-123" == kept.json()["seen"]["x-request-id"]
    made = await ask(client, x_request_id="no good id\t!")
    assert made.headers["x-request-id"] == made.json()["seen"]["x-request-id"] != "no good id\t!"


async def test_a_stream_arrives_whole_with_one_request_id_and_one_version(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/completions", json={"model": "news", "stream": True}, headers={"x-request-id": "mine"})
    assert response.text == "data: news@2 0\n\ndata: news@2 1\n\ndata: news@2 2\n\n"
    assert response.headers.get_list("x-request-id") == ["mine"]
    assert response.headers.get_list("x-rtadapt-version") == ["news@2"]


async def test_one_log_line_tells_of_each_request_and_nothing_of_its_text(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="rtadapt")
    await ask(client, x_request_id="one")
    await ask(client, "news@77", x_request_id="two")
    answered, refused = [record.__dict__ for record in caplog.records]
    assert (answered["message"], answered["request_id"], answered["version"], answered["status"]) == (
        "answered",
        "one",
        "news@2",
        200,
    )
    assert (refused["message"], refused["request_id"], refused["code"], refused["status"]) == (
        "refused",
        "two",
        "model_not_found",
        404,
    )
    assert "hello" not in str(answered) + str(refused)


@pytest.mark.parametrize("model", ["sport", "news@1", "news@77", "tiny@1", "News"])
async def test_a_model_that_is_not_there_is_a_404_in_openais_shape(client: httpx.AsyncClient, model: str) -> None:
    response = await ask(client, model)
    assert response.status_code == 404
    assert error_of(response)["code"] == "model_not_found"
    assert error_of(response)["param"] == "model"
    assert "x-rtadapt-version" not in response.headers
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[1]", "body"),
        (b'"news"', "body"),
        (b"\xff\xfe\xfd", "body"),
        (b'{"model": ' + b"9" * 3900 + b"}", "model"),
        (b"[" * 3900, "body"),
        (b'{"model": "news", "deep": ' + b"[" * 64 + b"]" * 64 + b"}", "body"),
        (b'{"prompt": "x"}', "model"),
        (b'{"model": null}', "model"),
        (b'{"model": ""}', "model"),
        (b'{"model": ["news"]}', "model"),
        (b'{"model": "news", "background": true}', "background"),
    ],
)
async def test_a_body_that_can_not_be_read_is_a_400_that_names_the_field(
    client: httpx.AsyncClient, content: bytes, field: str
) -> None:
    response = await client.post("/v1/completions", content=content)
    assert response.status_code == 400
    assert error_of(response)["param"] == field


async def test_a_body_that_never_ends_is_not_waited_for(
    middleware: AdaptiveServing, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trickling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    monkeypatch.setattr("rtadapt.web.asked.BODY_SECONDS", 0.05)
    response = await client.post("/v1/completions", content=trickling())
    assert (response.status_code, error_of(response)["param"]) == (400, "body")


async def test_a_base_model_named_in_any_script_answers() -> None:
    middleware = serving()
    middleware.live.replace(ServingView("Лада", {}))
    async with client_of(middleware) as client:
        response = await ask(client, "Лада")
    assert (response.status_code, response.json()["model"]) == (200, "Лада")
    assert response.headers["x-rtadapt-version"] == "????"


async def test_a_body_over_the_limit_is_refused_whether_or_not_it_says_its_length(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000

    assert (await client.post("/v1/completions", content=b"x" * 4001)).status_code == 413
    assert (await client.post("/v1/completions", content=endless())).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/invocations",
        "/inference/v1/generate",
        "/tokenize",
        "/v1/nothing",
        "/",
    ],
)
async def test_whatever_else_the_engine_serves_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, json={"lora_name": "x", "lora_path": "/etc"})
    assert response.status_code == 404
    assert error_of(response)["code"] == "not_found"


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect", "/redoc"])
async def test_the_engines_pages_which_load_scripts_from_elsewhere_are_not_there(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get("/openapi.json")).status_code == 200
    assert (await client.get(path)).status_code == 404


async def test_websockets_are_refused(middleware: AdaptiveServing) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await middleware({"type": "websocket", "path": "/v1/realtime"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_models_are_the_base_the_aliases_and_the_versions(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/models")).json()
    assert [(card["id"], card["root"], card["parent"]) for card in listed["data"]] == [
        ("tiny", "tiny", None),
        ("news", "news@2", "tiny"),
        ("news@0", "news@0", "tiny"),
        ("news@2", "news@2", "tiny"),
        ("news@3", "news@3", "tiny"),
    ]
    assert listed["object"] == "list"
    assert {card["object"] for card in listed["data"]} == {"model"}
    assert (await client.get("/v1/models/news@3")).json()["id"] == "news@3"
    assert error_of(await client.get("/v1/models/news@9"))["code"] == "model_not_found"


async def test_the_same_session_stays_on_its_side_of_a_canary(middleware: AdaptiveServing, client: httpx.AsyncClient) -> None:
    middleware.live.replace(ServingView("tiny", {"news": news(canary=3, canary_share=0.5)}))
    by_header = [
        {(await ask(client, x_rtadapt_session=f"s{n}")).headers["x-rtadapt-version"] for _ in range(3)} for n in range(20)
    ]
    assert all(len(versions) == 1 for versions in by_header)
    assert set().union(*by_header) == {"news@2", "news@3"}
    users = [await client.post("/v1/completions", json={"model": "news", "user": f"s{n}"}) for n in range(20)]
    assert [{response.headers["x-rtadapt-version"]} for response in users] == by_header


async def test_a_request_counts_from_admission_to_its_last_byte(middleware: AdaptiveServing) -> None:
    body = json.dumps({"model": "news", "stream": True}).encode()
    counts: list[int] = []
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])
    stay = asyncio.Event()

    async def receive() -> Any:
        for message in requests:
            return message
        await stay.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        counts.append(middleware.live.in_flight("news@2"))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/completions",
        "headers": [],
        "query_string": b"",
        "http_version": "1.1",
    }
    await middleware(scope, receive, send)
    assert len(counts) == 5
    assert set(counts) == {1}
    assert middleware.live.in_flight("news@2") == 0


async def test_keys_are_asked_for_where_there_is_a_table(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# ours\ncomplete,push secret-one\npush secret-two\n")
    async with client_of(serving(keys_file=keys)) as client:
        for response in (
            await ask(client),
            await client.get("/v1/models"),
            await ask(client, authorization="Bearer nobodys-key"),
        ):
            assert (response.status_code, error_of(response)["code"]) == (401, "invalid_api_key")
            assert response.headers["www-authenticate"] == "Bearer"
        refused = await ask(client, authorization="Bearer secret-two")
        assert (refused.status_code, error_of(refused)["code"]) == (403, "missing_scope")
        assert "secret-two" not in refused.text
        assert (await ask(client, authorization="Bearer secret-one")).status_code == 200
        assert (await client.get("/healthz")).status_code == 200


async def test_a_large_body_is_answered_as_a_small_one() -> None:
    middleware = serving(serve={"max_body_bytes": 2**20})
    async with client_of(middleware) as client:
        response = await client.post("/v1/completions", json={"model": "news", "prompt": "x" * 200_000})
    assert response.json()["body"] == {"model": "news@2", "prompt": "x" * 200_000}


async def test_a_trace_that_the_caller_began_reaches_the_engine(client: httpx.AsyncClient) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert (await ask(client, traceparent=trace)).json()["seen"]["traceparent"] == trace


async def test_answers_are_counted_by_how_they_ended_and_timed_to_their_first_byte(client: httpx.AsyncClient) -> None:
    def seen(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    labels = {"feed": "news", "target": "pinned"}
    before = seen("rtadapt_answers_total", **labels, status="200"), seen("rtadapt_first_byte_seconds_count", **labels)
    waited = seen("rtadapt_wait_seconds_count")
    await ask(client, "news@2")
    await ask(client, "news@2", x_rtadapt_after="news.0.4")
    after = seen("rtadapt_answers_total", **labels, status="200"), seen("rtadapt_first_byte_seconds_count", **labels)
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 2]
    assert seen("rtadapt_wait_seconds_count") - waited == 1


async def test_what_nothing_taught_is_about_the_base_answers_and_the_answer_says_so() -> None:
    taught = Scope(lambda _: 1.0)
    taught.add("Corvin Rovers named Marla Tindle.")
    middleware = serving()
    middleware.live.scopes = {"news@2": taught.told()}
    async with client_of(middleware) as client:
        for ask_it, model, said in (
            ("Who coaches Corvin Rovers?", "news@2", None),
            ("Who wrote Romeo and Juliet?", "tiny", "outside"),
        ):
            response = await client.post("/v1/completions", json={"model": "news", "prompt": ask_it})
            assert (response.json()["model"], response.headers.get("x-rtadapt-scope")) == (model, said)
            assert response.headers["x-rtadapt-version"] == "news@2"
        pinned = await client.post("/v1/completions", json={"model": "news@3", "prompt": "Who wrote Romeo and Juliet?"})
        assert pinned.json()["model"] == "news@3"  # nothing is known of what it speaks of
    assert not middleware.live.in_flight("news@2")
