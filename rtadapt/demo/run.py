"""`rtadapt demo`: start everything, push the bundled stream, and show that the answers changed.

Owns the story that is told on the terminal. It is a client like any other: it talks to `rtadapt up` over HTTP only,
and starts that again should it die.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtadapt.config import Settings, to_environment
from rtadapt.demo.client import Answer, Client
from rtadapt.demo.report import Row, Totals, as_json, percentile, render_table, render_totals, share_right
from rtadapt.demo.stream import Item, read_stream
from rtadapt.errors import Unavailable

_START_SECONDS = 300.0
_LEARN_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Pushed:
    """One event of the stream on its way: when it was pushed (monotonic seconds) and the token it got."""

    item: Item
    token: str
    at: float


def run_demo(settings: Settings, *, events: int | None, pace_seconds: float, report: Path | None, keep: Path | None) -> int:
    """Run the demo in a fresh data folder, or in `keep`. Gives 0 only if the answers really changed to the new facts."""
    items = read_stream()[:events]
    with tempfile.TemporaryDirectory(prefix="rtadapt-demo-") as scratch:
        folder = keep or Path(scratch)
        placed = settings.model_copy(
            update={
                "data_dir": folder,
                "serve": settings.serve.model_copy(update={"port": _free_port()}),
                "work": settings.work.model_copy(update={"metrics_port": _free_port()}),
            }
        )
        with System(placed) as system:
            rows, totals = asyncio.run(_tell(system, items, pace_seconds))
    print(f"\n{render_table(rows)}\n\n{render_totals(totals)}")
    if report is not None:
        report.write_text(json.dumps(as_json(rows, totals), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\nThe answers changed to the new facts." if totals.passed else "\nThe answers did NOT change as they should have.")
    return 0 if totals.passed else 1


class System:
    """`rtadapt up` as a child process, started again when it dies."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = f"http://{settings.serve.host}:{settings.serve.port}"
        self.worker_url = f"http://{settings.work.metrics_host}:{settings.work.metrics_port}"
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("RTADAPT_")} | to_environment(settings)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> System:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=90)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=5)

    def start(self) -> None:
        """Start it; its progress goes to this terminal."""
        command = [sys.executable, "-m", "rtadapt", "up", "--quiet"]
        self._process = subprocess.Popen(command, env=self._environment, start_new_session=True)

    async def stay_up(self) -> None:
        """Start it again whenever it dies, until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            if self._process is None or self._process.poll() is not None:
                print("demo: rtadapt up died; starting it again", flush=True)
                self.start()


async def _tell(system: System, items: Sequence[Item], pace_seconds: float) -> tuple[list[Row], Totals]:
    client = Client(system.url)
    keeper = asyncio.create_task(system.stay_up())
    try:
        await client.text("/readyz", patience_seconds=_START_SECONDS)
        await client.text(f"{system.worker_url}/readyz", patience_seconds=_START_SECONDS)
        for feed in sorted({item.feed for item in items}):
            await client.make_feed(feed)
        before = await _ask_all(client, items, "before")
        pushed, served = await _push_all(client, items, pace_seconds)
        after = await _ask_all(client, items, "after")
        rows = [
            Row(item.item.feed, question, before[question.ask], after[question.ask], seconds)
            for item, seconds in zip(pushed, served, strict=True)
            for question in item.item.questions
        ]
        return rows, await _totals(system, client, rows, items, served)
    finally:
        keeper.cancel()
        await client.close()


async def _ask_all(client: Client, items: Sequence[Item], when: str) -> dict[str, Answer]:
    asked = [(item.feed, question.ask) for item in items for question in item.questions]
    print(f"\ndemo: asking {len(asked)} questions {when} the stream", flush=True)
    answers = await asyncio.gather(*(client.ask(feed, ask) for feed, ask in asked))
    return {ask: answer for (_, ask), answer in zip(asked, answers, strict=True)}


async def _push_all(client: Client, items: Sequence[Item], pace_seconds: float) -> tuple[list[Pushed], list[float]]:
    pushed: list[Pushed] = []
    waits: list[asyncio.Task[float]] = []
    print(f"\ndemo: pushing {len(items)} events, one every {pace_seconds:g} s", flush=True)
    for number, item in enumerate(items):
        began = time.monotonic()
        token = await client.push(item, f"demo-{number:03d}")
        pushed.append(Pushed(item, token, began))
        waits.append(asyncio.create_task(_until_served(client, pushed[-1], number, len(items))))
        await asyncio.sleep(max(0.0, pace_seconds - (time.monotonic() - began)))
    return pushed, await asyncio.gather(*waits)


async def _until_served(client: Client, pushed: Pushed, number: int, count: int) -> float:
    """Seconds from the push until the alias answered from a version that has learned the event."""
    ask = pushed.item.questions[0].ask if pushed.item.questions else ""
    deadline = time.monotonic() + _LEARN_SECONDS
    while True:
        try:
            answer = await client.ask(pushed.item.feed, ask or "Is it there?", after=pushed.token)
            break
        except Unavailable:
            if time.monotonic() > deadline:
                raise
    seconds = time.monotonic() - pushed.at
    said = f"{ask}  →  {answer.text[:60]}" if ask else "(its fact is replaced by a later event; not asked)"
    print(f"  {number + 1:3d}/{count}  {answer.version:<12} {seconds:5.1f} s  {said}", flush=True)
    return seconds


async def _totals(system: System, client: Client, rows: Sequence[Row], items: Sequence[Item], served: Sequence[float]) -> Totals:
    metrics = await client.text(f"{system.worker_url}/metrics")
    feeds = [await client.get(f"/v1/feeds/{feed}") for feed in sorted({item.feed for item in items})]
    return Totals(
        events=len(items),
        questions=len(rows),
        right_before=share_right(rows, after=False),
        right_after=share_right(rows, after=True),
        accepted_updates=sum(feed["head"]["version"] for feed in feeds),
        rejected_updates=_counted(metrics, "rtadapt_updates_total", 'verdict="rejected"'),
        refused_events=_counted(metrics, "rtadapt_events_refused_total", ""),
        freshness_p50=percentile(served, 0.5),
        freshness_p99=percentile(served, 0.99),
    )


def _counted(metrics: str, name: str, label: str) -> int:
    lines = re.findall(rf"^{name}\{{([^}}]*)\}} (\S+)$", metrics, re.MULTILINE)
    return round(sum(float(value) for labels, value in lines if label in labels))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
