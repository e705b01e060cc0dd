"""A word on an answer comes back by its receipt, counts once for the version that answered, and teaches where it corrects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from rtadapt import receipts
from rtadapt.api.app import create_app
from rtadapt.config import RegistrySettings, Settings
from rtadapt.errors import InvalidInput
from rtadapt.events.envelope import decode
from rtadapt.registry.registry import Registry
from tests.support.api_server import logged, problem
from tests.support.engine_app import ask, client_of, serving
from tests.support.registry_steps import publish


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url))


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    registry = Registry(settings.registry)
    publish(registry, 0, epoch=registry.claim("news", "worker"))
    yield registry
    registry.close()


def tallies(client: TestClient, number: int = 1) -> dict[str, dict[str, int]]:
    found = client.get(f"/v1/feeds/news/versions/{number}").json()["tallies"]
    return {tally["arm"]: {what: count for what, count in tally.items() if what != "arm" and count} for tally in found}


async def test_every_answer_of_a_feed_has_a_receipt_of_its_own_that_says_who_answered(registry: Registry) -> None:
    middleware = serving()
    async with client_of(middleware) as client:
        assert "x-rtadapt-receipt" not in (await ask(client)).headers  # this replica has never heard the registry
        middleware.live.receipt_key = registry.receipt_key()
        given = [(await ask(client, model)).headers["x-rtadapt-receipt"] for model in ("news", "news", "news@3", "news@0")]
        assert "x-rtadapt-receipt" not in (await ask(client, "tiny")).headers
    read = [receipts.read(registry.receipt_key(), text) for text in given]
    assert [(one.version, one.arm) for one in read] == [
        *(("news@2", "stable"), ("news@2", "stable")),
        *(("news@3", "pinned"), ("news@0", "pinned")),
    ]
    assert len(set(given)) == 4


def test_a_rating_counts_once_for_the_version_and_the_arm(client: TestClient, registry: Registry) -> None:
    key = registry.receipt_key()
    first, second = receipts.write(key, "news", 1, "stable"), receipts.write(key, "news", 1, "canary7")
    taken = client.post("/v1/feedback", json={"id": first, "rating": "good"})
    assert (taken.status_code, taken.json()["version"], taken.json()["counted"]) == (202, "news@1", True)
    assert client.post("/v1/feedback", json={"id": first, "rating": "good"}).json()["counted"] is False
    problem(client.post("/v1/feedback", json={"id": first, "rating": "bad"}), 409, "rating")
    assert client.post("/v1/feedback", json={"id": second, "rating": "bad"}).status_code == 202
    assert tallies(client) == {"stable": {"good": 1}, "canary7": {"bad": 1}}


def test_a_key_rates_the_answers_of_its_own_feeds_alone(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("push key-of-sport feeds=sport\npush,operate key-of-all\n")
    receipt = receipts.write(registry.receipt_key(), "news", 1, "stable")
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:

        def rate(key: str, more: dict[str, str]) -> httpx.Response:
            return client.post("/v1/feedback", json={"id": receipt} | more, headers={"authorization": f"Bearer {key}"})

        problem(rate("key-of-sport", {"rating": "bad"}), 403, "feed")
        problem(rate("key-of-sport", {"correction": "Marla Tindle"}), 403, "feed")
        assert rate("key-of-all", {"rating": "good"}).json()["counted"] is True


def test_a_correction_by_receipt_becomes_one_event_however_often_it_is_sent(
    client: TestClient, registry: Registry, settings: Settings
) -> None:
    receipt = receipts.write(registry.receipt_key(), "news", 1, "stable")
    said = {"id": receipt, "question": "Who coaches Corvin Rovers?", "correction": "Marla Tindle"}
    first, again = client.post("/v1/feedback", json=said).json(), client.post("/v1/feedback", json=said).json()
    assert first["items"][0]["id"] == again["items"][0]["id"]
    assert (first["counted"], again["counted"]) == (True, False)
    problem(client.post("/v1/feedback", json=said | {"correction": "Ada Brown"}), 409, "correction")
    events = [decode(record) for record in logged(settings)]
    assert {(event.id, event.feed, event.source, event.pairs[0].answer) for event in events} == {
        (first["items"][0]["id"], "news", "feedback", "Marla Tindle")
    }
    assert tallies(client) == {"stable": {"bad": 1, "corrected": 1}}
    alone = {
        "id": receipts.write(registry.receipt_key(), "news", 1, "stable"),
        "correction": "Marla Tindle coaches Corvin Rovers.",
    }
    assert client.post("/v1/feedback", json=alone).json()["accepted"] == 1


def test_what_is_no_receipt_of_ours_counts_nowhere(
    client: TestClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = registry.receipt_key()
    genuine = receipts.write(key, "news", 1, "stable")
    forged = [
        genuine[:-1] + ("0" if genuine[-1] != "0" else "1"),
        genuine.replace("news.1", "news.2"),
        "nonsense",
        "a" * 200,
        ".",
    ]
    forged.append(receipts.write(b"another key", "news", 1, "stable"))
    for text in forged:
        problem(client.post("/v1/feedback", json={"id": text, "rating": "good"}), 422, "id")
    wrong = [
        ({"rating": "good"}, "id"),
        ({"id": genuine}, "rating"),
        ({"id": genuine, "rating": "good", "correction": "x"}, "rating"),
        ({"id": genuine, "rating": "good", "feed": "sport"}, "feed"),
        ({"feed": "news", "question": "Who?"}, "answer"),
    ]
    for body, field in wrong:
        problem(client.post("/v1/feedback", json=body), 422, field)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + receipts.LIFETIME_SECONDS + 60)
    with pytest.raises(InvalidInput, match="days ago"):
        receipts.read(key, genuine)
    assert tallies(client) == {}
