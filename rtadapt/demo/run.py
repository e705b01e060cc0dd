"""`rtadapt demo`: start everything, push a morning of news and support, and show what became of it.

Owns the course of the demo. It is a client like any other: it talks to `rtadapt up` over HTTP only, and starts that
again should it die.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtadapt.config import Settings
from rtadapt.demo.client import Answer, Client
from rtadapt.demo.morning import Item, Morning, read_morning
from rtadapt.demo.report import Counts, Fact, General, Outcome, Refrained, as_json, render
from rtadapt.demo.system import System
from rtadapt.errors import InvalidSettings

_START_SECONDS = 3600.0
"""More than any start takes that gets on: one that does not, `rtadapt up` gives up itself, and says why."""
_TOGETHER = 16
"""Questions asked at once where nothing is timed, so that each is answered well within its time."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answers to one event's questions by the first version that has learned it, each with its seconds since the push."""

    answers: tuple[Answer, ...]
    seconds: tuple[float, ...]


def run_demo(settings: Settings, *, events: int | None, pace_seconds: float, report: Path | None, keep: Path | None) -> int:
    """Run the demo in a fresh data folder, or in `keep`.

    Gives 0 only if most new facts were answered right afterwards, nothing was answered that must not be, and general
    questions are answered as before. Raises Unavailable when the system stops answering,
    InvalidSettings for a report that has no place.
    """
    morning = read_morning(events)
    if report is not None and not report.absolute().parent.is_dir():  # said now, and not when all is done
        raise InvalidSettings(f"--report: the folder {report.absolute().parent} is not there", field="report")
    with tempfile.TemporaryDirectory(prefix="rtadapt-demo-") as scratch, System(settings, keep or Path(scratch)) as system:
        outcome = asyncio.run(_tell(system, morning, pace_seconds))
    print(f"\n{render(outcome)}")
    if report is not None:
        report.write_text(json.dumps(as_json(outcome), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if outcome.failures else 0


async def _tell(system: System, morning: Morning, pace_seconds: float) -> Outcome:
    """The morning, as long as the system is there. Raises Unavailable when it can't be."""
    telling = asyncio.create_task(_course(system, morning, pace_seconds))
    keeper = asyncio.create_task(system.stay_up())
    try:
        await asyncio.wait((telling, keeper), return_when=asyncio.FIRST_COMPLETED)
        return telling.result() if telling.done() else keeper.result()
    finally:
        for task in (telling, keeper):
            task.cancel()
        await asyncio.gather(telling, keeper, return_exceptions=True)


async def _course(system: System, morning: Morning, pace_seconds: float) -> Outcome:
    client = Client(system.url)
    try:
        await client.text("/readyz", patience_seconds=_START_SECONDS)
        await client.text(f"{system.worker_url}/readyz", patience_seconds=_START_SECONDS)
        for feed in morning.feeds:
            await client.make_feed(feed)
        asked = [(item.feed, question) for item in morning.items for question in item.questions]
        general = [(feed, question) for feed in morning.feeds for question in morning.general]
        before = await _ask_all(client, "before the first push", [(feed, question.ask) for feed, question in asked + general])
        told = await _push_all(client, morning.items, pace_seconds)
        after = [pair for one in told for pair in zip(one.answers, one.seconds, strict=True)]
        end = await _ask_all(
            client,
            "at the end",
            [(row.feed, row.ask) for row in morning.must_not] + [(feed, question.ask) for feed, question in asked + general],
        )
        refrained, end = end[: len(morning.must_not)], end[len(morning.must_not) :]
        return Outcome(
            facts=tuple(
                Fact(feed, question, first, then, last, seconds)
                for (feed, question), first, (then, seconds), last in zip(
                    asked, before[: len(asked)], after, end[: len(asked)], strict=True
                )
            ),
            must_not=tuple(Refrained(row, answer) for row, answer in zip(morning.must_not, refrained, strict=True)),
            general=tuple(
                General(feed, question, first, last)
                for (feed, question), first, last in zip(general, before[len(asked) :], end[len(asked) :], strict=True)
            ),
            counts=await _counts(system, client, morning),
        )
    finally:
        await client.close()


async def _ask_all(client: Client, when: str, asked: Sequence[tuple[str, str]]) -> list[Answer]:
    print(f"\ndemo: asking {len(asked)} questions {when}", flush=True)
    gate = asyncio.Semaphore(_TOGETHER)

    async def ask_one(feed: str, ask: str) -> Answer:
        async with gate:
            return await client.ask(feed, ask)

    return list(await asyncio.gather(*(ask_one(feed, ask) for feed, ask in asked)))


async def _push_all(client: Client, items: Sequence[Item], pace_seconds: float) -> list[Told]:
    """Push the events, one every `pace_seconds`, and ask about each as soon as it is learned, while others are pushed."""
    asking: list[asyncio.Task[Told]] = []
    print(f"\ndemo: pushing {len(items)} events, one every {pace_seconds:g} s", flush=True)
    for number, item in enumerate(items, start=1):
        began = time.monotonic()
        token = await client.push(item.body)
        asking.append(asyncio.create_task(_ask_about(client, item, token, began, f"{number:3d}/{len(items)}")))
        await asyncio.sleep(max(0.0, pace_seconds - (time.monotonic() - began)))
    return await asyncio.gather(*asking)


async def _ask_about(client: Client, item: Item, token: str, pushed: float, place: str) -> Told:
    async def ask(question: str) -> tuple[Answer, float]:
        answer = await client.ask(item.feed, question, after=token)
        return answer, time.monotonic() - pushed

    answers, seconds = zip(*await asyncio.gather(*(ask(question.ask) for question in item.questions)), strict=True)
    right = sum(question.answered_by(answer.text) for question, answer in zip(item.questions, answers, strict=True))
    said = f"{item.questions[0].ask}  →  {' '.join(answers[0].text.split())[:70]}"
    print(f"  {place}  {answers[0].version:<12} {max(seconds):5.1f} s  {right} of {len(answers)} right  {said}", flush=True)
    return Told(answers, seconds)


async def _counts(system: System, client: Client, morning: Morning) -> Counts:
    metrics = await client.text(f"{system.worker_url}/metrics")
    served = await client.text("/metrics")
    asked, agreeing = (_counted(served, "rtadapt_served_answers_total", label) for label in ("", 'outcome="as judged"'))
    feeds = [await client.get(f"/v1/feeds/{feed}") for feed in morning.feeds]
    return Counts(
        events=len(morning.items),
        updates_accepted=sum(feed["head"]["version"] for feed in feeds),
        updates_rejected=_counted(metrics, "rtadapt_updates_total", 'verdict="rejected"'),
        events_refused=_counted(metrics, "rtadapt_events_refused_total", ""),
        probes_served=asked,
        probes_served_as_judged=agreeing,
    )


def _counted(metrics: str, name: str, label: str) -> int:
    lines = re.findall(rf"^{name}\{{([^}}]*)\}} (\S+)$", metrics, re.MULTILINE)
    return round(sum(float(value) for labels, value in lines if label in labels))
