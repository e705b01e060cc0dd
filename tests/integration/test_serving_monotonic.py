"""A caller never goes back a version, on whatever replica it is answered, and without remembering anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import Unavailable
from rtadapt.serving.routing import ServingView, resolve
from tests.support.engine_app import ask, client_of, news, serving
from tests.support.watched_engine import Replica, running, until

VERSIONS = 8


def hears_late(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this replica's follower comes to news a while after everybody else's."""
    follower = replica.watcher._follower
    news = follower._news

    async def late() -> frozenset[str] | None:
        heard = await news()
        await asyncio.sleep(0.3)
        return heard

    monkeypatch.setattr(follower, "_news", late)


async def answered(replica: Replica, caller: str = "somebody") -> int:
    """The version that the replica answers a request from that comes now."""
    await replica.live.be_sure("news")
    return resolve(replica.live.view, "news", caller).number


async def test_a_caller_never_goes_back_though_one_replica_hears_of_flips_later(
    settings: Settings, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready and one.stable() == two.stable() == 0)
        hears_late(two, monkeypatch)
        seen, late = [0], 0
        for _ in range(VERSIONS):
            number = publisher.publish(adapter).number
            while seen[-1] < number:
                for replica in (one, two):
                    late += (replica.stable() or 0) < seen[-1]
                    seen.append(await answered(replica))
                await asyncio.sleep(0.005)
        assert seen == sorted(seen)
        assert late, "both replicas heard of every flip at once: nothing was tried"


async def test_a_canary_that_began_elsewhere_is_answered_from_here_too(
    settings: Settings, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as one, running(settings) as two:
        publisher.publish(adapter)
        await until(lambda: one.stable() == two.stable() == 1)
        publisher.registry.change_route("news", "pause")
        publisher.publish(adapter)
        await until(lambda: 2 in one.loaded() & two.loaded())
        hears_late(two, monkeypatch)
        publisher.registry.change_route("news", "canary", version=2, share=1.0)
        await until(lambda: one.live.view.feeds["news"].canary == 2)
        assert await answered(one) == await answered(two) == 2


async def test_a_caller_never_goes_back_when_a_trial_promotes_its_canary(
    settings: Settings, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = publisher.registry
    async with running(settings) as one, running(settings) as two:
        publisher.publish(adapter)
        await until(lambda: one.stable() == two.stable() == 1)
        registry.change_route("news", "pause")
        publisher.publish(adapter)
        await until(lambda: 2 in one.loaded() & two.loaded())
        registry.change_route("news", "canary", version=2, share=1e-9, decide={"measures": ["errors"]})
        await until(lambda: all(replica.live.view.feeds["news"].canary == 2 for replica in (one, two)))
        monkeypatch.setattr(two.watcher._follower, "_news", asyncio.Event().wait)  # it hears nothing any more
        await asyncio.sleep(settings.serve.poll_seconds * 2)  # what it was waiting for when that began is over
        assert registry.decide("news", 1, True, {"decision": "promote"}) is not None
        await until(lambda: one.stable() == 2)
        assert two.stable() == 1
        assert await answered(one) == await answered(two) == 2
        await until(lambda: not one.live.view.feeds["news"].pending)


async def test_requests_that_come_together_share_a_look_and_none_takes_one_where_nothing_is_pending(
    settings: Settings, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as one:
        await until(lambda: one.live.ready and one.stable() == 0)
        publisher.publish(adapter)
        await until(lambda: one.stable() == 1)
        looks: list[frozenset[str] | None] = []
        read = one.watcher._follower._read_and_take

        async def counted(changed: frozenset[str] | None, thread: object) -> None:
            looks.append(changed)
            await asyncio.sleep(0.05)
            await read(changed, thread)  # type: ignore[arg-type]

        monkeypatch.setattr(one.watcher._follower, "_read_and_take", counted)
        assert not one.live.view.feeds["news"].pending
        await asyncio.gather(*(answered(one) for _ in range(50)))
        assert looks.count(frozenset({"news"})) == 0
        await asyncio.gather(*(one.watcher._follower.look("news") for _ in range(50)))
        assert looks.count(frozenset({"news"})) == 1


async def test_a_registry_that_does_not_answer_keeps_nobody_waiting_for_a_look(
    settings: Settings, publisher: Publisher, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as one:
        publisher.publish(adapter)
        await until(lambda: one.live.ready and one.stable() == 1)
        asked = 0

        async def away(changed: frozenset[str] | None, thread: object) -> None:
            nonlocal asked
            asked += 1
            raise Unavailable("away")

        follower = one.watcher._follower
        monkeypatch.setattr(follower, "_poll_seconds", 60.0)
        monkeypatch.setattr(follower, "_read_and_take", away)
        for _ in range(3):
            await follower.look("news")
        assert asked == 1
        hung = asyncio.Event()

        async def hang(changed: frozenset[str] | None, thread: object) -> None:
            await hung.wait()

        monkeypatch.setattr(follower, "_read_and_take", hang)
        monkeypatch.setattr(follower, "_blind_until", 0.0)
        await follower.look("news")
        assert follower._blind_until > 0
        await follower.look("news")
        hung.set()


async def test_the_middleware_is_sure_before_it_chooses_a_version() -> None:
    middleware = serving()
    middleware.live.replace(ServingView("tiny", {"news": news(stable=2, pending=True)}))

    async def look(feed: str) -> None:
        middleware.live.replace(ServingView("tiny", {feed: news(stable=3)}))

    middleware.live.look = look
    async with client_of(middleware) as client:
        assert (await ask(client, "news@2")).headers["x-rtadapt-version"] == "news@2"
        assert middleware.live.view.feeds["news"].stable == 2
        assert (await ask(client)).headers["x-rtadapt-version"] == "news@3"
