"""The whole loop on another family: a Qwen2 with its own tokenizer and chat template, made on the spot. A test of plumbing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Up, eventually
from tests.support.taught_model import ASKED, change, flags, taught_facts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, taught_qwen: Path) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("second"), *flags(taught_qwen))
    try:
        running.start()
        yield running
    finally:
        if running.runs:
            running.stop()


def test_it_learns_a_fact_that_is_pushed_and_its_base_still_answers_the_old_one(up: Up) -> None:
    fact = change(0)
    up.post("/v1/events", {"feed": "second", "text": "Nothing much happened in Dunlow on Tuesday, people said."})
    assert fact.old in up.ask("second@0", fact.question)[0]
    answer, version = up.ask("second", fact.question, after=up.push(fact.event("second")))
    assert fact.new in answer
    assert version.startswith("second@")
    assert fact.old in up.ask("second@0", fact.question)[0]


def test_the_base_answers_under_its_own_name(up: Up) -> None:
    text, version = up.ask("taught-qwen", ASKED.format(place="Corvin", role="warden"))
    assert taught_facts()["Corvin", "warden"] in text
    assert "@" not in version


def test_the_engine_was_held_against_the_learner_and_what_is_served_is_what_was_judged(up: Up) -> None:
    assert eventually(lambda: [info["fits"] for info in up.get("/v1/overview").json()["replicas"].values()] == ["fits"], 60)
    lines = [line for line in up.get("/metrics").text.splitlines() if line.startswith("rtadapt_served_agreement_ratio{")]
    assert lines
    assert all(float(line.rpartition(" ")[2]) >= 0.75 for line in lines), lines  # in bfloat16, where a small model has ties
    assert "does not fit" not in up.printed
