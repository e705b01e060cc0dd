"""The control plane over a real Redis-protocol server and a real log, asked over HTTP."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from rtadapt.api.app import create_app
from rtadapt.config import IntakeSettings, RegistrySettings, Settings
from rtadapt.events.envelope import decode, event_id_of
from rtadapt.records import Artifact, Candidate, EventState, EventStatus, LearnedEvent, Position, Version
from rtadapt.registry.registry import Registry
from tests.support.api_server import STORY, logged, problem, texts


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
    yield registry
    registry.close()


def publish(registry: Registry, feed: str = "news", parent: int = 0, measures: dict[str, float] | None = None) -> Version:
    epoch = registry.claim(feed, "worker")
    adapter, state = Artifact(f"{parent:064x}", "a", 10), Artifact(f"{parent + 9:064x}", "s", 20)
    version = registry.commit(
        feed,
        epoch=epoch,
        parent=parent,
        positions={0: parent + 1},
        candidate=Candidate(feed, parent, adapter, state, {0: parent + 1}, (f"event-{parent}",)),
        events=[LearnedEvent(f"event-{parent}", 1.5)],
        measures=measures or {"gain": 0.25},
        statuses=[],
    )
    assert version is not None
    return version


def test_a_pushed_event_is_in_the_log_and_its_status_can_be_asked(client: TestClient, settings: Settings) -> None:
    answer = client.post("/v1/events", json=STORY | {"id": "a1"})
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "refused": 0,
        "items": [{"index": 0, "status": "accepted", "id": "a1", "token": "news.0.0"}],
    }
    assert texts(settings) == [STORY["text"]]
    assert client.get("/v1/events/a1").json() == {"id": "a1", "feed": "news", "status": "accepted", "token": "news.0.0"}


def test_what_reads_for_each_worker_can_be_asked(client: TestClient, registry: Registry) -> None:
    assert client.get("/v1/reading").json() == {"workers": {}}
    report = {"by": "auto", "grammar": True, "model": False, "asks": True, "reader": 0.25, "checker": 0.75}
    registry.note_reading("host-1", report)
    assert client.get("/v1/reading").json() == {"workers": {"host-1": report}}


def test_pushing_to_a_feed_that_is_not_there_makes_it(client: TestClient) -> None:
    assert client.get("/v1/feeds/news").status_code == 404
    client.post("/v1/events", json=STORY)
    assert client.get("/v1/feeds/news").json()["head"]["version"] == 0


def test_what_is_wrong_with_one_item_loses_no_other(client: TestClient, settings: Settings) -> None:
    bodies = [STORY | {"id": "one"}, STORY | {"text": ""}, STORY | {"id": "three"}, 4, STORY | {"facts": [{}]}]
    answer = client.post("/v1/events", json=bodies)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["refused"]) == (2, 3)
    assert [item.get("id") for item in body["items"]] == ["one", None, "three", None, None]
    assert [item["error"]["field"] for item in body["items"] if "error" in item] == ["text", "event", "facts[0].entity"]
    assert len(texts(settings)) == 2


def test_an_event_that_no_log_takes_loses_no_other(settings: Settings) -> None:
    settings = settings.model_copy(update={"intake": IntakeSettings(max_text_chars=2_000_000)})
    with TestClient(create_app(settings)) as client:
        answer = client.post(
            "/v1/events", json=[STORY | {"id": "one"}, STORY | {"text": "x" * 1_100_000}, STORY | {"id": "three"}]
        )
    assert [item.get("id") for item in answer.json()["items"]] == ["one", None, "three"]
    assert answer.json()["items"][1]["error"]["code"] == "too_large"
    assert answer.json()["items"][1]["error"]["field"] == "text"
    assert len(texts(settings)) == 2


def test_ndjson_is_accepted_line_by_line(client: TestClient, settings: Settings) -> None:
    lines = [json.dumps(STORY), "{broken", "", json.dumps(STORY | {"feed": "other"})]
    answer = client.post("/v1/events", content="\n".join(lines), headers={"content-type": "application/x-ndjson"})
    assert [(item["index"], item["status"]) for item in answer.json()["items"]] == [
        (0, "accepted"),
        (1, "refused"),
        (3, "accepted"),
    ]
    assert len(texts(settings)) == 2


def test_nothing_good_in_a_batch_is_a_problem_that_lists_every_item(client: TestClient) -> None:
    body = problem(client.post("/v1/events", json=[{"feed": "news"}, {"text": "x"}]), 422, "text")
    assert [item["error"]["field"] for item in body["items"]] == ["text", "feed"]


def test_cloud_events_binary_mode_plain_text_and_gzip_arrive(client: TestClient, settings: Settings) -> None:
    ce = {"ce-specversion": "1.0", "ce-id": "a/1", "ce-source": "/wire", "ce-type": "t", "ce-feed": "news"}
    assert client.post("/v1/events", json={"text": "One."}, headers=ce).status_code == 202
    plain = {"content-type": "text/plain"}
    assert client.post("/v1/events?feed=news", content="Two.", headers=plain).status_code == 202
    packed = {"content-type": "application/json", "content-encoding": "gzip"}
    assert client.post("/v1/events", content=gzip.compress(json.dumps(STORY).encode()), headers=packed).status_code == 202
    assert texts(settings) == ["One.", "Two.", STORY["text"]]
    assert client.get("/v1/events/a/1", params={"source": "/wire"}).json()["id"] == event_id_of("a/1", "/wire")


def test_an_unknown_event_is_not_found(client: TestClient) -> None:
    problem(client.get("/v1/events/nothing"), 404, "id")
    problem(client.get("/v1/events/%00%ff"), 404, "id")


def test_an_events_path_is_told(client: TestClient, registry: Registry) -> None:
    registry.ensure_feed("news")
    registry.note_events([EventStatus("a", "news", EventState.LEARNED, Position(1, 2), version=3)])
    registry.note_events([EventStatus("b", "news", EventState.REFUSED, Position(1, 3), reason="duplicate", detail="of a")])
    assert client.get("/v1/events/a").json() == {
        "id": "a",
        "feed": "news",
        "status": "learned",
        "token": "news.1.2",
        "version": 3,
    }
    refused = client.get("/v1/events/b").json()
    assert (refused["status"], refused["reason"], refused["detail"]) == ("refused", "duplicate", "of a")


def test_feedback_becomes_an_event_with_the_right_answer(client: TestClient, settings: Settings) -> None:
    said = {"feed": "support", "question": "How do I reset it?", "answer": "You can't.", "correction": "Hold the button."}
    assert client.post("/v1/feedback", json=said).status_code == 202
    del said["correction"]
    assert client.post("/v1/feedback", json=said).status_code == 202
    events = [decode(record) for record in logged(settings)]
    assert [event.pairs[0].answer for event in events] == ["Hold the button.", "You can't."]
    assert {event.source for event in events} == {"feedback"}
    problem(client.post("/v1/feedback", json=said | {"answer": 3}), 422, "answer")
    problem(client.post("/v1/feedback", json=said | {"feed": "No Such"}), 422, "feed")


def test_feeds_versions_and_routes_are_told_and_changed(client: TestClient, registry: Registry) -> None:
    assert client.put("/v1/feeds/news", json={"title": "News"}).status_code == 201
    assert client.put("/v1/feeds/news", json={"title": "All news"}).status_code == 200
    for parent in range(3):
        publish(registry, parent=parent)
    feed = client.get("/v1/feeds/news").json()
    assert (feed["head"]["version"], feed["route"]["stable"], feed["config"]) == (3, 0, {"title": "All news"})
    listed = client.get("/v1/feeds/news/versions", params={"limit": 2}).json()["versions"]
    assert [version["name"] for version in listed] == ["news@3", "news@2"]
    assert listed[0]["measures"] == {"gain": 0.25}
    assert client.get("/v1/feeds/news/versions/1").json()["events"] == [{"id": "event-0", "accepted_at": 1.5}]
    assert client.post("/v1/feeds/news/route", json={"action": "promote"}).json()["stable"] == 3
    assert client.post("/v1/feeds/news/route", json={"action": "canary", "version": 2, "share": 0.1}).json()["canary"] == 2
    rolled = client.post("/v1/feeds/news/route", json={"action": "rollback", "version": 1}).json()
    assert (rolled["stable"], rolled["canary"], rolled["follow"]) == (1, None, False)
    assert client.post("/v1/feeds/news/route", json={"action": "resume"}).json()["follow"] is True
    assert client.post("/v1/feeds/news/route", json={"action": "pause"}).json()["follow"] is False
    assert [feed["feed"] for feed in client.get("/v1/feeds").json()["feeds"]] == ["news"]


def test_measures_that_json_can_not_carry_are_null(client: TestClient, registry: Registry) -> None:
    publish(registry, measures={"loss": float("inf"), "gain": 1.0})
    assert client.get("/v1/feeds/news/versions/1").json()["measures"]["gain"] == 1.0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("GET", "/v1/feeds/none", None, 404, "feed"),
        ("GET", "/v1/feeds/No", None, 422, "feed"),
        ("GET", "/v1/feeds/none/versions", None, 404, "feed"),
        ("GET", "/v1/feeds/news/versions/99", None, 404, "version"),
        ("GET", "/v1/feeds/news/versions/x", None, 422, "number"),
        ("GET", "/v1/feeds/news/versions?limit=0", None, 422, "limit"),
        ("GET", "/v1/nothing", None, 404, None),
        ("PATCH", "/v1/feeds", None, 405, None),
        ("PUT", "/v1/feeds/No", "{}", 422, "feed"),
        ("PUT", "/v1/feeds/news", "[]", 422, "body"),
        ("PUT", "/v1/feeds/news", "{", 400, "body"),
        ("PUT", "/v1/feeds/news", '{"contradiction": "newest"}', 422, "contradiction"),
        ("PUT", "/v1/feeds/news", '{"contradictions": "loudest"}', 422, "contradictions"),
        ("PUT", "/v1/feeds/news", '{"trusted_sources": ["a", 1]}', 422, "trusted_sources[1]"),
        ("PUT", "/v1/feeds/news", '{"max_changes_per_entity_per_hour": -1}', 422, "max_changes_per_entity_per_hour"),
        ("PUT", "/v1/feeds/news", '{"max_facts_per_source_per_hour": "9"}', 422, "max_facts_per_source_per_hour"),
        ("PUT", "/v1/feeds/news", '{"readers": []}', 422, "readers"),
        ("PUT", "/v1/feeds/news", '{"a":' * 20, 400, "body"),
        ("PUT", "/v1/feeds/news", json.dumps({"a": "x" * 70_000}), 413, "body"),
        ("POST", "/v1/feeds/news/route", "{}", 422, "action"),
        ("POST", "/v1/feeds/news/route", '{"action": "explode"}', 422, "action"),
        ("POST", "/v1/feeds/news/route", '{"action": "promote", "version": -1}', 422, "version"),
        ("POST", "/v1/feeds/news/route", '{"action": "promote", "version": "two"}', 422, "version"),
        ("POST", "/v1/feeds/news/route", '{"action": "canary"}', 422, "version"),
        ("POST", "/v1/feeds/news/route", '{"action": "promote", "version": 7}', 404, "version"),
        ("POST", "/v1/feeds/none/route", '{"action": "promote"}', 404, "feed"),
        ("POST", "/v1/feeds/news/route", '{"action": "promote", "extra": 1}', 422, "extra"),
        ("POST", "/v1/feedback", "{}", 422, "feed"),
    ],
)
def test_every_error_is_a_problem_document(
    client: TestClient, registry: Registry, method: str, path: str, body: str | None, status: int, field: str | None
) -> None:
    registry.ensure_feed("news")
    problem(client.request(method, path, content=body, headers={"content-type": "application/json"}), status, field)


def test_control_bodies_must_say_that_they_are_json(client: TestClient) -> None:
    problem(client.put("/v1/feeds/news", content="{}", headers={"content-type": "text/plain"}), 415, "content-type")


def test_keys_open_what_their_scopes_say(settings: Settings, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("push pusher-key\noperate operator-key\ncomplete chatter-key\npush,operate both-keys\n")
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:

        def status(method: str, path: str, key: str | None) -> int:
            headers = {} if key is None else {"authorization": f"Bearer {key}"}
            return client.request(method, path, json=STORY if method == "POST" else None, headers=headers).status_code

        assert status("POST", "/v1/events", None) == 401
        assert status("POST", "/v1/events", "wrong-key") == 401
        assert status("POST", "/v1/events", "chatter-key") == 403
        assert status("POST", "/v1/events", "operator-key") == 403
        assert status("POST", "/v1/events", "pusher-key") == 202
        assert status("GET", "/v1/feeds", "pusher-key") == 403
        assert status("GET", "/v1/feeds", "operator-key") == 200
        assert status("GET", "/v1/feeds", "both-keys") == 200
        assert client.post("/v1/events").headers["www-authenticate"] == "Bearer"
        for path in ("/healthz", "/readyz", "/metrics", "/console"):
            assert status("GET", path, None) == 200


def test_a_key_pushes_to_its_feeds_makes_none_and_has_so_many_events(settings: Settings, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(
        "push newsroom-key feeds=news,new-* new_feeds=no events=2\npush other-key feeds=sport\noperate operator-key\n"
        "operate news-operator feeds=news\n"
    )
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client:

        def ask(method: str, path: str, key: str, value: object = None) -> httpx.Response:
            return client.request(method, path, json=value, headers={"authorization": f"Bearer {key}"})

        assert ask("POST", "/v1/events", "other-key", STORY).status_code == 403
        problem(ask("POST", "/v1/events", "newsroom-key", STORY), 403, "feed")  # there is no such feed yet
        for feed in ("news", "sport"):
            assert ask("PUT", f"/v1/feeds/{feed}", "operator-key", {}).status_code == 201
        events = [STORY | {"id": "mine"}, STORY | {"feed": "sport"}, STORY | {"feed": "new-1"}]
        mixed = ask("POST", "/v1/events", "newsroom-key", events)
        assert [item["status"] for item in mixed.json()["items"]] == ["accepted", "refused", "refused"]
        assert ask("GET", "/v1/events/mine", "newsroom-key").status_code == 200
        assert ask("GET", "/v1/events/mine", "other-key").status_code == 404
        assert ask("POST", "/v1/events", "newsroom-key", STORY).status_code == 202
        late = ask("POST", "/v1/events", "newsroom-key", STORY)
        problem(late, 429, "authorization")
        assert 1 <= int(late.headers["retry-after"]) <= 30
        problem(ask("GET", "/v1/feeds/sport", "news-operator"), 403, "feed")
        assert [feed["feed"] for feed in ask("GET", "/v1/feeds", "news-operator").json()["feeds"]] == ["news"]
        assert ask("GET", "/v1/overview", "news-operator").json()["total"] == 1


def test_every_response_names_its_request(client: TestClient) -> None:
    assert client.get("/healthz", headers={"x-request-id": "abc.1"}).headers["x-request-id"] == "abc.1"
    made = client.get("/v1/nothing", headers={"x-request-id": "a b\x7f"}).headers["x-request-id"]
    assert len(made) == 32


def test_the_log_follows_a_request_by_id_and_holds_no_text(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="rtadapt"):
        client.post("/v1/events", json=STORY | {"id": "a1", "subject": "person-7"}, headers={"x-request-id": "req-1"})
        client.post("/v1/events", json=STORY | {"time": "Marla"})
    mine = [record for record in caplog.records if getattr(record, "request_id", "") == "req-1"]
    assert {record.getMessage() for record in mine} == {"event accepted", "request answered"}
    assert [getattr(record, "event_id", None) for record in mine] == ["a1", None]
    assert "Marla" not in caplog.text + str([record.__dict__ for record in caplog.records])


def test_the_log_says_who_moved_a_route_and_how(settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = tmp_path / "keys"
    keys.write_text("operate key-of-ada id=ada\n")
    with TestClient(create_app(settings.model_copy(update={"keys_file": keys}))) as client, caplog.at_level("INFO", "rtadapt"):
        client.put("/v1/feeds/news", json={}, headers={"authorization": "Bearer key-of-ada"})
        client.post("/v1/feeds/news/route", json={"action": "pause"}, headers={"authorization": "Bearer key-of-ada"})
        client.post("/v1/feeds/news/route", json={"action": "resume"}, headers={"authorization": "Bearer of-nobody"})
    said = [record.__dict__ for record in caplog.records if record.getMessage() == "request answered"]
    names = ("method", "feed", "key", "action", "status")
    assert [tuple(line.get(name) for name in names) for line in said] == [
        ("PUT", "news", "ada", None, 201),
        ("POST", "news", "ada", "pause", 200),
        ("POST", "news", None, None, 401),
    ]


def test_metrics_count_what_came_in(client: TestClient) -> None:
    client.post("/v1/events", json=[STORY, {}])
    page = client.get("/metrics").text
    assert 'rtadapt_events_accepted_total{feed="news"}' in page
    assert 'rtadapt_events_invalid_total{code="invalid_event"}' in page


def test_the_console_is_one_page_that_loads_nothing(client: TestClient) -> None:
    answer = client.get("/console")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "src=" not in answer.text
    assert " style=" not in answer.text
    assert "http" not in answer.text.replace("http-equiv", "")
    assert "innerHTML" not in answer.text


def test_no_other_page_is_shown(client: TestClient) -> None:
    for path in {route.path for route in client.app.routes} | {"/docs", "/redoc"}:
        answer = client.get(path)
        assert path == "/console" or "html" not in answer.headers.get("content-type", ""), path
