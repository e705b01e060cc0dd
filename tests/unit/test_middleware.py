"""The middleware around a small app that answers the way vLLM's does: by engine name, streamed or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from rtadapt.config import Settings
from rtadapt.records import Head
from rtadapt.serving.engine import Engine
from rtadapt.serving.live import Live
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import FeedView, ServingView


async def answer(request: Request) -> Response:
    body = await request.json()
    seen = {name: request.headers.get(name) for name in ("x-request-id", "content-length", "authorization")}
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
    posts = ("/v1/completions", "/v1/chat/completions", "/v1/responses")
    closed = ("/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/invocations", "/inference/v1/generate", "/tokenize")
    return Starlette(
        routes=[
            *(Route(path, answer, methods=["POST"]) for path in posts),
            *(Route(path, forbidden, methods=["POST"]) for path in closed),
            Route("/health", healthy),
            Route("/metrics", healthy),
        ]
    )


def news(stable: int | None = 2, **changes: Any) -> FeedView:
    values = {"head": Head("news", 3, {0: 9}, 1), "loaded": {0: {}, 2: {0: 5}, 3: {0: 8}}} | changes
    return FeedView("news", stable, **values)


def serving(**changes: Any) -> AdaptiveServing:
    settings = Settings(serve={"model_name": "tiny", "max_body_bytes": 4000, "wait_seconds": 5, "max_waiting": 2}, **changes)
    middleware = AdaptiveServing(engine_app(), settings)
    middleware.live.replace(ServingView("tiny", {"news": news()}))
    return middleware


@pytest.fixture
def middleware() -> AdaptiveServing:
    return serving()


def client_of(middleware: AdaptiveServing) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(middleware), base_url="http://replica")


@pytest.fixture
async def client(middleware: AdaptiveServing) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(middleware) as opened:
        yield opened


async def ask(client: httpx.AsyncClient, model: Any = "news", path: str = "/v1/completions", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(path, json={"model": model, "prompt": "hello"}, headers=named)


def error_of(response: httpx.Response) -> dict[str, Any]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return dict(error)


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

    monkeypatch.setattr("rtadapt.serving.http._BODY_SECONDS", 0.05)
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


async def test_waiting_ends_when_the_route_covers_the_event(middleware: AdaptiveServing, client: httpx.AsyncClient) -> None:
    asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.7"))
    await asyncio.sleep(0.05)
    assert not asking.done()
    middleware.live.replace(ServingView("tiny", {"news": news(2, canary=None)}))  # a change that does not help
    await asyncio.sleep(0.05)
    assert not asking.done()
    middleware.live.replace(ServingView("tiny", {"news": news(3)}))
    assert (await asking).headers["x-rtadapt-version"] == "news@3"


async def test_a_rollback_while_the_wait_ends_gives_no_answer_that_has_not_learned_the_event(middleware: AdaptiveServing) -> None:
    for turns in range(8):  # of the event loop, between the version that covers the event and the one that does not
        middleware.live.replace(ServingView("tiny", {"news": news()}))
        async with client_of(middleware) as client:
            asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.7", x_rtadapt_wait="0.1"))
            await asyncio.sleep(0.02)
            middleware.live.replace(ServingView("tiny", {"news": news(3)}))
            for _ in range(turns):
                await asyncio.sleep(0)
            middleware.live.replace(ServingView("tiny", {"news": news()}))
            response = await asking
        assert response.status_code == 503 or response.headers["x-rtadapt-version"] == "news@3"


async def test_waiting_ends_when_the_event_was_decided_without_a_version(
    middleware: AdaptiveServing, client: httpx.AsyncClient
) -> None:
    middleware.live.replace(ServingView("tiny", {"news": news(3)}))
    asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.9"))
    await asyncio.sleep(0.05)
    middleware.live.replace(ServingView("tiny", {"news": news(3, head=Head("news", 3, {0: 10}, 1))}))
    assert (await asking).status_code == 200


async def test_a_feed_that_this_replica_has_not_heard_of_can_be_waited_for(
    middleware: AdaptiveServing, client: httpx.AsyncClient
) -> None:
    asking = asyncio.create_task(ask(client, "sport", x_rtadapt_after="sport.2.0"))
    await asyncio.sleep(0.05)
    sport = FeedView("sport", 1, head=Head("sport", 1, {2: 1}, 1), loaded={0: {}, 1: {2: 1}})
    middleware.live.replace(ServingView("tiny", {"news": news(), "sport": sport}))
    assert (await asking).headers["x-rtadapt-version"] == "sport@1"


async def test_waiting_ends_in_a_503_that_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    response = await ask(client, x_rtadapt_after="news.0.7", x_rtadapt_wait="0.05")
    assert response.status_code == 503
    assert error_of(response) | {"message": ""} == {
        "message": "",
        "type": "server_error",
        "param": "x-rtadapt-after",
        "code": "not_covered",
    }
    assert response.headers["retry-after"] == "1"


async def test_nobody_waits_for_a_replica_that_ends(middleware: AdaptiveServing, client: httpx.AsyncClient) -> None:
    asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.7"))
    await asyncio.sleep(0.05)
    middleware.live.stop("this replica is stopping")
    assert ((await asking).status_code, error_of(await asking)["code"]) == (503, "unavailable")
    assert (await ask(client)).status_code == 200  # who need not wait is answered to the end


async def test_no_more_than_the_limit_wait(client: httpx.AsyncClient) -> None:
    waiting = [asyncio.create_task(ask(client, x_rtadapt_after="news.0.7", x_rtadapt_wait="0.5")) for _ in range(2)]
    await asyncio.sleep(0.1)
    refused = await ask(client, x_rtadapt_after="news.0.7")
    assert (refused.status_code, error_of(refused)["code"]) == (503, "unavailable")
    assert {(await asking).status_code for asking in waiting} == {503}
    assert (await ask(client, x_rtadapt_after="news.0.7", x_rtadapt_wait="0")).status_code == 503


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"x_rtadapt_after": "nonsense"}, "x-rtadapt-after"),
        ({"x_rtadapt_after": ""}, "x-rtadapt-after"),
        ({"x_rtadapt_after": "sport.0.1"}, "x-rtadapt-after"),
        ({"x_rtadapt_after": "news.0.-1"}, "x-rtadapt-after"),
        ({"x_rtadapt_after": "news.0.1", "x_rtadapt_wait": "soon"}, "x-rtadapt-wait"),
        ({"x_rtadapt_after": "news.0.1", "x_rtadapt_wait": "-1"}, "x-rtadapt-wait"),
        ({"x_rtadapt_after": "news.0.1", "x_rtadapt_wait": "nan"}, "x-rtadapt-wait"),
    ],
)
async def test_a_header_that_can_not_be_read_is_a_400_that_names_it(
    client: httpx.AsyncClient, headers: dict[str, str], field: str
) -> None:
    response = await ask(client, **headers)
    assert (response.status_code, error_of(response)["param"]) == (400, field)


async def test_a_pinned_version_that_never_learned_the_event_is_a_409_at_once(client: httpx.AsyncClient) -> None:
    response = await ask(client, "news@2", x_rtadapt_after="news.0.7")
    assert (response.status_code, error_of(response)["param"]) == (409, "x-rtadapt-after")


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
        counts.append(middleware.live.in_flight("news", 2))

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
    assert middleware.live.in_flight("news", 2) == 0


async def test_a_client_that_leaves_while_it_waits_is_let_go(middleware: AdaptiveServing) -> None:
    left = asyncio.Event()
    requests = iter([{"type": "http.request", "body": b'{"model": "news"}', "more_body": False}])

    async def receive() -> Any:
        for message in requests:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to answer")

    headers = [(b"x-rtadapt-after", b"news.0.7")]
    scope = {"type": "http", "method": "POST", "path": "/v1/completions", "headers": headers, "query_string": b""}
    asking = asyncio.create_task(middleware(scope, receive, send))
    await asyncio.sleep(0.05)
    left.set()
    await asking
    assert middleware.live.in_flight("news", 2) == 0


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


async def until_ready(client: httpx.AsyncClient) -> None:
    for _ in range(500):
        if (await client.get("/readyz")).status_code == 200:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never became ready")


class Following:
    """A follower that a test can look into."""

    def __init__(self, live: Live, failures: int = 0) -> None:
        self.live = live
        self.failures = failures
        self.runs = 0
        self.closed = False

    async def run(self) -> None:
        self.runs += 1
        if self.failures >= self.runs:
            raise ValueError("nobody foresaw this")
        self.live.ready, self.live.missing = True, ""
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed = True


async def lived(failures: int, during: Callable[[httpx.AsyncClient, Following], Any]) -> Following:
    """Run the server's life around `during`."""
    made: list[Following] = []

    def make(_: Settings, live: Live, __: Engine) -> Following:
        made.append(Following(live, failures))
        return made[0]

    middleware = AdaptiveServing(engine_app(), Settings(serve={"model_name": "tiny", "poll_seconds": 0.01}), make)
    started, ending = asyncio.Event(), asyncio.Event()
    steps = iter(["lifespan.startup"])

    async def receive() -> Any:
        for step in steps:
            return {"type": step}
        await ending.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            started.set()

    life = asyncio.create_task(middleware({"type": "lifespan", "app": None, "state": {}}, receive, send))
    await started.wait()
    async with client_of(middleware) as client:
        await during(client, made[0])
    ending.set()
    await life
    return made[0]


async def test_ready_means_that_the_follower_has_loaded_and_the_engine_is_healthy() -> None:
    async def during(client: httpx.AsyncClient, follower: Following) -> None:
        await until_ready(client)
        follower.live.ready, follower.live.missing = False, "not loaded yet: news@3"
        response = await client.get("/readyz")
        assert (response.status_code, response.json()) == (503, {"ready": False, "missing": "not loaded yet: news@3"})

    assert (await lived(0, during)).closed


async def test_a_follower_that_fails_is_started_again() -> None:
    async def during(client: httpx.AsyncClient, _: Following) -> None:
        await until_ready(client)

    follower = await lived(2, during)
    assert (follower.runs, follower.closed) == (3, True)
