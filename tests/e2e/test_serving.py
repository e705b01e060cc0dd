"""Serving with a real vLLM: versions by name, swaps under load, and what happens when parts go away.

One replica for most of the tests, which publish one version after another to the same feed; the last two start others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest

from loadtests import load
from loadtests.replicas import Replica, System
from rtadapt.conformance.publisher import Publisher
from tests.support.idle import answers_after_a_rest
from tests.support.redis_server import free_port
from tests.support.replica import ServedFeed, processes_of_session, served_feed
from tests.support.running import eventually
from tests.support.tiny_model import build_adapter, build_llama, build_qwen

pytestmark = pytest.mark.slow

ADAPTERS = 6
SWAPS = 12


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_llama(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory, model: Path) -> list[Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return [build_adapter(folder / str(seed), model, seed) for seed in range(ADAPTERS)]


@pytest.fixture(scope="module")
def feed(model: Path) -> Iterator[ServedFeed]:
    # In float32, where a greedy answer does not depend on who else is in the batch: bfloat16 has ties.
    with tempfile.TemporaryDirectory(prefix="rta-") as folder, served_feed(Path(folder), model, dtype="float32") as started:
        yield started


@pytest.fixture
def client(feed: ServedFeed) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{feed.url}/v1", api_key="none", max_retries=0, timeout=60) as opened:
        yield opened


def publish(feed: ServedFeed, adapter: Path) -> int:
    """Publish, and wait until the alias answers from it; gives the number."""
    version = feed.publisher.publish(adapter)
    token = f"news.0.{version.positions[0] - 1}"
    answer = feed.ask("news", tokens=1, x_rtadapt_after=token)
    assert (answer.status_code, answer.headers["x-rtadapt-version"]) == (200, version.name), answer.text
    assert answer.headers["x-rtadapt-position"] == token
    return version.number


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["text"])


def test_a_connection_that_rests_is_kept(feed: ServedFeed) -> None:
    assert answers_after_a_rest(feed.url, "/v1/models") == [200, 200]


def test_an_alias_answers_from_the_base_until_there_is_a_version_and_says_so(feed: ServedFeed) -> None:
    answer = feed.ask("news")
    assert answer.headers["x-rtadapt-version"] == "news@0"
    assert text_of(answer) == text_of(feed.ask("tiny")) == text_of(feed.ask("news@0"))


def test_alias_pin_and_base_answer_each_from_their_own_weights(feed: ServedFeed, adapters: list[Path]) -> None:
    base = text_of(feed.ask("tiny"))
    first = publish(feed, adapters[0])
    from_first = text_of(feed.ask("news"))
    second = publish(feed, adapters[1])
    from_second = text_of(feed.ask("news"))
    assert len({base, from_first, from_second}) == 3
    assert text_of(feed.ask(f"news@{first}")) == from_first
    assert text_of(feed.ask(f"news@{second}")) == from_second
    assert text_of(feed.ask("tiny")) == base
    assert feed.ask("tiny").headers["x-rtadapt-version"] == "tiny"


@pytest.mark.parametrize("name", ["sport", "news@999", "nothing/like-this"])
def test_a_model_that_is_not_there_is_openais_not_found(client: openai.OpenAI, name: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.completions.create(model=name, prompt="x", max_tokens=1)
    assert caught.value.code == "model_not_found"


def test_openais_client_works_unchanged(feed: ServedFeed, client: openai.OpenAI, adapters: list[Path]) -> None:
    number = publish(feed, adapters[2])
    messages = [{"role": "user", "content": "Who is the head coach?"}]
    whole = client.chat.completions.with_raw_response.create(model="news", messages=messages, max_tokens=12, temperature=0)
    assert whole.headers["x-rtadapt-version"] == f"news@{number}"
    assert whole.headers["x-request-id"]
    content = whole.parse().choices[0].message.content
    with client.chat.completions.create(model="news", messages=messages, max_tokens=12, temperature=0, stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == content
    (named,) = {chunk.model for chunk in chunks}
    assert re.fullmatch(rf"news@{number}-[0-9a-f]{{8}}", named)
    assert client.responses.create(model=named, input="Who?", max_output_tokens=4).model == named
    listed = {card.id for card in client.models.list()}
    assert {"tiny", "news", "news@0", f"news@{number}"} <= listed


def test_adapters_can_not_be_loaded_from_outside(feed: ServedFeed, adapters: list[Path]) -> None:
    for path in ("/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/adapters", "/invocations", "/tokenize"):
        answer = httpx.post(feed.url + path, json={"lora_name": "x", "lora_path": str(adapters[0]), "name": "x"}, timeout=30)
        assert answer.status_code == 404, path


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")


async def one_stream(
    client: httpx.AsyncClient, prompt: str, tokens: int, began: asyncio.Event | None = None
) -> tuple[str, set[str], str]:
    """The version a stream began with, every model its pieces named, and its text. `began` is set when it is under way."""
    body = {"model": "news", "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": True}
    async with client.stream("POST", "/v1/completions", json=body) as response:
        assert response.status_code == 200, await response.aread()
        if began is not None:
            began.set()
        models, text, done = set(), "", False
        async for line in response.aiter_lines():
            if line == "data: [DONE]":
                done = True
            elif line.startswith("data: "):
                piece = json.loads(line.removeprefix("data: "))
                models.add(re.sub(r"(@\d+)-[0-9a-f]{8}$", r"\1", piece["model"]))  # the engine's name ends with a digest
                text += piece["choices"][0]["text"]
        assert done
        return response.headers["x-rtadapt-version"], models, text


def test_headers_without_end_are_cut_off(feed: ServedFeed) -> None:
    address = httpx.URL(feed.url)
    assert address.port is not None
    with socket.create_connection((address.host, address.port), timeout=30) as raw, contextlib.suppress(ConnectionError):
        raw.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n")
        for number in range(100):
            raw.sendall(b"x-%d: %s\r\n" % (number, b"a" * 100_000))
        said = raw.recv(100)
        assert not said or said.startswith(b"HTTP/1.1 4"), said
    assert httpx.get(f"{feed.url}/healthz", trust_env=False).status_code == 200


async def test_swaps_under_eight_streams_drop_nothing_and_mix_nothing(feed: ServedFeed, adapters: list[Path]) -> None:
    prompts = ["the council", "Marla", "Who", "the harbour", "my parcel", "Agent:", "Customer:", "when"]
    results: list[tuple[str, str, set[str], str]] = []
    ending = asyncio.Event()

    async def keep_asking(client: httpx.AsyncClient, prompt: str) -> None:
        while not ending.is_set():
            results.append((prompt, *await one_stream(client, prompt, 40)))

    learned = {f"news@{publish(feed, adapters[0])}": 0}
    async with httpx.AsyncClient(base_url=feed.url, timeout=60, trust_env=False) as client:
        streams = [asyncio.create_task(keep_asking(client, prompt)) for prompt in prompts]
        for swap in range(1, SWAPS + 1):
            number = await asyncio.to_thread(publish, feed, adapters[swap % ADAPTERS])
            learned[f"news@{number}"] = swap % ADAPTERS
            enough = len(results) + 3
            await until(lambda enough=enough: len(results) >= enough)
        ending.set()
        await asyncio.gather(*streams)
    assert len({version for _, version, _, _ in results}) > SWAPS / 2
    # What each adapter says when it is asked alone, by the newest version that is a copy of it.
    newest = {adapter: version for version, adapter in learned.items()}
    alone = {(adapter, prompt): text_of(feed.ask(newest[adapter], prompt, 40)) for adapter in newest for prompt in prompts}
    for prompt, version, models, text in results:
        assert models == {version}
        assert text == alone[learned[version], prompt], (prompt, version)


async def test_a_stream_that_began_before_a_flip_ends_on_its_version(feed: ServedFeed, adapters: list[Path]) -> None:
    before = await asyncio.to_thread(publish, feed, adapters[0])
    async with httpx.AsyncClient(base_url=feed.url, timeout=120, trust_env=False) as client:
        began = asyncio.Event()
        stream = asyncio.create_task(one_stream(client, "the council", 400, began))
        await asyncio.wait_for(began.wait(), 60)
        after = await asyncio.to_thread(publish, feed, adapters[1])
        assert not stream.done()
        version, models, text = await stream
    assert version == f"news@{before}" != f"news@{after}"
    assert models == {version}
    assert text == text_of(feed.ask(version, tokens=400))


async def test_asking_after_an_event_waits_for_it(feed: ServedFeed, adapters: list[Path]) -> None:
    token = f"news.0.{feed.publisher.head().positions[0]}"
    too_early = await asyncio.to_thread(lambda: feed.ask("news", x_rtadapt_after=token, x_rtadapt_wait="0.2"))
    assert (too_early.status_code, too_early.json()["error"]["code"]) == (503, "not_covered")
    asking = asyncio.create_task(asyncio.to_thread(lambda: feed.ask("news", x_rtadapt_after=token)))
    await asyncio.sleep(0.3)
    assert not asking.done()
    version = feed.publisher.publish(adapters[2])
    assert (await asking).headers["x-rtadapt-version"] == version.name
    pinned = feed.ask(f"news@{version.number - 1}", x_rtadapt_after=token)
    assert pinned.status_code == 409


def test_an_event_that_was_rejected_is_covered_by_the_version_that_stayed(feed: ServedFeed) -> None:
    number = feed.publisher.head().version
    end = feed.publisher.reject(events=2)[0]
    answer = feed.ask("news", x_rtadapt_after=f"news.0.{end - 1}")
    assert (answer.status_code, answer.headers["x-rtadapt-version"]) == (200, f"news@{number}")


def test_a_damaged_artifact_never_flips_and_the_next_good_one_does(
    feed: ServedFeed, adapters: list[Path], tmp_path: Path
) -> None:
    number = publish(feed, adapters[3])
    failed = feed.metric("rtadapt_adapter_loads_total")
    changed = build_adapter(tmp_path / "changed", Path(feed.settings.model), seed=99)
    artifact = feed.publisher.store_adapter(changed)
    weights = feed.settings.data_dir / "artifacts" / artifact.path / "adapter_model.safetensors"
    weights.chmod(0o600)
    weights.write_bytes(weights.read_bytes()[:-7] + b"damaged")
    bad = feed.publisher.publish(artifact)
    assert eventually(lambda: feed.metric("rtadapt_adapter_loads_total") > failed)
    assert feed.ask("news").headers["x-rtadapt-version"] == f"news@{number}"
    assert feed.ask(bad.name).status_code == 404
    assert publish(feed, adapters[4]) == bad.number + 1


def test_what_is_unloaded_leaves_the_engines_memory_too(feed: ServedFeed, adapters: list[Path]) -> None:
    publish(feed, adapters[0])
    with contextlib.closing(Publisher(feed.settings, "short")) as publisher:
        for adapter in adapters[:3]:
            version = publisher.publish(adapter)
            assert feed.ask("short", tokens=1, x_rtadapt_after=f"short.0.{version.positions[0] - 1}").status_code == 200
        with_it = feed.metric("rtadapt_engine_adapters")
        assert with_it == feed.metric("rtadapt_adapters_loaded") >= 4
        publisher.registry.delete_feed("short", 0, 3)
        assert eventually(lambda: feed.metric("rtadapt_engine_adapters") == with_it - 3)
    assert feed.metric("rtadapt_adapters_loaded") == with_it - 3
    assert feed.metric("rtadapt_engine_evictions_total") == 0


def test_a_path_can_be_followed_by_ids_in_logs_that_hold_no_text(feed: ServedFeed, adapters: list[Path]) -> None:
    number = publish(feed, adapters[5])
    event_id = f"news-{feed.publisher.head().positions[0] - 1}"
    lines = [json.loads(line) for line in feed.log().splitlines() if line.startswith("{")]
    flips = [line for line in lines if line["message"] == "route flipped" and event_id in line["event_ids"]]
    assert [line["version"] for line in flips] == [f"news@{number}"]
    assert "the council" not in feed.log()
    assert feed.metric("rtadapt_event_to_served_seconds_count") >= number - 1


def test_with_the_registry_killed_it_answers_on_and_catches_up_later(feed: ServedFeed, adapters: list[Path]) -> None:
    number = publish(feed, adapters[0])
    feed.redis.stop(signal.SIGKILL)
    assert eventually(lambda: feed.metric("rtadapt_registry_up") == 0)
    assert feed.ask("news").headers["x-rtadapt-version"] == f"news@{number}"
    assert feed.ask("news@0").status_code == 200
    assert httpx.get(f"{feed.url}/readyz", timeout=30).status_code == 200
    feed.redis.start()
    assert publish(feed, adapters[1]) == number + 1


@pytest.mark.parametrize("reachable", [True, False])
def test_the_load_test_tells_good_from_bad(feed: ServedFeed, adapters: list[Path], tmp_path: Path, reachable: bool) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "loadtests.swap_under_load", "--feed", "load", "--streams", "4", "--tokens", "16"]
    command += ["--seconds", "4" if reachable else "1", "--every", "0.5", "--json", str(report)]
    if reachable:
        command += ["--url", feed.url, "--registry", feed.redis.url, "--data-dir", str(feed.settings.data_dir)]
        command += ["--adapter", str(adapters[0]), "--adapter", str(adapters[1]), "--least-versions", "3"]
    else:
        command += ["--url", f"http://127.0.0.1:{free_port()}"]
    ended = subprocess.run(command, check=False, timeout=120, stdout=subprocess.DEVNULL)
    found = json.loads(report.read_text())
    assert ended.returncode == (0 if reachable else 1), found["problems"]
    assert bool(found["problems"]) is not reachable
    assert (found["failed"] == found["mixed"] == 0) is reachable


def test_callers_of_locust_notice_no_swap(feed: ServedFeed, adapters: list[Path], tmp_path: Path) -> None:
    arguments = ["swaps", "--seconds", "5", "--callers", "2", "--tokens", "16", "--every", "0.5", "--slower", "inf"]
    options = load.parse([*arguments, "--html", str(tmp_path / "report.html")])
    assert feed.process is not None
    system = System(tmp_path, feed.settings, [Replica(feed.url, feed.process)], adapters[:3])
    report = load.judge("swaps", load.drive("swaps", system, options), options)
    assert report["problems"] == []
    assert report["swapping"]["answers"] > 0


async def test_a_request_under_way_is_finished_before_a_stop(feed: ServedFeed, adapters: list[Path]) -> None:
    number = await asyncio.to_thread(publish, feed, adapters[3])
    expected = text_of(feed.ask("news", tokens=150))
    async with httpx.AsyncClient(base_url=feed.url, timeout=120, trust_env=False) as client:
        began = asyncio.Event()
        stream = asyncio.create_task(one_stream(client, "the council", 150, began))
        await asyncio.wait_for(began.wait(), 60)
        stopping = asyncio.create_task(asyncio.to_thread(feed.stop))
        assert await stream == (f"news@{number}", {f"news@{number}"}, expected)
        assert await stopping == 0


def test_a_restart_serves_its_route_from_the_first_answer_and_a_kill_leaves_nothing_behind(feed: ServedFeed) -> None:
    number = feed.publisher.head().version
    feed.start()
    expected = text_of(feed.ask(f"news@{number}"))
    answer = feed.ask("news")
    assert (answer.headers["x-rtadapt-version"], text_of(answer)) == (f"news@{number}", expected)
    assert feed.process is not None
    leader = feed.process.process.pid
    assert len(processes_of_session(leader)) > 1
    os.kill(leader, signal.SIGKILL)
    feed.process.process.wait(timeout=30)
    assert eventually(lambda: not processes_of_session(leader)), processes_of_session(leader)


def test_another_family_with_another_tokenizer_is_served_too(tmp_path: Path) -> None:
    model = build_qwen(tmp_path / "qwen")
    with tempfile.TemporaryDirectory(prefix="rta-") as folder, served_feed(Path(folder), model) as feed:
        base = text_of(feed.ask("qwen"))
        number = publish(feed, build_adapter(tmp_path / "adapter", model, seed=1))
        assert text_of(feed.ask("news")) != base
        body = {"model": "news", "messages": [{"role": "user", "content": "Who?"}], "max_tokens": 4}
        answer = httpx.post(f"{feed.url}/v1/chat/completions", json=body, timeout=60)
        assert (answer.status_code, answer.headers["x-rtadapt-version"]) == (200, f"news@{number}")
