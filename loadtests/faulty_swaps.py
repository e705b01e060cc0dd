"""Swaps under load while parts stand still, die, are emptied or go back: is anything wrong answered, does a route stand still?

    python -m loadtests.faulty_swaps
    python -m loadtests.faulty_swaps --model tiny --rounds 3 --lasts 10

Starts a registry and replicas of its own; by default with a small app in the engines' place, since what is asked is what
replicas do and not what engines say. Versions are published all the time, and one fault after another is put in (faults.py).
Exits with status 1 when a text differs from what the version that it names says, a caller went back a version though nothing was
an excuse for it, a request failed at a replica that was there, a route stood still on a healthy replica for more than `--still`
seconds, or a replica did not say within as long that it does not follow a registry which has lost something. A store that is
slow or full, and whatever becomes of who publishes, is no excuse for anything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence

import httpx

from loadtests.faults import Faults
from loadtests.many_swaps import PROMPTS, Answer, ask
from loadtests.replicas import SMALL, started
from loadtests.troubles import EVERYWHERE, FEED, Asked, Run

_ANSWER_SECONDS = 60.0
_BEFORE = "from loadtests.slow_store import install; install()"


async def call(faults: Faults, client: httpx.AsyncClient, number: int) -> None:
    """One caller: every second one stays with a replica, the others ask the next one each time."""
    urls = [replica.url for replica in faults.system.replicas]
    turn = number
    while not faults.run.over:
        turn += number % 2
        prompt = PROMPTS[len(faults.run.asked) % len(PROMPTS)]
        one = Asked(number, urls[(number // 2 + turn) % len(urls)], time.monotonic())
        try:
            one.answer = await ask(client, one.url, FEED, prompt, faults.options.tokens)
        except (httpx.HTTPError, ValueError) as error:
            one.problem = str(error) or type(error).__name__
            await asyncio.sleep(0.2)
        one.ended = time.monotonic()
        faults.run.asked.append(one)


async def learn_by_heart(faults: Faults, client: httpx.AsyncClient) -> None:
    """Publish each adapter once, and note what it says; and what the base model does."""
    system, run = faults.system, faults.run
    for name in [f"{FEED}@0", *("" for _ in system.adapters)]:
        if not name:
            name = await asyncio.to_thread(faults.publish)
            await asyncio.to_thread(system.settle, name)
        index = run.adapter_of(next(iter(run.lives), ""), int(name.partition("@")[2]), len(system.adapters))
        for prompt in PROMPTS:
            answer = await ask(client, system.replicas[0].url, name, prompt, faults.options.tokens)
            run.said[index, prompt] = answer.text


async def drive(faults: Faults) -> None:
    """All of it."""
    async with httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False) as client:
        await learn_by_heart(faults, client)
        publishing = asyncio.create_task(asyncio.to_thread(faults.keep_publishing))
        callers = [asyncio.create_task(call(faults, client, number)) for number in range(faults.options.streams)]
        try:
            await asyncio.to_thread(faults.put_in)
        finally:
            faults.run.over = True
            await asyncio.gather(publishing, *callers)


def number_of(answer: Answer) -> int:
    """Of the version that it names."""
    return int(answer.version.partition("@")[2])


def stood_still(run: Run, one: Asked) -> float:
    """For how long the alias had stood still that `one` asked: since the first newer version, or since nothing was wrong here."""
    assert one.answer is not None
    life, number = run.lives.get(one.answer.incarnation, -1), number_of(one.answer)
    newer = [commit.moment for commit in run.commits if commit.life == life and commit.number > number]
    excused = [trouble for trouble in run.troubles if trouble.excuse != "nothing" and trouble.url in (one.url, EVERYWHERE)]
    ends = [trouble.ended for trouble in excused if trouble.began < one.began]
    return one.began - max(min(newer, default=one.began), *ends, 0.0)


def gone_back(run: Run, options: argparse.Namespace) -> Iterator[str]:
    """Callers who went back a version though nothing was an excuse for it where they asked, nor had been a while ago."""
    newest: dict[tuple[int, str], int] = {}
    for one in sorted((one for one in run.asked if one.answer is not None), key=lambda one: one.began):
        assert one.answer is not None
        if any(trouble.excuses_going_back(one, options.still) for trouble in run.troubles):
            continue
        key, number = (one.caller, one.answer.incarnation), number_of(one.answer)
        if number < newest.get(key, 0):
            yield f"caller {one.caller} went back from version {newest[key]} to {number}"
        newest[key] = number


def judge(faults: Faults) -> dict[str, object]:
    """The report. `problems` is empty when everything held."""
    run, options, many = faults.run, faults.options, len(faults.system.adapters)
    answers = [one for one in run.asked if one.answer is not None]
    different = failed = 0
    still: dict[str, float] = {"nothing wrong": 0.0} | {trouble.kind: 0.0 for trouble in run.troubles}
    for one in answers:
        assert one.answer is not None
        index = run.adapter_of(one.answer.incarnation, number_of(one.answer), many)
        different += run.said.get((index, one.answer.prompt)) != one.answer.text
        if not any(trouble.excuses_standing_still(one) for trouble in run.troubles):
            around = [trouble.kind for trouble in run.troubles if trouble.began <= one.began <= trouble.ended + options.rest]
            kind = around[-1] if around else "nothing wrong"
            still[kind] = max(still[kind], stood_still(run, one))
    for one in run.asked:
        failed += one.answer is None and not any(trouble.excuses_failing(one) for trouble in run.troubles)
    problems = [*run.problems, *gone_back(run, options)]
    if different:
        problems.append(f"{different} answers differ from what the version they name says")
    if failed:
        told = sorted({one.problem for one in run.asked if one.answer is None})
        problems.append(f"{failed} requests failed at replicas that were there: {told[:5]}")
    problems += [f"{kind}: a route stood still for {seconds:.1f} s" for kind, seconds in still.items() if seconds > options.still]
    return {
        "faults": len(run.troubles),
        "publications": len(run.commits),
        "answers": len(answers),
        "failed, at replicas that were not there": sum(one.answer is None for one in run.asked) - failed,
        "failed": failed,
        "different": different,
        "route stood still, most seconds": {kind: round(seconds, 1) for kind, seconds in still.items()},
        "problems": [*dict.fromkeys(problems)][:20],
    }


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=SMALL, help="`small` is no model, `tiny` a random one in a real engine")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--adapters", type=int, default=4)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two publications")
    parser.add_argument("--rounds", type=int, default=1, help="how often each fault is put in")
    parser.add_argument("--lasts", type=float, default=6.0, help="seconds of a fault")
    parser.add_argument("--rest", type=float, default=6.0, help="seconds between two")
    parser.add_argument("--still", type=float, default=3.0, help="seconds for which a route may stand still on a healthy replica")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> dict[str, object]:
    """The whole scenario; gives the report."""
    with started(options.model, options.replicas, options.adapters, before=_BEFORE) as system:
        with contextlib.closing(Faults(system, options)) as faults:
            asyncio.run(drive(faults))
        return judge(faults)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Gives the exit status."""
    report = run(parse(arguments))
    for name, value in report.items():
        print(f"{name:<40}  {value}")
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
