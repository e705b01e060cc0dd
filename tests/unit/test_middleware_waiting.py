"""The middleware when a request must not be answered before an event is learned: who waits, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rtadapt.records import Head
from rtadapt.serving.demand import Demand
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import FeedView, ServingView
from tests.support.engine_app import ask, client_of, error_of, news, serving, settled, waiting


@pytest.fixture
def middleware() -> AdaptiveServing:
    return serving()


@pytest.fixture
async def client(middleware: AdaptiveServing) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(middleware) as opened:
        yield opened


async def test_waiting_ends_when_the_route_covers_the_event(middleware: AdaptiveServing, client: httpx.AsyncClient) -> None:
    asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.7"))
    await waiting(middleware)
    middleware.live.replace(ServingView("tiny", {"news": news(2, canary=None)}))  # a change that does not help
    await waiting(middleware)
    middleware.live.replace(ServingView("tiny", {"news": news(3)}))
    assert (await asking).headers["x-rtadapt-version"] == "news@3"


async def test_a_rollback_while_the_wait_ends_gives_no_answer_that_has_not_learned_the_event() -> None:
    for turns in range(8):  # of the event loop, between the version that covers the event and the one that does not
        middleware = serving()
        async with client_of(middleware) as client:
            asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.7"))
            await waiting(middleware)
            middleware.live.replace(ServingView("tiny", {"news": news(3)}))
            for _ in range(turns):
                await asyncio.sleep(0)
            middleware.live.replace(ServingView("tiny", {"news": news()}))
            await settled()
            middleware.live.stop("this replica is stopping")  # else who still waits would do so for long
            response = await asking
        assert response.status_code == 503 or response.headers["x-rtadapt-version"] == "news@3"


async def test_waiting_ends_when_the_event_was_decided_without_a_version(
    middleware: AdaptiveServing, client: httpx.AsyncClient
) -> None:
    middleware.live.replace(ServingView("tiny", {"news": news(3)}))
    asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.9"))
    await waiting(middleware)
    middleware.live.replace(ServingView("tiny", {"news": news(3, head=Head("news", 3, {0: 10}, 1))}))
    assert (await asking).status_code == 200


async def test_a_feed_that_this_replica_has_not_heard_of_can_be_waited_for(
    middleware: AdaptiveServing, client: httpx.AsyncClient
) -> None:
    asking = asyncio.create_task(ask(client, "sport", x_rtadapt_after="sport.2.0"))
    await waiting(middleware)
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
    await waiting(middleware)
    middleware.live.stop("this replica is stopping")
    assert ((await asking).status_code, error_of(await asking)["code"]) == (503, "unavailable")
    assert (await ask(client)).status_code == 200  # who need not wait is answered to the end


async def test_no_more_than_the_limit_wait(middleware: AdaptiveServing, client: httpx.AsyncClient) -> None:
    those = [asyncio.create_task(ask(client, x_rtadapt_after="news.0.7")) for _ in range(2)]
    await waiting(middleware, 2)
    refused = await ask(client, x_rtadapt_after="news.0.7")
    assert (refused.status_code, error_of(refused)["code"]) == (503, "unavailable")
    middleware.live.replace(ServingView("tiny", {"news": news(3)}))
    assert {(await asking).status_code for asking in those} == {200}
    middleware.live.replace(ServingView("tiny", {"news": news()}))
    assert error_of(await ask(client, x_rtadapt_after="news.0.7", x_rtadapt_wait="0"))["code"] == "not_covered"


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


@contextlib.asynccontextmanager
async def leaving(middleware: AdaptiveServing, **headers: str) -> AsyncIterator[None]:
    """A request that waits while the block lasts; then its client leaves, and nothing of it stays."""
    left = asyncio.Event()
    requests = iter([{"type": "http.request", "body": b'{"model": "news"}', "more_body": False}])

    async def receive() -> Any:
        for message in requests:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to answer")

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/completions", "headers": named, "query_string": b""}
    asking = asyncio.create_task(middleware(scope, receive, send))
    await settled()
    yield
    left.set()
    await asking
    assert middleware.live.in_flight("news@2") == 0
    assert not middleware.live.asked


async def test_a_client_that_leaves_while_it_waits_is_let_go(middleware: AdaptiveServing) -> None:
    async with leaving(middleware, x_rtadapt_after="news.0.7"):
        await waiting(middleware)
    await waiting(middleware, 0)


async def test_a_client_that_leaves_while_its_feed_is_brought_keeps_no_place_and_no_feed(middleware: AdaptiveServing) -> None:
    demand = bringing(middleware)
    async with leaving(middleware):
        assert demand.has("news")
    assert not demand.has("news")


def bringing(middleware: AdaptiveServing, limit: int = 4) -> Demand:
    """The feed is not loaded here, and whoever asks for it has it brought."""
    demand = Demand(limit, 60.0)
    middleware.live.replace(ServingView("tiny", {"news": news(away=2)}))
    middleware.live.bring = demand.wait
    return demand


async def test_one_key_can_not_take_all_places_of_those_whose_feed_is_brought(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("complete key-of-one id=one\ncomplete key-of-two id=two\n")
    middleware = serving(keys_file=tmp_path / "keys")
    demand = bringing(middleware)
    async with client_of(middleware) as client:

        def asks(key: str) -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(ask(client, authorization=f"Bearer {key}"))

        first = asks("key-of-one")
        await settled()
        refused = await asks("key-of-one")
        assert (refused.status_code, refused.headers["retry-after"], error_of(refused)["param"]) == (429, "1", "model")
        second = asks("key-of-two")
        await settled()
        middleware.live.replace(ServingView("tiny", {"news": news()}))
        demand.settle("news")
        assert [(await task).status_code for task in (first, second)] == [200, 200]


async def test_no_more_than_the_limit_wait_for_feeds_that_are_brought(middleware: AdaptiveServing) -> None:
    demand = bringing(middleware, 1)
    async with client_of(middleware) as client:
        first = asyncio.create_task(ask(client))
        await settled()
        refused = await ask(client)
        assert (refused.status_code, error_of(refused)["code"]) == (503, "unavailable")
        middleware.live.replace(ServingView("tiny", {"news": news()}))
        demand.settle("news")
        assert (await first).status_code == 200


@pytest.mark.parametrize("stays", [{"follows": False}, {"follows": False, "canary": 3, "canary_share": 1.0}])
async def test_a_token_that_an_alias_will_not_reach_by_itself_is_answered_at_once(
    middleware: AdaptiveServing, client: httpx.AsyncClient, stays: dict[str, Any]
) -> None:
    middleware.live.replace(ServingView("tiny", {"news": news(2, **stays)}))
    response = await ask(client, x_rtadapt_after="news.0.11", x_rtadapt_wait="600")
    assert (response.status_code, error_of(response)["param"]) == (409, "x-rtadapt-after")
    assert (await ask(client, x_rtadapt_after="news.0.4")).status_code == 200


async def test_a_rollback_ends_the_wait_for_what_was_rolled_back(middleware: AdaptiveServing, client: httpx.AsyncClient) -> None:
    asking = asyncio.create_task(ask(client, x_rtadapt_after="news.0.7"))
    await waiting(middleware)
    middleware.live.replace(ServingView("tiny", {"news": news(2, follows=False)}))
    assert (await asking).status_code == 409


async def test_a_feed_that_there_is_not_is_waited_for_only_until_the_registry_was_looked_at() -> None:
    middleware = serving(serve={"poll_seconds": 0.1})
    async with client_of(middleware) as client:
        response = await ask(client, "zzz", x_rtadapt_after="zzz.0.0")
        assert (response.status_code, error_of(response)["code"]) == (404, "model_not_found")
        middleware.live.replace(ServingView("tiny", {}, complete=False))
        assert (await ask(client, "zzz", x_rtadapt_after="zzz.0.0")).status_code == 503


async def test_those_who_wait_for_feeds_that_there_are_not_leave_room_for_the_others(
    middleware: AdaptiveServing, client: httpx.AsyncClient
) -> None:
    nonsense = asyncio.create_task(ask(client, "zzz", x_rtadapt_after="zzz.0.0"))
    await waiting(middleware)
    refused = await ask(client, "zzz", x_rtadapt_after="zzz.0.0")
    assert (refused.status_code, error_of(refused)["code"]) == (503, "unavailable")
    other = await ask(client, x_rtadapt_after="news.0.7", x_rtadapt_wait="0.05")
    assert error_of(other)["code"] == "not_covered"
    middleware.live.stop("this replica is stopping")
    assert (await nonsense).status_code == 503


async def test_one_key_can_not_fill_the_waiting_room(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("complete key-of-one id=one\ncomplete key-of-two id=two\n")
    middleware = serving(serve={"max_waiting": 4}, keys_file=tmp_path / "keys")
    async with client_of(middleware) as client:

        def waits(key: str) -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(ask(client, x_rtadapt_after="news.0.7", authorization=f"Bearer {key}"))

        first = waits("key-of-one")
        await waiting(middleware)
        refused = await waits("key-of-one")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        second = waits("key-of-two")
        await waiting(middleware, 2)
        middleware.live.replace(ServingView("tiny", {"news": news(3)}))
        assert [(await task).status_code for task in (first, second)] == [200, 200]


async def test_what_waits_is_bounded_by_its_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtadapt.serving.seats._MOST_BYTES", 2000)
    middleware = serving()
    async with client_of(middleware) as client:

        def waits(size: int) -> asyncio.Task[httpx.Response]:
            body = {"model": "news", "prompt": "x" * size}
            return asyncio.create_task(client.post("/v1/completions", json=body, headers={"x-rtadapt-after": "news.0.7"}))

        first = waits(3000)  # one alone always may
        await waiting(middleware)
        assert (await waits(100)).status_code == 503
        middleware.live.replace(ServingView("tiny", {"news": news(3)}))
        assert (await first).status_code == 200
        assert (await waits(100)).status_code == 200


async def test_the_position_of_the_last_answer_never_leads_back_to_an_older_version_elsewhere() -> None:
    """One replica has flipped and another has not heard of it yet: who gives the position back waits there."""
    ahead, behind = serving(), serving()
    positions = {2: {0: 5, 7: 2}, 3: {0: 8, 7: 2}}
    head = Head("news", 3, {0: 8, 7: 2}, 1)
    views = {number: news(number, head=head, loaded={0: {}, **positions}) for number in (2, 3)}
    ahead.live.replace(ServingView("tiny", {"news": views[3]}))
    behind.live.replace(ServingView("tiny", {"news": views[2]}))
    async with client_of(ahead) as one, client_of(behind) as two:
        position = (await ask(one)).headers["x-rtadapt-position"]
        assert position == "news.0.7,news.7.1"
        waits = asyncio.create_task(ask(two, x_rtadapt_after=position))
        await waiting(behind)
        behind.live.replace(ServingView("tiny", {"news": views[3]}))
        assert (await waits).headers["x-rtadapt-version"] == "news@3"
        for wrong in (f"{position},sport.0.1", f"{position},", ",".join([position] * 40)):
            assert (await ask(one, x_rtadapt_after=wrong)).status_code == 400
