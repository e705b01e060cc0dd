"""What an operator can do about events and feeds that went wrong: over HTTP, and by the commands that ask there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rtadapt import remote
from rtadapt.api.app import create_app
from rtadapt.api.freshness import Standing, Waiting
from rtadapt.cli import main
from rtadapt.config import IntakeSettings, RegistrySettings, Settings
from rtadapt.events.envelope import decode
from rtadapt.records import DeadLetter, EventState, EventStatus, Position
from rtadapt.registry.codec import Trouble
from rtadapt.registry.registry import Registry
from tests.support.api_server import STORY, logged, problem
from tests.support.dumped import restore
from tests.support.registry_steps import publish


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url), intake=IntakeSettings(max_feeds=3))


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    registry = Registry(settings.registry)
    yield registry
    registry.close()


def parts(client: TestClient) -> Any:
    return client.app.state.parts  # type: ignore[attr-defined]


def test_a_push_to_a_feed_that_the_registry_has_lost_makes_it_again(
    client: TestClient, registry: Registry, redis_url: str
) -> None:
    assert client.post("/v1/events", json=STORY).status_code == 202
    restore(redis_url, {}, "*")
    trust = client.post("/v1/feeds/news/route", json={"action": "trust"})
    assert "make it again" in problem(trust, 404, "feed")["detail"]
    assert client.post("/v1/events", json=STORY | {"id": "later"}).status_code == 202
    assert registry.feeds() == ["news"]
    assert client.post("/v1/feeds/news/route", json={"action": "trust"}).status_code == 200


def refused(client: TestClient, name: str, reason: str = "gate") -> str:
    """Push an event and refuse it; gives its place."""
    token = client.post("/v1/events", json=STORY | {"id": name, "text": f"{name} coaches Corvin Rovers."}).json()["items"][0][
        "token"
    ]
    _, partition, offset = token.split(".")
    place = Position(int(partition), int(offset))
    parts(client).log.refuse([DeadLetter(name, "news", place, reason, "why not")])
    return f"{partition}.{offset}"


def test_dead_letters_are_listed_shown_replayed_and_dropped(client: TestClient, settings: Settings) -> None:
    first, second = refused(client, "ashby"), refused(client, "dunmore", "noise")
    listed = client.get("/v1/dead-letters").json()["dead_letters"]
    assert [letter["place"] for letter in listed] == [second, first]
    assert listed[1] == {"place": first, "event_id": "ashby", "feed": "news", "reason": "gate", "detail": "why not"}
    only = client.get("/v1/dead-letters", params={"reason": "gate", "feed": "news"}).json()["dead_letters"]
    assert [letter["place"] for letter in only] == [first]
    assert client.get("/v1/dead-letters", params={"feed": "support"}).json() == {"dead_letters": []}
    assert "ashby coaches" in client.get(f"/v1/dead-letters/{first}").json()["record"]

    answer = client.post(f"/v1/dead-letters/{first}", json={"action": "replay"})
    assert (answer.status_code, answer.json()["id"]) == (202, "ashby")
    again = decode(logged(settings)[-1])
    assert (again.id, again.text) == ("ashby", "ashby coaches Corvin Rovers.")
    assert time.time() - again.accepted_at < 60
    assert client.delete(f"/v1/dead-letters/{second}").json() == {"place": second, "dropped": True}
    assert client.get("/v1/dead-letters").json() == {"dead_letters": []}
    problem(client.post(f"/v1/dead-letters/{first}", json={"action": "replay"}), 404, "place")
    problem(client.get("/v1/dead-letters/nonsense"), 422, "place")


def test_what_is_no_event_can_not_be_replayed_and_what_is_gone_neither(client: TestClient) -> None:
    client.post("/v1/events", json=STORY)
    log = parts(client).log
    [place] = log.append([("news", b"{this is no json")])
    log.refuse([DeadLetter("", "news", place, "schema", "not JSON"), DeadLetter("x", "news", Position(0, 999), "noise", "")])
    assert client.post(f"/v1/dead-letters/{place.partition}.{place.offset}", json={"action": "replay"}).status_code == 422
    assert client.get("/v1/dead-letters/0.999").json()["record"] is None
    problem(client.post("/v1/dead-letters/0.999", json={"action": "replay"}), 404, "place")


def test_a_feed_that_stands_still_says_why(client: TestClient, registry: Registry) -> None:
    registry.ensure_feed("news")
    trouble = Trouble("artifact_damaged", "a file is missing", 1.5, 3, 9.5, "worker-1")
    registry.note_trouble("news", trouble)
    said = {"reason": "artifact_damaged", "detail": "a file is missing", "since": 1.5, "tries": 3, "next_try_at": 9.5}
    said_all = said | {"worker": "worker-1"}
    assert client.get("/v1/feeds").json()["feeds"][0]["quarantine"] == said_all
    assert client.get("/v1/feeds/news").json()["quarantine"] == said_all
    assert client.get("/v1/overview").json()["feeds"][0]["quarantine"] == said_all
    registry.note_trouble("news", None)
    assert client.get("/v1/feeds/news").json()["quarantine"] is None


def test_a_deleted_feed_is_gone_and_begins_anew_behind_what_was_there(client: TestClient, registry: Registry) -> None:
    token = client.post("/v1/events", json=STORY).json()["items"][0]["token"]
    _, partition, offset = token.split(".")
    epoch = registry.claim("news", "worker")
    publish(registry, 0, epoch=epoch, offset=0)
    before = registry.head("news")
    assert before is not None
    assert client.delete("/v1/feeds/news").json() == {"feed": "news", "deleted": True}
    problem(client.get("/v1/feeds/news"), 404, "feed")
    problem(client.delete("/v1/feeds/news"), 404, "feed")
    assert registry.feeds() == []
    assert registry.deleted_feeds() == ["news"]
    registry.ensure_feed("news")
    head, route = registry.head("news"), registry.route("news")
    assert head is not None
    assert route is not None
    assert (head.version, head.positions[int(partition)]) == (0, int(offset) + 1)
    assert head.epoch >= epoch
    assert head.incarnation != before.incarnation
    assert route.trusted == head.incarnation


def test_the_log_says_how_it_stands_and_an_operator_may_let_it_begin_anew(client: TestClient, registry: Registry) -> None:
    token = client.post("/v1/events", json=STORY).json()["items"][0]["token"]
    partition = int(token.split(".")[1])
    registry.set_floor(partition, 50, 60)
    said = client.get("/v1/log").json()
    assert said["number"] == 0
    assert said["partitions"][partition] == {"partition": partition, "end": 1, "floor": 50, "behind": 0, "lost": True}
    parts(client).freshness.stand()
    lost = client.post("/v1/events", json=STORY)
    assert (lost.status_code, "lost" in lost.json()["detail"]) == (503, True)
    begun = client.post("/v1/log", json={"action": "begin", "read_from": "beginning"}).json()
    assert begun["number"] == 1
    assert begun["partitions"][partition] == {"partition": partition, "end": 1, "floor": 0, "behind": 1, "lost": False}
    again = client.post("/v1/events", json=STORY)
    assert again.json()["items"][0]["token"].split(".")[1] == str(10_000 + partition)
    begun = client.post("/v1/log", json={"action": "begin", "read_from": "end"}).json()
    assert (begun["number"], begun["partitions"][partition]["floor"], begun["partitions"][partition]["behind"]) == (2, 2, 0)


def test_intake_refuses_what_the_workers_are_too_far_behind_for(client: TestClient, registry: Registry) -> None:
    assert client.post("/v1/events", json=STORY).status_code == 202
    known = parts(client)
    known.freshness.watch.close()  # what it sees next would stand in the place of what is said here
    place = known.log.partition_of("news")
    known.freshness.standing = {place: Standing(end=200_000, floor=10, read=99_999)}
    answer = client.post("/v1/events", json=STORY)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "overloaded", "30")
    known.freshness.standing = {place: replace(known.freshness.standing[place], read=100_000)}
    assert client.post("/v1/events", json=STORY).status_code == 202
    known.freshness.waiting = {"news": Waiting(time.time() - 700_000, 1)}
    both = client.post("/v1/events", json=[STORY, STORY | {"feed": "support"}]).json()
    assert [item["status"] for item in both["items"]] == ["refused", "accepted"]


def test_pushes_make_only_so_many_feeds(client: TestClient, registry: Registry) -> None:
    for name in ("one", "two", "three"):
        assert client.post("/v1/events", json=STORY | {"feed": name}).status_code == 202
    problem(client.post("/v1/events", json=STORY | {"feed": "four"}), 403, "feed")
    assert client.post("/v1/events", json=STORY | {"feed": "one"}).status_code == 202
    assert client.put("/v1/feeds/four", json={}).status_code == 201
    assert client.post("/v1/events", json=STORY | {"feed": "four"}).status_code == 202


def test_a_key_for_some_feeds_decides_about_no_others(settings: Settings, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("operate key-of-the-operator\noperate key-of-news feeds=news\noperate key-of-sport feeds=sport\n")
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:
        parts(client).log.append([("news", b"{}")])
        parts(client).log.refuse([DeadLetter("e", "news", Position(0, 0), "gate", "")])

        def ask(method: str, path: str, key: str, body: Any = None) -> Any:
            return client.request(method, path, json=body, headers={"authorization": f"Bearer {key}"})

        assert len(ask("GET", "/v1/dead-letters", "key-of-news").json()["dead_letters"]) == 1
        assert ask("GET", "/v1/dead-letters", "key-of-sport").json() == {"dead_letters": []}
        problem(ask("DELETE", "/v1/dead-letters/0.0", "key-of-sport"), 404, "place")
        problem(ask("DELETE", "/v1/feeds/news", "key-of-sport"), 403, "feed")
        begin = {"action": "begin", "read_from": "end"}
        problem(ask("POST", "/v1/log", "key-of-news", begin), 403, "authorization")
        assert ask("POST", "/v1/log", "key-of-the-operator", begin).status_code == 200


def test_a_key_that_may_look_changes_nothing_and_sees_no_text(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    publish(registry, 0, epoch=registry.claim("news", "worker"))
    keys = tmp_path / "keys"
    keys.write_text("view key-of-the-wallboard\noperate key-of-the-operator\n")
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:
        parts(client).log.append([("news", b"{}")])
        parts(client).log.refuse([DeadLetter("e", "news", Position(0, 0), "gate", "")])
        document = client.get("/openapi.json").json()
        given = {"feed": "news", "number": "1", "place": "0.0"}
        seen = 0
        for path, methods in document["paths"].items():
            for method in methods:
                if not path.startswith("/v1/"):
                    continue
                asked = path.format(**given, event_id="e")
                answer = client.request(method, asked, headers={"authorization": "Bearer key-of-the-wallboard"})
                shown = method == "get" and not asked.startswith(("/v1/events", "/v1/dead-letters/"))
                assert answer.status_code == (200 if shown else 403), (method, asked)
                assert ("Scope: `view`" in methods[method]["description"]) == shown
                seen += shown
        assert seen == 8
        assert client.get("/v1/dead-letters/0.0", headers={"authorization": "Bearer key-of-the-operator"}).status_code == 200


def test_the_commands_say_the_same(
    client: TestClient, registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        remote.httpx, "request", lambda method, url, params, json, **_: client.request(method, url, params=params, json=json)
    )
    place = refused(client, "ashby")

    def said(*arguments: str) -> list[Any]:
        assert main([*arguments, "--url", "http://anywhere"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [feed["feed"] for feed in said("feeds")] == ["news"]
    assert [letter["place"] for letter in said("dead-letters", "list", "--reason", "gate")] == [place]
    assert said("dead-letters", "show", place)[0]["event_id"] == "ashby"
    assert said("dead-letters", "replay", place)[0]["id"] == "ashby"
    assert said("log")[0]["number"] == 0
    assert said("log", "begin", "--read-from", "end")[0]["number"] == 1
    assert said("feeds", "delete", "news") == [{"feed": "news", "deleted": True}]
    assert main(["dead-letters", "drop", place, "--url", "http://anywhere"]) == 1
    assert "there is no dead letter" in capsys.readouterr().err
    assert main(["dead-letters", "drop"]) == 2


def test_a_command_whose_control_plane_does_not_answer_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feeds", "--url", "http://127.0.0.1:1"]) == 1
    assert "nobody answers" in capsys.readouterr().err


def test_a_status_of_a_replayed_event_goes_on(client: TestClient, registry: Registry) -> None:
    place = refused(client, "ashby")
    client.post(f"/v1/dead-letters/{place}", json={"action": "replay"})
    status = registry.event_status("ashby")
    assert status is not None
    assert status.state is EventState.ACCEPTED


def test_an_event_of_an_id_that_another_feed_has_too_is_found_by_its_own_key_or_its_feed(
    settings: Settings, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("push key-of-all-of-them\npush key-of-the-news feeds=news\npush key-of-support feeds=support*\n")
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:
        for offset, feed in enumerate(("news", "sport")):
            parts(client).note([EventStatus("1", feed, EventState.ACCEPTED, Position(0, offset))])

        def where(key: str, query: str = "") -> Any:
            return client.get(f"/v1/events/1{query}", headers={"authorization": f"Bearer {key}"})

        assert where("key-of-the-news").json()["feed"] == "news"
        assert where("key-of-all-of-them").json()["feed"] == "sport"
        assert where("key-of-all-of-them", "?feed=news").json()["token"] == "news.0.0"
        problem(where("key-of-all-of-them", "?feed=weather"), 404, "id")
        problem(where("key-of-the-news", "?feed=sport"), 404, "id")
        problem(where("key-of-support"), 404, "id")
