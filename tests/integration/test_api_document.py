"""The API document: every route has its answers, its keys and an example, and answers as it says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rtadapt import receipts
from rtadapt.api import shapes
from rtadapt.api.app import create_app
from rtadapt.api.freshness import Freshness
from rtadapt.config import RegistrySettings, Settings, to_environment
from rtadapt.mounted import _PREFIXES, ControlPlane
from rtadapt.records import DeadLetter, LearnedEvent, Position
from rtadapt.registry.codec import Trouble
from rtadapt.registry.registry import Registry
from tests.support.api_server import STORY
from tests.support.engine_app import serving
from tests.support.registry_steps import candidate, mark_failed, mark_ready, publish
from tests.unit.test_docs import references


@pytest.fixture
def registry(redis_url: str) -> Iterator[Registry]:
    registry = Registry(RegistrySettings(url=redis_url))
    yield registry
    registry.close()


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url))


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_route_has_answers_keys_and_examples(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path, method, operation in operations(document):
        assert operation.get("description"), path
        for parameter in operation["parameters"]:
            assert parameter.get("description"), (path, parameter)
            if parameter["in"] == "path":
                assert parameter["schema"].get("examples"), (path, parameter)
        assert all("x-request-id" in answer["headers"] for answer in operation["responses"].values()), path
        good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert good, path
        assert all(answer.get("content") for answer in good), path
        if not path.startswith("/v1/"):
            continue
        assert operation["security"], path
        assert "Scope: `" in operation["description"]
        assert {"401", "403", "503"} <= set(operation["responses"]), path
        if method in ("post", "put"):
            content = operation["requestBody"]["content"]["application/json"]
            assert content["examples"], path
            assert content["schema"], path


def test_every_reference_of_the_document_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    found = set(references(document))
    assert found
    for reference in found:
        name = reference.removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"], reference


def _real(example: Any, registry: Registry) -> Any:
    """An example with a receipt that was given, where it has one."""
    if not isinstance(example, dict) or example.get("id", "").count(".") != 6:
        return example
    head = registry.head("news")
    assert head is not None
    return example | {"id": receipts.write(registry.receipt_key(), "news", head.incarnation, 1, "stable")}


def test_the_examples_are_taken(client: TestClient, registry: Registry) -> None:
    document = client.get("/openapi.json").json()
    for path, method, operation in operations(document):
        body = operation.get("requestBody")
        if body is None or path.endswith(("/route", "/rewind", "/{place}")):
            continue
        for example in body["content"]["application/json"]["examples"].values():
            answer = client.request(method, path.replace("{feed}", "news"), json=_real(example["value"], registry))
            assert answer.status_code in (200, 201, 202), (path, answer.text)


def test_answers_are_what_the_document_says(client: TestClient, registry: Registry) -> None:
    pushed = client.post("/v1/events", json=[STORY | {"id": "one"}, {"feed": "news"}])
    shapes.Pushed.model_validate(pushed.json(), strict=True)
    shapes.Problem.model_validate(client.post("/v1/events", json=[{"feed": "news"}]).json())
    shapes.EventWhere.model_validate(client.get("/v1/events/one").json())
    registry.commit(
        "news",
        epoch=registry.claim("news", "worker"),
        parent=0,
        positions={0: 1},
        candidate=candidate(0),
        events=[LearnedEvent("one", 1.0)],
        measures={"recall": float("nan"), "replay_lost": 0.25},
        statuses=[],
    )
    shapes.Feeds.model_validate(client.get("/v1/feeds").json())
    shapes.OneFeed.model_validate(client.get("/v1/feeds/news").json())
    shapes.OneFeed.model_validate(client.put("/v1/feeds/news", json={"title": "News"}).json())
    shapes.Versions.model_validate(client.get("/v1/feeds/news/versions").json())
    shapes.OneVersion.model_validate(client.get("/v1/feeds/news/versions/1").json())
    shapes.RouteAnswer.model_validate(client.post("/v1/feeds/news/route", json={"action": "promote", "version": 1}).json())
    shapes.Readers.model_validate(client.get("/v1/reading").json())
    shapes.Overview.model_validate(client.get("/v1/overview").json())
    shapes.Ready.model_validate(client.get("/readyz").json())
    shapes.Problem.model_validate(client.get("/v1/feeds/nothing").json())


def test_an_overview_of_many_feeds_is_a_small_page_at_a_time(client: TestClient, registry: Registry) -> None:
    for number in range(60):
        registry.ensure_feed(f"feed-{number:03d}")
    registry.ensure_feed("sport")
    first = client.get("/v1/overview")
    assert len(first.content) < 100_000
    page = first.json()
    assert (page["total"], page["matching"], len(page["feeds"])) == (61, 61, 12)
    names: list[str] = [feed["feed"] for feed in page["feeds"]]
    while page["next"] is not None:
        page = client.get("/v1/overview", params={"after": page["next"], "limit": 20}).json()
        names += [feed["feed"] for feed in page["feeds"]]
    assert names == sorted(registry.feeds())
    publish(registry, 0, epoch=registry.claim("sport", "one"), feed="sport")
    registry.note_trouble("feed-007", Trouble("artifact_damaged", "", 1.0, 1, 2.0, "one"))
    for how, first_two in (("versions", ["sport", "feed-000"]), ("trouble", ["feed-007", "feed-000"])):
        page = client.get("/v1/overview", params={"sort": how, "limit": 50}).json()
        more = client.get("/v1/overview", params={"sort": how, "limit": 50, "after": page["next"]}).json()
        names = [feed["feed"] for feed in (*page["feeds"], *more["feeds"])]
        assert names[:2] == first_two
        assert sorted(names) == sorted(registry.feeds())
    found = client.get("/v1/overview", params={"contains": "POR"}).json()
    assert [feed["feed"] for feed in found["feeds"]] == ["sport"]
    assert (found["total"], found["matching"]) == (61, 1)


def look(freshness: Freshness) -> None:
    """Look now, and not again by itself."""
    freshness.watch.close()
    freshness.look()


def test_what_waits_is_in_the_overview(client: TestClient) -> None:
    client.put("/v1/feeds/idle")
    client.post("/v1/events", json=[STORY, STORY | {"text": "Ada Brown coaches Hale Town."}])
    look(client.app.state.parts.freshness)  # type: ignore[attr-defined]
    page = client.get("/v1/overview").json()
    assert page["waiting_known"] is True
    assert page["waiting_events"] == 2
    idle, news = page["feeds"]
    assert (idle["waiting_since"], idle["waiting_events"]) == (None, 0)
    assert (news["waiting_since"], news["waiting_events"]) == (page["waiting_since"], 2)
    assert news["waiting_since"] > 1e9
    assert [feed["feed"] for feed in client.get("/v1/overview", params={"waiting": True}).json()["feeds"]] == ["news"]


def test_why_events_were_refused_is_in_the_overview(client: TestClient) -> None:
    client.put("/v1/feeds/news")
    parts = client.app.state.parts  # type: ignore[attr-defined]
    for number in range(5):
        parts.log.refuse([DeadLetter(f"story-{number}", "news", Position(0, number), "gate", f"drift 0.{number}")])
    parts.log.refuse([DeadLetter("other", "sport", Position(0, 9), "noise", "")])
    look(parts.freshness)
    page = client.get("/v1/overview").json()
    assert page["dead_letters"] == 6
    assert page["feeds"][0]["refused"] == [
        {"id": f"story-{number}", "reason": "gate", "detail": f"drift 0.{number}"} for number in (4, 3, 2)
    ]


def test_what_replicas_and_workers_say_is_in_the_overview(client: TestClient, registry: Registry) -> None:
    said = {
        "host": "h",
        "pid": "1",
        "address": "h:1",
        "passed_seconds": 0.5,
        "busy_seconds": 0.0,
        "loaded": 2,
        "not_followed": [],
    }
    working = {"ready": True, "alive": True, "last_step_at": 1.5, "partitions": 1, "feeds": 1, "lag": 3}
    for replica in ("a", "b"):
        registry.heartbeat(replica, said)
    registry.note_worker("one", working)
    publish(registry, 0, epoch=registry.claim("news", "one"))
    mark_ready(registry, "news", 1, "a", ["a", "b"])
    mark_failed(registry, "news", 1, "b", ["a", "b"])
    mark_ready(registry, "news", 1, "dead", ["a", "b"])
    page = client.get("/v1/overview").json()
    shapes.Overview.model_validate(page)
    shapes.Feeds.model_validate(client.get("/v1/feeds").json())
    assert page["feeds"][0]["held"] == {"a": {"newest": 1, "failed": None}, "b": {"newest": None, "failed": 1}}
    assert page["replicas"]["a"] == {**said, "silent_seconds": page["replicas"]["a"]["silent_seconds"]}
    assert page["workers"] == {"one": working}


def test_every_prefix_of_the_control_plane_is_its_own_beside_the_engine(client: TestClient) -> None:
    paths = {path for path, _, _ in operations(client.get("/openapi.json").json()) if path.startswith(("/v1", "/console"))}
    for path in paths:
        assert any(path == prefix or path.startswith(prefix + "/") for prefix in _PREFIXES), path


def test_beside_the_engine_the_document_is_this_one(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in to_environment(settings).items():
        monkeypatch.setenv(name, value)
    others = {thread.ident for thread in threading.enumerate()}
    with TestClient(ControlPlane(serving())) as both:
        assert both.get("/openapi.json").json() == client.get("/openapi.json").json()
        assert both.get("/docs").status_code == both.get("/redoc").status_code == 404
        assert both.get("/console").headers["content-type"].startswith("text/html")
        threads = {thread.ident for thread in threading.enumerate() if thread.name in ("freshness", "trials")} - others
        assert len(threads) == 2
    assert threads.isdisjoint(thread.ident for thread in threading.enumerate())
