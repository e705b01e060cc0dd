"""serve, work and api as separate processes on a real Kafka, with a plain producer as the newsroom. A test of plumbing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer

from tests.support.kafka_broker import Kafka
from tests.support.redis_server import free_port
from tests.support.running import Process, eventually, patiently
from tests.support.taught_model import change, environment

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Fleet:
    """Where the three processes answer, and the topic that they share."""

    serve: str
    api: str
    bootstrap: str
    topic: str

    def ask(self, model: str, question: str, **headers: str) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 24}
        url = f"{self.serve}/v1/chat/completions"
        return patiently(lambda: httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False), 600)

    def get(self, path: str) -> Any:
        return httpx.get(self.api + path, timeout=30, trust_env=False).json()


@pytest.fixture(scope="module")
def fleet(
    kafka: Kafka, redis_session_server: Any, tmp_path_factory: pytest.TempPathFactory, taught_qwen: Path
) -> Iterator[Fleet]:
    if not kafka.is_real:
        pytest.skip("needs a real Kafka: set KAFKA_BOOTSTRAP")
    folder: Path = tmp_path_factory.mktemp("fleet")
    ports = {name: free_port() for name in ("serve", "api", "work")}
    log = kafka.settings()
    shared = {
        **environment(taught_qwen),
        "RTADAPT_EVENT_LOG__URL": log.url,
        "RTADAPT_EVENT_LOG__TOPIC": log.topic,
        "RTADAPT_EVENT_LOG__DEAD_LETTER_TOPIC": log.dead_letter_topic,
        "RTADAPT_EVENT_LOG__GROUP": log.group,
        "RTADAPT_REGISTRY__URL": redis_session_server.url,
        "RTADAPT_ARTIFACTS__URL": f"file://{folder / 'artifacts'}",
        "RTADAPT_SERVE__PORT": str(ports["serve"]),
        "RTADAPT_API__PORT": str(ports["api"]),
        "RTADAPT_WORK__METRICS_PORT": str(ports["work"]),
    }
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as stack:
        processes = {}
        for name in ports:
            processes[name] = Process(folder, name, shared | {"RTADAPT_DATA_DIR": str(folder / name)})
            stack.callback(processes[name].stop)
        for name, process in processes.items():
            process.wait_ready(f"{urls[name]}/readyz")
        yield Fleet(urls["serve"], urls["api"], kafka.bootstrap, log.topic)


def test_what_a_plain_producer_writes_is_answered_by_the_replica(fleet: Fleet) -> None:
    fact = change(0)
    event = {
        "specversion": "1.0",
        "id": "wire-1",
        "source": "newsroom/desk",
        "type": "story",
        "data": fact.event("wire"),
    }
    producer = KafkaProducer(bootstrap_servers=fleet.bootstrap)
    where = producer.send(fleet.topic, key=b"wire", value=json.dumps(event).encode()).get(timeout=30)
    producer.close()
    assert eventually(lambda: "wire" in str(fleet.get("/v1/feeds")), 60)
    answer = fleet.ask(
        "wire",
        fact.question,
        **{"x-rtadapt-after": f"wire.{where.partition}.{where.offset}", "x-rtadapt-wait": "30"},
    )
    assert answer.status_code == 200, answer.text
    assert fact.new in answer.json()["choices"][0]["message"]["content"]
    assert answer.headers["x-rtadapt-version"] == "wire@1"


def test_what_is_pushed_over_http_is_too_and_can_be_followed(fleet: Fleet) -> None:
    fact = change(1)
    pushed = httpx.post(f"{fleet.api}/v1/events", json=fact.event("wire"), timeout=30, trust_env=False)
    assert pushed.status_code == 202, pushed.text
    item = pushed.json()["items"][0]
    headers = {"x-rtadapt-after": item["token"], "x-rtadapt-wait": "30"}
    answer = fleet.ask("wire", fact.question, **headers)
    assert fact.new in answer.json()["choices"][0]["message"]["content"]
    assert fleet.get(f"/v1/events/{item['id']}")["status"] == "learned"


def test_what_is_no_event_becomes_a_dead_letter_and_the_next_is_learned(fleet: Fleet) -> None:
    producer = KafkaProducer(bootstrap_servers=fleet.bootstrap)
    producer.send(fleet.topic, key=b"wire", value=os.urandom(64)).get(timeout=30)
    fact = change(2)
    where = producer.send(fleet.topic, key=b"wire", value=json.dumps(fact.event("wire")).encode()).get(timeout=30)
    producer.close()
    headers = {"x-rtadapt-after": f"wire.{where.partition}.{where.offset}", "x-rtadapt-wait": "30"}
    answer = fleet.ask("wire", fact.question, **headers)
    assert fact.new in answer.json()["choices"][0]["message"]["content"]
