"""Many more feeds than engines have room for: how soon is each answered, is what is in use let alone, what does idling cost?

    python -m loadtests.many_feeds --feeds 1000 --replicas 4 --adapters 16

Starts a registry and replicas of its own. Measures what the replicas' servers use while nothing is asked, without feeds and with
them; then asks every feed once, on one replica after the other, while streams on a few feeds go on; and prints a report. Exits
with status 1 when an answer failed or came from another version than its feed's, an engine let an adapter go by itself or holds
more than it has room for, a first answer took longer than `--limit` seconds, or idling cost more than a hundredth of a core.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from loadtests.replicas import TINY, System, started
from loadtests.swap_under_load import percentile
from rtadapt.conformance.publisher import Publisher

_POLL_CORES = 0.01


@dataclass(slots=True)
class Run:
    """Everything that was seen."""

    first: list[float] = field(default_factory=list)
    streams: int = 0
    problems: list[str] = field(default_factory=list)


def make_feeds(system: System, names: Sequence[str]) -> None:
    """Each with one version, which its route names already."""
    for number, name in enumerate(names):
        with contextlib.closing(Publisher(system.settings, name)) as publisher:
            publisher.publish(system.adapters[number % len(system.adapters)])
            publisher.registry.change_route(name, "promote", version=1)


def idle_cores(system: System, seconds: float) -> float:
    """What the servers use while nothing is asked, in cores a replica: the most of any."""
    before = [replica.cpu_seconds for replica in system.replicas]
    time.sleep(seconds)
    return max(replica.cpu_seconds - was for replica, was in zip(system.replicas, before, strict=True)) / seconds


def wait_known(system: System, names: Sequence[str]) -> None:
    """Return once every replica has heard of all feeds and has loaded what it will unasked."""
    for replica in system.replicas:
        loads, deadline = -1.0, time.monotonic() + 300
        while time.monotonic() < deadline:
            cards = httpx.get(f"{replica.url}/v1/models", timeout=60.0, trust_env=False).json()["data"]
            now = replica.metric("rtadapt_adapter_loads_total")
            if now == loads and {card["id"] for card in cards} >= set(names):
                break
            loads = now
            time.sleep(2.0)


async def ask(client: httpx.AsyncClient, url: str, feed: str, tokens: int, run: Run) -> float:
    """One answer; gives how long it took."""
    began = time.monotonic()
    body = {"model": feed, "prompt": "the council", "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
    try:
        answer = await client.post(f"{url}/v1/completions", json=body)
    except httpx.HTTPError as error:
        run.problems.append(f"{feed} was not answered: {type(error).__name__}")
        return time.monotonic() - began
    if answer.status_code != 200:
        run.problems.append(f"{feed} was not answered: status {answer.status_code}")
    elif answer.headers["x-rtadapt-version"] != f"{feed}@1":
        run.problems.append(f"{feed} was answered by {answer.headers['x-rtadapt-version']}")
    return time.monotonic() - began


async def drive(system: System, names: Sequence[str], options: argparse.Namespace) -> Run:
    """Every feed once, while a few are asked all the time."""
    run, until = Run(), time.monotonic() + options.most_seconds
    urls = [replica.url for replica in system.replicas]
    async with httpx.AsyncClient(timeout=60.0, trust_env=False) as client:

        async def stream(number: int) -> None:
            while True:
                await ask(client, urls[number % len(urls)], names[number], 64, run)
                run.streams += 1
                await asyncio.sleep(options.pause)

        going = [asyncio.create_task(stream(number)) for number in range(options.streams)]
        left = iter(zip(names[options.streams :], itertools.cycle(urls), strict=False))

        async def caller() -> None:
            for feed, url in left:
                if time.monotonic() > until:
                    return
                run.first.append(await ask(client, url, feed, 1, run))

        await asyncio.gather(*(caller() for _ in range(options.callers)))
        for task in going:
            task.cancel()
        await asyncio.wait(going)
    return run


def judge(system: System, run: Run, idle: tuple[float, float], options: argparse.Namespace) -> dict[str, object]:
    """The report. `problems` is empty when everything held."""
    slowest = max(run.first, default=0.0)
    held = [replica.metric("rtadapt_engine_adapters") for replica in system.replicas]
    evicted = sum(replica.metric("rtadapt_engine_evictions_total") for replica in system.replicas)
    problems = run.problems
    if max(held) > options.adapters:
        problems.append(f"an engine holds {max(held):g} adapters")
    if len(run.first) < options.feeds - options.streams:
        problems.append(f"{len(run.first)} of {options.feeds - options.streams} feeds were asked in {options.most_seconds:g} s")
    if evicted:
        problems.append(f"engines let {evicted:g} adapters go by themselves")
    if slowest > options.limit:
        problems.append(f"{sum(seconds > options.limit for seconds in run.first)} first answers took over {options.limit:g} s")
    if idle[1] - idle[0] > _POLL_CORES:
        problems.append(f"idling with all feeds costs {idle[1] - idle[0]:.4f} cores more than without")
    return {
        "feeds_asked": len(run.first),
        "first_answer_seconds_p50": round(percentile(run.first, 0.5), 3),
        "first_answer_seconds_p99": round(percentile(run.first, 0.99), 3),
        "first_answer_seconds_max": round(slowest, 3),
        "streams_answered": run.streams,
        "idle_cores_without_feeds": round(idle[0], 4),
        "idle_cores_with_feeds": round(idle[1], 4),
        "adapters_in_engines": held,
        "feeds_let_go": sum(replica.metric("rtadapt_feeds_let_go_total") for replica in system.replicas),
        "engine_evictions": evicted,
        "problems": [*dict.fromkeys(problems)][:20],
    }


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=TINY, help="the base model: `tiny` is a random one")
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--replicas", type=int, default=4)
    parser.add_argument("--adapters", type=int, default=16, help="that each engine has room for")
    parser.add_argument("--homes", type=int, default=2)
    parser.add_argument("--streams", type=int, default=4, help="feeds that are asked all the time")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between one answer of a stream and its next question")
    parser.add_argument("--callers", type=int, default=2, help="feeds that are asked for the first time at once")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds for which idling is measured, twice")
    parser.add_argument("--most-seconds", type=float, default=3600.0, help="when to leave off asking, however many are left")
    parser.add_argument("--limit", type=float, default=2.0, help="seconds until a first answer")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Gives the exit status."""
    options = parse(arguments)
    names = [f"feed-{number:04}" for number in range(options.feeds)]
    with started(options.model, options.replicas, 4, max_cpu_loras=options.adapters, homes=options.homes) as system:
        without = idle_cores(system, options.idle)
        make_feeds(system, names)
        wait_known(system, names)
        idle = without, idle_cores(system, options.idle)
        report = judge(system, asyncio.run(drive(system, names, options)), idle, options)
    for name, value in report.items():
        print(f"{name:<26}  {value}")
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
