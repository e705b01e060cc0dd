"""The middleware's own life: when it is ready, and a follower that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from rtadapt.config import Settings
from rtadapt.serving.engine import Engine
from rtadapt.serving.live import Live
from rtadapt.serving.middleware import AdaptiveServing
from tests.support.engine_app import client_of, engine_app


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
