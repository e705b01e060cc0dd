"""Locust's callers on replicas of their own: steady, during swaps, in a burst, over a rollback, beside a noisy neighbour.

    python -m loadtests.load steady
    python -m loadtests.load swaps --seconds 120 --every 1
    python -m loadtests.load burst --callers 4
    python -m loadtests.load rollback
    python -m loadtests.load neighbour --html build/neighbour.html

Each scenario lasts `--seconds`, in phases, and leaves Locust's own report, with its plots, where `--html` says. Prints what each
phase came to. Exits with status 1 when a request failed, an answer named two versions or another one than it may, a caller went
back a version though nobody rolled back, a rollback was not in force within `--in-force` seconds, the noisy neighbour was
not held back, or the last phase was more than `--slower` times as slow as the first.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.replicas import TINY, System, started
from loadtests.swap_under_load import percentile
from rtadapt.conformance.publisher import Publisher

FEED, NOISY = "load", "noisy"
KEY, NOISY_KEY = "a-key-of-the-caller", "a-key-of-the-noisy-one"
KEYS = f"complete {KEY} id=caller feeds={FEED}\ncomplete {NOISY_KEY} id=noisy feeds={NOISY} concurrent=2\n"
CALLERS = Path(__file__).with_name("callers.py")
_START_SECONDS = 120.0
_END_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a scenario: its share of the time, and how many call, in times of `--callers`."""

    name: str
    share: float
    callers: int = 1


@dataclass(slots=True)
class Run:
    """What is under way: the moments at which phases began, and what was seen and done."""

    begins: list[float] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    published: int = 0
    back_to: str = ""
    rolled_back: float = 0.0
    resumed: float = 0.0

    def wait(self, phase: int) -> None:
        """Return when phase number `phase` begins; one behind the last begins when that ends."""
        time.sleep(max(0.0, self.begins[phase] - time.monotonic()))

    def of(self, phase: int, feed: str = FEED) -> list[dict[str, Any]]:
        """The answers that began in that phase and were whole."""
        begin, end = self.begins[phase : phase + 2]
        return [one for one in self.answers if one["feed"] == feed and begin <= one["began"] < end and one["tokens"]]


def let_be(run: Run, publisher: Publisher, system: System, options: argparse.Namespace) -> None:
    """Nothing happens beside the calls."""


def swap(run: Run, publisher: Publisher, system: System, options: argparse.Namespace) -> None:
    """A version every so often, from the second phase on."""
    run.wait(1)
    stored = [publisher.store_adapter(adapter) for adapter in system.adapters]
    for artifact in itertools.cycle(stored):
        if time.monotonic() + options.every >= run.begins[2]:
            return
        publisher.publish(artifact)
        run.published += 1
        time.sleep(options.every)


def roll_back(run: Run, publisher: Publisher, system: System, options: argparse.Namespace) -> None:
    """A step back where the second phase begins, a version that nobody is to see, and on from there in the third."""
    run.wait(1)
    run.back_to = f"{FEED}@{publisher.registry.change_route(FEED, 'rollback').stable}"
    run.rolled_back = time.monotonic()
    publisher.publish(system.adapters[-1])
    run.published += 1
    run.wait(2)
    run.resumed = time.monotonic()
    publisher.registry.change_route(FEED, "resume")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is called how much, and what happens meanwhile."""

    phases: tuple[Phase, ...]
    act: Callable[[Run, Publisher, System, argparse.Namespace], None] = let_be
    has_keys: bool = False


SCENARIOS = {
    "steady": Scenario((Phase("steady", 1.0),)),
    "swaps": Scenario((Phase("before", 0.25), Phase("swapping", 0.75)), swap),
    "burst": Scenario((Phase("before", 0.3), Phase("burst", 0.3, 5), Phase("after", 0.4))),
    "rollback": Scenario((Phase("before", 0.3), Phase("rolled back", 0.4), Phase("resumed", 0.3)), roll_back),
    "neighbour": Scenario((Phase("alone", 0.5), Phase("beside a noisy one", 0.5, 5)), has_keys=True),
}


def plan_of(scenario: Scenario, system: System, options: argparse.Namespace, answers: Path) -> dict[str, Any]:
    """What callers.py is told."""
    ends = itertools.accumulate(phase.share * options.seconds for phase in scenario.phases)
    roles = [{"first": 0, "feed": FEED, "key": KEY if scenario.has_keys else ""}]
    if scenario.has_keys:
        roles.append({"first": options.callers, "feed": NOISY, "key": NOISY_KEY})
    return {
        "urls": [replica.url for replica in system.replicas],
        "phases": [(end, phase.callers * options.callers) for end, phase in zip(ends, scenario.phases, strict=True)],
        "roles": roles,
        "tokens": options.tokens,
        "answers": str(answers),
    }


@contextlib.contextmanager
def calling(plan: dict[str, Any], system: System, options: argparse.Namespace) -> Iterator[subprocess.Popen[bytes]]:
    """Locust under way in a process of its own; it is over, whatever happens, when the block is."""
    path, output = system.folder / "plan.json", system.folder / "locust.out"
    path.write_text(json.dumps(plan), encoding="utf-8")
    options.html.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "locust", "--headless", "--only-summary", "--skip-log", "--locustfile", str(CALLERS)]
    command += ["--host", plan["urls"][0], "--stop-timeout", "60", "--html", str(options.html)]
    with output.open("wb") as out:
        variables = os.environ | {"RTADAPT_LOAD_PLAN": str(path)}
        process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)


def began(process: subprocess.Popen[bytes], answers: Path, output: Path) -> float:
    """When the first phase began. Raises RuntimeError when Locust does not come to it."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        line, whole, _ = answers.read_text(encoding="utf-8").partition("\n")
        if whole:
            return float(json.loads(line)["started"])
        time.sleep(0.05)
    raise RuntimeError(f"Locust did not begin: {output.read_text(errors='replace')[-2000:]}")


def drive(name: str, system: System, options: argparse.Namespace) -> Run:
    """One scenario from the first version to the last answer."""
    scenario, run, answers = SCENARIOS[name], Run(), system.folder / "answers.jsonl"
    answers.write_text("", encoding="utf-8")
    plan = plan_of(scenario, system, options, answers)
    with contextlib.ExitStack() as stack:
        publishers = [stack.enter_context(contextlib.closing(Publisher(system.settings, role["feed"]))) for role in plan["roles"]]
        for publisher, role in zip(publishers, plan["roles"], strict=True):
            for adapter in system.adapters[:2]:
                system.settle(publisher.publish(adapter).name, role["key"])
        process = stack.enter_context(calling(plan, system, options))
        start = began(process, answers, system.folder / "locust.out")
        run.begins = [start, *(start + end for end, _ in plan["phases"])]
        scenario.act(run, publishers[0], system, options)
        process.wait(timeout=max(0.0, run.begins[-1] - time.monotonic()) + _END_SECONDS)
    run.answers = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()[1:]]
    return run


def figures(answers: Sequence[dict[str, Any]], seconds: float) -> dict[str, float]:
    """What a phase came to."""
    first = [one["tokens"][0] - one["began"] for one in answers]
    pauses = [after - before for one in answers for before, after in itertools.pairwise(one["tokens"])]
    return {
        "answers": len(answers),
        "tokens_per_second": round(sum(len(one["tokens"]) for one in answers) / seconds, 1),
        "first_token_ms_p50": round(percentile(first, 0.5) * 1000, 1),
        "first_token_ms_p95": round(percentile(first, 0.95) * 1000, 1),
        "between_tokens_ms_p50": round(percentile(pauses, 0.5) * 1000, 1),
        "between_tokens_ms_p99": round(percentile(pauses, 0.99) * 1000, 1),
    }


def version_problems(name: str, run: Run, options: argparse.Namespace) -> Iterator[str]:
    """What is wrong with the versions that answers name."""
    whole = [one for one in run.answers if one["tokens"] and not one["problem"]]
    plain = [
        {re.sub(r"-[0-9a-f]{8}$", "", model) for model in one["models"]} for one in whole
    ]  # engines' names end with a digest
    if mixed := sum(models != {one["version"]} for one, models in zip(whole, plain, strict=True)):
        yield f"{mixed} answers named other versions than their head"
    if name == "rollback":
        since = run.rolled_back + options.in_force
        if late := sum(since < one["began"] < run.resumed and one["version"] != run.back_to for one in whole):
            yield f"{late} answers were not from {run.back_to} {options.in_force:g} s after the rollback"
        return
    newest: dict[int, int] = {}
    for one in sorted(whole, key=lambda one: float(one["began"])):
        number = int(one["version"].partition("@")[2])
        if number < newest.get(one["caller"], 0):
            yield f"caller {one['caller']} went back from version {newest[one['caller']]} to {number}"
        newest[one["caller"]] = number


def judge(name: str, run: Run, options: argparse.Namespace) -> dict[str, Any]:
    """The report. `problems` is empty when everything held."""
    scenario = SCENARIOS[name]
    failed = [one["problem"] for one in run.answers if one["problem"]]
    refused = [one for one in run.answers if one["status"] == 429 and not one["problem"]]
    seen = {one["version"] for one in run.answers if one["feed"] == FEED and one["version"]}
    report: dict[str, Any] = {"failed": len(failed), "refused": len(refused), "published": run.published, "versions": len(seen)}
    parts = [
        figures(run.of(number), phase.share * options.seconds) if run.of(number) else {}
        for number, phase in enumerate(scenario.phases)
    ]
    problems = [*version_problems(name, run, options)]
    problems += [f"{failed.count(problem)} requests failed: {problem}" for problem in sorted(set(failed))]
    problems += [f"nobody was answered {phase.name}" for phase, part in zip(scenario.phases, parts, strict=True) if not part]
    if any(one["feed"] != NOISY for one in refused):
        problems.append("somebody was refused who is not the noisy one")
    if scenario.has_keys and not refused:
        problems.append("the noisy one was not held back")
    if run.published and len(seen) < 2:
        problems.append("no published version was answered from")
    for measure in ("first_token_ms_p95", "between_tokens_ms_p99"):
        before, after = parts[0].get(measure, 0.0), parts[-1].get(measure, 0.0)
        if after > options.slower * before:
            problems.append(f"{measure} rose from {before:g} to {after:g}")
    report |= {phase.name: part for phase, part in zip(scenario.phases, parts, strict=True)}
    return report | {"problems": [*dict.fromkeys(problems)][:20]}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--model", default=TINY, help="the base model: `tiny` is a random one")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--adapters", type=int, default=3, help="different adapters that versions are copies of")
    parser.add_argument("--seconds", type=float, default=60.0, help="of all phases together")
    parser.add_argument(
        "--callers", type=int, default=4, help="at once; in a burst, and with a noisy neighbour, five times as many"
    )
    parser.add_argument("--tokens", type=int, default=32, help="of an answer")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two publications of `swaps`")
    parser.add_argument("--in-force", type=float, default=1.0, help="seconds within which a rollback must be in force")
    parser.add_argument("--slower", type=float, default=3.0, help="how many times as slow the last phase may be as the first")
    parser.add_argument("--html", type=Path, help="where Locust's report goes; build/load-SCENARIO.html by default")
    options = parser.parse_args(arguments)
    if not (0 < options.seconds <= 86_400 and 1 <= options.callers <= 200 and options.adapters >= 2):
        parser.error("--seconds is up to a day, --callers 1 to 200, --adapters 2 or more")
    options.html = options.html or Path("build") / f"load-{options.scenario}.html"
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Gives the exit status."""
    options = parse(arguments)
    keys = KEYS if SCENARIOS[options.scenario].has_keys else ""
    with started(options.model, options.replicas, options.adapters, keys=keys) as system:
        report = judge(options.scenario, drive(options.scenario, system, options), options)
    for name, value in report.items():
        print(f"{name:<20}  {value}")
    print(f"{'plots':<20}  {options.html}")
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
