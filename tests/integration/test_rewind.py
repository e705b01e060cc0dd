"""Taking a feed back: from the operator's word over log, registry and worker to what replicas answer from."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import uvicorn
from fastapi.testclient import TestClient

from rtadapt.api.app import create_app
from rtadapt.cli import main
from rtadapt.config import ApiSettings, Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import StaleEpoch, Unavailable
from rtadapt.events.sqlite import SqliteLog
from rtadapt.records import EventState, Version
from rtadapt.registry.registry import Registry
from rtadapt.training.learner import Learner
from tests.support.adapter_files import write_adapter
from tests.support.one_machine import System, drive, story
from tests.support.redis_server import free_port
from tests.support.watched_engine import running, settings_of, until


@pytest.fixture
def system(tmp_path: Path, redis_url: str, settings_base: dict[str, object], learner: Learner) -> Iterator[System]:
    settings = Settings.model_validate(
        {
            **settings_base,
            "data_dir": str(tmp_path),
            "registry": {"url": redis_url},
            "admit": {"max_loss": 100.0},
            "batch": {"max_events": 1, "most_events": 1, "max_age_seconds": 0.1},
            "gate": {"min_recall": 0.0, "max_replay_loss": 1.0, "max_drift": 1e9},
        }
    )
    made = System(settings, learner)
    yield made
    made.close()


def states(system: System) -> dict[str, EventState]:
    found = {name: system.registry.event_status(f"event-{name}") for name in ("north", "south", "east")}
    return {name: status.state for name, status in found.items() if status is not None}


def test_one_event_is_taken_back_and_what_came_after_it_is_learned_again_from_the_good_version(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = system.pipeline()
    system.push(story("north"), story("south"), story("east"))
    drive(pipeline, system.registry, "news", 3)
    with TestClient(create_app(system.settings, log=system.log, registry=system.registry)) as client:
        answer = client.post("/v1/feeds/news/rewind", json={"without": ["event-south"], "relearn": True})
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["head"]["version"], said["abandoned"], said["head"]["abandoned"]) == (1, [2, 3], [[2, 3]])
        assert (said["unlearned"], said["relearned"], said["lost"]) == (["event-south", "event-east"], ["event-east"], [])
        assert client.get("/v1/feeds/news").json()["to_relearn"] == 0
        shown = client.get("/v1/feeds/news/versions").json()["versions"]
        assert [(version["number"], version["abandoned"]) for version in shown] == [(3, True), (2, True), (1, False)]
    assert states(system) == {"north": EventState.LEARNED, "south": EventState.UNLEARNED, "east": EventState.ACCEPTED}

    in_vain: list[StaleEpoch] = []
    commit = system.registry.commit

    def watched(*args: Any, **named: Any) -> Version | None:
        try:
            return commit(*args, **named)
        except StaleEpoch as error:
            if named["candidate"] is not None:
                in_vain.append(error)
            raise

    monkeypatch.setattr(system.registry, "commit", watched)
    drive(pipeline, system.registry, "news", 4)  # its session is of an old epoch: it lets the feed go and takes it over
    pipeline.close()
    assert in_vain == []  # no update was made for nothing
    assert system.log.dead_letters(10) == []  # nor was what is sent again taken for a repeat by who had learned it
    assert states(system) == {"north": EventState.LEARNED, "south": EventState.UNLEARNED, "east": EventState.LEARNED}
    newest = system.registry.versions("news")[0]
    assert (newest.number, newest.parent, [event.id for event in newest.events]) == (4, 1, ["event-east"])
    folder = system.store.fetch(newest.state, system.settings.data_dir / "look")
    remembered = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl"))
    assert "East Tindle" in remembered
    assert "South Tindle" not in remembered
    stored = {one.digest for kind in ("adapter", "state") for one in system.store.list(kind, "news")}
    for number in (2, 3):  # nothing that knows it is left in the store
        abandoned = system.registry.version("news", number)
        assert abandoned is not None
        assert not {abandoned.adapter.digest, abandoned.state.digest} & stored


def test_while_the_log_is_away_the_rewind_is_in_force_and_the_same_word_again_brings_the_events(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = system.pipeline()
    system.push(story("north"), story("south"))
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()

    def away(*_: object) -> None:
        raise Unavailable("the log does not answer")

    with TestClient(create_app(system.settings, log=system.log, registry=system.registry)) as client:
        with monkeypatch.context() as patched:
            patched.setattr(SqliteLog, "records", away)
            answer = client.post("/v1/feeds/news/rewind", json={"version": 1, "relearn": True})
        assert (answer.status_code, answer.json()["field"]) == (503, "relearn")
        assert client.get("/v1/feeds/news").json()["to_relearn"] == 1
        again = client.post("/v1/feeds/news/rewind", json={"version": 1, "relearn": True}).json()
        assert (again["abandoned"], again["relearned"]) == ([], ["event-south"])
        assert client.get("/v1/feeds/news").json()["to_relearn"] == 0


def test_the_same_word_again_may_be_without_some_of_them(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = system.pipeline()
    system.push(story("north"), story("south"), story("east"))
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()

    def away(*_: object) -> None:
        raise Unavailable("the log does not answer")

    with TestClient(create_app(system.settings, log=system.log, registry=system.registry)) as client:
        with monkeypatch.context() as patched:
            patched.setattr(SqliteLog, "records", away)
            assert client.post("/v1/feeds/news/rewind", json={"version": 1, "relearn": True}).status_code == 503
        word = {"version": 1, "relearn": True, "without": ["event-south"]}
        again = client.post("/v1/feeds/news/rewind", json=word).json()
    assert (again["relearned"], again["lost"]) == (["event-east"], [])


def test_what_the_registry_has_no_record_of_any_more_is_learned_again_from_the_log(system: System, redis_url: str) -> None:
    system.registry.close()
    system.registry = Registry(system.settings.registry.model_copy(update={"keep_versions": 1}))
    pipeline = system.pipeline()
    system.push(story("north"), story("south"), story("east"), story("west"))
    drive(pipeline, system.registry, "news", 4)
    assert [version.number for version in system.registry.versions("news")] == [4]
    with redis.Redis.from_url(redis_url) as client:  # as a day later
        client.hdel("rtadapt:{news}:statuses", "event-south")
    with TestClient(create_app(system.settings, log=system.log, registry=system.registry)) as client:
        word = {"version": 0, "relearn": True, "without": ["event-east"]}
        said = client.post("/v1/feeds/news/rewind", json=word).json()
    assert (said["abandoned"], said["lost"]) == ([1, 2, 3, 4], [])
    assert said["unlearned"] == ["event-north", "event-east", "event-west"]
    assert said["relearned"] == ["event-north", "event-south", "event-west"]
    drive(pipeline, system.registry, "news", 7)
    pipeline.close()
    assert states(system) == {"north": EventState.LEARNED, "south": EventState.LEARNED, "east": EventState.UNLEARNED}


def test_the_command_line_takes_back(system: System, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pipeline = system.pipeline()
    system.push(story("north"), story("south"))
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    port = free_port()
    settings = system.settings.model_copy(update={"api": ApiSettings(port=port)})
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, log=system.log, registry=system.registry), port=port, ws="none", log_config=None)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        url = f"http://127.0.0.1:{port}"
        while not server.started:
            thread.join(timeout=0.05)
        assert main(["rewind", "news", "1", "--url", url]) == 0
        assert json.loads(capsys.readouterr().out)["abandoned"] == [2]
        assert main(["rewind", "news", "7", "--url", url]) == 1
        assert "version" in capsys.readouterr().err
    finally:
        server.should_exit = True
        thread.join(timeout=30)
    assert main(["rewind", "news", "1", "--url", url]) == 1
    assert "nobody answers" in capsys.readouterr().err


async def test_replicas_answer_from_the_good_version_at_once_and_let_the_others_go(tmp_path: Path, redis_url: str) -> None:
    settings = settings_of(tmp_path, redis_url)
    publisher = Publisher(settings, "news")
    adapter = write_adapter(tmp_path / "adapter")
    async with running(settings) as one, running(settings) as two:
        await until(lambda: one.live.ready and two.live.ready)
        for number in (1, 2, 3):
            publisher.publish(adapter)
            await until(lambda number=number: one.stable() == two.stable() == number)
        publisher.registry.rewind("news", 1)
        await until(lambda: one.stable() == two.stable() == 1)
        assert one.live.not_followed == {}
        await until(lambda: one.loaded() == two.loaded() == {0, 1})
        publisher.claim()
        assert publisher.publish(adapter).number == 4
        await until(lambda: one.stable() == two.stable() == 4)
        assert one.loaded() == {0, 1, 4}
    publisher.close()


async def test_a_replica_that_starts_after_a_rewind_loads_nothing_that_was_abandoned(tmp_path: Path, redis_url: str) -> None:
    settings = settings_of(tmp_path, redis_url)
    publisher = Publisher(settings, "news")
    adapter = write_adapter(tmp_path / "adapter")
    for _ in range(3):
        publisher.publish(adapter)
    publisher.registry.change_route("news", "promote")
    publisher.registry.rewind("news", 2)
    async with running(settings) as replica:
        await until(lambda: replica.loaded() == {0, 1, 2})
        assert replica.stable() == 2
    publisher.close()
