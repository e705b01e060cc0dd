"""The control plane when a part of it is away, fails or is asked by many at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from rtadapt.api import parts
from rtadapt.api.app import create_app
from rtadapt.config import EventLogSettings, RegistrySettings, Settings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.events.envelope import decode
from rtadapt.events.log import EventLog, open_log
from rtadapt.observe import metrics
from rtadapt.registry.registry import Registry
from tests.support.api_server import STORY, ApiServer, logged, problem
from tests.support.redis_server import RedisServer, free_port


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url))


def test_an_unexpected_error_is_a_problem_that_tells_nothing(settings: Settings) -> None:
    def breaks() -> dict[str, Any]:
        raise ZeroDivisionError("secret text")

    broken = Registry(settings.registry)
    broken.heads = breaks
    with TestClient(create_app(settings, registry=broken), raise_server_exceptions=False) as client:
        answer = client.get("/v1/feeds", headers={"x-request-id": "req-2"})
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] == "req-2"
        problem(answer, 500, None)
    broken.close()


def test_without_a_lifespan_the_app_works_all_the_same(settings: Settings) -> None:
    app = create_app(settings)
    client = TestClient(app)
    assert client.post("/v1/events", json=STORY).status_code == 202
    app.state.parts.close()


def test_without_the_registry_events_are_accepted_all_the_same(settings: Settings) -> None:
    down = settings.model_copy(
        update={"registry": RegistrySettings(url=f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=1.0)}
    )
    with TestClient(create_app(down, log=open_log(settings))) as client:
        for number in range(5):
            assert client.post("/v1/events", json=STORY | {"id": f"a{number}"}).status_code == 202
        answer = client.get("/v1/events/a1")
        problem(answer, 503, None)
        assert answer.headers["retry-after"]
        problem(client.get("/readyz/operate"), 503, None)
        assert client.get("/readyz/push").status_code == 200
        ready = client.get("/readyz")  # what a load balancer asks: events are accepted, so it stays in service
        assert (ready.status_code, ready.json()["operate"]) == (200, "unavailable")
        assert client.get("/healthz").status_code == 200
    assert len(logged(settings)) == 5


def test_an_app_that_never_met_its_registry_gives_no_tokens_that_may_mean_another_log(settings: Settings) -> None:
    down = settings.model_copy(
        update={"registry": RegistrySettings(url=f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=1.0)}
    )
    with TestClient(create_app(down)) as client:
        problem(client.post("/v1/events", json=STORY), 503, None)
    assert logged(settings) == []


def test_without_the_log_events_are_refused_for_now(settings: Settings) -> None:
    log = open_log(settings)
    with TestClient(create_app(settings, log=log)) as client:
        before = metrics.APPEND_FAILURES._value.get()
        log.close()
        problem(client.post("/v1/events", json=STORY), 503, None)
        assert f"rtadapt_append_failures_total {before + 1}" in client.get("/metrics").text
        problem(client.get("/readyz/push"), 503, None)
        assert client.get("/readyz/operate").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["push"]) == (200, "unavailable")
        assert client.get("/v1/feeds").status_code == 200
        assert 'rtadapt_http_requests_total{method="POST",route="/v1/events",status="503"}' in client.get("/metrics").text


def test_without_either_it_can_do_nothing_and_says_so(settings: Settings) -> None:
    log = open_log(settings)
    down = settings.model_copy(
        update={"registry": RegistrySettings(url=f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=1.0)}
    )
    with TestClient(create_app(down, log=log)) as client:
        log.close()
        problem(client.get("/readyz"), 503, None)


@pytest.mark.parametrize("url", ["kafka://nowhere", "amqp://broker:1", "sqlite:relative/path", ""])
def test_a_log_that_cannot_be_right_is_refused_at_the_start_and_not_to_those_who_push(settings: Settings, url: str) -> None:
    wrong = settings.model_copy(update={"event_log": EventLogSettings(url=url)})
    with pytest.raises(InvalidSettings) as caught:
        create_app(wrong)
    assert caught.value.field == "event_log.url"


def test_events_pushed_by_many_clients_at_once_all_arrive(settings: Settings) -> None:
    with ApiServer(settings) as server:

        def push(client_number: int) -> None:
            with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as http:
                for number in range(20):
                    body = STORY | {"id": f"{client_number}-{number}"}
                    assert http.post("/v1/events", json=body).status_code == 202

        threads = [threading.Thread(target=push, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    ids = [decode(record).id for record in logged(settings)]
    assert sorted(ids) == sorted(f"{client}-{number}" for client in range(6) for number in range(20))


def test_requests_do_not_wait_for_each_others_attempts_to_open_the_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    def fail(_: Settings) -> EventLog:
        nonlocal attempts
        attempts += 1
        raise Unavailable("no broker takes a connection")

    monkeypatch.setattr(parts, "open_log", fail)
    monkeypatch.setattr(parts, "SILENCE_SECONDS", 3600.0)
    with TestClient(create_app(settings)) as client:
        for _ in range(3):
            problem(client.post("/v1/events", json=STORY), 503, None)
        assert attempts == 1
        assert client.get("/v1/feeds").status_code == 200


def test_when_the_registry_comes_back_its_part_works_again(settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder, port=port)
    server.start()
    changed = settings.model_copy(update={"registry": RegistrySettings(url=server.url, timeout_seconds=2.0)})
    with TestClient(create_app(changed)) as client:
        assert client.get("/readyz/operate").status_code == 200
        server.stop()
        assert client.post("/v1/events", json=STORY | {"id": "during"}).status_code == 202
        assert client.get("/readyz/operate").status_code == 503
        server.start()
        deadline = time.monotonic() + 30
        while client.get("/readyz/operate").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(2.1)  # intake leaves a registry that failed alone for two seconds
        assert client.post("/v1/events", json=STORY | {"id": "after"}).status_code == 202
        assert client.get("/v1/events/after").status_code == 200
    server.stop()


def test_a_log_that_is_given_stays_open(settings: Settings) -> None:
    log = open_log(settings)
    with TestClient(create_app(settings, log=log)) as client:
        client.post("/v1/events", json=STORY)
    log.ping()
    log.close()
    with pytest.raises(Unavailable):
        log.ping()
