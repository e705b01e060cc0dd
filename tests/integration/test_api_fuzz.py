"""Requests of all kinds, made from the API document, see only answers that it tells of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx

from rtadapt.config import RegistrySettings, Settings
from rtadapt.events.envelope import encode
from rtadapt.events.log import open_log
from rtadapt.records import DeadLetter, EventState, EventStatus, Position
from rtadapt.registry.registry import Registry
from tests.support.api_server import ApiServer
from tests.support.events import story
from tests.support.registry_steps import publish

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
OPTIONS = (
    f"--checks={','.join(CHECKS)}",
    "--phases=examples,coverage,fuzzing",
    "--max-examples=5",
    "--seed=1",
    "--no-shrink",
    "--suppress-health-check=all",
    "--generation-database=none",
    "--header=authorization:Bearer key-of-the-fuzzer",
)


def test_only_documented_answers_are_given(tmp_path: Path, redis_url: str) -> None:
    """And every route is reached: with what it is there for, and with what it refuses."""
    keys = tmp_path / "keys"
    keys.write_text("push,operate key-of-the-fuzzer\n")
    settings = Settings(data_dir=tmp_path, keys_file=keys, registry=RegistrySettings(url=redis_url))
    registry = Registry(settings.registry)
    publish(registry, 0, epoch=registry.claim("news", "worker"))
    registry.note_events([EventStatus("story-17", "news", EventState.ACCEPTED, Position(0, 0))])
    registry.close()
    log = open_log(settings)
    places = log.append([("news", encode(story(offset, f"Told {offset}."))) for offset in range(4)])
    log.refuse([DeadLetter(f"event-0-{place.offset}", "news", place, "gate", "not learned") for place in places[1:]])
    log.close()
    with ApiServer(settings) as server:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", *OPTIONS]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        paths = httpx.get(f"{server.url}/openapi.json", trust_env=False).json()["paths"]
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = [json.loads(line) for line in server.output.read_text().splitlines() if line.startswith("{")]
    seen = {(line["method"], line["route"].replace(":path", ""), line["status"]) for line in lines if "route" in line}
    for path, methods in paths.items():
        for method in methods:
            statuses = {status for how, route, status in seen if (how, route) == (method.upper(), path)}
            assert not path.startswith("/v1/") or any(200 <= status < 300 for status in statuses), (method, path, statuses)
    assert {400, 404, 405, 415, 422} <= {status for _, _, status in seen}
