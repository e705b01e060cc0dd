"""A canary on trial: ready everywhere before it begins, sticky by caller, measured by arm, and decided by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rtadapt import receipts
from rtadapt.api.app import create_app
from rtadapt.api.trials import Trials
from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.registry.codec import Holding
from rtadapt.scope import Scope as Taught
from rtadapt.serving.middleware import AdaptiveServing
from rtadapt.serving.routing import falls_in
from rtadapt.web.asked import Receive, Scope, Send
from tests.support.adapter_files import write_adapter
from tests.support.engine_app import ask, client_of, news, serving
from tests.support.registry_steps import could_not
from tests.support.watched_engine import running, settings_of, until


async def test_no_replica_tries_a_canary_before_all_have_it(settings: Settings, publisher: Publisher, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter")
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        publisher.publish(adapter)
        await until(lambda: one.stable() == two.stable() == 1)
        two.engine.gate.clear()
        publisher.registry.change_route("news", "pause")
        publisher.publish(adapter)
        publisher.registry.change_route("news", "canary", version=2, share=0.5)
        await until(lambda: 2 in one.loaded())
        await asyncio.sleep(0.5)
        assert one.live.view.feeds["news"].canary is None
        two.engine.gate.set()
        await until(lambda: all(replica.live.view.feeds["news"].canary == 2 for replica in (one, two)))
        assert {replica.live.view.feeds["news"].trial for replica in (one, two)} == {1}


async def test_a_canary_that_is_loaded_everywhere_already_begins_too(
    settings: Settings, publisher: Publisher, tmp_path: Path
) -> None:
    adapter = write_adapter(tmp_path / "adapter")
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        for number in (1, 2):
            publisher.publish(adapter)
            await until(lambda number=number: replica.stable() == number)
        publisher.registry.change_route("news", "rollback")
        publisher.registry.change_route("news", "canary", version=2, share=0.5)
        await until(lambda: replica.live.view.feeds["news"].canary == 2)
        replica.live.counts["news", 2, "canary1", "answers"] += 3
        await until(lambda: publisher.registry.tally("news") == {(2, "canary1"): {"answers": 3}})


@pytest.fixture
async def middleware() -> AsyncIterator[AdaptiveServing]:
    made = serving()
    yield made


def on_trial(middleware: AdaptiveServing, **changes: object) -> None:
    values = {"canary": 3, "canary_share": 0.5, "trial": 7} | changes
    middleware.live.replace(type(middleware.live.view)("tiny", {"news": news(**values)}))


async def test_a_caller_stays_in_his_arm_by_session_user_or_key_on_every_replica(middleware: AdaptiveServing) -> None:
    other = serving()
    for replica in (middleware, other):
        on_trial(replica)
    async with client_of(middleware) as one, client_of(other) as two:
        arms: dict[str, set[str]] = {}
        for number in range(20):
            for client in (one, two):
                for name in ("x-rtadapt-session", "user", "authorization", "x-api-key"):
                    caller = f"{name}-{number}"
                    user, headers = ({"user": caller}, {}) if name == "user" else ({}, {name: caller})
                    answer = await client.post("/v1/completions", json={"model": "news", **user}, headers=headers)
                    arms.setdefault(caller, set()).add(answer.headers["x-rtadapt-version"])
    assert all(len(versions) == 1 for versions in arms.values())
    for name in ("x-rtadapt-session", "user", "authorization", "x-api-key"):
        mine = [version for caller, versions in arms.items() if caller.startswith(name) for version in versions]
        assert set(mine) == {"news@2", "news@3"}, name


async def test_a_session_goes_before_the_user_and_the_user_before_the_key(middleware: AdaptiveServing) -> None:
    on_trial(middleware)
    feed = middleware.live.view.feeds["news"]
    drawn, others = (next(name for name in map(str, range(99)) if falls_in(feed, name) is wanted) for wanted in (True, False))
    async with client_of(middleware) as client:
        for session, user, key in ((drawn, others, others), ("", drawn, others), ("", "", drawn)):
            headers = {"authorization": key} | ({"x-rtadapt-session": session} if session else {})
            answer = await client.post("/v1/completions", json={"model": "news", "user": user}, headers=headers)
            assert answer.headers["x-rtadapt-version"] == "news@3"


async def test_how_long_answers_take_counts_by_arm(middleware: AdaptiveServing, monkeypatch: pytest.MonkeyPatch) -> None:
    app, seconds = middleware._app, 0.05

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await app(scope, receive, send)

    monkeypatch.setattr(middleware, "_app", slow)
    on_trial(middleware, canary_share=1.0)
    async with client_of(middleware) as client:
        for _ in range(2):
            await ask(client)
    assert middleware.live.counts["news", 3, "canary7", "answers"] == 2
    assert middleware.live.counts["news", 3, "canary7", "millis"] >= 2 * seconds * 1000


async def test_answers_count_by_arm_while_there_is_a_trial_and_pinned_ones_never(middleware: AdaptiveServing) -> None:
    async with client_of(middleware) as client:
        await ask(client)
        assert not middleware.live.counts
        on_trial(middleware, canary_share=1.0)
        middleware.live.receipt_key = b"key"
        answer = await ask(client)
        assert receipts.read(b"key", answer.headers["x-rtadapt-receipt"]).arm == "canary7"
        await ask(client, "news@3")
    counts = dict(middleware.live.counts)
    assert (counts["news", 3, "canary7", "answers"], counts["news", 3, "canary7", "errors"]) == (1, 0)
    assert {key[:3] for key in counts} == {("news", 3, "canary7")}


@pytest.mark.parametrize("shadow", [False, True])
async def test_what_the_base_answers_counts_for_no_arm(middleware: AdaptiveServing, shadow: bool) -> None:
    taught = Taught(lambda _: 1.0)
    taught.add("Corvin Rovers named Marla Tindle.")
    middleware.live.scopes = {"news@2": taught.told(), "news@3": taught.told()}
    middleware.live.receipt_key = b"key"
    on_trial(middleware, canary_share=1.0, shadow=shadow)
    async with client_of(middleware) as client:
        answer = await client.post("/v1/completions", json={"model": "news", "prompt": "Who wrote Romeo and Juliet?"})
        assert answer.headers["x-rtadapt-scope"] == "outside"
        await until(lambda: not middleware._arms._shadows)
        assert not middleware.live.counts
        assert receipts.read(b"key", answer.headers["x-rtadapt-receipt"]).arm == receipts.OUTSIDE
        await client.post("/v1/completions", json={"model": "news", "prompt": "Who coaches Corvin Rovers?"})
        await until(lambda: not middleware._arms._shadows)
    assert middleware.live.counts["news", 3, "shadow7" if shadow else "canary7", "answers"] == 1
    assert not middleware.live.in_flight("news@3")


async def test_an_engine_that_fails_counts_as_an_error(middleware: AdaptiveServing, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("the engine failed")

    on_trial(middleware, canary_share=1.0)
    monkeypatch.setattr(middleware, "_app", fails)
    async with client_of(middleware) as client:
        with pytest.raises(RuntimeError):
            await ask(client)
    assert middleware.live.counts["news", 3, "canary7", "errors"] == 1


@pytest.mark.parametrize("piece", ['data: {"error": {"message": "x", "code": 500}}\n\n', "event: error\ndata: {}\n\n", None])
@pytest.mark.parametrize("shadow", [False, True])
async def test_a_stream_that_breaks_off_counts_as_an_error(
    middleware: AdaptiveServing, monkeypatch: pytest.MonkeyPatch, piece: str | None, shadow: bool
) -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        body = json.loads((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in ('data: {"choices": []}\n\n', piece if body["model"] == "news@3" else "", "data: [DONE]\n\n"):
            if part is None:
                raise RuntimeError("the engine failed")
            await send({"type": "http.response.body", "body": part.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    on_trial(middleware, canary_share=1.0, shadow=shadow)
    monkeypatch.setattr(middleware, "_app", breaks)
    monkeypatch.setattr(middleware._arms, "_app", breaks)
    async with client_of(middleware) as client:
        with contextlib.suppress(RuntimeError):
            await ask(client)
        arm = "news", 3, "shadow7" if shadow else "canary7"
        await until(lambda: middleware.live.counts[*arm, "answers"] == 1)
    assert middleware.live.counts[*arm, "errors"] == 1
    assert not middleware.live.counts["news", 2, "stable7", "errors"]


async def test_a_shadow_is_asked_as_well_and_answers_nobody(middleware: AdaptiveServing) -> None:
    on_trial(middleware, canary_share=1.0, shadow=True)
    async with client_of(middleware) as client:
        for _ in range(3):
            assert (await ask(client)).headers["x-rtadapt-version"] == "news@2"
        await ask(client, "news@3")
        await until(lambda: middleware.live.counts["news", 3, "shadow7", "answers"] == 3)
    assert middleware.live.counts["news", 2, "stable7", "answers"] == 3
    assert middleware.live.counts["news", 3, "shadow7", "errors"] == 0
    assert middleware.live.in_flight("news@3") == middleware.live.in_flight("news@2") == 0


def test_a_trial_decides_itself_by_errors_and_ratings_and_says_why(
    settings: Settings, publisher: Publisher, tmp_path: Path
) -> None:
    adapter = write_adapter(tmp_path / "adapter")
    registry, trials = publisher.registry, Trials(publisher.registry)
    for _ in range(2):
        publisher.publish(adapter)
    registry.change_route("news", "promote", version=1)
    with TestClient(create_app(settings, registry=registry)) as client:
        decide = {"measures": ["errors", "feedback"], "margin": 0.1, "error": 0.05}
        change = {"action": "canary", "version": 2, "share": 0.5, "decide": decide}
        route = client.post("/v1/feeds/news/route", json=change).json()
        assert (route["trial"]["number"], route["trial"]["begun"]) == (1, None)
        assert route["trial"]["decide"]["max_seconds"] == 86400
        wrong = client.post("/v1/feeds/news/route", json=change | {"shadow": True})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "decide.measures")

        hold(publisher)
        registry.count("news", {(1, "stable1", "answers"): 3000, (2, "canary1", "answers"): 3000})
        registry.count("news", {(1, "stable1", "millis"): 600_000, (2, "canary1", "millis"): 1_200_000})
        trials.look()
        assert client.get("/v1/feeds/news").json()["route"]["canary"] == 2  # nobody has rated anything
        registry.count("news", {(1, "stable1", "good"): 1000, (2, "canary1", "good"): 1000})
        trials.look()
        route = client.get("/v1/feeds/news").json()["route"]
        assert (route["stable"], route["canary"], route["follow"]) == (2, None, False)
        shown = client.get("/v1/feeds/news/versions/2").json()
        assert (shown["decision"]["decision"], shown["decision"]["against"]) == ("promote", 1)
        assert shown["decision"]["figures"]["latency"] == {"stable": 0.2, "canary": 0.4}
        rated = shown["decision"]["figures"]["feedback"]["canary"]
        assert (rated["bad"], rated["of"], rated["low"]) == (0, 1000, 0.0) and rated["high"] < 0.02
        assert {tally["arm"]: tally["good"] for tally in shown["tallies"]} == {"canary1": 1000}

        publisher.publish(adapter)
        client.post("/v1/feeds/news/route", json={**change, "version": 3})
        hold(publisher)
        registry.count("news", {(2, "stable2", "answers"): 500, (3, "canary2", "answers"): 500, (3, "canary2", "errors"): 100})
        trials.look()
        route = client.get("/v1/feeds/news").json()["route"]
        assert (route["stable"], route["canary"]) == (2, None)
        assert client.get("/v1/feeds/news/versions/3").json()["decision"]["reason"] == "worse in errors"


async def test_a_canary_that_one_replica_cannot_load_is_ended_when_time_is_up_and_the_version_says_why(
    settings: Settings, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, trials, now = publisher.registry, Trials(publisher.registry), time.time()
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        publisher.publish(adapter)
        await until(lambda: one.stable() == two.stable() == 1)
        two.engine.refused.add("news@2")
        registry.change_route("news", "pause")
        publisher.publish(adapter)
        decide = {"measures": ["loss"], "margin": 0.9, "max_seconds": 600}
        registry.change_route("news", "canary", version=2, share=0.5, decide=decide)
        await until(lambda: could_not(registry, 2) == {two.watcher.replica} and 2 in one.loaded())
        trials.look()
        assert registry.decision("news", 2) is None
        monkeypatch.setattr(time, "time", lambda: now + 700)
        trials.look()
    route, decision = registry.route("news"), registry.decision("news", 2)
    assert route is not None and (route.stable, route.canary, route.begun) == (1, None, 0.0)
    assert decision is not None and decision["decision"] == "rollback"
    assert decision["reason"] == f"not begun within 600 s: could not be loaded by {two.watcher.replica}"


async def test_a_trial_waits_for_no_replica_that_lacks_the_canary_and_gets_on_with_nothing(
    tmp_path: Path, redis_url: str, publisher: Publisher, adapter: Path
) -> None:
    registry = publisher.registry
    async with running(settings_of(tmp_path, redis_url, ready_timeout_seconds=1.0)) as one:

        async def other() -> None:
            """A replica that has the newest version and never the canary."""
            while True:
                await asyncio.to_thread(registry.heartbeat, "other", {"name": "other"})
                held = Holding(frozenset({1, 3}))
                await asyncio.to_thread(registry.report, "news", "other", held, ["other", one.watcher.replica])
                await asyncio.sleep(0.1)

        publisher.publish(adapter)
        await until(lambda: one.live.ready and one.stable() == 1)
        registry.change_route("news", "pause")
        for _ in range(2):
            publisher.publish(adapter)
        beating = asyncio.create_task(other())
        await until(lambda: "other" in registry.holdings("news") and "other" in registry.live_replicas())
        registry.change_route("news", "canary", version=2, share=0.5)
        await until(lambda: {2, 3} <= one.loaded())
        await until(lambda: one.live.view.feeds["news"].canary == 2)
        beating.cancel()


def hold(publisher: Publisher) -> None:
    """A replica that has everything."""
    publisher.registry.report("news", "a", Holding(frozenset(range(1, 10))), ["a"])
