"""What our routing costs: a replica and vLLM's own server with the same arguments and the same adapter, in turns.

    python -m loadtests.overhead --rounds 10 --seconds 20 --streams 8
    python -m loadtests.overhead --model smollm2 --feeds 1000

Starts both. On a CPU the bare server multiplies by adapters as ours does, so that it is the routing that is compared; with
`--plain` as vLLM does. With `--feeds` a second replica runs beside, of a registry of its own, which knows of so many feeds that
nobody asks. In each round each is asked by `--streams` callers for `--seconds`, one after the other; who is first changes.
Each round gives ratios, and the report their medians, each with the interval that its true value lies in (95%, by the ranks of
the rounds' ratios: nothing is taken for granted of how they scatter, and it takes six rounds at least). Throughput must not be
below `--least` times the bare server's, nor the time to the first token (p50) above `--most` times; and idle feeds must change
neither for the worse by more than a hundredth. Exits with status 1 when a whole interval is beyond its bound. Where the bound
lies inside, the report says `undecided`: these rounds can't tell, and more of them may.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from loadtests.many_feeds import make_feeds, wait_known
from loadtests.many_swaps import PROMPTS, body_of
from loadtests.replicas import TINY, System, started
from loadtests.swap_under_load import percentile
from rtadapt.basemodel import find_model
from rtadapt.conformance.publisher import Publisher
from rtadapt.serving.launch import build_arguments, environment, has_cpu_wheel
from rtadapt.serving.plugin import PLUGIN, SERVER_PID
from tests.support.redis_server import free_port
from tests.support.running import Process

FEED = "overhead"
OURS, BARE, FULL = "ours", "bare", "full"
_IDLE = (0.99, 1.01)
"""What feeds that nobody asks may make of throughput and of the time to the first token."""
_BESIDE = 0.05
"""How often the true value may lie beside an interval."""


@contextlib.contextmanager
def bare_server(system: System, adapter: Path, plugin: str) -> Iterator[str]:
    """vLLM's own server with our arguments but for the middleware, with `plugin` and with the adapter loaded; its URL."""
    path, name = find_model(system.settings)
    port = free_port()
    settings = system.settings.model_copy(update={"serve": system.settings.serve.model_copy(update={"port": port})})
    cpu = has_cpu_wheel()
    arguments = build_arguments(settings, model_path=path, model_name=name, middleware=(), cpu=cpu)
    while "--middleware" in arguments:
        at = arguments.index("--middleware")
        del arguments[at : at + 2]
    variables = environment(settings, model_path=path, model_name=name, cpu=cpu) | {"OMP_NUM_THREADS": "1"}
    variables |= {"VLLM_PLUGINS": plugin, SERVER_PID: str(os.getpid())}
    place = system.folder / BARE
    place.mkdir()
    process = Process(place, BARE, variables, [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *arguments])
    try:
        process.wait_ready(f"http://127.0.0.1:{port}/health")
        body = {"lora_name": FEED, "lora_path": str(adapter)}
        httpx.post(f"http://127.0.0.1:{port}/v1/load_lora_adapter", json=body, timeout=60.0, trust_env=False).raise_for_status()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()


async def ask(client: httpx.AsyncClient, url: str, prompt: str, tokens: int, first: list[float]) -> int:
    """One answer; notes the time to its first token and gives how many came."""
    began, came = time.perf_counter(), 0
    async with client.stream("POST", f"{url}/v1/completions", json=body_of(FEED, prompt, tokens)) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                if not came:
                    first.append(time.perf_counter() - began)
                came += 1
    return came


async def turn(client: httpx.AsyncClient, url: str, options: argparse.Namespace) -> tuple[float, float]:
    """Tokens a second and seconds to the first token (p50) of one server."""
    first: list[float] = []
    began = time.perf_counter()

    async def caller(number: int) -> int:
        tokens = 0
        while time.perf_counter() - began < options.seconds:
            tokens += await ask(client, url, PROMPTS[number % len(PROMPTS)], options.tokens, first)
        return tokens

    came = await asyncio.gather(*(caller(number) for number in range(options.streams)))
    return sum(came) / (time.perf_counter() - began), percentile(first, 0.5)


async def drive(urls: Mapping[str, str], options: argparse.Namespace) -> list[dict[str, tuple[float, float]]]:
    """Of each round what each server gave."""
    rounds = []
    async with httpx.AsyncClient(timeout=300.0, trust_env=False) as client:
        for url in urls.values():
            await turn(client, url, options)  # to warm up
        for number in range(options.rounds):
            order = [*urls][number % len(urls) :] + [*urls][: number % len(urls)]
            rounds.append({name: await turn(client, urls[name], options) for name in order})
            print(f"\r{number + 1} of {options.rounds} rounds", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rounds


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `one` gave of `measure` in times what `other` did: the rounds' median, and the interval around it. `bound` is the
    worst that may be; with `is_cost` more is worse, else less."""

    one: str
    other: str
    measure: str
    median: float
    low: float
    high: float
    bound: float
    is_cost: bool

    @property
    def verdict(self) -> str:
        """`holds`, `undecided` or `broken`."""
        best, worst = (self.low, self.high) if self.is_cost else (-self.high, -self.low)
        bound = self.bound if self.is_cost else -self.bound
        return "broken" if best > bound else "holds" if worst <= bound else "undecided"

    def __str__(self) -> str:
        allowed = f"at {'most' if self.is_cost else 'least'} {self.bound:g}"
        interval = f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"
        return f"{self.one} / {self.other:<6} {self.measure:<17} {interval}, {allowed}: {self.verdict}"


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """Between which two of them their true median lies with a probability of 95% at least; without bounds for fewer than six."""
    ordered, below, rank = sorted(ratios), 0.0, 0
    while True:
        below += math.comb(len(ordered), rank) / 2 ** len(ordered)  # as likely as `rank` heads of so many coins, or fewer
        if below > _BESIDE / 2:
            return (ordered[rank - 1], ordered[-rank]) if rank else (-math.inf, math.inf)
        rank += 1


def judge(rounds: Sequence[Mapping[str, tuple[float, float]]], least: float, most: float) -> list[Comparison]:
    """Each of ours beside the bare server, and the one that knows of idle feeds beside the one that does not."""
    pairs = [(name, BARE, (least, most)) for name in (OURS, FULL) if name in rounds[0]]
    pairs += [(FULL, OURS, _IDLE)] if FULL in rounds[0] else []
    found = []
    for one, other, bounds in pairs:
        for place, measure in enumerate(("throughput", "first token, p50")):
            ratios = [seen[one][place] / seen[other][place] for seen in rounds]
            found.append(Comparison(one, other, measure, median(ratios), *interval(ratios), bounds[place], bool(place)))
    return found


def publish(system: System, adapter: Path) -> None:
    """Have the replica answer from the adapter."""
    with contextlib.closing(Publisher(system.settings, FEED)) as publisher:
        system.settle(publisher.publish(adapter).name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=TINY, help="the base model: `tiny` is a random one")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0, help="of a server's turn in a round")
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--feeds", type=int, default=0, help="feeds beside, that nobody asks")
    parser.add_argument("--least", type=float, default=0.99, help="throughput, in times the bare server's")
    parser.add_argument("--most", type=float, default=1.02, help="time to the first token, in times the bare server's")
    parser.add_argument("--plain", action="store_true", help="the bare server multiplies by adapters as vLLM does")
    options = parser.parse_args(arguments)
    plugin = "" if options.plain else PLUGIN
    with contextlib.ExitStack() as running:
        system = running.enter_context(started(options.model, 1, 1, homes=1))
        publish(system, system.adapters[0])
        urls = {OURS: system.replicas[0].url, BARE: running.enter_context(bare_server(system, system.adapters[0], plugin))}
        if options.feeds:
            other = running.enter_context(started(options.model, 1, 1, homes=1))
            publish(other, other.adapters[0])
            names = [f"idle-{number:04}" for number in range(options.feeds)]
            make_feeds(other, names)
            wait_known(other, names)
            urls[FULL] = other.replicas[0].url
        rounds = asyncio.run(drive(urls, options))
    print(f"{options.rounds} rounds on {os.cpu_count()} cores, medians; {FULL}: {options.feeds} feeds that nobody asks")
    found = judge(rounds, options.least, options.most)
    for comparison in found:
        print(comparison)
    return 1 if any(comparison.verdict == "broken" for comparison in found) else 0


if __name__ == "__main__":
    sys.exit(main())
