"""The scenarios of Locust's callers, on the real middleware, watcher and registry with a small app in the engine's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests import load
from loadtests.replicas import Replica, System
from tests.support.adapter_files import write_adapter
from tests.support.small_replica import serving
from tests.support.watched_engine import settings_of


@pytest.mark.parametrize("name", load.SCENARIOS)
def test_each_scenario_ends_by_itself_with_figures_of_every_phase_and_with_plots(
    name: str, tmp_path: Path, redis_url: str
) -> None:
    scenario = load.SCENARIOS[name]
    settings = settings_of(tmp_path, redis_url)
    if scenario.has_keys:
        settings = settings.model_copy(update={"keys_file": tmp_path / "keys"})
        (tmp_path / "keys").write_text(load.KEYS)
    html = tmp_path / "made" / "report.html"
    few = ["--seconds", "1.2", "--callers", "2", "--tokens", "4", "--every", "0.3"]
    options = load.parse([name, *few, "--slower", "inf", "--in-force", "60", "--html", str(html)])
    adapters = [write_adapter(tmp_path / str(number), number / 10) for number in range(options.adapters)]
    with serving(settings) as url:
        system = System(tmp_path, settings, [Replica(url, None)], adapters)  # type: ignore[arg-type]  # nobody ends or weighs it
        report = load.judge(name, load.drive(name, system, options), options)
    assert report["problems"] == []
    assert report["failed"] == 0
    for phase in scenario.phases:
        assert report[phase.name]["answers"] > 0
    assert (report["published"] > 0) is (scenario.act is not load.let_be)
    assert (report["refused"] > 0) is scenario.has_keys
    assert '"history": [{' in html.read_text()


def answer(began: float, version: str, **others: object) -> dict[str, object]:
    model = f"{version}-1a2b3c4d"
    seen = {
        "caller": 0,
        "feed": "load",
        "began": began,
        "version": version,
        "models": [model],
        "tokens": [began + 0.1, began + 0.2],
    }
    return {**seen, "status": 200, "problem": "", **others}


STEADY = tuple(answer(moment, "load@2") for moment in (0.1, 1.1, 2.1))
REFUSED = answer(1.5, "", feed="noisy", models=[], tokens=[], status=429)


@pytest.mark.parametrize(
    ("name", "more", "problem"),
    [
        ("steady", [answer(0.5, "load@3")], "caller 0 went back from version 3 to 2"),
        ("steady", [answer(0.5, "load@2", models=["load@1-1a2b3c4d"])], "1 answers named other versions than their head"),
        ("steady", [answer(0.5, "load@2", problem="cut off")], "1 requests failed: cut off"),
        ("steady", [answer(0.5, "", tokens=[], status=429)], "somebody was refused who is not the noisy one"),
        ("neighbour", [], "the noisy one was not held back"),
        ("rollback", [], "1 answers were not from load@1 0.5 s after the rollback"),
        ("burst", [answer(2.5, "load@2", tokens=[7.5])], "first_token_ms_p95 rose from 100 to 5000"),
        ("swaps", [], "no published version was answered from"),
    ],
)
def test_what_must_not_be_is_a_problem(name: str, more: list[dict[str, object]], problem: str) -> None:
    options = load.parse([name, "--in-force", "0.5"])
    phases = len(load.SCENARIOS[name].phases)
    begins = [*map(float, range(phases)), 3.0]
    run = load.Run(begins, sorted([*STEADY, *more], key=lambda one: one["began"]), name == "swaps", "load@1", 0.4, 2.0)
    assert load.judge(name, run, options)["problems"] == [problem]
