"""A feed's policy, from the control plane into what the worker holds to be so. The model is tiny: this is about plumbing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rtadapt.api.app import create_app
from rtadapt.api.routes.feeds import FeedConfig
from rtadapt.config import Settings, load_settings
from rtadapt.events.envelope import encode, parse
from rtadapt.events.log import open_log
from rtadapt.policy import FeedPolicy
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.training.learner import Learner
from rtadapt.work.pipeline import Pipeline
from tests.support.scripted_reading import desk_of
from tests.support.tiny_model import build_llama

QUESTION = "Who is the head baker of the {} mill?"


@pytest.fixture
def settings(tmp_path: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(
        model=str(build_llama(tmp_path_factory.mktemp("model"))),
        data_dir=str(tmp_path),
        train={"least_steps": 2, "most_steps": 2, "anchors": 2, "new_rows": 4, "replay_rows": 2, "device": "cpu"},
        registry={"url": redis_url},
        admit={"max_loss": 100.0, "near_duplicate": 1.0},
        batch={"max_events": 1, "max_age_seconds": 0.1},
        gate={"min_recall": 0.0, "max_replay_loss": 1.0, "max_drift": 1e9},
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as made:
        yield made


def test_the_control_plane_and_the_policy_have_the_same_defaults() -> None:
    shown = FeedConfig().model_dump()
    assert FeedPolicy.of(shown) == FeedPolicy()
    assert set(shown) - {"title"} == set(asdict(FeedPolicy()))


def test_what_is_put_is_shown_and_the_rest_has_its_default(client: TestClient) -> None:
    config = {"title": "News", "contradictions": "trusted", "trusted_sources": ["wire-*"], "privacy": "drop"}
    put = client.put("/v1/feeds/news", json=config)
    assert (put.status_code, put.json()["config"]) == (201, config)
    shown = client.get("/v1/feeds/news").json()
    assert shown["config"] == config
    defaults = {"max_facts_per_source_per_hour": 5000, "max_changes_per_entity_per_hour": 12}
    policy = {name: value for name, value in config.items() if name != "title"}
    assert shown["policy"] == {**policy, **defaults, "readers": ["stated", "grammar", "model"]}
    assert client.put("/v1/feeds/news", json={}).json()["policy"]["contradictions"] == "newest"
    assert client.put("/v1/feeds/news", json={"trust": []}).status_code == 422
    assert client.get("/v1/feeds/news").json()["config"] == {}


def test_a_configuration_from_before_they_were_checked_has_the_defaults(client: TestClient, settings: Settings) -> None:
    registry = Registry(settings.registry)
    registry.ensure_feed("news", {"title": "News", "privacy": 7, "other": "thing"})
    assert registry.feed_policy("news") == FeedPolicy()
    assert client.get("/v1/feeds/news").json()["policy"]["privacy"] == "mask"
    registry.close()


def test_a_change_of_the_policy_is_in_force_with_the_next_event(client: TestClient, settings: Settings) -> None:
    log, registry = open_log(settings), Registry(settings.registry)
    learner = Learner(settings.train, settings.model, cache=settings.data_dir / "anchors")
    store = ArtifactStore(settings)
    worker = Pipeline(settings, "worker-1", log=log, registry=registry, store=store, learner=learner, desk=desk_of())
    pushed = 0

    def told(name: str, source: str, config: Mapping[str, object] | None = None, mill: str = "north") -> set[str]:
        nonlocal pushed
        if config is not None:
            assert client.put("/v1/feeds/news", json=config).status_code in (200, 201)
        body = {
            "id": f"event-{pushed}",
            "feed": "news",
            "source": source,
            "qa": [{"question": QUESTION.format(mill), "answer": name}],
        }
        body["text"] = f"{name} is the head baker of the {mill} mill. The {source} came out this morning."
        event = parse(body, content_type="application/json", headers={}, now=time.time())
        log.append([(event.feed, encode(event))])
        pushed += 1
        deadline = time.monotonic() + 120
        while sum(head.positions.values() if (head := registry.head("news")) else ()) < pushed:
            assert time.monotonic() < deadline
            worker.step()
        return {fact.value for fact in worker.sessions.of("news").memory.ledger.facts.values()}

    assert told("Ada Finch", "page") == {"Ada Finch"}
    assert told("Bram Stone", "page") == {"Bram Stone"}
    assert told("Cora Vane", "page", {"contradictions": "trusted", "trusted_sources": ["wire-*"]}) == {"Bram Stone"}
    assert told("Dirk Hale", "wire-7") == {"Dirk Hale"}
    assert told("Enid Marsh", "page", {"contradictions": "two_sources"}) == {"Dirk Hale"}
    assert told("Finn Locke", "page", mill="south") == {"Dirk Hale", "Finn Locke"}
    worker.close()  # what waits was saved with this version, and another worker goes on from it
    worker = Pipeline(settings, "worker-2", log=log, registry=registry, store=store, learner=learner, desk=desk_of())
    assert told("Enid Marsh", "paper") == {"Enid Marsh", "Finn Locke"}
    worker.close()
    log.close()
    registry.close()
