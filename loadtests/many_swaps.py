"""Very many publications under load over several replicas: does anybody notice, and does anything grow?

    python -m loadtests.many_swaps --publications 1000 --every 0.5 --streams 8 --replicas 2
    python -m loadtests.many_swaps --model smollm2 …

Starts a registry and replicas of its own. Every caller streams one answer after another, each from the next replica, first
without publications and then with them. Exits with status 1 when a request failed, a text differs from what the version that it
names says of that prompt, a caller went back a version, tokens came more than `--slower` times as far apart (p99) as before,
memory or disk grew by more than a twentieth, or names, adapters or files are left of versions that are over. What is compared is
alike: memory under the same load, the medians of the second and of the last tenth of the publications (in the first one
everything takes its size); disk after the first tenth and after all of them, each time under the streams alone and once what
was over had the time to go.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import httpx

from loadtests.replicas import TINY, System, started
from loadtests.swap_under_load import percentile
from rtadapt.conformance.publisher import Publisher

FEED = "swaps"
PROMPTS = tuple(f"the council met again {number}" for number in range(4))
_GROWTH = 1.05
_COMPARED = (1, 9)
_SAMPLES = 10
"""Of memory, in each of these tenths."""
_REST_SECONDS = 30.0
"""A request that was aborted keeps its version's files for ten seconds."""


@dataclass(slots=True)
class Answer:
    """One streamed answer; `tokens` are monotonic seconds."""

    prompt: str
    version: str
    text: str
    tokens: list[float]
    incarnation: str = ""


@dataclass(slots=True)
class Run:
    """Everything that was seen."""

    steady: list[Answer] = field(default_factory=list)
    swapping: list[Answer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    back: int = 0
    failed: int = 0
    published: int = 0
    memory: dict[int, list[int]] = field(default_factory=lambda: {tenth: [] for tenth in _COMPARED})
    """Bytes by the tenth of the publications that they were looked at in."""
    disk: list[int] = field(default_factory=list)
    """Bytes at rest, after the first tenth of the publications and after the last."""


def body_of(model: str, prompt: str, tokens: int) -> dict[str, object]:
    """A greedy completion of a fixed length."""
    return {"model": model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": True}


async def ask(client: httpx.AsyncClient, url: str, model: str, prompt: str, tokens: int) -> Answer:
    """One answer. Raises httpx.HTTPError, ValueError for one that is not whole."""
    text, moments, is_whole = "", [], False
    async with client.stream("POST", f"{url}/v1/completions", json=body_of(model, prompt, tokens)) as response:
        if response.status_code != 200:
            raise ValueError(f"status {response.status_code}")
        async for line in response.aiter_lines():
            if line == "data: [DONE]":
                is_whole = True
            elif line.startswith("data: "):
                piece = json.loads(line.removeprefix("data: "))
                if "error" in piece:
                    raise ValueError("an error inside the stream")
                text += "".join(choice["text"] for choice in piece["choices"])
                moments.append(time.monotonic())
        version, incarnation = (response.headers.get(f"x-rtadapt-{name}", "") for name in ("version", "incarnation"))
    if not is_whole:
        raise ValueError("cut off")
    return Answer(prompt, version, text, moments, incarnation)


async def keep_asking(
    client: httpx.AsyncClient, urls: Sequence[str], number: int, run: Run, into: list[Answer], options: argparse.Namespace
) -> None:
    """One caller, whose answers must never come from an older version than the one before."""
    newest = turn = 0
    while True:
        turn += 1
        try:
            answer = await ask(client, urls[(number + turn) % len(urls)], FEED, PROMPTS[turn % len(PROMPTS)], options.tokens)
        except (httpx.HTTPError, ValueError) as error:
            run.failed += 1
            run.problems.append(f"a request failed: {error or type(error).__name__}")
            await asyncio.sleep(0.2)
            continue
        into.append(answer)
        version = int(answer.version.partition("@")[2])
        run.back += version < newest
        newest = max(newest, version)


@contextlib.asynccontextmanager
async def asking(client: httpx.AsyncClient, system: System, run: Run, into: list[Answer], options: argparse.Namespace):  # type: ignore[no-untyped-def]
    """All callers, while the block lasts."""
    urls = [replica.url for replica in system.replicas]
    callers = [asyncio.create_task(keep_asking(client, urls, number, run, into, options)) for number in range(options.streams)]
    try:
        yield
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)


def rest(system: System, version: str, run: Run, most: int) -> None:
    """Wait until every replica answers from `version` and nothing is left of those that are over; note what is left all the
    same after so long, and what the disk holds."""
    system.settle(version)
    deadline = time.monotonic() + _REST_SECONDS
    while left := leftovers(system, most):
        if time.monotonic() > deadline:
            run.problems.append(f"after {version} {left}")
            break
        time.sleep(1.0)
    run.disk.append(system.disk_bytes)


def leftovers(system: System, most: int) -> str:
    """What there is, on disk or in engines, beyond `most` versions a replica and the names that it answers to; "" for nothing."""
    names = [replica.metric("rtadapt_adapters_loaded") for replica in system.replicas]
    held = [replica.metric("rtadapt_engine_adapters") for replica in system.replicas]
    if max(names) <= most and system.copies <= sum(names) and all(one <= other for one, other in zip(held, names, strict=True)):
        return ""
    return f"engines are left with {names} names and {held} adapters, and the disk with {system.copies} copies"


async def drive(system: System, publisher: Publisher, options: argparse.Namespace) -> tuple[Run, dict[tuple[int, str], str]]:
    """A steady time, then the publications. Gives also what each adapter says of each prompt, by the adapter's number."""
    run, said = Run(), {}
    stored = [publisher.store_adapter(adapter) for adapter in system.adapters]
    async with httpx.AsyncClient(timeout=60.0, trust_env=False) as client:
        for number in range(len(stored)):
            version = await asyncio.to_thread(publisher.publish, stored[number])
            await asyncio.to_thread(system.settle, version.name)
            for prompt in PROMPTS:
                answer = await ask(client, system.replicas[0].url, version.name, prompt, options.tokens)
                said[version.number % len(stored), prompt] = answer.text
        async with asking(client, system, run, run.steady, options):
            await asyncio.sleep(options.steady)
        async with asking(client, system, run, run.swapping, options):
            began = time.monotonic()
            for number in range(options.publications):
                if time.monotonic() - began > options.most_seconds:
                    break
                run.published += 1
                version = await asyncio.to_thread(publisher.publish, stored[number % len(stored)])
                tenth = number * 10 // options.publications
                if tenth in _COMPARED and number % max(1, options.publications // 10 // _SAMPLES) == 0:
                    run.memory[tenth].append(await asyncio.to_thread(lambda: system.memory_bytes))
                await asyncio.sleep(max(0.0, began + (number + 1) * options.every - time.monotonic()))
                if number + 1 == max(1, options.publications // 10):
                    paused = time.monotonic()
                    await asyncio.to_thread(rest, system, version.name, run, options.keep + 1)
                    began += time.monotonic() - paused
            await asyncio.to_thread(rest, system, version.name, run, options.keep + 1)
    return run, said


def between(answers: Sequence[Answer]) -> list[float]:
    """The seconds between two tokens."""
    return [after - before for answer in answers for before, after in zip(answer.tokens, answer.tokens[1:], strict=False)]


def judge(run: Run, said: dict[tuple[int, str], str], options: argparse.Namespace) -> dict[str, object]:
    """The report. `problems` is empty when everything held."""
    different = [
        one for one in run.swapping if said[int(one.version.partition("@")[2]) % options.adapters, one.prompt] != one.text
    ]
    p99 = percentile(between(run.steady), 0.99), percentile(between(run.swapping), 0.99)
    memory = [round(median(run.memory[tenth])) if run.memory[tenth] else 0 for tenth in _COMPARED]
    problems = run.problems
    if different:
        problems.append(f"{len(different)} answers differ from what the version they name says")
    if run.published < options.publications:
        problems.append(f"{run.published} of {options.publications} were published in {options.most_seconds:g} s")
    if run.back:
        problems.append(f"callers went back a version {run.back} times")
    if p99[1] > options.slower * p99[0]:
        problems.append(f"p99 between tokens rose from {p99[0] * 1000:.1f} to {p99[1] * 1000:.1f} ms")
    for name, (before, after) in (("memory", memory), ("disk", (run.disk[0], run.disk[-1]))):
        if after > _GROWTH * before:
            problems.append(f"{name} grew from {before} to {after} bytes")
    return {
        "publications": run.published,
        "answers": len(run.swapping),
        "failed": run.failed,
        "different": len(different),
        "back": run.back,
        "versions_seen": len({answer.version for answer in run.swapping}),
        "between_tokens_ms_p99_steady": round(p99[0] * 1000, 1),
        "between_tokens_ms_p99_swapping": round(p99[1] * 1000, 1),
        "memory_bytes": (*memory,),
        "disk_bytes": (run.disk[0], run.disk[-1]),
        "problems": [*dict.fromkeys(problems)][:20],
    }


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=TINY, help="the base model: `tiny` is a random one")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--publications", type=int, default=1000)
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two publications")
    parser.add_argument("--most-seconds", type=float, default=3600.0, help="when to leave off publishing, however many are left")
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--steady", type=float, default=60.0, help="seconds of load before the first publication")
    parser.add_argument("--adapters", type=int, default=4, help="different adapters that versions are copies of")
    parser.add_argument("--keep", type=int, default=4, help="versions that stay loaded")
    parser.add_argument("--slower", type=float, default=1.5, help="how much further apart tokens may come (p99)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Gives the exit status."""
    options = parse(arguments)
    with (
        started(options.model, options.replicas, options.adapters, keep_loaded=options.keep) as system,
        contextlib.closing(Publisher(system.settings, FEED)) as publisher,
    ):
        run, said = asyncio.run(drive(system, publisher, options))
    report = judge(run, said, options)
    for name, value in report.items():
        print(f"{name:<30}  {value}")
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
