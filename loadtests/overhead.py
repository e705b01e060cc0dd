"""What our routing costs: a replica and vLLM's own server with the same arguments and the same adapter, in turns.

    python -m loadtests.overhead --rounds 10 --seconds 20 --streams 8
    python -m loadtests.overhead --model smollm2 --feeds 1000

Starts both. On a CPU the bare server multiplies by adapters as ours does, so that it is the routing that is compared; with
`--plain` as vLLM does. In each round one is asked by `--streams` callers for `--seconds`, then the other; who is first changes.
Each round gives a ratio, and the report their medians: with `--feeds` twice, before and after the replica knows of so many feeds
that nobody asks. Exits with status 1 when throughput is below `--least` times the bare server's, or the time to the first token
(p50) above `--most` times.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
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
BARE = "bare"


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


async def drive(ours: str, bare: str, options: argparse.Namespace) -> list[tuple[float, float]]:
    """Of each round the ratios of throughput and of the time to the first token."""
    ratios = []
    async with httpx.AsyncClient(timeout=300.0, trust_env=False) as client:
        for url in (ours, bare):
            await turn(client, url, options)  # to warm up
        for number in range(options.rounds):
            order = (ours, bare) if number % 2 else (bare, ours)
            found = {url: await turn(client, url, options) for url in order}
            ratios.append((found[ours][0] / found[bare][0], found[ours][1] / found[bare][1]))
    return ratios


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
    idle = [f"idle-{number:04}" for number in range(options.feeds)]
    good = True
    with started(options.model, 1, 1, homes=1) as system, bare_server(system, system.adapters[0], plugin) as bare:
        publish(system, system.adapters[0])
        print(
            f"{options.rounds} rounds on {os.cpu_count()} cores, in times the bare server's (median; least and most of a round):"
        )
        for names in ([], idle) if idle else ([],):
            make_feeds(system, names)
            wait_known(system, names)
            ratios = asyncio.run(drive(system.replicas[0].url, bare, options))
            throughput, first = (sorted(values) for values in zip(*ratios, strict=True))
            good = good and median(throughput) >= options.least and median(first) <= options.most
            for what, values in (("throughput", throughput), ("first token, p50", first)):
                print(f"{what:<18} {median(values):.3f} ({values[0]:.3f} to {values[-1]:.3f}), {len(names)} idle feeds")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
