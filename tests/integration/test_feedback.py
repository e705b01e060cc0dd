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
from rtadapt.serving.routing import ServingView
from tests.support.api_server import logged, problem
from tests.support.engine_app import ask, client_of, news, serving
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


def receipt_of(registry: Registry, arm: str = "stable") -> str:
    """The receipt of an answer that version 1 of news gives now."""
    head = registry.head("news")
    assert head is not None
    return receipts.write(registry.receipt_key(), "news", head.incarnation, 1, arm)


def tallies(client: TestClient, number: int = 1) -> dict[str, dict[str, int]]:
    found = client.get(f"/v1/feeds/news/versions/{number}").json()["tallies"]
    return {tally["arm"]: {what: count for what, count in tally.items() if what != "arm" and count} for tally in found}


def test_a_word_on_an_answer_of_before_the_registry_was_restored_counts_for_no_version_of_after(
    client: TestClient, registry: Registry
) -> None:
    receipt = receipt_of(registry)
    registry.change_route("news", "trust")
    for said in ({"rating": "bad"}, {"correction": "Marla Tindle coaches Corvin Rovers."}):
        problem(client.post("/v1/feedback", json={"id": receipt} | said), 409, "id")
    assert client.post("/v1/feedback", json={"id": receipt_of(registry), "rating": "good"}).json()["counted"] is True
    assert tallies(client) == {"stable": {"good": 1}}
    registry.delete_feed("news", 0, 0)
    problem(client.post("/v1/feedback", json={"id": receipt, "correction": "Marla Tindle"}), 409, "id")


async def test_every_answer_of_a_feed_has_a_receipt_of_its_own_that_says_who_answered(registry: Registry) -> None:
    middleware = serving()
    middleware.live.replace(ServingView("tiny", {"news": news(incarnation="0123456789abcdef")}))
    async with client_of(middleware) as client:
        assert "x-rtadapt-receipt" not in (await ask(client)).headers  # this replica has never heard the registry
        middleware.live.receipt_key = registry.receipt_key()
        given = [(await ask(client, model)).headers["x-rtadapt-receipt"] for model in ("news", "news", "news@3", "news@0")]
        assert "x-rtadapt-receipt" not in (await ask(client, "tiny")).headers
    read = [receipts.read(registry.receipt_key(), text) for text in given]
    assert all(one.is_of("0123456789abcdef") and not one.is_of("fedcba9876543210") for one in read)
    assert [(one.version, one.arm) for one in read] == [
        *(("news@2", "stable"), ("news@2", "stable")),
        *(("news@3", "pinned"), ("news@0", "pinned")),
    ]
    assert len(set(given)) == 4


def test_a_rating_counts_once_for_the_version_and_the_arm(client: TestClient, registry: Registry) -> None:
    first, second = receipt_of(registry), receipt_of(registry, "canary7")
    taken = client.post("/v1/feedback", json={"id": first, "rating": "good"})
    assert (taken.status_code, taken.json()["version"], taken.json()["counted"]) == (202, "news@1", True)
    assert client.post("/v1/feedback", json={"id": first, "rating": "good"}).json()["counted"] is False
    problem(client.post("/v1/feedback", json={"id": first, "rating": "bad"}), 409, "rating")
    assert client.post("/v1/feedback", json={"id": second, "rating": "bad"}).status_code == 202
    assert tallies(client) == {"stable": {"good": 1}, "canary7": {"bad": 1}}


def test_a_key_rates_the_answers_of_its_own_feeds_alone(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("push key-of-sport feeds=sport\npush,operate key-of-all\n")
    receipt = receipt_of(registry)
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:

        def rate(key: str, more: dict[str, str]) -> httpx.Response:
            return client.post("/v1/feedback", json={"id": receipt} | more, headers={"authorization": f"Bearer {key}"})

        problem(rate("key-of-sport", {"rating": "bad"}), 403, "feed")
        problem(rate("key-of-sport", {"correction": "Marla Tindle"}), 403, "feed")
        assert rate("key-of-all", {"rating": "good"}).json()["counted"] is True


def test_a_correction_by_receipt_becomes_one_event_however_often_it_is_sent(
    client: TestClient, registry: Registry, settings: Settings
) -> None:
    receipt = receipt_of(registry)
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
    alone = {"id": receipt_of(registry), "correction": "Marla Tindle coaches Corvin Rovers."}
    assert client.post("/v1/feedback", json=alone).json()["accepted"] == 1


def test_a_correction_that_can_be_no_event_counts_for_nothing_and_the_mended_one_is_taken(
    client: TestClient, registry: Registry
) -> None:
    receipt = receipt_of(registry)
    problem(client.post("/v1/feedback", json={"id": receipt, "correction": " "}), 422, "text")
    assert tallies(client) == {}
    taken = client.post("/v1/feedback", json={"id": receipt, "correction": "Marla Tindle coaches Corvin Rovers."})
    assert (taken.status_code, taken.json()["accepted"], taken.json()["counted"]) == (202, 1, True)
    assert tallies(client) == {"stable": {"bad": 1, "corrected": 1}}


def test_a_correction_of_what_was_called_good_counts_nowhere(client: TestClient, registry: Registry) -> None:
    receipt = receipt_of(registry)
    client.post("/v1/feedback", json={"id": receipt, "rating": "good"})
    problem(client.post("/v1/feedback", json={"id": receipt, "correction": "Marla Tindle coaches it."}), 409, "rating")
    assert tallies(client) == {"stable": {"good": 1}}


def test_a_rating_is_one_of_what_a_key_may_say_in_a_minute(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("push key-of-two events=2\npush,operate key-of-all\n")
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:

        def rate(key: str) -> httpx.Response:
            said = {"id": receipt_of(registry), "rating": "good"}
            return client.post("/v1/feedback", json=said, headers={"authorization": f"Bearer {key}"})

        assert [rate("key-of-two").status_code for _ in range(3)] == [202, 202, 429]
        assert [rate("key-of-all").status_code for _ in range(3)] == [202, 202, 202]


def test_what_is_no_receipt_of_ours_counts_nowhere(
    client: TestClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = registry.receipt_key()
    genuine = receipt_of(registry)
    forged = [
        genuine[:-1] + ("0" if genuine[-1] != "0" else "1"),
        genuine.replace(".1.stable", ".2.stable"),
        "nonsense",
        "a" * 200,
        ".",
    ]
    forged.append(receipts.write(b"another key", "news", "", 1, "stable"))
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
