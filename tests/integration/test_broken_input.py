"""Broken input of every kind at `POST /v1/events` of a real control plane: refused by field, and nothing good is lost."""

from __future__ import annotations

import gzip
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rtadapt.config import IntakeSettings, RegistrySettings, Settings
from rtadapt.events.envelope import decode
from tests.support.api_server import PROBLEM, STORY, ApiServer, logged, problem, texts
from tests.support.idle import answers_after_a_rest

CLOUD = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
TYPED = {"type": "text", "parties": 0, "body": "Hello."}
WRONG_STORIES: list[dict[str, Any]] = [
    *({"id": value} for value in ("", 1.5)),
    *({"feed": value} for value in ("Bad Feed", "../news", "{news}", "x" * 64, "x" * 10_000, "\ud800")),
    *({"time": value} for value in (1e18, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00")),
    *({"turns": [{"speaker": speaker, "text": "Hi."}]} for speaker in ("alien", "", None, 3)),
    *({"facts": [{"entity": "a", "relation": "b", "value": value}]} for value in (None, True, [], {}, "", "x" * 1_001)),
    {"source": "x" * 257},
    {"turns": [{"speaker": "bot", "text": "Hi."}] * 401},
    {"qa": [{"question": 3, "answer": "x"}]},
]
WRONG_NINJS: list[dict[str, Any]] = [
    {"uri": 7},
    {"body_text": None},
    {"version": {}},
    {"type": "picture"},
    {"pubstatus": "withheld"},
    {"versioncreated": "soon"},
]
WRONG_VCON: list[dict[str, Any]] = [
    {"parties": []},
    {"parties": [{}]},
    {"dialog": []},
    *({"dialog": [TYPED | wrong]} for wrong in ({"parties": 7}, {"parties": [[0]]}, {"body": None}, {"start": "soon"})),
    *({"dialog": [TYPED | {"encoding": "base64url", "body": body}]} for body in ("/w", "!!", "é")),
]


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url))


def broken_bodies(seed: int) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Broken input of every kind."""
    random_ = random.Random(seed)
    js = {"content-type": "application/json"}
    good = json.dumps(STORY | {"facts": [{"entity": "a", "relation": "b", "value": "c"}]}).encode()
    for cut in range(1, len(good), 7):
        yield good[:cut], js
    for _ in range(150):
        spoiled = bytearray(good)
        for _ in range(4):
            spoiled[random_.randrange(len(spoiled))] = random_.randrange(0x80, 0x100)
        yield bytes(spoiled), js
    for _ in range(100):
        yield random_.randbytes(random_.randrange(1, 400)), js
    for value in (None, True, 7, -1.5, 10**400, "x", [], [[]], [None, 1, "x"], {}, {"feed": "news"}, {"text": "x"}):
        yield json.dumps(value).encode(), js
    for name in ("feed", "text", "id", "time", "source", "subject", "consent", "headline", "facts", "qa", "turns"):
        for value in ({}, {"a": 1}, [{}], [1], [[]], 1e308, 10**60, False if name != "consent" else "no"):
            if (name == "id" and value == 10**60) or (name in ("facts", "qa") and value == []):
                continue
            yield json.dumps(STORY | {name: value}).encode(), js
    for wrong in WRONG_STORIES:
        yield json.dumps(STORY | wrong).encode(), js
    for change in WRONG_NINJS:
        yield json.dumps({"feed": "news", "uri": "u", "body_text": "Marla"} | change).encode(), js
    for change in WRONG_VCON:
        vcon = {"feed": "news", "vcon": "0", "parties": [{"role": "agent"}], "dialog": [TYPED]}
        yield json.dumps(vcon | change).encode(), js
    yield from (
        (b"", js),
        (b"\x00" * 100, js),
        (b"[" * 20_000, js),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, js),
        (b'{"feed": "news", "text": NaN}', js),
        (b'{"feed": "news", "text": "x", "time": ' + b"9" * 5_000 + b"}", js),
        (b'{"feed": "news", "text": "x", "time": 1e999}', js),
        (b'{"feed": "news", "text": "\\u0000\\ud800"}', js),
        (json.dumps(STORY | {"text": "x" * 30_000}).encode(), js),
        (json.dumps([STORY] * 21).encode(), js),
        (b"x" * 60_000, js),
        (good, {}),
        (good, {"content-type": "text/html"}),
        (good, {"content-type": "application/x-www-form-urlencoded"}),
        (good, {"content-type": "application/json; charset=utf-16"}),
        (good.decode().encode("utf-16"), js),
        (good, {"content-type": "application/json", "content-encoding": "gzip"}),
        (gzip.compress(b" " * 10_000_000), {"content-type": "application/json", "content-encoding": "gzip"}),
        (good, {"content-type": "application/json", "content-encoding": "br"}),
        (good, {"content-type": "application/cloudevents-batch+json"}),
        (b"[]", {"content-type": "application/cloudevents+json"}),
        (b'{"specversion": "1.0"}', {"content-type": "application/cloudevents+json"}),
        (good, {**js, "ce-specversion": "9", "ce-id": "1", "ce-source": "s", "ce-type": "t"}),
        *((good, {**js, **CLOUD, name: value}) for name, value in (("ce-id", ""), ("ce-type", ""), ("ce-id", "x" * 2_049))),
        *((good, {**js, **CLOUD, name: value}) for name, value in (("ce-time", "soon"), ("ce-source", "%00%E2%80%8B"))),
        (good + b"\n" + good, {**CLOUD, "content-type": "application/x-ndjson"}),
        (b"\n\n\n", {"content-type": "application/x-ndjson"}),
        (b'{"feed"\n"x"\n[1]\n', {"content-type": "application/x-ndjson"}),
    )


def test_two_hundred_kilobytes_of_broken_input_are_each_refused_by_field_and_good_ones_arrive(settings: Settings) -> None:
    settings = settings.model_copy(update={"intake": IntakeSettings(max_body_bytes=50_000, max_events=20)})
    sent, refused = 0, 0
    with ApiServer(settings) as server, httpx.Client(base_url=server.url, timeout=30, trust_env=False) as http:
        good = 0
        for body, headers in broken_bodies(7):
            answer = http.post("/v1/events", content=body, headers=headers)
            assert 400 <= answer.status_code < 500, (body[:200], answer.text)
            assert answer.headers["content-type"] == PROBLEM
            assert answer.json()["field"], (body[:200], answer.text)
            sent, refused = sent + len(body), refused + 1
            if refused % 20 == 0:
                mixed = [3, STORY | {"id": f"good-{good}"}, {"feed": "news"}, None]
                assert http.post("/v1/events", json=mixed).json()["accepted"] == 1
                good += 1
        assert server.runs
        assert http.get("/readyz").status_code == 200
    assert sent > 200_000
    events = [decode(record) for record in logged(settings)]
    assert [event.id for event in events] == [f"good-{number}" for number in range(good)]


def test_a_body_that_lies_about_its_length_or_has_none_is_bounded(settings: Settings) -> None:
    settings = settings.model_copy(update={"intake": IntakeSettings(max_body_bytes=50_000)})
    js = {"content-type": "application/json"}

    def endless() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b" " * 10_000

    with ApiServer(settings) as server, httpx.Client(base_url=server.url, timeout=30, trust_env=False) as http:
        try:
            answer = http.post("/v1/events", content=endless(), headers=js)
        except httpx.WriteError:
            pass  # the server closed the connection while we were still sending
        else:
            problem(answer, 413, "body")
        request = "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n{}"
        with socket.create_connection(("127.0.0.1", server.settings.api.port), timeout=30) as raw:
            raw.sendall(request.encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 413 ")
        assert http.post("/v1/events", json=STORY).status_code == 202


def exchange(server: ApiServer, *pieces: bytes) -> bytes:
    """What the server says to the pieces, until it closes the connection or has answered."""
    said = b""
    with socket.create_connection(("127.0.0.1", server.settings.api.port), timeout=30) as raw:
        try:
            for piece in pieces:
                raw.sendall(piece)
            while received := raw.recv(65_536):
                said += received
        except (ConnectionError, TimeoutError):
            pass  # it closed the connection while we were still sending
    return said


def test_what_is_wrong_on_the_wire_is_refused_and_logged_as_json(settings: Settings) -> None:
    body = json.dumps(STORY).encode()
    head = b"POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    length = b"content-length: %d\r\n" % len(body)
    chunked = b"transfer-encoding: chunked\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    upgrade = b"upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: eA==\r\nsec-websocket-version: 13\r\n"
    refused = [
        [b"\x16\x03\x01\r\n\r\n"],
        [head, b"content-length: -1\r\n\r\n", body],
        [head, b"content-length: 1\r\n", length, b"\r\n", body],
        [head, length, chunked, b"\r\n", b"zz\r\nx"],
        [head, b"x-long: ", *([b"a" * 100_000] * 100)],
        [head, *(b"x-%d: %s\r\n" % (number, b"a" * 100_000) for number in range(100))],
    ]
    with ApiServer(settings) as server:
        for pieces in refused:
            said = exchange(server, *pieces)
            assert not said or said.startswith(b"HTTP/1.1 4"), said
        assert exchange(server, head, length, b"\r\n", body).startswith(b"HTTP/1.1 202 ")
        assert exchange(server, head, chunked, b"\r\n", chunks).startswith(b"HTTP/1.1 202 ")
        assert exchange(server, head, upgrade, length, b"\r\n", body).startswith(b"HTTP/1.1 202 ")
        pipelined = head.replace(b"connection: close\r\n", b"") + length + b"\r\n" + body
        assert exchange(server, pipelined, pipelined, head, length, b"\r\n", body).count(b"HTTP/1.1 202 ") == 3
        for line in server.output.read_text().splitlines():
            assert json.loads(line)["process"] == "api"
    assert texts(settings) == [STORY["text"]] * 6


def test_a_connection_that_rests_is_kept(settings: Settings) -> None:
    with ApiServer(settings) as server:
        assert answers_after_a_rest(server.url, "/healthz") == [200, 200]
