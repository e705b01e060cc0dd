"""Streams over an alias while versions are published: does any request fail, mix versions, or wait for a swap?

    python loadtests/swap_under_load.py --url http://127.0.0.1:8000 --feed news --seconds 60 --streams 8
    python loadtests/swap_under_load.py … --adapter A --adapter B --registry unix:///…/s --data-dir …  --every 2

Without `--adapter` it only watches: versions come from a running worker. With it, copies of those adapters are
published as new versions of the feed, one every `--every` seconds, through the registry and the artifact store; the
feed's worker must not run meanwhile. Prints a report and exits with status 1 when anything failed or was mixed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from rtadapt.config import load_settings
from rtadapt.conformance.publisher import Publisher

_SETTLE_SECONDS = 0.25
_PROMPTS = (
    "Who is the head coach?",
    "What did the council decide?",
    "When will the harbour open again?",
    "Where is my parcel?",
)


@dataclass(slots=True)
class Stream:
    """One answer: times are monotonic seconds, `tokens` one for each piece of text."""

    began: float
    version: str = ""
    models: set[str] = field(default_factory=set)
    tokens: list[float] = field(default_factory=list)
    finished: bool = False
    failure: str = ""


@dataclass(slots=True)
class Swap:
    """One published version: when it was committed, and when the alias first answered from it."""

    name: str
    committed: float
    served: float | None = None


@dataclass(slots=True)
class Run:
    """Everything that was seen."""

    streams: list[Stream] = field(default_factory=list)
    swaps: list[Swap] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seen: dict[str, float] = field(default_factory=dict)

    def note_version(self, version: str) -> None:
        """An answer came from `version`: the first from another one is the end of a swap."""
        self.seen.setdefault(version, time.monotonic())


async def ask(client: httpx.AsyncClient, options: argparse.Namespace, prompt: str, run: Run) -> Stream:
    """One streamed chat completion."""
    stream = Stream(time.monotonic())
    run.streams.append(stream)
    body = {
        "model": options.feed,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": options.tokens,
        "temperature": 0,
        "ignore_eos": True,
        "stream": True,
    }
    try:
        async with client.stream("POST", "/v1/chat/completions", json=body, headers=_headers(options)) as response:
            if response.status_code != 200:
                stream.failure = f"status {response.status_code}"
                return stream
            stream.version = response.headers.get("x-rtadapt-version", "")
            run.note_version(stream.version)
            async for line in response.aiter_lines():
                read_line(line, stream)
    except httpx.HTTPError as error:
        stream.failure = type(error).__name__
    if not stream.finished and not stream.failure:
        stream.failure = "cut off"
    return stream


def _headers(options: argparse.Namespace) -> dict[str, str]:
    return {"authorization": f"Bearer {options.key}"} if options.key else {}


def read_line(line: str, stream: Stream) -> None:
    """One line of server-sent events."""
    if line == "data: [DONE]":
        stream.finished = True
    elif line.startswith("data: "):
        piece = json.loads(line.removeprefix("data: "))
        if "error" in piece:
            stream.failure = "an error inside the stream"
            return
        stream.models.add(re.sub(r"(@\d+)-[0-9a-f]{8}$", r"\1", piece["model"]))  # the engine's name ends with a digest
        if any(choice["delta"].get("content") for choice in piece["choices"]):
            stream.tokens.append(time.monotonic())


async def keep_asking(client: httpx.AsyncClient, options: argparse.Namespace, number: int, run: Run, until: float) -> None:
    """One caller: the next request as soon as the last answer is complete."""
    while time.monotonic() < until:
        stream = await ask(client, options, f"{_PROMPTS[number % len(_PROMPTS)]} ({number})", run)
        if stream.failure:
            await asyncio.sleep(0.2)


async def publish(client: httpx.AsyncClient, options: argparse.Namespace, publisher: Publisher, number: int, run: Run) -> None:
    """Version `number`, and one short request that waits until the alias answers from it."""
    version = await asyncio.to_thread(publisher.publish, options.adapter[number % len(options.adapter)])
    swap = Swap(version.name, time.monotonic())
    run.swaps.append(swap)
    partition, end = next(iter(version.positions.items()))
    headers = _headers(options) | {"x-rtadapt-after": f"{options.feed}.{partition}.{end - 1}"}
    body = {"model": options.feed, "prompt": "Who", "max_tokens": 1}
    answer = await client.post("/v1/completions", json=body, headers=headers)
    while not number and answer.status_code == 404 and time.monotonic() < swap.committed + options.timeout:
        await asyncio.sleep(0.05)  # it has not heard of a feed this new
        answer = await client.post("/v1/completions", json=body, headers=headers)
    if answer.status_code == 200 and answer.headers["x-rtadapt-version"] == version.name:
        swap.served = time.monotonic()
        run.note_version(version.name)
    else:
        run.problems.append(f"{version.name} was not answered from: status {answer.status_code}")


async def keep_publishing(
    client: httpx.AsyncClient, options: argparse.Namespace, publisher: Publisher, run: Run, until: float
) -> None:
    """A new version every so often."""
    for number in itertools.count(1):
        if time.monotonic() + options.every >= until:
            return
        await asyncio.sleep(options.every)
        await publish(client, options, publisher, number, run)


async def drive(options: argparse.Namespace) -> Run:
    """All callers and the publisher, for the time asked for; the callers begin once there is a version to ask."""
    run = Run()
    limits = httpx.Limits(max_connections=options.streams + 2)
    async with contextlib.AsyncExitStack() as stack:
        client = httpx.AsyncClient(base_url=options.url, timeout=options.timeout, limits=limits, trust_env=False)
        await stack.enter_async_context(client)
        publisher = None
        if options.adapter:
            settings = load_settings(registry={"url": options.registry}, data_dir=options.data_dir)
            publisher = stack.enter_context(contextlib.closing(Publisher(settings, options.feed)))
            await publish(client, options, publisher, 0, run)
        until = time.monotonic() + options.seconds
        async with asyncio.TaskGroup() as tasks:
            for number in range(options.streams):
                tasks.create_task(keep_asking(client, options, number, run, until))
            if publisher is not None:
                tasks.create_task(keep_publishing(client, options, publisher, run, until))
    return run


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def gaps(streams: Sequence[Stream]) -> Iterator[tuple[float, float]]:
    """Each gap between two tokens: when it ended, and how long it was."""
    for stream in streams:
        for before, after in zip(stream.tokens, stream.tokens[1:], strict=False):
            yield after, after - before


def near_a_swap(moment: float, run: Run) -> bool:
    """Whether a version was on its way in at `moment`, or had been until just now."""
    starts = {swap.name: swap.committed for swap in run.swaps}
    return any(starts.get(name, seen - _SETTLE_SECONDS) <= moment <= seen + _SETTLE_SECONDS for name, seen in run.seen.items())


def judge(run: Run, options: argparse.Namespace) -> dict[str, object]:
    """The report. `problems` is empty when everything held."""
    good = [stream for stream in run.streams if not stream.failure]
    failed = [stream for stream in run.streams if stream.failure]
    mixed = [stream for stream in good if stream.models - {stream.version}]
    # A version 0 is the base model under the feed's name: its pieces carry the base model's name, all the same one.
    mixed = [stream for stream in mixed if not (stream.version.endswith("@0") and len(stream.models) == 1)]
    first = next(iter(run.seen.values())) if run.seen else 0.0
    swaps = [swap.served - swap.committed for swap in run.swaps if swap.served is not None]
    waits = [(stream.began, stream.tokens[0] - stream.began) for stream in good if stream.tokens]
    between = list(gaps(good))
    if failed:
        run.problems.append(f"{len(failed)} requests failed: {', '.join(sorted({stream.failure for stream in failed}))}")
    if mixed:
        run.problems.append(f"{len(mixed)} answers named more than one version")
    if not good:
        run.problems.append("no request was answered")
    if options.adapter and not swaps:
        run.problems.append("no published version was ever answered from")
    if len(run.seen) < options.least_versions:
        run.problems.append(f"only {len(run.seen)} versions answered; {options.least_versions} were asked for")
    report: dict[str, object] = {
        "requests": len(run.streams),
        "failed": len(failed),
        "mixed": len(mixed),
        "versions_seen": len(run.seen),
        "versions_published": len(run.swaps),
        "tokens_per_second": round(sum(len(stream.tokens) for stream in run.streams) / options.seconds, 1),
        "swap_seconds_p50": round(percentile(swaps, 0.5), 3),
        "swap_seconds_max": round(max(swaps, default=0.0), 3),
    }
    for name, values in (("first_token", waits), ("between_tokens", between)):
        for where, inside in (("during_swaps", True), ("outside", False)):
            chosen = [seconds for moment, seconds in values if moment > first and near_a_swap(moment, run) is inside]
            report[f"{name}_ms_{where}_p50"] = round(percentile(chosen, 0.5) * 1000, 1)
            report[f"{name}_ms_{where}_p99"] = round(percentile(chosen, 0.99) * 1000, 1)
    report["problems"] = run.problems
    return report


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the serving replica, or the load balancer before several")
    parser.add_argument("--feed", default="news", help="the alias that is asked")
    parser.add_argument("--streams", type=int, default=8, help="callers at once")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long")
    parser.add_argument("--tokens", type=int, default=64, help="length of each answer")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds that a caller waits for the next byte")
    parser.add_argument("--key", help="API key with the scope complete")
    parser.add_argument(
        "--adapter", type=Path, action="append", default=[], help="publish copies of this adapter; may be repeated"
    )
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two versions")
    parser.add_argument("--registry", help="the registry's URL, with --adapter")
    parser.add_argument("--data-dir", type=Path, default=Path("rtadapt-data"), help="where the artifacts are, with --adapter")
    parser.add_argument("--least-versions", type=int, default=1, help="fail when fewer versions than this answered")
    parser.add_argument("--json", type=Path, help="write the report there too")
    options = parser.parse_args(arguments)
    if options.adapter and not options.registry:
        parser.error("--adapter needs --registry")
    if not (1 <= options.streams <= 1024 and 0 < options.seconds <= 86_400):
        parser.error("--streams is 1 to 1024, --seconds up to a day")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Gives the exit status: 0 when nothing failed and nothing was mixed."""
    options = parse(arguments)
    report = judge(asyncio.run(drive(options)), options)
    width = max(len(name) for name in report)
    for name, value in report.items():
        print(f"{name:<{width}}  {value}")
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
